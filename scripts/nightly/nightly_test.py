#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests nightly.py: its parts, and whole short nights with the built targets, one of them killed again
and again.

CAPCHAIN_BUILD is the folder with what `make nightly-built` makes; build by default. KILLS is how
often the night is killed (1), KILL_SEED chooses the moments (1).
"""

import contextlib
import csv
import datetime
import glob
import io
import itertools
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import types
import unittest
from unittest import mock
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import account  # noqa: E402
from fuzz import fuzz  # noqa: E402
from fuzz import worker as fuzz_worker  # noqa: E402
from fuzz.engine_afl import Afl, publish  # noqa: E402
from fuzz.engines import BUILDS, LEAD, build_of, engine_of  # noqa: E402
from fuzz.mutator_library import Library  # noqa: E402
from fuzz import report as fuzz_report  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from gen.names import BUFFERS  # noqa: E402
from nightly import checks  # noqa: E402
from nightly import instances as engines  # noqa: E402
from nightly import nightly  # noqa: E402
from nightly import triage  # noqa: E402
from nightly.state import State, Tally, write_whole  # noqa: E402
from fuzz.worker import tree  # noqa: E402
from test.tools import BUILD, CORPUS, ROOT, Case, run, run_tests, script, text_of  # noqa: E402

CAPCHAIN = os.path.join(BUILD, "capchain")
KILLS = int(os.environ.get("KILLS", "1"))
KILL_SEED = int(os.environ.get("KILL_SEED", "1"))
ORACLES = "load hooks in 4 of 4 parsers, arena, canaries"


class OnCorpus(Case):
    """With a copy of the corpus to damage."""

    def setUp(self):
        super().setUp()
        shutil.copytree(CORPUS, self.path("corpus"))
        self.setup = types.SimpleNamespace(
            corpus=self.path("corpus"), capchain=CAPCHAIN, work=self.dir, findings=self.path("f"),
            seeds=lambda kind: self.path("seeds", kind), witness=lambda kind, bucket: self.path("none"))

    def prepare(self, kind="region"):
        """The seeds of @kind, as files."""
        fuzz_seeds.prepare(self.setup, kind)
        return triage.files(self.setup.seeds(kind))

    def review_long_ago(self):
        """Has the first entry of the ledger be reviewed by the first of January."""
        text = self.text("corpus", "ledger.yaml")
        self.write("corpus/ledger.yaml", re.sub(r"review: \S+", "review: 2026-01-01", text, count=1))


class Plans(unittest.TestCase):
    """Who runs when."""

    def test_plans(self):
        for jobs, kinds in itertools.product(range(1, 25), (("region",), BUFFERS)):
            turns = [turn for _, turn in engines.plan(kinds, jobs, 100)]
            with self.subTest(jobs=jobs, kinds=kinds):
                ran = {(kind, role) for turn in turns for kind, roles in turn for role in roles}
                self.assertLessEqual(set(itertools.product(kinds, engines.FIRST)), ran)
                for turn in turns:
                    self.assertLessEqual(sum(len(roles) for _, roles in turn), jobs)
                    for _, roles in turn if jobs > 1 else ():
                        # Engines run beside each other.
                        self.assertEqual({role.startswith("libfuzzer") for role in roles}, {True, False})
                    if jobs >= 4 and len(kinds) == 1:
                        self.assertEqual([jobs, jobs], [len(turn[0][1]), len(set(turn[0][1]))])

    def test_slices_fill_the_time_and_are_never_long(self):
        for seconds, jobs in itertools.product((60, 600, 28800, 86400), (1, 2, 4, 12)):
            lengths = [length for length, _ in engines.plan(BUFFERS, jobs, seconds)]
            self.assertLessEqual(max(lengths), engines.SLICE_MAX)
            self.assertGreaterEqual(sum(lengths), 0.8 * seconds)
            self.assertLessEqual(sum(lengths), max(seconds, engines.SLICE_MIN * len(lengths)))
        self.assertEqual(engines.plan(("region",), 2, 0), [])

    def test_some_instances_keep_their_engines_mutators(self):
        for count in range(4, 25):
            ours = [engine_of(role).is_ours(role) for role in engines.roles_for(count)]
            self.assertIn(False, ours)
            self.assertGreaterEqual(sum(ours), count / 2)
        self.assertEqual({Afl.is_ours("plain-2"), Afl.is_ours("plain-3")}, {True, False})

    def test_every_role_has_a_build(self):
        self.assertLessEqual(set(map(build_of, engines.roles_for(12))), set(BUILDS))


class States(Case):
    """The one file that a night is taken up from."""

    WANTED = [["region"], 2, 100]

    def begun(self):
        state = State(self.path("night"))
        state.begin("2026-01-02", 7, "planted-x", self.WANTED)
        return state

    def again(self, state):
        os.close(state.lock)
        return State(self.path("night"))

    def test_what_is_saved_is_there_again(self):
        state = self.begun()
        state.slices, state.spent, state.found = 3, 44.5, {"afl region": {"execs": 9}}
        state.tally("region", "main").execs = 12
        state.counts.walked = 5
        state.counts.parsers = {"naive": (1, 2)}
        state.save()
        after = self.again(state)
        self.assertFalse(after.finished)
        self.assertEqual((after.slices, after.spent, after.seed), (3, 44.5, 7))
        self.assertEqual(after.tallies["region main"].execs, 12)
        self.assertEqual((after.counts.walked, after.counts.parsers), (5, {"naive": (1, 2)}))
        after.take_up(self.WANTED)
        self.assertEqual((after.slices, after.resumed, after.seconds), (3, 1, 100))

    def test_another_time_is_planned_anew_less_what_was_done(self):
        state = self.begun()
        state.slices, state.spent = 3, 44.5
        state.take_up([["region"], 2, 200])
        self.assertEqual((state.slices, state.seconds), (0, 155))
        state.take_up([["region"], 2, 10])
        self.assertEqual((state.slices, state.seconds), (0, 0))

    def test_a_damaged_state_costs_neither_night_nor_corpus(self):
        for text in ("", "{", "[]", '{"version": 99}', '{"version": 1}', None):
            state = self.begun()
            text = self.text("night", "state.json").replace('"version": 3', '"version": 2') if text is None else text
            os.makedirs(self.path("night", "corpus", "region-4"), exist_ok=True)
            os.makedirs(self.path("night", "corpus", "region-5"), exist_ok=True)
            write_whole(state.path, text)
            with contextlib.redirect_stderr(io.StringIO()) as said:
                after = self.again(state)
            self.assertEqual(len(said.getvalue().splitlines()), 1)
            self.assertTrue(after.finished)
            self.assertEqual(after.corpus("region"), self.path("night", "corpus", "region-4"))
            os.close(after.lock)

    def refused(self, status, what, *arguments):
        with self.assertRaises(fuzz_report.Refused) as refused:
            what(*arguments)
        self.assertEqual(refused.exception.status, status)

    def test_one_night_at_a_time(self):
        state = self.begun()
        self.refused(fuzz_report.UNUSABLE, State, self.path("night"))
        os.close(state.lock)

    def test_the_corpus_is_the_old_one_until_the_new_one_is_whole(self):
        state, before = self.begun(), None
        for _ in range(2):
            after = state.next_corpus("region")
            self.assertEqual(state.corpus("region"), before)
            state = self.again(state)
            self.assertEqual(state.corpus("region"), before)
            state.keep_corpus("region")
            self.assertEqual((state.corpus("region"), os.listdir(self.path("night", "corpus"))),
                             (after, [os.path.basename(after)]))
            before = after

    def test_a_state_that_cannot_be_written_is_said(self):
        state = self.begun()
        shutil.rmtree(self.path("night"))
        self.refused(fuzz_report.NO_FINDINGS, state.save)
        os.close(state.lock)


class Reasons(OnCorpus):
    """Each thing that keeps a night from counting, planted."""

    def seeds(self, kinds=BUFFERS):
        return checks.seed_reasons(self.setup, kinds)

    def test_the_corpus_as_it_is_has_none(self):
        self.assertEqual(self.seeds(), [])
        self.assertEqual(checks.corpus_reasons(self.setup, BUFFERS), [])

    def test_no_corpus(self):
        for path in glob.glob(self.path("corpus", "*", "region-*")):
            os.unlink(path)
        self.assertIn("no region seed", self.seeds()[0])
        self.assertIn("no region seed", checks.corpus_reasons(self.setup, ("region",))[0])

    def test_seeds_under_another_kinds_name(self):
        for path in glob.glob(self.path("corpus", "captured", "region-*")):
            os.rename(path, path.replace("region-", "iommu-"))
        reasons = " / ".join(self.seeds())
        self.assertIn("iommu seeds have no expected verdict", reasons)
        self.assertIn("are gone", reasons)

    def test_seeds_that_no_longer_deliver(self):
        """Bytes that offer a chain and deliver none, whatever they were blessed with."""
        paths = self.prepare("iommu")
        sources = fuzz_seeds.find_sources(self.setup.corpus, "iommu")
        self.assertIsNone(checks.deliver_reason(self.setup, "iommu", sources))
        for path in paths[::2]:
            if checks.offers(path, "iommu"):
                with open(path, "r+b") as file:
                    file.seek(16)
                    file.write(struct.pack("=I", 0xfff0))
        self.assertRegex(checks.deliver_reason(self.setup, "iommu", sources),
                         r"^\d+ of \d+ iommu seeds .* deliver a capability, fewer than 90%")

    def test_seeds_of_something_else(self):
        self.write("corpus/expect/reference.txt", "".join(
            f"{path} reject loop\n" for path in fuzz_seeds.find_sources(self.setup.corpus, "region")))
        self.assertIn("no region seed has CAPS set", self.seeds(("region",))[0])
        self.write("corpus/expect/reference.txt", "".join(
            f"{path} absent\n" for path in fuzz_seeds.find_sources(self.setup.corpus, "pci")))
        self.assertIn("no pci seed is expected to deliver", self.seeds(("pci",))[0])

    def test_oracles(self):
        self.assertIsNone(checks.oracle_reason("clang", ORACLES))
        for build, line, word in (
                ("clang", "load hooks in 3 of 4 parsers (others), arena, canaries", "load hooks"),
                ("clang", "load hooks in 0 of 0 parsers, arena, canaries", "load hooks"),
                ("clang", "nothing at all", "load hooks"),
                ("clang", "load hooks in 4 of 4 parsers, no arena (32-bit), canaries", "arena"),
                ("clang", "load hooks in 4 of 4 parsers, canaries", "arena"),
                ("clang", "load hooks in 4 of 4 parsers, arena", "canaries"),
                ("libfuzzer", ORACLES, "AddressSanitizer"), ("clang-msan", ORACLES, "MemorySanitizer"),
                ("afl-asan", ORACLES + ", AddressSanitizer", "Undefined")):
            with self.subTest(build=build, line=line):
                self.assertIn(word, checks.oracle_reason(build, line))

    def test_a_sanitizer_in_name_only(self):
        """A plain build that claims to have each sanitizer survives each planted fault."""
        os.makedirs(self.path("build"))
        os.symlink(os.path.join(BUILD, "afl"), self.path("build", "clang-msan"))
        for name in ("asan", "ubsan", "msan"):
            self.assertIn("does not see", checks.fault_reason(self.path("build"), "clang-msan", name))
        for build, names in checks.SANITIZERS.items():
            for name in names:
                self.assertIsNone(checks.fault_reason(BUILD, build, name), (build, name))

    def test_targets(self):
        """What scripts that pose as targets are told to be."""
        self.write("in/a", b"x")
        say = f'echo "capchain: kind region, 4 parsers; oracles: {ORACLES}" >&2\n'
        dies = "echo ' <empty stack>'\nexit 1\n"
        for build, program, maps, reason in (
                ("clang", say, "", "judged 0 of 1 seeds: it returns before it judges$"),
                ("clang", "echo no such thing\nexit 4\n", "", "does not start: no such thing$"),
                ("clang-msan", dies, self.path("none"), "<empty stack>; /proc is not mounted, and sanitizers read"),
                ("clang-msan", dies, "", "<empty stack>$"),
                ("clang", say + 'echo line >> "$CAPCHAIN_VERDICTS"\n', "", None),
                ("clang", say + 'echo "capchain: broken promise: a:b:c:d" >&2\nkill -ABRT $$\n', "", None)):
            self.write(f"build/{build}/fuzz_region_info", "#!/bin/sh\n" + program, 0o755)
            with self.subTest(program=program), mock.patch.object(checks.machine, "MAPS", maps or "/proc/self/maps"):
                said = checks.look_at(types.SimpleNamespace(build=self.path("build")), build, "region",
                                      self.path("in"))[1]
                self.assertRegex(said, reason) if reason else self.assertIsNone(said)

    @unittest.skipUnless(shutil.which("afl-fuzz"), "no AFL++ here")
    def test_no_speed_without_proc(self):
        with mock.patch.object(checks.machine, "PROC", self.path("proc")), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(nightly.main(["--no-make", "--work", self.path("night")]), 3)
        self.assertRegex(said.getvalue(), r"\Anightly: CPU time of processes cannot be read: \S+/stat: "
                         r"No such file or directory; .*: mount it\n\Z")

    def test_canaries(self):
        hunt = {"reached": 3, "triggered": 2, "detected": 1, "bucket": "region-x", "engine": "afl", "kind": "region",
                "canary": "c", "execs": 9}
        self.assertIsNone(checks.hunt_reason(hunt))
        for name, words in (("bucket", "kept no witness"), ("detected", "no oracle saw"),
                            ("triggered", "never triggered"), ("reached", "never")):
            hunt[name] = 0
            self.assertIn(words, checks.hunt_reason(hunt))

    def test_every_kind_has_its_canaries(self):
        names = checks.canaries(types.SimpleNamespace(build=BUILD, kinds=fuzz.KINDS))
        self.assertEqual(checks.too_few_reasons(names), [])
        # A device's payload has no count and no range to get wrong.
        self.assertLessEqual(set(names["device"]), set(names["region"]) & set(names["iommu"]))
        self.assertEqual(set(names["iommu"]) - set(names["device"]), {
            "planted-elements-ascend", "planted-elements-met", "planted-elements-rising", "planted-elements-shared",
            "planted-end-exclusive", "planted-range-backwards"})
        self.assertFalse(set(names["region"]) & set(names["fetch"]))
        names["fetch"], names["iommu"] = names["fetch"][1:], names["iommu"][:15]
        few = checks.too_few_reasons(names)
        self.assertEqual(few, ["15 canaries are planted, fewer than 16",
                               "5 canaries of conversations are planted, fewer than 6"])
        # A target that is no target has none.
        self.assertEqual(checks.canaries(types.SimpleNamespace(build="none", kinds=("fetch",))), {"fetch": []})

    def hunt_fetch(self, canary, execs=None):
        setup = fuzz_worker.Setup("libfuzzer", CORPUS, self.dir, self.path("none"), CAPCHAIN, BUILD,
                                  os.path.join(BUILD, "afl"))
        fuzz_seeds.prepare(setup, "fetch")
        options = types.SimpleNamespace(build=BUILD)
        state = types.SimpleNamespace(seed=5, canaries={"fetch": canary})
        checks.canary_seeds(setup, options, canary, "fetch", self.dir)
        return [checks.hunt_reason(checks.hunt(setup, options, state, engine, "fetch", execs))
                for engine in ("libfuzzer", "afl")]

    def test_a_fetch_loop_is_found(self):
        """By both engines, from conversations that do not show it."""
        self.assertEqual(self.hunt_fetch("planted-keeps-flags"), [None, None])
        program, seeds = os.path.join(BUILD, "libfuzzer", "planted_fetch"), glob.glob(self.path("*.seeds"))
        self.assertTrue(seeds)
        self.assertEqual(run(program, *seeds, env={"CAPCHAIN_PLANTED": "planted-keeps-flags"}).returncode, 0)

    def test_a_fetch_target_that_fuzzes_nothing_is_seen(self):
        """It judges its seeds, and nothing that differs from them."""
        found = self.hunt_fetch("planted-any-size", execs=1)
        self.assertRegex(found[0], "the canary planted-any-size was not found by libfuzzer in fetch "
                                   r"within \d+ execs: it (reached it never|never triggered it)")

    def test_instances(self):
        """What their tallies and shares of the empty target's speed are blamed for."""
        names = ["region main", "region libfuzzer"]
        unjudged, judged = ({name: Tally(execs=9, walked=walked) for name in names} for walked in (0, 9))
        for kinds, tallies, shares, words in (
                (("region", "iommu"), {}, {}, ["no iommu target was run", "ran no input as main",
                                               "ran no input as libfuzzer"]),
                (("region",), unjudged, {}, ["judged none of 9 inputs as main", "judged none of 9 inputs"]),
                (("region",), judged, {"region main": 0.9}, []),
                (("region",), judged, {"region main": 0.01, "region libfuzzer": 0.049},
                 ["1.0% of the empty target's speed as main", "4.9%"])):
            with self.subTest(kinds=kinds, shares=shares):
                reasons = checks.run_reasons(types.SimpleNamespace(kinds=kinds, build="build"),
                                             types.SimpleNamespace(due=names, tallies=tallies), shares)
                self.assertEqual(len(reasons), len(words), reasons)
                for reason, word in zip(reasons, words):
                    self.assertIn(word, reason)

    def test_speed_is_measured(self):
        tallies = {"region libfuzzer": Tally(execs=10, cpu=2 * checks.SPEED_FROM), "region main": Tally(execs=9, cpu=1)}
        shares = checks.speed_shares(types.SimpleNamespace(build=BUILD), types.SimpleNamespace(tallies=tallies))
        self.assertEqual(list(shares), ["region libfuzzer"])
        self.assertLess(shares["region libfuzzer"], 0.001)


