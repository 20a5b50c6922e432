#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare a kernel's vfio.h with parsers/layout.h, the byte layouts that capchain is built on."""

import argparse
import functools
import os
import re
import sys
from collections import namedtuple
from dataclasses import dataclass

MANUAL = """\
HDR is a vfio.h as the kernel has it (include/uapi/linux/vfio.h) or as a distribution installs it
(/usr/include/linux/vfio.h). The vfio_zdev.h beside it, with the zPCI structs, is read by itself; where there is
none, one line on stderr says so. Each HDR is compared on its own; with more than one, each line names its file.

Compared are struct vfio_info_cap_header, the three INFO structs with their flags, every capability id, and every
struct that starts with a struct vfio_info_cap_header: offsets, widths, elements and the versions that "End of
version N" comments mark. Offsets are those of a 64-bit ABI, which is what kernels write, also to 32-bit callers.
Conditionals (#if) are not evaluated: all of a header counts.

output, one line each on stdout:
  header only: ...   the header has it, layout.h does not: a line to add to layout.h
  layout only: ...   layout.h has it, the header does not: the header is older, or has dropped it
  differs: ...       both have it and disagree: the header is right, mend the line in layout.h

exit status:
  0  both agree wholly, nothing was printed
  1  there is at least one line
  2  unusable input: a file that is missing, empty, binary or no vfio.h, a wrong option

examples:
  scripts/gen/uapi.py /usr/include/linux/vfio.h
  for h in vfio vfio_zdev; do git -C linux show v6.12:include/uapi/linux/$h.h >/tmp/$h.h; done
  scripts/gen/uapi.py /tmp/vfio.h
"""

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READ_MAX = 4 << 20
CAP_HEADER = "vfio_info_cap_header"

# Bytes of a scalar, which are its alignment too.
SCALARS = {f"__{sign}{bits}": bits // 8 for sign in "us" for bits in (8, 16, 32, 64)}
SCALARS.update({"__aligned_u64": 8, "__aligned_s64": 8, "char": 1})

# How the UAPI names the flags and the capability ids of each kind.
KINDS = {
    "DEVICE": ("VFIO_DEVICE_FLAGS_", "VFIO_DEVICE_INFO_CAP_"),
    "REGION": ("VFIO_REGION_INFO_FLAG_", "VFIO_REGION_INFO_CAP_"),
    "IOMMU": ("VFIO_IOMMU_INFO_", "VFIO_IOMMU_TYPE1_INFO_"),
}


class Unusable(Exception):
    """Input that cannot be compared; the text is one line that says what to do."""


class Odd(Exception):
    """A struct in a form that this script does not know; the text is what is odd about it."""


# The rows of layout.h's lists, and which of their columns are numbers.
Info = namedtuple("Info", "kind name minsz end full struct")
Flag = namedtuple("Flag", "kind name bit uapi")
Cap = namedtuple("Cap", "kind id name elements array one two struct uapi")
NUMBERS = {"minsz", "end", "full", "bit", "id"}


@dataclass
class Field:
    """@count: 1, or the elements of a fixed array, or 0 for a flexible array."""

    name: str
    at: int
    width: int
    count: int = 1
    struct: str = ""
    version: int = 1

    def place(self):
        if self.count:
            return f"at {self.at}, {self.width * self.count} bytes"
        return f"at {self.at}, {self.width} bytes each"

    def label(self):
        return self.name if self.count else self.name + "[]"

    def end(self):
        return self.at + self.width * self.count


@dataclass
class Struct:
    """@marks: the N of each "End of version N" comment."""

    fields: list
    size: int
    align: int
    marks: list


def read_text(path, wanted="vfio.h"):
    """The text of a file or pipe, or Unusable."""
    try:
        with open(path, "rb") as file:
            data = file.read(READ_MAX + 1)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}: give the path of a {wanted}") from None
    if not data.strip():
        raise Unusable(f"{path}: is empty: give the path of a {wanted}")
    if len(data) > READ_MAX or b"\0" in data:
        raise Unusable(f"{path}: is binary or too long: give the path of a {wanted}")
    return data.decode("utf-8", "replace")


