#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One night of fuzzing: both engines over every kind, and what came of it as a pull request."""

import argparse
import datetime
import glob
import os
import signal
import sys
import time

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import account  # noqa: E402
from fuzz import alone  # noqa: E402
from fuzz import fuzz  # noqa: E402
from fuzz import machine  # noqa: E402
from fuzz import report  # noqa: E402
from fuzz import summary  # noqa: E402
from nightly import checks  # noqa: E402
from nightly import instances as engines  # noqa: E402
from fuzz.engines import ENGINES, LEAD, build_of  # noqa: E402
from nightly import triage  # noqa: E402
from fuzz.fuzz import KINDS, say  # noqa: E402
from fuzz.report import FINE, NO_FINDINGS, NOT_FINE, UNUSABLE, Refused  # noqa: E402
from nightly.state import State, write_whole  # noqa: E402

WITHIN = "\n".join(f"    {engine.canary_execs[0]:,} execs of {engine.title}, of conversations {engine.canary_execs[1]:,}"
                   for engine in ENGINES.values())
FLOORS = "\n".join(f"    {floor:.1%} in build/{build}, of conversations {checks.SPEED_FETCH[build]:.1%}"
                   for build, floor in checks.SPEED.items())

MANUAL = f"""\
A night builds what it needs, proves that its oracles and engines can see (planted faults, and a
canary: one of the planted bugs, another each night, and for conversations one of the planted fetch
loops), runs libFuzzer and AFL++ side by side over every kind with their corpora exchanged, merges the
corpora, replays everything under ASan, UBSan and MSan, measures coverage, and sorts what it found.
SECONDS is the time of the engines; building, canary and closing work come on top, some minutes in all.

A night that is killed, at any point, is taken up again by the same command: witnesses and corpora
are files from the moment they are found. A folder holds one night at a time; the corpus and the
findings stay from night to night.

folders, below NIGHT (build/nightly):
  summary.txt         the screen that the night ends with; summary.md is the same for a CI's page
  details.txt         all of it: tables, oracles, coverage, each bucket and set of verdicts
  run.json            all of it for programs, as scripts/fuzz/README.md says; --json FILE writes it there too
  numbers.csv         one line a night, see scripts/nightly/README.md
  pull-request/       corpus/ with new witnesses in text form and the expected verdicts that change,
                      and changes.patch of both for `git apply`
  findings/           witnesses as bytes; as for `make fuzz`, and buckets/ has the smallest of each
                      divergence that the corpus does not know
  corpus/             the merged corpus, at most {triage.INPUTS_MAX} inputs and {triage.BYTES_MAX >> 20} MiB a kind
  logs/               of the last night

A night does not count, and says so in one line each, where
  seeds are missing, misnamed or damaged (of those with CAPS set and a cap_offset, fewer than
    {checks.DELIVER:.0%} deliver a capability in the reference; those that the corpus says are malformed
    or truncated aside)
  a target does not start, ran no input, or judged none
  an oracle that should be active is not, by its target's own word or by a fault planted for it
  there are fewer than {checks.CANARIES_MIN} canaries, {checks.FETCH_CANARIES_MIN} of conversations or {checks.SPACE_CANARIES_MIN} of configuration space,
    or the night's was not found by each engine in each kind, within
{WITHIN}
  exec/s of CPU time are below a share of the empty target's under the same engine:
{FLOORS}

exit status:
  0  the night counts, and nothing asks for an act. What is new of readers that promise nothing is a
     line of the summary, and a patch for the corpus
  1  a promise is broken, a target failed (sanitizer, timeout, memory, builds that differ, AFL++ says
     that it is not stable), a model differs from its program, or a review date of the ledger has passed;
     with --strict (STRICT=1) also where a bucket is unlisted: neither the corpus nor its ledger knows it
  2  the command line or a file of the corpus cannot be used, or another night runs in NIGHT
  3  the night does not count, also where the sandbox cannot have its memory, or the CPU time
     of processes cannot be read; this wins over 1, since such a night cannot vouch for what it found
  5  findings cannot be written

examples:
  make nightly HOURS=8
  make nightly SECONDS=600 JOBS=4 KIND=region
  make nightly SEED=7            # the canary, and the engines' seeds, of that number
"""

