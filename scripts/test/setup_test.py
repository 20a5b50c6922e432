#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""setup.sh where nothing is installed, with an apt that says what it was asked for: no network, and
nothing of this machine changes."""

import os
import shutil
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import Case, run, script  # noqa: E402

SETUP = script("setup.sh")
# What setup.sh calls beside apt and compilers.
REAL = ("awk", "bash", "cat", "env", "grep", "head", "mktemp", "rm", "sed", "sort", "tail", "uname")
# apt refuses all of a command where it does not know one name.
APT_GET = """\
#!/bin/bash
echo "$*" >>"$SAID"
[[ $* == *" install "* ]] || exit 0
words=("$@")
for package in "${words[@]:6}"; do
	[[ " $UNKNOWN " != *" $package "* ]] || {
		echo "E: Unable to locate package $package"
		exit 100
	}
done
"""
APT_CACHE = """\
#!/bin/bash
case $1 in
depends) printf '%s\\n  Depends: clang-19\\n  Breaks: <clang-3.2>\\n' "$2" ;;
*) if [[ " $UNKNOWN " != *" $2 "* ]]; then echo "  Candidate: 1:1"; else echo "  Candidate: (none)"; fi ;;
esac
"""


class Setup(Case):
    def setUp(self):
        super().setUp()
        self.said = self.path("said")
        for name in REAL:
            os.symlink(shutil.which(name), self.path(name))
        self.write("apt-get", APT_GET, 0o755)
        self.write("apt-cache", APT_CACHE, 0o755)
        self.write("sudo", '#!/bin/bash\nshift\nexec "$@"\n', 0o755)

    def run_it(self, goal, unknown="", **more):
        """The status, what it said, and each list of packages that apt-get was to install."""
        done = run(SETUP, goal, env={"PATH": self.dir, "SAID": self.said, "UNKNOWN": unknown, **more})
        installs = []
        if os.path.exists(self.said):
            installs = [line.split()[6:] for line in self.text("said").splitlines() if " install " in line]
            os.unlink(self.said)
        return done.returncode, done.stderr, installs

    def test_names_are_of_the_clang_that_apt_has(self):
        status, _, installs = self.run_it("check")
        self.assertEqual(status, 3)
        for name in ("clang", "libclang-rt-19-dev", "llvm-19", "gcc", "libcmocka-dev"):
            self.assertIn(name, installs[0])

    def test_a_clang_that_was_asked_for(self):
        self.assertIn("libclang-rt-22-dev", self.run_it("fuzz", CLANG="clang-22")[2][0])
        for unknown, wanted in (("libclang-rt-19-dev", "libclang-rt-dev"), ("clang-22", "clang")):
            installs = self.run_it("fuzz", unknown, CLANG="clang-22" if wanted == "clang" else "")[2]
            self.assertIn(wanted, installs[0])

    def test_what_apt_does_not_know_keeps_nothing_away(self):
        status, said, installs = self.run_it("fuzz", "libyaml-dev")
        self.assertEqual(status, 3)
        self.assertIn("E: Unable to locate package libyaml-dev", said)
        self.assertIn(["clang"], installs)
        self.assertIn(["libclang-rt-19-dev"], installs)

    def test_a_clang_without_load_hooks_is_none(self):
        """Of a version that has no such option, and of one that has."""
        for status, missing in ((1, True), (0, False)):
            self.write("clang", "#!/bin/bash\ncase $1 in\n-dumpversion) echo 13.0.1 ;;\n"
                                  f"*trace-loads*) exit {status} ;;\nesac\n", 0o755)
            said = self.run_it("fuzz", SETUP="0")[1]
            self.assertEqual("clang with load hooks, 14 or newer" in said, missing)
            self.assertIn("libclang-rt-13-dev", said)

    def test_left_to_the_user(self):
        status, said, installs = self.run_it("fuzz", SETUP="0")
        self.assertEqual((status, installs), (0, []))
        self.assertIn("going on without: gcc", said)

    def test_no_apt(self):
        for name in ("apt-get", "apt-cache"):
            os.unlink(self.path(name))
        status, said, _ = self.run_it("fuzz")
        self.assertEqual(status, 0)
        self.assertIn("no apt-get, going on without: clang", said)


if __name__ == "__main__":
    unittest.main()
