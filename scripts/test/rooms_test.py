#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of rooms.py: in a small tree, each thing that it looks for is planted, and named."""

import os
import re
import shutil
import subprocess
import sys

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


class Rooms(Case):
    def setUp(self):
        super().setUp()
        for path, text in TREE.items():
            self.write(path, text)

    def edit(self, path, old, new):
        text = self.text(path)
        self.assertIn(old, text)
        self.write(path, text.replace(old, new, 1))

    def said(self, status):
        """What rooms.py says of the tree, compiled anew; its closing line apart."""
        shutil.rmtree(os.path.join(self.dir, "build"), ignore_errors=True)
        for folder, _, names in sorted(os.walk(self.dir)):
            for name in sorted(names):
                source = os.path.relpath(os.path.join(folder, name), self.dir)
                if not source.endswith(".c"):
                    continue
                made = os.path.join("build", "cc", "obj", source[:-2] + ".o")
                os.makedirs(os.path.join(self.dir, os.path.dirname(made)), exist_ok=True)
                subprocess.run([COMPILER, "-MMD", "-MP", "-c", source, "-o", made], cwd=self.dir, check=True)
        done = run(sys.executable, ROOMS, "build", "cc", cwd=self.dir)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        *lines, last = done.stdout.splitlines()
        self.assertRegex(last, r"^\d+ rooms, \d+ edges, \d+ sources")
        return lines

    def test_what_keeps_to_the_table_passes(self):
        self.assertEqual(self.said(0), [])

    def test_an_edge_against_the_order(self):
        self.write("fuzz/low/more.c", '#include "../high/high.h"\n')
        self.assertEqual(self.said(1), ["fuzz/low/more.c includes fuzz/high/high.h: fuzz/low does not use fuzz/high"])
        self.edit("fuzz/README.md", "the lower | `parsers/`", "the lower | `parsers/` `fuzz/high/`")
        self.assertEqual(self.said(1), ["fuzz/README.md: fuzz/low uses fuzz/high, which does not stand above it"])

    def test_an_edge_that_no_row_has(self):
        self.edit("fuzz/high/high.c", '#include "high.h"\n', '#include "high.h"\n#include "../../parsers/reader.h"\n')
        self.assertEqual(self.said(1), ["fuzz/high/high.c includes parsers/reader.h: fuzz/high does not use parsers"])

    def test_a_row_that_claims_too_much(self):
        self.edit("fuzz/README.md", "the higher | `fuzz/low/`", "the higher | `parsers/` `fuzz/low/`")
        self.assertEqual(self.said(1), ["fuzz/README.md: fuzz/high uses parsers, and no file of it does"])

    def test_a_folder_that_is_no_room(self):
        self.write("fuzz/new/new.c", '#include "../low/low.h"\n')
        self.assertEqual(self.said(1), ["fuzz/new/new.c is in fuzz/new, which is no room of fuzz/README.md"])

    def test_files_that_include_each_other(self):
        self.write("fuzz/low/one.h", '#include "two.h"\n')
        self.write("fuzz/low/one.c", "")
        self.write("fuzz/low/two.h", "")
        self.write("fuzz/low/two.c", '#include "two.h"\n#include "one.h"\n')
        self.assertEqual(self.said(1), ["a circle of includes: fuzz/low/one, fuzz/low/two"])

    def test_files_that_call_each_other(self):
        self.write("fuzz/low/one.c", "int two(void);\nint one(void)\n{\n\treturn two();\n}\n")
        self.write("fuzz/low/two.c", "int one(void);\nint two(void)\n{\n\treturn one();\n}\n")
        self.assertEqual(self.said(1), ["a circle of calls: fuzz/low/one, fuzz/low/two"])

    def test_a_header_that_is_never_read(self):
        self.edit("fuzz/low/low.c", '#include "low.h"\n', '#include "low.h"\n#include <stdlib.h>\n')
        self.edit("parsers/reader.h", "int reader", '#include "loud.h"\n\nint reader')
        self.assertEqual(self.said(1), ["fuzz/low/low.c reads stdlib.h, by fuzz/low/low.c",
                                        "fuzz/low/low.c reads loud.h, by parsers/loud.h"])

    def test_a_folder_that_is_full(self):
        for number in range(36):
            self.write(f"fuzz/low/text{number}.md", "")
        self.write("fuzz/low/last.md", "")
        self.assertEqual(self.said(0), [])
        self.write("fuzz/low/more.md", "")
        self.assertEqual(self.said(1), ["fuzz/low holds 41 files, which is more than 40"])

    def test_two_files_of_one_name(self):
        self.write("fuzz/high/low.h", "")
        self.assertEqual(self.said(1), ["fuzz/high/low.h and fuzz/low/low.h have one name"])

    def test_nothing_to_look_at(self):
        for remove, status, words in (("fuzz/README.md", 2, "no table of rooms"), ("build", 3, "no .d file below")):
            self.setUp()
            self.said(0)
            path = os.path.join(self.dir, remove)
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                self.write(remove, "")
            done = run(sys.executable, ROOMS, "build", "cc", cwd=self.dir)
            self.assertEqual(done.returncode, status)
            self.assertRegex(done.stderr, rf"\Arooms.py: {re.escape(words)}.*\n\Z")

    def test_usage(self):
        for arguments, status in ((["--help"], 0), ([], 2), (["build"], 2)):
            done = run(sys.executable, ROOMS, *arguments, cwd=ROOT)
            self.assertEqual(done.returncode, status)


if __name__ == "__main__":
    run_tests()
