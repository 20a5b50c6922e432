# SPDX-License-Identifier: MIT
"""
What a run found, as one object that becomes FINDINGS/run.json (README.md has its form): every bucket with its
smallest witness, what the corpus does not show of it, and what is new since the last run in this folder.
"""

import collections
import csv
import datetime
import json
import os
import re
import subprocess
from pathlib import Path

from fuzz import report
from fuzz.engines import ENGINES, LEAD
from gen import ledger, whole
from gen.names import DISAGREEMENTS, VERDICTS
from real import held
from report.told import MADE_UP

FORM = 1
# How a bucket is told, the worst first: by its verdict or its class; of all others the one that has none.
SEVERITIES = {"writes past": ("wrote",), "reads past": ("oob",), "crashes": ("crash",), "never ends": ("runaway",),
              "reads stale": ("stale",), "is wrong": (), "refuses": ("rejects-valid", "wrong-refusal")}
# A class of a difference that asks for an act whoever has it: a model is not what its program is.
MODEL_DIFFERS = "model-differs"
VERSION = re.compile(r"^[^:]*?\b(of \d{4}|before its PR \d+|\d+(?:\.\d+)*(?: to \d+(?:\.\d+)*)?|[0-9a-f]{8,12})(?=[ ,:']|$)")


def severity(bucket):
    """One of SEVERITIES, of a bucket's name."""
    _, verdict, what, _ = bucket.split(":", 3)
    return next((words for words, of in SEVERITIES.items() if verdict in of or what in of), "is wrong")


def badness(bucket):
    """The lower, the worse."""
    return list(SEVERITIES).index(severity(bucket))


def is_program(parser):
    """Whether it stands for a program that people run, or is the user's own."""
    return parser["trust"] == "trusting" and parser["name"] not in MADE_UP or parser["own"]


def label(name, summary):
    """A parser's name with the version that it restates, which its summary has beside its program's name."""
    found = VERSION.match(summary)
    version = found[1].removeprefix("of ") if found else ""
    # As qemu-10 is of 10.
    return version, name if not version or version in re.split("[-@]", name) else f"{name} {version}"


