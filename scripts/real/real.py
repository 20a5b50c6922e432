#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Puts programs' own readers beside their models, and holds the models to them.

`make real` runs this. The functions that ask for a chain and walk it are cut by name out of each program's source,
as Debian's archive serves it (packages.txt), compiled with a shim of ours (parsers/real/), and registered as
qemu@7.2 and the like. Nothing of theirs is kept outside of build/real/. Then every model is held to its program:
on the corpus, on every chain of two capabilities, and on fuzzed buffers.

  make real                         every program and version that the archive serves
  make real PROGRAM=qemu            one program
  make real SRC=/path/to/qemu       a tree of yours in the place of packages
  make real SRC=/new OLD=/before    what changes between two trees, by class of input
  make real PLANTED=1               each model with one rule changed: every reader has to name it

What the roots pull in is recorded (slices/NAME). Where that changes, or the archive has moved on, BLESS=1 writes
it anew.

exit status:
  0  no model differs from its program, but for what corpus/ledger.yaml excuses
  1  a model differs, or what a slice is made of has changed; a planted model was not named
  2  a tree or a row cannot be used: a function is not there, the shim lacks something
  3  a tool or the network is missing, or no source could be had at all
  5  the build folder cannot be written
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from fuzz import own  # noqa: E402
from fuzz.own_tools import CANNOT_WRITE, MISSING, PROGRESS, Refused, run, shown  # noqa: E402
from gen.whole import write  # noqa: E402
from real import hold, packages, planted  # noqa: E402
from real.programs import PROGRAMS  # noqa: E402
from real.slices import OURS, Slice, compile_reader, readers_of, shim_lines  # noqa: E402

KINDS = hold.KINDS


def say(line=""):
    PROGRESS.clear()
    print(line, flush=True)


def from_archive(options, folder):
    """Readers of every row that is served, and lines of what is not."""
    store, readers, rows, changed = packages.Packages(folder, options.mirror), [], packages.read_rows(), []
    for number, row in enumerate(rows):
        program = PROGRAMS.get(row.program)
        if not program or options.program not in (None, row.program):
            continue
        path = store.fetch(row)
        if not path and row.state == "listed":
            say(f"{row.program} {row.version}: {row.full} is listed, not served")
            continue
        if not path:
            path, row = moved_on(store, row)
            if not path:
                say(f"{row.program} {row.version}: {row.full} was served and is not; nothing newer is")
                continue
            changed.append(f"{row.program} {row.version}: the archive has {row.full} now, which was taken")
        elif row.state == "listed":
            changed.append(f"{row.program} {row.version}: {row.full} is served now")
        rows[number] = packages.replace(row, state="served")
        readers += readers_of(program, store.unpack(row, path, program.wanted()))
    if changed and options.bless:
        packages.write_rows(rows)
    return readers, changed


def moved_on(store, row):
    """The file and row of what the archive has in the place of @row."""
    say(f"{row.program} {row.version}: {row.full} is not served; asking the archive what is")
    newer = store.newer(row)
    return (store.fetch(newer), newer) if newer else (None, row)


def from_tree(path, program, suffix):
    """Readers of a tree of somebody's: of the program that it is."""
    if not os.path.isdir(path):
        raise Refused(f"{shown(path)}: no such folder; SRC= and OLD= are trees of a program's source")
    fits = [one for one in PROGRAMS.values() if program in (None, one.name) and
            all(any(Path(path).glob(pattern)) for pattern in (one.version[0], one.files[-1]))]
    if not fits:
        raise Refused(f"{shown(path)}: is no tree of {program or ', '.join(PROGRAMS)} that a recipe is for")
    return readers_of(fits[0], os.path.abspath(path), suffix)


def sliced(readers, options):
    """Slices of @readers; and lines of what is not as it was recorded."""
    slices, changed = [], []
    for reader in readers:
        PROGRESS.say(f"slicing {reader.name}", now=True)
        one = Slice(reader)
        slices.append(one)
        if not options.src:
            changed += one.hold_to_record(options.bless)
    return slices, changed


def planted_models(slices, folder):
    """{model: (symbol, name, object)}: each with one rule changed."""
    def compile_object(source, beside, symbol, shown_as):
        return compile_reader(source, [*OURS, "-iquote", beside], symbol, shown_as)

    os.makedirs(folder, exist_ok=True)
    models = {model for one in slices for model in one.reader.part.models.values()}
    return {model: planted.plant(model, folder, compile_object) for model in sorted(models)}


def write_table(slices, plants, folder):
    """C of which readers there are, what is held to each, and what is known of the build."""
    def model(part, kind):
        name = part.models.get(kind)
        return f'"{plants[name][1] if plants else name}"' if name else "NULL"

    rows = "".join("\t{&%s, {%s}},\n" % (one.reader.symbol, ", ".join(model(one.reader.part, kind) for kind in KINDS))
                   for one in slices)
    rows += "".join(f"\t{{&{symbol}, {{NULL}}}},\n" for symbol, _, _ in plants.values())
    path = os.path.join(folder, "readers.c")
    write(path, '#include "fuzz/judge/held.h"\n#include "fuzz/judge/own.h"\n' +
          "".join(f"extern const struct info_parser {symbol};\n" for symbol in (
              *(one.reader.symbol for one in slices), *(plant[0] for plant in plants.values()))) +
          "extern const struct held real_readers[];\nextern const size_t real_reader_count;\n"
          "extern const struct own_facts real_facts;\n"
          f"const struct held real_readers[] = {{\n{rows}}};\nconst size_t real_reader_count = {len(slices) + len(plants)};\n"
          f'const struct own_facts real_facts = {{1, "{os.path.relpath(folder)}/capchain", "load hooks", NULL}};\n')
    return path


