#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns corpus/ledger.yaml into the C table that every target carries.

Usage: ledger.py corpus/ledger.yaml OUT.c

Each entry excuses one bucket, or a pattern of them, and has the keys bucket, reason, source and
witness, all of them text; anything else is an error with the entry's number. Exit status: 0; 2 the
ledger cannot be used; 5 OUT.c cannot be written.
"""
import json
import os
import sys

import yaml

KEYS = ("bucket", "reason", "source", "witness")


def fail(line, status=2):
    print(f"ledger: {line}", file=sys.stderr)
    sys.exit(status)


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            entries = yaml.safe_load(file) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fail(f"{path}: {' '.join(str(error).split())}")
    if not isinstance(entries, list):
        fail(f"{path}: a list of entries is wanted")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or sorted(entry) != sorted(KEYS):
            fail(f"{path}: entry {number}: the keys are {', '.join(KEYS)}, no more and no less")
        for key in KEYS:
            if not isinstance(entry[key], str) or not entry[key].strip():
                fail(f"{path}: entry {number}: {key} is no text")
        if entry["bucket"].count(":") != 3 and "*" not in entry["bucket"]:
            fail(f"{path}: entry {number}: a bucket is parser:verdict:class:cause")
    return entries


def table(entries):
    lines = ["/* Made from corpus/ledger.yaml by scripts/ledger.py. */",
             '#include "fuzz/ledger.h"', "",
             "const struct ledger_entry ledger_entries[] = {"]
    for entry in entries:
        fields = ", ".join(json.dumps(" ".join(entry[key].split())) for key in KEYS)
        lines.append(f"\t{{{fields}}},")
    lines += ["\t{0},", "};", f"const size_t ledger_count = {len(entries)};", ""]
    return "\n".join(lines)


def main():
    if len(sys.argv) != 3:
        fail("usage: ledger.py corpus/ledger.yaml OUT.c")
    text = table(load(sys.argv[1]))
    try:
        with open(sys.argv[2] + ".tmp", "w", encoding="ascii") as file:
            file.write(text)
        os.replace(sys.argv[2] + ".tmp", sys.argv[2])
    except OSError as error:
        fail(f"{sys.argv[2]}: {error.strerror}", 5)


if __name__ == "__main__":
    main()
