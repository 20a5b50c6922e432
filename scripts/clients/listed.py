#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the names of regressions with those in the lists of clients, which takes no client.

Usage: listed.py CORPUS

Every regression of a kind that a client walks, and every script of replies in CORPUS/clients, has its line
in CORPUS/clients/NAME.txt, and every line there is one of them. `make clients BLESS=1` writes the lists.

Exit status: 0; 1 a name is missing or left over; 2 a list cannot be read.
"""
import os
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from clients.programs import CLIENTS  # noqa: E402


def played(corpus):
    """What clients are tried on: regressions, but for conversations, and scripts of replies."""
    paths = sorted(Path(corpus, "regressions").glob("*.yaml")) + sorted(Path(corpus, "clients").glob("*.replies"))
    return [path for path in paths if not path.name.startswith("fetch-")]


def differences(corpus, clients=CLIENTS):
    """A line for each name that is in one of both alone."""
    names = [path.stem for path in played(corpus)]
    for client in clients:
        want = {name for name in names if name.split("-")[0] in client.models}
        path = os.path.join(corpus, "clients", client.name + ".txt")
        have = {line.split(" ")[0] for line in Path(path).read_text("utf-8").splitlines()[1:]}
        for name in sorted(want - have):
            yield f"{path}: {name} is not listed: make clients BLESS=1 CLIENT={client.name} writes it anew"
        for name in sorted(have - want):
            yield f"{path}: {name} is listed, and is no input of it"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    try:
        lines = list(differences(sys.argv[1]))
    except (OSError, ValueError) as error:
        print(f"listed.py: {error}", file=sys.stderr)
        return 2
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
