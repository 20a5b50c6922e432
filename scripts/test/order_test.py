#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests that no input leaves anything to the next one, whatever the order, and that lines of output have an end.

CAPCHAIN names the binary.
"""

import json
import os
import random
import shutil
import struct
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests  # noqa: E402

FOLDERS = [os.path.join(CORPUS, name) for name in ("regressions", "seeds")]
FILES = [os.path.join(folder, name) for folder in FOLDERS for name in sorted(os.listdir(folder))
         if name.endswith(".yaml")]


class Order(Case):
    def reports(self, files, *options, status=(0, 1), **env):
        done = run(CAPCHAIN, "check", "--json", *options, *files, env={**os.environ, **env})
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn(done.returncode, status)
        self.assertEqual(len(reports), len(files), done.stderr)
        return done.returncode, {report["file"]: report for report in reports}

    def verdicts(self, files, *options, status=(0,), **env):
        done = run(CAPCHAIN, "replay", *options, "-v", self.path("verdicts"), *files, env={**os.environ, **env})
        lines = [line.split(" - ", 1)[1] for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
        self.assertIn(done.returncode, status, done.stdout[-500:] + done.stderr)
        self.assertEqual(len(lines), len(files), done.stdout[-500:])
        return done.returncode, sorted(lines), sorted(self.text("verdicts").splitlines())

    def same(self, look, files, *options, **more):
        """What @look sees is the same in this order, backwards and shuffled."""
        shuffled = files[:]
        random.Random(1).shuffle(shuffled)
        seen = [look(order, *options, **more) for order in (files, files[::-1], shuffled)]
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])

    def test_check(self):
        self.same(self.reports, FILES)

    def test_replay(self):
        self.same(self.verdicts, FILES, "--truncate")

    def test_state_is_seen(self):
        """A reader that faults in its fourth walk, of whatever input that is."""
        parser = os.path.join(ROOT, "parsers", "own", "planted", "besides.c")
        files = [path for path in FILES if "/seeds/region-" in path][:12]
        for look in (self.reports, self.verdicts):
            self.same(look, files, "--parser", parser, status=(0, 1), PARSER_CFLAGS="-DWAY=5")
            with self.assertRaisesRegex(self.failureException, "Tuples differ"):
                self.same(look, files, "--parser", parser, status=(0, 1), PARSER_CFLAGS="-DWAY=2")


class Bounds(Case):
    def test_notes(self):
        """A chain of thousands, each with a note of its own."""
        many = 3000
        caps = b"".join(struct.pack("<HHI", 0x4000, 1, 0 if i == many - 1 else 32 + 8 * (i + 1)) for i in range(many))
        reply = struct.pack("<IIIIQQ", 32 + len(caps), 15, 0, 32, 4096, 0) + caps
        done = run(CAPCHAIN, "check", "--kind", "region", self.write("many", reply))
        notes = next(line for line in done.stdout.splitlines() if line.startswith("  notes"))
        self.assertRegex(notes, r" and \d+ more$")
        self.assertLess(max(map(len, done.stdout.splitlines())), 1000)
        done = run(CAPCHAIN, "explain", "--kind", "region", self.path("many"))
        self.assertRegex(done.stdout, r"(?m)^  took .* and \d+ more$")
        self.assertLess(max(map(len, done.stdout.splitlines())), 1000)

    def test_a_failure_never_runs_into_the_next_line(self):
        """TAP stays TAP where more is wrong than is shown."""
        shutil.copytree(os.path.join(CORPUS, "expect"), self.path("corpus", "expect"))
        os.makedirs(self.path("corpus", "seeds"))
        for name in ("region-sparse-two.yaml", "region-msix-mappable.yaml"):
            shutil.copy(os.path.join(CORPUS, "seeds", name), self.path("corpus", "seeds"))
        for name in os.listdir(self.path("corpus", "expect")):
            self.write(f"corpus/expect/{name}", f"seeds/region-sparse-two.yaml reject {'x' * 3000}\n"
                                                "seeds/region-msix-mappable.yaml ok\n")
        done = run(CAPCHAIN, "replay", self.path("corpus"))
        self.assertEqual(done.returncode, 1)
        for line in done.stdout.splitlines():
            self.assertRegex(line, r"^(ok|not ok) \d+ - |^# |^1\.\.|passed|^-|^ ", line)
            self.assertLess(len(line), 1000)
        self.assertRegex(done.stdout, r"(?m)^# and \d+ more$")


if __name__ == "__main__":
    run_tests()
