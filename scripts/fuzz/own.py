#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Builds capchain with another's parser in it, from its source, object or archive.

`make fuzz PARSER=FILE` and `capchain check --parser FILE` run this. FILE is source (.c, .cc, .cpp,
.cxx, .rs), an object (.o) or an archive (.a), anywhere; it defines `capchain_parser`, as
parsers/own/template.c does, and may define `capchain_loop`, as parsers/own/loop.c does. Nothing of ours is touched: all goes to build/own/NAME-HASH.

Where capchain is installed (`make install`) its archives are beside this script, nothing of ours is
compiled, and what is built goes to capchain/own in $XDG_CACHE_HOME, or in ~/.cache.

Source is compiled with a hook for each access. An object is taken as it is; where it has no hooks, the
sandbox's arena alone watches it, and that is said. All of it becomes one object that shows
these two and nothing else, so names clash with none of ours, and its calls of malloc,
calloc, realloc, free, their kin and C++'s new and delete go to the arena (parsers/own/heap.syms).

environment:
  PARSER_CFLAGS   for compiling source, after our own; words as in a shell
  PARSER_LIBS     what FILE needs: objects and archives, taken in as FILE is; further source,
                  compiled as FILE is; -l and -L options, linked as they are
  CLANG, GCC      compilers

prints the folder that holds capchain and, with --engine, ENGINE/fuzz_KIND_info of each kind that it reads
and, with a loop, ENGINE/fuzz_fetch.

exit status:
  0  built
  2  FILE cannot be used: missing, does not compile or link, breaks the contract
  3  a compiler or tool is missing, or our own side does not build
  5  the build folder cannot be written
"""

import argparse
import fcntl
import functools
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from gen.whole import write  # noqa: E402
from fuzz.own_given import SOURCES, Given, symbols  # noqa: E402
from fuzz.own_tools import (  # noqa: E402
    CANNOT_WRITE, MISSING, PROGRESS, UNUSABLE, Refused, output, run, shown)

ROOT = os.path.dirname(sys.path[0])
SYMBOL, LOOP = "capchain_parser", "capchain_loop"
CPLUSPLUS = re.compile(r"__gxx_personality_v0|_ZN?K?St|_ZTV")
RUST = re.compile(r"rust_eh_personality|__rust_|__rdl_")
RUST_LIBS = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"]
# What has clang call for each access, of struct copies and vectors too, which trace-loads does not hear; gcc's
# hooks do. Loops stay scalar, so that each load of theirs is counted.
EVERY_ACCESS = ["-fsanitize=kernel-address"] + [word for option in (
    "asan-instrumentation-with-call-threshold=0", "asan-stack=0", "asan-globals=0", "asan-opt-globals=0")
    for word in ("-mllvm", "-" + option)]
SCALAR = ["-fno-builtin", "-fno-vectorize", "-fno-slp-vectorize"]
SCALAR_GCC = ["-fno-builtin", "-fno-tree-vectorize"]
KINDS = ("device", "region", "iommu", "pci", "pcie")

SEEN = ("load hooks, which see every load of its code and every loop, and libc's functions on memory and "
        "strings by their names; page faults and canaries under what they cannot see (assembly, other "
        "libraries); its heap is in the arena")
UNSEEN = ("page faults and canaries, and libc's functions on memory and strings by their names, since not all "
          "of it has load hooks: loops are not counted, so it walks in a child, and has no answer where that "
          "does not end; loads less than 16 bytes past its own memory are not seen, and where it is trusting "
          "none below the buffer or past argsz; its heap is in the arena")


def locked(folder):
    """Held until it is closed: another own.py waits."""
    os.makedirs(folder, exist_ok=True)
    lock = open(os.path.join(folder, "lock"), "w", encoding="ascii")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def is_tree():
    """Whether this is the source tree, and not what `make install` put elsewhere."""
    return os.path.exists(os.path.join(ROOT, "Makefile"))


def writable(build):
    """Where what is built goes."""
    if is_tree():
        return os.path.join(ROOT, build)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "capchain")


def our_compiler():
    """The configuration of the command: clang's where there is one; as it was installed elsewhere."""
    if is_tree():
        return "clang" if shutil.which(shlex.split(os.environ.get("CLANG") or "clang")[0]) else "gcc"
    return os.listdir(os.path.join(ROOT, "build"))[0]


