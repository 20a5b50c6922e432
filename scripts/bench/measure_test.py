#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests the parts of bench.py, bugs.py and mutants.py that reckon, without a build: a figure that is
wrong is worse than none. What they do with programs, `make bench`, `make bench-bugs` and `make mutants`
show.
"""

import importlib.util
import io
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
from test.tools import run_tests  # noqa: E402

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

    def line(self, engine, empty, ours, added):
        with mock.patch("sys.stdout", io.StringIO()) as said:
            fine = bench.engine_figure(engine, "x", empty, ours, 0.2, added)
        return fine, said.getvalue()

    def test_a_share_of_empty(self):
        added = {}
        self.assertTrue(self.line("libfuzzer-fast", 1e-6, 4e-6, added)[0])
        self.assertAlmostEqual(added["libfuzzer-fast"], 3e-6)
        self.assertFalse(self.line("libfuzzer-fast", 1e-6, 6e-6, added)[0])

    def test_what_afl_costs_itself_changes_nothing(self):
        """What our target adds is held; neither an empty target of 50 us nor one of 5 moves it."""
        for empty in (50e-6, 5e-6):
            for ours, fine in ((14e-6, True), (16e-6, False), (0, False), (-1e-6, False)):
                self.assertEqual(self.line("afl", empty, empty + ours, {"libfuzzer-fast": 3e-6})[0],
                                 fine, (empty, ours))


class Statistics(unittest.TestCase):

    def test_a12(self):
        self.assertEqual(bench_bugs.a12([2, 3], [1]), 1.0)
        self.assertEqual(bench_bugs.a12([1], [2, 3]), 0.0)
        self.assertEqual(bench_bugs.a12([1, 2], [1, 2]), 0.5)

    def test_geometric_mean(self):
        self.assertAlmostEqual(bench_bugs.geometric([1, 100]), 10)
        # An input among the seeds is found after no exec at all.
        self.assertAlmostEqual(bench_bugs.geometric([0, 1]), 1)

    def test_cells_say_what_was_not_found(self):
        found, lost = {"execs": 7, "found": 1}, {"execs": 99, "found": 0}
        self.assertEqual(bench_bugs.cell([found, found]), "7 (7-7)")
        self.assertEqual(bench_bugs.cell([found, lost]), "7 (7-7) 1/2, mean 53")
        self.assertEqual(bench_bugs.cell([lost]), "none 0/1, mean 99")

    def test_a_bug_that_is_missed_is_a_figure_that_is_missed(self):
        options = mock.Mock(bugs=["a"], execs=100)
        for found, fine in ((0, False), (1, True)):
            by = {("a", "no-seeds"): [{"execs": 5, "found": found}]}
            self.assertEqual(bench_bugs.bug_figures(options, ["a"], by, {"no-seeds": [5]}), fine)
        execs = {"no-seeds": [50], "default-no-seeds": [100]}
        self.assertFalse(bench_bugs.bug_figures(options, ["a"], by, execs))


class LaterBugs(unittest.TestCase):
    """Bugs that the mutator cannot have been made for, by what git says."""

    def of(self, last, added, shallow="false", message="why", before="a"):
        """@last: commits of the mutator, newest first; @before: what the one before them made."""
        def git(verb, *arguments):
            if "--name-only" in arguments:
                return added
            return shallow if verb == "rev-parse" else \
                (message if "--format=%B" in arguments and arguments[-1] == last.split()[0] else last)
        options = mock.Mock(bugs=["planted-a", "planted-b"], bugs_named=False, configs=[])
        with mock.patch.multiple(bench_later, git=git, results=lambda build, seeds: "a",
                                 results_at=lambda commit, seeds: before), \
                mock.patch("builtins.print"):
            return (bench_later.later_bugs(options.bugs, ""),
                    bench_bugs.later_figures(options, {}))

    def test_who_says_that_nothing_changed_is_held_to_it(self):
        said = "why\n\nMutator-results: same\n"
        self.assertEqual(self.of("3c4d\n1a2b\n", "", message=said)[0][0], "1a2b")
        self.assertEqual(self.of("3c4d\n1a2b\n", "", message=said, before="b")[0][0], "3c4d")
        self.assertEqual(self.of("3c4d\n1a2b\n", "", message=said, before="")[0][0], "3c4d")
        self.assertEqual(self.of("3c4d\n1a2b\n", "", message="why")[0][0], "3c4d")

    def test_they_are_those_that_came_later(self):
        self.assertEqual(self.of("1a2b", "\nfuzz/planted/b.c\nfuzz/planted/b.h\n"),
                         (("1a2b", ["planted-b"]), False))

    def test_too_few_miss_a_figure(self):
        with mock.patch.object(bench_bugs, "LATER_MIN", 2):
            self.assertTrue(self.of("1a2b", "fuzz/planted/a.c\nfuzz/planted/b.c\n")[1])
            self.assertFalse(self.of("1a2b", "fuzz/planted/a.c\n")[1])

    def test_without_history_nothing_is_said(self):
        self.assertEqual(self.of("", ""), ((None, []), True))
        self.assertEqual(self.of("1a2b", "fuzz/planted/b.c\n", "true"), ((None, []), True))


@unittest.skipUnless(importlib.util.find_spec("scipy"), "no scipy; the step of its own says so")
class Comparisons(unittest.TestCase):

    def test_comparisons(self):
        slow, fast = [[100, 101, 102, 103, 104]] * 6, [[1, 2, 3, 4, 5]] * 6
        pairs, line = bench_bugs.compare(slow, fast)
        self.assertEqual(pairs[0][0], 1.0)
        self.assertEqual(line[1:5], ["1.00", "6", "0", "6"])
        self.assertEqual(bench_bugs.compare(fast, slow)[1][1:5], ["0.00", "0", "6", "6"])
        self.assertEqual(bench_bugs.compare(fast, fast)[1],
                         ["1.00", "0.50", "0", "0", "6", "1"])


class Linear(unittest.TestCase):
    """What `make bench` takes for linear in a buffer's length, on tables of costs."""

    LENGTHS = [16 << i for i in range(9)]

    def table(self, cost, lengths=None):
        return [(x, cost(x)) for x in lengths or self.LENGTHS]

    def refused(self, points):
        """The figures that are above their limit."""
        return [figure.__name__ for figure, limit in ((bench.misses, bench.LINEAR_WITHIN),
                                                      (bench.rise, bench.RISE_WITHIN))
                if figure(points) > limit]

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
        for fixed in (0, 500):
            for lengths in (self.LENGTHS, self.LENGTHS[1:]):
                for cost in (lambda x: x ** 2, lambda x: x * math.log2(x), lambda x: x ** 1.2,
                             lambda x: 15 * x + x ** 2 / 100):
                    points = self.table(lambda x: fixed + cost(x), lengths)
                    self.assertIn("rise", self.refused(points))

    def test_a_fixed_cost_hides_nothing(self):
        # A line is near to all of these, since the fixed cost is most of each.
        points = self.table(lambda x: 1e9 + x ** 2)
        self.assertEqual(self.refused(points), ["rise"])

    def test_one_length_is_enough(self):
        for at in range(1, len(self.LENGTHS)):
            points = self.table(lambda x, at=at: 500 + 15 * x * (1 + (x == self.LENGTHS[at])))
            self.assertNotEqual(self.refused(points), [], self.LENGTHS[at])

    def test_no_fixed_cost_below_zero(self):
        fixed, each = bench.line_through(self.table(lambda x: x ** 2))
        self.assertEqual(fixed, 0)
        self.assertGreater(each, 0)

    def test_bytes_that_cost_nothing_were_not_measured(self):
        self.assertEqual(bench.rise(self.table(lambda x: 500)), math.inf)
        self.assertEqual(bench.rise(self.table(lambda x: 9000 - x)), math.inf)

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


