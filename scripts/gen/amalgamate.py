#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Write the sources of every parser into a C table, for `capchain emit`.

OUT.c appears whole or not at all. It defines emit_sources, a row a parser with its files in the order in which
they have to stand, and emit_host_header and emit_host, the part that is always the same; fuzz/triage/emit.h
declares them. mk/objects.mk makes two: of the registered parsers, and of those that are planted for tests of triage.

A parser's sources are the one SOURCE that defines `const struct info_parser NAME_parser`, every file that it
includes with quotes, and for each X.h the X.c beside it among the SOURCEs. In a file made of all of them static
names could meet, so those of every file but the parser's own are renamed while it lasts, and its macros end with
it. Parser `bpf` is left out: it runs in the kernel.

Exit status: 0; 2 the command line or a file cannot be used, a parser has no source or more than one, or none is
registered; 5 OUT.c cannot be written.
"""
import argparse
import os
import re
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from gen import whole  # noqa: E402

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)".*\n', re.M)
PARSER = re.compile(r"\bPARSER\((\w+)\)")
DEFINES = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
UNDEFS = re.compile(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.M)
# Static functions and objects at file scope.
STATIC = re.compile(r"^static\b(?! inline)[^;={(\[]*?\b(\w+)[ \t]*[\[(=;]", re.M)
# What programs take as it is; every other walk is restated.
VENDORED = ("bounded.h",)
# What runs in the kernel is no C that stands alone.
NOT_ALONE = ("bpf",)


def fail(line, status=2):
    print(f"amalgamate: {line}", file=sys.stderr)
    sys.exit(status)


def read(path):
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path}: {error}")


class Tree:
    """The files of the project that a parser is made of."""

    def __init__(self, sources):
        self.sources = {os.path.normpath(path) for path in sources}
        self.texts = {path: read(path) for path in sorted(self.sources)}

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = read(path)
        return self.texts[path]

    def included(self, path):
        return [os.path.normpath(os.path.join(os.path.dirname(path), name))
                for name in INCLUDE.findall(self.text(path))]

    def order(self, parser):
        """Headers before what includes them, companions before the parser's own file."""
        done, companions = [], []

        def visit(path):
            if path in done:
                return
            for header in self.included(path):
                visit(header)
            if path not in done:
                done.append(path)
            # A header that others copy stands in include/, below its companion.
            for beside in (path[:-2] + ".c", path.replace("/include/", "/")[:-2] + ".c"):
                if path.endswith(".h") and beside in self.sources - {parser, *companions}:
                    companions.append(beside)

        for header in self.included(parser):
            visit(header)
        for companion in companions:  # grows while it is gone through
            visit(companion)
        return done + [parser]

    def defining(self, name):
        """The file with `const struct info_parser NAME_parser`; where a macro makes it, with NAME."""
        found = []
        for wanted in (rf"(?<!extern )const struct info_parser {name}_parser\b", rf"\b{name}\b"):
            found = found or [path for path in sorted(self.sources) if re.search(wanted, self.texts[path])]
        if len(found) != 1:
            fail(f"{len(found)} sources define {name}_parser; want one")
        return found[0]


def body(text, path, is_parser):
    """The text of one file as it stands in the one made of all."""
    text = INCLUDE.sub("", text)
    if is_parser or path.endswith(".h"):
        return text
    stem = re.sub(r"\W", "_", os.path.basename(path)[:-2])
    renamed = list(dict.fromkeys(name for name in STATIC.findall(text) if not name.startswith(stem + "_")))
    macros = dict.fromkeys(DEFINES.findall(text))
    for name in UNDEFS.findall(text):
        macros.pop(name, None)
    return "".join([f"#define {name} {stem}_{name}\n" for name in renamed] + [text] +
                   [f"#undef {name}\n" for name in (*renamed, *macros)])


def literal(text):
    """A C string of @text, a line each."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("?", "\\?")
    return "\n".join(f'\t"{line}\\n"' for line in escaped.split("\n")[:-1]) or '\t""'


class Table:
    """The C file: each text once, each parser as a list of them."""

    def __init__(self):
        self.numbers, self.lines = {}, ["/* Made from the parsers' sources by scripts/gen/amalgamate.py. */",
                                        '#include "fuzz/triage/emit.h"', ""]

    def file(self, path, text):
        """The C name of a file."""
        if (path, text) not in self.numbers:
            number = self.numbers[(path, text)] = len(self.numbers)
            self.lines += [f"static const struct emit_file file_{number} = {{\"{path}\",", literal(text) + "};"]
        return f"&file_{self.numbers[(path, text)]}"

    def list_of(self, name, files):
        self.lines.append(f"static const struct emit_file *const {name}[] = {{{', '.join(files)}, 0}};")


def main():
    parser = argparse.ArgumentParser(prog="amalgamate.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("out", metavar="OUT.c", help="the table to write")
    add("registry", metavar="REGISTRY.h", help="lists the parsers as PARSER(NAME), after PARSERS")
    add("host", metavar="HOST", nargs=2, help="header and source of what calls the walk")
    add("sources", metavar="SOURCE.c", nargs="+", help="where parsers and what they use may stand")
    options = parser.parse_args()
    tree, table, rows = Tree(options.sources), Table(), []
    for name in PARSER.findall(read(options.registry).split("#define PARSERS", 1)[-1]):
        if name in NOT_ALONE:
            continue
        source = tree.defining(name)
        order = tree.order(source)
        table.list_of(f"files_{name}", [table.file(path, body(tree.text(path), path, path == source)) for path in order])
        own = any(os.path.basename(path) in VENDORED for path in order)
        rows.append(f'\t{{"{name}", "{source}", {"false" if own else "true"}, files_{name}}},')
    if not rows:
        fail(f"{options.registry}: no PARSER(name) in it")
    header, host = (table.file(path, body(read(path), path, True)) for path in options.host)
    table.lines += ["const struct emit_source emit_sources[] = {", *rows, "};",
                    f"const size_t emit_source_count = {len(rows)};",
                    f"const struct emit_file *const emit_host_header = {header};",
                    f"const struct emit_file *const emit_host = {host};", ""]
    try:
        whole.write(options.out, "\n".join(table.lines))
    except OSError as error:
        fail(f"{options.out}: {error.strerror}", 5)


if __name__ == "__main__":
    main()
