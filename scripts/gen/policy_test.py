#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of policy.py: a page that is stale, inputs that show something else, and tools that fail.

CAPCHAIN=build/clang/capchain names the command (build/capchain without it).
"""
import json
import os
import re
import shutil
import subprocess
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
        self.corpus = os.path.join(self.dir, "corpus")
        shutil.copytree(CORPUS, self.corpus)
        self.models = os.path.join(self.dir, "models")
        shutil.copytree(MODELS, self.models)
        self.page = os.path.join(self.models, "POLICY.md")

    def check(self, capchain=CAPCHAIN):
        return policy("--check", capchain, self.corpus, self.page)

    def one_line(self, done, status, words):
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, words)

    def test_fresh(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_writes_what_it_checks(self):
        os.unlink(self.page)
        self.assertEqual(policy(CAPCHAIN, self.corpus, self.page).returncode, 0)
        with open(self.page, encoding="utf-8") as made, open(PAGE, encoding="utf-8") as kept:
            self.assertEqual(made.read(), kept.read())

    def test_stale(self):
        text = Path(self.page).read_text("utf-8")
        Path(self.page).write_text(text.replace("never ends", "refuses", 1), "utf-8")
        done = self.check()
        self.one_line(done, 1, "POLICY.md is stale; make policy")
        self.assertIn("+| ", done.stdout)

    def test_page_missing(self):
        os.unlink(self.page)
        self.one_line(self.check(), 1, "POLICY.md: .*; make it with make policy")

    def test_judge_changed(self):
        """A cell is the judge's outcome: where that changes, the page is stale."""
        liar = os.path.join(self.dir, "liar")
        Path(liar).write_text(LIAR.format(capchain=CAPCHAIN), "utf-8")
        os.chmod(liar, 0o755)
        done = self.check(liar)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^\+\| `naive` \|.* refuses \|")

    def test_input_changed(self):
        path = os.path.join(self.corpus, "regressions", "region-backward.yaml")
        Path(path).write_text("kind: region\ncaps:\n  - {id: TYPE}\n", "utf-8")
        self.one_line(self.check(), 2, "region-backward no longer shows backward")

    def test_input_missing(self):
        os.unlink(os.path.join(self.corpus, "regressions", "region-backward.yaml"))
        self.one_line(self.check(), 2, "region-backward.yaml: not found")

    def test_command_missing(self):
        self.one_line(self.check(os.path.join(self.dir, "none")), 2, "build it with make")

    def test_command_fails(self):
        self.one_line(self.check("/bin/false"), 2, "does not judge what it is given")

    def test_no_models(self):
        page = os.path.join(self.dir, "POLICY.md")
        self.one_line(policy(CAPCHAIN, self.corpus, page), 2, "no model of any parser")

    def test_not_writable(self):
        os.unlink(self.page)
        os.mkdir(self.page)
        self.one_line(policy(CAPCHAIN, self.corpus, self.page), 5, "POLICY.md: ")

    def test_usage(self):
        self.one_line(policy(CAPCHAIN), 2, "usage: ")
        self.assertIn("Exit status", policy("--help").stdout)

    def test_every_rule_and_note(self):
        """What `list` knows stands in the page, each reader has a row in all three tables."""
        text = Path(PAGE).read_text("utf-8")
        listed = subprocess.run([CAPCHAIN, "list", "--json"], capture_output=True, text=True,
                                check=True).stdout
        for name in re.findall(r'"(?:rule|note)":"([a-z0-9-]+)"', listed):
            self.assertRegex(text, rf"(?m)^\| {name} \| \S")
        readers = [each["parser"] for each in map(json.loads, listed.splitlines())
                   if each.get("everywhere")]
        self.assertGreater(len(readers), 15)
        for name in readers:
            self.assertEqual(len(re.findall(rf"(?m)^\| `{name}`( \(peer\))? \|", text)), 3, name)


if __name__ == "__main__":
    run_tests()
