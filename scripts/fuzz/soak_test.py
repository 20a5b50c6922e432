#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests what soak.py and a night look at: AFL++'s own word that every target does the same with the same
input, in each build and each kind, after some thousand inputs; and that they see one which does not, or
which grows.

CAPCHAIN_BUILD is the folder with afl/, afl-asan/ and afl-cmplog/ of `make nightly-built`; build by default.
"""

import contextlib
import dataclasses
import io
import os
import re
import shutil
import sys
import time
import types
import unittest
from unittest import mock

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from nightly import instances as engines  # noqa: E402
from fuzz import soak  # noqa: E402
from fuzz.engine_afl import STABLE, UNATTENDED, Afl, read_stats  # noqa: E402
from fuzz.engines import BUILDS  # noqa: E402
from fuzz.report import FINE, NO_ENGINE, NOT_FINE, Refused  # noqa: E402
from test.tools import BUILD, ROOT, Case, run, run_tests  # noqa: E402

# One input in 512 is held to the relations.
EXECS = 4000
# What a soak says of one that grows, and not of a run that has no sample yet.
GROWN = re.compile(r"peak memory [1-9]\d* KiB, then [1-9]\d* KiB")
TARGET = """
#include <stdlib.h>
#include <string.h>
#include "target.h"
int LLVMFuzzerInitialize(int *argc, char ***argv) {{ return !argc && !argv; }}
{more}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{{
	{body}
	return 0;
}}
"""
# Every second run of an input goes another way.
UNSTABLE = TARGET.format(more="static unsigned int runs;", body="if (size && data[0] && runs++ % 2) runs += 2;")
# Four KiB of every run stay.
LEAKING = TARGET.format(more="static char *volatile kept;", body="""
	kept = malloc(4096);
	if (kept)
		memset(kept, size ? data[0] : 1, 4096);""")


@unittest.skipUnless(shutil.which("afl-fuzz"), "no AFL++ here")
class Stability(Case):

    def setUp(self):
        super().setUp()
        os.chdir(ROOT)

    def seeds(self, kind):
        return fuzz_seeds.prepared(self.path("seeds"), [kind], f"{BUILD}/capchain")[kind]

    def planted(self, source):
        """A build folder whose region target is made of this."""
        source, made = self.write("planted.c", source), self.path("planted.o")
        target = self.write("build/afl-asan/fuzz_region_info", "")
        run(*compilers.c_of("clang"), "-iquote", "fuzz/target", "-fsanitize-coverage=trace-pc-guard", "-c", source, "-o",
            made, check=True)
        run("afl-clang-fast", made, f"{BUILD}/afl/afl_main.o",
            *(f"{BUILD}/clang/obj/fuzz/target/{name}.o" for name in ("run_files", "file")), "-o", target,
            env={**os.environ, "AFL_QUIET": "1"}, check=True)
        return self.path("build")

    def test_every_target_is_stable(self):
        for kind in soak.KINDS:
            seeds = self.seeds(kind)
            for build in [build for build in BUILDS if build.startswith(Afl.name)]:
                out = self.path(f"{build}-{kind}")
                done = run(*soak.command(BUILD, build, kind, seeds, out, execs=EXECS, seed=1), timeout=None,
                           env={**os.environ, **UNATTENDED, "AFL_FAST_CAL": "1"})
                stats = read_stats(os.path.join(out, "default", "fuzzer_stats"))
                with self.subTest(build=build, kind=kind):
                    self.assertEqual(done.returncode, 0, done.stdout[-800:])
                    self.assertGreaterEqual(int(stats["execs_done"]), EXECS)
                    self.assertEqual(stats["stability"], STABLE)

    def started(self, build, seconds):
        """A soak of the region target of a build folder."""
        self.write("in/seed", b"seed")
        with contextlib.redirect_stdout(io.StringIO()):
            soaking = soak.Run(types.SimpleNamespace(build=build, seconds=seconds), "afl-asan", "region", self.dir,
                               self.path("in"))
        self.addCleanup(soaking.process.wait)
        return soaking

    def soaked(self, build):
        """Two seconds of it: the run, and its problems."""
        soaking = self.started(build, 2)
        while not soaking.done():
            soaking.sample()
            time.sleep(0.05)
        return soaking, soaking.problems()

    def test_soak_sees_one_that_is_not(self):
        soaking, problems = self.soaked(self.planted(UNSTABLE))
        self.assertEqual(sum(problem.startswith("stability") for problem in problems), 1, soaking.summary)

    def test_soak_sees_one_that_grows(self):
        """It grows by what it runs, so it is looked at until that shows, however slow this machine is."""
        soaking = self.started(self.planted(LEAKING), 3600)
        self.addCleanup(soaking.process.kill)
        while not soaking.done() and not any(map(GROWN.match, soaking.problems())):
            soaking.sample()
            time.sleep(0.05)
        self.assertFalse(soaking.done(), soaking.summary)

    def test_soak_sees_one_that_does_not_start(self):
        _, problems = self.soaked(self.path("nowhere"))
        self.assertEqual(problems[:3], ["ended with status 1", "stability not told", "ran no input"])

    def test_soak_wants_to_see_memory(self):
        with mock.patch.object(soak.machine, "PROC", self.path("proc")), \
                mock.patch.object(sys, "argv", ["soak.py"]), \
                self.assertRaises(Refused) as refused:
            soak.main()
        self.assertEqual(refused.exception.status, NO_ENGINE)
        self.assertEqual(str(refused.exception), "memory of processes cannot be read: "
                         f"{self.path('proc')}/{os.getpid()}/stat: No such file or directory; it wants "
                         "/proc as the kernel has it: mount it")

    def test_a_night_sees_one_that_is_not(self):
        setup = engines.NightSetup("libfuzzer", "corpus", self.dir, self.path("findings"), "capchain", "targets")
        worker = Afl(setup, "region", 2, 1, "asan")
        worker.process = types.SimpleNamespace(returncode=0)
        for said, end in ((STABLE, ("fine", FINE, "")),
                          ("99.82%", ("failed", NOT_FINE, "targets/fuzz_region_info is not stable as asan: AFL++ says "
                                      "99.82%"))):
            self.write(os.path.relpath(worker.own, self.dir) + "/fuzzer_stats", f"stability         : {said}\n")
            self.assertEqual(dataclasses.astuple(worker.outcome()), end)


if __name__ == "__main__":
    run_tests()
