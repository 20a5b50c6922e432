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

from gen.names import BUFFERS as KINDS, DISAGREEMENTS, VERDICTS, found  # noqa: E402

MANUAL = """\
Each entry excuses one bucket, or a pattern of them. Its keys:

  bucket    parser:verdict:class:cause; each part but the parser may be an fnmatch pattern
  kind      optional: device, region or iommu, or a list of them: on other buffers, and replies, the
            entry excuses nothing
  notes     optional: notes that a buffer must all have, such as [backward], or the entry does not
            excuse it; the cause of a bucket names the first odd note alone, and never a plain one
  reason    why the parser may do this
  source    file and version that show it
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
TEXTS = ("bucket", "reason", "source", "witness")
KEYS = (*TEXTS, "upstream", "review")
OPTIONAL = ("kind", "notes")
LINK = re.compile(r"(none|https?://\S+)")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def fail(line, status=UNUSABLE):
    print(f"ledger: {line}", file=sys.stderr)
    sys.exit(status)


def known_names():
    """(notes, verdicts, classes, causes): what a bucket and its notes may be made of."""
    notes = dict(found(r'\bNOTE\((\w+), "([a-z0-9-]+)"', "fuzz/judge/rules.h"))
    rules = found(r'\b(?:RULE|RELATION)\(\w+, "([a-z0-9-]+)"', "fuzz/judge/rules.h")
    return ({name: symbol for symbol, name in notes.items()}, VERDICTS,
            [*DISAGREEMENTS[1:], "unstable"], [*rules, *notes.values(), *VERDICTS])


def bucket_error(bucket, verdicts, classes, causes):
    """What is wrong with a bucket, or None."""
    parts = bucket.split(":")
    if len(parts) != 4:
        return "a bucket is parser:verdict:class:cause"
    if not NAME.fullmatch(parts[0]):
        return f"`{parts[0]}` is no parser's name; an entry is for one parser"
    for part, what, known in zip(parts[1:], ("verdict", "class", "cause"),
                                 (verdicts, classes, causes)):
        if not fnmatch.filter(known, part):
            return f"no {what} is `{part}`"
    if parts[1:] == ["*", "*", "*"]:
        return "it would excuse everything that parser does"
    return None


def names_of(entry, key, known, what):
    """(names, error) of an entry's @key: a name of @known or a list of such; [] without it."""
    names = entry.get(key, [])
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or (key in entry and not names):
        return [], f"{key} is a list of {what}s"
    for name in names:
        if name not in known:
            return [], f"no {what} is `{name}`; `capchain list` names them"
    if len(set(names)) != len(names):
        return [], f"{key} says one twice"
    return names, None


def upstream_of(entry):
    """(text, error) of an entry."""
    links = entry["upstream"]
    links = links if isinstance(links, list) else [links]
    if not links or not all(isinstance(link, str) and LINK.fullmatch(link) for link in links):
        return "", "upstream is a link, a list of links, or none"
    return " ".join(links), None


def entry_error(entry):
    """(key, what is wrong) of an entry's keys and plain texts, or (None, None)."""
    for key in KEYS:
        if key not in entry:
            return None, f"{key} is missing; the keys are {', '.join(KEYS)}, and kind and notes " \
                "where it needs them"
    for key in entry:
        if key not in (*KEYS, *OPTIONAL):
            return key, f"`{key}` is no key of an entry"
    for key in TEXTS:
        if not isinstance(entry[key], str) or not entry[key].strip():
            return key, f"{key} is empty, or no text"
    if not isinstance(entry["review"], datetime.date) or \
            isinstance(entry["review"], datetime.datetime):
        return "review", "review is a day, YYYY-MM-DD"
    return None, None


def check_entry(path, entry, names):
    """Fills in what the table needs; (key, what is wrong), or (None, None)."""
    notes, verdicts, classes, causes = names
    key, error = entry_error(entry)
    if error:
        return key, error
    error = bucket_error(entry["bucket"], verdicts, classes, causes)
    if error:
        return "bucket", error
    for key, known, what in (("kind", KINDS, "kind"), ("notes", notes, "note")):
        entry[key], error = names_of(entry, key, known, what)
        if error:
            return key, error
    entry["upstream"], error = upstream_of(entry)
    if error:
        return "upstream", error
    if not os.path.isfile(os.path.join(os.path.dirname(path) or ".", entry["witness"])):
        return "witness", f"there is no {entry['witness']} beside it"
    return None, None


