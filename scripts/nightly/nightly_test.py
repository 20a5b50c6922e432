#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests nightly.py: its parts, and whole short nights with the built targets, one of them killed again
and again.

CAPCHAIN_BUILD is the folder with what `make nightly-built` makes; build by default. KILLS is how
often the night is killed (1), KILL_SEED chooses the moments (1).
"""

import contextlib
import datetime
import glob
import io
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

from fuzz import fuzz  # noqa: E402
from fuzz import worker as fuzz_worker  # noqa: E402
from fuzz.engine_afl import Afl, publish  # noqa: E402
from fuzz.engines import BUILDS, build_of, engine_of  # noqa: E402
from fuzz import report as fuzz_report  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from nightly import checks  # noqa: E402
from nightly import instances as engines  # noqa: E402
from nightly import nightly  # noqa: E402
from nightly import triage  # noqa: E402
from nightly.state import State, Tally, write_whole  # noqa: E402
from fuzz.worker import tree  # noqa: E402
from test.tools import BUILD, ROOT, Case, run, run_tests, script  # noqa: E402

CAPCHAIN = os.path.join(BUILD, "capchain")
KILLS = int(os.environ.get("KILLS", "1"))
KILL_SEED = int(os.environ.get("KILL_SEED", "1"))
ORACLES = "load hooks in 4 of 4 parsers, arena, canaries"


class Plans(Case):
    """Who runs when."""

    def test_every_instance_of_every_kind_runs(self):
        for jobs in range(1, 25):
            for kinds in (("region",), ("device", "region", "iommu")):
                ran = {f"{kind} {role}" for _, turn in engines.plan(kinds, jobs, 100)
                       for kind, roles in turn for role in roles}
                for kind in kinds:
                    for role in engines.FIRST:
                        self.assertIn(f"{kind} {role}", ran, jobs)

    def test_no_more_at_once_than_jobs(self):
        for jobs in range(1, 25):
            for _, turn in engines.plan(("device", "region", "iommu"), jobs, 100):
                self.assertLessEqual(sum(len(roles) for _, roles in turn), jobs)

    def test_engines_run_beside_each_other(self):
        for jobs in range(2, 25):
            for _, turn in engines.plan(("device", "region", "iommu"), jobs, 100):
                for _, roles in turn:
                    self.assertTrue(any(role.startswith("libfuzzer") for role in roles))
                    self.assertTrue(any(not role.startswith("libfuzzer") for role in roles))

    def test_slices_fill_the_time_and_are_never_long(self):
        for seconds in (60, 600, 28800, 86400):
            for jobs in (1, 2, 4, 12):
                lengths = [length for length, _ in engines.plan(
                    ("device", "region", "iommu"), jobs, seconds)]
                self.assertLessEqual(max(lengths), engines.SLICE_MAX)
                self.assertGreaterEqual(sum(lengths), 0.8 * seconds)
                self.assertLessEqual(sum(lengths), max(seconds, engines.SLICE_MIN * len(lengths)))

    def test_more_jobs_more_instances_each_once(self):
        for jobs in range(4, 25):
            for _, turn in engines.plan(("region",), jobs, 100):
                self.assertEqual(len(turn[0][1]), jobs)
                self.assertEqual(len(set(turn[0][1])), jobs)

    def test_no_time_left(self):
        self.assertEqual(engines.plan(("region",), 2, 0), [])

    def test_some_instances_keep_their_engines_mutators(self):
        for count in range(4, 25):
            ours = [engine_of(role).is_ours(role) for role in engines.roles_for(count)]
            self.assertIn(False, ours)
            self.assertGreaterEqual(sum(ours), count / 2)

    def test_every_role_has_a_build(self):
        for role in engines.roles_for(12):
            self.assertIn(build_of(role), BUILDS)


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
        for text in ("", "{", "[]", '{"version": 99}', '{"version": 1}'):
            state = self.begun()
            os.makedirs(self.path("night", "corpus", "region-4"), exist_ok=True)
            os.makedirs(self.path("night", "corpus", "region-5"), exist_ok=True)
            write_whole(state.path, text)
            with contextlib.redirect_stderr(io.StringIO()) as said:
                after = self.again(state)
            self.assertEqual(len(said.getvalue().splitlines()), 1)
            self.assertTrue(after.finished)
            self.assertEqual(after.corpus("region"), self.path("night", "corpus", "region-4"))
            os.close(after.lock)

    def test_one_night_at_a_time(self):
        state = self.begun()
        with self.assertRaises(fuzz_report.Refused) as refused:
            State(self.path("night"))
        self.assertEqual(refused.exception.status, fuzz_report.UNUSABLE)
        os.close(state.lock)

    def test_the_corpus_is_the_old_one_until_the_new_one_is_whole(self):
        state = self.begun()
        self.assertIsNone(state.corpus("region"))
        state.next_corpus("region")
        self.assertIsNone(self.again(state).corpus("region"))
        state = State(self.path("other"))
        first = state.next_corpus("region")
        state.keep_corpus("region")
        self.assertEqual(state.corpus("region"), first)
        second = state.next_corpus("region")
        self.assertEqual(state.corpus("region"), first)
        state.keep_corpus("region")
        self.assertEqual(state.corpus("region"), second)
        self.assertFalse(os.path.exists(first))

    def test_a_state_that_cannot_be_written_is_said(self):
        state = self.begun()
        shutil.rmtree(self.path("night"))
        with self.assertRaises(fuzz_report.Refused) as refused:
            state.save()
        self.assertEqual(refused.exception.status, fuzz_report.NO_FINDINGS)
        os.close(state.lock)


class Reasons(Case):
    """Each thing that keeps a night from counting, planted."""

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(ROOT, "corpus"), self.path("corpus"))
        self.setup = types.SimpleNamespace(
            corpus=self.path("corpus"), capchain=CAPCHAIN,
            seeds=lambda kind: self.path("seeds", kind))

    def seeds(self, kinds=("device", "region", "iommu")):
        return checks.seed_reasons(self.setup, kinds)

    def test_the_corpus_as_it_is_has_none(self):
        self.assertEqual(self.seeds(), [])
        self.assertEqual(checks.corpus_reasons(self.setup, ("device", "region", "iommu")), [])

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
        fuzz_seeds.prepare(self.setup, "iommu")
        sources = fuzz_seeds.find_sources(self.setup.corpus, "iommu")
        self.assertIsNone(checks.deliver_reason(self.setup, "iommu", sources))
        for name in os.listdir(self.setup.seeds("iommu"))[::2]:
            path = os.path.join(self.setup.seeds("iommu"), name)
            data = bytearray(Path(path).read_bytes())
            if checks.offers(data, "iommu"):
                struct.pack_into("=I", data, 16, 0xfff0)
                self.write(os.path.relpath(path, self.dir), bytes(data))
        self.assertRegex(checks.deliver_reason(self.setup, "iommu", sources),
                         r"^\d+ of \d+ iommu seeds .* deliver a capability, fewer than 90%")

    def test_seeds_of_something_else(self):
        with open(self.path("corpus", "expect", "reference.txt"), "w", encoding="ascii") as file:
            for path in fuzz_seeds.find_sources(self.setup.corpus, "region"):
                file.write(f"{path} reject loop\n")
        self.assertIn("no region seed has CAPS set", self.seeds(("region",))[0])

    def test_oracles(self):
        self.assertIsNone(checks.oracle_reason("clang", ORACLES))
        for line, word in (
                ("load hooks in 3 of 4 parsers (others), arena, canaries", "load hooks"),
                ("load hooks in 0 of 0 parsers, arena, canaries", "load hooks"),
                ("nothing at all", "load hooks"),
                ("load hooks in 4 of 4 parsers, no arena (32-bit), canaries", "arena"),
                ("load hooks in 4 of 4 parsers, canaries", "arena"),
                ("load hooks in 4 of 4 parsers, arena", "canaries")):
            self.assertIn(word, checks.oracle_reason("clang", line))
        self.assertIn("AddressSanitizer", checks.oracle_reason("libfuzzer", ORACLES))
        self.assertIn("Undefined", checks.oracle_reason("afl-asan", ORACLES + ", AddressSanitizer"))
        self.assertIn("MemorySanitizer", checks.oracle_reason("clang-msan", ORACLES))

    def test_a_sanitizer_in_name_only(self):
        """A plain build that claims to have each sanitizer survives each planted fault."""
        os.makedirs(self.path("build"))
        os.symlink(os.path.join(BUILD, "afl"), self.path("build", "clang-msan"))
        for name in ("asan", "ubsan", "msan"):
            self.assertIn("does not see", checks.fault_reason(self.path("build"), "clang-msan",
                                                              name))
        for build, names in checks.SANITIZERS.items():
            for name in names:
                self.assertIsNone(checks.fault_reason(BUILD, build, name), (build, name))

    def fake(self, build, script):
        self.write(f"build/{build}/fuzz_region_info", "#!/bin/sh\n" + script)
        os.chmod(self.path("build", build, "fuzz_region_info"), 0o755)

    def alive(self, build="clang"):
        self.write("in/a", b"x")
        return checks.Alive(self.path("build"), build, "region", self.path("in")).look().reason()

    def test_targets(self):
        say = f'echo "capchain: kind region, 4 parsers; oracles: {ORACLES}" >&2\n'
        self.fake("clang", say)
        self.assertIn("judged 0 of 1 seeds", self.alive())
        self.fake("clang", "echo no such thing\nexit 4\n")
        self.assertIn("does not start: no such thing", self.alive())
        self.fake("clang-msan", "echo ' <empty stack>'\nexit 1\n")
        with mock.patch.object(checks.machine, "MAPS", self.path("none")):
            self.assertIn("<empty stack>; /proc is not mounted, and sanitizers read", self.alive("clang-msan"))
        self.assertNotIn("/proc", self.alive("clang-msan"))
        self.fake("clang", say + 'echo line >> "$CAPCHAIN_VERDICTS"\n')
        self.assertIsNone(self.alive())
        self.fake("clang", say + 'echo "capchain: broken promise: a:b:c:d" >&2\nkill -ABRT $$\n')
        self.assertIsNone(self.alive())

    @unittest.skipUnless(shutil.which("afl-fuzz"), "no AFL++ here")
    def test_no_speed_without_proc(self):
        with mock.patch.object(checks.machine, "PROC", self.path("proc")), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(nightly.main(["--no-make", "--work", self.path("night")]), 3)
        self.assertRegex(said.getvalue(), r"\Anightly: CPU time of processes cannot be read: \S+/stat: "
                         r"No such file or directory; .*: mount it\n\Z")

    def test_canaries(self):
        hunt = {"engine": "afl", "kind": "region", "canary": "c", "execs": 9, "reached": 3, "triggered": 2,
                "detected": 1, "bucket": "region-x"}
        self.assertIsNone(checks.hunt_reason(hunt))
        for name, word in (("reached", "never"), ("triggered", "never triggered"),
                           ("detected", "no oracle saw"), ("bucket", "kept no witness")):
            less = dict(hunt)
            for after in list(hunt)[list(hunt).index(name):]:
                less[after] = 0
            self.assertIn(word, checks.hunt_reason(less))

    def test_every_kind_has_its_canaries(self):
        names = checks.canaries(types.SimpleNamespace(build=BUILD, kinds=fuzz.KINDS))
        self.assertEqual(checks.too_few_reasons(names), [])
        self.assertEqual(names["device"], names["iommu"])
        self.assertFalse(set(names["region"]) & set(names["fetch"]))
        names["fetch"], names["iommu"] = names["fetch"][1:], names["iommu"][:15]
        few = checks.too_few_reasons(names)
        self.assertEqual(few, ["15 canaries are planted, fewer than 16",
                               "5 canaries of conversations are planted, fewer than 6"])
        # A target that is no target has none.
        self.assertEqual(checks.canaries(types.SimpleNamespace(build="none", kinds=("fetch",))),
                         {"fetch": []})

    def hunt_fetch(self, canary, execs=None):
        setup = fuzz_worker.Setup("libfuzzer", os.path.join(ROOT, "corpus"), self.dir,
                                   self.path("none"), CAPCHAIN, BUILD, os.path.join(BUILD, "afl"))
        fuzz_seeds.prepare(setup, "fetch")
        options = types.SimpleNamespace(work=self.dir, build=BUILD)
        state = types.SimpleNamespace(seed=5, canaries={"fetch": canary})
        hunts = [checks.Hunt(setup, options, state, engine, "fetch") for engine in ("libfuzzer", "afl")]
        for hunt in hunts:
            hunt.execs_max = execs or hunt.execs_max
        return [checks.hunt_reason(hunt.go()) for hunt in hunts]

    def test_a_fetch_loop_is_found(self):
        """By both engines, from conversations that do not show it."""
        self.assertEqual(self.hunt_fetch("planted-keeps-flags"), [None, None])

    def test_a_fetch_target_that_fuzzes_nothing_is_seen(self):
        """It judges its seeds, and nothing that differs from them."""
        found = self.hunt_fetch("planted-any-size", execs=1)
        self.assertRegex(found[0], "the canary planted-any-size was not found by libfuzzer in fetch "
                                   r"within \d+ execs: it (reached it never|never triggered it)")

    def test_instances(self):
        state = types.SimpleNamespace(due=["region main", "region libfuzzer"], tallies={})
        options = types.SimpleNamespace(kinds=("region", "iommu"), build="build")
        reasons = checks.run_reasons(options, state, {})
        self.assertEqual(len(reasons), 3)
        self.assertIn("no iommu target was run", reasons[0])
        self.assertIn("ran no input as main", reasons[1])
        options.kinds = ("region",)
        state.tallies = {name: Tally({"execs": 9}) for name in state.due}
        self.assertIn("judged none of 9 inputs", checks.run_reasons(options, state, {})[0])
        for tally in state.tallies.values():
            tally.walked = 9
        self.assertEqual(checks.run_reasons(options, state, {"region main": 0.9}), [])
        slow = checks.run_reasons(options, state, {"region main": 0.01, "region libfuzzer": 0.049})
        self.assertEqual(len(slow), 2)
        self.assertIn("1.0% of the empty target's speed", slow[0])

    def test_speed_is_measured(self):
        enough = {"execs": 10, "cpu": 2 * checks.SPEED_FROM}
        state = types.SimpleNamespace(tallies={"region libfuzzer": Tally(enough),
                                               "region main": Tally({"execs": 9, "cpu": 1})})
        options = types.SimpleNamespace(build=BUILD)
        shares = checks.speed_shares(self.setup, options, state)
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

    def test_instances_of_a_killed_night_are_set_apart(self):
        for _ in range(2):
            self.write("afl/region/main/queue/id:000000", b"one")
            Afl.recover(self.dir)
        self.write("afl/region/seeds/queue/id:000000,orig:x", b"seed")
        Afl.recover(self.dir)
        self.assertEqual(sorted(os.listdir(self.path("afl", "region"))),
                         ["killed-1-main", "killed-2-main", "seeds"])


class Findings(Case):
    """What is made of what was found."""

    def test_budget_keeps_the_smallest(self):
        for size in (5, 1, 9, 3):
            self.write(f"c/{size}", bytes(size))
        self.assertEqual(triage.hold_to_budget(self.path("c"), 3, 100), (3, 9, 1))
        self.assertEqual(sorted(os.listdir(self.path("c"))), ["1", "3", "5"])
        self.assertEqual(triage.hold_to_budget(self.path("c"), 3, 4), (2, 4, 1))

    def test_what_stops_afl_is_kept_once(self):
        setup = types.SimpleNamespace(work=self.path("w"), findings=self.path("f"))
        os.makedirs(self.path("f", "artifacts"))
        self.write("w/afl/region/main/crashes/id:000000,sig:06", b"boom")
        self.write("w/afl/region/asan/crashes/id:000000,sig:06", b"boom")
        self.write("w/afl/region/asan/hangs/id:000000", b"slow")
        triage.keep_stops(setup, "region")
        self.assertEqual(len(os.listdir(self.path("f", "artifacts"))), 2)

    def test_builds_that_differ(self):
        def replay(build, verdicts, paths=3):
            one = triage.Replay(types.SimpleNamespace(build="b"), build, "region", ["p"] * paths)
            one.verdicts.update(verdicts)
            return one
        first = replay("clang", ["a", "b", "c"])
        self.assertIsNone(first.unlike(first))
        self.assertIsNone(replay("x", ["c", "b", "a"]).unlike(first))
        self.assertIn("the first z", replay("x", ["a", "b", "z"]).unlike(first))
        self.assertIn("judged 2 of 3", replay("x", ["a", "b"]).unlike(first))

    def test_a_failure_that_is_none_of_ours_has_its_first_line(self):
        self.write("b/clang/fuzz_region_info", "#!/bin/sh\necho '==7==ERROR: MemorySanitizer: x'\n"
                   "echo 'SUMMARY: MemorySanitizer: use-of-uninitialized-value f.c:1'\nexit 1\n")
        os.chmod(self.path("b", "clang", "fuzz_region_info"), 0o755)
        one = triage.Replay(types.SimpleNamespace(build=self.path("b")), "clang", "region", ["p"])
        one.go()
        self.assertEqual(one.failures, [
            ("SUMMARY: MemorySanitizer: use-of-uninitialized-value f.c:1", "p")])

    def test_a_buckets_only_witness_is_kept(self):
        """Whatever becomes of the set of verdicts that it stood for; and a smaller one replaces it."""
        shutil.copytree(os.path.join(ROOT, "corpus"), self.path("corpus"))
        # Save for the witnesses that the ledger names.
        named = self.text("corpus", "ledger.yaml")
        for name in glob.glob(self.path("corpus", "regressions", "*loop*")):
            if os.path.basename(name) not in named:
                os.unlink(name)
        setup = types.SimpleNamespace(
            corpus=self.path("corpus"), capchain=CAPCHAIN, work=self.dir, findings=self.path("f"),
            seeds=lambda kind: self.path("seeds", kind))
        fuzz_seeds.prepare(setup, "region")
        state = types.SimpleNamespace(corpus=lambda kind: None)
        harvest = triage.Harvest(setup, state, ("region",))
        head = struct.pack("<4I2Q", 48, 8, 0, 32, 0, 0)
        witness = self.path("afl", "region", "main", "queue", "id:000000")
        for tail in (16, 8):
            data = head + struct.pack("<2HI", 99, 1, 32) + bytes(tail)
            self.write(os.path.relpath(witness, self.dir), data)
            harvest.go()
            os.unlink(witness)
            harvest.go()
            with open(self.path("f", "buckets", "region-naive-runaway-fault-loop"), "rb") as file:
                self.assertEqual(len(file.read()), len(data))

    def test_review_dates(self):
        """Each that has passed is a failure of the night; on its day it has not."""
        shutil.copytree(os.path.join(ROOT, "corpus"), self.path("corpus"))
        text = self.text("corpus", "ledger.yaml")
        first = re.search(r"review: (\S+)", text)[1]
        self.write("corpus/ledger.yaml", text.replace(f"review: {first}", "review: 2026-01-01", 1))
        day = datetime.date(2026, 1, 1)
        self.assertEqual(triage.overdue(self.path("corpus"), day), [])
        late = triage.overdue(self.path("corpus"), day + datetime.timedelta(1))
        self.assertEqual(len(late), 1)
        self.assertRegex(late[0][0], r"entry 1 \(\S+\): its review date, 2026-01-01, has passed")

    def test_a_witness_is_shrunk_for_its_own_bucket(self):
        """Of all buckets that this buffer shows, another leads, and does not need what this one does."""
        bucket = "naive:ok:accepts-malformed:short-argsz"
        path, setup = self.path("region-x"), types.SimpleNamespace(capchain=CAPCHAIN)
        subprocess.run([CAPCHAIN, "asm", os.path.join(ROOT, "corpus", "regressions",
                                                      "region-argsz-31.yaml"), "-o", path],
                       check=True)
        os.makedirs(self.path("less"))
        less = triage.shrunk(setup, triage.Divergence(bucket, "region", 48, path, False),
                             self.path("less"))
        shown = next(fuzz_report.check(CAPCHAIN, "region", [less]))
        self.assertLess(shown["len"], os.path.getsize(path))
        self.assertIn(bucket, [one["bucket"] for one in shown["disagreements"]])

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


class Whole(Case):
    """Nights of some seconds of one kind, with the built targets."""

    SECONDS = 9

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(ROOT, "corpus"), self.path("corpus"))
        shutil.copy(os.path.join(ROOT, "corpus", "ledger.yaml"), self.path("corpus"))

    def command(self, *options):
        return [sys.executable, script("nightly", "nightly.py"), "--kind", "region", "--seconds",
                str(self.SECONDS), "--jobs", "2", "--no-make", "--build", BUILD, "--corpus",
                self.path("corpus"), "--work", self.path("night"), *options]

    def night(self, *options):
        return subprocess.run(self.command(*options), cwd=ROOT, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)

    def own(self, count):
        """Buffers with sets of verdicts that the corpus does not show, made from it."""
        chance = random.Random(KILL_SEED)
        setup = types.SimpleNamespace(corpus=self.path("corpus"), capchain=CAPCHAIN,
                                      seeds=lambda kind: self.path("own", kind))
        fuzz_seeds.prepare(setup, "region")
        seeds = [os.path.join(setup.seeds("region"), name)
                 for name in sorted(os.listdir(setup.seeds("region")))]
        shown = set(verdict_sets("region", seeds))
        for i in range(6000):
            data = bytearray(Path(chance.choice(seeds)).read_bytes())
            for _ in range(chance.randrange(1, 6)):
                if len(data) >= 8:
                    struct.pack_into("=I", data, chance.randrange(len(data) // 4) * 4, chance.choice(
                        (0, 1, 2, 8, 31, 32, 33, 36, 40, 48, 64, len(data) - 4, len(data), 1 << 28)))
            self.write(f"tried/region-{i:04}", bytes(data))
        tried = glob.glob(self.path("tried", "*"))
        new = [one["file"] for verdicts, one in sorted(verdict_sets("region", tried).items())
               if verdicts not in shown]
        self.assertGreaterEqual(len(new), count)
        return chance.sample(new, count)

    def forget(self, *patterns):
        """Takes regressions out of the corpus, with their verdicts; returns them as bytes."""
        taken = []
        for path in sorted(path for pattern in patterns for path in glob.glob(
                self.path("corpus", "regressions", pattern))):
            taken.append(self.path("taken", os.path.basename(path).removesuffix(".yaml")))
            os.makedirs(self.path("taken"), exist_ok=True)
            subprocess.run([CAPCHAIN, "asm", path, "-o", taken[-1]], check=True)
            os.unlink(path)
        subprocess.run([CAPCHAIN, "bless", self.path("corpus")], check=True, capture_output=True)
        return taken

    def showing(self, bucket):
        """The names of the regressions that show it."""
        paths = sorted(glob.glob(self.path("corpus", "regressions", "region-*")))
        return [os.path.basename(one["file"]) for one in fuzz_report.check(CAPCHAIN, "region", paths)
                if bucket in [two["bucket"] for two in one["disagreements"]]]

    def plant(self, paths):
        """Puts witnesses where engines and targets leave theirs."""
        places = ("findings/sets/region-{0:016x}", "corpus/region/{0:040x}",
                  "afl/region/earlier/queue/id:{0:06},orig:planted")
        for i, path in enumerate(paths):
            self.write(os.path.join("night", places[i % len(places)].format(i)), Path(path).read_bytes())

    def witnesses(self):
        """Everything that a target or an engine has written down so far."""
        return [path for pattern in ("findings/sets/region-*", "findings/broken/region-*",
                                     "corpus/region*/*", "afl/region/*/queue/id:*")
                for path in glob.glob(self.path("night", pattern)) if not path.endswith(".tmp")]

    def kill(self, process, everything):
        pids = tree(process.pid)
        process.send_signal(signal.SIGKILL)
        for pid in pids if everything else ():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
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
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        after = verdict_sets("region", glob.glob(self.path("night", "findings", "sets", "*")) +
                             glob.glob(self.path("own", "region", "*")))
        lost = [one["file"] for verdicts, one in seen.items() if verdicts not in after]
        self.assertEqual(lost, [])
        self.divergences_are_in_the_pull_request(seen.values(), done)
        print(f"{KILLS} kills: {len(seen)} sets of verdicts seen, none lost", file=sys.stderr)

    def snapshot(self, number):
        """Copies, since a merge replaces what engines wrote."""
        copies = []
        for i, path in enumerate(self.witnesses()):
            copies.append(self.path("seen", str(number), f"region-{i}"))
            os.makedirs(os.path.dirname(copies[-1]), exist_ok=True)
            shutil.copy(path, copies[-1])
        return copies

    def divergences_are_in_the_pull_request(self, judged, done):
        """Each that was seen; what the corpus shows or a pattern of its ledger explains is no news."""
        setup = types.SimpleNamespace(corpus=self.path("corpus"), capchain=CAPCHAIN,
                                      work=self.dir, findings=self.path("none"),
                                      seeds=lambda kind: self.path("own", kind))
        harvest = triage.Harvest(setup, None, ("region",))
        text = ""
        for path in glob.glob(self.path("night", "pull-request", "corpus", "regressions", "*")):
            text += Path(path).read_text("utf-8")
        for one in judged:
            for two in one["disagreements"]:
                if not harvest.known.explains(one, two["bucket"]):
                    self.assertIn(f"# {two['bucket']}\n", text, done.stdout)

    def test_a_night_and_its_pull_request(self):
        """A night ends with its divergences; with its pull request merged, they are known."""
        self.plant(self.forget(*self.showing("naive:runaway:fault:loop")))
        text = self.text("corpus", "ledger.yaml")
        self.write("corpus/ledger.yaml", re.sub(r"review: \S+", "review: 2026-01-01", text, count=1))
        done = self.night("--seed", "3")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("this night counts; exit status 1", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^failure: .*ledger.yaml: entry 1 .* has passed")
        self.assertRegex(done.stdout, r"canary planted-\S+, libfuzzer region: found within \d+")
        self.assertRegex(done.stdout, r"canary planted-\S+, afl region: found within \d+")
        self.assertEqual(sorted(os.listdir(self.path("night", "afl"))), ["region.lock"])
        self.assertIn("this night counts", self.text("night", "summary.txt"))
        buckets = re.findall(r"^new divergence: (\S+)$", done.stdout, re.M)
        self.assertIn("naive:runaway:fault:loop", buckets)
        patch = self.path("night", "pull-request", "changes.patch")
        subprocess.run(["patch", "-p2", "-s", "-i", patch], cwd=self.path("corpus"), check=True)
        replayed = run(CAPCHAIN, "replay", self.path("corpus"))
        self.assertEqual(replayed.returncode, 0, replayed.stdout[-2000:])
        setup = types.SimpleNamespace(corpus=self.path("corpus"), capchain=CAPCHAIN,
                                      seeds=lambda kind: self.path("merged", kind))
        fuzz_seeds.prepare(setup, "region")
        known = triage.Known(setup, ("region",))
        self.assertLessEqual({("region", bucket) for bucket in buckets}, known.shown)
        # On another kind they would be news.
        self.assertFalse(known.explains({"kind": "device", "notes": []}, "naive:runaway:fault:loop"))

    def test_a_broken_promise_is_named_in_replay(self):
        """One build has a planted bug; its bucket is a broken promise, and that build the odd one."""
        for build in checks.REPLAY_BUILDS:
            program = "planted" if build == "clang-asan" else "fuzz"
            self.write(f"build/{build}/fuzz_region_info",
                       "#!/bin/sh\nCAPCHAIN_PLANTED=planted-two-step-loop exec "
                       f'{BUILD}/{build}/{program}_region_info "$@"\n')
            os.chmod(self.path("build", build, "fuzz_region_info"), 0o755)
        options = types.SimpleNamespace(build=self.path("build"), jobs=2)
        setup = types.SimpleNamespace(findings=self.path("night", "findings"))
        setup.witness = lambda kind, bucket: self.path("none")
        paths = self.own(1) + sorted(glob.glob(self.path("own", "region", "*loop-two-step*")))
        inputs, broken, failures = triage.replay(options, setup, ("region",), {"region": paths})
        self.assertEqual(inputs, 2)
        self.assertEqual(list(broken), ["planted-two-step-loop:runaway:fault:loop"])
        self.assertIn("other verdicts", " ".join(line for line, _, _ in failures))

    def test_refusals(self):
        shutil.rmtree(self.path("corpus", "seeds"))
        done = self.night()
        self.assertEqual(done.returncode, 3)
        self.assertIn("this night does not count: ", done.stdout)
        done = self.night("--seconds", "0")
        self.assertEqual(done.returncode, 2)
        done = self.night("--hours", "1")
        self.assertEqual(done.returncode, 2)
        done = self.night("--build", self.path("nothing"))
        self.assertEqual(done.returncode, 3)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    run_tests()
