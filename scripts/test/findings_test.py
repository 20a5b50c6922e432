#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where witnesses go and what `make clean` keeps of them, and that each script in findings/ stands alone."""

import glob
import os
import re
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, script, text_of  # noqa: E402


def make(*words):
    return run("make", "-s", "-C", ROOT, *words, env={**os.environ, "MAKEFLAGS": ""})


class Clean(Case):
    def setUp(self):
        super().setUp()
        self.build = self.path("build")

    def clean(self, *files):
        """What `make clean` prints and leaves of a build folder that has @files."""
        for name in files:
            self.write(f"build/{name}", "")
        done = make("clean", f"BUILD={self.build}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        left = [os.path.relpath(path, self.build)
                for path in glob.glob(os.path.join(self.build, "**"), recursive=True, include_hidden=True)
                if os.path.isfile(path)]
        return done.stdout.replace(self.build, "build"), sorted(left)

    def test_keeps_what_was_found(self):
        said, left = self.clean("findings/sets/region-1", "nightly/summary.txt", "capchain", "clang/obj/a.o",
                                ".hidden", "fuzz/corpus/findings/x", "findings-of-mine")
        self.assertEqual(said, "kept: build/findings\nkept: build/nightly\n")
        self.assertEqual(left, ["findings/sets/region-1", "nightly/summary.txt"])

    def test_speaks_of_what_is_there(self):
        self.assertEqual(self.clean("findings/broken/iommu-1", "capchain"),
                         ("kept: build/findings\n", ["findings/broken/iommu-1"]))

    def test_nothing_found(self):
        self.assertEqual(self.clean("capchain"), ("", []))
        self.assertFalse(os.path.exists(self.build))

    def test_nothing_built(self):
        self.assertEqual(self.clean(), ("", []))


class Folder(unittest.TestCase):
    def folder(self, *words):
        """What fuzz.py would get, by make's own word."""
        said = make("-n", "fuzz", "SETUP=0", *words).stdout
        return re.findall(r"--findings '([^']*)'", said)

    def test_default(self):
        self.assertEqual(self.folder(), ["build/findings"])
        # Of a parser that is not ours fuzz.py chooses one below it, by the parser.
        self.assertEqual(self.folder("PARSER=parsers/own/template.c"), [])
        said = run(script("fuzz", "fuzz.py"), "--help").stdout
        self.assertIn("(build/findings;", said)

    def test_given(self):
        self.assertEqual(self.folder("FINDINGS=my own"), ["my own"])
        self.assertEqual(self.folder("PARSER=parsers/own/template.c", "FINDINGS=/x"), ["/x"])

    def test_not_ignored(self):
        """findings/ holds scripts: git has to see what is added there."""
        self.assertFalse([line for line in text_of(".gitignore").splitlines() if "findings" in line])


def leans(text):
    """What a script of findings/ has that is of this project: words that it may not contain."""
    return [word for word in ("capchain", "../") if word in text.lower()]


class Alone(unittest.TestCase):
    def test_scripts(self):
        for path in glob.glob(os.path.join(ROOT, "findings", "*")):
            if path.endswith("README.md"):
                continue
            with self.subTest(path=path):
                self.assertTrue(path.endswith(".sh"), "findings/ holds scripts NAME.sh alone")
                self.assertEqual(leans(text_of(path)), [])

    def test_words(self):
        self.assertEqual(leans("#!/bin/sh\ncd ../scripts && ./Capchain\n"), ["capchain", "../"])
        self.assertEqual(leans("#!/bin/sh\napt-get download x; cd ..\n"), [])


if __name__ == "__main__":
    run_tests()