# What a night that does not count ends with.
COUNTS_NOT = 3
GO_ON = "the same command goes on with it"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="nightly.py", description=__doc__, epilog=MANUAL,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    time_of = parser.add_mutually_exclusive_group()
    time_of.add_argument("--seconds", type=fuzz.positive, metavar="N", help="of the engines")
    time_of.add_argument("--hours", type=float, metavar="N", help="the same (8)")
    add("--jobs", type=fuzz.jobs, metavar="N", help="engine processes at once (CPUs)")
    add("--kind", choices=("all", *KINDS), default="all", help="which INFO struct, or fetch (all)")
    add("--seed", type=int, metavar="N", help="chooses the canary (the day's number)")
    add("--work", default="build/nightly", metavar="DIR", help="NIGHT (build/nightly)")
    add("--corpus", default="corpus", metavar="DIR", help="(corpus)")
    add("--build", default="build", metavar="DIR", help="where the builds are (build)")
    add("--capchain", default=None, metavar="PATH", help="(BUILD/capchain)")
    add("--all", action="store_true", help="print what details.txt has too")
    add("--strict", action="store_true", help="an unlisted bucket is red, whoever has it")
    add("--json", metavar="FILE", help="write what run.json has to FILE too")
    add("--no-make", action="store_true", help="take the builds as they are")
    options = parser.parse_args(arguments)
    if options.hours is not None and not 0 < options.hours <= 1000:
        parser.error("--hours: a number above 0 is wanted")
    options.seconds = options.seconds or max(int((options.hours or 8) * 3600), 1)
    options.jobs = options.jobs or len(os.sched_getaffinity(0))
    options.kinds = KINDS if options.kind == "all" else (options.kind,)
    options.capchain = options.capchain or os.path.join(options.build, "capchain")
    return options


