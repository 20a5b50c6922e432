#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests that ClusterFuzzLite's batch and prune jobs are red where no corpus was stored: the step that says so
is taken from the workflows and run with a `gh` that answers from a list."""

import os
import sys

import yaml

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.seeds import target_name  # noqa: E402
from gen.names import KINDS  # noqa: E402
from test.tools import ROOT, Case, run, run_tests  # noqa: E402

GH = """#!/bin/sh
for name in $STORED; do case $2 in *"runs/7/artifacts?name=cifuzz-corpus-$name") echo 1; exit;; esac; done
echo 0
"""


class Stored(Case):
    def step(self, workflow, job):
        """What runs after the fuzzers."""
        with open(os.path.join(ROOT, ".github", "workflows", workflow), encoding="utf-8") as file:
            steps = yaml.safe_load(file)["jobs"][job]["steps"]
        self.assertIn("run_fuzzers", steps[-2]["uses"])
        self.assertEqual(steps[-1]["env"], {"GH_TOKEN": "${{ github.token }}"})
        return steps[-1]["run"]

    def test_each_target_has_to_have_one(self):
        self.write("gh", GH, mode=0o755)
        targets = [target_name(kind) for kind in KINDS]
        for workflow, job in (("nightly.yml", "batch"), ("prune.yml", "prune")):
            for stored, status in ((targets, 0), (targets[1:], 1), ([], 1)):
                done = run("bash", "-e", "-c", self.step(workflow, job), env={
                    "PATH": f"{self.dir}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7",
                    "STORED": " ".join(stored)})
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                self.assertEqual(done.stdout, f"::error::no corpus of {targets[0]} was stored\n" if status else "")


if __name__ == "__main__":
    run_tests()