def build(slices, options, folder):
    """capchain and targets with the readers in them: the command, and {kind: target}."""
    objects = [one.compile(os.path.join(folder, "slices")) for one in slices]
    plants = planted_models(slices, os.path.join(folder, "planted")) if options.planted else {}
    objects += [made for _, _, made in plants.values()]
    table = write_table(slices, plants, folder)
    held = "obj/fuzz/own/join.o"
    command, targets = None, {}
    for config in ("clang", *([options.engine] if options.execs and not options.old else [])):
        goals = [f"own-{config}"] if config == "clang" else [f"own-{config}-targets"]
        own.make(options.build, *goals, f"{options.build}/{config}/{held}")
        place = os.path.join(own.ROOT, options.build, config)
        flags, made = own.flags_of(place), os.path.join(folder, f"readers-{config}.o")
        run([*flags["compiler"], "-c", table, "-iquote", own.ROOT, "-o", made], "the table of readers does not compile",
            MISSING)
        parts = [made, os.path.join(place, held), *objects]
        if config == "clang":
            command = os.path.join(folder, "capchain")
            link([*flags["linker"], *flags["link"], *parts, os.path.join(place, "own_command.a"),
                  os.path.join(place, "own.a"), "-lyaml", "-ljansson"], command)
            continue
        mains = [os.path.join(own.ROOT, path) for path in flags["mains"]]
        for kind in KINDS:
            targets[kind] = os.path.join(folder, f"fuzz_real_{kind}_info")
            more = [os.path.join(place, "obj", part) for part in own_objects(options.engine, kind)]
            link([*flags["linker"], *flags["link"], os.path.join(place, "obj", "fuzz", "target", f"target_{kind}.o"),
                  *more, *mains, *parts, os.path.join(place, "own.a")], targets[kind])
    return command, targets


def own_objects(engine, kind):
    from fuzz.engines import of_build

    return of_build(engine).objects(kind)


def link(command, out):
    run([*command, "-o", out + ".tmp"], f"{shown(out)} does not link", MISSING, doing=f"linking {os.path.basename(out)}")
    os.replace(out + ".tmp", out)


def main(arguments):
    parser = argparse.ArgumentParser(prog="real.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", metavar="DIR", help="(build)")
    parser.add_argument("--program", choices=sorted(PROGRAMS), help="this one alone")
    parser.add_argument("--src", metavar="DIR", help="a tree of yours in the place of packages")
    parser.add_argument("--old", metavar="DIR", help="with --src: what changed since this tree")
    parser.add_argument("--planted", action="store_true", help="hold readers to models with one rule changed")
    parser.add_argument("--bless", action="store_true", help="record what changed")
    parser.add_argument("--mirror", default=packages.MIRROR, metavar="URL", help="of Debian (%(default)s)")
    parser.add_argument("--engine", default="libfuzzer-fast", choices=("libfuzzer", "libfuzzer-fast"))
    parser.add_argument("--execs", type=int, default=100000, metavar="N",
                        help="fuzz each kind for; 0: build no targets (100000)")
    parser.add_argument("--caps", type=int, default=2, choices=(0, 1, 2, 3), help="every small chain of up to (2)")
    parser.add_argument("--json", metavar="FILE", help="what was found, for programs")
    options = parser.parse_args(arguments)
    folder = os.path.join(own.ROOT, options.build, "real")
    try:
        if options.old and not options.src:
            raise Refused("OLD= goes with SRC=: two trees of one program")
        os.makedirs(folder, exist_ok=True)
        with own.locked(folder):
            return work(options, folder)
    except Refused as refused:
        PROGRESS.clear()
        print(f"capchain: {refused}", file=sys.stderr)
        return refused.status
    except OSError as error:
        PROGRESS.clear()
        print(f"capchain: {error.filename or folder}: {error.strerror}", file=sys.stderr)
        return CANNOT_WRITE


def work(options, folder):
    changed = []
    if options.src:
        readers = from_tree(options.src, options.program, "-src")
        readers += from_tree(options.old, readers[0].program.name, "-old") if options.old else []
        folder = os.path.join(folder, "tree")
    elif options.planted:
        readers, changed = from_archive(options, folder)
        folder = os.path.join(folder, "held-to-planted")
    else:
        readers, changed = from_archive(options, folder)
    if not readers:
        raise Refused("no source could be had: see above, or bring a tree: SRC=/path", MISSING)
    slices, more = sliced(readers, options)
    changed += more
    command, targets = build(slices, options, folder)
    say()
    if options.old:
        return hold.changes(command, readers, say)
    found = hold.Held(command, targets, slices, shim_lines, "-planted" if options.planted else "")
    # What is planted has to be found by fuzzing alone.
    if not options.planted:
        found.corpus()
        found.small(options.caps)
    found.fuzzed(options.execs, os.path.join(folder, "findings"))
    if options.planted:
        return found.named(say)
    status = found.tell(say, options.json)
    for line in changed:
        say(line)
    if changed and not options.bless:
        say("what a slice is made of has changed: look at it, then BLESS=1 make real")
    return max(status, int(bool(changed) and not options.bless))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