class Exchanges(Case):
    """What one engine found, the other starts from."""

    def test_both_ways_once_and_whole(self):
        setup = fuzz_worker.Setup("", "", self.dir, "", "", "")
        self.write("afl/region/main/queue/id:000000", b"one")
        self.write("afl/region/killed-1-asan/queue/id:000000", b"two")
        self.write("afl/region/main/queue/id:000001", b"")
        self.write("afl/region/seeds/queue/id:000000,orig:x", b"seed")
        for _ in range(2):
            engines.exchange(setup, "region")
            self.assertEqual(len(os.listdir(self.path("corpus", "region"))), 2)
        os.makedirs(self.path("queue"))
        for _ in range(2):
            publish(self.path("corpus", "region"), self.path("queue"))
            self.assertEqual([name[:9] for name in sorted(os.listdir(self.path("queue")))],
                             ["id:000000", "id:000001"])

    def test_the_one_that_leads_starts_from_the_merged_corpus(self):
        setup = engines.NightSetup("", "", self.dir, "", "", "", state=types.SimpleNamespace(corpus=lambda _: "merged"))
        self.assertIn("merged", LEAD(setup, "region", 1, 9, "libfuzzer").command())

    def test_instances_of_a_killed_night_are_set_apart(self):
        for _ in range(2):
            self.write("afl/region/main/queue/id:000000", b"one")
            Afl.recover(self.dir)
        self.write("afl/region/seeds/queue/id:000000,orig:x", b"seed")
        Afl.recover(self.dir)
        self.assertEqual(sorted(os.listdir(self.path("afl", "region"))),
                         ["killed-1-main", "killed-2-main", "seeds"])


