#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check.py and meson.build with steps that do what they are told: what is printed, counted and red."""

import os
import re
import shutil
import sys
import unittest
from unittest import mock

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test import check  # noqa: E402
from test.tools import Case, run, run_tests, script, text_of  # noqa: E402

STEPS = """#!/bin/sh
%s
case $1 in leaks_seen | links_noted) ;; *) echo "ran $*" >>ran ;; esac
case $1 in
formatted) echo "a line"; echo "no clang-format here"; exit 77 ;;
*/policy.py) echo "skipped: Case.test and 2 more: no thing: of that"; echo "warning: late" ;;
esac
echo 'took 0.1 + 0.2 of CPU' >&2
"""


SAYS = """#!/bin/sh
echo "loop at 32 in 168 loads"
echo "oracles: %s"
echo '{"oracles":"%s"}'
[ "$1" != "%s" ] || echo "another word"
"""


@unittest.skipUnless(shutil.which("meson"), "no meson here")
class Check(Case):
    def setUp(self):
        super().setUp()
        self.write("scripts/test/check.py", text_of(script("test", "check.py")), 0o755)
        self.write("scripts/test/meson.build", text_of(script("test", "meson.build")))
        self.write("Makefile", "configs:\n\t@echo clang / libfuzzer\n")
        self.write("fuzz/part/part_test.c", "")
        self.steps()

    def steps(self, more=""):
        self.write("scripts/test/check.sh", STEPS % more, 0o755)

    def check(self, status, **env):
        done = run(self.path("scripts/test/check.py"), cwd="/", env={**os.environ, "CI": "", "STEPS": "", **env})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def ran(self):
        return self.text("ran").splitlines()

    def test_all(self):
        said = self.check(0)
        self.assertRegex(said, r"\n(\d\d+) passed, 0 failed, 2 skipped\n\Z")
        self.assertIn("\nskipped format: no clang-format here\n", said)
        self.assertIn("\nskipped policy page is fresh, Case.test and 2 more: no thing: of that\n", said)
        self.assertIn("policy page is fresh: warning: late\n", said)
        self.assertRegex(said, r"\nThe slowest.*\n(        \d+\.\d s, (0\.1 \+ 0\.2|\?) of CPU: .*\n){5}\d+ passed")
        ran = self.ran()
        self.assertEqual(ran[:4], [f"ran {step}" for step in ("builds", "builds32", "builds_nightly", "hooked")])
        self.assertIn("ran unit clang part/part_test", ran)
        self.assertIn("ran missing gcc", ran)
        # What compares verdicts begins when those it compares are there.
        self.assertLess(ran.index("ran replayed clang"), ran.index("ran linked_once"))
        self.assertLess(ran.index("ran scripts/fuzz/corpus-bytes.sh build/check/bytes"), ran.index("ran same clang"))
        self.assertEqual(len(ran), len(set(ran)))
        for end in ("txt", "junit.xml"):
            self.assertTrue(os.path.getsize(self.path(f"build/check/check.{end}")))

    def test_some_fail(self):
        self.write("scripts/test/meson.build", self.text("scripts/test/meson.build") +
                   "test('hangs', check, args: ['hangs'], suite: 'check', timeout: 1, workdir: root)\n")
        self.steps("case $1 in rooms_ordered) echo an edge too many; exit 1 ;; shell_clean) exit 99 ;;\n"
                   "python_compiles) kill -SEGV $$ ;; hangs) sleep 1000 ;; esac")
        said = self.check(1, STEPS="^(rooms$|format|shellcheck|python|hangs|bounded.h)")
        self.assertIn("an edge too many\n", said)
        for name in (r"rooms \(fail", r"shellcheck \((fail|error)", r"python \(fail", r"hangs \(timeout"):
            self.assertRegex(said, rf"\nFAILED  {name}, \d+\.\d s\)\n")
        self.assertTrue(said.endswith("\n5 passed, 4 failed, 1 skipped\n"), said)
        self.assertIn("ran scripts/test/vendored-builds.sh bounded", self.ran())
        self.assertNotIn("ran same32", self.ran())

    def test_a_skip_is_red_in_ci(self):
        rows = [{"name": "capchain / x", "result": "OK", "duration": 1.0},
                {"name": "capchain:build / y", "result": "SKIP", "duration": 1.0, "stdout": "why\n"}]
        for count, ci, status in ((1, "true", 0), (2, "true", 1), (2, "", 0), (0, "", 1)):
            with mock.patch("builtins.print"), mock.patch.dict(os.environ, CI=ci):
                self.assertEqual(check.close([check.Step(row) for row in rows[:count]]), status, (count, ci))

    def test_no_build(self):
        self.steps("[ $1 != builds32 ] || exit 1")
        said = self.check(1)
        self.assertTrue(said.endswith("\n3 passed, 1 failed, 0 skipped\n"), said)
        self.assertEqual(len(self.ran()), 3)

    def test_no_step_of_that_name(self):
        self.steps()
        self.assertNotIn("passed", self.check(1, STEPS="nowhere"))
        self.check(0, STEPS="^build$")

    def test_the_environment_of_steps(self):
        """What meson sets is not there; where leaks cannot be seen, tests are told."""
        self.steps("[ $1 != leaks_seen ] || exit 77; env >>env")
        self.check(0, STEPS="^rooms$", ASAN_OPTIONS="detect_leaks=0")
        self.assertIn("STEP_UNSET=UBSAN_OPTIONS MSAN_OPTIONS\n", self.text("env"))
        self.assertIn("LSAN_OPTIONS=detect_leaks=0\n", self.text("env"))
        shown = run("bash", "-c", "STEP_UNSET=UBSAN_OPTIONS UBSAN_OPTIONS=x MALLOC_PERTURB_=3 commands=x "
                    f"{script('test', 'check.sh')} env").stdout
        self.assertNotRegex(shown, "(?m)^(UBSAN_OPTIONS|MALLOC_PERTURB_)")

    def test_without_proc(self):
        """What needs it is skipped with that reason, and all else is done."""
        hide = self.hiding("/proc")
        self.write("Makefile", "configs:\n\t@echo clang clang-asan / libfuzzer afl\n")
        for test in ("client/remote_test", "target/findings_test", "sandbox/report_test"):
            self.write(f"fuzz/{test}.c", "")
        done = run(*hide, self.path("scripts/test/check.py"), cwd="/", env={**os.environ, "CI": "", "STEPS": ""})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        skipped = re.findall(r"(?m)^skipped (.*): /proc is not mounted: mount -t proc", done.stdout)
        self.assertEqual(sorted(skipped), sorted((
            "nightly.py", "AFL++'s hooks of the mutator", "clang client/remote_test", "clang-asan client/remote_test",
            "verdicts of clang-msan targets", "clang-asan command line", "clang-asan run",
            "clang-asan target/findings_test", "clang-asan sandbox/report_test")))
        for step in ("unit clang target/findings_test", "python_test test/cli_test.py clang", "same clang"):
            self.assertIn("ran " + step, self.ran())

    def test_usage(self):
        for words, status in ((["--help"], 0), (["x"], 2)):
            done = run(script("test", "check.py"), *words)
            self.assertEqual(done.returncode, status)
            self.assertIn("Exit status", done.stdout)


class Words(Case):
    """A word that one build alone says is seen, in each verb; an oracle's name is none."""

    def words(self, *verbs):
        for config, oracles in (("clang", "arena"), ("gcc-asan", "arena, AddressSanitizer")):
            verb = verbs[0] if verbs and config == "gcc-asan" else "none"
            self.write(f"build/{config}/capchain", SAYS % (oracles, oracles, verb), 0o755)
        for folder in ("captured", "nights", "regressions", "seeds"):
            self.write(f"corpus/{folder}/one", "")
        os.makedirs(self.path("build", "check"), exist_ok=True)
        return run(script("test", "check.sh"), "same_words", cwd=self.dir,
                   env={**os.environ, "commands": "clang gcc-asan", "first": "clang"})

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
