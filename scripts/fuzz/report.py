# SPDX-License-Identifier: MIT
"""What fuzz.py shows of a run: the counts that targets keep, tables, and what is new."""

import itertools
import json
import os
import re
import shlex
import struct
import subprocess
from collections import namedtuple
from pathlib import Path

from gen import whole
from gen.names import CLASSES, DISAGREEMENTS, VERDICTS

FINE, NOT_FINE, UNUSABLE, NO_ENGINE, NO_ARENA, NO_FINDINGS = 0, 1, 2, 3, 4, 5

ABSTAIN = VERDICTS.index("abstain")

# struct findings_counts of fuzz/target/counts.h; fuzz_test.py holds the two together.
MAGIC = 0x32746E7563706163
HEAD = struct.Struct(f"=5Q{len(CLASSES)}Q")
PARSER = struct.Struct(f"=32s{len(VERDICTS)}Q{len(DISAGREEMENTS)}QQ")
BUCKET = struct.Struct("=128s3Q")
PARSERS_MAX, BUCKETS_MAX = 128, 512

FILES_PER_CHECK = 500
BUCKETS_SHOWN = 3
# Of sets that only combine what is known there are thousands.
SETS_SHOWN = 5


class Refused(Exception):
    """This cannot be done: one line that says why and what to do, and the exit status."""

    def __init__(self, line, status):
        super().__init__(line)
        self.status = status


# A finding is a bucket, several of one witness, or a set of verdicts: its smallest witness, what there is
# to say of it beside its buckets, and lines that say more.
Finding = namedtuple("Finding", "size path kind buckets words more", defaults=("", ()))
WHAT_IS_NEW = ("buckets", "sets of verdicts")
# What comes first; all other answers are wrong, or refuse what is right.
WORST = ("wrote", "oob", "crash", "runaway", "stale")
REFUSES = ("rejects-valid", "wrong-refusal")


def badness(bucket):
    """The lower, the worse: by verdict, then by class."""
    _, verdict, what, _ = bucket.split(":", 3)
    return WORST.index(verdict) if verdict in WORST else len(WORST) + (what in REFUSES)


class Counts:
    """What the targets of some processes did, added up."""

    def __init__(self):
        self.walked = self.failed = 0
        self.classes = [0] * len(CLASSES)
        self.parsers, self.buckets = {}, {}

    def add(self, other):
        self.walked += other.walked
        self.failed += other.failed
        self.classes = [a + b for a, b in zip(self.classes, other.classes)]
        for name, numbers in other.parsers.items():
            before = self.parsers.get(name, (0,) * len(numbers))
            self.parsers[name] = tuple(a + b for a, b in zip(before, numbers))
        for name, (times, breaks) in other.buckets.items():
            before, broke = self.buckets.get(name, (0, False))
            self.buckets[name] = before + times, broke or breaks


def read_counts(path):
    """The counts in one file; None where it has none (yet) or is of another form."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    if len(data) != HEAD.size + PARSERS_MAX * PARSER.size + BUCKETS_MAX * BUCKET.size:
        return None
    magic, parsers, walked, _, failed, *classes = HEAD.unpack_from(data)
    if magic != MAGIC or parsers > PARSERS_MAX:
        return None
    counts = Counts()
    counts.walked, counts.failed, counts.classes = walked, failed, classes
    for i in range(parsers):
        name, *numbers = PARSER.unpack_from(data, HEAD.size + i * PARSER.size)
        # One that does not read the kind is not counted: it abstained on every buffer.
        numbers[ABSTAIN] += max(walked - sum(numbers[:len(VERDICTS)]), 0)
        counts.parsers[text(name)] = tuple(numbers)
    rows = memoryview(data)[HEAD.size + PARSERS_MAX * PARSER.size:]
    for name, times, _, breaks in BUCKET.iter_unpack(rows):
        if name[0] and times:
            counts.buckets[text(name)] = times, bool(breaks)
    return counts


def text(name):
    """What a row of bytes says, up to its first zero."""
    return name.split(b"\0")[0].decode("utf-8", "replace")


def set_names(findings, kind):
    """The sets of verdicts of @kind that the findings folder has a witness of."""
    try:
        names = os.listdir(os.path.join(findings, "sets"))
    except OSError:
        return set()
    return {name for name in names if re.fullmatch(kind + "-[0-9a-f]{16}", name)}


def compact(number):
    """1234567 as 1.2M: at most four characters up to a trillion."""
    if number < 1000:
        return str(int(number))
    for unit in "kMGT":
        number /= 1000
        if number < 9.95:
            return f"{number:.1f}{unit}"
        if number < 999.5:
            return f"{number:.0f}{unit}"
    return f"{number:.0f}T"


def table(head, rows):
    """Lines of a table: the first column to the left, the others to the right."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return ["  ".join([row[0].ljust(widths[0])] +
                      [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]).rstrip()
            for row in cells]


