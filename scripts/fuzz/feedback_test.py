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
import subprocess
import sys
import tempfile
import unittest

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from fuzz.afl import UNATTENDED, read_stats  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("CAPCHAIN_BUILD",
                                       os.path.join(os.path.dirname(os.path.dirname(HERE)), "build")))
# SETS and ANSWERS of feedback.c.
OUTCOMES = 1024 + 512
# Of CAPCHAIN_FEEDBACK: all, then each half alone.
TOLD = ("1", "sets", "answers")


def sparse(offset):
    """A region reply with one sparse area: openvmm refuses one that is not page-aligned."""
    return (struct.pack("<4I2Q", 64, 1 << 3, 0, 32, 1 << 20, 0) + struct.pack("<HHI", 1, 1, 0)
            + struct.pack("<IIQQ", 1, 0, offset, 0x1000))


class Feedback(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="feedback-test-")
        self.addCleanup(folder.cleanup)
        self.at = folder.name
        for name, offset in (("one", 0x1000), ("other", 0x1001)):
            os.makedirs(os.path.join(self.at, name))
            with open(os.path.join(self.at, name, name), "wb") as file:
                file.write(sparse(offset))

    def run_it(self, command, feedback, **env):
        done = subprocess.run(command, env={**os.environ, "CAPCHAIN_FEEDBACK": feedback, **env},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        said = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, said)
        return said

    def libfuzzer(self, build, feedback):
        target = os.path.join(BUILD, build, "fuzz_region_info")
        said = self.run_it([target, "-runs=0", os.path.join(self.at, "one"),
                            os.path.join(self.at, "other")], feedback)
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
        out = os.path.join(self.at, "out" + feedback)
        self.run_it(["afl-fuzz", "-i", os.path.join(self.at, "one"), "-o", out, "-E", "200", "-s",
                     "1", "--", os.path.join(BUILD, "afl", "fuzz_region_info")], feedback,
                    AFL_CUSTOM_MUTATOR_LIBRARY=os.path.join(BUILD, "afl", "bench_feed.so"),
                    AFL_CUSTOM_MUTATOR_ONLY="1", AFL_DISABLE_TRIM="1", **UNATTENDED,
                    CAPCHAIN_BENCH=os.path.join(self.at, "other"))
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
    unittest.main()
