#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Plant one wrong line at a time in bounded.h and in spec.c: fuzz/parsers/bounded_test.c has to fail."""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

MANUAL = """\
The two readings of a chain are written apart, so that a line that is wrong in either shows as a
difference between them. This script proves that it does: it builds bounded_test against a copy of
one of the two files with one line changed, for each row of the table PLANTS, and runs it without
a corpus. A plant is killed where a test fails by name; bounded_test knows the row's file only by
what it answers.

output, one line a plant:
  ok    FILE: what is wrong: killed by TEST
  FAIL  FILE: what is wrong: why it is no kill
and at the end `N passed, N failed`.

exit status:
  0  every plant was killed
  1  at least one survived: bounded_test.c misses inputs, or the plant changes no answer
  2  a plant could not be tried: its anchor does not stand exactly once in the file, the copy does
     not compile, or the test dies without a test's name; or the unchanged files fail already

environment:
  CC   the compiler (default: gcc)
"""

HEADER = "parsers/include/bounded.h"
SPEC = "fuzz/judge/spec.c"
TEST = "fuzz/parsers/bounded_test.c"
BASE = ("parsers/layout.c", SPEC, TEST, "fuzz/judge/rules.c", "fuzz/sandbox/result.c", "fuzz/chain/chain.c",
        "fuzz/text/text_node.c", "fuzz/text/text_value.c", "fuzz/text/text_load.c", "fuzz/text/text_dump.c")
FLAGS = ("-std=gnu11", "-D_GNU_SOURCE", "-O1", "-w")
LIBS = ("-lcmocka", "-lyaml")
JOBS = 2
RUN_SECONDS = 30

Plant = namedtuple("Plant", "file name anchor wrong")

