#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests that folders of any name do, of a run and of a night, or are refused before anything is lost.

CAPCHAIN names the binary; the targets are those of its build.
"""

import os
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.report import read_counts  # noqa: E402
from test.tools import BUILD, CAPCHAIN, CORPUS, Case, run, run_tests, script  # noqa: E402

NAMES = ("a blank", "it's", 'a "quote"', "$(touch here)", "-dash", "a;b")


class Paths(Case):
    def fuzz(self, engine, name):
        targets = os.path.join(BUILD, engine)
        if not os.access(os.path.join(targets, "fuzz_region_info"), os.X_OK):
            self.skipTest(f"no target of {engine} is built")
        os.symlink(CORPUS, self.path("corpus")) if not os.path.lexists(self.path("corpus")) else None
        return run(script("fuzz", "fuzz.py"), "--kind", "region", "--seconds", "3", "--jobs", "1", "--engine", engine,
                   "--corpus", "corpus", "--work=" + name + "/work", "--findings=" + name + "/findings", "--capchain",
                   CAPCHAIN, "--targets", targets, "--mutators", os.path.join(BUILD, "afl"), cwd=self.dir)

    def each(self, engine):
        for name in NAMES:
            done = self.fuzz(engine, name)
            if name.startswith("-"):
                self.assertEqual(done.returncode, 2, name)
                self.assertIn("begins with a dash, which engines take for an option: say ./-dash", done.stderr)
                continue
            self.assertEqual(done.returncode, 0, name + done.stdout + done.stderr)
            self.assertTrue(os.listdir(self.path(name, "findings", "sets")), name)
        self.assertFalse(os.path.exists(self.path("here")))

    def test_libfuzzer(self):
        self.each("libfuzzer")

    def test_jobs_leave_one_file_of_counts(self):
        """libFuzzer's own jobs and merges start the target anew, many times."""
        target = os.path.join(BUILD, "libfuzzer", "fuzz_region_info")
        if not os.access(target, os.X_OK):
            self.skipTest("no target of libfuzzer is built")
        os.mkdir(self.path("inputs"))
        for options in (["-fork=2", "-runs=3000"], ["-jobs=2", "-workers=2", "-runs=1000"]):
            findings = self.path(options[0][1:])
            done = run(target, *options, "-seed=1", "inputs", cwd=self.dir,
                       env={**os.environ, "CAPCHAIN_FINDINGS": findings})
            self.assertEqual(done.returncode, 0, done.stderr)
            name, = os.listdir(os.path.join(findings, "counts"))
            counts = read_counts(os.path.join(findings, "counts", name))
            self.assertGreaterEqual(counts.walked, 2000, name)
            self.assertTrue(os.listdir(os.path.join(findings, "sets")))

    def test_afl(self):
        self.each("afl")

    def test_a_night_is_refused(self):
        """What libFuzzer's merge cannot take, before the engines run."""
        for name in NAMES:
            done = run(script("nightly", "nightly.py"), "--no-make", "--kind", "region", "--seconds", "1",
                       "--work=" + name, "--corpus", CORPUS, "--build", BUILD, cwd=self.dir)
            if done.returncode == 3 and "nightly: " in done.stderr:
                self.skipTest(done.stderr.strip())
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), name + done.stdout + done.stderr)
            self.assertRegex(done.stderr, "libFuzzer's merge takes no folder|begins with a dash")


if __name__ == "__main__":
    run_tests()
