#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks the OSS-Fuzz build in every way that check.py looks for, and sees it say so."""

import configparser
import contextlib
import io
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1], sys.dont_write_bytecode = [os.path.dirname(HERE)], True
import bad_build  # noqa: E402
import check  # noqa: E402
import witness  # noqa: E402
from image import PROBE, Combination, Image, compilers, never, scheduled, why  # noqa: E402
from test.tools import ROOT, run, run_tests, text_of  # noqa: E402

ASAN = Combination("libfuzzer", "address", "x86_64", "")
UBSAN = Combination("libfuzzer", "undefined", "x86_64", "")
I386 = Combination("libfuzzer", "address", "i386", "")
AFL = Combination("afl", "address", "x86_64", "")
NAME = "fuzz_region_info"
ZIP = NAME + "_seed_corpus.zip"
# All that a build may know of the image; BASH_SOURCE is bash's, AFL_NOOPT is set, not read.
VARIABLES = {"CC", "CXX", "CFLAGS", "CXXFLAGS", "LIB_FUZZING_ENGINE", "OUT", "SRC", "WORK", "BASH_SOURCE"}


def edit(path, before, after):
    text = Path(path).read_text("utf-8")
    assert text.count(before) == 1, f"{path}: {before!r} stands {text.count(before)} times"
    Path(path).write_text(text.replace(before, after), "utf-8")


