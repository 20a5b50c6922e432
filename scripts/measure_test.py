#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests the parts of bench_bugs.py and mutants.py that reckon, without a build: a figure that is wrong is
worse than none. What they do with programs, `make bench-bugs` and `make mutants` show.
"""

import os
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import bench_bugs  # noqa: E402
import mutants  # noqa: E402

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
        self.assertEqual(bench_bugs.cell([found, lost]), "7 (7-7) 1/2")
        self.assertEqual(bench_bugs.cell([lost]), "none 0/1")

    def test_a_bug_that_is_missed_is_a_figure_that_is_missed(self):
        options = mock.Mock(bugs=["a"], execs=100)
        for found, fine in ((0, False), (1, True)):
            by = {("a", "no-seeds"): [{"execs": 5, "found": found}]}
            self.assertEqual(bench_bugs.bug_figures(options, by, {"no-seeds": [5]}), fine)
        execs = {"no-seeds": [50], "default-no-seeds": [100]}
        self.assertFalse(bench_bugs.bug_figures(options, by, execs))


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


class Mutants(unittest.TestCase):

    def changes(self):
        return {(number + 1, changed.strip()) for number in mutants.code_lines(SOURCE)
                for _, changed in mutants.mutate_line(SOURCE[number])}

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
        made = mutants.Mutant("f.c", SOURCE, 7, "off by one", "\t\treturn 1;")
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
        count = {"killed": 8, "fuzzed": 1, "survived": 0, "stopped": 1}
        self.assertEqual(mutants.counted(count), 10)


if __name__ == "__main__":
    unittest.main()
