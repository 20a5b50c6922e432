#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What systems.py reads and prints, and how it refuses; without network, and without a root."""

import os
import sys
import unittest
from unittest import mock
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True
from test import systems  # noqa: E402
from test.tools import Case, called, run_tests  # noqa: E402

LOG = """\
 1/99 capchain / clang run  OK  7.50s
clang run: warning: slow
skipped clang run, Forbidden.test_proc: /proc cannot be hidden here: no
skipped 32-bit build: this kernel does not run i386 programs: Exec format error
skipped gcc bpf_test: no BPF
FAILED  clang replay (timeout, 3600.1 s)
12 passed, 1 failed, 3 skipped
make: *** [Makefile:1: check] Error 1
"""


class Counts(unittest.TestCase):
    def test_all(self):
        passed, failed, skipped, wrong = systems.counts(LOG)
        self.assertEqual((passed, failed), (12, 1))
        self.assertEqual(skipped, {
            "clang run, Forbidden.test_proc": "/proc cannot be hidden here: no",
            "32-bit build": "this kernel does not run i386 programs: Exec format error",
            "gcc bpf_test": "no BPF"})
        self.assertEqual(wrong, ["check: clang replay"])

    def test_no_closing_line(self):
        self.assertIn("closing line", systems.counts("ok      format\n")[3][0])

    def test_a_skip_without_a_reason(self):
        self.assertIn("4 steps skipped, 3 reasons",
                      systems.counts(LOG.replace("3 skipped", "4 skipped"))[3][1])


class Table(unittest.TestCase):
    def test_rows(self):
        lines = systems.table([systems.Outcome("sid", ("21", "16", "5.02c", "1.7"), 61.6, 12, 1,
                                               {"x": "why"}, ["make fuzz: status 2, no"])])
        self.assertEqual(lines[2:], [
            "| sid | 21 | 16 | 5.02c | 1.7 | 62 | 12 | 1 | 1 |", "sid: skipped x: why",
            "sid: FAILED make fuzz: status 2, no"])


class Refusals(Case):
    def main(self, *arguments):
        return called(systems.main, "--work", self.path("work"), *arguments)

    def test_usage(self):
        for arguments in (("woody",), ("--apt-conf", "/none", "sid"), ("--frob",)):
            self.assertEqual(self.main(*arguments)[0], systems.WRONG_USAGE)

    def test_what_is_missing(self):
        for what, value, says in (("os.geteuid", 1000, "as root"), ("shutil.which", None, "no debootstrap here .*")):
            with mock.patch("os.geteuid", return_value=0), mock.patch(what, return_value=value):
                status, out, err = self.main("sid")
            self.assertEqual((status, out), (systems.CANNOT, ""))
            self.assertRegex(err, rf"\Asystems.py: .*{says}\n\Z")

    def test_a_root_that_cannot_be_had(self):
        """The line says so, the next system is tried, and no half a root is kept."""
        def logged(command, log, **_):
            Path(log).write_text("I: Retrieving\nE: Invalid Release file\n", "ascii")
            return 1

        with mock.patch.object(systems, "why_not", return_value=None), \
                mock.patch("gen.roots.logged", logged):
            status, out, err = self.main("trixie", "sid")
        self.assertEqual(status, systems.CANNOT)
        self.assertEqual(err.count("E: Invalid Release file"), 2)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertFalse(os.path.exists(self.path("work", "sid.tar")))

    def test_a_failed_command(self):
        """Its status is told, and that check's log has no closing line."""
        class Fake(systems.System):
            def prepare(self):
                os.makedirs(self.folder)

            def run(self, script, log, folder=""):
                Path(self.log(log)).write_text("make: *** Error 3\n", "ascii")
                return 2

        with mock.patch.object(systems, "why_not", return_value=None), \
                mock.patch.object(systems, "System", Fake):
            status, out, _ = self.main("sid")
        self.assertEqual(status, systems.FAILED)
        for words in ("make fuzz SECONDS=60: status 2, make: *** Error 3", "make check: status 2",
                      "closing line", ".clusterfuzzlite: make: *** Error 3", "| sid | - | - |"):
            self.assertIn(words, out)


if __name__ == "__main__":
    run_tests()
