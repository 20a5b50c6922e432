#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-bugs: how many execs until each planted bug is found, and what each part of ours is worth.

A trial is one engine after one bug of fuzz/planted/, from its start to the first input whose bucket
names the bug's parser, or to its limit of execs, where it is censored. Trial N of every configuration
has the same kind (they take turns) and the same seed of the engine. Execs do not depend on the
machine; libFuzzer runs the fast build, since sanitizers change none of them.

configurations (planted bugs are real ones re-introduced, but for those whose file says otherwise):
  ours               mutator, feedback, plain seeds (corpus/seeds)
  default            libFuzzer's own mutators instead of ours
  no-feedback        verdicts are no coverage
  no-seeds           an empty corpus
  default-no-seeds   both
  default-long       the same, with inputs as long as ours from the first exec (-len_control=0)
  afl, afl-default   AFL++ with our mutator beside its havoc, and alone; plain seeds
  afl-frameshift     as afl, and AFL++'s FrameShift not turned off (4.40c and later)

The first table has, for each bug, medians and ranges over the trials found; where some were not, how
many were, and the restricted mean (a censored trial counts as the limit). The second holds, bug by
bug, one configuration to another: Vargha-Delaney A12 (how likely a trial of the first takes longer than
one of the second) and the two-sided Mann-Whitney p. The third has means of each configuration, the
fourth of each comparison over all bugs: the ratio of geometric means, the mean A12, for how many bugs
the first was slower or faster with p < 0.05, and the p of Wilcoxon's signed ranks over the bugs.
Bugs that git says were planted after the mutator's last change, so that it cannot have been made for
them, have the same tables and figures again; with fewer than six the run misses its figures. A commit
that says `Mutator-results: same` is no change where the mutator before it does the same to all seeds.
`sets` compares sets of verdicts with and without the feedback,
`speed` exec/s of CPU time of our mutator against libFuzzer's in the ASan+UBSan build, from all seeds.

All of it takes about ten minutes on two idle cores, a third of that AFL++. With fewer than five trials
the sets are for comparison: no p could be small enough.
What was ended goes on with --resume.

