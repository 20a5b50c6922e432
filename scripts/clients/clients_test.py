#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests clients.py on clients of our own, so that it needs none of Debian's: what it calls each
outcome; that a changed outcome, a wrong model and a client that fails by itself are seen; fence.so.

CAPCHAIN names the binary, build/capchain by default. Where programs cannot be supervised here, tests that
run one are skipped with the command's own reason.
"""
import contextlib
import datetime
import io
import json
import os
import re
import sys
import tempfile
import unittest
from unittest import mock
from pathlib import Path

import yaml

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from clients import clients
from clients import reasons as clients_ledger
from clients import models as clients_models
from gen import ledger
from clients.programs import CLIENTS, WORDS, Client, Seen, build_path
from test.tools import CAPCHAIN, CORPUS, Case, run, run_tests, text_of  # noqa: E402

SELF = build_path("build", "client", "self")
WALKER = build_path("build", "client", "walker-dynamic")
# A loop, a wild offset, an over-read that a heap forgives, a count, a good chain.
INPUTS = ("region-loop-self", "region-next-0x80000000", "region-payload-oob-sparse-area",
          "region-count-0xffffffff", "region-backward")
# It reads as `naive` does as far as these go, but for what it maps.
OWN = Client("own", ("none",), {"region": "naive"}, [WALKER])
# What to say where the model of it is taken to be `bounded`.
DIES = {"bucket": "own:reject:cr*", "kind": "region", "where": ["asked >= 32", "index == 0"],
        "reason": "no bound here", "source": "walker.c", "upstream": "none",
        "review": datetime.date(9999, 1, 1), "witness": "regressions/region-count-0xffffffff.yaml"}
# Inputs that take no time.
QUICK = ("--inputs", "region-(count|next)")


def why_not():
    """Why no program can be supervised here, or None."""
    done = run(CAPCHAIN, "run", "--no-good", "--", SELF, "calls")
    return done.stderr.strip() if done.returncode == 3 else None


WHY_NOT = why_not()


WRONG = Client("own", ("none",), {"region": "bounded"}, [WALKER])


class Own(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("clients"))
        for name in INPUTS:
            self.write(f"regressions/{name}.yaml", Path(CORPUS, "regressions", name + ".yaml").read_bytes())

    def work(self, *args, client=OWN):
        """Its status, and what it printed."""
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        options = clients.options_of([*args, "--jobs", "1", "--table", self.path("table.md"), CAPCHAIN, self.dir])
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = clients.work(options, tempfile.mkdtemp(dir=self.dir), (client,))
        return status, said.getvalue()

    def comes_to(self, wanted, *says, args=(), client=OWN):
        status, said = self.work(*args, client=client)
        self.assertEqual(status, wanted, said)
        for words in says:
            self.assertIn(words, said)

    def test_outcomes_are_kept_and_compared(self):
        # Nothing is expected yet.
        self.comes_to(1, "BLESS=1")
        out = self.path("json")
        self.comes_to(0, args=("--bless", "--json", out))
        text = self.text("clients", "own.txt")
        self.assertEqual(text.splitlines(), [
            "# none unknown", "region-backward ok", "region-count-0xffffffff crash",
            "region-loop-self hang", "region-next-0x80000000 crash", "region-payload-oob-sparse-area over-read"])
        self.comes_to(0)
        rows = {row["input"]: row for row in map(json.loads, self.text("json").splitlines())}
        self.assertEqual(len(rows), len(INPUTS))
        self.assertEqual(rows["region-loop-self"]["predicted"], "runaway")
        # A heap forgives what the fence does not.
        over = rows["region-payload-oob-sparse-area"]
        self.assertEqual((over["word"], over["plain"]), ("over-read", "maps"))
        # What it saw is ground for a report.
        done = run(CAPCHAIN, "emit", "--report", out)
        self.assertEqual(done.returncode, 0)
        self.assertIn("crashes on a reply to VFIO_DEVICE_GET_REGION_INFO", done.stdout)
        self.assertIn("--region corpus/regressions/region-count-0xffffffff.yaml --", done.stdout)
        self.assertIn("| region-loop-self | hang |", self.text("table.md"))
        # How much a heap forgives is not compared; another version is said.
        for old, new, status, says in (
                ("over-read", "crash", 0, ""), ("none unknown", "none 1.0", 0, "the list is of none 1.0"),
                ("loop-self hang", "loop-self ok", 1, "region-loop-self: hang, expected ok"),
                ("region-backward ok\n", "", 1, "region-backward: ok, expected not listed"),
                ("region-backward", "region-gone ok\nregion-backward", 1, "is no input")):
            self.write("clients/own.txt", text.replace(old, new))
            self.comes_to(status, says)

    def ledger(self, *entries):
        self.write("clients/ledger.yaml", yaml.safe_dump(list(entries)))

    def test_a_model_that_is_wrong_is_seen(self):
        """`bounded` refuses every chain that the walker runs into."""
        self.work("--bless")
        self.comes_to(1, "predicted reject loop, observed hang: unexplained", "below 95%", client=WRONG)

    def test_the_ledger_explains_a_difference_and_no_more(self):
        stale = "region-count-0xffffffff does not differ so any more"
        with mock.patch("clients.reasons.CLIENTS", (WRONG,)), mock.patch("clients.models.SHARE", 0):
            self.work(*QUICK, "--bless")
            for entries, status, says in (
                    ([DIES], 0, "observed crash: no bound here"),
                    # The first that excuses the witness is the one; the other has nothing to say.
                    ([DIES, {**DIES, "where": ["asked < 32"]}], 1, f"entry 2: {stale}"),
                    # An entry that is narrower leaves what it is not for.
                    ([{**DIES, "inputs": "region-count-*"}], 1,
                     "region-next-0x80000000: predicted reject next-oob, observed crash: unexplained")):
                self.ledger(*entries)
                self.comes_to(status, says, args=QUICK, client=WRONG)
            # Where its witness is not run it need not show; where the model is right it has to go.
            other = Client("other", ("none",), {"iommu": "naive"}, [WALKER])
            self.assertEqual(clients_models.report((other,), [], None, []), True)
            self.work("--inputs", "next", "--bless")
            self.comes_to(0, args=("--inputs", "next"))
            self.work(*QUICK, "--bless")
            self.comes_to(1, f"entry 1: {stale}", args=QUICK)

    def test_an_unusable_ledger_is_named(self):
        for key, value, says in (("bucket", "own:hang", "client:verdict:word"),
                                 ("bucket", "*:*:*", "everything"),
                                 ("bucket", "own:reject:sulks", "no word is `sulks`"),
                                 ("bucket", "gone:reject:hang", "no client is `gone`"),
                                 ("bucket", "own:hang:hang", "no verdict is `hang`"),
                                 ("kind", "fetch", "no kind is `fetch`"),
                                 ("where", [], "where is a list"),
                                 ("where", ["asked near 3"], "is no term"),
                                 ("where", ["num_irqs > 3"], "is no fixed field of its kind"),
                                 ("inputs", "", "inputs is empty"),
                                 ("reason", " ", "reason is empty"),
                                 ("review", "soon", "review is a day"),
                                 ("upstream", "me", "upstream is a link"),
                                 ("sauce", "none", "`sauce` is no key"),
                                 ("witness", "regressions/none.yaml", "there is no regressions/none"),
                                 ("source", None, "source is missing")):
            self.ledger({name: text for name, text in {**DIES, key: value}.items() if text is not None})
            with mock.patch("clients.reasons.CLIENTS", (OWN,)), \
                    self.assertRaisesRegex(ledger.Unusable, "entry 1: .*" + re.escape(says)):
                self.work()

    def test_a_client_that_fails_by_itself_is_refused(self):
        for command, status, says in (([SELF, "dies-of", "11"], 0, "SIGSEGV"),
                                      ([SELF, "exits-with", "3"], 0, "exit 3"),
                                      ([SELF, "asks-nothing"], 0, "asks for no region")):
            with self.assertRaisesRegex(clients.Unusable, says):
                self.work(client=Client("bad", ("none",), {"region": "naive"}, command, status))

    def test_nothing_is_a_failure(self):
        with self.assertRaisesRegex(clients.Unusable, "none of them is here"):
            self.work(client=Client("gone", ("none",), {"region": "naive"}, ["/nowhere"]))
        with self.assertRaisesRegex(clients.Unusable, "no input"):
            self.work("--inputs", "^$")


class Words(unittest.TestCase):
    def seen(self, client=OWN, good=None, **run):
        run = {"outcome": "exit", "status": 0, "dma_maps": 1, "mappings": [], **run}
        return Seen(client, run, good)

    def test_words(self):
        good = self.seen()
        mapping = {"region": 0, "offset": 0, "length": 4096, "is": "outside"}
        for ran, word in (({}, "ok"), ({"status": 1}, "refuse"), ({"dma_maps": 0}, "refuse"),
                          ({"mappings": [mapping]}, "maps"), ({"outcome": "signal", "signal": "SIGSEGV"}, "crash"),
                          ({"outcome": "signal", "signal": "SIGTRAP"}, "abort"),
                          ({"outcome": "signal", "signal": "SIGKILL"}, "SIGKILL"),
                          ({"outcome": "hang"}, "hang"), ({"outcome": "storm"}, "storm")):
            self.assertEqual(self.seen(good=good, **ran).word(), word)
        # What it maps with good replies too is not this one's doing.
        self.assertEqual(self.seen(good=self.seen(mappings=[mapping]), mappings=[mapping]).word(), "ok")
        full = Client("full", (), {}, [], no_room=28)
        self.assertEqual(self.seen(client=full, good=good, status=28).word(), "no-room")

    def test_every_verdict_comes_out_as_something(self):
        words = {word for word, _ in WORDS}
        for verdict in ("ok", "absent", "truncated", "reject", "oob", "runaway", "wrote", "crash"):
            self.assertLess(clients_models.COMES_OUT[verdict], words)

    def test_the_ledger_is_no_wider_than_what_was_held(self):
        """Each entry of a class is borne out by what the program held, and ends where that does."""
        entries = clients_ledger.load(CORPUS, clients_models.COMES_OUT)
        self.assertGreater(len(entries), 4)

        def why(client, kind, predicted, outcome, held=bytes(32), **calls):
            client = next(c for c in CLIENTS if c.name == client)
            run = {"outcome": outcome, "signal": "SIGSEGV", "status": 99, "dma_maps": 0,
                   "mappings": [], "calls": [{"info": "region 0" if kind == "region" else kind,
                                              "asked": 32, "answered": 32, "buffer": held.hex(), **calls}]}
            item = type("Item", (), {"name": "none", "kind": kind})
            row = clients.Row(client, item, Seen(client, run, self.seen(client=client)), None)
            entry = clients_ledger.first(entries, clients_ledger.Difference(row, predicted))
            return entry.reason if entry else None

        sized = {"held": bytes(16) + b"\1" * 8 + bytes(8)}
        for client, kind, predicted, outcome, more, reason in (
                ("qemu-system-x86_64", "region", "absent", "exit", {}, "some size"),
                ("qemu-system-x86_64", "region", "absent", "exit", sized, None),
                ("qemu-system-x86_64", "region", "reject", "signal", {}, None),
                ("qemu-system-s390x", "device", "truncated", "exit", {}, "num_irqs"),
                ("qemu-system-s390x", "device", "oob", "exit", {"held": b"\1" * 32}, None),
                ("dpdk-test", "region", "absent", "exit", {}, None),
                ("dpdk-test", "region", "truncated", "hang", {"answered": 1 << 31}, "clears"),
                ("dpdk-test", "region", "truncated", "hang", {"answered": 1 << 30}, None),
                ("dpdk-test", "region", "ok", "hang", {"answered": 1 << 31}, None)):
            with self.subTest(f"{client} {predicted} {outcome} {more}"):
                said = why(client, kind, predicted, outcome, **more)
                self.assertTrue(said is None if reason is None else reason in said, said)

    def test_fields_are_those_of_the_layout(self):
        found = re.findall(r"FIELD\((DEVICE|REGION|IOMMU), (\w+), (\d+), (\d+)\)", text_of("parsers", "layout.h"))
        found = {(kind.lower(), name): (int(at), int(width)) for kind, name, at, width in found
                 if name not in ("argsz", "pad")}
        self.assertEqual(found, {(kind, name): at for kind, fields in clients_ledger.FIELDS.items()
                                 for name, at in fields.items()})

    def test_lists_are_of_clients_and_whole(self):
        """Each input of a client's kinds has its line, so that none is left out by mistake."""
        regressions = [name[:-5] for name in os.listdir(os.path.join(CORPUS, "regressions"))
                       if name.endswith(".yaml")]
        scripts = [name[:-8] for name in os.listdir(os.path.join(CORPUS, "clients")) if name.endswith(".replies")]
        self.assertGreater(len(scripts), 5)
        for client in CLIENTS:
            version, *lines = text_of("corpus", "clients", client.name + ".txt").splitlines()
            self.assertTrue(version.startswith("# " + client.packages[0] + " "))
            listed = [line.split()[0] for line in lines]
            unlisted = [name for name in regressions + scripts
                        if name.split("-")[0] in client.models and name not in listed]
            if unlisted:
                print(f"warning: {client.name}: {len(unlisted)} inputs are new since `make clients "
                      "BLESS=1`", file=sys.stderr)
            self.assertEqual([name for name in listed if name not in regressions + scripts], [])

    def test_long_buffers_are_cut_with_their_argsz(self):
        held = clients_models.Predictions.held
        calls = {"asked": 70000, "answered": 70000, "buffer": "00" * 65536}
        self.assertEqual(int.from_bytes(held(calls)[:4], "little"), 65536)
        self.assertEqual(held({**calls, "answered": 80000})[:4], bytes(4))
        self.assertEqual(held({"asked": 32, "answered": 32, "buffer": "01" * 32}), b"\1" * 32)


if __name__ == "__main__":
    run_tests()
