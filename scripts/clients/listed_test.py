#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests listed.py: the lists of clients have every regression, and what is missing or left over is named."""

import os
import re
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from test.tools import CORPUS, Case, run, run_tests, script, text_of  # noqa: E402
from clients.listed import VARIES, Outcomes, inputs_of, list_path, same  # noqa: E402
from clients.programs import CLIENTS, RIGHT

LISTED = script("clients", "listed.py")


class Listed(Case):
    def corpus(self, **lists):
        """One regression of each kind, a conversation, a script, and right lists, but for @lists."""
        names = ["device-a", "iommu-b", "region-c", "region-grows"]
        for name in names[:3] + ["fetch-region-d"]:
            self.write(f"regressions/{name}.yaml", "")
        self.write("clients/region-grows.replies", "")
        self.write("expect/reference.txt", "regressions/region-c.yaml ok\nregressions/device-a.yaml ok\n")
        self.write("expect/notes.txt", "regressions/device-a.yaml odd\n")
        for client in CLIENTS:
            lines = [f"{name} ok" for name in names if name.split("-")[0] in client.models
                     and (not client.peer or name == "region-c")]
            heads = [f"# {system}: version" for system in client.packages]
            self.write(f"clients/{client.name}.txt", "\n".join([*heads, *lists.get(client.name, lines), ""]))
        return run(LISTED, self.dir)

    def test_of_the_corpus(self):
        done = run(LISTED, CORPUS)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_planted(self):
        self.assertEqual(self.corpus().returncode, 0)
        done = self.corpus(mlx5=["iommu-gone ok trixie=hang"])
        self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 6))
        self.assertIn("iommu-b is not listed for trixie: make clients BLESS=1 CLIENT=mlx5 SYSTEM=trixie", done.stdout)
        self.assertIn("iommu-gone is listed, and is no input of it", done.stdout)
        # Not run in one system alone.
        done = self.corpus(mlx5=["iommu-b ok sid=-"])
        self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 1))
        self.assertIn("iommu-b is not listed for sid", done.stdout)
        self.assertEqual(self.corpus(mlx5=["iommu-b"]).returncode, 2)
        os.unlink(self.path("clients", "mlx5.txt"))
        self.assertEqual(run(LISTED, self.dir).returncode, 2)

    def test_peers_get_plain_replies_alone(self):
        for client in (client for client in CLIENTS if client.peer):
            names = inputs_of(client, CORPUS)
            self.assertGreater(len(names), 10)
            self.assertFalse([name for name in names if re.search("oob|overflow|into-header|overlap|straddle-", name)])
            words = set(Outcomes(list_path(CORPUS, client)).column("sid").values())
            self.assertLessEqual(words, set(RIGHT))

    def test_a_list_is_written_as_it_is_read(self):
        text = "# bookworm: p 1\n# sid: p 2\niommu-a ok\niommu-b crash sid=refuse\niommu-c - sid=hang\n"
        self.write("list", text)
        outcomes = Outcomes(self.path("list"))
        self.assertEqual(outcomes.text(), text)
        self.assertEqual(outcomes.column("bookworm"), {"iommu-a": "ok", "iommu-b": "crash"})
        # What a heap forgives is no difference; what is in no system any more has no line.
        outcomes.set_column("sid", "p 3", {"iommu-b": "over-read"})
        self.assertFalse(same("ok", "crash"))
        self.assertEqual(outcomes.text(), "# bookworm: p 1\n# sid: p 3\niommu-a ok sid=-\niommu-b crash\n")
        # What varies is written by hand, is any outcome, and stays.
        self.write("list", "# bookworm: p 1\n# sid: p 3\niommu-b crash sid=varies\n")
        outcomes = Outcomes(self.path("list"))
        self.assertTrue(same(outcomes.column("sid")["iommu-b"], "ok"))
        outcomes.set_column("sid", "p 3", {"iommu-b": "ok"})
        self.assertIn("iommu-b crash sid=varies\n", outcomes.text())

    def test_little_varies(self):
        lines = [line for client in CLIENTS
                 for line in text_of("corpus", "clients", client.name + ".txt").splitlines() if VARIES in line]
        self.assertLess(len(lines), 20)


if __name__ == "__main__":
    run_tests()
