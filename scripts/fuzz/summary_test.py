#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests summary.py and account.py: the screen that a run ends with, what it puts first, what asks for an act, and the
object that programs read.
"""

import io
import json
import os
import pty
import re
import sys
import types
import unittest
from unittest import mock

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import account  # noqa: E402
from fuzz import report  # noqa: E402
from fuzz import summary  # noqa: E402
from gen.names import DISAGREEMENTS, VERDICTS  # noqa: E402
from test.tools import CAPCHAIN, CORPUS, Case, run_tests, text_of  # noqa: E402

NONE = summary.Paint.none()
SETUP = types.SimpleNamespace(capchain="build/capchain")
FAULTS = {"runaway": "no end", "oob": "a load", "wrote": "a store", "crash": "signal 6"}


def parser(name, trust="trusting", source="kernel", own=False, version=""):
    one = {"name": name, "label": f"{name} {version}".strip(), "version": version, "summary": "", "trust": trust,
           "source": source, "own": own, "kinds": ["region"], "skipped": 0,
           "verdicts": dict.fromkeys(VERDICTS, 7), "disagreements": dict.fromkeys(DISAGREEMENTS[1:], 1)}
    return {**one, "program": account.is_program(one)}


def bucket(name, verdict="oob", cause="loop", what="fault", kind="region", size=40, **more):
    judged = {"kind": kind, "len": size, "file": f"build/findings/sets/{kind}-{abs(hash((name, cause))):016x}"[:60]}
    return {**account.row(SETUP, judged, {"bucket": f"{name}:{verdict}:{what}:{cause}", "expected": "reject loop at 32",
                                          "got": FAULTS.get(verdict, "ok")}), **more}


def a_run(buckets=(), parsers=None, **more):
    found = account.blank(run="fuzz", engines=["libFuzzer"], kinds=["device", "region", "iommu", "fetch"], seconds=60,
                          execs=2000000, buffers=2000000, buckets=account.of_buckets(list(buckets)), parsers=parsers or [
                              parser("bounded", "hardened"), parser("bpf", "hardened"), parser("kernel"), parser("naive"),
                              parser("qemu", version="7.2"), parser("spdk", source="peer")],
                          files={"details": "build/findings/details.txt", "json": "build/findings/run.json", "patch": ""})
    return {**found, **more}


def screen(*arguments, **more):
    return summary.screen(a_run(*arguments, **more), NONE)


class Screen(unittest.TestCase):
    """One screen, whatever was found."""

    def holds_bounds(self, lines):
        self.assertLessEqual(len(lines), 24, "\n".join(lines))
        for line in lines:
            if "build/capchain explain" not in line and not re.fullmatch(r" +\S+", line):
                self.assertLessEqual(len(line), 80, line)

    def test_it_fits(self):
        many = [bucket(f"program-{i:02}", verdict, f"cause-number-{j}", unlisted=True, new=True)
                for i in range(40) for j in range(12) for verdict in FAULTS]
        parsers = [parser("bounded", "hardened")] + [parser(f"program-{i:02}", version="22.11", source="peer")
                                                     for i in range(40)]
        failures = [[f"region: SUMMARY: AddressSanitizer: {'x' * 200}", "  build/libfuzzer/fuzz_region_info x"]] * 9
        night = {"run": "nightly", "began": "2026-11-30", "seed": 739949, "engines": ["libFuzzer", "AFL++"]}
        for more in ({}, {"failures": failures}, night, {**night, "failures": failures, "overdue": ["y" * 200] * 9,
                                                         "reasons": ["z" * 200] * 3, "regressions": ["r"] * 99}):
            self.holds_bounds(screen(many, parsers, **more))
        self.assertEqual(len(screen(many, parsers)), summary.LINES)
        own = {"parser": "program-00", "trust": "safe", "file": "/a.c"}
        parsers[1] = parser("program-00", "safe", own=True)
        parsers[1]["verdicts"] = {"ok": 7, "oob": 99999, "truncated": 123456, "crash": 0}
        mine = [one for one in many if one["parser"] == "program-00"]
        self.holds_bounds(screen(mine, parsers, own=own))
        self.assertIn(f"{len(mine)} buckets", "\n".join(screen(mine, parsers, own=own)))

    def test_a_long_command_has_two_lines_and_is_whole(self):
        command = "build/capchain explain build/nightly/findings/buckets/" + "x" * 60
        lines = summary.command_lines(command)
        self.assertEqual(" ".join(line.strip() for line in lines).replace(" \\ ", " "), command)
        self.assertLessEqual(max(map(len, lines)), 100)

    def test_who_promises_comes_first_then_programs_by_severity(self):
        lines = screen([bucket("naive", "wrote"), bucket("kernel", "oob"), bucket("spdk", "runaway"),
                        bucket("qemu", "runaway"), bucket("qemu", "runaway", "next-oob"), bucket("qemu", "oob"),
                        bucket("qemu", "ok", "type", "wrong-caps")])
        self.assertEqual(lines[1], "kept every promise over 2.0M buffers: the reference, bounded, bpf")
        self.assertEqual(lines[2:6], ["qemu 7.2: reads past on 1 cause, never ends on 2, is wrong on 1",
                                      "spdk (peer): never ends on 1 cause", "naive: writes past on 1 cause",
                                      "kernel: reads past on 1 cause"])

    def test_who_broke_a_promise_did_not_keep_it(self):
        broke = bucket("bpf", "oob", breaks=True, asks=True)
        lines = screen([broke])
        self.assertEqual(lines[1], "broken promise: bpf:oob:fault:loop (region)")
        self.assertEqual(lines[2].strip(), broke["command"])
        self.assertIn("the reference, bounded", lines[3])
        self.assertNotIn("bpf", lines[3])

    def test_two_words_that_differ(self):
        lines = screen([bucket("qemu", new=True), bucket("qemu", "runaway", unlisted=True), bucket("naive", "wrote")])
        self.assertIn("new since the last run here: 1 bucket; unlisted, in no corpus: 1 bucket", lines)
        self.assertIn("the first run here; unlisted, in no corpus: 0 buckets", screen([bucket("qemu")], first=True))

    def test_three_worth_a_look(self):
        """Each with its command; what is new of a program before what is known, and of naive."""
        found = [bucket("naive", "wrote", new=True, unlisted=True), bucket("qemu", "oob", new=True, unlisted=True),
                 bucket("qemu", "wrote", "type"), bucket("spdk", "oob", "next-oob"), bucket("kernel", "runaway", "x")]
        chosen = summary.looks(a_run(found))
        self.assertEqual([one["bucket"] for one in chosen], ["qemu:oob:fault:loop", "spdk:oob:fault:next-oob",
                                                             "kernel:runaway:fault:x"])
        lines = screen(found)
        at = lines.index("most worth a look")
        self.assertEqual(lines[at + 1], "  qemu:oob:fault:loop  region, 40 bytes, new, unlisted")
        self.assertEqual([line.strip() for line in lines[at + 2:at + 7:2]], [one["command"] for one in chosen])

    def test_files_are_named_once(self):
        text = "\n".join(screen([bucket("qemu")], regressions=["a"]))
        self.assertIn("all of it is in build/findings: details.txt, run.json\n", text)
        for path in ("details.txt", "run.json"):
            self.assertEqual(text.count(path), 1)
        self.assertIn("for the corpus, 1 witness: git apply ", text)


class Colours(unittest.TestCase):
    """On a terminal, and nowhere else."""

    def painted(self, **env):
        ours, theirs = pty.openpty()
        with mock.patch.dict(os.environ, {"TERM": "xterm", "NO_COLOR": "", **env}), os.fdopen(theirs, "w") as terminal:
            on = summary.Paint(terminal).red("x") != "x"
        os.close(ours)
        return on

    def test_colours(self):
        self.assertTrue(self.painted())
        self.assertFalse(self.painted(NO_COLOR="1"))
        self.assertFalse(self.painted(TERM="dumb"))
        self.assertEqual(summary.Paint(io.StringIO()).red("x"), "x")
        self.assertNotIn("\x1b", "\n".join(screen([bucket("qemu")])))


class Acts(Case):
    """What is red, each planted."""

    def judged(self, buckets=(), **more):
        return account.judge(a_run(buckets, **more))

    def test_what_asks_for_an_act(self):
        for red, buckets, more in (
                (False, [], {}), (False, [bucket("qemu", unlisted=True, new=True)], {}),
                (True, [bucket("qemu", unlisted=True)], {"strict": True}), (False, [bucket("qemu")], {"strict": True}),
                (True, [bucket("bounded", breaks=True, asks=True)], {}), (True, [], {"overdue": ["entry 1: passed"]})):
            with self.subTest(buckets=buckets, more=more):
                self.assertIs(self.judged(buckets, **more), red)

    def test_a_model_that_differs(self):
        """It is red though the corpus shows it, but not where the ledger says why."""
        known = types.SimpleNamespace(excuses=lambda judged, name: "spdk" in name)
        for name, what, red in (("qemu", account.MODEL_DIFFERS, True), ("spdk", account.MODEL_DIFFERS, False),
                                ("qemu", "wrong-caps", False)):
            one = account.Known.weigh(known, {}, bucket(name, "ok", "type", what))
            self.assertIs(one["asks"], red)
            self.assertIs(self.judged([one]), red)
        lines = screen([account.Known.weigh(known, {}, bucket("qemu", "ok", "type", account.MODEL_DIFFERS))])
        self.assertEqual(lines[1], "a model differs from its program: qemu:ok:model-differs:type (region)")

    def test_the_witness_of_what_nobody_knows(self):
        """A larger one that is no news, or a smaller one, does not hide it."""
        rows = {}
        for size, unlisted, best in ((9, False, 9), (20, True, 20), (5, False, 20), (12, True, 12), (15, True, 12)):
            account.take(rows, bucket("qemu", size=size, unlisted=unlisted))
            one, = rows.values()
            self.assertEqual((one["size"], one["unlisted"]), (best, best != 9))
        self.assertEqual(one["inputs"], 5)

    def test_new_is_against_the_last_run_of_that_kind(self):
        for day, names, kinds, news, first in (
                ("2026-01-01", ["qemu"], ["region"], [None], True), ("2026-01-02", ["qemu", "spdk"], ["region"],
                                                                     [False, True], False),
                ("2026-01-03", ["qemu"], ["iommu"], [None], True), ("2026-01-04", [], ["region"], [], False),
                ("2026-01-05", ["qemu", "spdk"], ["region"], [False, False], False)):
            rows = [bucket(name, kind=kinds[0]) for name in names]
            _, was_first, last = account.mark_new(rows, self.dir, "", kinds, day, stays=True)
            account.write_last(self.dir, last)
            self.assertEqual(([one["new"] for one in rows], was_first), (news, first))
        self.assertEqual([one["since"] for one in rows], ["2026-01-01", "2026-01-02"])


class Names(unittest.TestCase):
    """Programs with the version that the model restates."""

    def test_labels(self):
        for name, said, text in (("qemu", "QEMU 7.2 vfio-pci: lookups", "qemu 7.2"),
                                 ("qemu-10", "QEMU 10 vfio-pci: as qemu", "qemu-10"),
                                 ("qemu@7.2", "QEMU 7.2, its own code", "qemu@7.2"),
                                 ("dpdk-new", "DPDK of 2026: looks up", "dpdk-new 2026"),
                                 ("rdma-core", "rdma-core 44's mlx5 provider: x", "rdma-core 44"),
                                 ("vfio-user", "x client before its PR 172: y", "vfio-user before its PR 172")):
            self.assertEqual(account.label(name, said)[1], text)

    def test_every_program_has_one(self):
        rows = account.parsers(CAPCHAIN, report.Counts())
        programs = [one for one in rows if one["program"]]
        self.assertGreater(len(programs), 15)
        self.assertEqual([one["name"] for one in programs if not one["version"]], [])
        self.assertEqual([one["label"] for one in rows if not one["program"]],
                         [one["name"] for one in rows if not one["program"]])
        self.assertEqual(sorted(one["name"] for one in rows if one["trust"] == "trusting" and not one["program"]),
                         sorted(account.MADE_UP))


class Forms(Case):
    """What programs and pages are given."""

    def test_the_page_names_each_key(self):
        page = text_of("scripts", "fuzz", "README.md")
        page = page[page.index("## For programs"):page.index("## A target alone")]
        first, second = page.split("\nA bucket, with")
        for text, known in ((first, {*a_run(), "form"}), (second, set(bucket("qemu")))):
            told = {name for line in re.findall(r"(?m)^\| (`.*?) \|", text) for name in re.findall(r"`(\w+)`", line)}
            self.assertEqual(told | {"form"}, known | {"form"})

    def test_files(self):
        found = a_run([bucket("qemu", "ok", "a|b_c<d", "wrong-caps", unlisted=True)])
        found["files"] = {"details": self.path("details.txt"), "json": self.path("run.json"), "patch": ""}
        summary.write(found, summary.detail_lines(found))
        self.assertEqual(json.loads(self.text("run.json")), found)
        self.assertIn("unlisted bucket, of nobody's corpus, worst first: 1\n     40 bytes  qemu:ok:wrong-caps:a|b_c<d  "
                      "unlisted\n", self.text("details.txt"))
        page = self.text("summary.md")
        self.assertRegex(page, r"(?m)^### 60 s of libFuzzer")
        table = re.findall(r"(?m)^\|.*\|$", page)
        self.assertEqual(table, ["| reader | what it does |", "|---|---|", "| qemu 7.2 | is wrong on 1 cause |"])
        self.assertIn("a\\|b\\_c&lt;d", page)

    def test_numbers(self):
        one = {"kind": "region", "role": "libfuzzer", "execs": 10, "cpu": 2.0, "edges": 7, "edges_all": 9}
        found = a_run([bucket("qemu", new=True)], seed=3, instances=[one, {**one, "role": "main", "edges": 99}], execs=20)
        for _ in range(2):
            account.append_numbers(self.path("numbers.csv"), found)
        head, *lines = (line.split(",") for line in self.text("numbers.csv").splitlines())
        self.assertEqual(tuple(head), account.NUMBERS)
        self.assertEqual(len(lines), 2)
        row = dict(zip(head, lines[0], strict=True))
        self.assertEqual((row["execs"], row["edges"], row["exec_per_second"], row["new_buckets"]), ("20", "7", "5", "1"))

    def test_the_corpus_is_no_news(self):
        """Of a corpus that shows all, nothing is unlisted; of one without its loops, they are."""
        loops = [name for name in os.listdir(os.path.join(CORPUS, "regressions")) if name.startswith("device-loop")]
        setup = types.SimpleNamespace(capchain=CAPCHAIN, corpus=CORPUS, findings=self.dir, seeds=lambda kind: self.path("s"))
        for name in loops:
            self.write(f"s/{name}", text_of(os.path.join(CORPUS, "regressions", name)))
        paths = {"device": [self.path("s", name) for name in loops]}
        rows, sets = account.gather(account.Known(setup, ["device"]), setup, paths)
        self.assertTrue(rows and not sets and not any(one["unlisted"] for one in rows))
        os.makedirs(self.path("empty"))
        setup.seeds = lambda kind: self.path("empty")
        rows, sets = account.gather(account.Known(setup, ["device"]), setup, paths)
        self.assertIn("qemu:runaway:fault:loop", [one["bucket"] for one in rows if one["unlisted"]])
        self.assertTrue(sets)


if __name__ == "__main__":
    run_tests()