class Night:
    """The night, phase after phase. What a phase leaves behind is in files."""

    def __init__(self, options):
        self.options = options
        self.state = State(options.work)
        self.stop = None
        self.reasons, self.oracles, self.shares = [], [], {}
        # One list of output folders, so that all AFL++ instances of a kind share theirs.
        folders = {}
        self.setups = {}
        for build in checks.ENGINE_BUILDS:
            self.setups[build] = engines.NightSetup(
                LEAD.name, options.corpus, options.work, self.path("findings"), options.capchain,
                os.path.join(options.build, build), os.path.join(options.build, "afl"), folders=folders,
                state=self.state)
        self.setup = self.setups[LEAD.name]

    def path(self, *names):
        return os.path.join(self.options.work, *names)

    def refuse(self, *reasons):
        """Each says why the night does not count."""
        self.reasons += [reason for reason in checks.unlike(reasons) if reason not in self.reasons]

    # ---- before the engines ----

    def build(self):
        if self.options.no_make:
            return
        say("building")
        status, said = alone.run(["make", "-s", "--no-print-directory", f"-j{self.options.jobs}", "nightly-built",
                                  f"BUILD={self.options.build}"], {"MAKEFLAGS": ""})
        if status:
            log = self.path("logs", "build.log")
            write_whole(log, said)
            why = next((line.strip() for line in said.splitlines() if "rror" in line or "***" in line), "make failed")
            self.refuse(f"the build failed: {why} ({log})")

    def folders(self):
        for name in ("sets", "broken", "counts", "artifacts"):
            os.makedirs(os.path.join(self.setup.findings, name), exist_ok=True)
        fuzz.clear_logs(self.path("logs"))
        for name in ("summary.txt", "summary.md"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        self.adopt_counts()
        for engine in ENGINES.values():
            engine.recover(self.options.work)

    def adopt_counts(self):
        """Counts that targets of a killed slice have left; their processes are gone."""
        for path in glob.glob(os.path.join(glob.escape(self.setup.findings), "counts", "*")):
            if not machine.is_alive(path.rsplit("-", 1)[-1].split(".")[0]):
                counts = report.read_counts(path)
                if counts and not self.state.finished:
                    self.state.counts.add(counts)
                os.unlink(path)

    def look_first(self):
        """Seeds and oracles; a night that cannot see is over before it begins."""
        self.refuse(*checks.missing_reasons(self.setup, self.options) or
                    checks.seed_reasons(self.setup, self.options.kinds))
        if not self.reasons:
            reasons, self.oracles = checks.oracle_reasons(self.setup, self.options)
            self.refuse(*reasons)

    def choose(self):
        """Takes up the night that is in the folder, or begins one."""
        names = checks.canaries(self.options)
        self.refuse(*checks.too_few_reasons(names))
        if self.reasons:
            return
        state, options = self.state, self.options
        wanted = [list(options.kinds), options.jobs, options.seconds]
        if state.finished or any(state.canaries.get(kind) not in names[kind] for kind in names):
            today = datetime.date.today()
            seed = today.toordinal() if options.seed is None else options.seed
            state.begin(today.isoformat(), seed, {kind: names[kind][seed % len(names[kind])] for kind in names}, wanted)
            what, done = "the night", f"{state.seconds} s, {options.jobs} jobs"
        else:
            state.take_up(wanted)
            what, done = "taking up the night", f"{state.spent:.0f} of {options.seconds} s done"
        # Buffers of every kind have the same canary.
        canaries = " and ".join(dict.fromkeys(state.canaries.values()))
        say(f"{what} of {state.date}, seed {state.seed}, canary {canaries}: {done}")

    def hunt(self):
        if not self.state.found:
            self.refuse(*checks.canary_reasons(self.setup, self.options, self.state))
            if self.reasons:
                self.state.found = {}
            self.state.save()
        for line in self.found():
            say(line)

    def found(self):
        return [f"canary {hunt['canary']}, {name}: found within {hunt['execs']} execs (reached "
                f"{hunt['reached']}, triggered {hunt['triggered']}, detected {hunt['detected']})"
                for name, hunt in sorted(self.state.found.items())]

    # ---- the engines ----

    def fuzz(self):
        harvest = triage.Harvest(self.setup, self.state, self.options.kinds)
        harvest.go()
        todo = engines.plan(self.options.kinds, self.options.jobs, self.state.seconds)
        self.stop, screen = fuzz.Stop(), fuzz.Screen()
        for number in range(self.state.slices, len(todo)):
            if self.stop.signal:
                break
            seconds, turn = todo[number]
            later = sum(length for length, _ in todo[number + 1:])
            due = [f"{kind} {role}" for kind, roles in turn for role in roles]
            self.state.due += [name for name in due if name not in self.state.due]
            runs = [engines.NightRun(self.setups, kind, roles, seconds) for kind, roles in turn]
            began = time.monotonic()
            fuzz.fuzz_batch(runs, later, self.stop, screen)
            for run in runs:
                self.take_in(run)
            self.state.spent += time.monotonic() - began
            self.state.slices = number + (self.stop.signal is None)
            self.state.save()
            harvest.go()

    def take_in(self, run):
        """The numbers and failures of one kind's slice."""
        run.close(self.stop.signal)
        for worker in run.done:
            self.state.tally(run.kind, worker.role).add(worker)
            if worker.oracles:
                self.state.oracles = sorted({*self.state.oracles, worker.oracles})
                self.refuse(checks.oracle_reason(build_of(worker.role), worker.oracles))
        self.state.counts.add(run.counts())
        for failure in run.failures:
            # That nothing ran is said of each instance at the end.
            if "not one input was run" not in failure[0] and failure not in self.state.failures:
                self.state.failures.append(failure)

    # ---- after the engines ----

    def close(self):
        """Everything from files and the state; done again where a night was killed in it."""
        kinds, setup, state = self.options.kinds, self.setup, self.state
        say("merging")
        merged = {kind: triage.merge(setup, state, kind) for kind in kinds}
        say("replaying")
        inputs, broken, failures = triage.replay(
            self.options, setup, kinds, {kind: triage.everything(setup, state, kind) for kind in kinds})
        failures += [(failure[0], None, "\n  ".join(map(str.strip, failure[1:]))) for failure in state.failures]
        say("measuring speed and coverage")
        self.shares = checks.speed_shares(self.options, state)
        self.refuse(*checks.run_reasons(self.options, state, self.shares))
        covered = self.coverage()
        say("sorting")
        rows, sets = account.gather(account.Known(setup, kinds), setup, triage.paths_of(setup, state, kinds), set(broken))
        names = triage.pull_request(setup, state, triage.divergences(rows), self.path("pull-request"))
        found, last = account.of_night(
            self, broken, failures, rows, sets, coverage=covered, regressions=names, replayed=inputs,
            corpus=[{"kind": kind, "inputs": count, "bytes": size, "dropped": dropped}
                    for kind, (count, size, dropped) in merged.items()])
        found["status"] = (COUNTS_NOT if self.reasons else NO_FINDINGS if state.counts.failed else
                           NOT_FINE if failures or account.judge(found) else FINE)
        self.tell(found)
        account.write_last(setup.findings, last)
        return found["status"]

    def over_early(self):
        """Nothing was fuzzed: why not, also where the summary of the last night would be taken for this one's."""
        lines = [f"this night does not count: {line}" for line in self.reasons]
        found = account.blank(run="nightly", began=datetime.date.today().isoformat(), seed=self.options.seed,
                              seconds=self.options.seconds, engines=[engine.title for engine in ENGINES.values()],
                              reasons=self.reasons, status=COUNTS_NOT, files=account.night_files(self))
        summary.write(found, lines)
        write_whole(self.path("summary.txt"), "\n".join(lines) + "\n")
        for line in lines:
            say(line)
        return COUNTS_NOT

    def tell(self, found):
        """The screen, and the files that have the rest."""
        details = [*self.details(found), *summary.detail_lines(found)]
        screen = summary.screen(found, summary.Paint.none())
        summary.write(found, details)
        write_whole(self.path("summary.txt"), "\n".join(screen) + "\n")
        account.append_numbers(self.path("numbers.csv"), found)
        if self.options.json:
            account.write(self.options.json, found)
        say()
        for line in (*(details if self.options.all else ()), *summary.screen(found, summary.Paint())):
            say(line)

    def coverage(self):
        command = [sys.executable, os.path.join(sys.path[0], "test", "coverage.py"), "--no-tests", "--build",
                   os.path.join(self.options.build, "coverage"), "--corpus", self.options.corpus, "--capchain",
                   self.options.capchain, "--inputs", self.path("corpus")]
        status, said = checks.run(command)
        return said.rstrip().splitlines() + ([] if status == FINE else [f"coverage.py ended with status {status}"])

    def details(self, found):
        """What the night did, and each failure whole."""
        state = self.state
        yield from (f"the night of {state.date}: seed {state.seed}, {state.spent:.0f} s of engines in "
                    f"{state.slices} slices, taken up again {state.resumed} times", "", *self.found(), "")
        if state.counts.walked:
            yield from (*report.parser_tables(state.counts), "")
        yield from (*self.instances(self.shares), "")
        for one in found["corpus"]:
            yield (f"corpus {one['kind']}: {one['inputs']} inputs, {one['bytes']} bytes"
                   + (f", {one['dropped']} dropped for the budget" if one["dropped"] else ""))
        yield from (f"replayed: {found['replayed']} inputs in each of {', '.join(checks.REPLAY_BUILDS)}", "")
        for head, lines in (("coverage", found["coverage"]), ("oracles", self.oracles)):
            yield from (head, *(f"  {line}".rstrip() for line in lines), "")
        for failure in found["failures"]:
            yield from (f"failure: {failure[0]}", *(f"  {line}" for line in failure[1:]))

    def instances(self, shares):
        rows = [[name, report.compact(tally.execs), report.compact(tally.execs / max(tally.cpu, 0.01)),
                 f"{shares[name]:.0%}" if name in shares else "-", tally.edges, report.compact(tally.corpus)]
                for name, tally in self.state.tallies.items()]
        return report.table(["", "execs", "exec/s of CPU", "of empty", "edges", "corpus"], rows)

    # ---- all of it ----

    def go(self):
        self.folders()
        self.refuse(*checks.corpus_reasons(self.setup, self.options.kinds))
        for phase in (self.build, self.look_first, self.choose, self.hunt):
            if not self.reasons:
                phase()
        if self.reasons:
            return self.over_early()
        self.fuzz()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.stop.signal:
            say(f"stopped by {self.stop.signal.name} after {self.state.spent:.0f} s; {GO_ON}")
            return COUNTS_NOT
        status = self.close()
        self.state.finished = True
        self.state.save()
        return status


def main(arguments):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = parse(arguments)
    try:
        for refused in filter(None, (engine.refusal() for engine in ENGINES.values())):
            raise Refused(str(refused), COUNTS_NOT)
        hidden = machine.processes_hidden()
        if hidden:
            raise Refused(f"CPU time of processes cannot be read: {hidden}", COUNTS_NOT)
        night = Night(options)
        if night.setup.unfit(merges=True):
            raise Refused(night.setup.unfit(merges=True), UNUSABLE)
        return night.go()
    except KeyboardInterrupt:
        print(f"nightly: stopped; {GO_ON}", file=sys.stderr)
        return COUNTS_NOT
    except Refused as refused:
        print(f"nightly: {refused}", file=sys.stderr)
        return refused.status
    except OSError as error:
        print(f"nightly: {error.filename or options.work}: {error.strerror}; make room, or choose "
              f"another folder with NIGHT=DIR, then {GO_ON}", file=sys.stderr)
        return NO_FINDINGS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
