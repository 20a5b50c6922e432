#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-bugs: how many execs until each planted bug is found, and what each part of ours is worth.

A trial is one engine after one bug of fuzz/planted/, from its start to the first input whose bucket
names the bug's parser, or to its limit of execs, where it is censored. Trial N of every configuration
has the same kind (those that can show the bug take turns) and the same seed of the engine. Execs do not depend on the
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

OUT/trials.csv, OUT/sets.csv, OUT/speed.csv keep every trial. Exit status: 0; 1 a figure is missed; 2 usage;
3 something is missing.
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
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen.names import BUFFERS as KINDS  # noqa: E402
from fuzz import alone  # noqa: E402
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
# Figures that the run is held to.
TENTH = 0.1
LATER_MIN = 6
SPEED_MIN = 0.6
P_MAX = 0.01
# Which configuration is held to which.
COMPARISONS = (("default", "ours"), ("no-feedback", "ours"), ("no-seeds", "ours"),
               ("default-no-seeds", "no-seeds"), ("default-long", "no-seeds"), ("afl-default", "afl"),
               ("afl-frameshift", "afl"))
P_NAMED = 0.05
# Execs of each run of the parts beside the bugs.
EXECS = 1_000_000


# ---- trials ----

def environment(engine, kind, mutator):
    known = engine.alone_environment(None if mutator == "default" else f"{BUILD}/afl/mutator_{kind}.so")
    if mutator == "frameshift":
        del known["AFL_FRAMESHIFT_DISABLE"]
    return known


def trial(options, job):
    """One engine after one bug: a row of trials.csv."""
    bug, config, number = job
    name, mutator, feedback, seeded = CONFIGS[config]
    kinds = options.bugs[bug]
    engine, kind, seed = ENGINES[name], kinds[number % len(kinds)], number + 1
    limit = options.afl_execs if engine.costly else options.execs
    began = time.monotonic()
    found = alone.hunt(
        engine, alone.planted_target(BUILD, engine.fast, kind), bug, kind, execs=limit, seed=seed, dictionary=DICT,
        seeds=os.path.join(options.seeds, kind) if seeded else options.no_seeds, more=engine.flags(mutator),
        environment={**environment(engine, kind, mutator), "CAPCHAIN_FEEDBACK": feedback,
                     "CAPCHAIN_MUTATOR": mutator.removesuffix("-long")})
    if not found["bucket"] and (found["execs"] < limit or not found["reached"]):
        sys.exit(f"bench-bugs: {config} after {bug} in {kind} ended with status {found['status']} after "
                 f"{found['execs']} execs, and no bucket of it:\n{found['said'][-1500:]}")
    return {"bug": bug, "config": config, "kind": kind, "seed": seed, "execs": min(found["execs"], limit),
            "limit": limit, "found": int(bool(found["bucket"])), **{mark: found[mark] for mark in alone.MARKS},
            "bucket": found["bucket"] or "", "seconds": round(time.monotonic() - began, 2)}


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


# ---- the parts ----

def costly(config):
    return ENGINES[CONFIGS[config][0]].costly


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
    return pairs, [f"{math.exp(statistics.fmean(logs)):.2f}", f"{statistics.fmean(area for area, _ in pairs):.2f}",
                   f"{sum(area > 0.5 for area in named)}", f"{sum(area < 0.5 for area in named)}", f"{len(pairs)}",
                   f"{stats.wilcoxon(apart, method='exact').pvalue:.1e}" if apart else "1"]


def print_tables(options, by, bugs):
    """By bug, then over all of @bugs; {configuration: execs of each trial}."""
    names = [bug.removeprefix("planted-") for bug in bugs]
    print_table(["bug", *options.configs], [[name, *(cell(by[bug, config]) for config in options.configs)]
                                            for name, bug in zip(names, bugs)])
    of = {config: [[row["execs"] for row in by[bug, config]] for bug in bugs] for config in options.configs}
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
    jobs = [(bug, config, number) for config in options.configs for bug in options.bugs
            for number in range(options.afl_trials if costly(config) else options.trials)]
    began = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(functools.partial(trial, options), jobs))
    keep(options, "trials", rows)
    by = collections.defaultdict(list)
    for row in rows:
        by[row["bug"], row["config"]].append(row)
    theirs = sum(row["seconds"] for row in rows if costly(row["config"]))
    print(f"{len(rows)} trials in {time.monotonic() - began:.0f} s of wall time, {options.jobs} at once, "
          f"{100 * theirs / sum(row['seconds'] for row in rows):.0f} % of it AFL++'s")
    fine = bug_figures(options, options.bugs, by, print_tables(options, by, options.bugs))
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
            fine &= figure(most is None or ratio <= most, f"execs of {ours} against {theirs}: {ratio:.4f}, "
                           f"{f'at most {most}' if most else 'for comparison'} (geometric means; a "
                           "censored trial counts as the limit)")
    if "afl" in execs:
        poor = [bug for bug in bugs if sum(row["found"] for row in by[bug, "afl"]) < 0.8 * len(by[bug, "afl"])]
        fine &= figure(not poor, f"AFL++ found {len(bugs) - len(poor)} of {len(bugs)} bugs in 4 of 5 "
                       f"trials{''.join(f' {bug}' for bug in poor)}")
    return fine


