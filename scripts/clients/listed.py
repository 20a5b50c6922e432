#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the names of regressions with those in the lists of clients, which takes no client.

Usage: listed.py CORPUS

Every regression of a kind that a client walks, and every script of replies in CORPUS/clients, has its line
in CORPUS/clients/NAME.txt, and every line there is one of them. `make clients BLESS=1` writes the lists. A list
begins with a line a system, `# SYSTEM: PACKAGE VERSION`; a line an input has its outcome in the first of these
systems, then each that differs, as in `region-loop-self hang sid=refuse`, with `-` where it was not run. `varies`
is written by hand, where what stands in the heap decides; it stays when the list is written.

Exit status: 0; 1 a name is missing or left over; 2 a list cannot be read.
"""
import os
import re
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from clients.programs import CLIENTS  # noqa: E402
from gen.roots import SYSTEMS

NOT_RUN, VARIES = "-", "varies"
# What a heap forgives varies, and is one outcome with what it does not.
FORGIVEN = {"crash", "over-read"}


class Outcomes:
    """A client's list: what its versions are, and what each input comes to in each system that has it."""

    def __init__(self, path):
        self.path, self.versions, self.words = path, {}, {}
        if not os.path.exists(path):
            return
        for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
            head = re.fullmatch(r"# (\w+): (.+)", line)
            if head:
                self.versions[head[1]] = head[2]
            elif self.versions and re.fullmatch(r"[\w-]+ [\w-]+( \w+=[\w-]+)*", line):
                name, word, *others = line.split(" ")
                self.words[name] = {**dict.fromkeys(self.versions, word), **dict(one.split("=") for one in others)}
            else:
                raise ValueError(f"{path}:{number}: neither `# SYSTEM: PACKAGE VERSION` nor "
                                 "`INPUT OUTCOME [SYSTEM=OUTCOME]...`")

    def systems(self):
        return [system for system in SYSTEMS if system in self.versions]

    def column(self, system):
        """{input: what it comes to there}"""
        return {name: words[system] for name, words in self.words.items() if words.get(system, NOT_RUN) != NOT_RUN}

    def set_column(self, system, version, words):
        """What that system's column is from now on."""
        self.versions[system] = version
        for name in {*self.words, *words}:
            if self.words.setdefault(name, {}).get(system) != VARIES or name not in words:
                self.words[name][system] = words.get(name, NOT_RUN)

    def text(self):
        systems = self.systems()
        lines = [f"# {system}: {self.versions[system]}" for system in systems]
        for name, words in sorted(self.words.items()):
            first, *others = [words.get(system, NOT_RUN) for system in systems]
            if {first, *others} != {NOT_RUN}:
                lines.append(" ".join([name, first, *(f"{system}={word}" for system, word in zip(systems[1:], others)
                                                      if word != first and {word, first} != FORGIVEN)]))
        return "\n".join(lines) + "\n"


def same(one, other):
    """Whether these may be one outcome."""
    return one == other or {one, other} == FORGIVEN or VARIES in (one, other)


def list_path(corpus, client):
    return os.path.join(corpus, "clients", client.name + ".txt")


def played(corpus):
    """What clients are tried on: regressions, but for conversations, and scripts of replies."""
    paths = sorted(Path(corpus, "regressions").glob("*.yaml")) + sorted(Path(corpus, "clients").glob("*.replies"))
    return [path for path in paths if not path.name.startswith("fetch-")]


def plain(corpus):
    """Names of regressions that the reference reads, and says nothing more of."""
    read, noted = (dict(line.split(" ", 1) for line in Path(corpus, "expect", name).read_text("utf-8").splitlines())
                   for name in ("reference.txt", "notes.txt"))
    return {Path(path).stem for path, verdict in read.items() if verdict in ("ok", "absent") and path not in noted}


def inputs_of(client, corpus):
    """Names of what it is tried on; where it reads from a peer, of plain regressions alone."""
    names = {path.stem for path in played(corpus) if path.stem.split("-")[0] in client.models}
    return names & plain(corpus) if client.peer else names


def differences(corpus, clients=CLIENTS):
    """A line for each name that is in one of both alone."""
    for client in clients:
        want = inputs_of(client, corpus)
        path = list_path(corpus, client)
        if not os.path.exists(path):
            raise ValueError(f"{path}: no such list: make clients BLESS=1 CLIENT={client.name} writes it")
        outcomes = Outcomes(path)
        for system in client.packages:
            have = set(outcomes.column(system))
            for name in sorted(want - have):
                yield (f"{path}: {name} is not listed for {system}: make clients BLESS=1 CLIENT={client.name} "
                       f"SYSTEM={system} writes it anew")
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
