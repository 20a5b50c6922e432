# SPDX-License-Identifier: MIT
"""What a model predicts of a program, beside what the program did: part of clients.py.

A model judges the very bytes that the program held after its last call of the INFO, in a buffer of the length that
it asked with. So nothing rests on what a program asks: what is predicted is how it takes what it got. Where the
two differ and that is known, corpus/clients/ledger.yaml says why (reasons.py).
"""
import collections
import json
import os
import re
import subprocess
from pathlib import Path

from clients import reasons as clients_ledger

# The most bytes that a parser is handed. A longer buffer is cut, and its argsz with it, where that
# was the buffer's length: models compare the two.
LONGEST = 65536
SHARE = 0.97
# "QEMU 7.2: ..." or "QEMU 10.0 to 11.1: ...", as summaries begin.
CLAIMED = re.compile(r"[A-Za-z-]+ (\d[\d.]*\d|\d)(?: (?:to|and) (\d[\d.]*\d|\d))?\b")

# How a program may come out where its model says so. Under a fence an access outside the buffer is
# a crash. A runaway that is no loop reads on through its whole count, into the fence.
COMES_OUT = {
    "ok": {"ok", "maps", "no-room"},
    "absent": {"ok", "maps", "no-room"},
    "truncated": {"storm"},
    "reject": {"refuse", "abort"},
    "oob": {"crash", "over-read"},
    "wrote": {"crash", "over-read"},
    "crash": {"crash", "over-read", "abort"},
    "runaway": {"hang", "crash", "over-read"},
}



def number_of(version):
    """Debian's version as numbers, without epoch and revision: "1:10.0.13+ds-0" is (10, 0, 13)."""
    return tuple(map(int, re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)[1].split(".")))


def claims(summary, version):
    """Whether a model of that summary, "QEMU 10.0 to 11.1: ...", claims that version; one that names none, all."""
    named = CLAIMED.match(summary)
    if not named or version == "unknown":
        return True
    first, last = number_of(named[1]), number_of(named[2] or named[1])
    found = number_of(version)
    return first <= found[:len(first)] and found[:len(last)] <= last


def choose_models(capchain, programs):
    """Sets the models of each program: of the parsers that restate it, the first that claims its version."""
    said = subprocess.run([capchain, "list", "--json"], capture_output=True, text=True, check=True).stdout
    lines = map(json.loads, said.splitlines())
    summaries = {line["parser"]: line["summary"] for line in lines if "parser" in line}
    for program in programs:
        version = program.version_of(program.packages[0])
        for kind, names in program.client.models.items():
            fit = [name for name in names if name in summaries and claims(summaries[name], version)]
            if not fit:
                raise ValueError(f"{program}: none of {', '.join(names)} claims {program.packages[0]} {version}")
            program.models[kind] = fit[0]


class Predictions:
    """The verdicts of every row's model."""

    def __init__(self, capchain, folder, rows):
        os.makedirs(folder)
        self.verdicts, paths = {}, {}
        for number, row in enumerate(rows):
            paths[id(row)] = os.path.join(folder, f"{row.input.kind}-{number:05}")
            Path(paths[id(row)]).write_bytes(self.held(row.seen().calls(row.input.kind)))
        done = subprocess.run([capchain, "check", "--json", folder], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise OSError(done.returncode, done.stderr.strip(), capchain)
        judged = {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}
        for row in rows:
            line = judged[paths[id(row)]]
            verdict = next(one for one in line["parsers"] if one["name"] == row.program.models[row.input.kind])
            self.verdicts[id(row)] = (verdict, line)

    @staticmethod
    def held(calls):
        held = bytearray.fromhex(calls.get("buffer", ""))
        if calls["asked"] > LONGEST and calls["answered"] == calls["asked"] and len(held) >= 4:
            held[0:4] = LONGEST.to_bytes(4, "little")
        return held

    def verdict(self, row):
        return self.verdicts[id(row)][0]

    def loops(self, row):
        return any(rule["rule"] == "loop" for rule in self.verdicts[id(row)][1]["rules"])

    def words(self, row):
        verdict = self.verdict(row)
        return " ".join(verdict[key] for key in ("verdict", "reason") if key in verdict)

    def agrees(self, row):
        verdict = self.verdict(row)["verdict"]
        may = {"hang"} if verdict == "runaway" and self.loops(row) else COMES_OUT[verdict]
        return row.word() in may

    def json(self, row):
        return {"model": row.program.models[row.input.kind], "predicted": self.words(row),
                "agrees": self.agrees(row)}


def report(programs, rows, predictions, entries):
    """Prints predicted beside observed; whether enough agrees, and all that does not is known."""
    fine, differences, table = True, [], []
    print("predicted and observed, by program")
    for program in programs:
        mine = [row for row in rows if row.program is program]
        pairs = collections.Counter((predictions.words(row), row.word()) for row in mine)
        wrong = [row for row in mine if not predictions.agrees(row)]
        print(f"{program}: {len(mine) - len(wrong)} of {len(mine)} agree")
        for (predicted, observed), count in sorted(pairs.items()):
            print(f"  {count:4}  {predicted} -> {observed}")
        known = 0
        for row in wrong:
            differences.append(clients_ledger.Difference(row, predictions.verdict(row)["verdict"]))
            entry = clients_ledger.first(entries, differences[-1])
            known += entry is not None
            print(f"  differs: {row.input.name}: predicted {predictions.words(row)}, "
                  f"observed {row.shown()}: {entry.reason if entry else 'unexplained'}")
        fine &= known == len(wrong)
        table.append((program, mine, wrong, known))
    for entry, system in clients_ledger.stale(entries, rows, differences):
        fine = False
        print(f"corpus/clients/ledger.yaml: entry {entry.number}: {entry.witness} does not differ "
              f"so any more in {system}, or an earlier entry says it: take it out, or mend it")
    return agreement(table) and fine


def agreement(table):
    """Prints program x version x agreement; whether each row has enough."""
    fine = True
    print("\n| program | version | models | inputs | agree | in the ledger | agreement but for those |\n"
          "|---|---|---|---|---|---|---|")
    for program, mine, wrong, known in table:
        share = (len(mine) - len(wrong)) / max(1, len(mine) - known)
        fine &= share >= SHARE
        models = " ".join(dict.fromkeys(program.models.values()))
        print(f"| {program} | {program.version_of(program.packages[0])} | {models} | {len(mine)} | {1 - len(wrong) / len(mine):.1%} | {known} | {share:.1%}"
              f"{'' if share >= SHARE else f', below {SHARE:.0%}'} |")
    return fine
