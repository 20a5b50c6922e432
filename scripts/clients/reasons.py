# SPDX-License-Identifier: MIT
"""corpus/clients/ledger.yaml: where a program comes out otherwise than its model says, and why.

Each entry is for rows of `make clients` in which the two differ. Its keys:

  bucket    client:verdict:word; each part may be an fnmatch pattern, not all of them `*`. The
            verdict is what the client's model predicted, the word what was observed
  kind      optional: device, region or iommu
  inputs    optional: an fnmatch pattern of the inputs' names
  systems   the systems whose versions it holds for, as in [trixie, sid]
  where     optional: what else holds, each as in `asked > 65536`: of `asked` and `answered`, the
            argsz of the last call and of its reply, and of any fixed field of the kind as the
            program held it, 0 where its reply ended before
  reason, source, upstream, review    as in corpus/ledger.yaml
  witness   the input that shows it, below corpus/

An entry says nothing that an earlier one says of its witness. Where the witness was run in one of its systems and
shows no such difference there any more, the entry has to go, or that system.
"""
import datetime
import fnmatch
import operator
import os
import re

from gen import ledger
from gen.roots import SYSTEMS
from clients.programs import CLIENTS, WORDS

COMPARE = {"==": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
TERM = re.compile(r"(\w+) (==|<=|>=|<|>) (0x[0-9a-f]+|\d+)")
# Where the fixed fields stand, and how wide they are: parsers/layout.h, which clients_test.py reads.
FIELDS = {
    "device": {"flags": (4, 4), "num_regions": (8, 4), "num_irqs": (12, 4), "cap_offset": (16, 4)},
    "region": {"flags": (4, 4), "index": (8, 4), "cap_offset": (12, 4), "size": (16, 8),
               "offset": (24, 8)},
    "iommu": {"flags": (4, 4), "iova_pgsizes": (8, 8), "cap_offset": (16, 4)},
}


class Difference:
    """One row whose model is not borne out, and what there is to know of it."""

    def __init__(self, row, verdict):
        self.client, self.system = row.program.name, row.program.system
        self.kind, self.input = row.input.kind, row.input.name
        self.predicted, self.observed = verdict, row.word()
        self.calls = row.seen().calls(row.input.kind)
        self.held = bytes.fromhex(self.calls.get("buffer", ""))

    def value(self, name):
        """Of one of the names that `where` may have; None where this kind has no such field."""
        if name in ("asked", "answered"):
            return self.calls[name]
        if name not in FIELDS[self.kind]:
            return None
        at, width = FIELDS[self.kind][name]
        return int.from_bytes(self.held[at:at + width], "little")


def holds(term, difference):
    name, compare, number = TERM.fullmatch(term).groups()
    value = difference.value(name)
    return value is not None and COMPARE[compare](value, int(number, 0))


class Entry:
    """One entry, checked."""

    def __init__(self, keys):
        self.number = keys.number
        self.client, self.predicted, self.observed = keys["bucket"].split(":")
        self.kinds, self.inputs, self.where = keys.get("kind"), keys.get("inputs", "*"), keys.get("where", [])
        self.systems = keys["systems"]
        self.reason = " ".join(keys["reason"].split())
        self.witness = os.path.splitext(os.path.basename(keys["witness"]))[0]

    def is_of(self, name):
        """Whether it speaks of this client."""
        return fnmatch.fnmatchcase(name, self.client)

    def excuses(self, difference):
        return (self.is_of(difference.client) and difference.system in self.systems
                and (not self.kinds or difference.kind in self.kinds)
                and fnmatch.fnmatchcase(difference.predicted, self.predicted)
                and fnmatch.fnmatchcase(difference.observed, self.observed)
                and fnmatch.fnmatchcase(difference.input, self.inputs)
                and all(holds(term, difference) for term in self.where))


def terms(key, value):
    if not isinstance(value, list) or not value:
        raise ValueError(f"{key} is a list of terms, as in [asked > 65536]")
    for term in value:
        if not isinstance(term, str) or not TERM.fullmatch(term):
            raise ValueError(f"`{term}` is no term, as in asked > 65536")
    return value


def check_fields(keys):
    """That the terms of an entry are of fields that its kinds have."""
    fields = {name for kind in keys.get("kind", FIELDS) for name in FIELDS[kind]}
    for term in keys.get("where", []):
        name = TERM.fullmatch(term)[1]
        if name not in fields | {"asked", "answered"}:
            raise keys.unusable(f"`{name}` is no fixed field of its kind, nor asked or answered", keys.places["where"])


def load(corpus, verdicts):
    """The entries of the ledger in that folder, none where it has none; prints what is overdue."""
    path = os.path.join(corpus, "clients", "ledger.yaml")
    if not os.path.exists(path):
        return []
    checks = {"bucket": ledger.bucket_of("client:verdict:word", [client.name for client in CLIENTS], verdicts,
                                         [word for word, _ in WORDS]),
              "reason": ledger.text, "source": ledger.text, "witness": ledger.file_in(corpus),
              "upstream": ledger.links, "review": ledger.day, "kind": ledger.names_of(FIELDS, "kind"),
              "inputs": ledger.text, "where": terms, "systems": ledger.names_of(SYSTEMS, "system")}
    entries = list(ledger.entries_of(path, checks, ("kind", "inputs", "where")))
    for keys in entries:
        check_fields(keys)
    for line in ledger.overdue(path, entries, datetime.date.today()):
        print(f"warning: {line}")
    return [Entry(keys) for keys in entries]


def first(entries, difference):
    """The entry that excuses it, or None."""
    return next((entry for entry in entries if entry.excuses(difference)), None)


def stale(entries, rows, differences):
    """Each entry and system whose witness was run there, by a client of it, and is not what it excuses."""
    shown = {(entry.number, difference.system) for entry in entries for difference in differences
             if difference.input == entry.witness and first(entries, difference) is entry}
    # One client of a pattern may be missing here: the others show it or do not.
    return [(entry, system) for entry in entries for system in entry.systems
            if (entry.number, system) not in shown
            and any(row.input.name == entry.witness and row.program.system == system and entry.is_of(row.program.name)
                    for row in rows)]
