#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks corpus/ledger.yaml, and turns it into the C table that every target carries."""
import argparse
import datetime
import fnmatch
import json
import os
import re
import sys
from pathlib import Path

import yaml

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from gen import whole  # noqa: E402
from gen.names import BUFFERS as KINDS, DISAGREEMENTS, VERDICTS, found  # noqa: E402

MANUAL = """\
Each entry excuses one bucket, or a pattern of them. Its keys:

  bucket    parser:verdict:class:cause; each part but the parser may be an fnmatch pattern
  kind      optional: device, region or iommu, or a list of them: on other buffers, and replies, the
            entry excuses nothing
  notes     optional: notes that a buffer must all have, such as [backward], or the entry does not
            excuse it; the cause of a bucket names the first odd note alone, and never a plain one
  reason    why the parser may do this
  source    the file that shows it, and `measured` where the program itself was run
  versions  the versions of the program that it was seen in, or is said to hold for
  upstream  where it was reported or is discussed (a link, or a list of links), or none
  review    the day by which to look again, YYYY-MM-DD
  witness   an input of the corpus that shows it

A key that is missing, empty, twice there or not known is an error that names the entry, with line
and column. That each witness still
shows its bucket is for fuzz/parsers/corpus_test.c to see. A review date that has passed is a warning, with
--strict-dates an error; neither takes part where the table is made.

exit status:
  0  fine
  1  --strict-dates: a review date has passed
  2  the ledger or the command line cannot be used
  5  OUT.c cannot be written
"""

PASSED, UNUSABLE, CANNOT_WRITE = 1, 2, 5
OPTIONAL = ("kind", "notes")
LINK = re.compile(r"(none|https?://\S+)")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NOTES = {name: symbol for symbol, name in found(r'\bNOTE\((\w+), "([a-z0-9-]+)"', "fuzz/judge/rules.h")}
RULES = found(r'\b(?:RULE|RELATION)\(\w+, "([a-z0-9-]+)"', "fuzz/judge/rules.h")


class Unusable(Exception):
    """One line: where in the ledger it is, and what is wrong."""


def fail(line, status=UNUSABLE):
    print(f"ledger: {line}", file=sys.stderr)
    sys.exit(status)


# Checks of a key's value: what the entry has in its place is returned, or it is a ValueError.

def text(key, value):
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is empty, or no text")
    return value


def day(key, value):
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise ValueError(f"{key} is a day, YYYY-MM-DD")
    return value


def links(key, value):
    value = value if isinstance(value, list) else [value]
    if not value or not all(isinstance(link, str) and LINK.fullmatch(link) for link in value):
        raise ValueError(f"{key} is a link, a list of links, or none")
    return " ".join(value)


def names_of(known, what):
    """A name of @known, or a list of such."""
    def check(key, value):
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not value:
            raise ValueError(f"{key} is a list of {what}s")
        for name in value:
            if name not in known:
                raise ValueError(f"no {what} is `{name}`; `capchain list` names them")
        if len(set(value)) != len(value):
            raise ValueError(f"{key} says one twice")
        return value
    return check


def file_in(folder):
    def check(key, value):
        if not os.path.isfile(os.path.join(folder, text(key, value))):
            raise ValueError(f"there is no {value} in {folder}")
        return value
    return check


def bucket_of(shape, *known):
    """A pattern in each part of @shape for some of what is known there; None: a parser's name, and no pattern."""
    def check(key, value):
        parts = text(key, value).split(":")
        if len(parts) != len(known):
            raise ValueError(f"a bucket is {shape}")
        for part, what, names in zip(parts, shape.split(":"), known):
            if names is None and not NAME.fullmatch(part):
                raise ValueError(f"`{part}` is no {what}'s name; an entry is for one {what}")
            if names is not None and not fnmatch.filter(names, part):
                raise ValueError(f"no {what} is `{part}`")
        if all(part == "*" for part, names in zip(parts, known) if names is not None):
            raise ValueError("it would excuse everything" + (" that parser does" if None in known else ""))
        return value
    return check


class Entry(dict):
    """One entry; @at is the place of the whole in the file, @places those of its values."""

    def __init__(self, path, number, node):
        super().__init__()
        self.path, self.number, self.at, self.places = path, number, node.start_mark, {}

    def unusable(self, what, mark=None):
        return Unusable(f"{place(self.path, mark or self.at)}: entry {self.number}: {what}")

    def take(self, loader, node, known):
        """Takes each key of @node with its value."""
        if not isinstance(node, yaml.MappingNode):
            raise self.unusable("an entry is a mapping")
        for key_node, value_node in node.value:
            key = str(built(self.path, loader, key_node))
            if key in self:
                raise self.unusable(f"{key} is there twice", key_node.start_mark)
            self[key] = built(self.path, loader, value_node)
            self.places[key] = (value_node if key in known else key_node).start_mark

    def check(self, checks, optional):
        keys = [key for key in checks if key not in optional]
        for key in keys:
            if key not in self:
                raise self.unusable(f"{key} is missing; the keys are {', '.join(keys)}, and where it needs them "
                                    + ", ".join(optional))
        for key in self:
            if key not in checks:
                raise self.unusable(f"`{key}` is no key of an entry", self.places[key])
        for key, check in checks.items():
            try:
                if key in self:
                    self[key] = check(key, self[key])
            except ValueError as error:
                raise self.unusable(error, self.places[key]) from None


