#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where witnesses go and what `make clean` keeps of them, and that each script in findings/ stands alone."""

import glob
import os
import re
import sys
import unittest
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, script, text_of  # noqa: E402


def make(*words):
    return run("make", "-s", "-C", ROOT, *words, env={**os.environ, "MAKEFLAGS": ""})


class Clean(Case):
    def test_what_is_kept(self):
        """What was found stays, and is named where it is there."""
        for files, kept, left in (
                (("findings/sets/region-1", "nightly/summary.txt", "capchain", "clang/obj/a.o", ".hidden",
                  "fuzz/corpus/findings/x", "findings-of-mine"), ("findings", "nightly"),
                 ["findings/sets/region-1", "nightly/summary.txt"]),
                (("findings/broken/iommu-1", "capchain"), ("findings",), ["findings/broken/iommu-1"]),
                (("capchain",), (), None), ((), (), None)):
            build = Path(self.new_dir(), "build")
            for name in files:
                Path(build, name).parent.mkdir(parents=True, exist_ok=True)
                Path(build, name).touch()
            done = make("clean", f"BUILD={build}")
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "".join(f"kept: {build}/{name}\n" for name in kept), ""))
            found = sorted(str(path.relative_to(build)) for path in build.rglob("*") if path.is_file())
            self.assertEqual(found if build.exists() else None, left)


class Folder(unittest.TestCase):
    def test_where_findings_go(self):
        """What fuzz.py would get, by make's own word. Of a parser that is not ours it chooses one itself."""
        for words, folders in (((), ["build/findings"]), (("PARSER=parsers/own/template.c",), []),
                               (("FINDINGS=my own",), ["my own"]),
                               (("PARSER=parsers/own/template.c", "FINDINGS=/x"), ["/x"])):
            said = make("-n", "fuzz", "SETUP=0", *words).stdout
            # The page that ends the run is of the same folder.
            self.assertEqual(sorted(set(re.findall(r"--findings '([^']*)'", said))), folders)
        self.assertIn("(build/findings;", run(script("fuzz", "fuzz.py"), "--help").stdout)

    def test_not_ignored(self):
        """findings/ holds scripts: git has to see what is added there."""
        self.assertNotIn("findings", text_of(".gitignore"))


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
