#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of policy.py: a page that is stale, inputs that show something else, and tools that fail.

CAPCHAIN=build/clang/capchain names the command (build/capchain without it).
"""
import json
import os
import re
import shutil
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests, script  # noqa: E402

MODELS = os.path.join(ROOT, "parsers", "models")
PAGE = os.path.join(MODELS, "POLICY.md")

# A command that judges as the real one does, but for one reader's answer to one input.
LIAR = """#!/bin/sh
{capchain} "$@" | sed '/region-backward.yaml/s/{{"name":"naive","verdict":"ok"/{{"name":"naive","verdict":"reject"/'
"""


def policy(*arguments):
    return run(script("gen", "policy.py"), *arguments)


class Policy(Case):
    def setUp(self):
        super().setUp()
        self.corpus = shutil.copytree(CORPUS, self.path("corpus"))
        self.page = os.path.join(shutil.copytree(MODELS, self.path("models")), "POLICY.md")

    def check(self, capchain=CAPCHAIN):
        return policy("--check", capchain, self.corpus, self.page)

    def one_line(self, done, status, words):
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, words)

    def test_fresh(self):
        """It is fresh here, and what is written is what was checked."""
        done = self.check()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        os.unlink(self.page)
        self.assertEqual(policy(CAPCHAIN, self.corpus, self.page).returncode, 0)
        self.assertEqual(self.text("models", "POLICY.md"), Path(PAGE).read_text("utf-8"))

    def test_stale(self):
        self.write("models/POLICY.md", self.text("models", "POLICY.md").replace("never ends", "refuses", 1))
        done = self.check()
        self.one_line(done, 1, "POLICY.md is stale; make policy")
        self.assertIn("+| ", done.stdout)
        # A cell is the judge's outcome: where that changes, the page is stale.
        done = self.check(self.write("liar", LIAR.format(capchain=CAPCHAIN), 0o755))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^\+\| `naive` \|.* \[refuses\]\(\S+\) \|")

    def test_refused(self):
        """One line, and why: commands, inputs, the page."""
        self.one_line(self.check(self.path("none")), 2, "build it with make")
        self.one_line(self.check("/bin/false"), 2, "does not judge what it is given")
        self.one_line(policy(CAPCHAIN, self.corpus, self.path("corpus/POLICY.md")), 2, "no model of any parser")
        path = self.write("corpus/regressions/region-backward.yaml", "kind: region\ncaps:\n  - {id: TYPE}\n")
        self.one_line(self.check(), 2, "region-backward no longer shows backward")
        os.unlink(path)
        self.one_line(self.check(), 2, "region-backward.yaml: not found")
        shutil.copy(os.path.join(CORPUS, "regressions", "region-backward.yaml"), path)
        os.unlink(self.page)
        self.one_line(self.check(), 1, "POLICY.md: .*; make it with make policy")
        os.mkdir(self.page)
        self.one_line(policy(CAPCHAIN, self.corpus, self.page), 5, "POLICY.md: ")
        done = policy(CAPCHAIN)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "usage: ")
        self.assertIn("Exit status", policy("--help").stdout)

    def test_every_rule_and_note(self):
        """What `list` knows stands in the page, each reader has a row in all tables that are about it, and each word of it a witness."""
        text = Path(PAGE).read_text("utf-8")
        listed = run(CAPCHAIN, "list", "--json").stdout
        for name in re.findall(r'"(?:rule|note)":"([a-z0-9-]+)"', listed):
            self.assertRegex(text, rf"(?m)^\| {name} \| \S")
        readers = [each for each in map(json.loads, listed.splitlines()) if each.get("everywhere")]
        self.assertGreater(len(readers), 15)
        for each in readers:
            rows = re.findall(rf"(?m)^\| `{each['parser']}`(?: \((?:peer|device|file)\))? \|[^|]*\|(.*)\|$", text)
            self.assertEqual(len(rows), 3 + ("region" in each["kinds"]) + ("pci" in each["kinds"]), each["parser"])
            # Each word leads to an input that is there.
            for cell in " | ".join(rows).split(" | "):
                self.assertRegex(cell.strip(), r"\A(-|\[[\w -]+\]\(\S+\)(, \[[\w -]+\]\(\S+\))*)\Z", each["parser"])
        for path in set(re.findall(r"\]\(\.\./\.\./(corpus/\S+?)\)", text)):
            self.assertTrue(os.path.isfile(os.path.join(os.path.dirname(CORPUS), path)), path)


if __name__ == "__main__":
    run_tests()
