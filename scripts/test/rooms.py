#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds folders and files to the order of rooms in fuzz/README.md.

usage: scripts/test/rooms.py [--root DIR] [--edges] BUILD CONFIG

Its table has a row a room, from the bottom up: its name, the rooms that it uses, and the headers that it
never reads, by whatever way. What a file includes is taken from what the compiler read: the .d files of every
configuration below BUILD, tests left out, and what none of them names from its lines alone. What a file calls
is taken from the objects of CONFIG. One line for

  an include of a room that the row does not name, or of one further down in the table
  a name in a row that no file of the room needs
  files that include each other in a circle, or call each other in one; x.c and x.h are one file
  a header that a room never reads, and reads
  a folder of more than 40 files, and two sources of one name

--edges prints which room uses which. Exit status: 0; 1 after such lines; 2 wrong usage, or no table; 3 nothing was
built.
"""

import argparse
import collections
import glob
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
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def usage(line):
    print(f"rooms.py: {line}", file=sys.stderr)
    sys.exit(2)


def rooms_of(root):
    """{room: (its uses, what it never reads)} in the order of the table."""
    rooms = {}
    with open(os.path.join(root, TABLE), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            found = re.fullmatch(r"`((?:fuzz|parsers)[\w/-]*)/`", cells[0])
            if found and len(cells) == 4:
                rooms[found[1]] = (re.findall(r"`([\w/-]+)/`", cells[2]), re.findall(r"`([\w.]+)`", cells[3]))
    return rooms


def sources(root):
    """Every C source below the rooms, as a path from the root."""
    found = []
    for tree in TREES:
        for folder, _, names in os.walk(os.path.join(root, tree)):
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names if name.endswith((".c", ".h"))]
    return sorted(found)


def is_test(path):
    return path.endswith("_test.c") or path.startswith("fuzz/parsers/")


def read_by_compiler(root, build, known):
    """{source: what was read for it}, of every object that is no test's."""
    read = collections.defaultdict(set)
    for deps in glob.glob(os.path.join(glob.escape(build), "*", "obj", "**", "*.d"), recursive=True):
        rule = Path(deps).read_text("utf-8").replace("\\\n", " ").split("\n", 1)[0]
        paths = [os.path.relpath(os.path.join(root, path), root) for path in rule.split(":", 1)[-1].split()]
        # An object of a source that is gone, or was made by a script.
        if paths and paths[0] in known and not is_test(paths[0]):
            read[paths[0]] |= known & set(paths)
    return read


def includes(root, path):
    """(what it includes of ours, the names of all else)."""
    lines = INCLUDE.findall(Path(os.path.join(root, path)).read_text("utf-8"))
    return ({os.path.normpath(os.path.join(os.path.dirname(path), ours)) for ours, _ in lines if ours},
            {os.path.basename(other) for _, other in lines if other})


def unit(path):
    return os.path.splitext(path)[0]


def circles(edges):
    """Sets of names that reach each other (Tarjan), each sorted."""
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(edges.get(name, ())):
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]
    for name in sorted(edges):
        if name not in index:
            visit(name)
    return found


def calls(build, config, known):
    """{file: files that define what it calls}: of symbols that one file alone defines."""
    top = os.path.join(build, config, "obj")
    objects = [path for path in (os.path.join(top, unit(source) + ".o") for source in sorted(known)
                                 if source.endswith(".c") and not is_test(source)) if os.path.exists(path)]
    if not objects:
        print(f"rooms.py: no object below {top}: make {config}'s first", file=sys.stderr)
        sys.exit(3)
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


def folder_faults(root):
    for tree in COUNTED:
        for folder, dirs, names in os.walk(os.path.join(root, tree)):
            dirs[:] = [name for name in dirs if name != "__pycache__"]
            if len(names) > FILES_MAX:
                yield f"{os.path.relpath(folder, root)} holds {len(names)} files, which is more than {FILES_MAX}"


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


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--root", default=".")
    parser.add_argument("--edges", action="store_true")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("build", nargs="?")
    parser.add_argument("config", nargs="?")
    asked = parser.parse_args()
    if asked.help:
        print(__doc__)
        return 0
    if not asked.config:
        usage("say BUILD and CONFIG; see --help")
    root, known = asked.root, set(sources(asked.root))
    rooms = rooms_of(root)
    if not rooms:
        usage(f"no table of rooms in {os.path.join(root, TABLE)}")
    read = read_by_compiler(root, asked.build, known)
    if not read:
        print(f"rooms.py: no .d file below {asked.build}: make something first", file=sys.stderr)
        return 3
    product = set(read).union(*read.values())
    # Compiled without .d files, or not here; a header that was read by tests alone is theirs.
    product |= {path for path in known
                if path.endswith(".c") and not is_test(path) or os.path.dirname(path) == FORWARDS}
    lines = {path: includes(root, path) for path in sorted(product)}
    edges, units = {}, collections.defaultdict(set)
    for path, (ours, _) in lines.items():
        for other in sorted(ours & known):
            if os.path.dirname(path) != os.path.dirname(other):
                edges.setdefault((os.path.dirname(path), os.path.dirname(other)), (path, other))
            if unit(path) != unit(other):
                units[unit(path)].add(unit(other))
    faults = [*edge_faults(rooms, edges), *folder_faults(root), *name_faults(known)]
    faults += [f"a circle of includes: {', '.join(names)}" for names in circles(units)]
    faults += [f"a circle of calls: {', '.join(names)}" for names in circles(calls(asked.build, asked.config, known))]
    for path, files in sorted(read.items()):
        never = rooms.get(os.path.dirname(path), ((), ()))[1]
        for other in sorted(files):
            seen = {os.path.basename(other), *lines[other][1]} if other != path else lines[other][1]
            faults += [f"{path} reads {name}, by {other}" for name in never if name in seen]
    if asked.edges:
        for user, used in sorted(edges):
            print(f"{user} -> {used}")
    for line in faults:
        print(line)
    print(f"{len(rooms)} rooms, {len(edges)} edges, {len(read)} sources with what was read for them")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
