#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fuzz the VFIO capability chain parsers with libFuzzer or AFL++, and report what they did."""

import argparse
import collections
import fcntl
import glob
import os
import select
import shutil
import signal
import sys
import time

# scripts/ stays as it was checked out.
sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen.names import BUFFERS, KINDS  # noqa: E402
from fuzz import account  # noqa: E402
from fuzz import machine  # noqa: E402
from fuzz import report  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from fuzz import summary  # noqa: E402
from fuzz.engines import ENGINES, LEAD  # noqa: E402
from fuzz.own import Built  # noqa: E402
from fuzz.own import Refused as OwnRefused  # noqa: E402
from fuzz.report import FINE, NO_ENGINE, NO_FINDINGS, NOT_FINE, UNUSABLE, Refused  # noqa: E402
from fuzz.worker import TIMEOUT, Setup, Worker, default_mutators  # noqa: E402

MANUAL = """\
A run feeds mutated INFO buffers to every parser and holds each to the reference. It shares the time
between the kinds: side by side where there is a job for each, else one after the other with all
jobs. The exact command of every engine is printed before it starts; on a terminal one line then
shows how it goes, elsewhere a line every four seconds. A run ends with the same tables whether its
time is over or it got Ctrl-C or SIGTERM, and what it has found is in files at any moment.

Seeds are the files of CORPUS whose name starts with the kind and a dash: bytes as they are, text
forms (.yaml) assembled. A known promise-breaker has its place in CORPUS/ledger.yaml.

output folders:
  FINDINGS/broken     the input that broke a promise, one a bucket
  FINDINGS/buckets    with --parser: the smallest input of each bucket
  FINDINGS/sets       the smallest input of each set of verdicts
  FINDINGS/details.txt  tables, and each bucket and set of verdicts, with its smallest witness, since when it is
                      known here, and the command that explains it; what --all prints
  FINDINGS/summary.md the screen as Markdown, for a CI's page
  FINDINGS/run.json   all of it for programs, as README.md says; --json FILE writes it there too
  FINDINGS/last.json  the buckets of each parser's last run, with the day on which each was first seen
  FINDINGS/artifacts  inputs that libFuzzer stopped on, timeouts and memory too
  FINDINGS/counts     what targets that are running have counted
  WORK/seeds, corpus, afl, logs
                      seeds as bytes; what the engines keep between runs; logs of failures
Two runs may share both folders.

A libFuzzer target stops at a broken promise. It is started again, at most three times for each
bucket, so that the rest of the time is used; AFL++ goes on by itself.

With --parser the run is about that parser: it has only the kinds that the parser's .reads names, counts
what is broken and goes on in both engines, and ends with each bucket of that parser, worst first: how
often, its smallest input, what was expected and what came.

It ends with one screen of 24 lines: parsers that promise something, then programs, the worst first, and what
is most worth a look. `new` is what the last run in this folder of findings had not (with --parser: that
parser's), `unlisted` what no input of the corpus shows and its ledger does not excuse. Colours are for
terminals; NO_COLOR=1 has none.

environment:
  CAPCHAIN_MUTATOR    default: the engines' own mutators, for comparison
  CAPCHAIN_TRUNCATE   1: judges truncations of each buffer too; AFL++ does so for 1 in 4
  NO_COLOR            not empty: no colours
  ASAN_OPTIONS, AFL_...  reach the engines

exit status (the highest that applies):
  0  every kind was fuzzed, and nothing asks for an act; what readers do that promise nothing is a count
  1  a promise is broken, a target failed (sanitizer, timeout, memory), a model differs from its program, a review
     date of the ledger has passed, or a kind ran no input; with --strict also where something is unlisted
  2  the command line or a file of the corpus cannot be used
  3  an engine, target or the capchain command is missing or cannot start
  4  the target cannot have the sandbox's memory
  5  findings cannot be written

examples:
  make fuzz KIND=region SECONDS=600
  make fuzz PARSER=my/copy.c
  scripts/fuzz/fuzz.py --kind all --seconds 3600 --jobs 8
  scripts/fuzz/fuzz.py --engine afl --kind iommu --findings /tmp/findings
"""

