#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what fuzzes a parser from outside, and what else takes --parser: what each says of it.

Usage: own_fuzz_test.py [CLASS...]

CAPCHAIN names the command, build/capchain by default, of a tree that is built.
"""

import json
import os
import re
import shutil
import struct
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.own_base import GCC, OWN, Base, main  # noqa: E402
from test.tools import CAPCHAIN, CAPTURED, ROOT, run, script  # noqa: E402


class Fuzzing(Base):
    """Examples, fuzzed from captured replies: as many runs, from the same seed, as last time."""

    def fuzz(self, parser, kind="region", runs=3000, **env):
        done = self.run_it(script("fuzz", "own.py"), "--engine", "libfuzzer", "--", parser,
                           **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        folder = self.path(done.stdout.strip())
        for name in os.listdir(CAPTURED):
            if name.startswith(kind):
                shutil.copy(os.path.join(CAPTURED, name), self.path("seeds"))
        return self.run_it(os.path.join(folder, "libfuzzer", f"fuzz_{kind}_info"), "-seed=1",
                           f"-runs={runs}", "-entropic=0", self.path("seeds"),
                           CAPCHAIN_FINDINGS=self.path("findings"), **env)

    def setUp(self):
        super().setUp()
        os.makedirs(self.path("seeds"))

    def keeps_its_promise(self, name):
        done = self.fuzz(os.path.join(OWN, name))
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertRegex(done.stderr, r"#\d{4,}\s+DONE")
        every = re.search(r"(\d+) parsers; oracles: load hooks in (\d+) of(.*)", done.stderr)
        # One that has no place in this build says so, and has nothing to hook.
        self.assertEqual(int(every[1]), int(every[2]) + every[3].count(" abstains: "))

    def is_stopped(self, name):
        """By a fault on any buffer; where those are allowed to it, by one on a plain buffer."""
        for cause, env in (("truncated", {}), ("ok", {"CAPCHAIN_ALLOW": "faults"})):
            done = self.fuzz(os.path.join(OWN, name), **env)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"capchain: broken promise: planted:oob:fault:{cause}", done.stderr)
            witness = self.path("findings", "broken", f"region-planted_oob_fault_{cause}")
            self.assertTrue(os.path.getsize(witness))
        self.assertRegex(done.stderr, r"capchain: \S*build/own/planted\S+/capchain explain")


class Fuzzed(Fuzzing):
    def test_example(self):
        self.keeps_its_promise("template.c")

    def test_planted_bugs_stop_it(self):
        self.is_stopped("planted.c")

    def test_an_object_is_fuzzed_too(self):
        self.build(*GCC, "-O2", "-I" + OWN, "-c", os.path.join(OWN, "template.c"), "-o", "mine.o")
        done = self.fuzz("mine.o")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertIn("one from outside, without, walks in a child", done.stderr)


class Mine(Base):
    """make fuzz PARSER=: what it says of the parser, with planted readers (parsers/own/planted/readers.c)."""

    def make_fuzz(self, *variables, parser=None, fault="RIGHT", trust="HARDENED", seconds=4, **env):
        return self.run_it("make", "-s", "-C", ROOT, "fuzz", f"PARSER={parser or os.path.join(OWN, 'planted', 'readers.c')}",
                           f"SECONDS={seconds}", "SETUP=0", "JOBS=1", f"FINDINGS={self.path('found')}", "KIND=all",
                           "ENGINE=libfuzzer", *variables,
                           MAKEFLAGS="", PARSER_CFLAGS=f"-DFAULT={fault} -DTRUST=INFO_{trust}", **env)

    def test_right(self):
        shutil.copy(os.path.join(OWN, "template.c"), self.write("a b/it's mine.c", ""))
        done = self.make_fuzz("KIND=device", parser=f"{self.path('a b')}/it's mine.c")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^mine +[1-9]")
        self.assertIn("broken promises: 0, failures: 0", done.stdout)

    def holds_wrong(self, engine):
        """Wrong on plain seeds: it goes on to its end, and says each bucket, what was expected and what came."""
        done = self.make_fuzz("KIND=iommu", f"ENGINE={engine}", fault="FIRST_ONLY", trust="TRUSTING", seconds=10)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("Error 1", done.stderr)
        self.assertNotRegex(done.stdout, "stopped|unused|ledger")
        self.assertRegex(done.stdout, r"failures: 0, execs: \d")
        self.assertRegex(done.stdout, r"mine, trusting: \S+ buffers, \d+ buckets, 1 breaks its promise, worst first\n"
                         r" +\d+ bytes  mine:ok:wrong-caps:ok  \S+ times  BROKEN\n"
                         r" +expected \S+( \d+)? at \d+, got nothing\n +(\S+/capchain explain \S+)\n")
        self.assertRegex(done.stdout, r"\n\d+ other readers on the same buffers: 0 broken promises; ALL=1 ")
        # The command that it says is one, and shows this.
        command = re.search(r"\S+/capchain explain \S+wrong-caps_ok$", done.stdout, re.M)[0].split()
        said = run(*command, cwd=ROOT).stdout
        self.assertIn("differs: mine:ok:wrong-caps:ok  PROMISE BROKEN", said)
        self.assertRegex(said, r"expected .* at \d+, got nothing")
        return done

    def test_wrong_on_a_seed(self):
        self.holds_wrong("libfuzzer")

    @unittest.skipUnless(shutil.which("afl-fuzz") and shutil.which("afl-clang-fast"), "no AFL++ here")
    def test_wrong_on_a_seed_in_afl(self):
        self.holds_wrong("afl")

    def test_new_is_against_its_own_last_run(self):
        said = [self.make_fuzz("KIND=iommu", fault=fault).stdout for fault in ("ABSENT_TRUNC", "ABSENT_TRUNC",
                                                                               "STALE")]
        for each, words in zip(said, (None, "0 new", None)):
            heading, = re.findall(r"mine, hardened: .*", each)
            self.assertIn(words or "break its promise", heading)
        self.assertNotIn("  new", said[0] + said[1])
        self.assertRegex(said[2], r"mine:stale:fault:\S+  .*  new")
        self.assertRegex(said[2], r"of its last run did not come again: mine:absent:absent-for-unreadable")

    def test_only_its_kinds(self):
        planted = os.path.join(OWN, "planted.c")
        done = self.make_fuzz(parser=planted)
        self.assertIn("Error 1", done.stderr)
        self.assertRegex(done.stdout, r"\A\S+planted.c: building it .*\nplanted: \d+ replies of real kernels, ")
        self.assertRegex(done.stdout, r"(?m)^planted, trusting, reads region; ")
        self.assertRegex(done.stdout, r"(?m)^region: 1 job, 4 s$")
        self.assertNotRegex(done.stdout, r"(?m)^(device|iommu): ")
        done = self.make_fuzz("KIND=device", parser=planted)
        self.assertIn("Error 2", done.stderr)
        self.assertIn("fuzz: KIND=fetch: `capchain_loop`, which asks, is missing beside `capchain_parser`; ",
                      self.make_fuzz("KIND=fetch", parser=planted).stderr)
        self.assertIn("fuzz: planted does not read device: its .reads has region; say KIND=region\n", done.stderr)

    def test_one_that_abstains_is_no_success(self):
        done = self.make_fuzz("KIND=iommu", fault="ABSTAINS")
        self.assertIn("Error 1", done.stderr)
        self.assertIn("iommu: mine abstains on every buffer, so nothing is shown of it\n", done.stdout)

    def test_worst_comes_first(self):
        """The screen begins what run.json and details.txt have whole."""
        said = self.make_fuzz("KIND=region", parser=os.path.join(OWN, "planted.c")).stdout
        rows = json.loads(self.read("found/run.json"))["buckets"]
        verdicts = [one["verdict"] for one in rows if one["class"] == "fault"]
        self.assertGreater(len(set(verdicts)), 2)
        self.assertEqual(verdicts, sorted(verdicts, key=["wrote", "oob", "crash", "runaway", "stale"].index))
        names = [one["bucket"] for one in rows]
        shown = re.findall(r"(?m)^ +\d+ bytes  (planted:\S+)", said)
        self.assertTrue(shown)
        self.assertEqual(shown, names[:len(shown)])
        if len(names) > len(shown):
            self.assertIn(f"\n  {len(names) - len(shown)} more\n", said)
        details = self.read("found/details.txt").decode()
        self.assertLessEqual(set(names), set(re.findall(r"(?m)^ +\d+ bytes  (planted:\S+)", details)))
        self.assertRegex(said, r"\n +expected .*, got a (store|load) at ")


class Verbs(Base):
    """What takes --parser beside check and explain."""
    READERS = os.path.join(OWN, "planted", "readers.c")

    def verb(self, verb, *words, fault="MISSED_FLAG", trust="TRUSTING", parser=READERS, status=0):
        done = self.run_it(CAPCHAIN, verb, "--parser", parser, *words,
                           PARSER_CFLAGS=f"-DFAULT={fault} -DTRUST=INFO_{trust}")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def setUp(self):
        super().setUp()
        # No flag, and a cap_offset: what the reference calls absent.
        self.flagless = self.write("region-flagless.bin", struct.pack("<IIIIQQ", 48, 0, 0, 32, 0, 0) + bytes(16))
        self.write("expect/reference.txt", "")

    def test_shrink_keeps_its_bucket(self):
        said = self.verb("shrink", self.flagless, "-o", "region-small.bin").stdout
        self.assertIn("keeps mine:ok:wrong-caps:absent\n", said)
        self.assertEqual(self.judged(self.READERS, "region-small.bin", PARSER_CFLAGS="-DFAULT=MISSED_FLAG "
                                     "-DTRUST=INFO_TRUSTING"), ["ok:wrong-caps:absent"])

    def test_shrink_keeps_no_other(self):
        said = self.verb("shrink", self.inputs["loop"], "-o", "region-small.bin", status=2).stderr
        self.assertIn("mine differs in nothing: nothing to keep", said)
        self.verb("shrink", "--bucket", "naive:runaway:fault:loop", self.inputs["loop"], "-o", "region-small.bin", status=2)
        self.assertFalse(os.path.exists(self.path("region-small.bin")))

    def test_explain_shows_three(self):
        said = self.verb("explain", self.flagless).stdout
        self.assertEqual(re.findall(r"(?m)^(\S+(?: \(\w+\))?): (?:absent|ok|reject)", said),
                         ["reference", "bounded (kernel)", "mine (kernel)"])
        self.assertIn("expected nothing, got id 0 at 32", said)
        self.assertGreater(self.verb("explain", "--all", self.flagless).stdout.count("\nqemu"), 0)

    def test_exhaust(self):
        said = self.verb("exhaust", "--caps", "1", "--kind", "region", status=1).stdout
        self.assertIn("broken promises: 3, and 0 that the ledger excuses", said)
        self.assertRegex(said, r"mine:oob:fault:absent: .*\n +expected absent, got a load at \d+, the buffer")
        self.assertNotRegex(said, "qemu|ledger.yaml")
        self.verb("exhaust", "--caps", "1", "--kind", "region", fault="RIGHT", trust="HARDENED")
        said = self.verb("exhaust", "--caps", "1", "--kind", "iommu", parser=os.path.join(OWN, "planted.c"), status=2)
        self.assertIn("planted does not read this kind", said.stderr)

    def test_replay(self):
        said = self.verb("replay", self.dir, status=1).stdout
        self.assertIn("# promise broken: mine:ok:wrong-caps:absent\n# expected nothing, got id 0 at 32\n", said)
        self.assertRegex(said, r"\n4 passed, 1 failed\n")
        self.assertNotIn("ledger", said)
        self.verb("replay", self.dir, fault="RIGHT", trust="HARDENED")
        self.assertIn("mine abstained on 5\n", self.verb("replay", self.dir, fault="ABSTAINS", trust="HARDENED",
                                                         status=1).stdout)

    def test_emit(self):
        self.verb("emit", self.inputs["loop"], "-o", "walk.c", parser=os.path.join(OWN, "planted.c"))
        self.build("cc", "-w", "walk.c", "-o", "walk")
        self.assertEqual(self.run_it("./walk").returncode, 22)
        self.assertIn("static void read_areas(const char *cap)", self.read("walk.c").decode())
        self.build(*GCC, "-O2", "-I" + OWN, "-c", os.path.join(OWN, "planted.c"), "-o", "gcc.o")
        said = self.verb("emit", self.inputs["loop"], "-o", "no.c", parser="gcc.o", status=2).stderr
        self.assertRegex(said, "planted: is not given as one file of C, .*explain --parser")
        self.assertFalse(os.path.exists(self.path("no.c")))


if __name__ == "__main__":
    main(["Fuzzed", "Mine", "Verbs"], __file__)
