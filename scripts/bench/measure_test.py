#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests the parts of bench.py, bugs.py and mutants.py that reckon, without a build: a figure that is wrong is
worse than none. `make bench`, `make bench-bugs` and `make mutants` show what they do with programs.
"""

import contextlib
import importlib.util
import io
import itertools
import math
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from bench import bench  # noqa: E402
from bench import bugs as bench_bugs  # noqa: E402
from bench import later as bench_later  # noqa: E402
from test import mutants  # noqa: E402
from test.tools import Case, run, run_tests  # noqa: E402

SOURCE = """\
/* if (a < b) */
static const int table[2] = {1, 2};

int walk(int a, int b)
{
	/* a < b */
	if (a < b && b != 3)
		return 0;
	return a & b;
}
""".split("\n")


class Floors(unittest.TestCase):
    """What bench.py says of an engine's figures."""

    def fine(self, engine, empty, ours, added):
        with contextlib.redirect_stdout(io.StringIO()):
            return bench.engine_figure(engine, "x", empty, ours, 0.2, added)

    def test_a_share_of_empty(self):
        added = {}
        self.assertTrue(self.fine("libfuzzer-fast", 1e-6, 4e-6, added))
        self.assertAlmostEqual(added["libfuzzer-fast"], 3e-6)
        self.assertFalse(self.fine("libfuzzer-fast", 1e-6, 6e-6, added))

    def test_what_afl_costs_itself_changes_nothing(self):
        """What our target adds is held; neither an empty target of 50 us nor one of 5 moves it."""
        for empty, (ours, fine) in itertools.product(
                (50e-6, 5e-6), ((14e-6, True), (16e-6, False), (0, False), (-1e-6, False))):
            with self.subTest(empty=empty, ours=ours):
                self.assertEqual(self.fine("afl", empty, empty + ours, {"libfuzzer-fast": 3e-6}), fine)

    def test_memory_has_a_limit_and_does_not_grow_with_the_run(self):
        name, limit = "exhaust, three capabilities", bench.MEMORY["exhaust, three capabilities"]
        for peak, before, fine in ((limit, limit, True), (limit + 1, limit + 1, False),
                                   (limit, limit - bench.MEMORY_GROWS, True),
                                   (limit, limit - bench.MEMORY_GROWS - 1, False)):
            with self.subTest(peak=peak, before=before), contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(bench.memory_figure(name, peak, before), fine)

    def test_memory_is_that_of_the_command_and_not_of_who_started_it(self):
        ours = bytearray(64 << 20)
        script = "import time; kept = bytearray(%d << 20); time.sleep(0.2); print(len(kept))"
        peaks = [bench.used_by([sys.executable, "-c", script % mebibytes])[1] for mebibytes in (1, 33)]
        self.assertLess(peaks[0], len(ours) >> 10)
        self.assertAlmostEqual((peaks[1] - peaks[0]) / 1024, 32, delta=4)

    def test_exhaust_is_held_to_what_a_buffer_takes_that_is_tried(self):
        for led, fine in ((0.10, True), (0.12, False)):
            ran = iter([(1, 1, 1000), (led * 1000, 1, 1_000_000), (1, 1, 1000)])
            with mock.patch.object(bench, "exhaust", lambda *_, ran=ran: next(ran)), \
                    contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(bench.bench_exhaust(), fine)

    def test_the_first_line_about_a_parser(self):
        with mock.patch.dict(os.environ), contextlib.redirect_stdout(io.StringIO()) as out:
            for first, fine in ((9.9, True), (10.1, False)):
                with mock.patch.object(bench, "build_seconds", side_effect=(first, 30)):
                    self.assertEqual(bench.bench_first_line(), fine)
        self.assertRegex(out.getvalue(), r"\Aok  .*: 0\.330, at most 0\.333 \(9\.9 against 30\.0 s\)\nHIGH ")

    def test_seconds_are_those_of_children_in_a_fresh_folder(self):
        def burns(parser, build):
            seen.append((os.path.exists(parser), os.listdir(build)))
            run(sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass")
        seen = []
        with mock.patch.object(bench, "BUILD", tempfile.gettempdir()):
            self.assertGreaterEqual(bench.build_seconds(burns), 0.3)
        self.assertEqual(seen, [(True, [])])


class Statistics(unittest.TestCase):

    def test_numbers(self):
        found, lost = {"execs": 7, "found": 1}, {"execs": 99, "found": 0}
        for function, arguments, result in (
                (bench_bugs.a12, ([2, 3], [1]), 1.0), (bench_bugs.a12, ([1], [2, 3]), 0.0),
                (bench_bugs.a12, ([1, 2], [1, 2]), 0.5), (bench_bugs.geometric, ([1, 100],), 10),
                # An input among the seeds is found after no exec at all.
                (bench_bugs.geometric, ([0, 1],), 1),
                (bench_bugs.cell, ([found, found],), "7 (7-7)"),
                (bench_bugs.cell, ([found, lost],), "7 (7-7) 1/2, mean 53"),
                (bench_bugs.cell, ([lost],), "none 0/1, mean 99")):
            with self.subTest(function=function, arguments=arguments):
                self.assertAlmostEqual(function(*arguments), result)

    def test_a_trial_has_a_kind_that_shows_the_bug(self):
        shown = {"device": ["planted-a"], "region": ["planted-a", "planted-b"], "pci": ["planted-c"]}
        with mock.patch.object(bench_bugs.alone, "planted_in", lambda _, kind: shown.get(kind, [])), \
                mock.patch.object(bench_bugs.os.path, "exists", return_value=True):
            bugs = bench_bugs.planted(mock.Mock(bugs="-[ac]"))
        self.assertEqual(bugs, {"planted-a": ["device", "region"], "planted-c": ["pci"]})
        options = mock.MagicMock(bugs=bugs, execs=9, seeds="", no_seeds="")
        found = {"bucket": "x", "execs": 1, **dict.fromkeys(bench_bugs.alone.MARKS, 1)}
        with mock.patch.object(bench_bugs.alone, "hunt", return_value=found):
            rows = [bench_bugs.trial(options, (bug, "ours", number)) for bug in bugs for number in range(3)]
        self.assertEqual([row["kind"] for row in rows], ["device", "region", "device", "pci", "pci", "pci"])

    def test_a_bug_that_is_missed_is_a_figure_that_is_missed(self):
        options = mock.Mock(bugs=["a"], execs=100)
        for found, execs, fine in ((0, {"no-seeds": [5]}, False), (1, {"no-seeds": [5]}, True),
                                   (1, {"no-seeds": [50], "default-no-seeds": [100]}, False)):
            by = {("a", "no-seeds"): [{"execs": 5, "found": found}]}
            self.assertEqual(bench_bugs.bug_figures(options, ["a"], by, execs), fine)


class LaterBugs(Case):
    """Bugs that the mutator cannot have been made for, by what git says of a tree of its own."""

    MUTATOR = "fuzz/mutator/mutate.c"

    def setUp(self):
        super().setUp()
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.dir)
        self.git("init", "-q", "-b", "main")
        self.first = self.commit("why", "fuzz/mutate.c", "fuzz/planted/old.c", "elsewhere.c")
        os.makedirs("fuzz/mutator")
        os.rename("fuzz/mutate.c", self.MUTATOR)
        self.commit("rooms\n\nMutator-results: same")

    def git(self, *words):
        # From git 2.47 on, upkeep goes on behind the command that started it.
        return run("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "maintenance.auto=false", *words, check=True).stdout.strip()

    def commit(self, message, *names):
        """One that writes these files anew; its short name."""
        for name in names:
            self.write(name, f"{name} {message}\n" * 20)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "--short", "HEAD")

    def mutate(self, message, result=None, comment=None):
        """A mutator that makes other results, or has another comment below them."""
        before = self.text(self.MUTATOR)
        self.write(self.MUTATOR, f"{result or before.splitlines()[0]}\n" + before.split("\n", 1)[1]
                   + (f"{comment}\n" if comment else ""))
        return self.commit(message)

    def results_at(self, commit, _seeds):
        """A mutator makes what its first line says, or does not build."""
        path = self.git("ls-tree", "-r", "--name-only", commit, "fuzz/mutate.c") or self.MUTATOR
        made = self.git("show", f"{commit}:{path}").splitlines()[0]
        return None if made == "broken" else made

    def later(self):
        """The last change, the later bugs, and whether the figure holds."""
        bugs = ["planted-old", "planted-a", "planted-b", "planted-moved"]
        options = mock.Mock(bugs=bugs, bugs_named=False, configs=[])
        with mock.patch.object(bench_later, "results_at", self.results_at), mock.patch("builtins.print"):
            return *bench_later.later_bugs(bugs, ""), bench_bugs.later_figures(options, {})

    def test_who_says_that_nothing_changed_is_held_to_it(self):
        same = "mended\n\nMutator-results: same"
        self.mutate(same, comment="spelled")
        self.assertEqual(self.later()[0], self.first)
        for message, result in ((same, "other"), (same, "broken"), (same, "broken too"), ("why", "broken too")):
            last = self.mutate(message, result, comment="more")
            self.assertEqual(self.later()[0], last)

    def test_a_merge_is_no_change(self):
        """It makes the results of one side, and has the comments of the other."""
        same = "mended\n\nMutator-results: same"
        self.git("checkout", "-q", "-b", "side")
        changed = self.mutate("why", result="other")
        self.git("checkout", "-q", "main")
        self.mutate(same, comment="spelled")
        self.git("merge", "-q", "-m", same, "side")
        self.assertEqual(self.later()[0], changed)

    def test_they_are_those_that_came_later(self):
        """One that was moved, from another folder of bugs or from elsewhere, did not come; a new one may move."""
        self.commit("later", "fuzz/planted/a.c", "fuzz/planted/a.h", "fuzz/planted/loops/b.c", "other/planted/old.c")
        os.rename("fuzz/planted/old.c", "fuzz/planted/loops/old.c")
        os.rename("elsewhere.c", "fuzz/planted/moved.c")
        os.rename("fuzz/planted/a.c", "fuzz/planted/loops/a.c")
        self.commit("moved")
        self.assertEqual(self.later()[1], ["planted-a", "planted-b"])

    def test_too_few_miss_a_figure(self):
        self.commit("later", "fuzz/planted/a.c")
        for least, fine in ((1, True), (2, False)):
            with mock.patch.object(bench_bugs, "LATER_MIN", least):
                self.assertEqual(self.later()[2], fine)

    def test_without_history_nothing_is_said(self):
        self.commit("later", "fuzz/planted/a.c")
        self.git("clone", "-q", "--depth", "1", f"file://{self.dir}", "shallow")
        os.makedirs("none")
        for folder in ("shallow", "none"):
            with mock.patch.dict(os.environ, GIT_DIR=self.path(folder, ".git")):
                self.assertEqual(self.later(), (None, [], True))