# Each INFO struct, and whole conversations.
RESTARTS = 3
TICK = 0.25
# Seconds that an engine has to end when it is told to, and those it may take over its time: in the
# last moment it may begin an input that hangs, which libFuzzer sees after at most one and a half
# times TIMEOUT, and AFL++ only when it has hung a second time.
TO_END = 5
GRACE = 2 * TIMEOUT + TO_END
CLEAR = "\r\x1b[K"


def say(line=""):
    """Prints a line, over the live one where there is one."""
    print(f"{CLEAR if sys.stdout.isatty() else ''}{line}", flush=True)


# ---- options ----

def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def jobs(text):
    """make hands over an empty JOBS where the user said nothing."""
    return positive(text) if text else None


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="fuzz.py", description=__doc__, epilog=MANUAL,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--kind", choices=("all", "buffers", *KINDS), default="all",
        help="which INFO struct, or fetch: conversations; buffers: the three structs (all)")
    add("--seconds", type=positive, default=60, metavar="N", help="for the whole run (60)")
    add("--engine", choices=ENGINES, default=LEAD.name,
        help=", ".join(f"{name}: {engine.title}" for name, engine in ENGINES.items()))
    add("--jobs", type=jobs, metavar="N", help="engine processes at once (CPUs, at most 8)")
    add("--corpus", default="corpus", metavar="DIR", help="seeds and dictionary (corpus)")
    add("--work", metavar="DIR", help="kept between runs (build/fuzz; of a parser, its own)")
    add("--findings", metavar="DIR", help="what was found (build/findings; of a parser, own/ there)")
    add("--capchain", default="build/capchain", metavar="PATH", help="(build/capchain)")
    add("--targets", metavar="DIR", help="holds fuzz_KIND_info, fuzz_fetch (build/libfuzzer or build/afl)")
    add("--mutators", default=os.path.join("build", "afl"), metavar="DIR",
        help="holds mutator_KIND.so, which AFL++ loads (build/afl)")
    add("--parser", metavar="FILE", help="a parser of yours, built as scripts/fuzz/own.py does: only kinds that it "
        "reads, and the report is about it")
    add("--build", default="build", metavar="DIR", help="what --parser is built in (build)")
    add("--all", action="store_true", help="print what details.txt has too; with --parser, all other readers")
    add("--strict", action="store_true", help="an unlisted bucket is red, whoever has it")
    add("--json", metavar="FILE", help="write what run.json has to FILE too")
    options = parser.parse_args(arguments)
    options.jobs = options.jobs or min(len(os.sched_getaffinity(0)), 8)
    options.kinds = {"all": KINDS, "buffers": BUFFERS}.get(options.kind, (options.kind,))
    options.own = None
    options.findings = options.findings or (None if options.parser else os.path.join(options.build, "findings"))
    options.work = options.work or os.path.join(options.build, "fuzz")
    options.targets = options.targets or os.path.join(options.build, options.engine)
    return options


def build_own(options):
    """Builds the parser that the run is about, and has the run be about it."""
    say(f"{options.parser}: building it beside capchain's readers")
    built = Built(options.parser, options.build, options.engine,
                  None if options.kind in ("all", "buffers") else options.kinds, say)
    say(f"{built.facts['parser']}, {built.facts['trust']}, reads {', '.join(built.facts['kinds'])}" + (
        ", and asks for them" if built.facts['loop'] else "") + f"; {built.seen}")
    folder = os.path.relpath(built.folder)
    options.own = {**built.facts, "all": options.all, "file": os.path.abspath(options.parser)}
    options.kinds, options.capchain = tuple(built.kinds), os.path.relpath(built.command)
    options.work, options.targets = os.path.join(folder, "fuzz"), os.path.join(folder, options.engine)
    options.findings = options.findings or os.path.join(options.build, "findings", "own", os.path.basename(folder))


# ---- one kind ----

