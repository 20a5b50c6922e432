#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make install` and `make uninstall`, used after the source tree is gone.

CAPCHAIN is the built command, as for the other tests; build/capchain by default.
"""

import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, run, run_tests  # noqa: E402

CONFIG = "clang" if shutil.which(os.environ.get("CLANG") or "clang") else "gcc"
# Of build/, what the front door and the library are made of.
BUILT = ("compiler-clang", "compiler-gcc", "bpf", CONFIG, "lib", "capchain", "capchain.1", "ledger_table.c",
         "emit_table.c")
USES_BOUNDED = """#include <capchain/bounded.h>
#include <capchain/fetch.h>
int main(void) { return 0; }
"""


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


class Installed(unittest.TestCase):
    """A copy of the tree is installed and removed, with what it had built."""

    @classmethod
    def setUpClass(cls):
        cls.at = cls.enterClassContext(tempfile.TemporaryDirectory())
        tree = os.path.join(cls.at, "tree")
        shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
        os.mkdir(os.path.join(tree, "build"))
        for name in BUILT:
            path = os.path.join(ROOT, "build", name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(tree, "build", name), symlinks=True,
                                ignore=shutil.ignore_patterns("test", "*_test.o", "*_test.d", "fuzz_*"))
            elif os.path.exists(path):
                shutil.copy2(path, os.path.join(tree, "build", name))
        cls.to = os.path.join(cls.at, "to")
        cls.prefix = os.path.join(cls.to, "opt", "capchain")
        cls.share = os.path.join(cls.prefix, "share", "capchain")
        cls.template = os.path.join(cls.share, "template.c")
        cls.words = ("PREFIX=/opt/capchain", f"DESTDIR={cls.to}", "LIBDIR=/opt/capchain/lib/here")
        cls.env = {**os.environ, "MAKEFLAGS": "", "HOME": os.path.join(cls.at, "home")}
        cls.env.pop("XDG_CACHE_HOME", None)
        cls.done = run("make", "-C", tree, "install", *cls.words, env=cls.env)
        os.rename(tree, os.path.join(cls.at, "was"))
        for name in ("build", "scripts", "fuzz", "parsers", "corpus"):
            shutil.rmtree(os.path.join(cls.at, "was", name))
        cls.capchain = os.path.join(cls.prefix, "bin", "capchain")

    def setUp(self):
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)

    def run_it(self, *command, **env):
        return run(*command, cwd=self.at, env={**self.env, **env})

    def test_what_it_says(self):
        self.assertRegex(self.done.stdout, r"(?m)^installed below .*/to/opt/capchain$")
        if not shutil.which("help2man"):
            self.assertIn("skipped capchain.1: no help2man here (Debian package help2man)", self.done.stdout)

    def test_command(self):
        done = self.run_it(self.capchain, "--version")
        self.assertRegex(done.stdout, r"\Acapchain \d+\.\d+\.\d+(-dev)?\n\Z")
        done = self.run_it(self.capchain, "replay", os.path.join(self.share, "corpus"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"\A[1-9]\d{2,} passed, 0 failed\Z")

    @unittest.skipUnless(shutil.which("help2man"), "no help2man here (Debian package help2man)")
    def test_man_page(self):
        page = Path(os.path.join(self.prefix, "share", "man", "man1", "capchain.1")).read_text("utf-8")
        self.assertIn("\n.TH CAPCHAIN", page)
        verbs = re.findall(r"(?m)^  ([a-z]+) +\S", self.run_it(self.capchain, "--help").stdout)
        self.assertGreater(len(verbs), 10)
        for verb in verbs:
            self.assertRegex(page, rf"(?m)^{verb}$")

    def check(self, parser, **env):
        return self.run_it(self.capchain, "check", "--parser", parser,
                           os.path.join(self.share, "corpus", "regressions"), **env)

    def test_parser(self):
        """Twice: built, and found. A tree that is still read somewhere would be missed."""
        parser = shutil.copy(self.template, os.path.join(self.at, "mine.c"))
        first, second = self.check(parser), self.check(parser)
        self.assertEqual((first.returncode, first.stderr), (0, ""))
        self.assertEqual((second.returncode, second.stdout, second.stderr), (0, first.stdout, ""))
        self.assertRegex(first.stdout, r"(?m)^mine: \d{3,} inputs: \d+ right, ")
        self.assertIn("seen: load hooks", first.stdout)
        self.assertTrue(files(os.path.join(self.at, "home", ".cache", "capchain", "own")))

    def test_parser_that_breaks_its_promise(self):
        text = Path(self.template).read_text("ascii")
        self.assertIn("kind == INFO_REGION ? 8", text)
        wrong = Path(self.at, "wrong.c")
        wrong.write_text(text.replace("kind == INFO_REGION ? 8", "kind == INFO_REGION ? 4"), "ascii")
        self.assertEqual(self.check(wrong).returncode, 1)

    def test_parser_without_a_compiler(self):
        """Nothing can be built without one, and that is one line."""
        parser = shutil.copy(self.template, os.path.join(self.at, "mine.c"))
        done = self.check(parser, PATH="/nonexistent", HOME=os.path.join(self.at, "elsewhere"))
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"\Acapchain: \S+ is missing: .*\n\Z")

    def test_page(self):
        """check --html with the parser of somebody, far from the tree."""
        if run("/usr/bin/python3", "-I", "-c", "import jinja2").returncode:
            self.skipTest("no jinja2 module (Debian package python3-jinja2)")
        loop = os.path.join(self.share, "corpus", "regressions", "region-loop-two-step.yaml")
        for more in ((), ("--parser", self.template)):
            done = self.run_it(self.capchain, "check", *more, "--html", "page.html", loop)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            text = Path(self.at, "page.html").read_text("utf-8")
            self.assertIn("<svg", text)
            self.assertIn("template" if more else "qemu", text)

    def test_targets_want_the_tree(self):
        own = os.path.join(self.prefix, "lib", "capchain", "scripts", "fuzz", "own.py")
        done = self.run_it("/usr/bin/python3", own, "--engine", "libfuzzer", "--",
                           self.template)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Acapchain: targets are built in the source tree alone: .*\n\Z")

    def test_headers(self):
        Path(self.at, "uses.c").write_text(USES_BOUNDED, "ascii")
        done = self.run_it(CONFIG, "-Wall", "-Werror", "-I", f"{self.prefix}/include", "-c", "uses.c")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("pkg-config"), "no pkg-config here (Debian package pkgconf)")
    def test_pkg_config(self):
        env = {"PKG_CONFIG_PATH": os.path.join(self.prefix, "lib", "here", "pkgconfig"),
               "PKG_CONFIG_SYSROOT_DIR": self.to}
        self.assertEqual(self.run_it("pkg-config", "--modversion", "capchain-fuzz", **env).stdout,
                         self.run_it(self.capchain, "--version").stdout.split()[1] + "\n")
        hooks = "hooks_gcc" if CONFIG == "gcc" else "hooks"
        done = self.run_it("sh", "-ec", f"""
            {CONFIG} -O2 $(pkg-config --variable={hooks} capchain-fuzz | sed s/inline-8bit-counters,pc-table/func/) \
                $(pkg-config --cflags capchain-fuzz) -c {self.template} -o mine.o
            {CONFIG} mine.o $(pkg-config --libs capchain-fuzz) -lcapchain-fuzz-main -o fuzz_region_info
            ./fuzz_region_info {self.prefix}/share/capchain/corpus/captured/region-*""", **env)
        self.assertEqual(done.returncode, 0, done.stderr)


class Uninstalled(unittest.TestCase):
    def test_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as to:
            words = (f"DESTDIR={to}", "LIBDIR=/usr/local/lib/there")
            env = {**os.environ, "MAKEFLAGS": ""}
            other = Path(to, "usr/local/lib/there/pkgconfig/other.pc")
            other.parent.mkdir(parents=True)
            other.touch()
            done = run("make", "-C", ROOT, "install", *words, env=env)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(len(files(to)), 900)
            self.assertEqual(run("make", "-C", ROOT, "uninstall", *words, env=env).returncode, 0)
            self.assertEqual(files(to), [os.path.relpath(other, to)])


if __name__ == "__main__":
    run_tests()
