#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""equal.sh: builds that print other lines than the first are told, by planted builds that print what
they are told to."""
import os
import shutil
import subprocess
import tempfile
import unittest

LINES = "one\n\twrote at 1\ntwo\n"


class Equal(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        os.makedirs(f"{self.folder}/scripts/test")
        for name in ("equal.sh", "i386.sh"):
            shutil.copy(f"scripts/test/{name}", f"{self.folder}/scripts/test")

    def plant(self, config, text, status=0):
        os.makedirs(f"{self.folder}/build/{config}")
        path = f"{self.folder}/build/{config}/equal"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n[ \"$1\" = /bytes ] && printf %s '{text}'\nexit {status}\n")
        os.chmod(path, 0o755)

    def run_it(self):
        return subprocess.run([f"{self.folder}/scripts/test/equal.sh", "/bytes"], capture_output=True,
                              text=True, check=False)

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
            shutil.rmtree(f"{self.folder}/build")

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
    unittest.main()