@unittest.skipUnless(importlib.util.find_spec("scipy"), "no scipy; the step of its own says so")
class Comparisons(unittest.TestCase):

    def test_comparisons(self):
        slow, fast = [[100, 101, 102, 103, 104]] * 6, [[1, 2, 3, 4, 5]] * 6
        pairs, line = bench_bugs.compare(slow, fast)
        self.assertEqual(pairs[0][0], 1.0)
        self.assertEqual(line[1:5], ["1.00", "6", "0", "6"])
        self.assertEqual(bench_bugs.compare(fast, slow)[1][1:5], ["0.00", "0", "6", "6"])
        self.assertEqual(bench_bugs.compare(fast, fast)[1], ["1.00", "0.50", "0", "0", "6", "1"])


class Linear(unittest.TestCase):
    """What `make bench` takes for linear in a buffer's length, on tables of costs."""

    LENGTHS = [16 << i for i in range(9)]

    def table(self, cost, lengths=None):
        return [(x, cost(x)) for x in lengths or self.LENGTHS]

    def refused(self, points):
        """The figures that are above their limit."""
        return [figure.__name__ for figure, limit in ((bench.misses, bench.LINEAR_WITHIN),
                                                      (bench.rise, bench.RISE_WITHIN)) if figure(points) > limit]

    def test_a_line_is_linear_whatever_is_fixed(self):
        for fixed in (0, 1, 500, 1e6):
            points = self.table(lambda x, fixed=fixed: fixed + 15 * x)
            self.assertAlmostEqual(bench.line_through(points)[0], fixed, places=3)
            self.assertAlmostEqual(bench.line_through(points)[1], 15)
            self.assertAlmostEqual(bench.misses(points), 1)
            self.assertAlmostEqual(bench.rise(points), 1)
            self.assertEqual(self.refused(points), [])

    def test_what_was_measured_is_linear(self):
        costs = (770.6, 1043.2, 1656.2, 2853.3, 5002.2, 9079.0, 17153.5, 32538.0, 63663.6)
        self.assertEqual(self.refused(list(zip(self.LENGTHS, costs))), [])

    def test_more_than_linear_is_refused(self):
        costs = (lambda x: x ** 2, lambda x: x * math.log2(x), lambda x: x ** 1.2, lambda x: 15 * x + x ** 2 / 100)
        for fixed, lengths, cost in itertools.product((0, 500), (self.LENGTHS, self.LENGTHS[1:]), costs):
            self.assertIn("rise", self.refused(self.table(lambda x: fixed + cost(x), lengths)))

    def test_a_fixed_cost_hides_nothing(self):
        # A line is near to all of these, since the fixed cost is most of each.
        self.assertEqual(self.refused(self.table(lambda x: 1e9 + x ** 2)), ["rise"])
        # Nor is there one below zero.
        fixed, each = bench.line_through(self.table(lambda x: x ** 2))
        self.assertEqual(fixed, 0)
        self.assertGreater(each, 0)

    def test_one_length_is_enough(self):
        for length in self.LENGTHS[1:]:
            points = self.table(lambda x: 500 + 15 * x * (1 + (x == length)))
            self.assertNotEqual(self.refused(points), [], length)

    def test_bytes_that_cost_nothing_were_not_measured(self):
        for cost in (lambda x: 500, lambda x: 9000 - x):
            self.assertEqual(bench.rise(self.table(cost)), math.inf)

    def bench(self, rows):
        """bench_lengths() on what its program would have printed; and what it printed itself."""
        run = mock.Mock(stdout="\n".join(" ".join(map(str, row)) for row in rows).encode())
        with mock.patch.object(bench.subprocess, "run", return_value=run), \
                mock.patch("builtins.print") as said:
            return bench.bench_lengths(), [call.args[0] for call in said.call_args_list]

    def test_every_column_decides(self):
        line, square = (lambda x: 500 + 15 * x), (lambda x: 500 + 15 * x + x ** 2)
        for ended, looping, planted, fine in ((line, line, square, True), (square, line, square, False),
                                              (line, square, square, False), (line, line, line, False)):
            got, said = self.bench([(x, ended(x), looping(x), planted(x)) for x in self.LENGTHS])
            self.assertEqual(got, fine)
            costs = [line for line in said if line.startswith("cost of ") and "bytes: " in line]
            self.assertEqual(len(costs), len(self.LENGTHS))
            self.assertNotIn("looping", costs[0])
            self.assertIn("(63.0 a byte more)" if ended is square else "(15.0 a byte more)", costs[1])


