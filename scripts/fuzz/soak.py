#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make soak: every kind in every engine for a stated time, and what must hold of it.

AFL++ in each build that a night has: plain, with ASan and UBSan, with CmpLog. No crash, no timeout,
AFL++ stability 100 %, and resident memory of the target whose peak in the second half of the run is at
most a tenth and 1 MiB above its peak in the first. One line a run. JOBS runs go side by side (six).

Exit status: 0; 1 where one of these does not hold; 2 where a file of the corpus cannot be used; 3 where
an engine is missing, or what /proc says of a process's memory.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen.names import KINDS  # noqa: E402
from fuzz import machine
from fuzz import seeds as fuzz_seeds
from fuzz.engines import BUILDS, ENGINES, of_build
from fuzz.report import NO_ENGINE, Refused
from fuzz.worker import tree

GROWTH = 1.10
# In KiB: AFL++'s targets are small, and which of their pages are in memory changes from child to child.
GROWTH_LEAST = 1024


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="of each run (600)")
    parser.add_argument("--jobs", type=int, default=6, help="runs side by side (6)")
    parser.add_argument("--build", default="build", help="where the targets are (build)")
    return parser.parse_args()


def command(folder, build, kind, seeds, out, **end):
    """That of one kind in one build; @end says when it ends."""
    return of_build(build).alone(f"{folder}/{build}/{fuzz_seeds.target_name(kind)}", seeds, out, "corpus/vfio.dict",
                                 **end)


def quarantine():
    """
    What is freed stays in AddressSanitizer's quarantine, 256 MiB by default: a target grows for its
    first million execs, however little it keeps. With 16 MiB it is as large after 100,000 as it will be.
    AFL++ has options of its own.
    """
    return {"ASAN_OPTIONS": ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"),
                                                   "quarantine_size_mb=16")))}


class Run:
    """One kind in one engine."""

    def __init__(self, options, build, kind, folder, seeds):
        self.name = f"{build} {kind}"
        self.engine = of_build(build)
        self.out = os.path.join(folder, f"{build}-{kind}")
        self.log = self.out + ".log"
        self.samples = []
        os.mkdir(self.out)
        words = command(options.build, build, kind, seeds, self.out, seconds=options.seconds)
        print(" ".join(words), flush=True)
        self.log_file = open(self.log, "wb")
        self.start = time.monotonic()
        environment = self.engine.alone_environment(None) if self.engine.program else quarantine()
        self.process = subprocess.Popen(words, env={**os.environ, **environment},
                                        stdout=self.log_file, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    def sample(self):
        """
        Adds the resident memory, in KiB, of the run's largest target at this moment. Not the sum:
        a leak check at exit shares all of it with a second process. Nor what afl-fuzz has: some 100 MiB
        of its own from CmpLog's first stage on, whenever that is.
        """
        largest = 0
        for pid in tree(self.process.pid)[bool(self.engine.program):]:
            try:
                with open(f"/proc/{pid}/status", encoding="ascii") as file:
                    largest = max([largest] + [int(line.split()[1]) for line in file
                                               if line.startswith("VmRSS")])
            except OSError:
                continue
        if largest:
            self.samples.append((time.monotonic() - self.start, largest))

    def done(self):
        return self.process.poll() is not None

    def problems(self):
        """What does not hold, as words; fills self.summary."""
        half = self.samples[-1][0] / 2 if self.samples else 0
        first = max((rss for at, rss in self.samples if at <= half), default=0)
        second = max((rss for at, rss in self.samples if at > half), default=0)
        found = []
        if self.process.returncode:
            found.append(f"ended with status {self.process.returncode}")
        said = Path(self.log).read_bytes().decode(errors="replace")
        trouble, execs = self.engine.trouble(self.out, said), self.engine.execs_of(self.out, said)
        found += trouble
        if not execs:
            found.append("ran no input")
        if not first or second > first * GROWTH + GROWTH_LEAST:
            found.append(f"peak memory {first} KiB, then {second} KiB")
        self.summary = (f"{execs} execs, {len(trouble)} stops or doubts, peak memory {first} KiB then "
                        f"{second} KiB")
        return found


def main():
    options = parse()
    for refused in filter(None, (engine.refusal() for engine in ENGINES.values())):
        raise refused
    hidden = machine.processes_hidden()
    if hidden:
        raise Refused(f"memory of processes cannot be read: {hidden}", NO_ENGINE)
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        seeds = fuzz_seeds.prepared(os.path.join(folder, "seeds"), KINDS, f"{options.build}/capchain")
        waiting = [(build, kind) for kind in KINDS for build in BUILDS]
        running = []
        while waiting or running:
            while waiting and len(running) < options.jobs:
                build, kind = waiting.pop(0)
                running.append(Run(options, build, kind, folder, seeds[kind]))
            time.sleep(1)
            for run in list(running):
                run.sample()
                if not run.done():
                    continue
                running.remove(run)
                problems = run.problems()
                fine &= not problems
                print(f"{'BAD' if problems else 'ok '} {run.name}: {run.summary}"
                      + (f": {'; '.join(problems)}" if problems else ""), flush=True)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        print(f"soak: {refused}", file=sys.stderr)
        sys.exit(refused.status)