class Resume(unittest.TestCase):
    """A run that was ended goes on where it was: whole trials stand, and one cut in its line is run anew."""

    def row(self, seed, execs):
        return dict(zip(bench_bugs.FIELDS, ("planted-a", "ours", "iommu", seed, execs, 100, 1, 4, 3, 2, "b", 0.5)))

    def trial(self, seed):
        made = mock.Mock(bug="planted-a", config="ours", kind="iommu", seed=seed, limit=100)
        made.go.return_value = self.row(seed, 10 * seed)
        return made

    def rows(self, folder, resume, trials):
        with mock.patch("builtins.print"), \
                bench_bugs.Log(mock.Mock(out=folder, resume=resume)) as log:
            return [log.row(trial) for trial in trials]

    def test_resume(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = self.trial(1), self.trial(2)
            self.rows(folder, False, [first])
            with open(os.path.join(folder, "trials.partial.csv"), "a", encoding="utf-8") as file:
                file.write("planted-a,ours,iommu,2,2")
            rows = self.rows(folder, True, [first, second])
            self.assertEqual(rows, [self.row(1, 10), self.row(2, 20)])
            self.assertEqual((first.go.call_count, second.go.call_count), (1, 1))
            self.rows(folder, False, [first])
            self.assertEqual(first.go.call_count, 2)


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
        self.assertFalse(self.listed("f.c :: walk :: return 9; :: return 1; :: because",
                                     self.mutant("survived")))

    def test_a_stop_is_no_kill_and_counts(self):
        count = {"killed": 7, "fuzzed": 1, "tested": 1, "survived": 0, "stopped": 1}
        self.assertEqual(mutants.counted(count), 10)


if __name__ == "__main__":
    run_tests()
