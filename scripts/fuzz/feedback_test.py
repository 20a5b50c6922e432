#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Proves that verdicts are coverage under both engines: two buffers that run the same branches of
everything instrumented, and on which one reader answers differently, are two inputs to the engine with
the feedback, be it of sets, of answers or of both, and one without. When it fails with the feedback on,
the compiler dropped the stores of fuzz/target/feedback.c or the engine does not know of them; when it fails
with it off, some branch parts the two buffers, and the test needs another pair.

CAPCHAIN_BUILD is the folder with libfuzzer*/fuzz_region_info and afl/fuzz_region_info; build by default.
"""

import os
import re
import shutil
import struct
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.engine_afl import UNATTENDED, read_stats  # noqa: E402
from test.tools import BUILD, Case, run, run_tests  # noqa: E402

# SETS and ANSWERS of feedback.c.
OUTCOMES = 1024 + 512
# Of CAPCHAIN_FEEDBACK: all, then each half alone.
TOLD = ("1", "sets", "answers")


def sparse(offset):
    """A region reply with one sparse area: openvmm refuses one that is not page-aligned."""
    return (struct.pack("<4I2Q", 64, 1 << 3, 0, 32, 1 << 20, 0) + struct.pack("<HHI", 1, 1, 0)
            + struct.pack("<IIQQ", 1, 0, offset, 0x1000))


class Feedback(Case):

    def setUp(self):
        super().setUp()
        for name, offset in (("one", 0x1000), ("other", 0x1001)):
            self.write(f"{name}/{name}", sparse(offset))

    def run_it(self, command, feedback, **env):
        done = run(*command, env={**os.environ, "CAPCHAIN_FEEDBACK": feedback, **env})
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        return said

    def libfuzzer(self, build, feedback):
        target = os.path.join(BUILD, build, "fuzz_region_info")
        said = self.run_it([target, "-runs=0", self.path("one"), self.path("other")], feedback)
        return tuple(map(int, re.search(r"INITED cov: (\d+) ft: \d+ corp: (\d+)/", said).groups()))

    def test_libfuzzer(self):
        for build in ("libfuzzer", "libfuzzer-fast"):
            with self.subTest(build=build):
                covered, inputs = self.libfuzzer(build, "0")
                self.assertEqual(inputs, 1)
                for told in TOLD:
                    self.assertEqual(self.libfuzzer(build, told), (covered, 2), told)

    def afl(self, feedback):
        """Inputs of AFL++'s queue after it was fed the other buffer, and its stability."""
        out = self.path("out" + feedback)
        self.run_it(["afl-fuzz", "-i", self.path("one"), "-o", out, "-E", "200", "-s",
                     "1", "--", os.path.join(BUILD, "afl", "fuzz_region_info")], feedback,
                    AFL_CUSTOM_MUTATOR_LIBRARY=os.path.join(BUILD, "afl", "bench_feed.so"),
                    AFL_CUSTOM_MUTATOR_ONLY="1", AFL_DISABLE_TRIM="1", **UNATTENDED,
                    CAPCHAIN_BENCH=self.path("other"))
        stats = read_stats(os.path.join(out, "default", "fuzzer_stats"))
        # Its map has room for each outcome beside the edges of the code.
        self.assertGreater(int(stats["total_edges"]), OUTCOMES + 100)
        return int(stats["corpus_count"]), stats["stability"]

    def test_afl(self):
        if not shutil.which("afl-fuzz"):
            self.skipTest("no AFL++ here")
        self.assertEqual(self.afl("0"), (1, "100.00%"))
        for told in TOLD:
            self.assertEqual(self.afl(told), (2, "100.00%"), told)


if __name__ == "__main__":
    run_tests()