def bare(text):
    """C text without comments and line splices; an "End of version N" comment becomes @N."""

    def shrink(match):
        if match[0][0] == '"':
            return match[0]
        mark = re.search(r"\bEnd of version (\d{1,4})\b", match[0])
        return f" @{mark[1]} " if mark else " "

    text = text.replace("\r\n", "\n").replace("\\\n", " ")
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', shrink, text, flags=re.DOTALL)


class Header:
    """
    What a vfio.h says. @defines: macro -> text; @inside: macro -> the struct that it stands in;
    @bodies: struct -> its text.
    """

    DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)
    # Up to the brace that closes it; one level of inner braces is enough to find the end.
    STRUCT = re.compile(r"\bstruct\s+(\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}([^;]*);")

    def __init__(self, text):
        text = bare(text)
        self.defines, self.inside, self.bodies, places = {}, {}, {}, {}
        for line in self.DIRECTIVE.finditer(text):
            define = re.match(r"\s*#\s*define\s+(\w+)(?![\w(])(.*)", line[0])
            if define:
                self.defines[define[1]] = re.sub(r"@\d+", "", define[2]).strip()
                places[define[1]] = line.start()
        for match in self.STRUCT.finditer(self.DIRECTIVE.sub(lambda m: " " * len(m[0]), text)):
            self.bodies[match[1]] = match[2] + ";" + match[3]
            self.inside.update({name: match[1] for name, at in places.items() if match.start() < at < match.end()})

    def value(self, text):
        """The integer that `5`, `0x10`, `(1 << 7)` or a macro of such a form is, or None."""
        match = re.fullmatch(r"\(*\s*(0[xX][0-9a-fA-F]{1,16}|0|[1-9]\d{0,18})[uUlL]*"
                             r"\s*(?:<<\s*(\d{1,2})\s*)?\)*", self.defines.get(text, text))
        return int(match[1], 0) << int(match[2] or 0) if match else None

    @functools.lru_cache(None)
    def struct(self, name):
        """Where the fields of struct @name lie, or Odd."""
        if name not in self.bodies:
            raise Odd(f"struct {name} is not in the header")
        made, at = Struct([], 0, 1, []), 0
        for member in re.split(r";|(@\d+)", self.bodies[name]):
            if not member or not member.strip():
                continue
            if member[0] == "@":
                made.marks.append(int(member[1:]))
                continue
            try:
                field, align = self.member(member)
            except Odd as odd:
                raise Odd(f"{odd} in struct {name}") from None
            except RecursionError:
                raise Odd(f"struct {name} is in itself") from None
            field.at = -(-at // align) * align
            field.version = made.marks[-1] + 1 if made.marks else 1
            made.fields.append(field)
            made.align = max(made.align, align)
            at = field.end()
        made.size = -(-at // made.align) * made.align
        return made

    def member(self, text):
        """One declaration: its field, placed at 0, and its alignment."""
        match = re.fullmatch(r"\s*(struct\s+)?(\w+)\s+(\w+)\s*(?:\[\s*(\w*)\s*\])?"
                             r"(?:\s*__counted_by\w*\s*\(\s*\w+\s*\))?\s*", text)
        odd = Odd(f"`{' '.join(text.split())}`")
        if not match or (not match[1] and match[2] not in SCALARS):
            raise odd
        count = 1
        if match[4] is not None:
            count = self.value(match[4]) if match[4] else 0
        if count is None:
            raise odd
        if match[1]:
            inner = self.struct(match[2])
            return Field(match[3], 0, inner.size, count, match[2]), inner.align
        return Field(match[3], 0, SCALARS[match[2]], count), SCALARS[match[2]]


class Layout:
    """The lists of layout.h: @infos, @flags and @caps, @fields by kind or capability, @header."""

    ROWS = {"INFOS": Info, "FLAGS": Flag, "CAPS": Cap}

    def __init__(self, path):
        text = bare(read_text(path, "layout.h"))
        self.rows = dict.fromkeys(self.ROWS, ())
        self.fields = {}
        heads = [(name, int(at)) for name, at in re.findall(r"\bCAP_HEADER_(\w+) = (\d+)", text)]
        try:
            for name, macro, body in re.findall(r"^#define LAYOUT_(\w+)\((\w+)\)([^\n]*)", text, re.MULTILINE):
                made = [[column.strip() for column in row.split(",")]
                        for row in re.findall(rf"\b{macro}\(([^()]*)\)", body)]
                if name in self.ROWS:
                    self.rows[name] = [self.row(self.ROWS[name], columns) for columns in made]
                # LAYOUT_KINDS and its like have rows of other headers, which no ioctl answers.
                elif macro == "FIELD":
                    self.fields[name] = [self.field(*columns) for columns in made]
        except (TypeError, ValueError):
            raise Unusable(f"{path}: LAYOUT_{name} has a row of another form: "
                           "mend it, or teach it to scripts/gen/uapi.py") from None
        self.infos, self.flags, self.caps = self.rows.values()
        wanted = [row.kind for row in self.infos] + [row.name for row in self.caps]
        lacking = [name for name in self.rows if not self.rows[name]]
        lacking += [name for name in wanted if name not in self.fields]
        if lacking or len(heads) < 2:
            name = f"LAYOUT_{lacking[0]}" if lacking else "CAP_HEADER_"
            raise Unusable(f"{path}: has no {name} list: give capchain's parsers/layout.h")
        self.header_size = heads.pop()[1]
        ends = [at for _, at in heads[1:]] + [self.header_size]
        self.header = [Field(name, at, end - at) for (name, at), end in zip(heads, ends)]

    @staticmethod
    def row(row_type, columns):
        row = row_type(*columns)._asdict()
        return row_type(**{name: int(text) if name in NUMBERS else text for name, text in row.items()})

    @staticmethod
    def field(_list, name, at, width, _role="VALUE", version="1"):
        return Field(name, int(at), int(width), version=int(version))


class Comparison:
    """@lines: how layout.h and one header differ; @skipped: the zPCI structs were not there."""

    def __init__(self, layout, header, with_zdev):
        self.layout, self.header, self.with_zdev = layout, header, with_zdev
        self.lines, self.skipped = [], False
        self.fixed(CAP_HEADER, layout.header, layout.header_size)
        for info in layout.infos:
            self.fixed(info.struct, layout.fields[info.kind], info.full)
            self.flags(info)
        for kind in KINDS:
            self.ids(kind)
        for cap in layout.caps:
            if cap.struct != CAP_HEADER:
                self.cap(cap)
        self.new_structs()

    def say(self, prefix, text):
        self.lines.append((prefix, text))

    def differs(self, what, in_header, in_layout):
        self.say("differs", f"{what} is {in_header} in the header, {in_layout} in layout.h")

    def fixed(self, name, wanted, size):
        """A struct that is not in a chain. A size that fields explain gets no line of its own."""
        struct = self.header.struct(name)
        before = len(self.lines)
        self.fields(name, wanted, struct)
        if len(self.lines) == before and struct.size != size:
            self.differs(f"sizeof struct {name}", struct.size, size)

    def fields(self, name, wanted, struct):
        """Fields other than the header and the elements, by name."""
        there = {field.name: field for field in struct.fields if field.count and field.struct != CAP_HEADER}
        for want in wanted:
            what = f"field {name}.{want.name}"
            have = there.pop(want.name, None)
            if have is None:
                self.say("layout only", f"{what} {want.place()}")
            elif have.place() != want.place():
                self.differs(what, have.place(), want.place())
            elif have.version != want.version:
                self.differs(what, f"of version {have.version}", want.version)
        for have in there.values():
            version = f", version {have.version}" if struct.marks else ""
            self.say("header only", f"field {name}.{have.name} {have.place()}{version}")

    def flags(self, info):
        there = {name: text for name, text in self.header.defines.items() if name.startswith(KINDS[info.kind][0])
                 or self.header.inside.get(name) == info.struct}
        wanted = {flag.uapi: 1 << flag.bit for flag in self.layout.flags if flag.kind == info.kind}
        self.constants(f"{info.kind.lower()} flag", wanted, there, hex)

    def ids(self, kind):
        """An id is a plain number outside of any struct, so that payload flags are none."""
        there = {name: text for name, text in self.header.defines.items()
                 if name.startswith(KINDS[kind][1]) and name not in self.header.inside and "<<" not in text}
        wanted = {cap.uapi: cap.id for cap in self.layout.caps if cap.kind == kind}
        self.constants(f"{kind.lower()} capability id", wanted, there, str)

    def constants(self, what, wanted, there, show):
        have = {name: self.header.value(text) for name, text in there.items()}
        shown = {name: text if have[name] is None else show(have[name]) for name, text in there.items()}
        for name, value in wanted.items():
            if name not in there:
                self.say("layout only", f"{what} {name} = {show(value)}")
            elif have[name] != value:
                self.differs(f"{what} {name}", shown[name], show(value))
        for name in there:
            if name not in wanted:
                self.say("header only", f"{what} {name} = {shown[name]}")

    def cap(self, cap):
        if cap.struct not in self.header.bodies:
            if "_zpci_" in cap.struct and not self.with_zdev:
                self.skipped = True
            else:
                self.say("layout only", f"struct {cap.struct}")
            return
        struct, wanted = self.header.struct(cap.struct), self.layout.fields[cap.name]
        self.fields(cap.struct, wanted, struct)
        self.elements(cap, struct)
        known, newest = max((field.version for field in wanted), default=1), max(struct.marks, default=1)
        for version in range(min(known, newest) + 1, max(known, newest) + 1):
            self.say("header only" if version > known else "layout only", f"version {version} of struct {cap.struct}")

    def elements(self, cap, struct):
        width = {"BYTES": 1, "PAIRS": 16}.get(cap.elements)
        end = max((field.end() for field in self.layout.fields[cap.name]), default=0)
        want = Field(cap.array, end, width, 0) if width else None
        have = next((field for field in struct.fields if not field.count), None)
        what = f"field {cap.struct}"
        if have and (not want or have.name != want.name):
            self.say("header only", f"{what}.{have.label()} {have.place()}")
            have = None
        if want and not have:
            self.say("layout only", f"{what}.{want.label()} {want.place()}")
        elif want and have.place() != want.place():
            self.differs(f"{what}.{want.label()}", have.place(), want.place())
        elif want and have.struct:
            self.fixed(have.struct, [Field(cap.one, 0, 8), Field(cap.two, 8, 8)], width)

    def new_structs(self):
        known = {cap.struct for cap in self.layout.caps}
        for name, body in self.header.bodies.items():
            if name in known or not re.match(rf"\s*struct\s+{CAP_HEADER}\s+\w+\s*;", body):
                continue
            try:
                struct = self.header.struct(name)
                fields = [f"{field.label()} {field.place()}" for field in struct.fields[1:]]
                self.say("header only", f"struct {name}, {struct.size} bytes: " + ("; ".join(fields) or "a bare header"))
            except Odd as odd:
                self.say("header only", f"struct {name}, not understood: {odd}")


def compare(layout, path):
    """The lines for the header at @path, as (prefix, text). A note on what it lacks is printed."""
    text = read_text(path)
    zdev = os.path.join(os.path.dirname(path), "vfio_zdev.h")
    with_zdev = os.path.exists(zdev)
    if with_zdev:
        text += "\n" + read_text(zdev)
    header = Header(text)
    for name in [CAP_HEADER] + [info.struct for info in layout.infos]:
        if name not in header.bodies:
            raise Unusable(f"{path}: has no struct {name}: give a vfio.h of Linux 4.6 or later "
                           "(a vfio_zdev.h beside it is read by itself)")
    try:
        made = Comparison(layout, header, with_zdev)
    except Odd as odd:
        raise Unusable(f"{path}: not understood: {odd}: teach it to scripts/gen/uapi.py") from None
    if made.skipped:
        print(f"uapi.py: {path}: no vfio_zdev.h beside it: zPCI structs were not compared", file=sys.stderr)
    return made.lines


def main():
    parser = argparse.ArgumentParser(prog="uapi.py", description=__doc__, epilog=MANUAL,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", metavar="FILE", default=os.path.join(ROOT, "parsers", "layout.h"),
                        help="the layout.h to compare with (default: parsers/layout.h of this script's tree)")
    parser.add_argument("headers", metavar="HDR", nargs="+", help="a vfio.h")
    args = parser.parse_args()
    lines, status = [], 0
    try:
        layout = Layout(args.layout)
    except Unusable as error:
        parser.exit(2, f"uapi.py: {error}\n")
    for path in args.headers:
        where = f"{path}: " if len(args.headers) > 1 else ""
        try:
            lines += [f"{prefix}: {where}{text}\n" for prefix, text in compare(layout, path)]
        except Unusable as error:
            print(f"uapi.py: {error}", file=sys.stderr)
            status = 2
    sys.stdout.write("".join(lines))
    return status or (1 if lines else 0)


if __name__ == "__main__":
    sys.exit(main())
