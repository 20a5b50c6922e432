# SPDX-License-Identifier: MIT
"""What fuzz.py shows of a run: the counts that targets keep, tables, and what is new."""

import json
import os
import re
import shlex
import struct
import subprocess
from pathlib import Path

from gen.names import CLASSES, DISAGREEMENTS, VERDICTS, found

FINE, NOT_FINE, UNUSABLE, NO_ENGINE, NO_ARENA, NO_FINDINGS = 0, 1, 2, 3, 4, 5

ABSTAIN = VERDICTS.index("abstain")

# struct findings_counts of fuzz/target/counts.h; fuzz_test.py holds the two together.
MAGIC = 0x32746E7563706163
HEAD = struct.Struct(f"=5Q{len(CLASSES)}Q")
PARSER = struct.Struct(f"=32s{len(VERDICTS)}Q{len(DISAGREEMENTS)}QQ")
BUCKET = struct.Struct("=128s3Q")
PARSERS_MAX, BUCKETS_MAX = int(found(r"define INFO_PARSERS_MAX (\d+)", "parsers/parser.h")[0]), 512

FILES_PER_CHECK = 500


class Refused(Exception):
    """This cannot be done: one line that says why and what to do, and the exit status."""

    def __init__(self, line, status):
        super().__init__(line)
        self.status = status


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


def reference_said(judged):
    reference = judged["reference"]
    return f"reference {reference['verdict']} {reference.get('reason', '')}".strip()


def explain(setup, kind, path):
    return shlex.join([setup.capchain, "explain", *([] if os.path.basename(path).startswith(f"{kind}-") else
                                                    ["--kind", kind]), path])


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


def detail_lines(runs):
    """Tables of a run, and what to do with each broken promise."""
    own = runs[0].setup.own
    for lines in (() if own else promise_lines(runs), failure_lines(runs)):
        if len(lines) > 1:
            yield from (*lines, "")
    counts = total(runs)
    ran = [run for run in runs if run.workers()]
    if counts.walked:
        yield from (*parser_tables(counts), "")
    if ran:
        yield from (*kind_table(ran), "", *oracle_lines(ran), "")


def abstains_on_all(numbers):
    """Whether a parser, of its counts, never gave an answer."""
    return numbers[ABSTAIN] == sum(numbers[:len(VERDICTS)])


def total(runs):
    counts = Counts()
    for run in runs:
        counts.add(run.counts())
    return counts