class Findings(OnCorpus):
    """What is made of what was found."""

    def test_budget_keeps_the_smallest(self):
        for size in (5, 1, 9, 3):
            self.write(f"c/{size}", bytes(size))
        self.assertEqual(triage.hold_to_budget(self.path("c"), 3, 100), (3, 9, 1))
        self.assertEqual(sorted(os.listdir(self.path("c"))), ["1", "3", "5"])
        self.assertEqual(triage.hold_to_budget(self.path("c"), 3, 4), (2, 4, 1))

    def test_what_stops_afl_is_kept_once(self):
        os.makedirs(self.path("f", "artifacts"))
        self.write("afl/region/main/crashes/id:000000,sig:06", b"boom")
        self.write("afl/region/asan/crashes/id:000000,sig:06", b"boom")
        self.write("afl/region/asan/hangs/id:000000", b"slow")
        triage.keep_stops(self.setup, "region")
        self.assertEqual(len(os.listdir(self.path("f", "artifacts"))), 2)

    def test_builds_that_differ(self):
        def replay(verdicts):
            one = triage.Replay(types.SimpleNamespace(build="b"), "clang", "region", ["p"] * 3)
            one.verdicts.update(verdicts)
            return one
        first = replay("abc")
        for verdicts, says in (("abc", None), ("cba", None), ("abz", "the first z"), ("ab", "judged 2 of 3")):
            why = replay(verdicts).unlike(first)
            self.assertIn(says, why) if says else self.assertIsNone(why)

    def test_a_failure_that_is_none_of_ours_has_its_first_line(self):
        self.write("b/clang/fuzz_region_info", "#!/bin/sh\necho '==7==ERROR: MemorySanitizer: x'\n"
                   "echo 'SUMMARY: MemorySanitizer: use-of-uninitialized-value f.c:1'\nexit 1\n", 0o755)
        one = triage.Replay(types.SimpleNamespace(build=self.path("b")), "clang", "region", ["p"])
        one.go()
        self.assertEqual(one.failures, [("SUMMARY: MemorySanitizer: use-of-uninitialized-value f.c:1", "p")])

    def test_a_buckets_only_witness_is_kept(self):
        """Whatever becomes of the set of verdicts that it stood for; and a smaller one replaces it."""
        bucket = "naive:runaway:fault:loop"
        # Save for the witnesses that the ledger names.
        named = self.text("corpus", "ledger.yaml")
        for one in fuzz_report.check(CAPCHAIN, "region", glob.glob(self.path("corpus", "*", "region-*.yaml"))):
            if bucket in fuzz_report.buckets_of(one) and os.path.basename(one["file"]) not in named:
                os.unlink(one["file"])
        self.prepare()
        harvest = triage.Harvest(self.setup, types.SimpleNamespace(corpus=lambda kind: None), ("region",))
        for tail in (16, 8):
            data = struct.pack("<4I2Q2HI", 48, 8, 0, 32, 0, 0, 99, 1, 32) + bytes(tail)
            witness = self.write("afl/region/main/queue/id:000000", data)
            harvest.go()
            os.unlink(witness)
            harvest.go()
            self.assertEqual(len(self.read("f", "buckets", "region-naive-runaway-fault-loop")), len(data))

    def test_review_dates(self):
        """Each that has passed is a failure of the night; on its day it has not."""
        self.review_long_ago()
        day = datetime.date(2026, 1, 1)
        self.assertEqual(account.overdue(self.path("corpus"), day), [])
        late = account.overdue(self.path("corpus"), day + datetime.timedelta(1))
        self.assertEqual(len(late), 1)
        self.assertRegex(late[0], r"the review date of ledger entry 1, 2026-01-01, has passed: \S+ in \S+ledger.yaml; ")

    def test_a_witness_is_shrunk_for_its_own_bucket(self):
        """Of all buckets that this buffer shows, another leads, and does not need what this one does."""
        bucket, path = "naive:ok:accepts-malformed:short-argsz", self.path("region-x")
        run(CAPCHAIN, "asm", os.path.join(CORPUS, "regressions", "region-argsz-31.yaml"), "-o", path, check=True)
        os.makedirs(self.path("less"))
        less = triage.shrunk(self.setup, triage.Divergence(bucket, "region", 48, path, False), self.path("less"))
        shown = next(fuzz_report.check(CAPCHAIN, "region", [less]))
        self.assertLess(shown["len"], os.path.getsize(path))
        self.assertIn(bucket, fuzz_report.buckets_of(shown))

    def test_no_regression_is_written_over(self):
        self.assertEqual(triage.free_name(self.dir, "region-a"), "region-a.yaml")
        self.write("region-a.yaml", b"")
        self.write("region-a-2.yaml", b"")
        self.assertEqual(triage.free_name(self.dir, "region-a"), "region-a-3.yaml")

    def test_slug(self):
        self.assertEqual(triage.slug("region", "ksft-vfio:oob:fault:next-oob"),
                         "region-ksft-vfio-oob-fault-next-oob")