PLANTS = [
    # The fixed structs.
    Plant(HEADER, "region's minsz", "{32, 32, 12, 1u << 3}", "{31, 32, 12, 1u << 3}"),
    Plant(HEADER, "device's CAPS flag", "{16, 20, 16, 1u << 7}", "{16, 20, 16, 1u << 6}"),
    Plant(HEADER, "the bound is len", "chain->argsz < len ? chain->argsz : (vb_u32)len",
          "(vb_u32)len"),
    Plant(HEADER, "a cut reply without a chain is absent", "missing = VB_TRUNCATED;",
          "missing = VB_ABSENT;"),
    Plant(HEADER, "cap_offset may end past the bound", "chain->bound < fixed->cap_offset + 4",
          "chain->bound < fixed->cap_offset"),
    # The ladder.
    Plant(HEADER, "one byte past the bound", "if (end <= chain->bound)",
          "if (end <= (vb_u64)chain->bound + 1)"),
    Plant(HEADER, "the last byte of argsz", "end <= chain->argsz ?", "end < chain->argsz ?"),
    Plant(HEADER, "a header's end wraps at 2^32", "(vb_u64)offset + 8, status",
          "(vb_u64)(offset + 8), status"),
    Plant(HEADER, "cap_offset and next change places", "from ? VB_NEXT_OOB : VB_OFFSET_OOB",
          "from ? VB_OFFSET_OOB : VB_NEXT_OOB"),
    Plant(HEADER, "a header at the bound straddles", "if (offset < chain->bound)",
          "if (offset <= chain->bound)"),
    # Payloads.
    Plant(HEADER, "the size of an area", "{1, 16, {16}}, /* SPARSE_MMAP */",
          "{1, 8, {16}}, /* SPARSE_MMAP */"),
    Plant(HEADER, "versions past the newest are not decoded",
          "ret_cap->version < layout->newest ? ret_cap->version : layout->newest",
          "ret_cap->version <= layout->newest ? ret_cap->version : 0"),
    Plant(HEADER, "version 1 is as long as version 2",
          "layout->bytes[at < VB_VERSIONS_MAX ? at : 0]", "layout->bytes[layout->newest - 1]"),
    Plant(HEADER, "the count is read before it is there", "start + 12, VB_PAYLOAD_OOB",
          "start + 8, VB_PAYLOAD_OOB"),
    Plant(HEADER, "count times size wraps at 2^32", "(vb_u64)cap->count * element",
          "cap->count * element"),
    Plant(HEADER, "an overflow from 2^31 on", "end >> 32 ?", "end >> 31 ?"),
    # Loops.
    Plant(HEADER, "laps grow by one", "chain->laps *= 2;", "chain->laps += 1;"),
    Plant(HEADER, "a reading that was stopped half-way delivers",
          "if (chain->phase != VB_PHASE_DONE)", "if (chain->phase > VB_PHASE_DONE)"),
    Plant(HEADER, "the loop's length is forgotten", "chain->count = chain->lap;",
          "chain->count = 0;"),
    Plant(HEADER, "the lead is one short", "if (chain->lap-- == 0)", "if (--chain->lap == 0)"),
    Plant(HEADER, "the slow pointer follows the fast one",
          "chain->slow = vb_load32(chain, chain->slow + 4);",
          "chain->slow = vb_load32(chain, chain->at + 4);"),
    Plant(HEADER, "from is not kept", "chain->from = chain->at;", "chain->from = chain->slow;"),
    # What a caller takes.
    Plant(HEADER, "rewind goes to where the reading ended",
          "\t\treturn;\n\tchain->cursor = chain->first;",
          "\t\treturn;\n\tchain->cursor = chain->at;"),
    Plant(HEADER, "find takes larger ids", "if (cap.id == id)", "if (cap.id >= id)"),
    Plant(HEADER, "version 0 has a payload", "(cap->id == id) & (cap->layout != 0)",
          "cap->id == id"),
    Plant(HEADER, "one range too many", "VB_IOVA_RANGE) || i >= cap->count",
          "VB_IOVA_RANGE) || i > cap->count"),
    Plant(HEADER, "an area's size is its offset",
          "ret_area->size = VB_LOAD(chain, cap->offset + 24 + 16 * i, 8);",
          "ret_area->size = VB_LOAD(chain, cap->offset + 16 + 16 * i, 8);"),
    Plant(HEADER, "fh of version 1", "cap->layout >= 2 ? vb_load32(chain, cap->offset + 32) : 0",
          "vb_load32(chain, cap->offset + 32)"),
    Plant(HEADER, "two names change places", '"count-overflow", "payload-oob"',
          '"payload-oob", "count-overflow"'),

    # R1 to R5.
    Plant(SPEC, "R1: argsz of exactly minsz", "if (spec->argsz < layout->minsz)",
          "if (spec->argsz <= layout->minsz)"),
    Plant(SPEC, "R2: a cut reply without the flag is absent",
          "return cut ? stop_truncated(spec) : stop_absent(spec, 0);",
          "return stop_absent(spec, 0);"),
    Plant(SPEC, "R3: cap_offset may end past the bound",
          "layout->first.at + 4 > spec->bound", "layout->first.at > spec->bound"),
    Plant(SPEC, "R5: the size to ask for is the bound", "spec->need = spec->argsz;",
          "spec->need = spec->bound;"),
    Plant(SPEC, "R5: the last byte of the bound", "if (end <= spec->bound)",
          "if (end < spec->bound)"),
    Plant(SPEC, "R5: the last byte of argsz", "if (end <= spec->argsz)",
          "if (end < spec->argsz)"),
    Plant(SPEC, "R5: the bound is len", "ret_spec->argsz < len ? ret_spec->argsz : (uint32_t)len",
          "(uint32_t)len"),
    # R6 to R9.
    Plant(SPEC, "R6: the first place for a capability",
          "if (link.at < layout_infos[reading->kind].end)",
          "if (link.at <= layout_infos[reading->kind].end)"),
    Plant(SPEC, "R7: cap_offset and next change places",
          "link.from ? RULE_NEXT_OOB : RULE_OFFSET_OOB",
          "link.from ? RULE_OFFSET_OOB : RULE_NEXT_OOB"),
    Plant(SPEC, "R7: a header at the bound straddles",
          "link.at < spec->bound ? RULE_HEADER_STRADDLE",
          "link.at <= spec->bound ? RULE_HEADER_STRADDLE"),
    Plant(SPEC, "R9: two offsets share a mark", "(1u << (link.at % 8))", "(1u << (link.at % 4))"),
    Plant(SPEC, "from is where the rule holds", "spec->from = link.from;",
          "spec->from = link.at;"),
    # R10 and R11.
    Plant(SPEC, "R10: the count is read before it is there",
          "(uint64_t)link.at + CAP_COUNT_AT + COUNT_WIDTH", "(uint64_t)link.at + CAP_COUNT_AT"),
    Plant(SPEC, "R10: count times size wraps at 2^32",
          "(uint64_t)shape->count * shape->layout->elements",
          "shape->count * shape->layout->elements"),
    Plant(SPEC, "R10: an overflow from 2^32 - 1 on", "end > UINT32_MAX ?", "end >= UINT32_MAX ?"),
    Plant(SPEC, "R10: elements of four bytes", "elements == ELEMENTS_BYTES ? 1 : 8",
          "elements == ELEMENTS_BYTES ? 1 : 4"),
    Plant(SPEC, "R11: version 0 is decoded", "layout && version > 0", "layout"),
    Plant(SPEC, "R11: version 1 is as long as version 2",
          "shape->version < layout->newest ? shape->version : layout->newest", "layout->newest"),
    Plant(SPEC, "R11: fields of version 2 in version 1", "if (field->version <= shape->version)",
          "if (field->version)"),
    Plant(SPEC, "the version is the id", "load16(reading, at + CAP_HEADER_version)",
          "load16(reading, at + CAP_HEADER_id)"),
]


