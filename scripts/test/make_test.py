#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What make builds anew, what it says of it, and what editors are told."""

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, text_of  # noqa: E402

CONFIG = "clang" if shutil.which(os.environ.get("CLANG") or "clang") else "gcc"


class Base(Case):
    def setUp(self):
        super().setUp()
        self.build = self.path("build")

    def make(self, *words, status=0, **more):
        """What make prints: standard output, by line."""
        env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "PROGRESS", "V")}
        env.update(more)
        done = run("make", "--no-print-directory", "-C", ROOT, f"BUILD={self.build}", *words, env=env)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.splitlines()

    def object(self, source, config=CONFIG):
        return f"{self.build}/{config}/obj/{source.removesuffix('.c')}.o"


class Anew(Base):
    """An object is made anew where its source or its own command has changed, and only there."""

    sources = "fuzz/judge/rules.c", "parsers/naive.c"

    def made(self, *words):
        """Which of the sources are compiled."""
        lines = self.make(*map(self.object, self.sources), *words)
        return [source for source in self.sources if any(line.split()[-1] == source for line in lines
                                                         if line.startswith("  CC"))]

    def test_once(self):
        self.assertEqual(self.made(), list(self.sources))
        self.assertEqual(self.made(), [])
        self.assertEqual(self.made("-W", "Makefile", "-W", "mk/configs.mk", "-W", "mk/objects.mk"), [])
        self.assertEqual(self.made("-W", self.sources[1]), [self.sources[1]])
        self.assertEqual(self.made("-W", "fuzz/judge/rules.h"), [self.sources[0]])

    def test_other_flags(self):
        self.made()
        self.assertEqual(self.made("LEVEL=-O1"), list(self.sources))
        self.assertEqual(self.made("LEVEL=-O1"), [])
        self.assertEqual(self.made(), list(self.sources))
        # Another class has others.
        self.assertEqual(self.made("SPEC_SRC=fuzz/judge/rules.c"), list(self.sources))

    def test_flags_appear_whole(self):
        """Whoever reads them while another make writes its own has all of the ones or all of the others."""
        flags = f"{self.build}/{CONFIG}/flags"
        self.make(flags)
        with open(flags, encoding="utf-8") as file:
            before = file.read()
            self.make(flags, "LEVEL=-O1")
            file.seek(0)
            self.assertEqual(file.read(), before)
        self.assertNotEqual(text_of(flags), before)
        self.assertEqual([name for name in os.listdir(f"{self.build}/{CONFIG}") if name != "flags"], [])

    def test_n_changes_nothing(self):
        self.make("-n", self.object(self.sources[0]), "CAN_BPF=")
        self.made()
        self.assertTrue(self.make("-n", self.object(self.sources[0]), "LEVEL=-O1"))
        self.assertEqual(self.made(), [])

    def test_after_clean_in_one_run(self):
        self.made()
        self.make("clean", self.object(self.sources[0]))
        self.assertEqual(self.made(), [self.sources[1]])


class Said(Base):
    """Building is never silent, unless it is asked to be."""

    source = "fuzz/judge/rules.c"

    def test_a_line_a_thing(self):
        made, line = self.object(self.source), f"  CC    {CONFIG} {self.source}"
        # A make that a goal asks for what it builds is called in the second way. What scripts read is the
        # third: no make above it adds to that.
        for words, env, said in (((), {}, [line]), (("-s", "PROGRESS=1"), {}, [line]),
                                 (("-s",), {"PROGRESS": "1"}, [])):
            self.assertEqual(self.make(*words, made, **env), said)
            os.unlink(made)
        said = self.make("V=1", made)
        self.assertEqual([line for line in said if line.startswith("  CC")], [])
        self.assertTrue(any(f"-c {self.source} -o {made}" in line for line in said), said)

    def test_an_inner_make_says_it_too(self):
        inner = [line for line in text_of("Makefile").replace("\\\n", " ").splitlines() if "$(MAKE)" in line]
        self.assertTrue(inner)
        for line in inner:
            self.assertIn("$(MAKE) $(QUIET)", line)
            # Such a line runs under `make -n` too, where no script may.
            self.assertNotIn("$(PYTHON)", line)


class Goals(Base):
    def goals(self):
        return [line.split()[0] for line in self.make("help") if re.match(r"[a-z][a-z0-9-]* {2,}", line)]

    def test_each_finds_its_configurations(self):
        """A goal that mk/compilers.mk gives too few of them has no rule for what it wants."""
        goals = self.goals()
        self.assertGreater(len(goals), 25)
        for goal in [*goals, "built", "built32", "nightly-built", "oss-fuzz-objects", "own-gcc", "own-clang",
                     "own-libfuzzer-targets", "own-afl-targets"]:
            with self.subTest(goal):
                self.make("-n", "SETUP=0", "HDR=x", "CC=clang", "CAN_BPF=", goal)

    def test_python(self):
        self.assertTrue(any(line.startswith("/a/python ") for line in self.make("-n", "PYTHON=/a/python", "check-arch")))


class Commands(Base):
    """build/compile_commands.json"""

    def setUp(self):
        super().setUp()
        self.make("compile-commands")
        self.entries = {entry["file"]: entry for entry in json.loads(self.text("build/compile_commands.json"))}

    def test_has_every_source(self):
        found = {str(path.relative_to(ROOT)) for folder in ("parsers", "fuzz")
                 for path in Path(ROOT, folder).rglob("*.c") if not path.name.endswith(".bpf.c")}
        apart = {"fuzz/target/main_afl.c", *(name for name in found
                                             if re.match("parsers/own/|fuzz/parsers/vendored", name))}
        self.assertEqual(found - apart, set(self.entries) - apart)

    def test_commands_hold(self):
        for name in ("fuzz/target/target.c", "parsers/naive.c", "fuzz/judge/spec.c", "fuzz/mutator/mutate_afl.c"):
            entry = self.entries[name]
            done = run(*shlex.split(entry["command"]), "-o", os.path.join(self.dir, "x.o"),
                       cwd=entry["directory"])
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)


if __name__ == "__main__":
    run_tests()
