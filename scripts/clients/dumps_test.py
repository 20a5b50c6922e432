#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests dumps.py with an lspci and a setpci of ours: one that reads as the models do, and those that leave a
capability out, name one more, say a mark, or end with a status. When a test fails, a row of `make clients` would
pass whatever pciutils says."""

import os
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, Case, run, run_tests  # noqa: E402

DUMPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dumps.py")
SPACE = "kind: pci\nlen: 256\ncaps: [{id: PM, at: 0x40}, {id: MSI, at: 0x50}]\n"
LSPCI = "#!/bin/sh\n[ \"$1\" = --version ] && { echo lspci version 9; exit; }\nprintf '%%b' '%s'; exit %d\n"
RIGHT = "00:00.0 Device\\n\\tCapabilities: [40] Power\\n\\tCapabilities: [50] MSI\\n"
# Of ours: it answers the first question, and ends as where there is no such capability for the other.
SETPCI = "#!/bin/sh\ncase \"$*\" in *CAP6e*) exit 1 ;; esac\necho %s\n"


class Dumps(Case):
    def said(self, lspci=RIGHT, status=0, setpci="5001 0005"):
        self.write("corpus/seeds/pci-two.yaml", SPACE)
        self.write("bin/lspci", LSPCI % (lspci, status), 0o755)
        self.write("bin/setpci", SETPCI % setpci, 0o755)
        path = os.pathsep.join((self.path("bin"), os.environ["PATH"]))
        return run(sys.executable, DUMPS, CAPCHAIN, self.path("corpus"), env={**os.environ, "PATH": path})

    def test_right(self):
        done = self.said()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 plain spaces, 0 of them of devices: 0 read otherwise", done.stdout)

    def test_wrong(self):
        for wrong in ("00:00.0 Device\\n\\tCapabilities: [40] Power\\n",
                      RIGHT + "\\tCapabilities: [60] Vendor\\n",
                      "00:00.0 Device\\n\\tCapabilities: [40] Power\\n\\tCapabilities: [50] <chain looped>\\n",
                      "00:01.0 Device\\n"):
            with self.subTest(wrong):
                done = self.said(wrong)
                self.assertEqual(done.returncode, 1)
                self.assertIn("pci-two.yaml: lspci lists", done.stdout)
        self.assertIn("ended with 3", self.said(status=3).stdout)
        self.assertIn("setpci ends with 0 and says", self.said(setpci="5001 0105").stdout)

    def test_refused(self):
        self.assertEqual(run(sys.executable, DUMPS, CAPCHAIN, self.path("none")).returncode, 2)
        self.write("corpus/seeds/pci-two.yaml", SPACE)
        done = run(sys.executable, DUMPS, "--root", self.path("none"), CAPCHAIN, self.path("corpus"))
        self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1))
        self.assertEqual(run(sys.executable, DUMPS, "/bin/false", self.path("corpus")).returncode, 2)


if __name__ == "__main__":
    run_tests()
