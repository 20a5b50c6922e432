#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of rooms.py: in a small tree, each thing that it looks for is planted, and named."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import ROOT, Case, run, run_tests, script  # noqa: E402

COMPILER = shutil.which("cc") or shutil.which("clang") or "gcc"
ROOMS = script("test", "rooms.py")
TABLE = """# a tree

| room | what it holds | uses | never reads |
|---|---|---|---|
| `parsers/` | readers | | |
| `fuzz/low/` | the lower | `parsers/` | `loud.h` `stdlib.h` |
| `fuzz/high/` | the higher | `fuzz/low/` | |
"""
TREE = {
    "fuzz/README.md": TABLE,
    "parsers/reader.h": "int reader(void);\n",
    "parsers/loud.h": "",
    "parsers/reader.c": '#include "reader.h"\n\nint reader(void)\n{\n\treturn 0;\n}\n',
    "fuzz/low/low.h": '#include "../../parsers/reader.h"\n\nint low(void);\n',
    "fuzz/low/low.c": '#include "low.h"\n\nint low(void)\n{\n\treturn reader();\n}\n',
    "fuzz/low/low_test.c": '#include "../high/high.h"\n#include <stdlib.h>\n',
    "fuzz/high/high.h": "int high(void);\n",
    "fuzz/high/high.c": '#include "high.h"\n#include "../low/low.h"\n\nint high(void)\n{\n\treturn low();\n}\n',
}


HIGH, LOW, LOWER = '#include "../high/high.h"\n', '#include "../low/low.h"\n', "the lower | `parsers/`"
# {path: its text, or a change of it}, and what is said.
FAULTS = (
    ({}, []),
    # An edge against the order, whether the table has it or not.
    ({"fuzz/low/more.c": HIGH}, ["fuzz/low/more.c includes fuzz/high/high.h: fuzz/low does not use fuzz/high"]),
    ({"fuzz/low/more.c": HIGH, "fuzz/README.md": (LOWER, f"{LOWER} `fuzz/high/`")},
     ["fuzz/README.md: fuzz/low uses fuzz/high, which does not stand above it"]),
    # One that no row has, and a row that claims too much.
    ({"fuzz/high/high.c": ('"high.h"\n', '"high.h"\n#include "../../parsers/reader.h"\n')},
     ["fuzz/high/high.c includes parsers/reader.h: fuzz/high does not use parsers"]),
    ({"fuzz/README.md": ("the higher | `fuzz/low/`", "the higher | `parsers/` `fuzz/low/`")},
     ["fuzz/README.md: fuzz/high uses parsers, and no file of it does"]),
    ({"fuzz/new/new.c": LOW}, ["fuzz/new/new.c is in fuzz/new, which is no room of fuzz/README.md"]),
    ({"fuzz/low/one.h": '#include "two.h"\n', "fuzz/low/one.c": "", "fuzz/low/two.h": "",
      "fuzz/low/two.c": '#include "two.h"\n#include "one.h"\n'},
     ["a circle of includes: fuzz/low/one, fuzz/low/two"]),
    ({"fuzz/low/one.c": "int two(void);\nint one(void)\n{\n\treturn two();\n}\n",
      "fuzz/low/two.c": "int one(void);\nint two(void)\n{\n\treturn one();\n}\n"},
     ["a circle of calls: fuzz/low/one, fuzz/low/two"]),
    # A header that is never read.
    ({"fuzz/low/low.c": ('"low.h"\n', '"low.h"\n#include <stdlib.h>\n'),
      "parsers/reader.h": ("int reader", '#include "loud.h"\n\nint reader')},
     ["fuzz/low/low.c reads stdlib.h, by fuzz/low/low.c", "fuzz/low/low.c reads loud.h, by parsers/loud.h"]),
    # A folder that is full, and one that is more.
    ({f"fuzz/low/text{number}.md": "" for number in range(37)}, []),
    ({f"fuzz/low/text{number}.md": "" for number in range(38)},
     ["fuzz/low holds 41 files, which is more than 40"]),
    ({"fuzz/high/low.h": ""}, ["fuzz/high/low.h and fuzz/low/low.h have one name"]))


class Rooms(Case):
    def tree(self, changes):
        """The tree with @changes, compiled."""
        self.dir = self.new_dir()
        for path, text in {**TREE, **changes}.items():
            if not isinstance(text, str):
                self.assertIn(text[0], TREE[path])
                text = TREE[path].replace(*text, 1)
            self.write(path, text)
        for source in sorted(Path(self.dir).rglob("*.c")):
            made = Path(self.dir, "build/cc/obj", source.relative_to(self.dir)).with_suffix(".o")
            made.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([COMPILER, "-MMD", "-MP", "-c", source.relative_to(self.dir), "-o", made],
                           cwd=self.dir, check=True)

    def test_faults(self):
        for changes, faults in FAULTS:
            with self.subTest(faults=faults):
                self.tree(changes)
                done = run(sys.executable, ROOMS, "build", "cc", cwd=self.dir)
                self.assertEqual((done.returncode, done.stderr), (1 if faults else 0, ""), done.stdout)
                *lines, last = done.stdout.splitlines()
                self.assertRegex(last, r"^\d+ rooms, \d+ edges, \d+ sources")
                self.assertEqual(lines, faults)

    def test_nothing_to_look_at(self):
        for missing, status, words in (("README.md", 2, "no table of rooms"), ("*.d", 3, "no .d file below"),
                                       ("*.o", 3, "no object below")):
            self.tree({})
            for path in Path(self.dir).rglob(missing):
                path.write_text("", "utf-8")
                if missing != "README.md":
                    path.unlink()
            done = run(sys.executable, ROOMS, "build", "cc", cwd=self.dir)
            self.assertEqual(done.returncode, status)
            self.assertRegex(done.stderr, rf"\Arooms.py: {re.escape(words)}.*\n\Z")

    def test_usage(self):
        for arguments, status in ((["--help"], 0), ([], 2), (["build"], 2)):
            self.assertEqual(run(sys.executable, ROOMS, *arguments, cwd=ROOT).returncode, status)


if __name__ == "__main__":
    run_tests()
