#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""equal.sh and verdicts.py: builds and targets whose lines are not those of the first are told, by
planted ones that print what they are told to."""
import os
import shutil
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.fuzz import KINDS  # noqa: E402
from fuzz.seeds import target_name  # noqa: E402
from test.tools import Case, run, run_tests, script  # noqa: E402

LINES = "one\n\twrote at 1\ntwo\n"


class Equal(Case):
    def run_it(self, **configs):
        """Of builds that print a text and end with a status."""
        for name in ("equal.sh", "i386.sh"):
            os.makedirs(self.path("scripts/test"), exist_ok=True)
            shutil.copy(script("test", name), self.path("scripts/test"))
        for config, (text, status) in configs.items():
            self.write(f"build/{config}/equal",
                       f"#!/bin/sh\n[ \"$1\" = /bytes ] && printf %s '{text}'\nexit {status}\n", 0o755)
        return run(self.path("scripts/test/equal.sh"), "/bytes")

    def test_same(self):
        done = self.run_it(clang=(LINES, 0), gcc=(LINES, 0))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"\Aok      clang\nok      gcc\n2 builds; verdicts of 2 "
                                      r"buffers: [0-9a-f]{16}\n\Z")

    def test_red(self):
        differ = r"FAILED  gcc: \d+ lines differ:"
        for configs, says in (
                ({}, r"\Anothing to compare: make equal builds it\n\Z"),
                *(({"clang": (LINES, 0), "gcc": other}, says) for other, says in (
                    ((LINES.replace("1", "0"), 0), differ), ((LINES + "three\n", 0), differ),
                    (("", 0), differ), ((LINES, 3), "FAILED  gcc: ended with 3")))):
            with self.subTest(configs=configs):
                done = self.run_it(**configs)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout, says)


class Verdicts(Case):
    """Each target says one line, of its kind and of whether it was asked for truncations."""

    def run_it(self, *options, expected=None, target="", gone=None):
        lines = [f"{kind} x 8 {'1' * ('--truncated' in options)}\n" for kind in KINDS]
        self.write("expected", "".join(lines) if expected is None else expected(lines))
        for kind in KINDS:
            self.write(f"build/clang/{target_name(kind)}", f"#!/bin/sh\n{target}\n"
                       'echo "${1##*/} x 8 $CAPCHAIN_TRUNCATE" >>"$CAPCHAIN_VERDICTS"\n', 0o755)
            if kind != gone:
                self.write(f"build/check/bytes/{kind}/input", "")
        return run(script("test", "verdicts.py"), *options, "clang", "expected", cwd=self.dir)

    def test_same(self):
        for options in (), ("--truncated",):
            # Twice: what was said before is not what is said now.
            for _ in range(2):
                done = self.run_it(*options)
                self.assertEqual((done.returncode, done.stdout, done.stderr),
                                 (0, f"{len(KINDS)} sets of verdicts are the same\n", ""))

    def test_red(self):
        first = f"{KINDS[0]} x 8 \n"
        for planted, says in (
                ({"expected": lambda lines: "".join(lines[1:])}, f"only said: {first}"),
                ({"expected": lambda lines: "".join([*lines, "more x 8\n"])}, "only expected: more x 8\n"),
                ({"expected": lambda _: "", "target": "exit 0"}, "^0 sets of verdicts"),
                ({"target": "echo dead; exit 3"}, "dead\n\nbuild/clang/.* ended with status 3\n"),
                ({"gone": KINDS[-1]}, f"nothing in build/check/bytes/{KINDS[-1]}: ")):
            with self.subTest(says=says):
                shutil.rmtree(self.path("build"), ignore_errors=True)
                done = self.run_it(**planted)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout, says)
        self.assertEqual(run(script("test", "verdicts.py")).returncode, 2)


if __name__ == "__main__":
    run_tests()
