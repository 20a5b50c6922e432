# SPDX-License-Identifier: MIT
"""libFuzzer: the target itself, with the engine in it. It stops at the first broken promise."""

import glob
import os
import re
import shutil

from fuzz.report import NO_ARENA, NO_FINDINGS, NOT_FINE
from fuzz.worker import LEN_MAX, TIMEOUT, End, Worker

PULSE = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) .* corp: (\d+)/")
# Entropic's bookkeeping costs a third of the execs of a target this small; see README.
FLAGS = ("-print_final_stats=1", "-entropic=0", f"-max_len={LEN_MAX}")


class LibFuzzer(Worker):
    name, title = "libfuzzer", "libFuzzer"
    ends_at_finding = leads = True
    roles, more, sanitized = {"libfuzzer": "libfuzzer"}, "libfuzzer", ("libfuzzer",)
    # Conversations: ten loops hold each, most of them two or three times; 0.022 and more was measured.
    speed, speed_fetch = {"libfuzzer": 0.05}, {"libfuzzer": 0.008}
    # No trial took 10,000, nor 1,000 from an empty corpus, where each exec takes ten times as long.
    canary_execs, empty_execs = (2_000_000, 200_000), 1_000_000
    # Nine tenths of the least that was measured of any kind; conversations have 0.048 and 0.044.
    bench = {"libfuzzer": ("libFuzzer, ASan+UBSan", 200_000, {"first four": 0.34, "first wave": 0.19}, 0.043),
             "libfuzzer-fast": ("libFuzzer, fast", 400_000, {"first four": 0.30, "first wave": 0.14}, 0.039)}

    fast, UNTIL_FOUND = "libfuzzer-fast", {}

    # ---- a run by itself ----

    @staticmethod
    def alone(target, seeds, out, dictionary=None, execs=None, seconds=None, seed=None, more=(), artifacts=None):
        options = {"dict": dictionary, "runs": execs, "max_total_time": seconds, "seed": seed, "timeout": TIMEOUT,
                   "artifact_prefix": artifacts or f"{out}.stop-"}
        return [target, out, seeds, *FLAGS, *more,
                *(f"-{name}={value}" for name, value in options.items() if value is not None)]

    @staticmethod
    def alone_environment(_mutator=None):
        return {}

    @staticmethod
    def flags(mutator):
        """Off where a target has a mutator of its own, used or not, so it is on as by default."""
        return [f"-len_control={100 if mutator == 'default' else 0}"]

    @staticmethod
    def on_files(target, folder):
        return [target, *sorted(glob.glob(os.path.join(glob.escape(folder), "*")))]

    @classmethod
    def as_fuzzed(cls, target, folder, _out):
        return cls.on_files(target, folder), ()

    @staticmethod
    def feed(_build):
        """It is the target that takes inputs from CAPCHAIN_BENCH."""
        return {}

    @staticmethod
    def execs_of(_out, said):
        found = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
        return int(found[1]) if found else 0

    found_at = execs_of

    @staticmethod
    def trouble(out, _said):
        return [os.path.basename(path) for path in glob.glob(glob.escape(out) + ".stop-*")]

    @classmethod
    def merge(cls, target, out, sources):
        """The command that merges corpora; others have theirs merged by it."""
        return [target, "-merge=1", "-max_len=65536", f"-timeout={TIMEOUT}", f"-artifact_prefix={out}.stop-", out,
                *sources]

    @classmethod
    def objects(cls, kind):
        return [f"fuzz/mutator/mutate_libfuzzer_{kind}.o"]

    @classmethod
    def queues(cls, work, kind):
        return [os.path.join(work, "corpus", kind)]

    @classmethod
    def drop(cls, work, kind):
        shutil.rmtree(os.path.join(work, "corpus", kind), ignore_errors=True)

    # ---- a process ----

    def environment(self):
        return {**self.setup.environment(),
                **({} if self.ours else {"CAPCHAIN_MUTATOR": "default"})}

    def command(self):
        setup, merged = self.setup, self.setup.merged(self.kind)
        # It ends in the second after its last one. Its control of lengths is off where a target has a mutator of
        # its own, used or not.
        more = [*([merged] if merged else []), *([] if self.ours else self.flags("default")), "-rss_limit_mb=2048"]
        return [*self.prefix, *self.alone(
            setup.target(self.kind), setup.seeds(self.kind), setup.found(self.kind), setup.dictionary(), more=more,
            seconds=max(self.seconds - 1, 1), artifacts=os.path.join(setup.findings, "artifacts", f"{self.kind}-"))]

    def start(self):
        os.makedirs(self.setup.found(self.kind), exist_ok=True)
        super().start()

    def judges(self):
        return [self.process.pid]

    def hear(self, line):
        super().hear(line)
        pulse = PULSE.match(line)
        if pulse:
            self.execs, self.edges, self.corpus = map(int, pulse.groups())
        elif line.startswith("stat::number_of_executed_units:"):
            self.execs = int(line.split()[-1])
        elif "Test unit written to " in line:
            self.artifact = line.rsplit(" ", 1)[-1]
        elif "PC tables (" in line:
            self.edges_all = int(re.search(r"tables \((\d+)", line)[1])

    def outcome(self):
        code = self.process.returncode
        if self.stopped or code == 0:
            return End("fine")
        if self.broken:
            return End("broken")
        if self.oracles:
            return End("failed", NOT_FINE, self.why())
        if code in (NO_ARENA, NO_FINDINGS):
            return End("absent", code, self.why())
        return self.cannot_start()


ENGINE = LibFuzzer