class Shared(unittest.TestCase):
    """One good build of one target, and broken copies of it."""

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="oss-fuzz-test-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.image = Image(os.path.join(cls.root, "image"), ROOT)
        cls.log = os.path.join(cls.root, "log")
        lacks = cls.image.lacks(ASAN)
        if lacks:
            raise unittest.SkipTest(lacks)
        cls.good = cls.image.build(ASAN, check.OSS_FUZZ, cls.log)
        expected = check.expectations(cls.image, cls.log)
        cls.expected = {"region": expected["region"]}

    def setUp(self):
        self.out = self.image.out(ASAN) + "-broken"
        self.addCleanup(shutil.rmtree, self.out)
        self.renew()

    def renew(self):
        """The good build again."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        for name in os.listdir(self.good):
            if name.startswith(NAME):
                shutil.copy2(os.path.join(self.good, name), self.out)

    def path(self, name):
        return os.path.join(self.out, name)

    def lines(self, combination=ASAN):
        return bad_build.check(bad_build.Build(self.image, combination, self.out, self.expected))

    def red(self, says, combination=ASAN):
        found = self.lines(combination)
        for words in says:
            self.assertRegex("\n".join(found), words)
        self.assertNotIn("\n", "".join(found))

    def compile(self, code, *flags):
        """A program in place of the target."""
        source = os.path.join(self.root, "target.cc")
        Path(source).write_text(code, "ascii")
        subprocess.run([*compilers.cxx_of("clang"), "-O1", "-w", source, "-o", self.path(NAME), *flags], check=True)

    def repack(self, change):
        """The seeds again, as @change makes them of a list of (name, bytes)."""
        with zipfile.ZipFile(self.path(ZIP)) as archive:
            seeds = [(name, archive.read(name)) for name in archive.namelist()]
        with zipfile.ZipFile(self.path(ZIP), "w") as archive:
            for name, data in change(seeds):
                archive.writestr(name, data)


# What a target is made of in place of the real one.
HEAD = "int LLVMFuzzerTestOneInput; int main() {"
CRASHES = PROBE.replace("char *, unsigned long) {", "char *, unsigned long n) { if (n > 40) __builtin_trap();")
DEAF = ("-fsanitize=fuzzer-no-link", "-fsanitize=fuzzer",
        "-fno-sanitize-coverage=inline-8bit-counters,pc-table,trace-pc-guard")


class Broken(Shared):
    def texts(self):
        """The corpus as it is written."""
        folder = os.path.join(ROOT, "corpus", "regressions")
        return [(name, Path(folder, name).read_bytes()) for name in os.listdir(folder) if name.startswith("region-")]

    def test_good(self):
        self.assertEqual(self.lines(), [])

    def test_broken(self):
        """How the good build is broken, and what has to be said of it."""
        def gone(ending):
            return lambda: os.unlink(self.path(NAME + ending))

        def moved(before, after):
            return lambda: os.rename(self.path(before), self.path(after))

        def packed(change):
            return lambda: self.repack(change)

        def written(ending, text):
            return lambda: Path(self.path(NAME + ending)).write_text(text, "ascii")

        def compiled(*what):
            return lambda: self.compile(*what)

        for what, breaks, says in (
                ("no target", gone(""), ["no target fuzz_region_info"]),
                ("no seeds", gone("_seed_corpus.zip"), [f"{NAME}: no seed corpus by the name {ZIP}", f"{NAME}: no seeds"]),
                ("seeds misnamed", moved(ZIP, "fuzz_regions_info_seed_corpus.zip"),
                 [f"{NAME}: no seed corpus by the name {ZIP}",
                  "fuzz_regions_info_seed_corpus.zip belongs to no target"]),
                ("seeds are empty", packed(lambda seeds: []), [f"{NAME}: no seeds"]),
                ("one seed is missing", packed(lambda seeds: seeds[1:]),
                 ["inputs of the corpus 1 are not among its seeds"]),
                ("seeds are text", packed(lambda seeds: self.texts()), [r"of \d+ inputs of the corpus \d+ are not among"]),
                ("seeds in a folder", packed(lambda seeds: [("region/" + name, data) for name, data in seeds]),
                 ["its seeds are not flat"]),
                ("seeds are cut", written(".options", "[libfuzzer]\nmax_len = 64\n"), ["max_len 64 cuts the seed"]),
                ("a seed crashes", compiled(CRASHES, "-fsanitize=fuzzer,address"),
                 [rf"{NAME}: a seed crashes it \(exit status -?\d+\): \S"]),
                ("no dictionary", gone(".dict"), [f"no dictionary by the name {NAME}.dict",
                                                  "no entries of the dictionary read"]),
                ("a bad dictionary", written(".dict", 'unfinished="\\x\n'), ["does not do 4 runs"]),
                ("no options", gone(".options"), [f"no options by the name {NAME}.options"]),
                ("a name that is not run", moved(NAME, "fuzz.region"),
                 ["fuzz.region: OSS-Fuzz does not run a target of that name"]),
                ("ends at its start", compiled(HEAD + " return 0; }\n"), [r"does not do 4 runs \(exit status 0\)"]),
                ("no instrumentation", compiled(PROBE, *DEAF), [f"{NAME}: (no coverage instrumentation|no edges)"]),
                ("few edges", compiled(PROBE, "-fsanitize=fuzzer,address"),
                 [r"\d+ edges, OSS-Fuzz wants 100", "does not say which kind it is for"]),
                ("no sanitizer", compiled(PROBE, "-fsanitize=fuzzer"), [r"\d+ calls of __asan: OSS-Fuzz wants 1000"]),
                ("a library", compiled(PROBE, "-fsanitize=fuzzer", "-Wl,--no-as-needed", "-lyaml"),
                 [r"needs libyaml\S*, which the runner does not have"])):
            with self.subTest(what):
                self.renew()
                breaks()
                self.red(says)

    def test_another_combination(self):
        """The good build is no build of these."""
        self.red([r"\d+ calls of __asan: OSS-Fuzz allows 0 in a undefined build",
                  "AddressSanitizer is in a undefined build"], UBSAN)
        self.red(["not built for i386", "an arena on i386"], I386)

    def test_afl_that_does_not_start(self):
        lacks = self.image.lacks(AFL)
        if lacks:
            self.skipTest(lacks)
        shutil.copy2(shutil.which("afl-fuzz"), self.out)
        self.compile(HEAD + " __builtin_trap(); }\n")
        self.red(["AFL\\+\\+ does not start"], AFL)


class Witness(Shared):
    def test_found(self):
        self.assertEqual(witness.check(self.image, ASAN, self.log), [])
        # The sources are mended.
        self.assertEqual(Path(self.image.project, witness.FILE).read_text("utf-8"), text_of(witness.FILE))

    def test_not_found(self):
        """A plant that changes no answer stands for targets that do not see it; then its line is gone."""
        for name, value, says in (("WRONG", witness.ANCHOR, "a planted fault is not found"),
                                  ("ANCHOR", "no such line", "has no line")):
            with mock.patch.object(witness, name, value):
                self.assertRegex("\n".join(witness.check(self.image, ASAN, self.log)), says)

    def test_two_buckets(self):
        """What groups crashes is the token; a target whose two lines differ is not grouped right."""
        self.assertIsNone(witness.bucket_of("Assertion failure: bounded:a\nDEDUP_TOKEN: b\n"))
        self.assertEqual(witness.bucket_of("Assertion failure: bounded:a\nDEDUP_TOKEN: bounded:a\n"), "bounded:a")


class Tests(Shared):
    def test_of_run_tests(self):
        """run_tests.sh that fails, and one that leaves something behind."""
        path = os.path.join(self.image.project, "scripts", "oss-fuzz", "run_tests.sh")
        for text, says in (("exit 7\n", "run_tests.sh ended with 7"),
                           ("echo >left\n", "run_tests.sh changes the tree: left")):
            Path(path).write_text("#!/bin/sh\ncd $SRC/capchain\n" + text, "ascii")
            self.assertEqual(check.check_tests(self.image, self.log)[0], [says])


class WholeCheck(unittest.TestCase):
    """check.py on a tree that is broken: it ends with 1, and its first line of failure says why."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="oss-fuzz-test-")
        self.addCleanup(shutil.rmtree, self.root)
        self.tree = os.path.join(self.root, "image", "src", "capchain")
        image = Image(os.path.join(self.root, "image"), ROOT)
        lacks = image.lacks(ASAN)
        if lacks:
            self.skipTest(lacks)

    def file(self, *names):
        return os.path.join(self.tree, *names)

    def red(self, says, **more):
        done = run(self.file("scripts", "oss-fuzz", "check.py"), "--only", "libfuzzer/address/x86_64", cwd=self.root,
                   env={**os.environ, **more}, timeout=None)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^FAIL    libfuzzer address x86_64: .*" + says)
        self.assertTrue(done.stdout.endswith("0 passed, 1 failed, 0 cannot be built here\n"))

    def wrapped_compiler(self, body):
        """Variables that put a clang of our own in front of the real one, of C alone."""
        path = Path(self.root, "bin", "clang")
        path.parent.mkdir()
        # The cache is asked for what is compiled in the end: a ccache keeps those below it off.
        path.write_text(f"#!/bin/bash\n{body}\nunset CCACHE_DISABLE\n"
                        f"exec $CCACHE {shlex.join(compilers.c_of('clang'))} \"${{args[@]}}\"\n", "ascii")
        path.chmod(0o755)
        return {"CLANG": str(path), "CLANGXX": shlex.join(compilers.cxx_of("clang"))}

    def test_no_corpus(self):
        """None of conversations: without an input that the ledger names nothing builds, and it names none of those."""
        for path in Path(self.file("corpus")).glob("*/fetch-*"):
            path.unlink()
        self.red("build.sh: the corpus gives no seeds for fuzz_fetch")

    def test_seeds_misnamed(self):
        edit(self.file("scripts", "oss-fuzz", "build.sh"),
             'rm -f "$OUT/${target}_seed_corpus.zip"', "target=${target%_info}")
        self.red(r"fuzz_\w+: no seed corpus by the name fuzz_\w+_seed_corpus.zip")

    def test_target_returns_at_once(self):
        edit(self.file("fuzz", "target", "target.c"), "	static bool taken;\n", "	static bool taken;\n\n"
             "	if (size || !size)\n		return 0;\n")
        self.red("inputs of the corpus .* are not among its seeds, or not judged")

    def test_hooks_missing(self):
        """A compiler that drops the option without a word, as AFL++'s does."""
        env = self.wrapped_compiler(
            'args=("$@"); case " $* " in *" -fsanitize=fuzzer-no-link "*) args=(); for a; do\n'
            'case $a in -fsanitize-coverage=*) ;; --config) skip=1 ;;\n'
            '*) [ -n "$skip" ] || args+=("$a"); skip= ;; esac; done; esac')
        self.red("not every parser has load hooks: load hooks in 0 of", **env)

    def test_does_not_build(self):
        edit(self.file("fuzz", "target", "target.c"), "static struct judge *judge;", "static struct judge *;;")
        self.red("build.sh ended with .*target.c:")


