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
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen.names import KINDS  # noqa: E402
from fuzz import machine  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from fuzz.engines import BUILDS, ENGINES, of_build  # noqa: E402
from fuzz.report import NO_ENGINE, Refused  # noqa: E402
from fuzz.worker import tree  # noqa: E402

GROWTH = 1.10
# In KiB: AFL++'s targets are small, and which of their pages are in memory changes from child to child.
GROWTH_LEAST = 1024


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    return {"ASAN_OPTIONS": ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=16")))}


def resident(pid):
    """KiB in memory of a process; 0 of one that is gone."""
    try:
        return int(re.search(r"^VmRSS:\s*(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"), re.M)[1])
    except (OSError, TypeError):
        return 0


class Run:
    """One kind in one engine."""

    def __init__(self, options, build, kind, folder, seeds):
        self.name, self.engine = f"{build} {kind}", of_build(build)
        self.out = os.path.join(folder, f"{build}-{kind}")
        self.samples = []
        os.mkdir(self.out)
        words = command(options.build, build, kind, seeds, self.out, seconds=options.seconds)
        print(" ".join(words), flush=True)
        self.start = time.monotonic()
        environment = self.engine.alone_environment(None) if self.engine.program else quarantine()
        with open(self.out + ".log", "wb") as log:
            self.process = subprocess.Popen(words, env={**os.environ, **environment}, stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def sample(self):
        """
        Adds the resident memory, in KiB, of the run's largest target at this moment. Not the sum:
        a leak check at exit shares all of it with a second process. Nor what afl-fuzz has: some 100 MiB
        of its own from CmpLog's first stage on, whenever that is.
        """
        largest = max(map(resident, tree(self.process.pid)[bool(self.engine.program):]), default=0)
        if largest:
            self.samples.append((time.monotonic() - self.start, largest))

    def done(self):
        return self.process.poll() is not None

    def problems(self):
        """What does not hold, as words; fills self.summary."""
        half = self.samples[-1][0] / 2 if self.samples else 0
        first = max((rss for at, rss in self.samples if at <= half), default=0)
        second = max((rss for at, rss in self.samples if at > half), default=0)
        said = Path(self.out + ".log").read_text("utf-8", "replace")
        trouble, execs = self.engine.trouble(self.out, said), self.engine.execs_of(self.out, said)
        self.summary = f"{execs} execs, {len(trouble)} stops or doubts, peak memory {first} KiB then {second} KiB"
        status, grew = self.process.returncode, not first or second > first * GROWTH + GROWTH_LEAST
        return [*([f"ended with status {status}"] if status else []), *trouble, *([] if execs else ["ran no input"]),
                *([f"peak memory {first} KiB, then {second} KiB"] if grew else [])]


def main():
    options = parse()
    for refused in filter(None, (engine.refusal() for engine in ENGINES.values())):
        raise refused
    hidden = machine.processes_hidden()
    if hidden:
        raise Refused(f"memory of processes cannot be read: {hidden}", NO_ENGINE)
    fine, running = True, []
    with tempfile.TemporaryDirectory() as folder:
        seeds = fuzz_seeds.prepared(os.path.join(folder, "seeds"), KINDS, f"{options.build}/capchain")
        waiting = [(build, kind) for kind in KINDS for build in BUILDS]
        while waiting or running:
            while waiting and len(running) < options.jobs:
                build, kind = waiting.pop(0)
                running.append(Run(options, build, kind, folder, seeds[kind]))
            time.sleep(1)
            for run in running:
                run.sample()
            for run in filter(Run.done, running):
                problems = run.problems()
                fine &= not problems
                print(": ".join([f"{'BAD' if problems else 'ok '} {run.name}", run.summary,
                                 *(["; ".join(problems)] if problems else [])]), flush=True)
            running = [run for run in running if run.process.returncode is None]
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        print(f"soak: {refused}", file=sys.stderr)
        sys.exit(refused.status)
