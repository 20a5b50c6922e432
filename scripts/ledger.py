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

import yaml

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

A key that is missing, empty or not known is an error that names the entry. That each witness still
shows its bucket is for fuzz/corpus_test.c to see. A review date that has passed is a warning, with
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
KINDS = ("device", "region", "iommu")
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, os.pardir, "fuzz")
LINK = re.compile(r"(none|https?://\S+)")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def fail(line, status=UNUSABLE):
    print(f"ledger: {line}", file=sys.stderr)
    sys.exit(status)


def names_in(name, pattern):
    """Names that a C source of ours lists, so that a misspelt one is not waited for in vain."""
    path = os.path.join(SOURCES, name)
    try:
        with open(path, encoding="utf-8") as file:
            found = re.findall(pattern, file.read())
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    return found


def known_names():
    """(notes, verdicts, classes, causes): what a bucket and its notes may be made of."""
    notes = dict(names_in("rules.h", r'\bNOTE\((\w+), "([a-z0-9-]+)"'))
    rules = [name for _, name in names_in("rules.h", r'\bRULE\((\w+), "([a-z0-9-]+)"')]
    relations = [name for _, name in names_in("rules.h", r'\bRELATION\((\w+), "([a-z0-9-]+)"')]
    verdicts = names_in("rules.c", r'\[VERDICT_\w+\] = "([a-z]+)"')
    classes = names_in("judge.c", r'\[[A-Z_]+\] = "([a-z-]+)"')
    return ({name: symbol for symbol, name in notes.items()}, verdicts, [*classes, "unstable"],
            [*rules, *notes.values(), *verdicts, *relations])


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


def notes_of(entry, known):
    """(NOTE symbols, error) of an entry."""
    notes = entry.get("notes", [])
    notes = [notes] if isinstance(notes, str) else notes
    if not isinstance(notes, list) or ("notes" in entry and not notes):
        return [], "notes is a list of notes"
    for note in notes:
        if note not in known:
            return [], f"no note is `{note}`; `capchain list` names them"
    return [known[note] for note in notes], None


def kinds_of(entry):
    """(kinds, error) of an entry."""
    kinds = entry.get("kind", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(kinds, list) or ("kind" in entry and not kinds):
        return [], "kind is a kind, or a list of them"
    for kind in kinds:
        if kind not in KINDS:
            return [], f"no kind is `{kind}`; kinds are {', '.join(KINDS)}"
    return kinds, None


def upstream_of(entry):
    """(text, error) of an entry."""
    links = entry["upstream"]
    links = links if isinstance(links, list) else [links]
    if not links or not all(isinstance(link, str) and LINK.fullmatch(link) for link in links):
        return "", "upstream is a link, a list of links, or none"
    return " ".join(links), None


def entry_error(entry):
    """What is wrong with an entry's keys and plain texts, or None."""
    if not isinstance(entry, dict):
        return "an entry is a mapping"
    for key in KEYS:
        if key not in entry:
            return f"{key} is missing; the keys are {', '.join(KEYS)}, and kind and notes where it needs them"
    unknown = sorted(map(str, set(entry) - set(KEYS) - {"kind", "notes"}))
    if unknown:
        return f"`{unknown[0]}` is no key of an entry"
    for key in TEXTS:
        if not isinstance(entry[key], str) or not entry[key].strip():
            return f"{key} is empty, or no text"
    if not isinstance(entry["review"], datetime.date) or \
            isinstance(entry["review"], datetime.datetime):
        return "review is a day, YYYY-MM-DD"
    return None


def check(path, entries, names):
    """Fills in what the table needs; ends the program at the first entry that is wrong."""
    notes, verdicts, classes, causes = names
    seen = {}
    for number, entry in enumerate(entries, 1):
        error = entry_error(entry)
        if not error:
            error = bucket_error(entry["bucket"], verdicts, classes, causes)
        if not error:
            entry["notes"], error = notes_of(entry, notes)
        if not error:
            entry["kind"], error = kinds_of(entry)
        if not error:
            entry["upstream"], error = upstream_of(entry)
        if not error and not os.path.isfile(os.path.join(os.path.dirname(path) or ".",
                                                         entry["witness"])):
            error = f"there is no {entry['witness']} beside it"
        if not error:
            key = (entry["bucket"], *(tuple(sorted(entry[of])) for of in ("kind", "notes")))
            if key in seen:
                error = f"says the same as entry {seen[key]}"
            seen[key] = number
        if error:
            fail(f"{path}: entry {number}: {error}")


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            entries = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        fail(f"{path}: {' '.join(str(error).split())}")
    entries = [] if entries is None else entries
    if not isinstance(entries, list):
        fail(f"{path}: a list of entries is wanted")
    check(path, entries, known_names())
    return entries


def quoted(text):
    return json.dumps(" ".join(text.split()))


def row(entry):
    notes = " | ".join(f"NOTE_BIT(NOTE_{note})" for note in entry["notes"]) or "0"
    kinds = " | ".join(f"1u << INFO_{kind.upper()}" for kind in entry["kind"]) or "0"
    rest = [quoted(entry[key]) for key in ("reason", "source", "upstream")]
    return f"\t{{{quoted(entry['bucket'])}, {kinds}, {notes}, {', '.join(rest)}, " \
           f"{quoted(str(entry['review']))}, {quoted(entry['witness'])}}},"


def table(entries):
    return "\n".join(["/* Made from corpus/ledger.yaml by scripts/ledger.py. */",
                      '#include "fuzz/ledger.h"', '#include "fuzz/rules.h"', "",
                      "const struct ledger_entry ledger_entries[] = {", *map(row, entries),
                      "\t{0},", "};", f"const size_t ledger_count = {len(entries)};", ""])


def write(path, text):
    try:
        with open(path + ".tmp", "w", encoding="ascii") as file:
            file.write(text)
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
