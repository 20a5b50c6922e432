#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests what soak.py and a night look at: AFL++'s own word that every target does the same with the same
input, in each build and each kind, after some thousand inputs; and that they see one which does not.

CAPCHAIN_BUILD is the folder with afl/, afl-asan/ and afl-cmplog/ of `make nightly-built`; build by default.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("CAPCHAIN_BUILD", os.path.join(ROOT, "build")))
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from fuzz import engines as fuzz_engines  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from nightly import instances as engines  # noqa: E402
from fuzz import soak  # noqa: E402
from fuzz.afl import STABLE, UNATTENDED, read_stats  # noqa: E402

# One input in 512 is held to the relations.
EXECS = 4000
# Every second run of an input goes another way.
UNSTABLE = """
#include "target.h"
static unsigned int runs;
int LLVMFuzzerInitialize(int *argc, char ***argv) { return !argc && !argv; }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] && runs++ % 2)
		runs += 2;
	return 0;
}
"""


@unittest.skipUnless(shutil.which("afl-fuzz"), "no AFL++ here")
class Stability(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soak-test-")
        self.addCleanup(folder.cleanup)
        self.at = folder.name
        os.chdir(ROOT)

    def path(self, *names):
        return os.path.join(self.at, *names)

    def seeds(self, kind):
        setup = types.SimpleNamespace(corpus="corpus", capchain=f"{BUILD}/capchain",
                                      seeds=lambda kind: self.path("seeds", kind))
        fuzz_seeds.prepare(setup, kind)
        return setup.seeds(kind)

    def unstable(self):
        """A build folder whose region target is not stable."""
        os.makedirs(self.path("build", "afl-asan"))
        with open(self.path("unstable.c"), "w", encoding="ascii") as file:
            file.write(UNSTABLE)
        subprocess.run(["clang", "-iquote", "fuzz/target", "-fsanitize-coverage=trace-pc-guard", "-c",
                        self.path("unstable.c"), "-o", self.path("unstable.o")], check=True)
        subprocess.run(["afl-clang-fast", self.path("unstable.o"), f"{BUILD}/afl/afl_main.o",
                        f"{BUILD}/clang/obj/fuzz/target/run_files.o", f"{BUILD}/clang/obj/fuzz/target/file.o", "-o",
                        self.path("build", "afl-asan", "fuzz_region_info")],
                       env={**os.environ, "AFL_QUIET": "1"}, check=True)
        return self.path("build")

    def test_every_target_is_stable(self):
        for kind in soak.KINDS:
            seeds = self.seeds(kind)
            for build in soak.AFL:
                out = self.path(f"{build}-{kind}")
                done = subprocess.run(
                    soak.afl_command(BUILD, build, kind, seeds, out, "-E", str(EXECS), "-s", "1"),
                    env={**os.environ, **UNATTENDED, "AFL_FAST_CAL": "1"}, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                stats = read_stats(os.path.join(out, "default", "fuzzer_stats"))
                with self.subTest(build=build, kind=kind):
                    self.assertEqual(done.returncode, 0, done.stdout[-800:])
                    self.assertGreaterEqual(int(stats["execs_done"]), EXECS)
                    self.assertEqual(stats["stability"], STABLE)

    def test_soak_sees_one_that_is_not(self):
        options = types.SimpleNamespace(build=self.unstable(), seconds=2)
        os.makedirs(self.path("in"))
        with open(self.path("in", "seed"), "wb") as file:
            file.write(b"seed")
        with contextlib.redirect_stdout(io.StringIO()):
            run = soak.Run(options, "afl-asan", "region", self.at, self.path("in"))
        run.process.wait()
        run.log_file.close()
        problems = [problem for problem in run.problems() if problem.startswith("stability")]
        self.assertEqual(len(problems), 1, run.summary)

    def test_a_night_sees_one_that_is_not(self):
        setup = engines.NightSetup("libfuzzer", "corpus", self.at, self.path("findings"), "capchain",
                                   "targets")
        worker = engines.NightAfl(setup, "region", 2, 1, "asan")
        worker.process = types.SimpleNamespace(returncode=0)
        os.makedirs(worker.own)
        for said, how in ((STABLE, "fine"), ("99.82%", "failed")):
            with open(os.path.join(worker.own, "fuzzer_stats"), "w", encoding="ascii") as file:
                file.write(f"stability         : {said}\n")
            end = worker.outcome()
            self.assertEqual(end.how, how)
        self.assertEqual((end.status, end.why), (fuzz_engines.NOT_FINE, (
            "targets/fuzz_region_info is not stable as asan: AFL++ says 99.82%")))


if __name__ == "__main__":
    unittest.main()
