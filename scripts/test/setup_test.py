#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""setup.sh where nothing is installed, with an apt that says what it was asked for: no network, and
nothing of this machine changes."""

import os
import re
import shutil
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, script, text_of  # noqa: E402

SETUP = script("setup.sh")
# What setup.sh calls beside apt and compilers.
REAL = ("awk", "bash", "cat", "dirname", "env", "grep", "head", "mktemp", "rm", "sed", "sort", "tail",
        "uname")
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


# The command behind each row of oldest(), and how one refuses that is too old for it. Of libraries it is a
# compiler that finds an old header. What of its words is told is the last.
OLD_HEADER = 'at=${{0%/*}}; mkdir -p $at/bpf; : >$at/{0}; set -- -isystem $at "$@"'
TOO_OLD = {
    "clang": ("clang", "[[ $* != *trace-loads* ]] || { echo 'no such argument' >&2; exit 1; }",
              ": no such argument"),
    "gcc": ("gcc", "[[ $* != *-fsanitize=thread* ]] || set -- -S -o - -x c /dev/null", ""),
    "make": ("make", "echo '*** missing separator.  Stop.'; exit 2", ": *** missing separator.  Stop."),
    "python3": ("python3", "[[ $* != *root_dir* ]] || { echo 'TypeError: root_dir'; exit 1; }",
                ": TypeError: root_dir"),
    "afl++": ("afl-fuzz", "echo \"afl-fuzz: invalid option -- 'G'\"; exit 1",
              ": afl-fuzz: invalid option -- 'G'"),
    "libcmocka-dev": ("gcc", OLD_HEADER.format("cmocka.h"),
                      ": error: implicit declaration of function 'assert_ptr_not_equal'"),
    "clang-format": ("clang-format", "tr -d '\\t'; exit", ": its lines are others"),
    "libbpf-dev": ("gcc", OLD_HEADER.format("bpf/libbpf.h"),
                   ": error: implicit declaration of function 'libbpf_major_version'"),
    "bpftool": ("bpftool", "[[ $* != *name* ]] || { echo 'Error: name' >&2; exit 1; }", ": Error: name"),
    "qemu-user": ("qemu-i386", "echo 'unsupported syscall'; exit 1", ": this kernel does not run i386 "
                  "programs, and neither does qemu-i386: unsupported syscall"),
}


class Setup(Case):
    def setUp(self):
        super().setUp()
        self.said = self.path("said")
        for name in REAL:
            os.symlink(shutil.which(name), self.path(name))
        self.write("apt-get", APT_GET, 0o755)
        self.write("apt-cache", APT_CACHE, 0o755)
        self.write("sudo", '#!/bin/bash\nshift\nexec "$@"\n', 0o755)

    def program(self, name, text):
        """In the place of a link to a real one, if there is one."""
        if os.path.islink(self.path(name)):
            os.unlink(self.path(name))
        self.write(name, text, 0o755)

    def run_it(self, goal, unknown="", setup=SETUP, **more):
        """The status, what it said, and each list of packages that apt-get was to install."""
        done = run(setup, goal, env={"PATH": self.dir, "SAID": self.said, "UNKNOWN": unknown, **more})
        installs = []
        if os.path.exists(self.said):
            installs = [line.split()[6:] for line in self.text("said").splitlines() if " install " in line]
            os.unlink(self.said)
        return done.returncode, done.stderr, installs

    def test_names_are_of_the_compilers_that_are_asked_for(self):
        """The clang that apt has, or another; a gcc and what is beside it; where apt knows the name."""
        self.program("uname", "#!/bin/bash\necho x86_64\n")
        for goal, chosen, unknown, wanted in (
                ("check", {}, "", "clang libclang-rt-19-dev llvm-19 gcc libcmocka-dev"),
                ("fuzz", {"CLANG": "clang-22"}, "", "libclang-rt-22-dev"),
                ("fuzz", {}, "libclang-rt-19-dev", "libclang-rt-dev"),
                ("fuzz", {"CLANG": "clang-22"}, "clang-22", "clang"),
                ("check", {"GCC": "gcc-13"}, "", "gcc-13 gcc-13-multilib g++-13-multilib"),
                ("check", {"GCC": "gcc-13"}, "gcc-13-multilib g++-13-multilib",
                 "gcc-13 gcc-multilib g++-multilib")):
            with self.subTest(chosen=chosen, unknown=unknown):
                status, _, installs = self.run_it(goal, unknown, **chosen)
                self.assertEqual(status, 3)
                self.assertLessEqual(set(wanted.split()), set(installs[0]))
                if "GCC" in chosen:
                    self.assertEqual(wanted.split(), [name for name in installs[0]
                                                      if re.match(r"g(cc|\+\+)", name)])

    def test_what_apt_does_not_know_keeps_nothing_away(self):
        status, said, installs = self.run_it("fuzz", "libyaml-dev")
        self.assertEqual(status, 3)
        self.assertIn("E: Unable to locate package libyaml-dev", said)
        self.assertIn(["clang"], installs)
        self.assertIn(["libclang-rt-19-dev"], installs)

    def test_the_llvm_of_a_clang_is_not_anothers(self):
        """clang-17 names llvm-cov of 19, which reads nothing of it; its own has the number."""
        for name, words in (("clang-17", "case $1 in -dumpversion) echo 17.0.6 ;; *) echo llvm-cov ;; esac"),
                            ("llvm-cov", "echo LLVM version 19.1.0")):
            self.program(name, f"#!/bin/bash\n{words}\n")
        line = "llvm-cov and llvm-profdata: coverage (llvm-17, required)"
        self.assertIn(line, self.run_it("check", SETUP="0", CLANG="clang-17")[1])
        self.program("llvm-cov-17", "#!/bin/bash\necho LLVM version 17.0.6\n")
        self.assertNotIn(line, self.run_it("check", SETUP="0", CLANG="clang-17")[1])

    def tree(self):
        """A copy of what setup.sh has beside it, with a python and a qemu that can be planted."""
        shutil.copytree(ROOT, self.path("tree"), ignore=shutil.ignore_patterns("build", ".git", "corpus"))
        for name, *words in (("setup.sh", "/usr/bin/python3 ", self.dir + "/old/python3 "),
                             ("test/oldest.sh", "/usr/bin/python3 ", self.dir + "/old/python3 "),
                             ("test/i386.sh", '&& kernel_runs "$folder/exit"', "&& false")):
            text = self.text("tree/scripts", name)
            self.assertIn(words[0], text)
            self.write(f"tree/scripts/{name}", text.replace(*words))
        return self.path("tree/scripts/setup.sh")

    def test_tools_that_are_too_old(self):
        """Each that is in the list refuses what it is tried with, and no other one is blamed."""
        setup = self.tree()
        rows = re.findall(r"^([a-z0-9+-]+)\|([^|]+)\|\w+\|([0-9][^|]*)\|(.*)$",
                          text_of("scripts", "test", "oldest.sh"), re.M)
        self.assertEqual(sorted(row[0] for row in rows), sorted(TOO_OLD))
        for package, tool, version, cannot in rows:
            name, refuses, reason = TOO_OLD[package]
            real = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
            with self.subTest(package):
                # One that refuses everything is all of itself.
                if not real and not refuses.endswith("exit 1"):
                    self.skipTest(f"no {name} here")
                old = self.path("old")
                os.mkdir(old)
                self.addCleanup(shutil.rmtree, old, True)
                if name != "python3":
                    os.symlink("/usr/bin/python3", os.path.join(old, "python3"))
                self.program("old/" + name, f"#!/bin/bash\n{refuses}\nexec {real} \"$@\"\n")
                status, said, _ = self.run_it("check", SETUP="0", setup=setup,
                                              PATH=f"{old}:{self.dir}:{os.environ['PATH']}")
                shutil.rmtree(old)
                tool = tool.strip("${}").removesuffix("[0]")
                self.assertEqual(status, 0)
                self.assertEqual(said.count(" here cannot "), 1, said)
                # Where a compiler names a line, that is left out.
                said = re.sub(r"<stdin>:\d+:\d+: | \[-W\S+\]", "", said)
                self.assertIn(f"setup: going on without: the {tool} here cannot {cannot}, as {version} "
                              f"does{reason} ({package}, ", said)

    def test_a_clang_of_another_name_is_tried_too(self):
        self.program("clang-22", "#!/bin/bash\n[ $1 = -dumpversion ] && echo 22.1.0 || exit 1\n")
        said = self.run_it("fuzz", SETUP="0", CLANG="clang-22")[1]
        self.assertIn("the clang-22 here cannot call hooks at loads and stores, as 14 does (clang-22, ", said)
        self.assertIn("libclang-rt-22-dev", said)

    def test_what_is_installed_and_still_cannot_has_its_reason(self):
        setup = self.tree()
        os.mkdir(self.path("old"))
        self.program("old/python3", "#!/bin/bash\n[[ $* != *yaml* ]] || { echo 'Traceback:'; "
                                    "echo 'ImportError: no symbol'; exit 1; }\n")
        status, said, _ = self.run_it("fuzz", setup=setup, PATH=f"{self.dir}:{os.environ['PATH']}")
        self.assertEqual(status, 3)
        self.assertIn("chains in scripts (python3-yaml, required): ImportError: no symbol\n", said)

    def test_nothing_is_installed(self):
        """Where it is left to the user, and where there is no apt."""
        status, said, installs = self.run_it("fuzz", SETUP="0")
        self.assertEqual((status, installs), (0, []))
        self.assertIn("going on without: gcc", said)
        for name in ("apt-get", "apt-cache"):
            os.unlink(self.path(name))
        status, said, _ = self.run_it("fuzz")
        self.assertEqual(status, 0)
        self.assertIn("no apt-get, going on without: clang", said)
        for words, status in (([], 2), (["fuzz", "check"], 2), (["frob"], 2), (["--help"], 0)):
            self.assertEqual(run(SETUP, *words).returncode, status)


if __name__ == "__main__":
    run_tests()