def place(path, mark):
    return f"{path}:{mark.line + 1}:{mark.column + 1}"


def built(path, loader, node):
    """The value of @node."""
    try:
        return loader.construct_object(node, deep=True)
    except ValueError as error:
        raise Unusable(f"{place(path, node.start_mark)}: {error}") from None


def entries_of(path, checks, optional):
    """The entries of the YAML list @path, each checked as it is reached; Unusable at the first that is wrong."""
    try:
        loader = yaml.SafeLoader(Path(path).read_text("utf-8"))
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise Unusable(f"{place(path, error.problem_mark or error.context_mark)}: "
                       + " ".join(str(error.problem).split())) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Unusable(f"{path}: {' '.join(str(error).split())}") from None
    if root and not isinstance(root, yaml.SequenceNode):
        raise Unusable(f"{place(path, root.start_mark)}: a list of entries is wanted")
    for number, node in enumerate(root.value if root else (), 1):
        entry = Entry(path, number, node)
        entry.take(loader, node, checks)
        entry.check(checks, optional)
        yield entry


def load(path):
    """The entries of the ledger @path, checked; ends the program at the first that is wrong."""
    checks = {"bucket": bucket_of("parser:verdict:class:cause", None, VERDICTS, [*DISAGREEMENTS[1:], "unstable", "model-differs"],
                                  [*RULES, *NOTES, *VERDICTS]),
              "reason": text, "source": text, "versions": text, "witness": file_in(os.path.dirname(path) or "."), "upstream": links,
              "review": day, "kind": names_of(KINDS, "kind"), "notes": names_of(NOTES, "note")}
    entries, seen = [], {}
    try:
        for entry in entries_of(path, checks, OPTIONAL):
            for key in OPTIONAL:
                entry.setdefault(key, [])
            same = (entry["bucket"], *(tuple(sorted(entry[key])) for key in OPTIONAL))
            if seen.setdefault(same, entry.number) != entry.number:
                raise entry.unusable(f"says the same as entry {seen[same]}", entry.places["bucket"])
            entries.append(entry)
    except Unusable as error:
        fail(error)
    return entries


def excuses(entry, bucket, kind, notes):
    """
    Whether @entry excuses @bucket on an input of @kind with @notes, as ledger_find() has it. Of
    which kind a conversation is its bytes say, and not @kind: `fetch` is taken for any.
    """
    return (not entry["kind"] or kind in (*entry["kind"], "fetch")) and \
        set(entry["notes"]) <= set(notes) and fnmatch.fnmatchcase(bucket, entry["bucket"])


def quoted(text):
    return json.dumps(" ".join(text.split()))


def row(entry):
    kinds = " | ".join(f"1u << INFO_{kind.upper()}" for kind in entry["kind"]) or "0"
    notes = " | ".join(f"NOTE_BIT(NOTE_{NOTES[note]})" for note in entry["notes"]) or "0"
    rest = [quoted(entry[key]) for key in ("reason", "source", "versions", "upstream")]
    return f"\t{{{quoted(entry['bucket'])}, {kinds}, {notes}, {', '.join(rest)}, " \
           f"{quoted(str(entry['review']))}, {quoted(entry['witness'])}}},"


def table(entries):
    return "\n".join(["/* Made from corpus/ledger.yaml by scripts/gen/ledger.py. */",
                      '#include "fuzz/judge/ledger.h"', '#include "fuzz/judge/rules.h"', "",
                      "const struct ledger_entry ledger_entries[] = {", *map(row, entries),
                      "\t{0},", "};", f"const size_t ledger_count = {len(entries)};", ""])


def write(path, text):
    try:
        whole.write(path, text)
    except OSError as error:
        fail(f"{path}: {error.strerror}", CANNOT_WRITE)


def overdue(path, entries, today):
    """One line for each entry whose review date has passed."""
    # What has passed comes first: a screen has 80 columns.
    return [f"the review date of ledger entry {number}, {entry['review']}, has passed: {entry['bucket']} in {path}; "
            "look whether it still holds, and set a new one"
            for number, entry in enumerate(entries, 1) if entry["review"] < today]


def passed(path, entries, today, strict):
    """Prints the review dates that have passed; the exit status."""
    late = overdue(path, entries, today)
    for line in late:
        print(f"{'error' if strict else 'warning'}: {line}")
    print(f"{len(entries)} entries, {len(late)} past their review date")
    return PASSED if strict and late else 0


def day_of(text):
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no day, YYYY-MM-DD") from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=MANUAL, prog="ledger.py",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ledger", metavar="LEDGER", help="corpus/ledger.yaml")
    parser.add_argument("out", metavar="OUT.c", nargs="?",
                        help="write the table here; without it, look at the review dates")
    parser.add_argument("--strict-dates", action="store_true", help="a review date that has passed is an error")
    parser.add_argument("--today", type=day_of, default=datetime.date.today(), metavar="DATE",
                        help="what to hold review dates to; default: the day it is")
    options = parser.parse_args()
    entries = load(options.ledger)
    if options.out:
        write(options.out, table(entries))
        return 0
    return passed(options.ledger, entries, options.today, options.strict_dates)


if __name__ == "__main__":
    sys.exit(main())
