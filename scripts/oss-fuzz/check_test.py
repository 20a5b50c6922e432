#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks the OSS-Fuzz build in every way that check.py looks for, and sees it say so."""

import configparser
import contextlib
import io
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

import yaml

sys.dont_write_bytecode = True
import bad_build  # noqa: E402
import check  # noqa: E402
import witness  # noqa: E402
from image import BuildFailed, Combination, Image, compilers, last_error, never, scheduled  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ASAN = Combination("libfuzzer", "address", "x86_64", "")
UBSAN = Combination("libfuzzer", "undefined", "x86_64", "")
I386 = Combination("libfuzzer", "address", "i386", "")
AFL = Combination("afl", "address", "x86_64", "")
NAME = "fuzz_region_info"
ZIP = NAME + "_seed_corpus.zip"
# All that a build may know of the image; BASH_SOURCE is bash's, AFL_NOOPT is set, not read.
VARIABLES = {"CC", "CXX", "CFLAGS", "CXXFLAGS", "LIB_FUZZING_ENGINE", "OUT", "SRC", "WORK",
             "BASH_SOURCE"}


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
        os.makedirs(self.out)
        self.addCleanup(shutil.rmtree, self.out)
        for name in os.listdir(self.good):
            if name.startswith(NAME):
                shutil.copy2(os.path.join(self.good, name), self.out)

    def path(self, name):
        return os.path.join(self.out, name)

    def lines(self, combination=ASAN):
        return bad_build.check(bad_build.Build(self.image, combination, self.out, self.expected))

    def red(self, says, combination=ASAN):
        found = self.lines(combination)
        self.assertRegex("\n".join(found), says)
        for line in found:
            self.assertNotIn("\n", line)

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


class Broken(Shared):
    def test_good(self):
        self.assertEqual(self.lines(), [])

    def test_no_target(self):
        os.unlink(self.path(NAME))
        self.red("no target fuzz_region_info")

    def test_no_seeds(self):
        os.unlink(self.path(ZIP))
        self.red(f"{NAME}: no seed corpus by the name {ZIP}")
        self.red(f"{NAME}: no seeds")

    def test_seeds_misnamed(self):
        os.rename(self.path(ZIP), self.path("fuzz_regions_info_seed_corpus.zip"))
        self.red(f"{NAME}: no seed corpus by the name {ZIP}")
        self.red("fuzz_regions_info_seed_corpus.zip belongs to no target")

    def test_seeds_are_empty(self):
        self.repack(lambda seeds: [])
        self.red(f"{NAME}: no seeds")

    def test_one_seed_is_missing(self):
        self.repack(lambda seeds: seeds[1:])
        self.red("inputs of the corpus 1 are not among its seeds")

    def test_seeds_are_text(self):
        folder = os.path.join(ROOT, "corpus", "regressions")
        texts = []
        for name in os.listdir(folder):
            if name.startswith("region-"):
                texts.append((name, Path(os.path.join(folder, name)).read_bytes()))
        self.repack(lambda seeds: texts)
        self.red(r"of \d+ inputs of the corpus \d+ are not among")

    def test_seeds_in_a_folder(self):
        self.repack(lambda seeds: [("region/" + name, data) for name, data in seeds])
        self.red("its seeds are not flat")

    def test_seeds_are_cut(self):
        Path(self.path(NAME + ".options")).write_text("[libfuzzer]\nmax_len = 64\n", "ascii")
        self.red("max_len 64 cuts the seed")

    def test_a_seed_crashes(self):
        self.compile('#include <stdlib.h>\n#include <stddef.h>\nextern "C" int '
                     "LLVMFuzzerTestOneInput(const unsigned char *d, size_t n)\n"
                     "{ if (n > 40) abort(); return 0; }\n", "-fsanitize=fuzzer,address")
        self.red(rf"{NAME}: a seed crashes it \(exit status \d+\): \S")

    def test_no_dictionary(self):
        os.unlink(self.path(NAME + ".dict"))
        self.red(f"no dictionary by the name {NAME}.dict")
        self.red("no entries of the dictionary read")

    def test_bad_dictionary(self):
        with open(self.path(NAME + ".dict"), "a", encoding="ascii") as file:
            file.write("unfinished=\"\\x\n")
        self.red("does not do 4 runs")

    def test_no_options(self):
        os.unlink(self.path(NAME + ".options"))
        self.red(f"no options by the name {NAME}.options")

    def test_name(self):
        shutil.copy2(self.path(NAME), self.path("fuzz.region"))
        self.red("fuzz.region: OSS-Fuzz does not run a target of that name")

    def test_target_that_ends_at_its_start(self):
        self.compile("int LLVMFuzzerTestOneInput; int main() { return LLVMFuzzerTestOneInput; }\n")
        self.red(r"does not do 4 runs \(exit status 0\)")

    def test_no_instrumentation(self):
        self.compile('extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long)\n'
                     "{ return 0; }\n", "-fsanitize=fuzzer-no-link", "-fsanitize=fuzzer",
                     "-fno-sanitize-coverage=inline-8bit-counters,pc-table,trace-pc-guard")
        self.red(f"{NAME}: (no coverage instrumentation|no edges)")

    def test_few_edges(self):
        self.compile('extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long)\n'
                     "{ return 0; }\n", "-fsanitize=fuzzer,address")
        self.red(r"\d+ edges, OSS-Fuzz wants 100")
        self.red("does not say which kind it is for")

    def test_sanitizers(self):
        self.red(r"\d+ calls of __asan: OSS-Fuzz allows 0 in a undefined build", UBSAN)
        self.red(r"AddressSanitizer is in a undefined build", UBSAN)
        self.compile('extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long)\n'
                     "{ return 0; }\n", "-fsanitize=fuzzer")
        self.red(r"\d+ calls of __asan: OSS-Fuzz wants 1000")

    def test_machine(self):
        self.red("not built for i386", I386)
        self.red("an arena on i386", I386)

    def test_library(self):
        self.compile('extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long)\n'
                     "{ return 0; }\n", "-fsanitize=fuzzer", "-Wl,--no-as-needed", "-lyaml")
        self.red(r"needs libyaml\S*, which the runner does not have")

    def test_afl_that_does_not_start(self):
        lacks = self.image.lacks(AFL)
        if lacks:
            self.skipTest(lacks)
        shutil.copy2(shutil.which("afl-fuzz"), self.out)
        self.compile("int LLVMFuzzerTestOneInput; int main() { __builtin_trap(); }\n")
        self.red("AFL\\+\\+ does not start", AFL)