class Run:
    """One kind's share of the time: its workers, their restarts, and what came of them."""

    def __init__(self, setup, kind, count, seconds):
        self.setup, self.kind, self.count, self.seconds = setup, kind, count, seconds
        self.running, self.done = [], []
        self.stops = collections.Counter()
        self.failures = []
        self.status = FINE
        self.elapsed = self.unused = 0
        self.sets_before = report.set_names(setup.findings, kind)

    def begin(self):
        self.began = time.monotonic()
        self.deadline = self.began + self.seconds
        say(f"{self.kind}: {self.count} job{'s' if self.count > 1 else ''}, {self.seconds} s")
        self.launch(range(1, self.count + 1), self.seconds)

    def make(self, number, seconds):
        return ENGINES[self.setup.engine](self.setup, self.kind, number, seconds)

    def launch(self, numbers, seconds):
        workers = [self.make(number, seconds) for number in numbers]
        for command, count in collections.Counter(map(Worker.shown, workers)).items():
            say(f"  {command}" + (f"  # {count} times" if count > 1 else ""))
        for worker in workers:
            worker.start()
            self.running.append(worker)

    def workers(self):
        return self.done + self.running

    def execs(self):
        return sum(worker.execs_now() for worker in self.workers())

    def most(self, name):
        return max((getattr(worker, name) for worker in self.workers()), default=0)

    def counts(self):
        total = report.Counts()
        for worker in self.workers():
            for counts in worker.counts.values():
                total.add(counts)
        return total

    def broken(self):
        """Broken promises, and how often; a target that goes on counts them."""
        if self.setup.own:
            return collections.Counter({bucket: times for bucket, (times, breaks) in
                                        self.counts().buckets.items() if breaks})
        return sum((worker.broken for worker in self.workers()), collections.Counter())

    def sets(self):
        """How many sets of verdicts have a witness, and how many of them are of this run."""
        names = report.set_names(self.setup.findings, self.kind)
        return len(names), len(names - self.sets_before)

    def step(self, now):
        """Looks at every worker: takes in its numbers, ends and restarts what has to be."""
        for worker in list(self.running):
            if now > self.deadline + GRACE:
                worker.stop(now, overdue=True)
            if worker.stopped and now > worker.stopped + TO_END:
                worker.kill()
            ended = worker.ended()
            worker.watch()
            if ended:
                self.running.remove(worker)
                self.done.append(worker)
                worker.settle()
                self.weigh(worker, worker.end(), self.deadline - now)
            self.elapsed = now - self.began

    def weigh(self, worker, end, left):
        """What the end of a worker means: nothing, a fresh start, or that the kind has lost it."""
        if end.how == "unstarted" and not worker.prefix and self.without_randomisation():
            self.launch([worker.number], max(int(left), 1))
            return
        self.status = max(self.status, end.status, NOT_FINE if worker.broken else FINE)
        if end.how not in ("fine", "broken"):
            self.fail(worker, end)
        if end.how in ("broken", "failed") and left >= 1:
            cause = " ".join(worker.broken) or "failed"
            self.stops[cause] += 1
            if worker.ends_at_finding and self.stops[cause] <= RESTARTS:
                say(f"{self.kind}: stopped ({cause}); again, {int(left)} s")
                self.launch([worker.number], int(left))
            else:
                self.unused += left

    def without_randomisation(self):
        """Whether this machine can start programs without it, and from now on that is done."""
        if not self.setup.prefix and not machine.setarch_refused():
            self.setup.prefix = machine.SETARCH
            say(f"{self.kind}: its target does not start; again without address randomisation")
        return bool(self.setup.prefix)

    def fail(self, worker, end):
        lines = [f"{self.kind}: {end.why}"]
        if worker.artifact:
            lines.append(f"  {self.setup.target(self.kind)} {worker.artifact}")
        lines.append(f"  {worker.log_path} has what it said")
        if lines[0] not in (known[0] for known in self.failures):
            self.failures.append(lines)

    def close(self, interrupted):
        """After the run: what only shows now, and logs that nobody has to read."""
        counts = self.counts()
        if counts.failed:
            self.status = max(self.status, NO_FINDINGS)
            self.failures.append([f"{self.kind}: {counts.failed} findings could not be written to "
                                  f"{self.setup.findings}: make room, or choose another folder"])
        did = self.setup.own and counts.parsers.get(self.setup.own["parser"])
        if did and counts.walked and report.abstains_on_all(did):
            self.failures.append([f"{self.kind}: {self.setup.own['parser']} abstains on every buffer, so nothing is "
                                  "shown of it"])
        if not (self.execs() or self.failures or interrupted):
            self.failures.append([f"{self.kind}: not one input was run"])
        if self.failures or self.setup.own and self.broken():
            self.status = max(self.status, NOT_FINE)
        elif not self.broken():
            for worker in self.workers():
                worker.drop_log()