OUT/trials.csv, OUT/sets.csv, OUT/speed.csv keep every trial, OUT/trials.partial.csv each as it ends;
OUT/found.png shows the share found by execs. Exit status: 0; 1 a figure is missed; 2 usage; 3 something is missing.
"""

import argparse
import collections
import csv
import functools
import math
import os
import re
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen.names import BUFFERS as KINDS  # noqa: E402
from fuzz import report as fuzz_report  # noqa: E402
from bench import later as bench_later  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from fuzz.engines import ENGINES, LEAD  # noqa: E402

BUILD = "build"
DICT = "corpus/vfio.dict"
# name: (engine, mutator, feedback, seeds)
CONFIGS = {
    "ours": ("libfuzzer", "ours", "1", True),
    "default": ("libfuzzer", "default", "1", True),
    "no-feedback": ("libfuzzer", "ours", "0", True),
    "no-seeds": ("libfuzzer", "ours", "1", False),
    "default-no-seeds": ("libfuzzer", "default", "1", False),
    "default-long": ("libfuzzer", "default-long", "1", False),
    "afl": ("afl", "ours", "1", True),
    "afl-default": ("afl", "default", "1", True),
    "afl-frameshift": ("afl", "frameshift", "1", True),
}
FIELDS = ("bug", "config", "kind", "seed", "execs", "limit", "found", "reached", "triggered",
          "detected", "bucket", "seconds")
# Figures that the run is held to.
TENTH = 0.1
LATER_MIN = 6
# Which configuration is held to which.
COMPARISONS = (("default", "ours"), ("no-feedback", "ours"), ("no-seeds", "ours"),
               ("default-no-seeds", "no-seeds"), ("default-long", "no-seeds"), ("afl-default", "afl"),
               ("afl-frameshift", "afl"))
P_NAMED = 0.05
SPEED_MIN = 0.6
P_MAX = 0.01


def environment(engine, kind, mutator):
    known = engine.alone_environment(None if mutator == "default" else f"{BUILD}/afl/mutator_{kind}.so")
    if mutator == "frameshift":
        del known["AFL_FRAMESHIFT_DISABLE"]
    return known


# ---- trials ----

class Trial:
    """One engine after one bug."""

    def __init__(self, options, bug, config, number):
        self.options, self.bug, self.config = options, bug, config
        name, self.mutator, self.feedback, self.seeded = CONFIGS[config]
        self.engine = ENGINES[name]
        self.kind, self.seed = KINDS[number % len(KINDS)], number + 1
        self.limit = options.afl_execs if self.engine.costly else options.execs

    def command(self, folder):
        seeds = os.path.join(folder, "in")
        os.makedirs(seeds)
        if self.seeded:
            shutil.copytree(os.path.join(self.options.seeds, self.kind), seeds, dirs_exist_ok=True)
        os.makedirs(f"{folder}/out")
        return self.engine.alone(f"{BUILD}/{self.engine.fast}/planted_{self.kind}_info", seeds, f"{folder}/out",
                                 DICT, execs=self.limit, seed=self.seed, more=self.engine.flags(self.mutator))

    def execs(self, folder, said):
        """To its finding, where it had one."""
        return self.engine.found_at(f"{folder}/out", said) or (self.limit if self.engine.costly else None)

    def go(self):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="bench-bugs-") as folder:
            env = {**os.environ, "CAPCHAIN_PLANTED": self.bug, "CAPCHAIN_MARKS": f"{folder}/marks",
                   "CAPCHAIN_FINDINGS": f"{folder}/findings", "CAPCHAIN_FEEDBACK": self.feedback,
                   "CAPCHAIN_MUTATOR": self.mutator.removesuffix("-long")}
            env.update(environment(self.engine, self.kind, self.mutator), **self.engine.UNTIL_FOUND)
            done = subprocess.run(self.command(folder), env=env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            said = done.stdout.decode("utf-8", "replace")
            marks = (0, 0, 0)
            if os.path.exists(f"{folder}/marks"):
                marks = struct.unpack("=3Q", Path(f"{folder}/marks").read_bytes())
            broken = f"{folder}/findings/broken"
            own = [name for name in (os.listdir(broken) if os.path.isdir(broken) else ())
                   if name.startswith(f"{self.kind}-{self.bug}_")]
            execs = self.execs(folder, said)
        if execs is None or (not own and execs < self.limit):
            sys.exit(f"bench-bugs: {self.config} after {self.bug} in {self.kind} ended with status "
                     f"{done.returncode} and no bucket of it:\n{said[-1500:]}")
        if not own and not marks[0]:
            sys.exit(f"bench-bugs: {self.config} after {self.bug} in {self.kind} ran nothing, status "
                     f"{done.returncode}:\n{said[-1500:]}")
        return dict(zip(FIELDS, (
            self.bug, self.config, self.kind, self.seed, min(execs, self.limit), self.limit,
            int(bool(own)), *marks, own[0].split("-", 1)[1] if own else "",
            round(time.monotonic() - began, 2))))


class Log:
    """Each trial in OUT/trials.partial.csv as it ends; with --resume those that are there are not run
    again."""

    def __init__(self, options):
        self.path, self.lock, self.done = os.path.join(options.out, "trials.partial.csv"), threading.Lock(), {}
        if options.resume and os.path.exists(self.path):
            with open(self.path, newline="", encoding="utf-8") as file:
                self.done = {self.key(row): row for row in map(self.typed, csv.DictReader(file))
                             if row}
            print(f"{len(self.done)} trials are taken over from {self.path}", flush=True)

    def __enter__(self):
        self.file = open(self.path, "w", newline="", encoding="utf-8")
        self.out = csv.DictWriter(self.file, FIELDS)
        self.out.writeheader()
        self.out.writerows(self.done.values())
        self.file.flush()
        return self

    def __exit__(self, *failed):
        self.file.close()

    @staticmethod
    def typed(row):
        """A row of the file as Trial.go() made it; None of a line that was cut."""
        if any(row[field] in (None, "") for field in FIELDS if field != "bucket"):
            return None
        return {field: row[field] if field in ("bug", "config", "kind", "bucket") else
                float(row[field]) if field == "seconds" else int(row[field]) for field in FIELDS}

    @staticmethod
    def key(row):
        return tuple(row[field] for field in ("bug", "config", "kind", "seed", "limit"))

    def row(self, trial):
        known = self.done.get((trial.bug, trial.config, trial.kind, trial.seed, trial.limit))
        if known:
            return known
        row = trial.go()
        with self.lock:
            self.out.writerow(row)
            self.file.flush()
        return row


# ---- statistics ----

def geometric(values):
    return math.exp(statistics.fmean(math.log(max(value, 1)) for value in values))


def a12(these, those):
    """How likely one of @these is above one of @those; ties count half."""
    above = sum((one > other) + (one == other) / 2 for one in these for other in those)
    return above / (len(these) * len(those))


def p_value(these, those):
    from scipy import stats
    if len(set(these) | set(those)) == 1:
        return 1.0
    return stats.mannwhitneyu(these, those, alternative="two-sided").pvalue


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for config in CONFIGS:
        of = [row for row in rows if row["config"] == config]
        found = sorted(row["execs"] for row in of if row["found"])
        if not of:
            continue
        xs = [1, *found, max(row["limit"] for row in of)]
        ys = [0, *((i + 1) / len(of) for i in range(len(found))), len(found) / len(of)]
        axes.step(xs, ys, where="post", label=f"{config} ({len(of)} trials)")
    axes.set(xscale="log", xlabel="execs", ylabel="share of trials that found their bug",
             ylim=(0, 1.02))
    axes.legend(loc="lower right", fontsize=8)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


# ---- the parts ----

def keep(options, name, rows):
    path = os.path.join(options.out, f"{name}.csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, rows[0].keys())
        out.writeheader()
        out.writerows(rows)
    print(f"every trial: {path}")


def cell(of):
    """Median (range) of what was found; how many and the restricted mean where not all were."""
    found = [row["execs"] for row in of if row["found"]]
    if not of:
        return "-"
    share = "" if len(found) == len(of) else \
        f" {len(found)}/{len(of)}, mean {statistics.fmean(row['execs'] for row in of):.0f}"
    if not found:
        return f"none{share}"
    return f"{statistics.median(found):.0f} ({min(found)}-{max(found)}){share}"


def figure(fine, text):
    print(f"{'ok  ' if fine else 'MISS'} {text}", flush=True)
    return fine


def print_table(head, lines):
    for line in fuzz_report.table(head, lines):
        print(line)
    print()


def compare(these, those):
    """The line of a comparison over all bugs: @these and @those have the execs of each bug."""
    from scipy import stats
    pairs = [(a12(one, other), p_value(one, other)) for one, other in zip(these, those)]
    named = [area for area, p in pairs if p < P_NAMED]
    logs = [math.log(geometric(one) / geometric(other)) for one, other in zip(these, those)]
    # Bugs that both find alike say nothing of which is sooner.
    apart = [log for log in logs if log]
    return pairs, [f"{math.exp(statistics.fmean(logs)):.2f}",
                   f"{statistics.fmean(area for area, _ in pairs):.2f}",
                   f"{sum(area > 0.5 for area in named)}", f"{sum(area < 0.5 for area in named)}",
                   f"{len(pairs)}",
                   f"{stats.wilcoxon(apart, method='exact').pvalue:.1e}" if apart else "1"]


def print_tables(options, by, bugs):
    """By bug, then over all of @bugs; {configuration: execs of each trial}."""
    names = [bug.removeprefix("planted-") for bug in bugs]
    print_table(["bug", *options.configs], [
        [name, *(cell(by[bug, config]) for config in options.configs)]
        for name, bug in zip(names, bugs)])
    of = {config: [[row["execs"] for row in by[bug, config]] for bug in bugs]
          for config in options.configs}
    done = {f"{one} : {other}": compare(of[one], of[other]) for one, other in COMPARISONS
            if one in of and other in of}
    if done:
        print_table(["A12, p", *done], [
            [name, *(f"{pairs[i][0]:.2f}, {pairs[i][1]:.0e}" for pairs, _ in done.values())]
            for i, name in enumerate(names)])
    execs = {config: [count for bug in of[config] for count in bug] for config in of}
    print_table(["", "geometric mean", "restricted mean"],
                [[config, f"{geometric(values):.0f}", f"{statistics.fmean(values):.0f}"]
                 for config, values in execs.items()])
    if done:
        print_table(["", "ratio", "A12", "slower", "faster", "of bugs", "p"],
                    [[name, *line] for name, (_, line) in done.items()])
    return execs


def bench_bugs(options):
    trials = [Trial(options, bug, config, number) for config in options.configs
              for bug in options.bugs for number in range(
                  options.afl_trials if ENGINES[CONFIGS[config][0]].costly else options.trials)]
    began = time.monotonic()
    with Log(options) as log, ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(log.row, trials))
    keep(options, "trials", rows)
    by = collections.defaultdict(list)
    for row in rows:
        by[row["bug"], row["config"]].append(row)
    wall = time.monotonic() - began
    theirs = sum(row["seconds"] for row in rows if ENGINES[CONFIGS[row["config"]][0]].costly)
    print(f"{len(rows)} trials in {wall:.0f} s of wall time, {options.jobs} at once, "
          f"{100 * theirs / sum(row['seconds'] for row in rows):.0f} % of it AFL++'s")
    fine = bug_figures(options, options.bugs, by, print_tables(options, by, options.bugs))
    plot(rows, os.path.join(options.out, "found.png"))
    return later_figures(options, by) and fine


def later_figures(options, by):
    last, later = bench_later.later_bugs(options.bugs, options.all_seeds)
    if not last:
        print("planted after the mutator's last change: not known without git's whole history")
        return True
    print(f"planted after the mutator's last change, {last}: {len(later)} bugs")
    fine = bug_figures(options, later, by, print_tables(options, by, later)) if later else True
    # A choice of bugs by name says nothing about how many there are.
    return (options.bugs_named or figure(
        len(later) >= LATER_MIN, f"bugs that are later than the mutator: {len(later)}, at least "
        f"{LATER_MIN}")) and fine


def bug_figures(options, bugs, by, execs):
    fine = True
    if "no-seeds" in execs:
        missed = [row for bug in bugs for row in by[bug, "no-seeds"] if not row["found"]]
        fine &= figure(not missed, f"from an empty corpus, {len(execs['no-seeds']) - len(missed)} of "
                       f"{len(execs['no-seeds'])} trials found their bug within {options.execs} execs")
    # From plain seeds a flipped byte breaks most checks, whoever flips it: said, and held to nothing.
    # Bugs that are later than the mutator are few: what they show is said.
    tenth = TENTH if bugs == options.bugs else None
    for ours, theirs, most in (("ours", "default", None), ("no-seeds", "default-no-seeds", tenth),
                               ("no-seeds", "default-long", tenth)):
        if ours in execs and theirs in execs:
            ratio = geometric(execs[ours]) / geometric(execs[theirs])
            fine &= figure(most is None or ratio <= most,
                           f"execs of {ours} against {theirs}: {ratio:.4f}, "
                           f"{f'at most {most}' if most else 'for comparison'} (geometric means; a "
                           "censored trial counts as the limit)")
    if "afl" in execs:
        poor = [bug for bug in bugs
                if sum(row["found"] for row in by[bug, "afl"]) < 0.8 * len(by[bug, "afl"])]
        fine &= figure(not poor, f"AFL++ found {len(bugs) - len(poor)} of {len(bugs)} bugs in 4 of 5 "
                       f"trials{''.join(f' {bug}' for bug in poor)}")
    return fine


def ran(command, env):
    """Runs a target to its end; where that is no good one, its last words are ours."""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if done.returncode:
        raise SystemExit(f"bugs.py: {command[0]} ended with {done.returncode}: "
                         f"{(done.stderr.splitlines() or [''])[-1]}")


def sets_of(options, job):
    kind, feedback, seed = job
    with tempfile.TemporaryDirectory(prefix="bench-sets-") as folder:
        os.makedirs(f"{folder}/corpus")
        env = {**os.environ, "CAPCHAIN_FEEDBACK": feedback, "CAPCHAIN_FINDINGS": f"{folder}/f"}
        ran(LEAD.alone(f"{BUILD}/{LEAD.fast}/fuzz_{kind}_info", os.path.join(options.seeds, kind),
                       f"{folder}/corpus", DICT, execs=options.sets_execs, seed=seed, more=LEAD.flags("ours")), env)
        return {"kind": kind, "feedback": feedback, "seed": seed, "execs": options.sets_execs,
                "sets": len(os.listdir(f"{folder}/f/sets"))}


def bench_sets(options):
    jobs = [(kind, feedback, seed + 1) for seed in range(options.trials) for kind in KINDS
            for feedback in "10"]
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(functools.partial(sets_of, options), jobs))
    keep(options, "sets", rows)
    fine = True
    for kind in KINDS:
        on, off = ([row["sets"] for row in rows if row["kind"] == kind and row["feedback"] == one]
                   for one in "10")
        p = p_value(on, off)
        # Fewer trials than five can have no such p.
        fine &= figure(options.trials < 5 or p < P_MAX and statistics.median(on) > statistics.median(off),
                       f"sets of verdicts after {options.sets_execs} execs, {kind}: with feedback "
                       f"{statistics.median(on):.0f} ({min(on)}-{max(on)}), without "
                       f"{statistics.median(off):.0f} ({min(off)}-{max(off)}), A12 {a12(on, off):.2f}, "
                       f"p {p:.4f}, {options.trials} trials each")
    return fine


def cpu_of(options, kind, mutator, seed):
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran(LEAD.alone(f"{BUILD}/{LEAD.name}/fuzz_{kind}_info", os.path.join(options.all_seeds, kind), folder,
                       DICT, execs=options.speed_execs, seed=seed, more=LEAD.flags(mutator)),
            {**os.environ, "CAPCHAIN_MUTATOR": mutator})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_speed(options):
    fine, rows = True, []
    for kind in KINDS:
        for seed in range(1, 4):
            for mutator in ("ours", "default"):
                rows.append({"kind": kind, "mutator": mutator, "seed": seed,
                             "execs": options.speed_execs,
                             "cpu": round(cpu_of(options, kind, mutator, seed), 3)})
        ours, default = (statistics.median(row["cpu"] for row in rows if row["kind"] == kind
                                           and row["mutator"] == one) for one in ("ours", "default"))
        fine &= figure(default / ours >= SPEED_MIN,
                       f"speed with our mutator, {kind}: {default / ours:.2f} of libFuzzer's own, at "
                       f"least {SPEED_MIN} ({options.speed_execs / ours:,.0f} against "
                       f"{options.speed_execs / default:,.0f} exec/s of CPU time)")
    keep(options, "speed", rows)
    return fine


# ---- all of it ----

def planted(options):
    program = f"{BUILD}/{LEAD.fast}/planted_region_info"
    if not os.path.exists(program):
        raise SystemExit(f"bench-bugs: no {program}; `make bench-bugs` builds all that this needs")
    said = subprocess.run([program], env={**os.environ, "CAPCHAIN_PLANTED": "list"},
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    bugs = re.findall(r"^(planted-\S+)(?: \w+)*: ", said, re.M)
    return [bug for bug in bugs if re.search(options.bugs, bug)]


def make_seeds(options, folder):
    """All inputs of the corpus as bytes, and of them the plain ones of corpus/seeds."""
    options.all_seeds, options.seeds = os.path.join(folder, "all"), os.path.join(folder, "plain")
    for kind, folder in fuzz_seeds.prepared(options.all_seeds, KINDS, f"{BUILD}/capchain").items():
        os.makedirs(os.path.join(options.seeds, kind))
        paths = [os.path.join(folder, name) for name in os.listdir(folder)
                 if name.endswith(".seeds")]
        for one in fuzz_report.check(f"{BUILD}/capchain", kind, paths):
            if one["class"] == "plain":
                shutil.copy(one["file"], os.path.join(options.seeds, kind))


PARTS = {"bugs": bench_bugs, "sets": bench_sets, "speed": bench_speed}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bugs.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--trials", type=int, default=10, metavar="N", help="of each libFuzzer configuration (10)")
    add("--execs", type=int, default=2_000_000, metavar="N", help="limit of a trial (2000000)")
    add("--afl-trials", type=int, metavar="N", help="(half of --trials, 5 at most)")
    add("--afl-execs", type=int, default=200_000, metavar="N", help="limit of AFL++ (200000)")
    add("--sets-execs", type=int, default=1_000_000, metavar="N", help="(1000000)")
    add("--speed-execs", type=int, default=1_000_000, metavar="N", help="(1000000)")
    add("--bugs", default=".", metavar="REGEX", help="only these")
    add("--configs", default=",".join(CONFIGS), metavar="LIST", help="only these")
    add("--resume", action="store_true",
        help="go on with the run that --out has; the builds have to be the same")
    add("--parts", default="bugs,sets,speed", metavar="LIST", help="(bugs,sets,speed)")
    add("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="at once (CPUs)")
    add("--out", default="build/bench-bugs", metavar="DIR", help="(build/bench-bugs)")
    options = parser.parse_args(arguments)
    options.configs = options.configs.split(",")
    options.afl_trials = options.afl_trials or max(1, min(5, options.trials // 2))
    options.parts = options.parts.split(",")
    for name, said, known in (("--configs", options.configs, CONFIGS),
                              ("--parts", options.parts, PARTS)):
        if set(said) - set(known):
            parser.error(f"{name} is a list of {', '.join(known)}")
    if options.trials < 1:
        parser.error("--trials is 1 or more")
    try:
        re.compile(options.bugs)
    except re.error as wrong:
        parser.error(f"--bugs {options.bugs}: no regular expression: {wrong}")
    return options


def main(arguments):
    options = parse(arguments)
    try:
        import matplotlib  # noqa: F401
        import scipy  # noqa: F401
    except ImportError as missing:
        print(f"bench-bugs: {missing}; install Debian's python3-scipy and python3-matplotlib",
              file=sys.stderr)
        return 3
    for config in list(options.configs):
        lacks = ENGINES[CONFIGS[config][0]].lacks(CONFIGS[config][1])
        if lacks:
            print(f"{lacks}: {config} is left out")
            options.configs.remove(config)
    if not options.configs:
        return 3
    options.bugs_named = options.bugs != "."
    options.bugs = planted(options)
    if not options.bugs:
        print("bench-bugs: no planted bug has such a name", file=sys.stderr)
        return 2
    os.makedirs(options.out, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-seeds-") as folder:
        make_seeds(options, folder)
        fine = [PARTS[name](options) for name in options.parts]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