class Witness(Shared):
    def test_found(self):
        self.assertEqual(witness.check(self.image, ASAN, self.log), [])
        with open(os.path.join(self.image.project, witness.FILE), encoding="utf-8") as mended, \
                open(os.path.join(ROOT, witness.FILE), encoding="utf-8") as ours:
            self.assertEqual(mended.read(), ours.read())

    def test_not_found(self):
        """A plant that changes no answer stands for targets that do not see it."""
        wrong, witness.WRONG = witness.WRONG, witness.ANCHOR
        self.addCleanup(setattr, witness, "WRONG", wrong)
        found = witness.check(self.image, ASAN, self.log)
        self.assertRegex("\n".join(found), "a planted fault is not found")

    def test_anchor_is_gone(self):
        anchor, witness.ANCHOR = witness.ANCHOR, "no such line"
        self.addCleanup(setattr, witness, "ANCHOR", anchor)
        self.assertRegex(witness.check(self.image, ASAN, self.log)[0], "has no line")

    def test_two_buckets(self):
        """What groups crashes is the token; a target whose two lines differ is not grouped right."""
        self.assertIsNone(witness.bucket_of("Assertion failure: bounded:a\nDEDUP_TOKEN: b\n"))
        self.assertEqual(witness.bucket_of("Assertion failure: bounded:a\nDEDUP_TOKEN: bounded:a\n"),
                         "bounded:a")