class Entry(dict):
    """One entry; .at is the place of the whole in the file, .places those of its values."""

    def __init__(self, at):
        super().__init__()
        self.at, self.places = at, {}


def place(path, mark):
    return f"{path}:{mark.line + 1}:{mark.column + 1}"


def built(path, loader, node):
    """The value of @node."""
    try:
        return loader.construct_object(node, deep=True)
    except ValueError as error:
        fail(f"{place(path, node.start_mark)}: {error}")


def entry_of(path, loader, node, number):
    entry = Entry(node.start_mark)
    if not isinstance(node, yaml.MappingNode):
        fail(f"{place(path, node.start_mark)}: entry {number}: an entry is a mapping")
    for key_node, value_node in node.value:
        key = str(built(path, loader, key_node))
        if key in entry:
            fail(f"{place(path, key_node.start_mark)}: entry {number}: {key} is there twice")
        entry[key] = built(path, loader, value_node)
        known = key in (*KEYS, *OPTIONAL)
        entry.places[key] = (value_node if known else key_node).start_mark
    return entry


def entries_of(path, text):
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return []
        if not isinstance(root, yaml.SequenceNode):
            fail(f"{place(path, root.start_mark)}: a list of entries is wanted")
        return [entry_of(path, loader, node, number) for number, node in enumerate(root.value, 1)]
    finally:
        loader.dispose()


def load(path):
    """The entries of the ledger @path, checked; ends the program at the first that is wrong."""
    try:
        entries = entries_of(path, Path(path).read_text("utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fail(f"{place(path, mark)}: {' '.join(str(error.problem).split())}")
    except (OSError, ValueError, yaml.YAMLError) as error:
        fail(f"{path}: {' '.join(str(error).split())}")
    names, seen = known_names(), {}
    for number, entry in enumerate(entries, 1):
        key, error = check_entry(path, entry, names)
        if not error:
            same = (entry["bucket"], *(tuple(sorted(entry[name])) for name in OPTIONAL))
            if same in seen:
                key, error = "bucket", f"says the same as entry {seen[same]}"
            seen[same] = number
        if error:
            fail(f"{place(path, entry.places.get(key, entry.at))}: entry {number}: {error}")
        entry["symbols"] = [names[0][note] for note in entry["notes"]]
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
    notes = " | ".join(f"NOTE_BIT(NOTE_{note})" for note in entry["symbols"]) or "0"
    rest = [quoted(entry[key]) for key in ("reason", "source", "upstream")]
    return f"\t{{{quoted(entry['bucket'])}, {kinds}, {notes}, {', '.join(rest)}, " \
           f"{quoted(str(entry['review']))}, {quoted(entry['witness'])}}},"


def table(entries):
    return "\n".join(["/* Made from corpus/ledger.yaml by scripts/gen/ledger.py. */",
                      '#include "fuzz/judge/ledger.h"', '#include "fuzz/judge/rules.h"', "",
                      "const struct ledger_entry ledger_entries[] = {", *map(row, entries),
                      "\t{0},", "};", f"const size_t ledger_count = {len(entries)};", ""])


def write(path, text):
    try:
        Path(path + ".tmp").write_text(text, "ascii")
        os.replace(path + ".tmp", path)
    except OSError as error:
        fail(f"{path}: {error.strerror}", CANNOT_WRITE)


def overdue(path, entries, today):
    """One line for each entry whose review date has passed."""
    return [f"{path}: entry {number} ({entry['bucket']}): its review date, {entry['review']}, has "
            "passed; look whether it still holds, and set a new one"
            for number, entry in enumerate(entries, 1) if entry["review"] < today]


def passed(path, entries, today, strict):
    """Prints the review dates that have passed; the exit status."""
    late = overdue(path, entries, today)
    for line in late:
        print(f"{'error' if strict else 'warning'}: {line}")
    print(f"{len(entries)} entries, {len(late)} past their review date")
    return PASSED if strict and late else 0


def day(text):
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
    parser.add_argument("--strict-dates", action="store_true",
                        help="a review date that has passed is an error")
    parser.add_argument("--today", type=day, default=datetime.date.today(), metavar="DATE",
                        help="what to hold review dates to; default: the day it is")
    options = parser.parse_args()
    entries = load(options.ledger)
    if options.out:
        write(options.out, table(entries))
        return 0
    return passed(options.ledger, entries, options.today, options.strict_dates)


if __name__ == "__main__":
    sys.exit(main())
