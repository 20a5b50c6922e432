#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""equal.sh: builds that print other lines than the first are told, by planted builds that print what
they are told to."""
import os
import shutil
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import Case, run, run_tests, script  # noqa: E402

LINES = "one\n\twrote at 1\ntwo\n"


class Equal(Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("scripts/test"))
        for name in ("equal.sh", "i386.sh"):
            shutil.copy(script("test", name), self.path("scripts/test"))

    def plant(self, config, text, status=0):
        self.write(f"build/{config}/equal",
                   f"#!/bin/sh\n[ \"$1\" = /bytes ] && printf %s '{text}'\nexit {status}\n", 0o755)

    def run_it(self):
        return run(self.path("scripts/test/equal.sh"), "/bytes")

    def test_same(self):
        self.plant("clang", LINES)
        self.plant("gcc", LINES)
        done = self.run_it()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"\Aok      clang\nok      gcc\n2 builds; verdicts of 2 "
                                      r"buffers: [0-9a-f]{16}\n\Z")

    def test_differ(self):
        for lines in (LINES.replace("1", "0"), LINES + "three\n", ""):
            self.plant("clang", LINES)
            self.plant("gcc", lines)
            done = self.run_it()
            self.assertEqual(done.returncode, 1, lines)
            self.assertRegex(done.stdout, r"FAILED  gcc: \d+ lines differ:")
            shutil.rmtree(self.path("build"))

    def test_ends(self):
        self.plant("clang", LINES)
        self.plant("gcc", LINES, 3)
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED  gcc: ended with 3", done.stdout)

    def test_nothing(self):
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "nothing to compare: make equal builds it\n")


if __name__ == "__main__":
    run_tests()