class Tests(Shared):
    """run_tests.sh that fails, and one that leaves something behind."""

    def with_tests(self, text):
        path = os.path.join(self.image.project, "scripts", "oss-fuzz", "run_tests.sh")
        shutil.copy2(path, path + ".before")
        self.addCleanup(os.replace, path + ".before", path)
        Path(path).write_text("#!/bin/sh\ncd $SRC/capchain\n" + text, "ascii")
        return check.check_tests(self.image, self.log)[0]

    def test_fails(self):
        self.assertEqual(self.with_tests("exit 7\n"), ["run_tests.sh ended with 7"])

    def test_changes(self):
        self.addCleanup(lambda: os.unlink(os.path.join(self.image.project, "left")))
        self.assertEqual(self.with_tests("echo >left\n"), ["run_tests.sh changes the tree: left"])


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
        done = subprocess.run(
            [self.file("scripts", "oss-fuzz", "check.py"), "--only", "libfuzzer/address/x86_64"],
            cwd=self.root, env={**os.environ, **more}, capture_output=True,
            text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^FAIL    libfuzzer address x86_64: .*" + says)
        self.assertTrue(done.stdout.endswith("0 passed, 1 failed, 0 cannot be built here\n"))

    def wrapped_compiler(self, body):
        """Variables that put a clang of our own in front of the real one, of C alone."""
        folder = os.path.join(self.root, "bin")
        os.makedirs(folder)
        path = os.path.join(folder, "clang")
        with open(path, "w", encoding="ascii") as file:
            # The cache is asked for what is compiled in the end: a ccache keeps those below it off.
            file.write(f"#!/bin/bash\n{body}\nunset CCACHE_DISABLE\n"
                       f"exec $CCACHE {shlex.join(compilers.c_of('clang'))} \"${{args[@]}}\"\n")
        os.chmod(path, 0o755)
        return {"CLANG": path, "CLANGXX": shlex.join(compilers.cxx_of("clang"))}

    def test_no_corpus(self):
        for folder in ("seeds", "regressions", "captured"):
            shutil.rmtree(self.file("corpus", folder))
        self.red("build.sh: the corpus gives no seeds for fuzz_device_info|No such file")

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

    def text(self, *names):
        return Path(os.path.join(ROOT, *names)).read_text("utf-8")

    def test_variables(self):
        for names in ((HERE, "build.sh"), (HERE, "targets.sh"), (HERE, "replay_build.sh"),
                      (ROOT, ".clusterfuzzlite", "build.sh")):
            used = set(re.findall(r"\$\{?([A-Z_][A-Z0-9_]*)", self.text(*names)))
            self.assertEqual(used - VARIABLES, set(), names)

    def test_project(self):
        project = yaml.safe_load(self.text(HERE, "project.yaml"))
        self.assertEqual(project["language"], "c")
        self.assertEqual({(row.engine, row.sanitizer, row.architecture)
                          for row in check.combinations() if row.sanitizer != "coverage"},
                         {(engine, sanitizer, machine) for engine in project["fuzzing_engines"]
                          for sanitizer in project["sanitizers"]
                          for machine in project["architectures"]})
        docker = self.text(HERE, "Dockerfile")
        self.assertIn(f"git clone --depth 1 {project['main_repo']} $SRC/capchain", docker)
        self.assertIn(f"base-builder:{project['base_os_version']}\n", docker)
        for name in re.search(r"COPY (.*) \$SRC/", docker)[1].split():
            self.assertTrue(os.access(os.path.join(HERE, name), os.X_OK), name)
        self.assertEqual(yaml.safe_load(self.text(".clusterfuzzlite", "project.yaml")),
                         {"language": project["language"]})
        self.assertIn("COPY .clusterfuzzlite/build.sh $SRC/",
                      self.text(".clusterfuzzlite", "Dockerfile"))

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
        script = os.path.join(HERE, "check.py")
        done = subprocess.run([script, "--only", "libfuzzer/x"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no combination libfuzzer/x", done.stderr)
        done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
        self.assertIn("exit status", done.stdout)

    def test_nothing_built_is_red(self):
        with tempfile.TemporaryDirectory() as folder:
            report, said = check.Report(folder), io.StringIO()
            with contextlib.redirect_stdout(said):
                report.cannot("x", "nothing here", True)
                self.assertEqual(report.end(), 1)

    def test_last_error(self):
        self.assertEqual(last_error("a\nb.c:1: error: no\nmake: *** [x] Error 1\n"),
                         "b.c:1: error: no")
        self.assertTrue(issubclass(BuildFailed, Exception))


if __name__ == "__main__":
    unittest.main()
