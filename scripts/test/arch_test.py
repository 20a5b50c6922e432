#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what scripts/test/arch.py makes of what it runs, with an emulator that says what it is told to."""

import os
import shutil
import sys
from unittest import mock

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True
from test import arch  # noqa: E402
from test.tools import ROOT, Case, called, run, run_tests, script  # noqa: E402

GOOD = {"replay": "# oracles: load hooks\n7 passed, 0 failed, 2 other byte order",
        "exhaust": "device: 99 buffers with up to 2 capabilities", "pages": "pages of 4096 bytes"}


class Arch(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))

    def emulator(self, says, failing="", version="11.1.3", name="qemu-s390x"):
        self.write(f"bin/{name}", "#!/bin/sh\ncase \"$*\" in\n"
                       f"*--version*) echo 'qemu version {version}' ;;\n"
                       f"*replay*) echo '{says['replay']}' ;;\n*exhaust*) echo '{says['exhaust']}' ;;\n"
                       f"*sandbox_test*) echo '{says['pages']}' ;;\nesac\n"
                       f"case \"$*\" in *{failing or '/nothing'}*) exit 1 ;; esac\n", 0o755)

    def run_it(self, *machines, built=True):
        """Exit status and what was printed, with nothing built, downloaded or found elsewhere."""
        patched = {"fuzz": lambda run: None, **({"build": lambda run: None} if built else {})}
        with mock.patch.dict(os.environ, PATH=self.path("bin")), mock.patch.multiple(arch.Run, **patched), \
                mock.patch.object(arch.Apt, "unpack", side_effect=arch.Missing("no apt")):
            return called(arch.main, "--work", self.path("work"), "--root", self.dir, *machines)[:2]

    def test_good(self):
        self.emulator(GOOD)
        status, out = self.run_it("s390x")
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"s390x +\|.*\| 11\.1\.3 +\| 7 +\| 0 +\| 2 +\| 99 +\| 6 of 6")
        self.assertIn("s390x: oracles: load hooks", out)

    def test_failures(self):
        for says, failing, words in (
                ({**GOOD, "replay": "6 passed, 1 failed"}, "", "replay: 6 passed, 1 failed"),
                ({**GOOD, "replay": "0 passed, 0 failed, 9 other byte order"}, "", "replay: 0 passed"),
                ({**GOOD, "replay": "Bail out!"}, "", "replay did not end: Bail out!"),
                ({**GOOD, "exhaust": "killed"}, "", "exhaust: killed"),
                (GOOD, "replay", "replay: 7 passed"),
                (GOOD, "fetch_test", "tests: test/fetch/fetch_test")):
            self.emulator(says, failing)
            status, out = self.run_it("s390x")
            self.assertEqual(status, 1, words)
            self.assertIn(f"failed: s390x: {words}", out)

    def test_nothing_run(self):
        status, out = self.run_it("s390x")
        self.assertEqual(status, 1)
        self.assertIn("s390x: no qemu-s390x that runs here (Debian package qemu-user)", out)
        self.assertIn("nothing was run", out)
        self.emulator(GOOD)
        status, out = self.run_it("s390x", built=False)
        self.assertEqual(status, 1)
        self.assertIn("s390x: no s390x-linux-gnu-gcc here (Debian package gcc-s390x-linux-gnu)", out)

    def test_newest(self):
        """Of two emulators the newer, by number; one that does not run is none."""
        self.emulator(GOOD, version="9.2.0")
        os.makedirs(self.path("usr/bin"))
        shutil.copy(self.path("bin/qemu-s390x"), self.path("usr/bin/qemu-s390x"))
        self.emulator(GOOD, version="10.0.13")
        self.assertIn("10.0.13", self.run_it("s390x")[1])
        self.write("bin/qemu-s390x", "#!/bin/sh\nexit 1\n")
        self.assertIn("9.2.0", self.run_it("s390x")[1])

    def test_pages(self):
        self.emulator(GOOD, name="qemu-aarch64")
        self.assertIn("arm64: 64 KiB pages: no qemu here has them", self.run_it("arm64")[1])
        says = {**GOOD, "pages": "pages of 65536 bytes", "replay": "7 passed, 0 failed"}
        self.emulator(says, name="qemu-aarch64")
        self.assertEqual(self.run_it("arm64")[0], 0)
        self.emulator(says, "heap_test", name="qemu-aarch64")
        self.assertIn("failed: arm64: 64 KiB pages: ", self.run_it("arm64")[1])

    def test_links(self):
        self.write("root/lib/libm.so.6", "")
        os.makedirs(self.path("root/usr/lib"))
        os.symlink("/lib/libm.so.6", self.path("root/usr/lib/libm.so"))
        arch.relative_links(self.path("root"))
        self.assertTrue(os.path.exists(self.path("root/usr/lib/libm.so")))

    def test_make_names_the_machines_that_are_asked_for(self):
        for asked in [], ["MACHINE=s390x"]:
            told = run("make", "-n", "--no-print-directory", "check-arch", *asked, cwd=ROOT,
                       env={**os.environ, "MAKEFLAGS": ""}).stdout
            self.assertEqual(told.partition("arch.py")[2].split(),
                             [word.partition("=")[2] for word in asked])

    def test_misused(self):
        done = run(script("test", "arch.py"), "vax")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no machine vax: say arm64, s390x, i386", done.stderr)


if __name__ == "__main__":
    run_tests()