class Files(unittest.TestCase):
    """What the image reads."""

    def test_variables(self):
        for names in (("scripts", "oss-fuzz", "build.sh"), ("scripts", "oss-fuzz", "targets.sh"),
                      ("scripts", "oss-fuzz", "replay_build.sh"), (".clusterfuzzlite", "build.sh")):
            used = set(re.findall(r"\$\{?([A-Z_][A-Z0-9_]*)", text_of(*names)))
            self.assertEqual(used - VARIABLES, set(), names)

    def test_project(self):
        project, docker = yaml.safe_load(text_of(HERE, "project.yaml")), text_of(HERE, "Dockerfile")
        self.assertEqual(project["language"], "c")
        self.assertEqual({row[:3] for row in check.combinations() if row.sanitizer != "coverage"},
                         set(itertools.product(project["fuzzing_engines"], project["sanitizers"],
                                               project["architectures"])))
        self.assertIn(f"git clone --depth 1 {project['main_repo']} $SRC/capchain", docker)
        self.assertIn(f"base-builder:{project['base_os_version']}\n", docker)
        for name in re.search(r"COPY (.*) \$SRC/", docker)[1].split():
            self.assertTrue(os.access(os.path.join(HERE, name), os.X_OK), name)
        self.assertEqual(yaml.safe_load(text_of(".clusterfuzzlite", "project.yaml")),
                         {"language": project["language"]})
        self.assertIn("COPY .clusterfuzzlite/build.sh $SRC/", text_of(".clusterfuzzlite", "Dockerfile"))

    def test_options(self):
        parser = configparser.ConfigParser()
        parser.read(os.path.join(HERE, "fuzz_info.options"))
        self.assertEqual(parser.sections(), ["libfuzzer"])

    def test_schedule(self):
        """OSS-Fuzz's own rows are all buildable, and no row is both impossible and scheduled."""
        rows = check.combinations()
        self.assertEqual(sum(map(scheduled, rows)), 9)
        self.assertFalse([row for row in rows if scheduled(row) and never(row)])

    def test_usage(self):
        done = run(os.path.join(HERE, "check.py"), "--only", "libfuzzer/x")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no combination libfuzzer/x", done.stderr)
        self.assertIn("exit status", run(os.path.join(HERE, "check.py"), "--help").stdout)

    def test_nothing_built_is_red(self):
        with tempfile.TemporaryDirectory() as folder:
            report, said = check.Report(folder), io.StringIO()
            with contextlib.redirect_stdout(said):
                report.cannot("x", "nothing here", True)
                self.assertEqual(report.end(), 1)

    def test_why(self):
        self.assertEqual(why("a\nb.c:1: error: no\nmake: *** [x] Error 1\n"), "b.c:1: error: no")


if __name__ == "__main__":
    run_tests()