def dotted(number):
    return compact(number) if number else "."


def parser_tables(counts):
    """What every parser did, and where it differs from the reference."""
    did, differs = [], []
    for name, numbers in sorted(counts.parsers.items()):
        verdicts = numbers[:len(VERDICTS)]
        disagreements = numbers[len(VERDICTS) + 1:-1]
        did.append([name, *map(dotted, verdicts)])
        differs.append([name, *map(dotted, disagreements), dotted(numbers[-1])])
    return [f"what every parser did with {compact(counts.walked)} buffers",
            *table(["", *VERDICTS], did), "",
            "where it differs from the reference",
            *table(["", *DISAGREEMENTS[1:], "skipped"], differs)]


def kind_table(runs):
    """One line a kind: work, coverage, corpus, sets of verdicts, and what its buffers were."""
    rows = []
    for run in runs:
        counts = run.counts()
        walked, execs = max(counts.walked, 1), run.execs()
        rows.append([run.kind, compact(execs), compact(execs / max(run.elapsed, 0.1)),
                     f"{run.most('edges')}/{run.most('edges_all')}", compact(run.most("corpus")),
                     "{} (+{})".format(*run.sets()),
                     *(f"{100 * count / walked:.0f}%" for count in counts.classes)])
    return table(["", "execs", "exec/s", "edges", "corpus", "sets (+new)", *CLASSES], rows)


def check(capchain, kind, paths):
    """What `capchain check --json` says of @paths, one object each."""
    for start in range(0, len(paths), FILES_PER_CHECK):
        command = [capchain, "check", "--json", "--kind", kind,
                   *paths[start:start + FILES_PER_CHECK]]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, start_new_session=True) as process:
            for line in process.stdout:
                yield json.loads(line)
            said = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        if process.returncode not in (FINE, NOT_FINE):
            why = said[-1] if said else f"exit status {process.returncode}"
            raise Refused(f"{capchain} check: {why}", NO_ENGINE)


def buckets_of(judged):
    return tuple(known["bucket"] for known in judged["disagreements"])


def verdicts_of(judged):
    """(parser, verdict, reason, class) of every parser: what makes a set of verdicts."""
    classes = {one["parser"]: one["class"] for one in judged["disagreements"]}
    return tuple(sorted((one["name"], one["verdict"], one.get("reason", ""),
                         classes.get(one["name"], "")) for one in judged["parsers"]))


def find_new(setup, kind):
    """
    What the findings folder has of @kind and no seed shows, smallest witness first: buckets, each in
    its smallest witness alone, and sets of verdicts.
    """
    seeds = setup.seeds(kind)
    paths = [os.path.join(seeds, name) for name in sorted(os.listdir(seeds))]
    known, shown = set(), set()
    for judged in check(setup.capchain, kind, paths):
        shown.add(verdicts_of(judged))
        known.update(buckets_of(judged))
    buckets, sets = {}, {}
    paths = [os.path.join(setup.findings, "sets", name)
             for name in sorted(set_names(setup.findings, kind))]
    for judged in check(setup.capchain, kind, paths):
        reference = judged["reference"]
        one = Finding(judged["len"], judged["file"], kind, buckets_of(judged),
                      f"reference {reference['verdict']} {reference.get('reason', '')}".strip() +
                      ", nothing differs")
        verdicts = verdicts_of(judged)
        if verdicts not in shown:
            sets[verdicts] = min(one, sets.get(verdicts, one))
        for bucket in set(one.buckets) - known:
            buckets[bucket] = min(one, buckets.get(bucket, one))
    witnesses = {}
    for bucket, one in sorted(buckets.items()):
        before = witnesses.get(one.path, one._replace(buckets=()))
        witnesses[one.path] = before._replace(buckets=(*before.buckets, bucket))
    return sorted(witnesses.values()), sorted(sets.values())


def explain(setup, kind, path):
    return shlex.join([setup.capchain, "explain", *([] if os.path.basename(path).startswith(f"{kind}-") else
                                                    ["--kind", kind]), path])


