#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""i386.sh: whether the kernel runs i386 programs, and what then runs them. It needs no such kernel:
what a refusal looks like is planted."""
import os
import shutil
import sys
import subprocess


sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import Case, run, run_tests, script  # noqa: E402

SCRIPT = script("test", "i386.sh")
REFUSES = "kernel_runs() { return 1; }; "
REASON = ("this kernel does not run i386 programs, and no qemu-i386 is here (Debian package "
          "qemu-user)\n")


class I386(Case):
    def setUp(self):
        super().setUp()
        # PATH without an emulator, whatever this machine has.
        for name in ("basename", "chmod", "mktemp", "rm"):
            os.symlink(shutil.which(name), os.path.join(self.dir, name))

    def bash(self, text, *args):
        return run("/bin/bash", "-c", f". {SCRIPT}; {text}", "i386.sh", *args, env={"PATH": self.dir})

    def kernel_runs(self, path):
        return self.bash('kernel_runs "$1"', path).returncode == 0

    def test_kernel(self):
        """Refused is what has no format that the kernel knows, or is killed at its first call."""
        self.assertTrue(self.kernel_runs("/bin/true"))
        self.assertFalse(self.kernel_runs(self.write("junk", bytes(91), 0o755)))
        self.assertFalse(self.kernel_runs(self.write("killed", b"#!/bin/sh\nkill -SYS $$\n", 0o755)))
        # Here nothing at all may be executed.
        self.assertTrue(self.kernel_runs(self.write("data", bytes(91), 0o644)))

    def test_program(self):
        """What the kernel is asked with is an i386 program, and exits with 0."""
        path = os.path.join(self.dir, "exit")
        self.assertEqual(self.bash('write_program "$1"', path).returncode, 0)
        self.assertEqual(os.path.getsize(path), 91)
        shown = subprocess.run(["readelf", "-hl", path], capture_output=True, text=True, check=True)
        self.assertEqual(shown.stderr, "")
        self.assertRegex(shown.stdout, r"Class: +ELF32\n(.*\n)*.*Machine: +Intel 80386")
        self.assertIn(subprocess.run([SCRIPT, path], check=False).returncode, (0, 77))

    def test_native(self):
        self.assertEqual(self.bash("kernel_runs() { return 0; }; main").stdout, "native\n")
        done = self.bash('kernel_runs() { return 0; }; main "$@"', "/bin/sh", "-c", "exit 7")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "", ""))

    def test_emulated(self):
        for name in ("qemu-i386-static", "qemu-i386"):
            self.write(name, b'#!/bin/sh\n[ "$1" = program ] || exit 0\necho "$0:$*"\nexit 5\n', 0o755)
            self.assertEqual(self.bash(REFUSES + "main").stdout, name + "\n")
            done = self.bash(REFUSES + 'main "$@"', "program", "one", "two words")
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (5, f"{self.dir}/{name}:program one two words\n", ""))

    def test_neither(self):
        for args in ((), ("program",)):
            done = self.bash(REFUSES + 'main "$@"', *args)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (77, "", REASON))

    def test_an_emulator_that_does_not_run_them(self):
        self.write("qemu-i386", b"#!/bin/sh\necho one; echo two\nexit 1\n", 0o755)
        done = self.bash(REFUSES + "main program")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            77, "", "this kernel does not run i386 programs, and neither does qemu-i386: two\n"))

    def test_nothing_left(self):
        self.write("qemu-i386", b"#!/bin/sh\n", 0o755)
        made = os.path.join(self.dir, "tmp")
        os.mkdir(made)
        for text in ("", REFUSES):
            self.bash(f"export TMPDIR={made}; {text} main true")
            self.assertEqual(os.listdir(made), [])

    def test_usage(self):
        done = run(SCRIPT, "--wrong")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: ", done.stderr)


if __name__ == "__main__":
    run_tests()
