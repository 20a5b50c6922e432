# SPDX-License-Identifier: MIT
"""corpus/clients/ledger.yaml: where a program comes out otherwise than its model says, and why.

Each entry is for rows of `make clients` in which the two differ. Its keys:

  bucket    client:predicted:observed; each part may be an fnmatch pattern, not all of them `*`.
            Predicted is the verdict of the client's model, observed a word of the table
  kind      optional: device, region or iommu
  inputs    optional: an fnmatch pattern of the inputs' names
  where     optional: what else holds, each as in `asked > 65536`: of `asked` and `answered`, the
            argsz of the last call and of its reply, and of any fixed field of the kind as the
            program held it, 0 where its reply ended before
  reason, source, upstream, review    as in corpus/ledger.yaml
  witness   the input that shows it, below corpus/

An entry says nothing that an earlier one says of its witness. Where the witness was run and shows no
such difference any more, the entry has to go.
"""
import datetime
import fnmatch
import operator
import os
import re

import yaml

from gen import ledger
from clients.programs import CLIENTS, WORDS

TEXTS = ("bucket", "reason", "source", "witness")
KEYS = (*TEXTS, "upstream", "review")
MAY = ("kind", "inputs", "where")
COMPARE = {"==": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le,
           ">=": operator.ge}
TERM = re.compile(r"(\w+) (==|<=|>=|<|>) (0x[0-9a-f]+|\d+)")
# Where the fixed fields stand, and how wide they are: parsers/layout.h, which clients_test.py reads.
FIELDS = {
    "device": {"flags": (4, 4), "num_regions": (8, 4), "num_irqs": (12, 4), "cap_offset": (16, 4)},
    "region": {"flags": (4, 4), "index": (8, 4), "cap_offset": (12, 4), "size": (16, 8),
               "offset": (24, 8)},
    "iommu": {"flags": (4, 4), "iova_pgsizes": (8, 8), "cap_offset": (16, 4)},
}


class LedgerError(Exception):
    """One line that names the entry, and what to do."""


class Difference:
    """One row whose model is not borne out, and what there is to know of it."""

    def __init__(self, row, verdict):
        self.client, self.kind, self.input = row.client.name, row.input.kind, row.input.name
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

    def __init__(self, number, keys):
        self.number = number
        self.client, self.predicted, self.observed = keys["bucket"].split(":")
        self.kind, self.inputs = keys.get("kind"), keys.get("inputs", "*")
        self.where = keys.get("where", [])
        self.reason = " ".join(keys["reason"].split())
        self.witness = os.path.splitext(os.path.basename(keys["witness"]))[0]

    def is_of(self, name):
        """Whether it speaks of this client."""
        return fnmatch.fnmatchcase(name, self.client)

    def excuses(self, difference):
        return (self.is_of(difference.client) and self.kind in (None, difference.kind)
                and fnmatch.fnmatchcase(difference.predicted, self.predicted)
                and fnmatch.fnmatchcase(difference.observed, self.observed)
                and fnmatch.fnmatchcase(difference.input, self.inputs)
                and all(holds(term, difference) for term in self.where))


def bucket_error(bucket, verdicts):
    """What is wrong with a bucket, or None."""
    parts = bucket.split(":")
    if len(parts) != 3:
        return "a bucket is client:predicted:observed"
    if parts == ["*", "*", "*"]:
        return "it would excuse everything"
    names = [client.name for client in CLIENTS]
    for part, what, known in zip(parts, ("client", "verdict", "word"),
                                 (names, verdicts, [word for word, _ in WORDS])):
        if not fnmatch.filter(known, part):
            return f"no {what} is `{part}`"
    return None


def where_error(where, kind):
    """What is wrong with the terms of `where`, or None."""
    if not isinstance(where, list) or not where:
        return "where is a list of terms, as in [asked > 65536]"
    fields = {name for of in FIELDS for name in FIELDS[of] if kind in (None, of)}
    for term in where:
        match = TERM.fullmatch(term) if isinstance(term, str) else None
        if not match:
            return f"`{term}` is no term, as in asked > 65536"
        if match[1] not in fields | {"asked", "answered"}:
            return f"`{match[1]}` is no fixed field of its kind, nor asked or answered"
    return None


def keys_error(keys):
    """What is wrong with an entry's keys and plain texts, or None."""
    if not isinstance(keys, dict):
        return "an entry is a mapping"
    missing = [key for key in KEYS if key not in keys]
    if missing:
        return f"{missing[0]} is missing; the keys are {', '.join(KEYS)}"
    unknown = sorted(map(str, set(keys) - set(KEYS) - set(MAY)))
    if unknown:
        return f"`{unknown[0]}` is no key of an entry"
    for key in (*TEXTS, *(key for key in ("inputs",) if key in keys)):
        if not isinstance(keys[key], str) or not keys[key].strip():
            return f"{key} is empty, or no text"
    if not isinstance(keys["review"], datetime.date) or \
            isinstance(keys["review"], datetime.datetime):
        return "review is a day, YYYY-MM-DD"
    if "kind" in keys and keys["kind"] not in FIELDS:
        return f"kind is one of {', '.join(FIELDS)}"
    return ledger.upstream_of(keys)[1]


def entry_error(keys, verdicts, corpus):
    error = keys_error(keys) or bucket_error(keys["bucket"], verdicts)
    if not error and "where" in keys:
        error = where_error(keys["where"], keys.get("kind"))
    if not error and not os.path.isfile(os.path.join(corpus, keys["witness"])):
        error = f"there is no {keys['witness']} in {corpus}"
    return error


def load(corpus, verdicts):
    """The entries of the ledger in that folder, none where it has none; prints what is overdue."""
    path = os.path.join(corpus, "clients", "ledger.yaml")
    try:
        with open(path, encoding="utf-8") as file:
            found = yaml.safe_load(file) or []
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise LedgerError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(found, list):
        raise LedgerError(f"{path}: a list of entries is wanted")
    for number, keys in enumerate(found, 1):
        error = entry_error(keys, verdicts, corpus)
        if error:
            raise LedgerError(f"{path}: entry {number}: {error}")
    for line in ledger.overdue(path, found, datetime.date.today()):
        print(f"warning: {line}")
    return [Entry(number, keys) for number, keys in enumerate(found, 1)]


def first(entries, difference):
    """The entry that excuses it, or None."""
    return next((entry for entry in entries if entry.excuses(difference)), None)


def stale(entries, rows, differences):
    """The entries whose witness was run, by a client of theirs, and is not what they excuse."""
    shown = {entry.number for entry in entries for difference in differences
             if difference.input == entry.witness and first(entries, difference) is entry}
    # One client of a pattern may be missing here: the others show it or do not.
    return [entry for entry in entries if entry.number not in shown
            and any(row.input.name == entry.witness and entry.is_of(row.client.name)
                    for row in rows)]
