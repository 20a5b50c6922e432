#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests listed.py: the lists of clients have every regression, and what is missing or left over is named."""

import os
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CORPUS, Case, run, run_tests, script  # noqa: E402
from clients.programs import CLIENTS  # noqa: E402

LISTED = script("clients", "listed.py")


class Listed(Case):
    def corpus(self, **lists):
        """One regression of each kind, a conversation, a script, and right lists, but for @lists."""
        names = ["device-a", "iommu-b", "region-c", "region-grows"]
        for name in names[:3] + ["fetch-region-d"]:
            self.write(f"regressions/{name}.yaml", "")
        self.write("clients/region-grows.replies", "")
        for client in CLIENTS:
            lines = [f"{name} ok" for name in names if name.split("-")[0] in client.models]
            self.write(f"clients/{client.name}.txt", "\n".join(["# version", *lists.get(client.name, lines), ""]))
        return run(LISTED, self.dir)

    def test_of_the_corpus(self):
        done = run(LISTED, CORPUS)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_planted(self):
        self.assertEqual(self.corpus().returncode, 0)
        done = self.corpus(mlx5=["iommu-gone ok"])
        self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 2))
        self.assertIn("iommu-b is not listed: make clients BLESS=1 CLIENT=mlx5", done.stdout)
        self.assertIn("iommu-gone is listed, and is no input of it", done.stdout)
        os.unlink(self.path("clients", "mlx5.txt"))
        self.assertEqual(run(LISTED, self.dir).returncode, 2)


if __name__ == "__main__":
    run_tests()