def verdict_sets(kind, paths):
    return {fuzz_report.verdicts_of(one): one for one in
            fuzz_report.check(CAPCHAIN, kind, sorted(paths))} if paths else {}


class Whole(OnCorpus):
    """Nights of some seconds of one kind, with the built targets."""

    SECONDS = 9

    def command(self, *options):
        return [sys.executable, script("nightly", "nightly.py"), "--kind", "region", "--seconds",
                str(self.SECONDS), "--jobs", "2", "--no-make", "--build", BUILD, "--corpus",
                self.path("corpus"), "--work", self.path("night"), *options]

    def night(self, *options):
        return run(*self.command(*options), cwd=ROOT, timeout=None)

    def own(self, count):
        """Buffers with sets of verdicts that the corpus does not show, made from it."""
        chance = random.Random(KILL_SEED)
        seeds, library = self.prepare(), Library(BUILD, "region", KILL_SEED)
        for i in range(6000):
            data = Path(chance.choice(seeds)).read_bytes()
            self.write(f"tried/region-{i:04}", library.fuzz(data, None, fuzz_worker.LEN_MAX))
        library.end()
        shown, tried = verdict_sets("region", seeds), verdict_sets("region", glob.glob(self.path("tried", "*")))
        new = [one["file"] for verdicts, one in sorted(tried.items()) if verdicts not in shown]
        self.assertGreaterEqual(len(new), count)
        return chance.sample(new, count)

    def forget(self, *patterns):
        """Takes texts out of the corpus, with their verdicts; returns them as bytes."""
        taken = []
        os.makedirs(self.path("taken"))
        for path in sorted(path for pattern in patterns for path in glob.glob(
                self.path("corpus", "*", pattern + ".yaml"))):
            taken.append(self.path("taken", os.path.basename(path).removesuffix(".yaml")))
            run(CAPCHAIN, "asm", path, "-o", taken[-1], check=True)
            os.unlink(path)
        run(CAPCHAIN, "bless", self.path("corpus"), check=True)
        return taken

    def showing(self, bucket):
        """The names, without .yaml, of the texts that show it."""
        paths = sorted(glob.glob(self.path("corpus", "*", "region-*.yaml")))
        return [Path(one["file"]).stem for one in fuzz_report.check(CAPCHAIN, "region", paths)
                if bucket in fuzz_report.buckets_of(one)]

    def plant(self, paths):
        """Puts witnesses where engines and targets leave theirs."""
        places = ("findings/sets/region-{0:016x}", "corpus/region/{0:040x}",
                  "afl/region/earlier/queue/id:{0:06},orig:planted")
        for i, path in enumerate(paths):
            self.write(os.path.join("night", places[i % len(places)].format(i)), Path(path).read_bytes())

    def kill(self, process, everything):
        pids = tree(process.pid)
        process.send_signal(signal.SIGKILL)
        for pid in pids if everything else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def wait_for_end_of(self, folder):
        """Engines that were left behind end by themselves; none may be there for long."""
        end = time.monotonic() + 20
        while any(self.uses(pid, folder) for pid in filter(str.isdigit, os.listdir("/proc"))):
            self.assertLess(time.monotonic(), end, "an engine outlived its night")
            time.sleep(0.1)

    @staticmethod
    def uses(pid, folder):
        try:
            return folder.encode() in Path(f"/proc/{pid}/cmdline").read_bytes() and int(pid) != os.getpid()
        except OSError:
            return False

    def test_killed_again_and_again(self):
        planted = self.forget("region-loop-*", "region-*fault-loop*") + self.own(3)
        sets = verdict_sets("region", planted)
        self.plant(planted)
        chance = random.Random(KILL_SEED)
        seen = dict(sets)
        for i in range(KILLS):
            process = subprocess.Popen(self.command(), cwd=ROOT, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.2, 1.6 * self.SECONDS))
            self.kill(process, i % 2 == 0)
            self.wait_for_end_of(self.path("night"))
            seen.update(verdict_sets("region", self.snapshot(i)))
        done = self.night()
        # Readers that promise nothing do what nobody knew: a count.
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"; unlisted, in no corpus: [1-9]\d* bucket")
        after = verdict_sets("region", glob.glob(self.path("night", "findings", "sets", "*")) + self.prepare())
        lost = [one["file"] for verdicts, one in seen.items() if verdicts not in after]
        self.assertEqual(lost, [])
        self.divergences_are_in_the_pull_request(seen.values(), done)
        print(f"{KILLS} kills: {len(seen)} sets of verdicts seen, none lost", file=sys.stderr)

    def snapshot(self, number):
        """Copies of all that targets and engines have written down so far, since a merge replaces it."""
        copies = []
        for pattern in ("findings/sets/region-*", "findings/broken/region-*", "corpus/region*/*",
                        "afl/region/*/queue/id:*"):
            for path in glob.glob(self.path("night", pattern)):
                if not path.endswith(".tmp"):
                    copies.append(self.write(f"seen/{number}/region-{len(copies)}", Path(path).read_bytes()))
        return copies

    def divergences_are_in_the_pull_request(self, judged, done):
        """Each that was seen; what the corpus shows or a pattern of its ledger explains is no news."""
        known = triage.Known(self.setup, ("region",))
        text = "".join(Path(path).read_text("utf-8") for path in glob.glob(
            self.path("night", "pull-request", "corpus", "nights", "*")))
        for one in judged:
            for bucket in fuzz_report.buckets_of(one):
                if not known.explains(one, bucket):
                    self.assertIn(f"# {bucket}\n", text, done.stdout)

    def test_a_night_and_its_pull_request(self):
        """A night ends with its divergences; with its pull request merged, they are known."""
        self.plant(self.forget(*self.showing("naive:runaway:fault:loop")))
        self.review_long_ago()
        done = self.night("--seed", "3", "--json", self.path("all.json"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("this night counts; exit status 1", done.stdout)
        self.assertEqual(self.text("all.json"), self.text("night", "run.json"))
        screen = self.text("night", "summary.txt")
        self.assertLessEqual(screen.count("\n"), 24)
        self.assertIn("this night counts; exit status 1", self.text("night", "summary.md"))
        self.assertRegex(done.stdout, r"(?m)^failure: the review date of ledger entry 1, 2026-01-01, has passed: ")
        self.assertRegex(done.stdout, r"canary planted-\S+, libfuzzer region: found within \d+")
        self.assertRegex(done.stdout, r"canary planted-\S+, afl region: found within \d+")
        self.assertEqual(sorted(os.listdir(self.path("night", "afl"))), ["region.lock"])
        self.assertIn("this night counts", self.text("night", "summary.txt"))
        found = json.loads(self.text("night", "run.json"))
        buckets = [one["bucket"] for one in found["buckets"] if one["unlisted"]]
        self.assertIn("naive:runaway:fault:loop", buckets)
        self.holds_numbers(found)
        patch = self.path("night", "pull-request", "changes.patch")
        run("patch", "-p2", "-s", "-i", patch, cwd=self.path("corpus"), check=True)
        replayed = run(CAPCHAIN, "replay", self.path("corpus"))
        self.assertEqual(replayed.returncode, 0, replayed.stdout[-2000:])
        self.prepare()
        known = triage.Known(self.setup, ("region",))
        self.assertLessEqual({("region", bucket) for bucket in buckets}, known.shown)
        # On another kind they would be news.
        self.assertFalse(known.explains({"kind": "device", "notes": []}, "naive:runaway:fault:loop"))

    def holds_numbers(self, found):
        """One line a night, with what the object has."""
        head, line = csv.reader(self.text("night", "numbers.csv").splitlines())
        row = dict(zip(head, line, strict=True))
        self.assertEqual([row[name] for name in ("commit", "seed", "execs", "status", "unlisted_buckets")],
                         [found["commit"], "3", str(found["execs"]), str(found["status"]),
                          str(sum(one["unlisted"] for one in found["buckets"]))])
        self.assertGreater(int(row["edges"]), 0)
        page = text_of("scripts", "nightly", "README.md")
        self.assertEqual(re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (`\w+`.*?) \|", page[page.index("numbers.csv"):]))), head)

    def test_a_broken_promise_is_named_in_replay(self):
        """One build has a planted bug; its bucket is a broken promise, and that build the odd one."""
        for build in checks.REPLAY_BUILDS:
            program = "planted" if build == "clang-asan" else "fuzz"
            self.write(f"build/{build}/fuzz_region_info", "#!/bin/sh\nCAPCHAIN_PLANTED=planted-two-step-loop exec "
                       f'{BUILD}/{build}/{program}_region_info "$@"\n', 0o755)
        options = types.SimpleNamespace(build=self.path("build"), jobs=2)
        paths = self.own(1) + glob.glob(self.path("seeds", "region", "*loop-two-step*"))
        inputs, broken, failures = triage.replay(options, self.setup, ("region",), {"region": paths})
        self.assertEqual(inputs, 2)
        self.assertEqual(list(broken), ["planted-two-step-loop:runaway:fault:loop"])
        self.assertIn("other verdicts", " ".join(line for line, _, _ in failures))

    def test_refusals(self):
        shutil.rmtree(self.path("corpus", "seeds"))
        for options, status in (((), 3), (("--seconds", "0"), 2), (("--hours", "1"), 2),
                                (("--build", self.path("nothing")), 3)):
            done = self.night(*options)
            self.assertEqual(done.returncode, status)
            self.assertNotIn("Traceback", done.stderr)
            self.assertEqual("this night does not count: " in done.stdout, status == 3)
            if status == 3:
                self.assertIn("this night does not count: ", self.text("night", "summary.md"))
                self.assertEqual(json.loads(self.text("night", "run.json"))["status"], 3)


if __name__ == "__main__":
    run_tests()
