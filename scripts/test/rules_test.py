#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""fuzz/RULES.md against the command: every name that capchain has stands in it, and each example of a
class shows the bucket that the page says; and the versions of the copied headers against CHANGELOG.md. When a
test fails, a rule, note, relation or verdict was added or renamed, an example changed its verdict, or a
header its version: mend the page."""

import json
import os
import re
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import names  # noqa: E402
from test.tools import CAPCHAIN, ROOT, run, run_tests, text_of  # noqa: E402


def said(*arguments):
    return [json.loads(line) for line in run(CAPCHAIN, *arguments, cwd=ROOT).stdout.splitlines()]


class Rules(unittest.TestCase):
    def setUp(self):
        self.page = text_of("fuzz/RULES.md")

    def test_names(self):
        named = [row[key] for row in said("list", "--json")
                 for key in ("rule", "note", "relation", "verdict", "class") if key in row]
        self.assertGreater(len(named), 20)
        self.assertEqual([name for name in named if f"`{name}`" not in self.page], [])

    def test_scripts_have_the_same(self):
        rows = said("list", "--json")
        self.assertEqual(tuple(row["kind"] for row in rows if "struct" in row), names.BUFFERS)
        self.assertEqual(tuple(row["class"] for row in rows if row.get("of") == "buffer"), names.CLASSES)
        self.assertEqual(tuple(row["class"] for row in rows if row.get("of") == "disagreement"),
                         (*names.DISAGREEMENTS[1:], "unstable", "conversation", "model-differs"))

    def test_examples(self):
        examples = re.findall(r"^\| `([a-z-]+:[a-z-]+:([a-z-]+):[a-z-]+)` \| `([a-z0-9-]+)` \|", self.page, re.M)
        self.assertEqual({row[1] for row in examples}, {
            "wrong-caps", "wrong-payload", "rejects-valid", "accepts-malformed",
            "absent-for-unreadable", "fault"})
        for bucket, _, name in examples:
            with self.subTest(bucket):
                shown = said("check", "--json", f"corpus/regressions/{name}.yaml")[0]
                self.assertIn(bucket, [found["bucket"] for found in shown["disagreements"]])


class Readers(unittest.TestCase):
    def test_rows(self):
        """Every parser has its row in the table of readers."""
        rows = re.findall(r"^\| (`.*?) \|", text_of("parsers/README.md"), re.M)
        named = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}
        self.assertEqual([row["parser"] for row in said("list", "--json")
                          if "parser" in row and row["parser"] not in named], [])


class Headers(unittest.TestCase):
    def test_versions(self):
        """What a copied header calls itself stands in CHANGELOG.md."""
        changes = text_of("CHANGELOG.md")
        for name in ("bounded.h", "fetch.h", "pcicaps.h"):
            major, minor = re.search(r"define (?:VB|VF|PC)_VERSION 0x(..)(..)..$", text_of("parsers/include", name), re.M).groups()
            self.assertIn(f"`{name}` {int(major, 16)}.{int(minor, 16)}", changes)


if __name__ == "__main__":
    run_tests()