class Refused(unittest.TestCase):
    """What cannot be meant is refused in one line, before anything is built or run."""

    def test_options(self):
        for script, arguments, says in (
                (bench_bugs, ["--bugs", "("], "--bugs (: no regular expression"),
                (bench_bugs, ["--parts", "bugs,spede"], "--parts is a list of bugs, sets, speed"),
                (bench_bugs, ["--configs", "mine"], "--configs is a list of "),
                (bench_bugs, ["--trials", "0"], "--trials is 1 or more"),
                (mutants, ["--only", "("], "--only (: no regular expression")):
            with self.subTest(arguments=arguments), mock.patch("sys.stderr", io.StringIO()) as said:
                with self.assertRaises(SystemExit) as refused:
                    script.parse(arguments)
                self.assertEqual(refused.exception.code, 2)
                self.assertIn(says, said.getvalue())

    def test_without_its_build(self):
        with mock.patch.object(bench_bugs, "BUILD", "/nowhere"), \
                self.assertRaises(SystemExit) as refused:
            bench_bugs.planted(mock.Mock(bugs="."))
        self.assertIn("`make bench-bugs` builds", refused.exception.code)


class Mutants(unittest.TestCase):

    def changes(self):
        return {(number + 1, changed.strip()) for number in mutants.code_lines(SOURCE)
                for _, changes in mutants.mutate_line(SOURCE[number]) for changed in changes}

    def test_only_code_in_functions(self):
        self.assertEqual(list(mutants.code_lines(SOURCE)), [6, 7, 8])

    def test_changes(self):
        changes = self.changes()
        for wanted in ((7, "if (a <= b && b != 3)"), (7, "if (a < b || b != 3)"),
                       (7, "if (a < b && b == 3)"), (7, "if (a < b && b != 4)"),
                       (7, "if (0 && (a < b && b != 3))"), (8, "return 1;")):
            self.assertIn(wanted, changes)
        self.assertNotIn(SOURCE[6].strip(), {changed for _, changed in changes})

    def test_function_names(self):
        self.assertEqual(mutants.function_of(SOURCE, 6), "walk")

    def mutant(self, state):
        made = mutants.Mutant("f.c", ["f.c"], SOURCE, 7, "off by one", ["\t\treturn 1;"])
        made.state = state
        return made

    def listed(self, line, made):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(line + "\n")
            file.flush()
            with mock.patch.object(mutants, "EQUIVALENT", file.name), mock.patch("builtins.print"):
                return mutants.set_equivalent([made], {"f.c": SOURCE})

    def test_the_list_of_equivalents_is_held_to(self):
        line = "f.c :: walk :: return 0; :: return 1; :: because"
        made = self.mutant("survived")
        self.assertTrue(self.listed(line, made))
        self.assertEqual((made.state, made.by), ("equivalent", "because"))
        made = self.mutant("killed")
        self.assertFalse(self.listed(line, made))
        self.assertEqual(made.state, "killed")
        self.assertFalse(self.listed("f.c :: walk :: return 9; :: return 1; :: because", self.mutant("survived")))

    def test_a_stop_is_no_kill_and_counts(self):
        count = {"killed": 7, "fuzzed": 1, "tested": 1, "survived": 0, "stopped": 1}
        self.assertEqual(mutants.counted(count), 10)


if __name__ == "__main__":
    run_tests()
