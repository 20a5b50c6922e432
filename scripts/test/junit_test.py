#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests `capchain replay --junit`: the report says what the TAP says, and any XML reader takes it."""

import os
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test import cli_test
from test.cli_test import CUT, LOOP, PLAIN
from test.tools import run_tests  # noqa: E402


class Junit(cli_test.Cli):
    """A corpus of the test's own, blessed."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("expect"))
        self.write("captured/region-loop.bin", LOOP)
        self.write("captured/region-cut.bin", CUT)
        self.write("region-top.bin", PLAIN)
        self.works("bless", self.dir)
        self.beside = self.new_dir()

    def report(self, status=0, paths=None):
        """(folder, name) to what is wrong, of a report that agrees with the TAP beside it."""
        file = os.path.join(self.beside, "report.xml")
        code, out, _ = self.run_it("replay", "--junit", file, *(paths or [self.dir]))
        self.assertEqual(code, status, out)
        data = Path(file).read_bytes()
        root = ET.fromstring(data)
        suite = root[0]
        self.assertEqual((root.tag, suite.tag, len(root)), ("testsuites", "testsuite", 1))
        cases, lines = {}, data.decode().splitlines()
        for case in suite:
            failure = case.find("failure")
            key = (case.get("classname"), case.get("name"))
            self.assertNotIn(key, cases)
            cases[key] = None if failure is None else failure.get("message")
        self.assertEqual(len([line for line in lines if line.startswith("<testcase ")]), len(cases))
        failed = sum(why is not None for why in cases.values())
        for top in (root, suite):
            self.assertEqual((top.get("tests"), top.get("failures"), top.get("errors")),
                             (str(len(cases)), str(failed), "0"))
        # XML has no such characters.
        out = out.replace("\ufffe", "%EF%BF%BE").replace("\uffff", "%EF%BF%BF")
        told = re.findall(r"(?m)^(not )?ok \d+ - (.*)$", out)
        if told:
            self.assertEqual([("/".join(filter(None, key)), why is None)
                              for key, why in cases.items()],
                             [(name, not bad) for bad, name in told])
        return cases

    def test_passed(self):
        self.assertEqual(self.report(), {("captured", "region-cut.bin"): None,
                                         ("captured", "region-loop.bin"): None,
                                         ("", "region-top.bin"): None})
        before = self.read(self.beside, "report.xml")
        self.report()
        self.assertEqual(self.read(self.beside, "report.xml"), before)

    def test_failed(self):
        for name in ("reference.txt", "naive.txt"):
            self.write(f"expect/{name}", re.sub(rb"(region-loop.bin )\w+( loop)?", rb"\1absent",
                                                self.read("expect", name)))
        why = self.report(1)[("captured", "region-loop.bin")]
        self.assertEqual(why.splitlines()[0], "reference: expected absent, got reject loop")
        self.assertIn("\nnaive: expected absent, got runaway", why)

    def test_gone(self):
        os.remove(self.path("captured", "region-cut.bin"))
        self.assertIn("its file is gone", self.report(1)[("captured", "region-cut.bin")])

    def test_nothing(self):
        """A service that reads the report alone must not take an empty one for a success."""
        os.mkdir(self.path("none"))
        self.assertEqual(self.report(1, [self.path("none")]),
                         {("", "nothing"): "nothing was replayed"})

    def test_names(self):
        names = (b"region-<&>\"'.bin", b"region-]]>.bin", b"region-\x01\x7f\n.bin",
                 b"region-\xff\xfe.bin", "region-\ufffe\uffff\u00e9\U0001f600.bin".encode(),
                 b"region-%41&#10;.bin", b"region-\xed\xa0\x80.bin")
        for name in names:
            self.write(b"hostile/" + name, PLAIN)
        said = self.report(1, [self.path("hostile")])
        self.assertEqual(len(said), len(names))
        for why in said.values():
            self.assertIn("bless it", why)
        self.assertIn(("hostile", "region-<&>\"'.bin"), said)
        self.assertIn(("hostile", "region-%01%7F%0A.bin"), said)

    def test_hostile_lists(self):
        """What stands in expect/ is somebody's text too."""
        self.write("expect/reference.txt", self.read("expect", "reference.txt").replace(
            b"region-top.bin ok", b'region-top.bin <"&\x02\xef\xbf\xbf>'))
        self.assertEqual(self.report(1)[("", "region-top.bin")].splitlines()[0],
                         'reference: expected <"&%02%EF%BF%BF>, got ok')

    def test_cannot_be_written(self):
        self.fails(5, "replay", "--junit", self.path("none", "x.xml"), self.dir, says="none/x.xml")
        self.fails(5, "replay", "--junit", self.beside, self.dir, says="cannot write")
        self.fails(5, "replay", "--junit=/dev/full", self.dir, says="/dev/full")
        self.assertEqual([name for name in os.listdir(self.beside)], [])

    def test_special_file_stays(self):
        sink = os.path.join(self.beside, "sink")
        os.symlink("/dev/null", sink)
        self.works("replay", "--junit", sink, self.dir)
        self.assertTrue(os.path.islink(sink))

    def test_standard_output(self):
        self.misused("replay", "--junit", "-", self.dir, says="name a file for --junit")


if __name__ == "__main__":
    run_tests()
