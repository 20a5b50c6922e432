#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests fuzz.py with the built targets and with small scripts that pose as targets.

CAPCHAIN_BUILD is the folder with libfuzzer/fuzz_*_info and capchain (or clang/capchain); build by
default.
"""

import functools
import glob
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from fuzz import account  # noqa: E402
from fuzz import check_own  # noqa: E402
from fuzz import fuzz  # noqa: E402
from fuzz import machine as fuzz_machine  # noqa: E402
from fuzz import report as fuzz_report  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from fuzz import summary  # noqa: E402
from fuzz.engine_libfuzzer import LibFuzzer  # noqa: E402
from fuzz.worker import TIMEOUT, Setup  # noqa: E402
from gen.names import KINDS  # noqa: E402
from test.tools import BUILD, CAPCHAIN, CORPUS, ROOT, Case, run, run_tests, script, text_of  # noqa: E402

START = 'echo "capchain: kind region, 4 parsers; oracles: none, this is a script" >&2\n'
PULSE = 'echo "#4096\tNEW    cov: 5 ft: 6 corp: 7/80b lim: 4 exec/s: 0 rss: 30Mb"\n'
BREAK = 'echo "capchain: broken promise: naive:ok:wrong-caps:plain" >&2\nkill -ABRT $$\n'
SECONDS = '''for word; do case $word in -max_total_time=*) exec sleep ${word#*=};; esac; done\n'''
# Writes its counts, as fuzz/target/findings.c does, with three witnesses that found no room.
COUNTS = '''exec /usr/bin/python3 - <<'END'
import os, sys
sys.path.insert(0, {here!r})
from fuzz.report import BUCKET, BUCKETS_MAX, HEAD, MAGIC, PARSER, PARSERS_MAX
with open(os.environ["CAPCHAIN_FINDINGS"] + f"/counts/region-{{os.getpid()}}{end}", "wb") as file:
    file.write(HEAD.pack(MAGIC, 0, 9, 1, 3, 9, 0, 0, 0) + bytes(PARSERS_MAX * PARSER.size + BUCKETS_MAX * BUCKET.size))
END
'''
YAML = """kind: region
len: 48
caps:
  - {at: 32, id: 77, next: 0}
