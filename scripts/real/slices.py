# SPDX-License-Identifier: MIT
"""
One reader out of one tree: the definitions that its roots pull in are found, held to what is recorded of them,
and compiled with its shim and adapter (parsers/real/) into one object that shows one symbol.
"""

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fuzz.own import EVERY_ACCESS, ROOT, SCALAR
from fuzz.own_tools import MISSING, UNUSABLE, Refused, shown
from gen.whole import write
from real import closure, cut

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slices")
SHIMS = "parsers/real"
# Inlined, a load whose value nobody uses may go, or move behind a check. A program's own build may do that too.
AS_WRITTEN = ["-O2", "-fno-inline"]
OURS = ["-std=gnu11", "-D_GNU_SOURCE", *AS_WRITTEN, "-g", "-gdwarf-4", "-iquote", ROOT]


@dataclass(frozen=True)
class Reader:
    """@part of @program as @version has it, in @tree; @name is what it is registered as."""
    name: str
    program: object
    part: object
    version: tuple
    tree: str

    @property
    def symbol(self):
        return "real_" + re.sub(r"\W", "_", self.name)


def version_of(program, tree):
    """What @tree says of its version, two numbers."""
    name, pattern = program.version
    try:
        text = Path(tree, name).read_text("utf-8", "replace")
    except OSError as error:
        raise Refused(f"{shown(tree)}: {name}: {error.strerror}; it is no tree of {program.name}") from None
    found = re.search(pattern, text, re.M)
    if not found:
        raise Refused(f"{shown(tree)}: {name} does not say a version; it is no tree of {program.name}")
    return int(found[1]), int(found[2])


def readers_of(program, tree, suffix=None):
    """Its readers; with @suffix they are those of a tree of somebody's: qemu@10.2-src."""
    version = version_of(program, tree)
    parts = program.parts_of(version)
    text = ".".join(map(str, version))
    if not parts:
        raise Refused(f"{shown(tree)}: {program.name} {text}: no recipe for this version; scripts/real/programs.py "
                      "has them")
    return [Reader(f"{part.name}@{text}{suffix or ''}", program, part, version, tree) for part in parts]


def index_of(program, tree):
    files = []
    for pattern in program.files:
        for path in sorted(Path(tree).glob(pattern)):
            files.append((str(path.relative_to(tree)), path.read_text("utf-8", "replace")))
    if not files:
        raise Refused(f"{shown(tree)}: has none of {' '.join(program.files)}")
    return cut.Index(files)


def compiler():
    return shlex.split(os.environ.get("CLANG") or "clang")


def flags_of(reader):
    define = f"REAL_{reader.program.name.replace('-', '_').upper()}"
    return [*OURS, f'-DREAL_NAME="{reader.name}"',
            f"-D{define}={100 * reader.version[0] + reader.version[1]}", *reader.program.define, *reader.part.define,
            *(f"-I{os.path.join(reader.tree, folder)}" for folder in reader.program.includes)]


class Slice:
    """The text of a reader, @pieces that it is made of and functions that are @stubbed."""

    def __init__(self, reader):
        self.reader, program = reader, reader.program
        index = index_of(program, reader.tree)
        shim, adapter = (f"{SHIMS}/{program.name}{end}" for end in (".shim.h", ".adapter.h"))
        check = closure.check_with([*compiler(), *flags_of(reader)])

        def text(chosen, stubbed):
            return cut.slice_text(index, chosen, stubbed, program.noted, shim, adapter)

        try:
            roots = closure.roots_of(index, reader.part.roots)
            self.pieces, self.stubbed = closure.closed(index, roots, program.stubs,
                                                       lambda chosen, stubbed: check(text(chosen, stubbed)))
        except closure.Lacking as lacking:
            lines = "".join(f"\n  {line}" for line in str(lacking).splitlines()[:40])
            raise Refused(f"{reader.name}: {shown(reader.tree)}: it cannot be sliced:{lines}") from None
        except FileNotFoundError:
            raise Refused(f"{compiler()[0]} is missing: Debian's clang", MISSING) from None
        self.text = text(self.pieces, self.stubbed)

    def lines(self):
        return sum(piece.text.count("\n") for piece in self.pieces)

    def functions(self):
        return sum(piece.kind == "function" for piece in self.pieces)

    def record(self):
        """What it is made of, a line a definition: names and files, none of their text."""
        listed = sorted(f"{piece.kind} {piece.name} {piece.path}" for piece in self.pieces)
        return "\n".join([*listed, *(f"nothing {name}" for name in self.stubbed)]) + "\n"

    def hold_to_record(self, bless):
        """Lines of what has changed against what was recorded; blessed, it is recorded anew."""
        path = os.path.join(RECORDED, self.reader.name)
        try:
            before = Path(path).read_text("ascii").splitlines()
        except OSError:
            before = []
        now = self.record().splitlines()
        changed = [f"{self.reader.name}: - {line}" for line in before if line not in now]
        changed += [f"{self.reader.name}: + {line}" for line in now if line not in before]
        if changed and bless:
            os.makedirs(RECORDED, exist_ok=True)
            write(path, self.record())
        return changed

    def compile(self, folder):
        """Its object: every access calls a hook, its heap is the arena's, and it shows its reader alone."""
        folder = os.path.join(folder, self.reader.name)
        os.makedirs(folder, exist_ok=True)
        source = os.path.join(folder, "slice.c")
        write(source, self.text)
        return compile_reader(source, flags_of(self.reader), "capchain_parser", self.reader.symbol)


def compile_reader(source, flags, symbol, shown_as):
    """The object of @source: hooks for every access, its heap the arena's, and one symbol, @symbol as @shown_as."""
    whole, made = source + ".whole.o", source + ".o"
    syms = os.path.join(ROOT, "parsers", "own", "heap.syms")
    for command, what in (
            ([*compiler(), *flags, *EVERY_ACCESS, *SCALAR, "-c", source, "-o", whole], "does not compile"),
            (["objcopy", f"--redefine-syms={syms}", f"--keep-global-symbol={symbol}", whole, made], "objcopy fails"),
            (["objcopy", f"--redefine-sym={symbol}={shown_as}", made], "objcopy fails")):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Refused(f"{command[0]} is missing: Debian's clang and binutils", MISSING) from None
        if done.returncode:
            raise Refused(f"{shown(source)}: {what}:\n{done.stderr}", UNUSABLE)
    return made


def shim_lines(program):
    """Lines of its shim, comments and empty ones apart."""
    text = Path(ROOT, SHIMS, f"{program.name}.shim.h").read_text("ascii")
    return sum(bool(line.strip()) for line in re.sub(r"/\*.*?\*/", "", text, flags=re.S).splitlines())