def entry(setup, found, most):
    """A finding, of whatever reader: size and what differs, what there is to say, the command that explains it."""
    differs = ", ".join(found.buckets[:most])
    if len(found.buckets) > most:
        differs += f" and {len(found.buckets) - most} more"
    more = "".join(f"\n{'':15}{line}" for line in (*found.more, explain(setup, found.kind, found.path)))
    words = f"  {found.words}" if differs and found.more else "" if differs else found.words
    return f"  {found.size:5} bytes  {differs}{words}{more}".split("\n")


def counted(new, what):
    """The line above them."""
    if what == "sets of verdicts":
        return f"{len(new)} new {what}, smallest first"
    buckets = len({bucket for one in new for bucket in one.buckets})
    return f"{buckets} new {what} in {len(new)} witnesses, smallest first"


def write_new(setup, kind, new):
    """All that is new of a kind in one file, whole or not at all; returns its path."""
    path = os.path.join(setup.findings, f"new-{kind}.txt")
    lines = []
    for ones, what in zip(new, WHAT_IS_NEW):
        lines += [counted(ones, what), *(line for one in ones for line in entry(setup, one, len(one.buckets)))]
    try:
        whole.write(path, "\n".join(lines) + "\n")
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}", NO_FINDINGS) from None
    return path


def fair(lists, most):
    """At most @most in all, the first of each list before the second of any."""
    turns = itertools.chain.from_iterable(itertools.zip_longest(*lists))
    return list(itertools.islice((one for one in turns if one), most))


def new_lines(setup, kinds, show, bold):
    """What is new of all kinds: buckets first, then sets of verdicts, at most @show of each."""
    yield f"new is what no input of {setup.corpus}/ shows"
    new = {kind: find_new(setup, kind) for kind in kinds}
    paths = [write_new(setup, kind, new[kind]) for kind in kinds]
    for i, what in enumerate(WHAT_IS_NEW):
        lists = [new[kind][i] for kind in kinds]
        every = list(itertools.chain(*lists))
        yield bold(counted(every, what) if every else f"no new {what}")
        most = show if what == "buckets" else min(show, SETS_SHOWN)
        for one in fair(lists, most):
            yield from entry(setup, one, BUCKETS_SHOWN)
        if len(every) > most:
            yield f"  {len(every) - most} more; all of them: {' '.join(paths)}"


def broken_lines(setup, kind, bucket, stops):
    """A broken promise: its bucket, how to look at it, and what to add where it is known."""
    witness = setup.witness(kind, bucket)
    name = f"regressions/{kind}-{re.sub('[^a-z0-9]+', '-', bucket)}.yaml"
    return [f"  {bucket}  ({kind}, {stops} time{'s' if stops > 1 else ''})",
            f"    {explain(setup, kind, witness)}",
            "    where this is known and stays, keep the witness and add to "
            f"{setup.corpus}/ledger.yaml:",
            "    " + shlex.join([setup.capchain, "dis", "--kind", kind, witness, "-o",
                                 f"{setup.corpus}/{name}"]),
            f"- bucket: {bucket}",
            *([f"  kind: {kind}"] if kind != "fetch" else []),
            '  reason: ""    # why the parser may do this',
            '  source: ""    # file and version that show it',
            "  upstream: none  # or where it was reported",
            '  review: ""    # the day by which to look again, YYYY-MM-DD',
            f"  witness: {name}"]


def promise_lines(runs):
    lines = [f"broken promises: {sum(len(run.broken()) for run in runs)}"]
    for run in runs:
        for bucket, stops in sorted(run.broken().items()):
            lines += broken_lines(run.setup, run.kind, bucket, stops)
        if run.unused >= 1:
            lines.append(f"  {run.kind}: stopped too often, {run.unused:.0f} of its "
                         f"{run.seconds * run.count} seconds (all jobs) went unused")
    return lines


def failure_lines(runs):
    failures = [failure for run in runs for failure in run.failures]
    return ["failures", *(f"  {line}" for failure in failures for line in failure)]


def oracle_lines(runs):
    said = {worker.oracles for run in runs for worker in run.workers() if worker.oracles}
    return ["oracles", *(f"  {line}" for line in sorted(said) or ["none: no target started"])]


def final_lines(runs, show, bold):
    """The report of a run, the most urgent first."""
    own = runs[0].setup.own
    if own:
        yield from mine_lines(runs, bold)
    for lines in (() if own else promise_lines(runs), failure_lines(runs)):
        if len(lines) > 1:
            yield from (bold(lines[0]), *lines[1:], "")
    counts = total(runs)
    ran = [run for run in runs if run.workers()]
    if own and not own["all"]:
        yield others_line(counts, runs)
        return
    if counts.walked:
        yield from (*parser_tables(counts), "")
    if ran:
        yield from (*kind_table(ran), "", *oracle_lines(ran), "")
    if counts.walked:
        yield from (*new_lines(ran[0].setup, [run.kind for run in ran], show, bold), "")


