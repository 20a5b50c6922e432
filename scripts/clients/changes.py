#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CORPUS/clients/CHANGES.md, of the lists beside it: what came to something else in the next version, program by
cause. The cause is the rule that the input breaks, of a good chain what is odd of it; a script of replies is its
own. `make clients` writes it; where the names of causes alone are new, so does changes.py CAPCHAIN CORPUS.

Exit status: 0; 2 the command line cannot be used; 5 the page cannot be written.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from clients.listed import NOT_RUN, Outcomes, list_path, played, same  # noqa: E402
from clients.programs import CLIENTS
from gen import whole

HEAD = """\
# What changed between versions

Of Debian's programs, from one system's version to the next one's: `make clients` writes this from the lists beside
it. Cause is the rule that an input breaks (`capchain list` has them), or what is odd of a good one, or the script of
replies; inputs has how many changed, and one of them. An over-read that a heap forgives and a crash are one outcome.
"""


def page_path(corpus):
    return os.path.join(corpus, "clients", "CHANGES.md")


def causes(capchain, corpus):
    """{input: its cause}"""
    paths = [str(path) for path in played(corpus)]
    found = {os.path.splitext(os.path.basename(path))[0]: os.path.basename(path)
             for path in paths if path.endswith(".replies")}
    buffers = [path for path in paths if not path.endswith(".replies")]
    said = subprocess.run([capchain, "check", "--json", *buffers], capture_output=True, text=True, check=False).stdout
    for line in map(json.loads, said.splitlines()):
        rules = dict.fromkeys(one["rule"] for one in line["rules"])
        notes = [] if rules else dict.fromkeys(one["note"] for one in line["notes"])
        name = os.path.splitext(os.path.basename(line["file"]))[0]
        found[name] = ", ".join([*list(rules)[:1], *list(notes)[:1]]) or "good"
    return found


def changed(outcomes, cause):
    """{(older system, newer, cause, old, new): inputs}"""
    rows, systems = collections.defaultdict(list), outcomes.systems()
    for older, newer in zip(systems, systems[1:]):
        for name, words in sorted(outcomes.words.items()):
            old, new = words.get(older, NOT_RUN), words.get(newer, NOT_RUN)
            if NOT_RUN not in (old, new) and not same(old, new):
                rows[older, newer, cause.get(name, "gone"), old, new].append(name)
    return rows


def page(capchain, corpus):
    """The whole page."""
    cause, lines = causes(capchain, corpus), [HEAD]
    for client in CLIENTS:
        outcomes = Outcomes(list_path(corpus, client))
        if not outcomes.versions:
            continue
        lines += [f"## {client.name}", ""]
        lines += [f"- {system}: {outcomes.versions[system]}" for system in outcomes.systems()]
        rows = changed(outcomes, cause)
        if rows:
            lines += ["", "| from | to | cause | old | new | inputs |", "|---|---|---|---|---|---|"]
        else:
            lines += ["", "Nothing." if len(outcomes.versions) > 1 else "One version."]
        for (older, newer, why, old, new), names in rows.items():
            lines.append(f"| {older} | {newer} | {why} | {old} | {new} | {len(names)}: {names[0]} |")
        lines.append("")
    return "\n".join(lines)


def write(capchain, corpus):
    whole.write(page_path(corpus), page(capchain, corpus))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("capchain", metavar="CAPCHAIN")
    asked.add_argument("corpus", metavar="CORPUS")
    words = asked.parse_args()
    try:
        write(words.capchain, words.corpus)
    except OSError as error:
        print(f"changes.py: {error}", file=sys.stderr)
        sys.exit(5)
