#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests clients.py on clients of our own, so that it needs no root and none of Debian's: what it calls each
outcome; that a changed outcome, one that another version has, a lost run, a wrong model, one that claims no such
version, and a client that fails by itself are seen; fence.so.

CAPCHAIN names the binary, build/capchain by default. Where programs cannot be supervised here, tests that
run one are skipped with the command's own reason.
"""
import contextlib
import datetime
import io
import json
import os
import re
import shutil
import sys
import tempfile
import unittest
from unittest import mock
from pathlib import Path

import yaml

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from clients import changes, clients, runs
from clients import reasons as clients_ledger
from clients import models as clients_models
from gen import ledger, roots
from clients.listed import Outcomes
from clients.programs import CLIENTS, WORDS, Client, Program, Seen, build_path
from test.tools import CAPCHAIN, CORPUS, Case, called, run, run_tests, text_of  # noqa: E402

SELF = build_path("build", "client", "self")
WALKER = build_path("build", "client", "walker-dynamic")
# A loop, a wild offset, an over-read that a heap forgives, a count, a good chain.
INPUTS = ("region-loop-self", "region-next-0x80000000", "region-payload-oob-sparse-area",
          "region-count-0xffffffff", "region-backward")
# It reads as `naive` does as far as these go, but for what it maps.
NONE = {"sid": ("none",)}
OWN = Client("own", NONE, {"region": ["naive"]}, [WALKER])
# What to say where the model of it is taken to be `bounded`.
DIES = {"bucket": "own:reject:cr*", "kind": "region", "systems": ["sid"], "where": ["asked >= 32", "index == 0"],
        "reason": "no bound here", "source": "walker.c", "upstream": "none",
        "review": datetime.date(9999, 1, 1), "witness": "regressions/region-count-0xffffffff.yaml"}
# Inputs that take no time.
QUICK = ("--inputs", "region-(count|next)")


def why_not():
    """Why no program can be supervised here, or None."""
    done = run(CAPCHAIN, "run", "--no-good", "--", SELF, "calls")
    return done.stderr.strip() if done.returncode == 3 else None


WHY_NOT = why_not()


WRONG = Client("own", NONE, {"region": ["bounded"]}, [WALKER])


class Own(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("clients"))
        for name in INPUTS:
            self.write(f"regressions/{name}.yaml", Path(CORPUS, "regressions", name + ".yaml").read_bytes())

    def work(self, *args, client=OWN, systems=("sid",)):
        """Its status, and what it printed; @client is one of each system, or a dictionary of such."""
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        options = clients.options_of([*args, *(f"--system={system}" for system in systems), "--jobs", "1",
                                      "--table", self.path("table.md"), CAPCHAIN, self.dir])
        known = client if isinstance(client, dict) else dict.fromkeys(systems, client)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), mock.patch("clients.changes.CLIENTS", tuple(known.values())[:1]):
            status = clients.work(options, tempfile.mkdtemp(dir=self.dir),
                                  lambda _, system: [Program(known[system], system)])
        return status, said.getvalue()

    def comes_to(self, wanted, *says, args=(), client=OWN, systems=("sid",)):
        status, said = self.work(*args, client=client, systems=systems)
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
            "# sid: none unknown", "region-backward ok", "region-count-0xffffffff crash",
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
                ("# sid", "# trixie", 1, "nothing is expected of it yet"),
                ("loop-self hang", "loop-self ok", 1, "region-loop-self: hang, expected ok"),
                ("region-backward ok\n", "", 1, "region-backward: ok, expected not listed"),
                ("region-backward", "region-gone ok\nregion-backward", 1, "is no input")):
            self.write("clients/own.txt", text.replace(old, new))
            self.comes_to(status, says)

    def test_versions_differ(self):
        """The second system's program is another; the list says where, and so does the page."""
        packages = {"trixie": ("none",), "sid": ("none",)}
        both = {system: Client("own", packages, {"region": ["naive", "bounded"]}, [command])
                for system, command in (("trixie", WALKER), ("sid", build_path("build", "client", "walker-bounded")))}
        self.work(*QUICK, "--bless", client=both, systems=("trixie", "sid"))
        self.assertEqual(self.text("clients", "own.txt").splitlines(), [
            "# trixie: none unknown", "# sid: none unknown", "region-count-0xffffffff crash sid=refuse",
            "region-next-0x80000000 crash sid=refuse"])
        page = self.text("clients", "CHANGES.md")
        self.assertIn("| trixie | sid | next-oob | crash | refuse | 1: region-next-0x80000000 |", page)
        # Of one system alone the other's column stays.
        before = self.text("clients", "own.txt")
        self.work(*QUICK, "--bless", client=both)
        self.assertEqual(self.text("clients", "own.txt"), before)
        # The model of the old one is wrong about the new one, and each is compared with its own column.
        self.write("clients/own.txt", before.replace("crash sid=refuse", "crash"))
        self.comes_to(1, "own of sid: region-next-0x80000000: refuse, expected crash", "| own of trixie |",
                      "own of sid: 0 of 2 agree", args=QUICK, client=both, systems=("trixie", "sid"))

    def test_a_root_that_cannot_be_had_costs_its_system_alone(self):
        options = clients.options_of([*QUICK, "--jobs", "1", "--bless", "--table", self.path("table.md"),
                                      "--system", "sid", "--system", "trixie", CAPCHAIN, self.dir])

        def programs_in(_, system):
            if system == "sid":
                raise roots.Refused("no root of sid")
            return [Program(Client("own", {"trixie": ("none",)}, {"region": ["naive"]}, [WALKER]), system)]

        if WHY_NOT:
            self.skipTest(WHY_NOT)
        status, out, err = called(lambda *_: clients.work(options, tempfile.mkdtemp(dir=self.dir), programs_in))
        self.assertEqual((status, err), (3, "clients: no root of sid\n"))
        self.assertIn("own of trixie: 2 of 2 agree", out)

    def test_a_lost_run_costs_itself_alone(self):
        real = runs.subprocess.run

        def waits(command, **options):
            if any("region-next" in word for word in command) and "run" in command:
                raise runs.subprocess.TimeoutExpired(command, 1)
            return real(command, **options)

        self.work("--bless")
        before = self.text("clients", "own.txt")
        with mock.patch.object(runs.subprocess, "run", waits):
            self.comes_to(1, "own of sid: region-next-0x80000000: lost: not through after",
                          "own of sid: 4 of 4 agree", args=("--bless",))
            self.assertEqual(self.text("clients", "own.txt"), before)
            self.comes_to(1, "lost: not through after")

    def ledger(self, *entries):
        self.write("clients/ledger.yaml", yaml.safe_dump(list(entries)))

    def test_a_model_that_is_wrong_is_seen(self):
        """`bounded` refuses every chain that the walker runs into."""
        self.work("--bless")
        self.comes_to(1, "predicted reject loop, observed hang: unexplained", "below 97%", client=WRONG)

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
                                 ("systems", ["woody"], "no system is `woody`"),
                                 ("systems", None, "systems is missing"),
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
            client = Client("bad", NONE, {"region": ["naive"]}, command, status)
            with self.assertRaisesRegex(clients.Unusable, "no program was run") as caught:
                self.work(client=client)
            self.assertEqual(caught.exception.status, 2)
            with self.assertRaisesRegex(clients.Unusable, says):
                runs.check_good(clients.options_of([CAPCHAIN, self.dir]), Program(client, "sid"))

    def test_nothing_is_a_failure(self):
        with self.assertRaisesRegex(clients.Unusable, "no program was run"):
            self.work(client=Client("gone", NONE, {"region": ["naive"]}, ["/nowhere"]))
        with self.assertRaisesRegex(clients.Unusable, "no input"):
            self.work("--inputs", "^$")


