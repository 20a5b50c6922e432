#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds folders and files to the order of rooms in fuzz/README.md.

Its table has a row a room, from the bottom up: its name, the rooms that it uses, and the headers that it
never reads, by whatever way. What a file includes is taken from what the compiler read: the .d files of every
configuration below BUILD, tests left out, and what none of them names from its lines alone. What a file calls
is taken from the objects of CONFIG. One line for

  an include of a room that the row does not name, or of one further down in the table
  a name in a row that no file of the room needs
  files that include each other in a circle, or call each other in one; x.c and x.h are one file. Of several
  circles the first is named
  a header that a room never reads, and reads
  a folder of more than 40 files, and two sources of one name

Run it at the top of the tree. Exit status: 0; 1 after such lines; 2 wrong usage, or no table; 3 nothing was
built.
"""

import argparse
import collections
import graphlib
import os
import re
import subprocess
import sys
from pathlib import Path

TABLE = os.path.join("fuzz", "README.md")
TREES = ("fuzz", "parsers")
COUNTED = ("fuzz", "parsers", "scripts")
FILES_MAX = 40
# What somebody who builds elsewhere includes by these names.
FORWARDS = "parsers/own/capchain"
# Headers that are compiled elsewhere alone.
ELSEWHERE = (FORWARDS, "parsers/real")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def refuse(status, line):
    print(f"rooms.py: {line}", file=sys.stderr)
    sys.exit(status)


def rooms_of():
    """{room: (its uses, what it never reads)} in the order of the table."""
    rooms = {}
    for line in Path(TABLE).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        found = re.fullmatch(r"`((?:fuzz|parsers)[\w/-]*)/`", cells[0])
        if found and len(cells) == 4:
            rooms[found[1]] = (re.findall(r"`([\w/-]+)/`", cells[2]), re.findall(r"`([\w.]+)`", cells[3]))
    return rooms


def is_test(path):
    return path.endswith("_test.c") or path.startswith("fuzz/parsers/")


def read_by_compiler(build, known):
    """{source: what was read for it}, of every object that is no test's."""
    read = collections.defaultdict(set)
    for deps in Path(build).glob("*/obj/**/*.d"):
        rule = deps.read_text("utf-8").replace("\\\n", " ").split("\n", 1)[0]
        paths = [os.path.relpath(path) for path in rule.split(":", 1)[-1].split()]
        # An object of a source that is gone, or was made by a script.
        if paths and paths[0] in known and not is_test(paths[0]):
            read[paths[0]] |= known & set(paths)
    return read


def includes(path):
    """(what it includes of ours, the names of all else)."""
    lines = INCLUDE.findall(Path(path).read_text("utf-8"))
    return ({os.path.normpath(os.path.join(os.path.dirname(path), ours)) for ours, _ in lines if ours},
            {os.path.basename(other) for _, other in lines if other})


def unit(path):
    return os.path.splitext(path)[0]


def circles(what, edges):
    """The first circle of names, if there is one."""
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as circle:
        yield f"a circle of {what}: {', '.join(sorted(set(circle.args[1])))}"


def calls(build, config, known):
    """{file: files that define what it calls}: of symbols that one file alone defines."""
    top = os.path.join(build, config, "obj")
    objects = [path for path in (os.path.join(top, unit(source) + ".o") for source in sorted(known)
                                 if source.endswith(".c") and not is_test(source)) if os.path.exists(path)]
    if not objects:
        refuse(3, f"no object below {top}: make {config}'s first")
    said = subprocess.run(["nm", "-A", *objects], capture_output=True, text=True, check=True).stdout
    defines, wants = collections.defaultdict(set), collections.defaultdict(set)
    for line in said.splitlines():
        path, rest = line.split(":", 1)
        kind, name = rest.split()[-2:]
        (wants if kind == "U" else defines)[name].add(unit(os.path.relpath(path, top)))
    edges = collections.defaultdict(set)
    for name, users in wants.items():
        if len(defines[name]) == 1:
            for user in users - defines[name]:
                edges[user] |= defines[name]
    return edges


def folder_faults():
    for tree in COUNTED:
        for folder, dirs, names in os.walk(tree):
            dirs[:] = [name for name in dirs if name != "__pycache__"]
            if len(names) > FILES_MAX:
                yield f"{folder} holds {len(names)} files, which is more than {FILES_MAX}"


def name_faults(known):
    places = collections.defaultdict(list)
    for path in known:
        if os.path.dirname(path) != FORWARDS:
            places[os.path.basename(path)].append(path)
    for paths in places.values():
        if len(paths) > 1:
            yield f"{' and '.join(sorted(paths))} have one name"


def edge_faults(rooms, edges):
    """What the include lines break of the table. edges: {(room, room): (file, file)}."""
    order = list(rooms)
    for (user, used), (by, what) in sorted(edges.items()):
        for room, path in ((user, by), (used, what)):
            if room not in rooms:
                yield f"{path} is in {room}, which is no room of {TABLE}"
        if user in rooms and used in rooms and used not in rooms[user][0]:
            yield f"{by} includes {what}: {user} does not use {used}"
    for room, (uses, _) in rooms.items():
        for used in uses:
            if used not in rooms or order.index(used) > order.index(room):
                yield f"{TABLE}: {room} uses {used}, which does not stand above it"
            elif (room, used) not in edges:
                yield f"{TABLE}: {room} uses {used}, and no file of it does"


def never_faults(rooms, read, lines):
    for path, files in sorted(read.items()):
        never = rooms.get(os.path.dirname(path), ((), ()))[1]
        for other in sorted(files):
            seen = {os.path.basename(other), *lines[other][1]} if other != path else lines[other][1]
            yield from (f"{path} reads {name}, by {other}" for name in never if name in seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", action="store_true", help="which room uses which")
    parser.add_argument("build", metavar="BUILD")
    parser.add_argument("config", metavar="CONFIG")
    asked = parser.parse_args()
    known = {str(path) for tree in TREES for path in Path(tree).rglob("*.[ch]")}
    rooms = rooms_of() or refuse(2, f"no table of rooms in {TABLE}")
    read = read_by_compiler(asked.build, known) or refuse(
        3, f"no .d file below {asked.build}: make something first")
    product = set(read).union(*read.values())
    # Compiled without .d files, or not here; a header that was read by tests alone is theirs.
    product |= {path for path in known
                if path.endswith(".c") and not is_test(path) or os.path.dirname(path) in ELSEWHERE}
    lines = {path: includes(path) for path in sorted(product)}
    edges, units = {}, collections.defaultdict(set)
    for path, (ours, _) in lines.items():
        for other in sorted(ours & known):
            if os.path.dirname(path) != os.path.dirname(other):
                edges.setdefault((os.path.dirname(path), os.path.dirname(other)), (path, other))
            if unit(path) != unit(other):
                units[unit(path)].add(unit(other))
    if asked.edges:
        for user, used in sorted(edges):
            print(f"{user} -> {used}")
    faults = [*edge_faults(rooms, edges), *folder_faults(), *name_faults(known),
              *circles("includes", units), *circles("calls", calls(asked.build, asked.config, known)),
              *never_faults(rooms, read, lines)]
    print(*faults, f"{len(rooms)} rooms, {len(edges)} edges, {len(read)} sources with what was read for them",
          sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