def listed(capchain):
    """{name: what `capchain list --json` says of a parser, or of a loop}; {} where there is no such program."""
    try:
        said = subprocess.run([capchain, "list", "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False).stdout
        rows = [json.loads(line) for line in said.splitlines()]
    except (OSError, ValueError):
        return {}
    loops = {one["loop"]: one for one in rows if "loop" in one and "parser" not in one}
    return {**loops, **{one["parser"]: one for one in rows if "parser" in one}}


def commit():
    """What the tree is at; "" where that is not known. A change that is not committed is a plus."""
    try:
        done = subprocess.run(["git", "-C", os.path.dirname(os.path.abspath(__file__)), "describe", "--always",
                               "--dirty=+", "--exclude=*"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


# ---- buckets ----

def row(setup, judged, told):
    """One bucket, of an input as `check --json` says it."""
    bucket = told["bucket"]
    parser, verdict, what, cause = bucket.split(":", 3)
    return {"bucket": bucket, "kind": judged["kind"], "parser": parser, "verdict": verdict, "class": what,
            "cause": cause, "severity": severity(bucket), "rank": badness(bucket), "size": judged["len"],
            "witness": judged["file"], "inputs": 0, "times": None, "expected": told.get("expected", ""), "got": told.get("got", ""),
            "breaks": False, "asks": False, "new": None, "unlisted": False, "since": None, "more": [],
            "command": report.explain(setup, judged["kind"], judged["file"])}


def by_size(one):
    """The smallest witness first, and of those one that a line has room for."""
    return one["size"], len(one["witness"]), one["witness"]


class Known:
    """What is no news: the buckets and sets of verdicts that the corpus shows, and what its ledger excuses."""

    def __init__(self, setup, kinds):
        self.rows, self.sets = {}, set()
        path = os.path.join(setup.corpus, "ledger.yaml")
        self.entries = ledger.load(path) if os.path.exists(path) else []
        for kind in kinds:
            seeds = setup.seeds(kind)
            for judged in report.check(setup.capchain, kind, [
                    os.path.join(seeds, name) for name in sorted(os.listdir(seeds)) if not name.endswith(".tmp")]):
                self.sets.add(report.verdicts_of(judged))
                for told in judged["disagreements"]:
                    take(self.rows, self.weigh(judged, row(setup, judged, told)))
        self.shown = set(self.rows)
        # What a conversation brings goes to walks that the other kinds know.
        self.shown.update([("fetch", bucket) for _, bucket in self.shown])

    def excuses(self, one, bucket):
        """Whether the ledger does, of the input @one as `check --json` prints it."""
        notes = {note["note"] for note in one["notes"]}
        return any(ledger.excuses(entry, bucket, one["kind"], notes) for entry in self.entries)

    def explains(self, one, bucket):
        return (one["kind"], bucket) in self.shown or self.excuses(one, bucket)

    def weigh(self, judged, one):
        """
        Says of a row whether it asks for an act. That a model is not what its program is no witness in the corpus
        makes right, the ledger alone.
        """
        one["asks"] = one["breaks"] or one["class"] == MODEL_DIFFERS and not self.excuses(judged, one["bucket"])
        return one


def take(rows, one):
    """Adds an input to the row of its bucket: the witness is the smallest of those that nobody knows, if any is."""
    key = one["kind"], one["bucket"]
    before = rows.get(key)
    inputs = 1 + (before["inputs"] if before else 0)
    if before and (before["unlisted"], by_size(one)) >= (one["unlisted"], by_size(before)):
        one = before
    rows[key] = {**one, "inputs": inputs}


def gather(known, setup, paths, broken=()):
    """
    (rows of buckets, one row a set of verdicts that no input of the corpus has), of the corpus and @paths,
    {kind: paths}. Those of a @broken promise are known where the ledger excuses them alone.
    """
    rows, sets = dict(known.rows), {}
    for kind, files in paths.items():
        for judged in report.check(setup.capchain, kind, files):
            verdicts = report.verdicts_of(judged)
            if verdicts not in known.sets:
                reference = judged["reference"]
                one = {"kind": kind, "witness": judged["file"], "size": judged["len"],
                       "reference": f"{reference['verdict']} {reference.get('reason', '')}".strip(),
                       "buckets": list(report.buckets_of(judged)),
                       "command": report.explain(setup, kind, judged["file"])}
                sets[verdicts] = min(one, sets.get(verdicts, one), key=by_size)
            for told in judged["disagreements"]:
                one = row(setup, judged, told)
                one["breaks"] = one["bucket"] in broken
                one["unlisted"] = not (known.excuses if one["breaks"] else known.explains)(judged, one["bucket"])
                take(rows, known.weigh(judged, one))
    return list(rows.values()), sorted(sets.values(), key=by_size)


# ---- what is new ----

def read_last(findings):
    """
    {whose: {kind: {bucket: day}}}: since when each bucket is known in this folder. A folder may have several
    parsers', each by its FILE; the suite's own are under "".
    """
    try:
        every = json.loads(Path(findings, "last.json").read_text("utf-8"))
        return every if isinstance(every, dict) else {}
    except (OSError, ValueError):
        return {}


def write_last(findings, last):
    path = os.path.join(findings, "last.json")
    try:
        whole.write(path, json.dumps(last, indent=0, sort_keys=True))
    except OSError as error:
        raise report.Refused(f"cannot write {path}: {error.strerror}", report.NO_FINDINGS) from None


def mark_new(rows, findings, whose, kinds, today, stays):
    """
    Says of each row whether the last run of its kind had it, and since when it is known here. Where a bucket @stays
    it is not forgotten though this run had it not. Returns those that did not come again, whether no kind had a run
    before, and what to keep for the next run, once this one has been told.
    """
    every = read_last(findings)
    last, gone = every.get(whose, {}), []
    first = not any(kind in last for kind in kinds)
    after = dict(last)
    for kind in kinds:
        before = last.get(kind)
        mine = {one["bucket"]: one for one in rows if one["kind"] == kind}
        for bucket, one in mine.items():
            one["new"] = None if before is None else bucket not in before
            one["since"] = (before or {}).get(bucket, today)
        gone += [f"{bucket} ({kind})" for bucket in sorted(set(before or ()) - set(mine))]
        after[kind] = {**((before or {}) if stays else {}), **{bucket: one["since"] for bucket, one in mine.items()}}
    return gone, first, {**every, whose: after}


# ---- the whole ----

def parsers(capchain, counts, own=None):
    """What is known of each parser, and what it did."""
    rows, real = [], held.held()
    facts = listed(capchain)
    for name in sorted({*counts.parsers, *facts}):
        fact = facts.get(name, {})
        numbers = counts.parsers.get(name, ())
        rows.append({
            "name": name, "label": name, "version": "", "held": real.get(name, []), "summary": fact.get("summary", ""),
            "trust": fact.get("trust", "trusting"), "source": fact.get("source", "kernel"),
            "own": name == own, "program": False, "kinds": sorted(fact.get("kinds", ())),
            "verdicts": dict(zip(VERDICTS, numbers)),
            "disagreements": dict(zip(DISAGREEMENTS[1:], numbers[len(VERDICTS) + 1:-1])),
            "skipped": numbers[-1] if numbers else 0})
        rows[-1]["program"] = is_program(rows[-1])
        if rows[-1]["program"]:
            rows[-1]["version"], rows[-1]["label"] = label(name, rows[-1]["summary"])
    return rows


def of_buckets(rows):
    """The worst first; of one severity, what breaks a promise, is in no corpus or new, and what is small."""
    return sorted(rows, key=lambda one: (not one["breaks"], one["rank"], not one["unlisted"], not one["new"],
                                         one["size"], one["bucket"], one["kind"]))


def write(path, account):
    try:
        whole.write_json(path, account)
    except OSError as error:
        raise report.Refused(f"cannot write {path}: {error.strerror}", report.NO_FINDINGS) from None


def by_parser(account):
    """{parser: {severity: causes}} of its buckets, the worst severity first."""
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for one in sorted(account["buckets"], key=lambda one: one["rank"]):
        found[one["parser"]][one["severity"]].add(one["cause"])
    return found


def blank(**known):
    """An account of which nothing is known but this."""
    return {"form": FORM, "run": "", "began": "", "ended": now(), "commit": commit(), "engines": [], "kinds": [],
            "seconds": 0, "jobs": 0, "seed": None, "spent": 0, "stopped": "", "strict": False, "status": 0, "execs": 0,
            "buffers": 0, "classes": {}, "instances": [], "oracles": [], "parsers": [], "own": None, "first": False, "buckets": [],
            "gone": [], "others_broken": [], "sets": [], "failures": [], "overdue": [], "reasons": [], "canaries": [],
            "corpus": [], "replayed": 0, "coverage": [], "regressions": [], "files": {"details": "", "json": "", "patch": ""}, **known}


def overdue(corpus, today=None):
    """What the ledger of @corpus excuses although nobody has looked at it by the day set."""
    path = os.path.join(corpus, "ledger.yaml")
    if not os.path.exists(path):
        return []
    return ledger.overdue(path, ledger.load(path), today or datetime.date.today())


def judge(account):
    """Whether what was found asks for an act: what is new of readers that promise nothing does where it is strict."""
    return any(one["asks"] for one in account["buckets"]) or bool(account["overdue"]) or (
        account["strict"] and any(one["unlisted"] for one in account["buckets"]))


# ---- make fuzz ----

def own_more(judged, bucket):
    """What `check --json` says of @bucket beside what was expected and what came: where in the source."""
    for one in judged["parsers"]:
        if one["name"] != bucket.split(":")[0]:
            continue
        if one.get("place"):
            yield ", ".join(f"in {frame['function']} at {frame.get('file', '?')}:{frame.get('line', '?')}"
                            for frame in one["place"])
        if one.get("said"):
            yield f"it said: {one['said']}"


def unjudged(setup, kind, bucket, path):
    """A bucket whose witness nobody has judged."""
    return row(setup, {"kind": kind, "len": 0, "file": path}, {"bucket": bucket})


def own_rows(run):
    """A row for each bucket of the parser that the run is about, as its targets have counted."""
    setup, prefix = run.setup, run.setup.own["parser"] + ":"
    counted = {name: numbers for name, numbers in run.counts().buckets.items() if name.startswith(prefix)}
    paths = {setup.witness(run.kind, bucket): bucket for bucket in counted}
    judged_of = {judged["file"]: judged for judged in report.check(
        setup.capchain, run.kind, [path for path in sorted(paths) if os.path.exists(path)])}
    for path, bucket in paths.items():
        judged, (times, breaks) = judged_of.get(path), counted[bucket]
        told = [one for one in judged["disagreements"] if one["bucket"] == bucket] if judged else []
        if judged:
            one = row(setup, judged, told[0] if told else {"bucket": bucket})
            one["more"] = list(own_more(judged, bucket))
        else:
            one = unjudged(setup, run.kind, bucket, path)
            one["more"] = ["its witness could not be kept"]
        yield {**one, "times": times, "breaks": breaks, "asks": breaks}


def add_broken(setup, rows, broken):
    """@rows with each broken promise, {(kind, bucket): (witness, times or None)}, under the witness that shows it."""
    others = {(one["kind"], one["bucket"]): one for one in rows}
    for (kind, bucket), (path, times) in broken.items():
        one = others.get((kind, bucket))
        if not one or one["witness"] != path:
            one = {**(one or unjudged(setup, kind, bucket, path)), "witness": path,
                   "command": report.explain(setup, kind, path)}
        others[kind, bucket] = {**one, "times": times, "breaks": True, "asks": True}
    return list(others.values())


def suite_rows(runs):
    """(rows, sets) of what the suite's own readers did, in this folder of findings, on the corpus, and in this run."""
    setup = runs[0].setup
    broken = {(run.kind, bucket): (setup.witness(run.kind, bucket), times)
              for run in runs for bucket, times in run.broken().items()}
    rows, sets = [], []
    if any(run.counts().walked for run in runs):
        paths = {run.kind: [os.path.join(setup.findings, "sets", name)
                            for name in sorted(report.set_names(setup.findings, run.kind))] for run in runs}
        rows, sets = gather(Known(setup, list(paths)), setup, paths, {bucket for _, bucket in broken})
    return add_broken(setup, rows, broken), sets


def of_fuzz(runs, options, stopped, began):
    """The account of a run of fuzz.py, and what to keep for the next one."""
    setup, counts = runs[0].setup, report.total(runs)
    ran = [run for run in runs if run.workers()]
    own = setup.own
    rows, sets = ([one for run in ran for one in own_rows(run)], []) if own else suite_rows(ran) if ran else ([], [])
    whose = own["file"] if own else ""
    # One that was stopped before its first buffer is no run.
    gone, first, last = mark_new(rows, setup.findings, whose, [run.kind for run in ran if run.counts().walked],
                    datetime.date.today().isoformat(), stays=not own)
    prefix = own["parser"] + ":" if own else ""
    return blank(
        run="fuzz", began=began, first=first, engines=[ENGINES[setup.engine].title], kinds=[run.kind for run in ran],
        seconds=options.seconds, jobs=options.jobs, spent=round(sum(run.elapsed for run in ran), 1), stopped=stopped,
        strict=options.strict, execs=sum(run.execs() for run in runs), buffers=counts.walked,
        classes=dict(zip(report.CLASSES, counts.classes)),
        instances=[{"kind": run.kind, "role": setup.engine, "execs": run.execs(), "cpu": None,
                    "exec_per_second": round(run.execs() / max(run.elapsed, 0.1)), "edges": run.most("edges"),
                    "edges_all": run.most("edges_all"), "corpus": run.most("corpus"), "of_empty": None} for run in ran],
        oracles=sorted({worker.oracles for run in runs for worker in run.workers() if worker.oracles}),
        parsers=parsers(setup.capchain, counts, own and own["parser"]),
        own=own and {"parser": own["parser"], "trust": own["trust"], "file": own["file"]},
        others_broken=sorted({bucket for run in ran for bucket, (_, breaks) in run.counts().buckets.items()
                              if own and breaks and not bucket.startswith(prefix)}),
        buckets=of_buckets(rows), gone=gone, sets=sets, failures=[failure for run in runs for failure in run.failures],
        overdue=[] if own else overdue(setup.corpus),
        files={"details": os.path.join(setup.findings, "details.txt"), "json": os.path.join(setup.findings, "run.json"),
               "patch": ""}), last


# ---- make nightly ----

def night_files(night):
    return {"details": night.path("details.txt"), "json": night.path("run.json"),
            "patch": night.path("pull-request", "changes.patch")}


def of_night(night, broken, failures, rows, sets, **more):
    """The account of a night, whose numbers are in its state, and what to keep for the next one."""
    state, options, setup = night.state, night.options, night.setup
    rows = add_broken(setup, rows, {(kind, bucket): (path, None) for bucket, (kind, path) in broken.items()})
    gone, first, last = mark_new(rows, setup.findings, "", options.kinds, state.date, stays=True)
    instances = []
    for name, tally in state.tallies.items():
        kind, role = name.split()
        edges, _, every = tally.edges.partition("/")
        instances.append({"kind": kind, "role": role, "execs": tally.execs, "cpu": round(tally.cpu, 1),
                          "exec_per_second": round(tally.execs / max(tally.cpu, 0.01)),
                          "edges": int(edges) if every else 0, "edges_all": int(every or 0), "corpus": tally.corpus,
                          "of_empty": night.shares.get(name)})
    return blank(
        run="nightly", began=state.date, first=first, engines=[engine.title for engine in ENGINES.values()],
        kinds=list(options.kinds), seconds=state.wanted[2], jobs=options.jobs, seed=state.seed,
        spent=round(state.spent, 1), strict=options.strict, execs=sum(one["execs"] for one in instances),
        buffers=state.counts.walked, classes=dict(zip(report.CLASSES, state.counts.classes)), instances=instances,
        oracles=night.oracles, parsers=parsers(setup.capchain, state.counts), buckets=of_buckets(rows), gone=gone,
        sets=sets, failures=[[line, *([str(more)] if more else [])] for line, _, more in failures],
        overdue=overdue(options.corpus), reasons=night.reasons, canaries=list(state.found.values()),
        files=night_files(night), **more), last


NUMBERS = ("date", "commit", "seed", "seconds", "execs", "buffers", "buckets", "new_buckets", "unlisted_buckets",
           "exec_per_second", "edges", "corpus", "status")


def append_numbers(path, account):
    """Adds the line of a night to its CSV, under a head where there is none."""
    cpu = sum(one["cpu"] for one in account["instances"])
    edges = {}
    for one in account["instances"]:
        if one["role"].startswith(LEAD.name):
            edges[one["kind"]] = max(edges.get(one["kind"], 0), one["edges"])
    numbers = (account["ended"], account["commit"], account["seed"], round(account["spent"]), account["execs"],
               account["buffers"], len(account["buckets"]), sum(bool(one["new"]) for one in account["buckets"]),
               sum(one["unlisted"] for one in account["buckets"]), round(account["execs"] / max(cpu, 0.01)),
               sum(edges.values()), sum(one["inputs"] for one in account["corpus"]), account["status"])
    head = not os.path.exists(path) or not os.path.getsize(path)
    with open(path, "a", encoding="ascii", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerows([NUMBERS] * head + [numbers])