class Roots(Case):
    """The root of a system, without one: what is made, what is kept, and what is said."""

    def prepared(self, status=0, packages=("a", "b")):
        """The scripts that were run in a root that had what @packages are of, or that line of the refusal."""
        root, ran = clients.Root("sid", clients.options_of([CAPCHAIN, self.dir])), []
        root.folder, root.root = self.dir, self.path("root")

        def script(text, log):
            ran.append(text)
            self.write(f"{log}.log", "E: Unable to locate package b\n")
            return status

        with mock.patch("gen.roots.Root.prepare", lambda one: os.makedirs(one.root, exist_ok=True)), \
                mock.patch.object(root, "run", script), mock.patch.object(root, "mount", lambda: ran.append("mount")), \
                mock.patch.object(root, "packages", lambda: list(packages)), \
                contextlib.redirect_stdout(io.StringIO()):
            root.prepare()
        return ran

    def test_a_root_is_kept(self):
        ran = self.prepared()
        self.assertEqual(len(ran), 2)
        self.assertIn("install -y --no-install-recommends a b ", ran[0])
        self.assertTrue(os.path.exists(self.path("root", "fence.so")))
        # No network after.
        self.assertEqual(self.prepared(), ["mount"])
        # One program more.
        self.assertEqual(len(self.prepared(packages=("a", "b", "c"))), 2)

    def test_a_root_without_its_programs_is_refused(self):
        for _ in range(2):
            with self.assertRaisesRegex(roots.Refused, "no programs in the root of sid: E: Unable to locate package b"):
                self.prepared(status=100)

    def test_programs_of_a_root(self):
        """What one has is run in it, and its versions are its own."""
        for name in ("a", "b"):
            self.write(f"{name}/usr/bin/walks", "")
            os.chmod(self.path(name, "usr", "bin", "walks"), 0o755)
        os.unlink(self.path("b", "usr", "bin", "walks"))
        self.write("a/var/lib/dpkg/status", "Package: none\nStatus: install ok installed\nMaintainer: x\n"
                   "Architecture: amd64\nVersion: 1:10.2-3\nDescription: x\n")
        for name in ("updates", "info"):
            os.makedirs(self.path("a", "var", "lib", "dpkg", name))
        program = Program(Client("walks", NONE, {}, ["walks", "on"]), "sid", self.path("a"))
        self.assertIsNone(program.missing())
        self.assertEqual(program.command("env"), ["/usr/sbin/chroot", self.path("a"), "env", "walks", "on"])
        if shutil.which("dpkg-query"):
            self.assertEqual(program.version(), "none 1:10.2-3")
        program.root = self.path("b")
        self.assertEqual(program.missing(), "no walks in sid (Debian package none)")

    def test_what_is_missing(self):
        for arguments, what, value, status, says in (
                (("--system", "woody"), "os.geteuid", 0, 2, "no system woody"),
                ((), "os.geteuid", 1000, 3, "clients: roots are made as root: run it as root"),
                ((), "shutil.which", None, 3, "clients: no debootstrap here")):
            with mock.patch("os.geteuid", return_value=0), mock.patch(what, return_value=value):
                done = called(clients.main, *arguments, CAPCHAIN, self.dir)
            self.assertEqual((done[0], done[1]), (status, ""))
            self.assertIn(says, done[2])


