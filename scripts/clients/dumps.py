#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs lspci and setpci of pciutils, unmodified, on dumps of configuration spaces, and holds them to their models.

Every input of kind pci or pcie below CORPUS that the reference calls plain becomes one device of a dump; nothing
else is handed to them. Of `lspci -F DUMP -vv` the lines `Capabilities: [OFFSET]` count, with their marks in angle
brackets: they have to be what the model `lspci` delivers, and on CORPUS/spaces what `pcicaps` does. `setpci -A dump`
is asked for the header of each id that the model `libpci` finds first, and for one that it does not find.

With --root the programs of that root are run, by chroot; may be repeated.

Exit status: 0; 1 one says otherwise than its model; 2 CAPCHAIN, CORPUS or the command line cannot be used; 3 no
lspci can be run.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KINDS = ("pci", "pcie")
FOLDERS = ("spaces", "seeds", "regressions")
CAP = re.compile(r"^\s+Capabilities: (?:\[([0-9a-f]+)(?: v\d+)?\])?(.*)$")
# What pciutils says in their place.
MARK = re.compile(r"<(chain looped|chain broken|access denied)>")
# The last id that setpci has a name for.
NAMED = 0xfff
# An id that no input has, of either list.
NOBODY = {"pci": 0x6e, "pcie": 0xffe}


class Unusable(Exception):
    def __init__(self, line, status=2):
        super().__init__(line)
        self.status = status


class Space:
    """One input: its bytes as a device of its own, and what models say of it."""

    def __init__(self, number, path, folder, capchain):
        self.name = os.path.relpath(path)
        self.address = f"{number // 256:02x}:{number // 8 % 32:02x}.{number % 8}"
        raw = path
        if path.endswith(".yaml"):
            raw = os.path.join(folder, os.path.basename(path) + ".bin")
            subprocess.run([capchain, "asm", path, "-o", raw], check=True)
        self.bytes = Path(raw).read_bytes()
        self.real = f"{os.sep}spaces{os.sep}" in os.path.abspath(path)

    def take(self, judged):
        self.kind, self.plain = judged["kind"], judged["class"] == "plain"
        self.caps = {one["name"]: one["caps"] for one in judged["parsers"]}
        return self

    def dump(self):
        """As lspci -xxxx has it; a kind of 256 bytes has no more."""
        shown = self.bytes[:256 if self.kind == "pci" else 4096]
        lines = [f"{at:02x}: " + " ".join(f"{byte:02x}" for byte in shown[at:at + 16]) for at in range(0, len(shown), 16)]
        return "\n".join([f"{self.address} Device", *lines, "", ""])

    def expected(self, model):
        """Offsets of its list: of the extended one those below 256 are none of its."""
        return [cap["offset"] for cap in self.caps[model]]


def load(capchain, corpus, folder):
    paths = sorted(os.path.join(corpus, place, name) for place in FOLDERS if os.path.isdir(os.path.join(corpus, place))
                   for name in os.listdir(os.path.join(corpus, place)) if name.split("-")[0] in KINDS)
    if not paths:
        raise Unusable(f"dumps: {corpus}: no configuration space in it")
    try:
        done = subprocess.run([capchain, "check", "--json", *paths], capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unusable(f"dumps: {capchain}: {error.strerror}; build it with make") from error
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode not in (0, 1) or len(lines) != len(paths):
        raise Unusable(f"dumps: {capchain} does not judge what it is given; build it with make")
    plain = [(path, line) for path, line in zip(paths, lines) if line["class"] == "plain"]
    return [Space(i, path, folder, capchain).take(line) for i, (path, line) in enumerate(plain)]


def run(root, *command):
    inside = ["/usr/sbin/chroot", root] if root else []
    # Each stream for itself: a warning can land inside a line of the other.
    done = subprocess.run([*inside, *command], capture_output=True, text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def lists_of(text):
    """{address: [(offset or None, mark or None)]}, of what lspci prints."""
    lists, at = {}, None
    for line in text.splitlines():
        if line and not line[0].isspace():
            at = lists.setdefault(line.split()[0].removeprefix("0000:"), [])
            continue
        found = CAP.match(line)
        mark = MARK.search(line) if found else None
        if found:
            at.append((int(found[1], 16) if found[1] else None, mark and mark[1]))
    return lists


def hold_lspci(root, path, spaces):
    """Each line of those that differ."""
    status, text = run(root, "lspci", "-F", path, "-vv")
    lists, wrong = lists_of(text), []
    if status:
        return [f"lspci ended with {status}"]
    for space in spaces:
        got = [offset for offset, mark in lists.get(space.address, ())
               if not mark and (space.kind == "pci" or (offset or 0) >= 256)]
        if got != space.expected("lspci") or (space.real and got != space.expected("pcicaps")):
            wrong.append(f"{space.name}: lspci lists {[hex(at or 0) for at in got]}, its model "
                         f"{[hex(at) for at in space.expected('lspci')]}")
    return wrong


def hold_setpci(root, path, spaces):
    wrong = []
    for space in spaces:
        name, width = ("CAP", "w") if space.kind == "pci" else ("ECAP", "l")
        first = {}
        for cap in space.caps["libpci"]:
            if cap["id"] <= NAMED:
                first.setdefault(cap["id"], cap["offset"])
        size = 2 if width == "w" else 4
        want = [int.from_bytes(space.bytes[at:at + size], "little") for at in first.values()]
        ask = ["setpci", "-A", "dump", "-O", f"dump.name={path}", "-s", space.address]
        if first:
            status, text = run(root, *ask, *(f"{name}{cap:x}+0.{width}" for cap in first))
            if status or [int(word, 16) for word in text.split()] != want:
                wrong.append(f"{space.name}: setpci ends with {status} and says {text.split()}, its model {first}")
        if run(root, *ask, f"{name}{NOBODY[space.kind]:x}+0.{width}")[0] != 1:
            wrong.append(f"{space.name}: setpci finds an id that is not there")
    return wrong


def work(options, folder):
    spaces = load(options.capchain, options.corpus, folder)
    status = 0
    for root in options.root or [""]:
        where = root or "here"
        if not shutil.which("lspci", path=f"{root}/usr/bin:{root}/usr/sbin"):
            raise Unusable(f"dumps: no lspci {'in ' + root if root else 'here'} (Debian package pciutils)", 3)
        inside = tempfile.mkdtemp(dir=f"{root}/tmp" if root else folder)
        try:
            # One bus has 256 functions.
            path = os.path.join(inside, "dump")
            Path(path).write_text("".join(space.dump() for space in spaces), "ascii")
            shown = path.removeprefix(root) if root else path
            wrong = hold_lspci(root, shown, spaces) + hold_setpci(root, shown, spaces)
        finally:
            shutil.rmtree(inside)
        version = run(root, "lspci", "--version")[1].strip()
        real = sum(space.real for space in spaces)
        print(f"{version}, {where}: {len(spaces)} plain spaces, {real} of them of devices: {len(wrong)} read otherwise "
              "than the models lspci and libpci have it")
        for line in wrong:
            print(f"  {line}")
        status |= bool(wrong)
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", metavar="DIR", action="append", help="whose programs to run, by chroot")
    parser.add_argument("capchain", metavar="CAPCHAIN")
    parser.add_argument("corpus", metavar="CORPUS")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="dumps-") as folder:
            return work(options, folder)
    except Unusable as error:
        print(error, file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"dumps: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
