# SPDX-License-Identifier: MIT
"""AFL++, 4.04c to 5.02c: afl-fuzz around the target. A broken promise is a crash to it, and it goes on."""

import contextlib
import functools
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fuzz import machine
from fuzz.report import NO_ARENA, NO_ENGINE, NO_FINDINGS, NOT_FINE
from fuzz.worker import LEN_MAX, TIMEOUT, End, Worker

# What an afl-fuzz needs that nobody sits in front of.
UNATTENDED = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
              "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"}
# It aborts at options of LeakSanitizer without this, such as those of who may not trace.
if "LSAN_OPTIONS" in os.environ:
    UNATTENDED["LSAN_OPTIONS"] = os.environ["LSAN_OPTIONS"] + ":symbolize=0"
# What it says of a target that does the same with the same input.
STABLE = "100.00%"
# From this one on it has FrameShift, which looks for sizes and offsets in its inputs.
FRAMESHIFT = (4, 40)
SCHEDULES = ("explore", "rare", "exploit", "coe", "lin")


def read_stats(path):
    """A fuzzer_stats as a dict; empty where there is none yet."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            pairs = [line.split(":", 1) for line in file if ":" in line]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, value in pairs}


@functools.cache
def version():
    """(4, 4) of 4.04c; (0, 0) of one that does not say."""
    said = subprocess.run(["afl-fuzz", "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False).stdout
    found = re.search(r"afl-fuzz\+\+(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def mutator(path):
    """
    What loads our mutator. Beside one that knows sizes and offsets, FrameShift costs: see the
    configuration afl-frameshift of bench/bugs.py. Said to none that has not got it: AFL++ waits for two
    seconds where it does not know a variable.
    """
    return {"AFL_CUSTOM_MUTATOR_LIBRARY": path,
            **({"AFL_FRAMESHIFT_DISABLE": "1"} if version() >= FRAMESHIFT else {})}


def stability(own):
    """Of an instance, by its own word."""
    return read_stats(os.path.join(own, "fuzzer_stats")).get("stability", STABLE)


def publish(folder, queue):
    """Adds the files of @folder to a @queue that has not got them; each is whole."""
    known = {name.rsplit(":", 1)[-1] for name in os.listdir(queue)}
    for path in sorted(Path(folder).iterdir()):
        # libFuzzer, which may be running, drops an input for a smaller one.
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        digest = hashlib.sha256(data).hexdigest()[:16]
        if 0 < len(data) <= LEN_MAX and digest not in known:
            # Beside the queue, which AFL++ may be reading, under a name that nobody can have put there.
            handle, temporary = tempfile.mkstemp("", "new.", os.path.dirname(queue))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, os.path.join(queue, f"id:{len(known):06},orig:{digest}"))
            known.add(digest)


class Afl(Worker):
    name, title, program, package = "afl", "AFL++", "afl-fuzz", "afl++"
    roles = {"main": "afl", "asan": "afl-asan", "cmplog": "afl-cmplog", "plain": "afl"}
    more, theirs, sanitized = "plain", ("cmplog",), ("afl-asan",)
    # With 5.02c, whose empty target is the fastest, 0.15 to 0.50 was measured of buffers.
    speed = {"afl": 0.05, "afl-asan": 0.03}
    speed_fetch = {"afl": 0.05, "afl-asan": 0.02}
    # No trial took 20,000.
    canary_execs, empty_execs = (400_000, 100_000), 40_000
    # Two thirds of the least that was measured of 4.04c, 4.21c and 5.02c: 0.32 to 0.83, and 0.31 to 0.91; of
    # conversations 0.43 to 0.71.
    bench = {"afl": ("AFL++", 60_000, {"first four": 0.20, "first wave": 0.20}, 0.28)}
    bench_adds, fast, costly = True, "afl", True
    # What has a run by itself end at its finding, as the other engine does.
    UNTIL_FOUND = {"AFL_BENCH_UNTIL_CRASH": "1", "AFL_SKIP_CRASHES": "1"}

    # ---- a run by itself ----

    @staticmethod
    def alone(target, seeds, out, dictionary=None, execs=None, seconds=None, seed=None, more=()):
        # An instance runs the CmpLog build alone: 4.04c's -c with a second program finds nothing.
        options = {"-x": dictionary, "-E": execs, "-V": seconds, "-s": seed,
                   "-c": 0 if "afl-cmplog/" in target else None}
        return ["afl-fuzz", "-i", seeds, "-o", out, "-G", str(LEN_MAX), "-t", str(TIMEOUT * 1000), *more,
                *(word for option, value in options.items() if value is not None for word in (option, str(value))),
                "--", target]

    @staticmethod
    def alone_environment(path=None):
        """Of a run with the mutator in @path, or with AFL++'s own."""
        return {**UNATTENDED, **(mutator(path) if path else {})}

    @staticmethod
    def flags(_mutator):
        return []

    @staticmethod
    def on_files(target, folder):
        return [target, folder]

    @staticmethod
    def as_fuzzed(target, folder, out):
        """One process for many inputs, from shared memory. Newer ones say so with AFL_DEBUG alone."""
        return (["env", "AFL_DEBUG=1", "afl-showmap", "-C", "-i", folder, "-o", out, "--", target],
                ("Persistent mode", "SHARED MEMORY"))

    @classmethod
    def lacks(cls, mutator):
        return "this AFL++ has no FrameShift" if mutator == "frameshift" and version() < FRAMESHIFT else None

    @staticmethod
    def feed(build):
        """What has it take inputs from CAPCHAIN_BENCH, and nothing of its own."""
        return {**UNATTENDED, "AFL_CUSTOM_MUTATOR_ONLY": "1", "AFL_DISABLE_TRIM": "1",
                "AFL_CUSTOM_MUTATOR_LIBRARY": f"{build}/afl/bench_feed.so"}

    @staticmethod
    def execs_of(out, _said):
        return int(read_stats(os.path.join(out, "default", "fuzzer_stats")).get("execs_done", 0))

    @staticmethod
    def found_at(out, _said):
        """The count is in the name of what it saved."""
        return min((int(count) for path in glob.glob(os.path.join(glob.escape(out), "default", "crashes", "*"))
                    for count in re.findall(r"execs:(\d+)", os.path.basename(path))), default=None)

    @staticmethod
    def trouble(out, _said):
        stats = read_stats(os.path.join(out, "default", "fuzzer_stats"))
        # One that did not come to its first input has none.
        stability = stats.get("stability", "not told")
        return [f"{key} {stats[key]}" for key in ("saved_crashes", "saved_hangs") if int(stats.get(key, 0))] + (
            [] if stability == STABLE else [f"stability {stability}"])

    @classmethod
    def loaded(cls, setup, kind):
        return (setup.mutator(kind),)

    @classmethod
    def beside(cls, kind):
        return [f"afl/mutator_{kind}.so"]

    @classmethod
    def queues(cls, work, kind):
        # What has never run are seeds, and what the others found.
        return [path for path in glob.glob(os.path.join(work, "afl", kind, "*", "queue"))
                if os.path.basename(os.path.dirname(path)) != "seeds"]

    @classmethod
    def stops(cls, work, kind):
        return [(what, path) for folder, what in (("crashes", "crash"), ("hangs", "timeout"))
                for path in glob.glob(os.path.join(work, "afl", kind, "*", folder, "id:*"))]

    @classmethod
    def recover(cls, work):
        """
        AFL++ does not go on with an instance that was killed while it wrote. What such a night left
        becomes an instance that never runs, which the others import.
        """
        for path in sorted(glob.glob(os.path.join(work, "afl", "*", "*"))):
            name = os.path.basename(path)
            if not os.path.isdir(path) or name == "seeds" or name.startswith("killed-"):
                continue
            number = 1
            while os.path.exists(apart := os.path.join(os.path.dirname(path), f"killed-{number}-{name}")):
                number += 1
            os.rename(path, apart)

    @classmethod
    def drop(cls, work, kind):
        for path in glob.glob(os.path.join(work, "afl", f"{kind}*")):
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)

    # ---- a process ----

    def __init__(self, setup, kind, number, seconds, role=None):
        super().__init__(setup, kind, number, seconds, role)
        self.out = setup.own_folder(kind)
        self.own = os.path.join(self.out, role or f"w{number}")
        self.execs_before = int(read_stats(os.path.join(self.own, "fuzzer_stats")).get("execs_done", 0))

    def environment(self):
        return {**UNATTENDED, **self.setup.environment(), "AFL_AUTORESUME": "1",
                "AFL_IMPORT_FIRST": "1", "AFL_DEBUG_CHILD": "1",
                **(mutator(self.setup.mutator(self.kind)) if self.ours else {})}

    def part(self):
        """What it is among the instances of its kind; the main one of a night looks at libFuzzer's corpus."""
        name = os.path.basename(self.own)
        if self.role is None:
            return ["-M" if self.number == 1 else "-S", name]
        if self.role == "main":
            return ["-M", name, "-F", self.setup.found(self.kind)]
        return ["-S", name, *(["-p", SCHEDULES[int(name.split("-")[1]) % len(SCHEDULES)]]
                              if name.startswith("plain") else [])]

    def command(self):
        command = self.alone(self.setup.target(self.kind), self.setup.seeds(self.kind), self.out,
                             self.setup.dictionary(), seconds=self.seconds, more=self.part())
        return [*command[:-1], *self.prefix, command[-1]]

    def start(self):
        self.publish_seeds()
        super().start()

    def publish_seeds(self):
        """
        A resumed afl-fuzz does not look at -i again, so every seed is also an entry of the queue of an
        instance that never runs, which the others import; so is in a night what others found.
        """
        queue = os.path.join(self.out, "seeds", "queue")
        os.makedirs(queue, exist_ok=True)
        shared = () if self.role is None else (self.setup.merged(self.kind), self.setup.found(self.kind))
        for folder in filter(None, (self.setup.seeds(self.kind), *shared)):
            os.makedirs(folder, exist_ok=True)
            publish(folder, queue)

    def walks_per_exec(self):
        return 4

    def judges(self):
        """
        The fork server, afl-fuzz's child, maps the counts that its children add to. It is found
        while it lives, by its parent; a stale file of an earlier run has none.
        """
        pids = set(self.counts)
        for pid in set(self.counts_files().values()) - pids:
            with contextlib.suppress(OSError):
                parent = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rsplit(")", 1)[1].split()[1]
                pids |= {pid} if int(parent) == self.process.pid else set()
        return pids

    def watch(self):
        """AFL++ writes its numbers once a minute and at the end; its queue shows at any time."""
        super().watch()
        stats = read_stats(os.path.join(self.own, "fuzzer_stats"))
        self.execs = max(self.execs, int(stats.get("execs_done", 0)) - self.execs_before)
        self.edges = int(stats.get("edges_found", self.edges))
        self.edges_all = int(stats.get("total_edges", self.edges_all))
        self.corpus = len(glob.glob(os.path.join(self.own, "queue", "id:*")))

    def saved(self, folder):
        """The crashing or hanging inputs that this run saved."""
        return [path for path in sorted(glob.glob(os.path.join(self.own, folder, "id:*")))
                if os.stat(path).st_mtime >= self.began]

    def outcome(self):
        saved = self.saved("hangs") + ([] if self.broken else self.saved("crashes"))
        if saved:
            self.artifact = saved[0]
            return End("failed", NOT_FINE, f"{len(saved)} inputs crash or hang it without a bucket")
        if self.broken:
            return End("broken")
        if self.stopped or self.process.returncode == 0:
            return self.steady()
        return End("absent", NO_ENGINE, self.why()) if self.oracles else self.ask_target()

    def steady(self):
        """A night's instance learns less from a target that takes two ways with one input."""
        stable = stability(self.own)
        if self.role is None or stable == STABLE:
            return End("fine")
        return End("failed", NOT_FINE, f"{self.setup.target(self.kind)} is not stable as {self.role}: "
                                       f"AFL++ says {stable}")

    def ask_target(self):
        """afl-fuzz does not tell how its target ended, so the target is run on one seed alone."""
        seeds = self.setup.seeds(self.kind)
        alone = subprocess.run(
            [*self.prefix, self.setup.target(self.kind), seeds], stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment()}, capture_output=True, check=False)
        if alone.returncode == 0:
            return End("absent", NO_ENGINE, f"afl-fuzz cannot start: {self.why()}"
                       + machine.afl_needs())
        self.process.returncode = alone.returncode
        for line in alone.stderr.decode("utf-8", "replace").splitlines():
            self.hear(line)
        if self.broken:
            return End("broken")
        if alone.returncode in (NO_ARENA, NO_FINDINGS):
            return End("absent", alone.returncode, self.why())
        return self.cannot_start()


ENGINE = Afl
