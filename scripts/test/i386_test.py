#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""i386.sh: whether the kernel runs i386 programs, and what then runs them. It needs no such kernel:
what a refusal looks like is planted."""
import os
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = os.path.abspath("scripts/test/i386.sh")
REFUSES = "kernel_runs() { return 1; }; "
REASON = ("this kernel does not run i386 programs, and no qemu-i386 is here (Debian package "
          "qemu-user)\n")


class I386(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        # PATH without an emulator, whatever this machine has.
        for name in ("basename", "chmod", "mktemp", "rm"):
            os.symlink(shutil.which(name), os.path.join(self.folder, name))

    def bash(self, text, *args):
        return subprocess.run(["/bin/bash", "-c", f". {SCRIPT}; {text}", "i386.sh", *args],
                              env={"PATH": self.folder}, capture_output=True, text=True,
                              check=False)

    def write(self, name, data, mode=0o755):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        return path

    def kernel_runs(self, path):
        return self.bash('kernel_runs "$1"', path).returncode == 0

    def test_kernel(self):
        """Refused is what has no format that the kernel knows, or is killed at its first call."""
        self.assertTrue(self.kernel_runs("/bin/true"))
        self.assertFalse(self.kernel_runs(self.write("junk", bytes(91))))
        self.assertFalse(self.kernel_runs(self.write("killed", b"#!/bin/sh\nkill -SYS $$\n")))
        # Here nothing at all may be executed.
        self.assertTrue(self.kernel_runs(self.write("data", bytes(91), 0o644)))

    def test_program(self):
        """What the kernel is asked with is an i386 program, and exits with 0."""
        path = os.path.join(self.folder, "exit")
        self.assertEqual(self.bash('write_program "$1"', path).returncode, 0)
        with open(path, "rb") as file:
            data = file.read()
        self.assertEqual(len(data), 91)
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
            self.write(name, b'#!/bin/sh\necho "$0:$*"\nexit 5\n')
            self.assertEqual(self.bash(REFUSES + "main").stdout, name + "\n")
            done = self.bash(REFUSES + 'main "$@"', "program", "one", "two words")
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (5, f"{self.folder}/{name}:program one two words\n", ""))

    def test_neither(self):
        for args in ((), ("program",)):
            done = self.bash(REFUSES + 'main "$@"', *args)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (77, "", REASON))

    def test_nothing_left(self):
        self.write("qemu-i386", b"#!/bin/sh\n")
        made = os.path.join(self.folder, "tmp")
        os.mkdir(made)
        for text in ("", REFUSES):
            self.bash(f"export TMPDIR={made}; {text} main true")
            self.assertEqual(os.listdir(made), [])

    def test_usage(self):
        done = subprocess.run([SCRIPT, "--wrong"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