class Words(unittest.TestCase):
    def seen(self, client=OWN, good=None, **run):
        run = {"outcome": "exit", "status": 0, "dma_maps": 1, "mappings": [], "calls": [], **run}
        return Seen(client, run, good)

    def test_words(self):
        good = self.seen()
        mapping = {"region": 0, "offset": 0, "length": 4096, "is": "outside"}
        for ran, word in (({}, "ok"), ({"status": 1}, "refuse"), ({"dma_maps": 0}, "refuse"),
                          ({"calls": [{"info": "device"}]}, "refuse"),
                          ({"mappings": [mapping]}, "maps"), ({"outcome": "signal", "signal": "SIGSEGV"}, "crash"),
                          ({"outcome": "signal", "signal": "SIGTRAP"}, "abort"),
                          ({"outcome": "signal", "signal": "SIGKILL"}, "SIGKILL"),
                          ({"outcome": "hang"}, "hang"), ({"outcome": "storm"}, "storm")):
            self.assertEqual(self.seen(good=good, **ran).word(), word)
        # What it maps with good replies too is not this one's doing.
        self.assertEqual(self.seen(good=self.seen(mappings=[mapping]), mappings=[mapping]).word(), "ok")
        full = Client("full", {}, {}, [], no_room=28)
        self.assertEqual(self.seen(client=full, good=good, status=28).word(), "no-room")

    def test_a_crash_of_the_fence_alone_has_to_be_seen_twice(self):
        """What a program does once with what it freed is no over-read of the reply."""
        calls = [{"info": "region 0", "calls": 1, "asked": 32, "answered": 32, "buffer": ""}]
        fine, dies = ({"outcome": "exit", "status": 0, "dma_maps": 1, "mappings": [], "calls": calls},
                      {"outcome": "signal", "signal": "SIGSEGV", "dma_maps": 1, "mappings": [], "calls": calls})
        item = type("Item", (), {"name": "none", "kind": "region", "replies": lambda *_: []})
        good, early = Seen(OWN, fine), {**dies, "calls": []}
        for ran, word in (([fine, dies, fine], "ok"), ([fine, dies, dies], "over-read"), ([dies, dies], "crash"),
                          ([fine, early], "ok")):
            with mock.patch.object(runs, "start", side_effect=ran):
                self.assertEqual(runs.run_row(None, Program(OWN, "sid"), good, item).word(), word)
        # A start that takes long on a busy machine is made again, and lost where it stays so.
        slow = {**fine, "outcome": "hang", "calls": []}
        with mock.patch.object(runs, "start", side_effect=[fine, slow, dies]):
            self.assertEqual(runs.run_row(None, Program(OWN, "sid"), good, item).word(), "over-read")
        with mock.patch.object(runs, "start", side_effect=[fine, slow, slow]):
            self.assertIn("lost: under the fence it comes to hang before it asks",
                          runs.run_row(None, Program(OWN, "sid"), good, item))
        # One that never asks is lost.
        with mock.patch.object(runs, "start", return_value={**fine, "calls": []}):
            self.assertEqual(runs.run_row(None, Program(OWN, "sid"), good, item),
                             "own of sid: none: lost: it comes to refuse before it asks for region")

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
            row = runs.Row(Program(client, "bookworm"), item, Seen(client, run, self.seen(client=client)), None)
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

    def test_lists_are_of_clients(self):
        """Each client has its list, with a column for each system that has it (listed.py: and no name is missing)."""
        self.assertGreater(len([name for name in os.listdir(os.path.join(CORPUS, "clients"))
                                if name.endswith(".replies")]), 5)
        for client in CLIENTS:
            outcomes = Outcomes(os.path.join(CORPUS, "clients", client.name + ".txt"))
            self.assertEqual(list(client.packages), outcomes.systems())
            for system, packages in client.packages.items():
                self.assertTrue(outcomes.versions[system].startswith(packages[0] + " "))

    def test_models_claim_versions(self):
        for summary, version, claimed in (
                ("QEMU 7.2 vfio-pci: x", "1:7.2+dfsg-7", True), ("QEMU 7.2 vfio-pci: x", "1:10.0.13+ds-0", False),
                ("QEMU 10.0 to 11.1: x", "1:10.0.13+ds-0", True), ("QEMU 10.0 to 11.1: x", "1:11.1.3+ds-1", True),
                ("QEMU 10.0 to 11.1: x", "1:10.2.0", True), ("QEMU 10.0 to 11.1: x", "1:11.2.0", False),
                ("QEMU 10.0 to 11.1: x", "1:9.2.4", False), ("DPDK 22.11: x", "22.11.11-0+deb12u1", True),
                ("bounded.h, the reading of 2 others", "9", True)):
            self.assertEqual(clients_models.claims(summary, version), claimed, (summary, version))

    def test_a_version_that_no_model_claims(self):
        program = Program(Client("own", NONE, {"region": ["dpdk"]}, [WALKER]), "sid")
        with mock.patch.object(Program, "version_of", return_value="25.11.4-1"), \
                self.assertRaisesRegex(ValueError, "own of sid: none of dpdk claims none 25.11.4-1"):
            clients_models.choose_models(CAPCHAIN, [program])

    def test_every_model_of_a_client_names_versions(self):
        said = run(CAPCHAIN, "list", "--json").stdout
        summaries = {one["parser"]: one["summary"] for one in map(json.loads, said.splitlines()) if "parser" in one}
        for client in CLIENTS:
            for model in {model for models in client.models.values() for model in models}:
                self.assertRegex(summaries[model], clients_models.CLAIMED, model)

    def test_changes_are_of_the_lists(self):
        """`make clients` wrote the page after the lists that are there."""
        self.assertEqual(changes.page(CAPCHAIN, CORPUS), text_of("corpus", "clients", "CHANGES.md"))

    def test_long_buffers_are_cut_with_their_argsz(self):
        held = clients_models.Predictions.held
        calls = {"asked": 70000, "answered": 70000, "buffer": "00" * 65536}
        self.assertEqual(int.from_bytes(held(calls)[:4], "little"), 65536)
        self.assertEqual(held({**calls, "answered": 80000})[:4], bytes(4))
        self.assertEqual(held({"asked": 32, "answered": 32, "buffer": "01" * 32}), b"\1" * 32)


if __name__ == "__main__":
    run_tests()
