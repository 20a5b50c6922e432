#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests that words.sh sees a word that one build alone says, in each verb, and no oracle's name."""

import sys
from os.path import dirname

sys.path[0], sys.dont_write_bytecode = dirname(dirname(__file__)), True

from test.tools import Case, run, run_tests, script  # noqa: E402

SAYS = """#!/bin/sh
echo "loop at 32 in 168 loads"
echo "oracles: %s"
echo '{"oracles":"%s"}'
[ "$1" != "%s" ] || echo "another word"
"""


class Words(Case):
    def words(self, *verbs):
        for config, oracles in (("clang", "arena"), ("gcc-asan", "arena, AddressSanitizer")):
            verb = verbs[0] if verbs and config == "gcc-asan" else "none"
            self.write(f"build/{config}/capchain", SAYS % (oracles, oracles, verb), 0o755)
        for folder in ("captured", "regressions", "seeds"):
            self.write(f"corpus/{folder}/one", "")
        return run(script("test", "words.sh"), "clang", "gcc-asan", cwd=self.dir)

    def test_equal(self):
        done = self.words()
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_another_word(self):
        for verb in ("check", "explain", "replay"):
            done = self.words(verb)
            self.assertEqual(done.returncode, 1, verb)
            self.assertRegex(done.stdout, rf"\Agcc-asan: other words of {verb}.* than clang\n")
            self.assertIn("> another word", done.stdout)


if __name__ == "__main__":
    run_tests()