def lead(build, kind, seeds, out, seed, mutator, env):
    """Runs the leading engine from @seeds; where that has no good end, its last words are ours."""
    target = f"{BUILD}/{build}/fuzz_{kind}_info"
    status, said = alone.run(LEAD.alone(target, seeds, out, DICT, execs=EXECS, seed=seed, more=LEAD.flags(mutator)),
                             env)
    if status:
        raise SystemExit(f"bench-bugs: {target} ended with {status}: {alone.last_line(said)}")


def sets_of(options, job):
    kind, feedback, seed = job
    with tempfile.TemporaryDirectory(prefix="bench-sets-") as folder:
        os.makedirs(f"{folder}/corpus")
        lead(LEAD.fast, kind, os.path.join(options.seeds, kind), f"{folder}/corpus", seed, "ours",
             {"CAPCHAIN_FEEDBACK": feedback, "CAPCHAIN_FINDINGS": f"{folder}/f"})
        return {"kind": kind, "feedback": feedback, "seed": seed, "execs": EXECS,
                "sets": len(os.listdir(f"{folder}/f/sets"))}


def bench_sets(options):
    jobs = [(kind, feedback, seed + 1) for seed in range(options.trials) for kind in KINDS for feedback in "10"]
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(functools.partial(sets_of, options), jobs))
    keep(options, "sets", rows)
    fine = True
    for kind in KINDS:
        on, off = ([row["sets"] for row in rows if row["kind"] == kind and row["feedback"] == one] for one in "10")
        p = p_value(on, off)
        # Fewer trials than five can have no such p.
        fine &= figure(options.trials < 5 or p < P_MAX and statistics.median(on) > statistics.median(off),
                       f"sets of verdicts after {EXECS} execs, {kind}: with feedback "
                       f"{statistics.median(on):.0f} ({min(on)}-{max(on)}), without "
                       f"{statistics.median(off):.0f} ({min(off)}-{max(off)}), A12 {a12(on, off):.2f}, "
                       f"p {p:.4f}, {options.trials} trials each")
    return fine


def cpu_of(options, kind, mutator, seed):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as folder:
        lead(LEAD.name, kind, os.path.join(options.all_seeds, kind), folder, seed, mutator,
             {"CAPCHAIN_MUTATOR": mutator})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_speed(options):
    fine, rows = True, []
    for kind in KINDS:
        cpu = {"ours": [], "default": []}
        for seed in range(1, 4):
            for mutator, seconds in cpu.items():
                seconds.append(cpu_of(options, kind, mutator, seed))
                rows.append({"kind": kind, "mutator": mutator, "seed": seed, "execs": EXECS,
                             "cpu": round(seconds[-1], 3)})
        ours, default = map(statistics.median, cpu.values())
        fine &= figure(default / ours >= SPEED_MIN,
                       f"speed with our mutator, {kind}: {default / ours:.2f} of libFuzzer's own, at least "
                       f"{SPEED_MIN} ({EXECS / ours:,.0f} against {EXECS / default:,.0f} exec/s of CPU time)")
    keep(options, "speed", rows)
    return fine


# ---- all of it ----

def planted(options):
    """{bug: the kinds that can show it}"""
    shown = {}
    for kind in KINDS:
        program = alone.planted_target(BUILD, LEAD.fast, kind)
        if not os.path.exists(program):
            raise SystemExit(f"bench-bugs: no {program}; `make bench-bugs` builds all that this needs")
        for bug in alone.planted_in(program, kind):
            if re.search(options.bugs, bug):
                shown.setdefault(bug, []).append(kind)
    return shown


def make_seeds(options, folder):
    """All inputs of the corpus as bytes, of them the plain ones of corpus/seeds, and none."""
    options.all_seeds, options.seeds, options.no_seeds = (os.path.join(folder, name)
                                                          for name in ("all", "plain", "none"))
    os.makedirs(options.no_seeds)
    for kind, below in fuzz_seeds.prepared(options.all_seeds, KINDS, f"{BUILD}/capchain").items():
        os.makedirs(os.path.join(options.seeds, kind))
        for path in fuzz_seeds.plain(f"{BUILD}/capchain", kind, below):
            shutil.copy(path, os.path.join(options.seeds, kind))


PARTS = {"bugs": bench_bugs, "sets": bench_sets, "speed": bench_speed}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bugs.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--trials", type=int, default=10, metavar="N", help="of each libFuzzer configuration (10)")
    add("--execs", type=int, default=2_000_000, metavar="N", help="limit of a trial (2000000)")
    add("--afl-trials", type=int, metavar="N", help="(half of --trials, 5 at most)")
    add("--afl-execs", type=int, default=200_000, metavar="N", help="limit of AFL++ (200000)")
    add("--bugs", default=".", metavar="REGEX", help="only these")
    add("--configs", default=",".join(CONFIGS), metavar="LIST", help="only these")
    add("--parts", default="bugs,sets,speed", metavar="LIST", help="(bugs,sets,speed)")
    add("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="at once (CPUs)")
    add("--out", default="build/bench-bugs", metavar="DIR", help="(build/bench-bugs)")
    options = parser.parse_args(arguments)
    options.configs = options.configs.split(",")
    options.afl_trials = options.afl_trials or max(1, min(5, options.trials // 2))
    options.parts = options.parts.split(",")
    for name, said, known in (("--configs", options.configs, CONFIGS), ("--parts", options.parts, PARTS)):
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
        import scipy  # noqa: F401
    except ImportError as missing:
        print(f"bench-bugs: {missing}; install Debian's python3-scipy", file=sys.stderr)
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