# ---- all kinds ----

class Stop:
    """The signal that ended the run early, if one did. Engines have their own process groups."""

    def __init__(self):
        self.signal = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.handle)

    def handle(self, number, _frame):
        self.signal = self.signal or signal.Signals(number)


def fitted(parts, columns):
    """The first and the last of @parts, and of the others as many as fit between them."""
    first, *others, last = parts
    while others and len("  ".join((first, *others, last))) > columns:
        others.pop()
    return "  ".join((first, *others, last))


class Screen:
    """The line that shows how it goes: in place on a terminal, else now and then."""

    def __init__(self):
        self.paint = summary.Paint()
        self.live = self.paint.live
        # Never silent for five seconds.
        self.every = 1 if self.live else 4
        self.due = time.monotonic() + self.every
        self.past = collections.deque(maxlen=10)

    def show(self, runs, left):
        now = time.monotonic()
        if now < self.due:
            return
        self.due = now + self.every
        self.past.append((now, sum(run.execs() for run in runs)))
        line = fitted(self.parts(runs, left), shutil.get_terminal_size().columns - 1)
        if self.live:
            print(f"{CLEAR}{line}", end="", flush=True)
        else:
            say(line)

    def parts(self, runs, left):
        (before, execs), (now, more) = self.past[0], self.past[-1]
        if now == before:
            before, execs = runs[0].began, 0
        sets = [run.sets() for run in runs]
        return (
            f"{int(left) // 60}:{int(left) % 60:02} left",
            runs[0].kind if len(runs) == 1 else f"{len(runs)} kinds",
            f"{report.compact((more - execs) / max(now - before, 0.1))} exec/s",
            f"{sum(run.most('edges') for run in runs)} edges",
            f"{sum(run.most('corpus') for run in runs)} in corpus",
            f"{sum(count for count, _ in sets)} sets (+{sum(new for _, new in sets)})",
            f"{sum(len(run.broken()) for run in runs)} broken")


def fuzz_batch(runs, later, stop, screen):
    """Runs some kinds side by side to their end; @later seconds of other kinds are to come."""
    # The last kinds' execs are no start for these.
    screen.past.clear()
    try:
        for run in runs:
            run.begin()
        while any(run.running for run in runs):
            workers = {worker.fd: worker for run in runs for worker in run.running if worker.open}
            for fd in select.select(list(workers), [], [], TICK)[0]:
                workers[fd].read()
            now = time.monotonic()
            for run in runs:
                if stop.signal:
                    for worker in run.running:
                        worker.stop(now)
                run.step(now)
            screen.show(runs, max(max(run.deadline for run in runs) - now, 0) + later)
    finally:
        for run in runs:
            for worker in run.running:
                worker.kill()


