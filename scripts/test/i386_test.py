#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""i386.sh: whether the kernel runs i386 programs, and what then runs them. It needs no such kernel:
what a refusal looks like is planted."""
import os
import shutil
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import Case, run, run_tests, script  # noqa: E402

SCRIPT = script("test", "i386.sh")


class I386(Case):
    def setUp(self):
        super().setUp()
        # PATH without an emulator, whatever this machine has.
        for name in ("basename", "chmod", "mktemp", "rm"):
            os.symlink(shutil.which(name), self.path(name))

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
        path = self.path("exit")
        self.assertEqual(self.bash('write_program "$1"', path).returncode, 0)
        self.assertEqual(os.path.getsize(path), 91)
        shown = run("readelf", "-hl", path)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertRegex(shown.stdout, r"Class: +ELF32\n(.*\n)*.*Machine: +Intel 80386")
        self.assertIn(run(SCRIPT, path).returncode, (0, 77))

    def main(self, kernel, *args):
        """Status, output and errors where the kernel runs such programs, or does not."""
        done = self.bash(f'kernel_runs() {{ return {kernel}; }}; main "$@"', *args)
        return done.returncode, done.stdout, done.stderr

    def test_native(self):
        self.assertEqual(self.main(0), (0, "native\n", ""))
        self.assertEqual(self.main(0, "/bin/sh", "-c", "exit 7"), (7, "", ""))

    def test_emulated(self):
        for name in ("qemu-i386-static", "qemu-i386"):
            self.write(name, '#!/bin/sh\n[ "$1" = program ] || exit 0\necho "$0:$*"\nexit 5\n', 0o755)
            self.assertEqual(self.main(1), (0, name + "\n", ""))
            self.assertEqual(self.main(1, "program", "one", "two words"),
                             (5, f"{self.dir}/{name}:program one two words\n", ""))

    def test_neither(self):
        """None, and one that does not run them."""
        reason = "this kernel does not run i386 programs, and n"
        for args in ((), ("program",)):
            self.assertEqual(self.main(1, *args), (
                77, "", reason + "o qemu-i386 is here (Debian package qemu-user)\n"))
        self.write("qemu-i386", "#!/bin/sh\necho one; echo two\nexit 1\n", 0o755)
        self.assertEqual(self.main(1, "program"), (77, "", reason + "either does qemu-i386: two\n"))

    def test_nothing_left(self):
        self.write("qemu-i386", "#!/bin/sh\n", 0o755)
        made = self.path("tmp")
        os.mkdir(made)
        for text in ("", "kernel_runs() { return 1; };"):
            self.bash(f"export TMPDIR={made}; {text} main true")
            self.assertEqual(os.listdir(made), [])

    def test_usage(self):
        done = run(SCRIPT, "--wrong")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: ", done.stderr)


if __name__ == "__main__":
    run_tests()