def jobs():
    """How many at once: JOBS=, or as many as there are processors."""
    said = os.environ.get("JOBS", "")
    return said if said.isdecimal() and said != "0" else str(len(os.sched_getaffinity(0)))


def make(build, *goals):
    """Has make build our side. What a make above this one said of jobs is not for this one."""
    if not is_tree():
        return
    env = {key: value for key, value in os.environ.items()
           if key not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "PARSER",
                          "OWN_PARSER", "KIND", "ENGINE")}
    command = ["make", "-s", "--no-print-directory", "-C", ROOT, f"BUILD={build}"]
    with locked(os.path.join(ROOT, build, "own")):
        # The same words as V=1 has: what would be compiled.
        todo = subprocess.run([*command, "-n", "PROGRESS=", *goals], env=env, capture_output=True, text=True,
                              check=False).stdout.count(" -c ")
        if todo:
            PROGRESS.say(f"building capchain: {todo} files", now=True)
        with subprocess.Popen([*command, f"-j{jobs()}", "PROGRESS=1", *goals], env=env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            done = 0
            for line in process.stdout:
                done += line.startswith("  CC ")
                PROGRESS.say(f"building capchain: {min(done, todo)} of {todo} {' '.join(line.split()[1:])}"
                             if PROGRESS.live else f"building capchain: {min(done, todo)} of {todo}")
    if process.returncode:
        PROGRESS.clear()
        raise Refused("capchain itself does not build; see above", MISSING)


def flags_of(folder):
    """NAME/flags, which make wrote: key to list of words."""
    with open(os.path.join(folder, "flags"), encoding="utf-8") as file:
        return {key: shlex.split(rest) for key, _, rest in
                (line.partition(" ") for line in file.read().splitlines())}


def rust_coverage(flags):
    """clang's -fsanitize-coverage=a,b as rustc's LLVM takes it; the hooks also beside gcc."""
    names = {name for flag in flags if flag.startswith("-fsanitize-coverage=")
             for name in flag.partition("=")[2].split(",")} - {"func"}
    names |= {"trace-loads", "trace-stores"}
    return ["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=3",
            *(f"-Cllvm-args=-sanitizer-coverage-{name}" for name in sorted(names))]


def old_rust():
    """What a rustc is told that does not know unsafe attributes, see parsers/own/template.rs."""
    said = re.match(r"rustc (\d+)\.(\d+)", output(["rustc", "--version"], "rustc").stdout)
    return ["--cfg=capchain_old"] if said and (int(said[1]), int(said[2])) < (1, 82) else []


def hear_all(flags):
    """@flags of a build's parsers, with hooks for each access in the place of those for loads and stores."""
    if "-fsanitize=thread" in flags:
        return [*flags, *SCALAR_GCC]
    kept = []
    for flag in flags:
        key, _, names = flag.partition("=")
        if key == "-fsanitize-coverage":
            left = [name for name in names.split(",") if not name.startswith(("trace-loads", "trace-stores"))]
            kept += [f"{key}={','.join(left)}"] if left != ["func"] else []
        elif key not in ("-fsanitize", "-fsanitize-address-use-after-return"):
            kept.append(flag)
    return [*kept, *EVERY_ACCESS, *SCALAR]


def compile_source(path, out, flags, cflags):
    include = os.path.join(ROOT, "parsers", "own")
    if path.endswith(".rs"):
        command = ["rustc", *old_rust(), "--edition=2021", "--crate-type=staticlib", "--crate-name=own", "-g",
                   "-Copt-level=2", "-Ccodegen-units=1",
                   *rust_coverage(flags["compile"]), *cflags, path, "-o", out]
    else:
        command = [*flags["compiler"], *hear_all(flags["compile"]), "-I", include, *cflags, "-c", path,
                   "-o", out]
    run(command, f"{shown(path)} does not compile: mend it, or set PARSER_CFLAGS")


# What an adapter defines: as what, by which header, and an object of ours that has one.
CONTRACT = {SYMBOL: ("struct info_parser", "parser.h", "parsers/naive.o", "naive_parser"),
            LOOP: ("struct fetch_loop", "fetch_loop.h", "fuzz/fetch/loops/reference.o", "fetch_fetch_loop")}


def check_symbols(given, joined, objects):
    """The one object has a capchain_parser, of the size that the contract's struct has; so a loop, where it is there."""
    names, path = symbols(joined), shown(given.parser)
    if not names.get(SYMBOL, (False,))[0]:
        raise Refused(f"{path}: defines `{LOOP}` and no `{SYMBOL}`, which reads what a loop hands over; "
                      "parsers/own/loop.c has both" if given.has_loop else
                      f"{path}: defines no `{SYMBOL}`; parsers/own/template.c shows how (in C++ and "
                      "Rust it has to be extern \"C\")")
    for symbol, (struct, header, ours, like) in CONTRACT.items():
        defined, kind, size = names.get(symbol, (False, "", 0))
        if kind == "FUNC":
            raise Refused(f"{path}: `{symbol}` is a function, and the contract has it as a const {struct}")
        wanted = symbols(os.path.join(objects, ours))[like][2] if defined else size
        if size != wanted:
            raise Refused(f"{path}: `{symbol}` has {size} bytes, and the contract's {struct} {wanted}: compile it "
                          f"with this tree's parsers/{header}")


def join_objects(given, folder, flags):
    """All that was given as one object with one name, its heap the arena's."""
    parts = []
    for number, path in enumerate(given.files):
        if path.endswith(SOURCES):
            parts.append(os.path.join(folder, f"part{number}.{'a' if path.endswith('.rs') else 'o'}"))
            compile_source(path, parts[-1], flags, given.cflags)
        else:
            parts.append(path)
    whole, own = os.path.join(folder, "whole.o"), os.path.join(folder, "own.o")
    given.has_loop = any(symbols(part).get(LOOP, (False,))[0] for part in parts)
    shows = [SYMBOL, *([LOOP] if given.has_loop else [])]
    run(["ld", "-r", "--force-group-allocation", "-T", os.path.join(ROOT, "fuzz", "own", "text.ld"),
         *(word for name in shows for word in ("-u", name)), "-o", whole, "--start-group", *parts,
         "--end-group"], f"{shown(given.parser)} does not link with its PARSER_LIBS")
    run(["objcopy", f"--redefine-syms={os.path.join(ROOT, 'parsers', 'own', 'heap.syms')}",
         *(f"--keep-global-symbol={name}" for name in shows), whole, own], f"{shown(given.parser)}: objcopy fails")
    return whole, own


def libraries(whole):
    """What its language's runtime wants."""
    names = symbols(whole)
    libs = ["-lstdc++"] if any(map(CPLUSPLUS.match, names)) else []
    return libs + (RUST_LIBS if any(map(RUST.search, names)) else [])


def write_facts(given, folder, out, hooked, flags, seen):
    source = os.path.join(folder, "facts.c")

    def text(line):
        data = os.fsencode(line)
        return '"' + "".join(f"\\{byte:03o}" if byte < 0x20 or byte > 0x7e or byte in b'"\\?'
                             else chr(byte) for byte in data) + '"'

    write(
        source,
        f'#include <stddef.h>\n#include "own.h"\nconst struct own_facts own_facts = {{{int(hooked)},\n'
        f"\t{text(out)},\n\t{text(seen)},\n\t"
        f"{text(given.parser) if given.is_one_c_file() else 'NULL'}}};\n")
    made = os.path.join(folder, "facts.o")
    run([*flags["compiler"], "-c", source, "-I", os.path.join(ROOT, "fuzz", "judge"), "-o", made],
        f"{shown(source)} does not compile", MISSING)
    return made


def digest(paths, command):
    made = hashlib.sha256("\0".join(command).encode("utf-8", "replace"))
    for path in paths:
        made.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return made.hexdigest()


def link(out, command, inputs, given):
    """Links @out where what goes into it has changed; it appears whole."""
    command = [*command, *inputs]
    key, stamp = digest([path for path in inputs if os.path.isfile(path)], command), out + ".stamp"
    try:
        with open(stamp, encoding="ascii") as file:
            if file.read() == key and os.access(out, os.X_OK):
                return
    except OSError:
        pass
    run([*command, "-o", out + ".tmp"],
        f"{shown(given.parser)} does not link: name what it needs in PARSER_LIBS",
        env={**os.environ, "AFL_QUIET": "1"})
    os.replace(out + ".tmp", out)
    write(stamp, key)


@functools.cache
def build_side(given, build, folder, config, hooked):
    """Compiles the parser as @config does: flags, the objects to link, the libraries after them."""
    place, side = os.path.join(ROOT, build, config), os.path.join(folder, config)
    os.makedirs(side, exist_ok=True)
    flags = flags_of(place)
    whole, own = join_objects(given, side, flags)
    # AddressSanitizer changes sizes, and the command, which comes first, is built without.
    if config in ("clang", "gcc"):
        check_symbols(given, whole, os.path.join(place, "obj"))
    facts = write_facts(given, side, os.path.join(os.path.relpath(folder), "capchain"), hooked, flags,
                        SEEN if hooked else UNSEEN)
    join = os.path.join(place, "obj", "fuzz", "own", "register.o")
    libs = libraries(whole)
    # A Rust library is large, and of no more use.
    for name in os.listdir(side):
        if name.startswith(("part", "whole")):
            os.unlink(os.path.join(side, name))
    return place, flags, [own, facts, join], [*given.options, *libs]


def build_command(given, build, folder, hooked):
    config = our_compiler()
    make(build, f"own-{config}")
    place, flags, objects, libs = build_side(given, build, folder, config, hooked)
    out = os.path.join(folder, "capchain")
    link(out, [*flags["linker"], *flags["link"]],
         [*objects, os.path.join(place, "own_command.a"), os.path.join(place, "own.a"), *libs,
          "-lyaml", "-ljansson"], given)
    # What the contract refuses is refused when the program starts.
    said = output([out, "list", "--json"])
    if said.returncode:
        line = (said.stderr.strip().splitlines() or ["it does not start"])[-1]
        raise Refused(f"{shown(given.parser)}: {line.removeprefix('capchain: ')}",
                      max(said.returncode, UNUSABLE))
    return next(one for one in map(json.loads, said.stdout.splitlines()) if one.get("own"))


def build_targets(given, build, folder, engine, hooked, kinds):
    """Targets of a build, of an engine or of none."""
    from fuzz.engines import BUILDS, of_build  # where it is installed there are no engines

    from fuzz.seeds import target_name
    from fuzz.worker import Worker

    of = of_build(engine) if engine in (*BUILDS, "libfuzzer-fast") else Worker
    make(build, f"own-{engine}-targets", *(f"{build}/{path}" for kind in kinds for path in of.beside(kind)))
    place, flags, objects, libs = build_side(given, build, folder, engine, hooked)
    archives = [os.path.join(place, "own.a")]
    # Its loop is in all of them.
    if given.has_loop:
        make(build, f"own-{engine}-fetch")
        archives.insert(0, os.path.join(place, "own_fetch.a"))
    mains = [os.path.join(ROOT, path) for path in flags["mains"]]
    for kind in kinds:
        target = os.path.join(place, "obj", "fuzz", "target", f"target_{kind}.o")
        parts = [os.path.join(place, "obj", part) for part in of.objects(kind)]
        link(os.path.join(folder, engine, target_name(kind)), [*flags["linker"], *flags["link"]],
             [target, *parts, *mains, *objects, *archives, *libs], given)


def first_look(given, build, folder):
    """
    One line of what the parser does with the replies of real kernels in the corpus. What that wants is a
    third of what is built in all, and is built first.
    """
    from fuzz.report import Counts, read_counts

    config, counts = our_compiler(), Counts()
    captured = Path(ROOT, "corpus", "captured")
    registry = Path(ROOT, "parsers", "registry.h").read_text("ascii")
    ours = {name.replace("_", "-") for name in re.findall(r"PARSER\((\w+)\)", registry)}
    build_targets(given, build, folder, config, True, KINDS)
    with tempfile.TemporaryDirectory(prefix="first-look-", dir=folder) as findings:
        # Of a kind that no ioctl answers there is none.
        for kind in (kind for kind in KINDS if any(captured.glob(f"{kind}-*"))):
            run([os.path.join(folder, config, f"fuzz_{kind}_info"), *sorted(captured.glob(f"{kind}-*"))],
                f"{shown(given.parser)}: it does not run on replies of kernels; see above", stderr=subprocess.DEVNULL,
                env={**os.environ, "CAPCHAIN_FINDINGS": findings, "CAPCHAIN_GO_ON": "1"})
        for path in Path(findings, "counts").iterdir():
            counts.add(read_counts(path))
    name, = set(counts.parsers) - ours
    broken = [bucket for bucket, (_, breaks) in counts.buckets.items() if breaks]
    return (f"{name}: {counts.walked} replies of real kernels, "
            f"{'a promise is broken: ' + ', '.join(sorted(broken)) if broken else 'no promise broken'}")


class Built:
    """What was made of FILE: the @folder that has it, and @facts, what `list --json` says of the parser."""

    def __init__(self, parser, build, engine=None, kinds=None, say=None):
        given = Given(parser)
        PROGRESS.what = f"building {shown(os.path.basename(parser))}"
        self.folder = given.folder(writable(build))
        self.command = os.path.join(self.folder, "capchain")
        with locked(self.folder):
            hooked = given.hooked()
            # Where it has no hooks nothing would end a loop.
            if say and hooked:
                line = first_look(given, build, self.folder)
                PROGRESS.clear()
                say(line)
            self.facts = build_command(given, build, self.folder, hooked)
            self.kinds = self.only_read(kinds)
            if engine:
                build_targets(given, build, self.folder, engine, hooked, self.kinds)
        self.seen = f"{shown(parser)}: seen by {SEEN if hooked else UNSEEN}"
        PROGRESS.clear()

    def only_read(self, kinds):
        """Of @kinds those that it reads, and fetch where it brings a loop; all of these where none are given."""
        reads = [*self.facts["kinds"], *(["fetch"] if self.facts["asks"] else [])]
        found = [kind for kind in kinds or reads if kind in reads]
        if not found and "fetch" in kinds:
            raise Refused(f"KIND=fetch: `{LOOP}`, which asks, is missing beside `{SYMBOL}`; parsers/own/loop.c shows "
                          f"how, or say KIND={reads[0]}")
        if not found:
            raise Refused(f"{self.facts['parser']} does not read {' or '.join(kinds)}: its .reads has "
                          f"{', '.join(reads)}; say KIND={reads[0]}")
        return found


def main(arguments):
    parser = argparse.ArgumentParser(prog="own.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("libfuzzer", "libfuzzer-fast", "afl"),
                        help="build its fuzz targets too")
    parser.add_argument("--kind", action="append", help="targets of this kind alone; may be given again (all "
                        "that it reads)")
    parser.add_argument("--build", default="build", metavar="DIR", help="(build)")
    parser.add_argument("--command", action="store_true", help="print the path of capchain")
    parser.add_argument("parser", metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        if options.engine and not is_tree():
            raise Refused("targets are built in the source tree alone: make fuzz PARSER=FILE")
        built = Built(options.parser, options.build, options.engine, options.kind)
        if options.engine:
            print(f"capchain: {built.seen}", file=sys.stderr)
        print(built.command if options.command else os.path.relpath(built.folder))
        return 0
    except Refused as refused:
        print(f"capchain: {refused}", file=sys.stderr)
        return refused.status
    except OSError as error:
        print(f"capchain: {error.filename or options.build}: {error.strerror}", file=sys.stderr)
        return CANNOT_WRITE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