"""


class Base(Case):
    """A corpus of one region seed, and ways to run fuzz.py on it."""

    def setUp(self):
        super().setUp()
        self.write("corpus/captured/region-plain.bin", struct.pack("<4I2Q", 32, 0, 0, 0, 4096, 0))
        self.setup = Setup("libfuzzer", self.path("corpus"), self.dir, self.dir, CAPCHAIN, self.path("fake"))

    def fake(self, script, kind="region"):
        """A script that poses as the libFuzzer target of a kind."""
        self.write(f"fake/{fuzz_seeds.target_name(kind)}", "#!/bin/sh\n" + script, 0o755)

    def command(self, *options, targets=None, kind="region", seconds=3):
        return [sys.executable, script("fuzz", "fuzz.py"), "--kind", kind, "--seconds", str(seconds), "--corpus",
                "corpus", "--work", "work", "--findings", "findings", "--capchain", CAPCHAIN, "--jobs", "1",
                "--targets", targets or self.path("fake"), "--mutators", os.path.join(BUILD, "afl"), "--all", *options]

    def fuzz(self, *options, env=None, status=None, **named):
        done = run(*self.command(*options, **named), cwd=self.dir, timeout=60, env={**os.environ, **(env or {})})
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def start(self, *options, **named):
        process = subprocess.Popen(self.command(*options, **named), cwd=self.dir, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def ends(self, process, *words):
        """It ends well, and says these."""
        said, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, said)
        for word in words:
            self.assertIn(word, said)
        return said

    def wait_for(self, what, seconds=10):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "waited too long")
            time.sleep(0.05)


class Forms(unittest.TestCase):
    """What fuzz.py knows of the C side."""

    def names(self, path, function):
        body = re.search(rf"\*{function}\(.*?\n}}", text_of(path), re.S)[0]
        return tuple(re.findall(r'"(.*?)"', body))

    def test_names_are_those_of_the_targets(self):
        self.assertEqual(self.names("fuzz/sandbox/result.c", "verdict_name"), fuzz_report.VERDICTS)
        self.assertEqual(self.names("fuzz/judge/compare.c", "disagreement_name"), fuzz_report.DISAGREEMENTS)
        self.assertEqual(self.names("fuzz/judge/rules.c", "buffer_class_name"), fuzz_report.CLASSES)

    def test_struct_compiles_to_the_size_that_is_read(self):
        program = ('#include "fuzz/target/findings.h"\n_Static_assert(sizeof(struct findings_counts) == '
                   f"{fuzz_report.HEAD.size} + {fuzz_report.PARSERS_MAX} * {fuzz_report.PARSER.size} + "
                   f'{fuzz_report.BUCKETS_MAX} * {fuzz_report.BUCKET.size} && FINDINGS_MAGIC == {fuzz_report.MAGIC}, "");')
        done = run(*compilers.any_c(), "-std=gnu11", "-I", ROOT, "-fsyntax-only", "-xc", "-", input=program)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_compact(self):
        for number, text in ((0, "0"), (999, "999"), (1000, "1.0k"), (12345, "12k"),
                             (999499, "999k"), (999600, "1.0M"), (1234567, "1.2M")):
            self.assertEqual(fuzz_report.compact(number), text)


class Lines(unittest.TestCase):
    """What fits, and what comes first."""

    def test_a_narrow_line_keeps_what_is_broken(self):
        parts = ("1:00 left", "region", "25k exec/s", "109 edges", "7 in corpus", "9 sets (+1)", "12 broken")
        self.assertEqual(fuzz.fitted(parts, 200), "  ".join(parts))
        for columns in range(20, 90):
            line = fuzz.fitted(parts, columns)
            self.assertLessEqual(len(line), columns)
            self.assertTrue(line.startswith("1:00 left") and line.endswith("  12 broken"), line)

    def test_worst_first(self):
        worst = ["m:wrote:fault:x", "m:oob:fault:x", "m:crash:fault:x", "m:runaway:fault:x", "m:stale:fault:x",
                 "m:ok:wrong-caps:x", "m:reject:rejects-valid:x"]
        self.assertEqual(sorted(reversed(worst), key=account.badness), worst)


class LastRun(Case):
    """What is new of a parser: against its own last run, of the same kind, in which a buffer was read."""

    def heading(self, file, walked=9, kind="region"):
        counts = fuzz_report.Counts()
        counts.walked, counts.buckets = walked, {"mine:oob:fault:x": (3, True)} if walked else {}
        setup = mock.Mock(findings=self.dir, capchain="capchain", engine="libfuzzer", prefix=[],
                          own={"parser": "mine", "trust": "safe", "file": file})
        setup.witness.return_value = self.path("none")
        one = mock.Mock(setup=setup, kind=kind, counts=lambda: counts, elapsed=1, failures=[], workers=lambda: [mock.Mock(
            oracles="x")], execs=lambda: 9, most=lambda name: 0)
        with mock.patch.object(fuzz_report, "check", return_value=()):
            found, last = account.of_fuzz([one], mock.Mock(seconds=1, jobs=1, strict=False), "", "")
        account.write_last(self.dir, last)
        line, = (line for line in summary.screen(found, summary.Paint.none()) if line.startswith("mine, "))
        return line

    def test_of_this_parser(self):
        self.assertNotIn(" new", self.heading("/a.c"))
        self.assertIn("1 bucket, 1 breaks its promise, 0 new", self.heading("/a.c"))
        # Another parser of the same name, and another kind, had no run before.
        self.assertNotIn(" new", self.heading("/b.c"))
        self.assertNotIn(" new", self.heading("/a.c", kind="iommu"))
        self.assertIn(", 0 new", self.heading("/a.c"))

    def test_a_run_without_a_buffer_is_none(self):
        self.heading("/a.c", walked=0)
        self.assertNotIn(" new", self.heading("/a.c"))
        self.heading("/a.c", walked=0)
        self.assertIn(", 0 new", self.heading("/a.c"))


class Planted(unittest.TestCase):
    """The table of `make check-own`: its names, and that a cell is seen which is not as it has to be."""

    def test_names(self):
        listed = re.search(r"enum fault \{(.*?)\};", text_of("parsers", "own", "planted", "readers.c"), re.S)[1]
        self.assertEqual(set(re.findall(r"^\t([A-Z0-9_]+),", listed, re.M)), set(check_own.FAULTS))
        for tool in check_own.TOOLS:
            self.assertRegex(tool, r"\A[a-z-]+\Z")

    def test_the_worst_is_told(self):
        one = check_own.Reader("ABSENT_TRUNC", "hardened", "")
        said = ["mine:absent:unstable:slack", "mine:absent:absent-for-unreadable:x", "mine:ok:takes:x"]
        for order in (said, said[::-1]):
            self.assertEqual(one.buckets(" ".join(order)), "absent-for-unreadable")
        self.assertEqual(one.buckets(" ".join([*said, "mine:stale:fault:x"])), "stale")
        self.assertEqual((one.buckets("it abstains"), one.buckets("")), ("abstains", ""))

    def test_cells(self):
        for fault, promise, said, text in (
                ("STALE", "safe", (1, "stale"), "red stale"), ("STALE", "safe", (0, ""), "fine (!)"),
                ("STALE", "safe", (1, "oob"), "red oob (!)"), ("STALE", "trusting", (1, "stale"), "red stale (!)"),
                ("FILTERS", "hardened", (0, ""), "fine"),
                ("FILTERS", "hardened", (1, "wrong-caps"), "red wrong-caps (!)"),
                ("RIGHT", "safe", (3, "x"), "status 3 x (!)")):
            with mock.patch.dict(check_own.TOOLS, check=lambda _, said=said: said):
                self.assertEqual(check_own.cell(check_own.Reader(fault, promise, ""), "check"),
                                 (text, not text.endswith("(!)")))


class Counts(Base):
    def counts(self, magic=fuzz_report.MAGIC, tail=b""):
        parser = fuzz_report.PARSER.pack(b"naive", *range(10), *range(10, 18), 5)
        data = fuzz_report.HEAD.pack(magic, 1, 7, 2, 3, 1, 2, 3, 1) + parser
        rest = (fuzz_report.PARSERS_MAX - 1) * fuzz_report.PARSER.size
        rows = fuzz_report.BUCKET.pack(b"naive:ok:fault:x", 4, 9, 1), bytes(511 * fuzz_report.BUCKET.size)
        self.write("counts", data + bytes(rest) + b"".join(rows) + tail)
        return fuzz_report.read_counts(self.path("counts"))

    def test_reads_and_adds(self):
        total = fuzz_report.Counts()
        total.add(self.counts())
        total.add(self.counts())
        self.assertEqual((total.walked, total.failed, total.classes), (14, 6, [2, 4, 6, 2]))
        self.assertEqual(total.buckets, {"naive:ok:fault:x": (8, True)})
        self.assertEqual(total.parsers["naive"][:3] + total.parsers["naive"][-1:], (0, 2, 4, 10))

    def test_unfinished_or_foreign_file_is_none(self):
        self.assertIsNone(self.counts(magic=0))
        self.assertIsNone(self.counts(tail=b"x"))
        self.assertIsNone(fuzz_report.read_counts(self.path("nothing")))

    def test_file_of_an_earlier_run_is_not_taken(self):
        """A target beside such a file makes PID.2, and so on; see findings.c."""
        worker = LibFuzzer(self.setup, "region", 1, 1)
        for name in ("counts/region-7", "counts/region-77", "counts/device-7", "counts/region-7.x"):
            self.write(name, b"")
        worker.counts_before = frozenset(worker.counts_files())
        self.assertEqual(sorted(worker.counts_before), ["region-7", "region-77"])
        self.assertIsNone(worker.counts_path(7))
        made = self.write("counts/region-7.2", b"")
        self.assertEqual([worker.counts_path(7), worker.counts_path(77)], [made, None])


class Stops(Base):
    def setUp(self):
        super().setUp()
        # As fuzz.py does: a shell that started this behind itself has it ignored, by children too.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

    def ended(self, script, stop_after_end):
        worker = LibFuzzer(self.setup, "region", 1, 1)
        worker.oracles = "x"
        with subprocess.Popen(["sh", "-c", script]) as worker.process:
            if stop_after_end:
                worker.process.wait()
            worker.stop(1.0)
        return worker.end().how

    def test_only_what_runs_is_stopped(self):
        """A target that failed in the moment before Ctrl-C has failed."""
        self.assertEqual(self.ended("exit 77", True), "failed")
        self.assertEqual(self.ended("exec sleep 20", False), "fine")

    def run_past(self, script, over):
        """A run whose target is still there @over seconds after its time; who looks sees it end."""
        self.fake(START + script)
        os.makedirs(self.path("logs"), exist_ok=True)
        run = fuzz.Run(self.setup, "region", 1, 1)
        run.begin()
        worker = run.running[0]
        self.wait_for(lambda: worker.read() and worker.oracles)
        run.step(run.deadline + over)
        self.wait_for(worker.ended)
        run.step(run.deadline + over)
        return run

    def test_who_does_not_end(self):
        """A hang of the last moment is waited for: libFuzzer looks for it every half of its time-out, plus one
        second. Whoever is there after that has failed."""
        hangs = "sleep 1\necho 'SUMMARY: libFuzzer: timeout' >&2\nexit 70"
        for program, over, why in (
                (hangs, TIMEOUT + TIMEOUT // 2 + 1, "region: SUMMARY: libFuzzer: timeout (exit status 70)"),
                ("exec sleep 60", fuzz.GRACE + 1, "region: did not end in its time")):
            with self.subTest(why=why):
                run = self.run_past(program, over)
                self.assertTrue(run.failures[0][0].startswith(why), run.failures)
                self.assertEqual(run.status, 1)


class Seeds(Base):
    def prepare(self):
        """How many there are, and when each was written."""
        count, folder = fuzz_seeds.prepare(self.setup, "region"), self.setup.seeds("region")
        seeds = {name: os.stat(os.path.join(folder, name)).st_mtime_ns for name in os.listdir(folder)}
        self.assertEqual(count, len(seeds))
        return seeds

    def test_scripts_of_replies_are_no_seeds(self):
        self.write("corpus/clients/region-grows.replies", b"grow 8\n")
        self.write("corpus/seeds/region-a", b"x")
        self.assertEqual(fuzz_seeds.find_sources(self.path("corpus"), "region"),
                         ["captured/region-plain.bin", "seeds/region-a"])

    def test_copies_and_assembles(self):
        self.write("corpus/seeds/region-text.yaml", YAML)
        self.write("corpus/expect/region-no-input.txt", "no input")
        self.write("corpus/captured/device-other-kind.bin", b"")
        self.assertEqual(sorted(self.prepare()), ["region-plain.bin.captured", "region-text.seeds"])
        self.assertEqual(self.read("seeds/region/region-plain.bin.captured"),
                         self.read("corpus/captured/region-plain.bin"))
        self.assertEqual(len(self.read("seeds/region/region-text.seeds")), 48)

    def test_writes_only_what_changed(self):
        self.write("corpus/seeds/region-text.yaml", YAML)
        self.write("corpus/seeds/region-gone.yaml", YAML)
        before = self.prepare()
        self.assertEqual(self.prepare(), before)
        self.write("corpus/seeds/region-text.yaml", YAML.replace("48", "56"))
        os.unlink(self.path("corpus/seeds/region-gone.yaml"))
        after = self.prepare()
        self.assertEqual(set(before) - set(after), {"region-gone.seeds"})
        self.assertNotEqual(after["region-text.seeds"], before["region-text.seeds"])
        self.assertEqual(after["region-plain.bin.captured"], before["region-plain.bin.captured"])


class Refusals(Base):
    """One line and an exit status, before anything runs."""

    def refused(self, status, words, *options, **named):
        done = self.fuzz(*options, status=status, **named)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_what_is_missing(self):
        self.refused(3, "fuzz_region_info is missing: make")
        self.fake(START + PULSE)
        self.write("file", "")
        for status, words, *options in ((3, "no/capchain is missing", "--capchain", "no/capchain"),
                                        (5, "file/", "--findings", "file")):
            self.refused(status, words, *options)
        self.refused(3, "afl++", "--engine", "afl", env={"PATH": "/nowhere"})
        self.write("fake/fuzz_region_info", b"\0\0\0\0", 0o755)
        self.refused(3, "fuzz_region_info")

    def test_seeds(self):
        self.fake(START + PULSE)
        self.write("corpus/seeds/region-bad.yaml", "kind: teapot\n")
        self.refused(2, "region-bad.yaml")
        shutil.rmtree(self.path("corpus"))
        self.refused(1, "no region seed")

    def test_bad_options(self):
        for options in (("--seconds", "0"), ("--jobs", "x"), ("--kind", "x"), ("--engine", "x")):
            self.fuzz(*options, status=2)
        self.assertIn("exit status", self.fuzz("--help", status=0).stdout)


class Ends(Base):
    """What a target's end means, with scripts that pose as targets."""

    def test_fine(self):
        self.fake(START + PULSE + SECONDS)
        done = self.fuzz("--jobs", "", seconds=2, status=0)
        self.assertIn("CAPCHAIN_FINDINGS=findings " + self.path("fake/fuzz_region_info"), done.stdout)
        self.assertIn("kind region, 4 parsers; oracles: none, this is a script", done.stdout)
        self.assertRegex(done.stdout, r"region +(4.1|8.2|[0-9]+)k ")
        self.assertEqual(os.listdir(self.path("work/logs")), [])

    def test_broken_promise(self):
        for kind in KINDS:
            self.write(f"corpus/captured/{kind}-plain.bin", bytes(32))
            self.fake(START + PULSE + (BREAK if kind == "region" else SECONDS), kind)
        done = self.fuzz("--jobs", str(len(KINDS)), kind="all", status=1)
        self.assertIn("broken promises: 1\n  naive:ok:wrong-caps:plain  (region, 4 times)\n"
                      f"    {CAPCHAIN} explain "
                      "findings/broken/region-naive_ok_wrong-caps_plain\n", done.stdout)
        self.assertIn("\n- bucket: naive:ok:wrong-caps:plain\n  kind: region\n  reason: \"\"", done.stdout)
        self.assertRegex(done.stdout, "region: stopped too often, [23] of its 3 seconds")
        self.assertEqual(done.stdout.count("region: stopped (naive:ok:wrong-caps:plain)"), 3)
        for kind in KINDS:
            self.assertRegex(done.stdout, rf"\n{kind} +{'16k' if kind == 'region' else '4.1k'} ")
        done = self.fuzz("--jobs", "3", kind="buffers", seconds=3)
        self.assertNotIn("fuzz_fetch", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_bad_ends(self):
        """A script, the exit status, what is said of it, and how many logs stay."""
        counts = functools.partial(COUNTS.format, here=sys.path[0])
        for program, status, logs, *words in (
                (PULSE + 'echo "SUMMARY: AddressSanitizer: bug.c:1" >&2\n'
                 "echo 'x; Test unit written to findings/artifacts/region-crash-1'\nexit 77\n", 1, 1,
                 "SUMMARY: AddressSanitizer: bug.c:1 (exit status 77)",
                 "fuzz_region_info findings/artifacts/region-crash-1\n"),
                ("", 1, 1, "region: not one input was run"),
                (PULSE + counts(end=""), 5, 1, "region: 3 findings could not be written"),
                (PULSE + counts(end=".2"), 5, 1, "region: 3 findings could not be written")):
            with self.subTest(words=words):
                self.fake(START + program)
                done = self.fuzz(status=status)
                for word in words:
                    self.assertIn(word, done.stdout)
                self.assertEqual(len(os.listdir(self.path("work/logs"))), logs)
                self.assertEqual(os.listdir(self.path("findings", "counts")), [])

    def test_target_that_cannot_start(self):
        for program, status, words in (
                ('echo "capchain: cannot do it" >&2\nexit 4\n', 4, "region: cannot do it (exit status 4)"),
                ('echo "capchain: cannot do it" >&2\nexit 5\n', 5, "region: cannot do it (exit status 5)"),
                ('echo "==1==Shadow memory range interleaves. ABORTING" >&2\nexit 1\n', 3,
                 "cannot start: Shadow memory range")):
            with self.subTest(words=words):
                self.fake(program)
                done = self.fuzz(status=status)
                self.assertIn(words, done.stdout)
                self.assertTrue(done.stdout.endswith("broken promises: 0, failures: 1, execs: 0\n"))

    def test_target_that_wants_no_randomisation(self):
        if run("setarch", "-R", "true").returncode:
            self.skipTest("setarch -R is not allowed here")
        self.fake("grep -q 0040000 /proc/self/personality || exit 1\n" + START + PULSE + SECONDS)
        self.assertIn("  CAPCHAIN_FINDINGS=findings setarch -R ", self.fuzz(status=0).stdout)

    def test_leftovers_of_killed_runs(self):
        """Half-written witnesses of processes that are gone; nobody else's, and no witness."""
        gone = subprocess.Popen(["true"])
        gone.wait()
        swept = [f"sets/region-1.{gone.pid}.tmp", f"broken/region-a_b.{gone.pid}.tmp"]
        kept = [f"sets/region-2.{os.getpid()}.tmp", "sets/region-3", "sets/a.tmp"]
        for name in swept + kept:
            self.write(f"findings/{name}", b"half")
        self.fake(START + PULSE)
        self.fuzz()
        for name in swept + kept:
            self.assertEqual(os.path.exists(self.path("findings", name)), name in kept, name)

    def test_target_that_does_not_end(self):
        self.fake(START + PULSE + "trap '' INT TERM\nexec sleep 60\n")
        process = self.start(seconds=50)
        self.wait_for(lambda: glob.glob(self.path("work/logs/*")))
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        self.ends(process, "stopped by SIGTERM")

    def test_terminal(self):
        self.fake(START + PULSE + SECONDS)
        ours, theirs = pty.openpty()
        done = subprocess.run(self.command(seconds=4), cwd=self.dir, stdout=theirs, timeout=30,
                              stdin=subprocess.DEVNULL, check=False)
        os.close(theirs)
        said = os.read(ours, 1 << 16).decode()
        os.close(ours)
        self.assertEqual(done.returncode, 0, said)
        self.assertRegex(said, r"\r\x1b\[K0:0\d left  region  .* exec/s  5 edges  7 in corpus")


# Counts of nine buffers, and nothing else; a target that found nothing of its own.
WALKED = COUNTS.replace("MAGIC, 0, 9, 1, 3, 9,", "MAGIC, 0, 9, 1, 0, 9,")


class Status(Base):
    """Red is what asks for an act."""

    def setUp(self):
        super().setUp()
        self.fake(START + PULSE + WALKED.format(here=sys.path[0], end=""))
        os.makedirs(self.path("findings/sets"))
        run(CAPCHAIN, "asm", os.path.join(CORPUS, "regressions", "region-loop-two-step.yaml"), "-o",
            self.path("findings/sets/region-0000000000000001"), check=True)

    def test_unlisted_is_a_line(self):
        """Of readers that promise nothing; with --strict it is red. The screen is short, and the rest in its files."""
        env = {**os.environ, "NO_COLOR": ""}
        for options, status in (((), 0), (("--strict",), 1), (("--json", "all.json"), 0)):
            done = run(*(word for word in self.command(*options) if word != "--all"), cwd=self.dir, timeout=60, env=env)
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            shown = done.stdout[done.stdout.index("\n\n") + 2:].splitlines()
            self.assertLessEqual(len(shown), 24)
            self.assertNotIn("\x1b", done.stdout)
            self.assertRegex(done.stdout, r"; unlisted, in no corpus: [1-9]\d* buckets\n")
            # The first of those that are as bad; all are in the Markdown.
            self.assertIn("\ncloud-hypervisor 2026: never ends on 1 cause\n", done.stdout)
            self.assertEqual(done.stdout.count("details.txt"), 1)
            found = json.loads(self.read("findings/run.json"))
            self.assertEqual((found["status"], found["strict"], found["buffers"]), (status, "--strict" in options, 9))
        self.assertEqual(self.read("all.json"), self.read("findings/run.json"))
        self.assertIn("new since the last run here: 0 buckets", done.stdout)
        self.assertIn("qemu:runaway:fault:loop  unlisted\n", self.read("findings/details.txt").decode())
        self.assertIn("| qemu 7.2 | never ends on 1 cause |", self.read("findings/summary.md").decode())

    def test_a_review_date_that_has_passed(self):
        self.write("corpus/ledger.yaml", "- bucket: qemu:*:fault:loop\n  reason: x\n  source: x\n  upstream: none\n"
                   "  versions: QEMU 7.2\n  review: 2026-01-01\n  witness: captured/region-plain.bin\n")
        done = self.fuzz(status=1)
        self.assertRegex(done.stdout, r"\nfailure: the review date of ledger entry 1, 2026-01-01, has passed: ")
        self.assertIn("failures: 1, ", done.stdout)


class Machine(Case):
    """What machine.py says of this one, as it is and as a container may have it."""

    def test_what_a_sanitizer_needs(self):
        """Each setting that keeps it from starting is named where it is so, and none where all is well."""
        with mock.patch.multiple(fuzz_machine, MAPS=self.write("maps", b""), VM=self.path("vm/")):
            for overcommit, bits, says in (("0", "28", None), ("2", "28", "vm.overcommit_memory is 2"),
                                           ("1", "32", "vm.mmap_rnd_bits is 32"),
                                           ("0", "", "vm.mmap_rnd_bits may be too high")):
                self.write("vm/overcommit_memory", overcommit)
                self.write("vm/mmap_rnd_bits", bits)
                if not bits:
                    os.unlink(self.path("vm/mmap_rnd_bits"))
                said = fuzz_machine.sanitizer_needs()
                self.assertTrue(said.startswith(f"; {says}") if says else not said, said)
            os.unlink(self.path("maps"))
            self.assertIn("/proc is not mounted", fuzz_machine.sanitizer_needs())

    def test_what_tells_of_processes(self):
        """Each file that is not there is named; a kernel may have no list of children."""
        self.assertIsNone(fuzz_machine.processes_hidden())
        pid = os.getpid()
        with mock.patch.object(fuzz_machine, "PROC", self.path("proc")):
            for name in ("stat", "status", f"task/{pid}/children"):
                path = f"proc/{pid}/{name}"
                self.assertTrue(fuzz_machine.processes_hidden().startswith(f"{self.path(path)}: No such file"))
                self.write(path, b"")
            self.assertIsNone(fuzz_machine.processes_hidden())

    def test_what_afl_needs(self):
        program = f"import sys; sys.path[0] = {sys.path[0]!r}; from fuzz import machine; print(machine.afl_needs())"
        said = [run("prlimit", f"--nofile={files}:{files}", sys.executable, "-c", program, check=True).stdout.strip()
                for files in (199, 200)]
        self.assertEqual(said, ["; it takes file descriptors up to 199, and this process may have 199: "
                                "`ulimit -n 200` or more", ""])

    def test_who_lives(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        self.assertEqual([fuzz_machine.is_alive(pid) for pid in (os.getpid(), "1", gone.pid, "x", "")],
                         [True, True, False, False, False])


class Real(Base):
    """The built targets."""

    targets = os.path.join(BUILD, "libfuzzer")

    def setUp(self):
        super().setUp()
        for path in (CAPCHAIN, os.path.join(self.targets, "fuzz_region_info")):
            self.assertTrue(os.path.exists(path), f"{path} is missing: make {path}")

    def holds_table(self, said):
        number = r"[0-9.]+[kM]?"
        for line in (rf"what every parser did with {number} buffers\n"
                     r" +ok +absent +truncated +reject +abstain +oob +stale +runaway +wrote +crash\n",
                     rf"\nnaive  ( +({number}|\.)){{10}}\n", r" skipped\n",
                     rf"\nregion +{number} +{number} +\d+/\d+ +{number} +\d+ \(\+\d+\)( +\d+%){{4}}\n",
                     r"\n  kind region, \d+ parsers; oracles: .*AddressSanitizer",
                     r"\nunlisted set of verdicts, smallest first: \d+\n"):
            self.assertRegex(said, line)

    def test_run(self):
        # Counts of another process: of an earlier run, or of one that shares the folder.
        stale = fuzz_report.HEAD.pack(fuzz_report.MAGIC, 0, 10**15, 0, 1, 0, 0, 0, 0)
        rest = fuzz_report.PARSERS_MAX * fuzz_report.PARSER.size + fuzz_report.BUCKETS_MAX * fuzz_report.BUCKET.size
        self.write(f"findings/counts/region-{os.getpid()}", stale + bytes(rest))
        done = self.fuzz(targets=self.targets, seconds=5, status=0)
        self.holds_table(done.stdout)
        self.assertNotRegex(done.stdout, r"[\r\x1b]")
        self.assertRegex(done.stdout, r"-max_len=4096 .*-max_total_time=4 -timeout=10 ")
        self.holds_new(done.stdout)
        explain = re.search(rf"{CAPCHAIN} explain findings/sets/\S+", done.stdout)
        self.assertEqual(run(*explain[0].split(), cwd=self.dir).returncode, 0)
        self.assertEqual(os.listdir(self.path("findings/counts")), [f"region-{os.getpid()}"])

    def holds_new(self, said):
        """Every unlisted bucket once, and all of it in the file."""
        found = json.loads(self.read("findings/run.json"))
        unlisted = [one for one in found["buckets"] if one["unlisted"]]
        self.assertIn(f"\nunlisted bucket, of nobody's corpus, worst first: {len(unlisted)}\n", said)
        self.assertGreater(len(unlisted), 0)
        self.assertEqual(len({(one["kind"], one["bucket"]) for one in found["buckets"]}), len(found["buckets"]))
        self.assertIn(self.read("findings/details.txt").decode(), said)

    def test_interrupt(self):
        for jobs in ("1", "2"):
            shutil.rmtree(self.path("findings"), ignore_errors=True)
            process = self.start("--jobs", jobs, targets=self.targets, seconds=50)
            self.wait_for(lambda: glob.glob(self.path("findings/sets/region-*")))
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            self.holds_table(self.ends(process, "stopped by SIGINT\n"))

    def test_two_runs_share_folders(self):
        runs = [self.start(targets=self.targets, seconds=4) for _ in range(2)]
        for each in runs:
            self.holds_table(self.ends(each))

    def test_killed_front_end_leaves_no_engine(self):
        process = self.start(targets=self.targets, seconds=50)
        self.wait_for(lambda: glob.glob(self.path("findings/sets/region-*")))
        engine = glob.glob(self.path("findings/counts/region-*"))[0].rsplit("-", 1)[-1]
        self.assertTrue(self.runs(engine))
        process.kill()
        process.wait()
        self.wait_for(lambda: not self.runs(engine))

    def runs(self, pid):
        """Not gone, and no zombie that nobody has waited for."""
        try:
            return Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def afl(self, *options, status=0, **named):
        targets = os.path.join(BUILD, "afl")
        if not (shutil.which("afl-fuzz") and os.path.exists(f"{targets}/fuzz_region_info")):
            self.skipTest("no AFL++ here, or its target is not built")
        return self.fuzz("--engine", "afl", *options, targets=targets, status=status, **named)

    def test_afl(self):
        for seeds in (1, 2):
            done = self.afl(seconds=4)
            self.assertRegex(done.stdout, r"what every parser did with [0-9.]+[kM]? buffers")
            self.assertRegex(done.stdout, r"\nregion +[0-9.]+[kM]? +[0-9.]+[kM]? +\d+/\d+ ")
            self.assertIn("\n  kind region, ", done.stdout)
            self.assertEqual(len(os.listdir(self.path("work/afl/region/seeds/queue"))), seeds)
            self.assertIn(f"AFL_CUSTOM_MUTATOR_LIBRARY={BUILD}/afl/mutator_region.so", done.stdout)
            # Operators stand in the names of what they found.
            self.assertRegex(" ".join(os.listdir(self.path("work/afl/region/w1/queue"))),
                             r"id:\S+,(next|cap|argsz|flag|truncate|extend|chain|count|id|version)")
            self.write("corpus/captured/region-more.bin", bytes(32))

    def test_afl_mutators(self):
        done = self.afl("--mutators", "nowhere", status=3)
        self.assertIn("nowhere/mutator_region.so is missing", done.stderr)
        done = self.afl("--mutators", "nowhere", env={"CAPCHAIN_MUTATOR": "default"})
        self.assertNotIn("AFL_CUSTOM_MUTATOR_LIBRARY", done.stdout)


if __name__ == "__main__":
    run_tests()
