#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make soak: every kind in every engine for a stated time, and what must hold of it.

AFL++ in each build that a night has: plain, with ASan and UBSan, with CmpLog. No crash, no timeout,
AFL++ stability 100 %, and resident memory whose peak in the second half of the run is at most a tenth
above its peak in the first. One line a run. JOBS runs go side by side (six).

Exit status: 0; 1 where one of these does not hold; 2 where a file of the corpus cannot be used; 3 where
an engine is missing.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import types

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from gen.names import KINDS  # noqa: E402
from fuzz import seeds as fuzz_seeds
from fuzz.afl import STABLE, UNATTENDED, read_stats
from fuzz.report import NO_ENGINE, Refused

AFL = ("afl", "afl-asan", "afl-cmplog")
GROWTH = 1.10


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="of each run (600)")
    parser.add_argument("--jobs", type=int, default=6, help="runs side by side (6)")
    parser.add_argument("--build", default="build", help="where the targets are (build)")
    return parser.parse_args()


def afl_command(build, engine, kind, seeds, out, *end):
    """afl-fuzz on one kind, in a build of AFL; @end says when it ends."""
    return ["afl-fuzz", "-i", seeds, "-o", out, "-x", "corpus/vfio.dict", "-G", "4096", *end,
            *(["-c", "0"] if engine == "afl-cmplog" else []), "--",
            f"{build}/{engine}/{fuzz_seeds.target_name(kind)}"]


class Run:
    """One kind in one engine."""

    def __init__(self, options, engine, kind, folder, seeds):
        self.name = f"{engine} {kind}"
        self.engine, self.seconds = engine, options.seconds
        self.out = os.path.join(folder, f"{engine}-{kind}")
        self.log = self.out + ".log"
        self.samples = []
        os.mkdir(self.out)
        if engine in AFL:
            command = afl_command(options.build, engine, kind, seeds, self.out, "-V",
                                  str(options.seconds))
        else:
            command = [f"{options.build}/{engine}/{fuzz_seeds.target_name(kind)}",
                       f"-max_total_time={options.seconds}", "-max_len=4096",
                       "-dict=corpus/vfio.dict", "-entropic=0", "-timeout=10",
                       f"-artifact_prefix={self.out}/stop-", "-print_final_stats=1", self.out, seeds]
        print(" ".join(command), flush=True)
        self.log_file = open(self.log, "wb")
        self.start = time.monotonic()
        self.process = subprocess.Popen(command, env={**os.environ, **UNATTENDED},
                                        stdout=self.log_file, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    def sample(self):
        """
        Adds the resident memory, in KiB, of the run's largest process at this moment. Not the sum:
        a leak check at exit shares all of it with a second process.
        """
        largest = 0
        for pid in tree(self.process.pid):
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
        if self.engine in AFL:
            stats = read_stats(self.out + "/default/fuzzer_stats")
            execs = int(stats["execs_done"])
            for key in ("saved_crashes", "saved_hangs"):
                if int(stats[key]):
                    found.append(f"{key} {stats[key]}")
            if stats["stability"] != STABLE:
                found.append(f"stability {stats['stability']}")
            detail = f"stability {stats['stability']}"
        else:
            stops = [name for name in os.listdir(self.out) if name.startswith("stop-")]
            found += stops
            with open(self.log, "rb") as file:
                log = file.read().decode(errors="replace")
            execs = next((int(line.split()[-1]) for line in log.splitlines()
                          if line.startswith("stat::number_of_executed_units")), 0)
            detail = f"{len(stops)} stops"
        if not execs:
            found.append("ran no input")
        if not first or second > first * GROWTH:
            found.append(f"peak memory {first} KiB, then {second} KiB")
        self.summary = (f"{execs} execs, {detail}, peak memory {first // 1024} MiB then "
                        f"{second // 1024} MiB")
        return found


def tree(pid):
    """@pid and all below it."""
    pids = [pid]
    for above in pids:
        try:
            with open(f"/proc/{above}/task/{above}/children", encoding="ascii") as file:
                pids += map(int, file.read().split())
        except OSError:
            continue
    return pids


def main():
    options = parse()
    if not shutil.which("afl-fuzz"):
        print("soak: no afl-fuzz; install the Debian package afl++", file=sys.stderr)
        sys.exit(NO_ENGINE)
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        setup = types.SimpleNamespace(corpus="corpus", capchain=f"{options.build}/capchain",
                                      seeds=lambda kind: os.path.join(folder, "seeds", kind))
        for kind in KINDS:
            fuzz_seeds.prepare(setup, kind)
        waiting = [(engine, kind) for kind in KINDS for engine in ("libfuzzer", *AFL)]
        running = []
        while waiting or running:
            while waiting and len(running) < options.jobs:
                engine, kind = waiting.pop(0)
                running.append(Run(options, engine, kind, folder, setup.seeds(kind)))
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