def abstains_on_all(numbers):
    """Whether a parser, of its counts, never gave an answer."""
    return numbers[ABSTAIN] == sum(numbers[:len(VERDICTS)])


def total(runs):
    counts = Counts()
    for run in runs:
        counts.add(run.counts())
    return counts


# ---- a parser that is not ours ----

def mine(run):
    """{bucket: (times, breaks)} of the parser that the run is about."""
    prefix = run.setup.own["parser"] + ":"
    return {name: row for name, row in run.counts().buckets.items() if name.startswith(prefix)}


def said_of(judged, bucket):
    """What `check --json` says of @bucket in lines: what was expected and what came, and where in the source."""
    for one in judged["disagreements"]:
        if one["bucket"] == bucket:
            yield f"expected {one['expected']}, got {one['got']}"
    for one in judged["parsers"]:
        if one["name"] == bucket.split(":")[0] and one.get("place"):
            yield ", ".join(f"in {frame['function']} at {frame.get('file', '?')}:{frame.get('line', '?')}"
                            for frame in one["place"])
        if one["name"] == bucket.split(":")[0] and one.get("said"):
            yield f"it said: {one['said']}"


def find_mine(run, last):
    """A Finding for each bucket of the parser, with what its smallest witness shows."""
    rows = mine(run)
    paths = {run.setup.witness(run.kind, bucket): bucket for bucket in rows}
    known = {judged["file"]: judged for judged in check(run.setup.capchain, run.kind, [
        path for path in sorted(paths) if os.path.exists(path)])}
    for path, bucket in paths.items():
        times, breaks = rows[bucket]
        judged = known.get(path)
        words = f"{compact(times)} times" if times > 1 else "once"
        yield Finding(judged["len"] if judged else 0, path, run.kind, (bucket,), "  ".join(filter(None, (
            words, breaks and "BROKEN", run.kind in last and bucket not in last[run.kind] and "new"))),
            tuple(said_of(judged, bucket)) if judged else ("its witness could not be kept",))


def read_last(findings):
    """{FILE: {kind: buckets}} of each parser's own last run: a findings folder may have several parsers'."""
    try:
        return json.loads(Path(findings, "last.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def write_last(findings, last):
    path = os.path.join(findings, "last.json")
    try:
        whole.write(path, json.dumps(last, indent=0, sort_keys=True))
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}", NO_FINDINGS) from None


def mine_lines(runs, bold):
    """What the user's parser did: each bucket, worst first."""
    setup, counts = runs[0].setup, total(runs)
    name, file, every = setup.own["parser"], setup.own["file"], read_last(setup.findings)
    last = every.get(file, {})
    found = sorted((one for run in runs for one in find_mine(run, last)),
                   key=lambda one: (badness(one.buckets[0]), "BROKEN" not in one.words, one))
    broken, new = (sum(word in one.words for one in found) for word in ("BROKEN", "new"))
    did = counts.parsers.get(name)
    if did:
        yield from (*table(["", *VERDICTS], [[name, *map(dotted, did[:len(VERDICTS)])]]), "")
    yield bold(f"{name}, {setup.own['trust']}: {compact(counts.walked)} buffers, "
               f"{len(found)} bucket{'s' * (len(found) != 1)}, {broken} break{'s' * (broken == 1)} its promise" +
               f", {new} new" * any(run.kind in last for run in runs) + ", worst first" * bool(found))
    for one in found:
        yield from entry(setup, one, 1)
    # One that was stopped before its first buffer is no run.
    now = {run.kind: sorted(mine(run)) for run in runs if run.counts().walked}
    gone = {f"{bucket} ({kind})" for kind in now for bucket in set(last.get(kind, ())) - set(now[kind])}
    if gone:
        yield f"  of its last run did not come again: {', '.join(sorted(gone))}"
    yield ""
    write_last(setup.findings, {**every, file: {**last, **now}})


def others_line(counts, runs):
    """All other readers in one line."""
    name = runs[0].setup.own["parser"]
    broken = [bucket for run in runs for bucket, (_, breaks) in run.counts().buckets.items()
              if breaks and not bucket.startswith(name + ":")]
    return (f"{max(len(counts.parsers) - 1, 0)} other readers on the same buffers: {len(broken)} broken promises"
            f"{''.join(f', {bucket}' for bucket in broken)}; ALL=1 shows them")
