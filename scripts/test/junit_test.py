#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests `capchain replay --junit`: the report says what the TAP says, and any XML reader takes it."""

import os
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test import cli_test  # noqa: E402
from test.cli_test import CUT, LOOP, PLAIN  # noqa: E402
from test.tools import run_tests  # noqa: E402


class Junit(cli_test.Corpus):
    INPUTS = {"captured/region-loop.bin": LOOP, "captured/region-cut.bin": CUT, "region-top.bin": PLAIN}

    def setUp(self):
        super().setUp()
        self.beside = self.new_dir()

    def report(self, status=0, path="."):
        """(folder, name) to what is wrong, of a report that agrees with the TAP beside it."""
        file = Path(self.beside, "report.xml")
        code, out, _ = self.run_it(f"replay --junit {file} {path}")
        self.assertEqual(code, status, out)
        root = ET.fromstring(file.read_bytes())
        suite, = root
        self.assertEqual((root.tag, suite.tag), ("testsuites", "testsuite"))
        cases = {}
        for case in suite:
            failure, key = case.find("failure"), (case.get("classname"), case.get("name"))
            self.assertNotIn(key, cases)
            cases[key] = None if failure is None else failure.get("message")
        lines = file.read_text("utf-8").splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("<testcase ")]), len(cases))
        failed = sum(why is not None for why in cases.values())
        for top in (root, suite):
            self.assertEqual((top.get("tests"), top.get("failures"), top.get("errors")),
                             (str(len(cases)), str(failed), "0"))
        # XML has no such characters.
        out = out.replace("\ufffe", "%EF%BF%BE").replace("\uffff", "%EF%BF%BF")
        told = re.findall(r"(?m)^(not )?ok \d+ - (.*)$", out)
        if told:
            self.assertEqual([("/".join(filter(None, key)), why is None) for key, why in cases.items()],
                             [(name, not bad) for bad, name in told])
        return cases

    def test_passed(self):
        reports = []
        for _ in range(2):
            self.assertEqual(self.report(), {("captured", "region-cut.bin"): None,
                                             ("captured", "region-loop.bin"): None,
                                             ("", "region-top.bin"): None})
            reports.append(self.read(self.beside, "report.xml"))
        self.assertEqual(reports[0], reports[1])

    def test_failed(self):
        for name in ("reference.txt", "naive.txt"):
            self.edit(name, rb"(region-loop.bin )\w+( loop)?", rb"\1absent")
        os.remove(self.path("captured", "region-cut.bin"))
        said = self.report(1)
        why = said["captured", "region-loop.bin"]
        self.assertEqual(why.splitlines()[0], "reference: expected absent, got reject loop")
        self.assertIn("\nnaive: expected absent, got runaway", why)
        self.assertIn("its file is gone", said["captured", "region-cut.bin"])

    def test_nothing(self):
        """A service that reads the report alone must not take an empty one for a success."""
        self.make_dirs("none")
        self.assertEqual(self.report(1, "none"), {("", "nothing"): "nothing was replayed"})

    def test_names(self):
        names = (b"region-<&>\"'.bin", b"region-]]>.bin", b"region-\x01\x7f\n.bin",
                 b"region-\xff\xfe.bin", "region-\ufffe\uffff\u00e9\U0001f600.bin".encode(),
                 b"region-%41&#10;.bin", b"region-\xed\xa0\x80.bin")
        for name in names:
            self.write(b"hostile/" + name, PLAIN)
        said = self.report(1, "hostile")
        self.assertEqual(len(said), len(names))
        for why in said.values():
            self.assertIn("bless it", why)
        self.assertLessEqual({("hostile", "region-<&>\"'.bin"), ("hostile", "region-%01%7F%0A.bin")}, set(said))

    def test_hostile_lists(self):
        """What stands in expect/ is somebody's text too."""
        self.edit("reference.txt", b"region-top.bin ok", b'region-top.bin <"&\x02\xef\xbf\xbf>')
        self.assertEqual(self.report(1)["", "region-top.bin"].splitlines()[0],
                         'reference: expected <"&%02%EF%BF%BF>, got ok')

    def test_where_it_goes(self):
        self.all_fail((5, "replay --junit none/x.xml .", "none/x.xml"),
                      (5, f"replay --junit {self.beside} .", "cannot write"),
                      (5, "replay --junit=/dev/full .", "/dev/full"))
        self.misused(("replay --junit - .", "name a file for --junit"))
        self.assertEqual(os.listdir(self.beside), [])
        # A special file stays one.
        sink = os.path.join(self.beside, "sink")
        os.symlink("/dev/null", sink)
        self.works(f"replay --junit {sink} .")
        self.assertTrue(os.path.islink(sink))


if __name__ == "__main__":
    run_tests()