class Unusable(Exception):
    """A plant that could not be tried; the text is one line that says why."""


def run(args, cwd, seconds=None):
    return subprocess.run(args, cwd=cwd, capture_output=True, text=True, errors="replace",
                          check=False, timeout=seconds)


def object_of(source):
    return os.path.basename(source)[:-2] + ".o"


def compile_one(cc, tree, source, out):
    made = run([*cc, *FLAGS, "-c", source, "-o", os.path.join(out, object_of(source))], tree)
    if made.returncode:
        raise Unusable("does not compile: " + first_line(made.stderr))


def first_line(text):
    return next((line for line in text.splitlines() if "error" in line), text[:200].strip())


def link(cc, objects, program):
    made = run([*cc, *objects, *LIBS, "-o", program], None)
    if made.returncode:
        raise Unusable("does not link: " + first_line(made.stderr))


def failed_tests(program, where):
    """The names of the tests that fail, in the order in which they ran."""
    try:
        # A folder that has no corpus: the plants are for the inputs that the test makes itself.
        made = run([program, where], where, RUN_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unusable(f"hangs: no end after {RUN_SECONDS} seconds") from None
    names = re.findall(r"^\[  FAILED  \] (test_\w+)$", made.stdout + made.stderr, re.MULTILINE)
    if bool(names) != bool(made.returncode):
        raise Unusable(f"exit status {made.returncode}, {len(names)} failed tests: no test's word")
    return names


def plant_line(tree, plant):
    path = os.path.join(tree, plant.file)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = text.count(plant.anchor)
    if found != 1:
        raise Unusable(f"the anchor stands {found} times in the file: {plant.anchor!r}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(plant.anchor, plant.wrong))


class Workshop:
    """The unchanged files and their objects, and a tree of its own for each plant."""

    def __init__(self, cc, root, folder):
        self.cc = cc
        self.folder = folder
        self.plain = os.path.join(folder, "plain")
        for part in ("parsers", "fuzz"):
            shutil.copytree(os.path.join(root, part), os.path.join(self.plain, part), ignore=self.unneeded)

    @staticmethod
    def unneeded(folder, names):
        """What is no folder, no header and no source of the test."""
        return [name for name in names if not name.endswith(".h") and
                not os.path.isdir(os.path.join(folder, name)) and
                not os.path.join(folder, name).endswith(tuple(BASE))]

    def build(self):
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(lambda source: compile_one(self.cc, self.plain, source, self.plain),
                          BASE))
        program = os.path.join(self.plain, "bounded_test")
        link(self.cc, [os.path.join(self.plain, object_of(source)) for source in BASE], program)
        names = failed_tests(program, self.plain)
        if names:
            raise Unusable(f"the unchanged files fail {', '.join(names)}: mend that first")

    def try_plant(self, number):
        """The tests that fail with this plant; only what includes its file is compiled anew."""
        plant = PLANTS[number]
        tree = os.path.join(self.folder, str(number))
        source = SPEC if plant.file == SPEC else TEST
        shutil.copytree(self.plain, tree, ignore=shutil.ignore_patterns("*.o", "bounded_test"))
        plant_line(tree, plant)
        compile_one(self.cc, tree, source, tree)
        objects = [os.path.join(tree if other == source else self.plain, object_of(other))
                   for other in BASE]
        program = os.path.join(tree, "bounded_test")
        link(self.cc, objects, program)
        return failed_tests(program, tree)

    def judge(self, number):
        """A plant's exit status and its line."""
        name = f"{os.path.basename(PLANTS[number].file)}: {PLANTS[number].name}"
        try:
            killers = self.try_plant(number)
        except (Unusable, OSError) as error:
            return 2, f"FAIL  {name}: {error}"
        if not killers:
            return 1, f"FAIL  {name}: survived"
        return 0, f"ok    {name}: killed by {killers[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=MANUAL,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with tempfile.TemporaryDirectory(prefix="planted-lines-") as folder:
        try:
            shop = Workshop(shlex.split(os.environ.get("CC", "gcc")), root, folder)
            shop.build()
        except (Unusable, OSError) as error:
            print(f"planted-lines: {error}", file=sys.stderr)
            return 2
        statuses = []
        with ThreadPoolExecutor(JOBS) as pool:
            for status, line in pool.map(shop.judge, range(len(PLANTS))):
                statuses.append(status)
                print(line, flush=True)
    print(f"{statuses.count(0)} passed, {len(statuses) - statuses.count(0)} failed")
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