def batches(setup, options):
    """Kinds side by side where each has a job, else one after the other with all jobs."""
    kinds, count = options.kinds, len(options.kinds)
    if options.jobs >= count:
        return [[Run(setup, kind, options.jobs // count + (i < options.jobs % count),
                     options.seconds) for i, kind in enumerate(kinds)]]
    return [[Run(setup, kind, options.jobs, max(options.seconds // count, 1))] for kind in kinds]


def missing(setup, options):
    """The first thing that is needed and not there, as a Refused; None where all is."""
    engine = ENGINES[options.engine]
    if setup.unfit():
        return Refused(setup.unfit(), UNUSABLE)
    if engine.refusal():
        return Refused(f"{engine.refusal()}, or use ENGINE={LEAD.name}", NO_ENGINE)
    loaded = [path for kind in options.kinds for path in engine.loaded(setup, kind)]
    for path in (setup.capchain, *map(setup.target, options.kinds),
                 *([] if default_mutators() else loaded)):
        if not os.access(path, os.X_OK):
            return Refused(f"{path} is missing: make {path}", NO_ENGINE)
    return None


def clear_logs(folder):
    """Logs stay until the next run; those of a run that goes on beside this one stay longer."""
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if not machine.is_alive(name.removesuffix(".log").rsplit("-", 1)[-1]):
            os.unlink(os.path.join(folder, name))


def sweep(findings):
    """Removes what killed processes left of witnesses they were writing: NAME.PID.tmp."""
    folder = os.open(os.path.join(findings, "sets"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Who writes a witness holds this lock, see findings.c: also a pid of another container.
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError:
            return
        for path in glob.glob(os.path.join(glob.escape(findings), "*", "*.*.tmp")):
            pid = path.split(".")[-2]
            if pid.isdecimal() and not machine.is_alive(pid):
                os.unlink(path)
    finally:
        os.close(folder)


def prepare(options):
    """Folders and seeds; refuses what cannot run."""
    setup = Setup(options.engine, options.corpus, options.work, options.findings,
                  options.capchain, options.targets, options.mutators, options.own)
    refused = missing(setup, options)
    if refused:
        raise refused
    for name in ("sets", "broken", "counts", "artifacts"):
        os.makedirs(os.path.join(options.findings, name), exist_ok=True)
    sweep(options.findings)
    clear_logs(os.path.join(options.work, "logs"))
    seeds = {kind: fuzz_seeds.prepare(setup, kind) for kind in options.kinds}
    say("seeds: " + ", ".join(f"{count} {kind}" for kind, count in seeds.items()))
    if not setup.dictionary():
        say(f"no {options.corpus}/vfio.dict: fuzzing without a dictionary")
    return setup


def run_all(options):
    if options.parser:
        build_own(options)
    stop, screen, began = Stop(), Screen(), account.now()
    setup = prepare(options)
    todo = batches(setup, options)
    for i, batch in enumerate(todo):
        if not stop.signal:
            fuzz_batch(batch, sum(later[0].seconds for later in todo[i + 1:]), stop, screen)
    runs = [run for batch in todo for run in batch]
    for run in runs:
        run.close(stop.signal)
    say()
    if stop.signal:
        unrun = [run.kind for run in runs if not run.workers()]
        say(f"stopped by {stop.signal.name}" + (f"; not run: {', '.join(unrun)}" if unrun else ""))
    return conclude(runs, options, stop.signal.name if stop.signal else "", began, screen.paint)


def conclude(runs, options, stopped, began, paint):
    """Writes what came of the run, and says it; the exit status."""
    found, last = account.of_fuzz(runs, options, stopped, began)
    found["status"] = max(*(run.status for run in runs), NOT_FINE if account.judge(found) else FINE)
    details = list(report.detail_lines(runs)) + list(summary.detail_lines(found))
    summary.write(found, details)
    if options.json:
        account.write(options.json, found)
    if options.all:
        say("\n".join(details))
    for line in summary.screen(found, paint):
        say(line)
    account.write_last(options.findings, last)
    return found["status"]


def main(arguments):
    # A reader that has gone (| head) ends this, and die_with_parent() the engines.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = parse(arguments)
    try:
        return run_all(options)
    except (Refused, OwnRefused) as refused:
        print(f"fuzz: {refused}", file=sys.stderr)
        return refused.status
    except OSError as error:
        where = error.filename or f"{options.work} or {options.findings}"
        print(f"fuzz: {where}: {error.strerror}; make room, or choose other folders with --work "
              "and --findings", file=sys.stderr)
        return NO_FINDINGS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
