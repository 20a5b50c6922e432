# SPDX-License-Identifier: MIT
"""What C headers list, each read from the one that has it: kinds, how a walk ends, how it differs, what
a buffer is. test/rules_test.py holds them to `capchain list --json`."""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def found(pattern, *paths, flags=0):
    """What @pattern finds in sources of ours, in their order."""
    lines = []
    for path in paths:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            lines += re.findall(pattern, file.read(), flags)
    return tuple(lines)


def enumerators(path, name, prefix=""):
    """Those of an enum before its count, as reports have them."""
    body = found(rf"enum {name} \{{(.*?)\}}", path, flags=re.DOTALL)[0]
    return tuple(one.lower().replace("_", "-") for one in re.findall(rf"\b{prefix}([A-Z_]+),", body))


LAYOUTS = ("parsers/layout.h", *sorted(
    os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "parsers/kinds/*/*.h"))))
BUFFERS = found(r"\bINFO\([A-Z]\w+, (\w+), \d", *LAYOUTS)
KINDS = (*BUFFERS, "fetch")
# kind -> (which flag is CAPS, where cap_offset is), of the kinds that ioctls answer.
CAP_OFFSETS = dict(found(r"\bFIELD\((\w+), cap_offset, (\d+)", LAYOUTS[0]))
CAPS = {kind.lower(): (1 << int(bit), int(CAP_OFFSETS[kind]))
        for kind, bit in found(r"\bFLAG\((\w+), CAPS, (\d+)", LAYOUTS[0])}
VERDICTS = enumerators("parsers/parser.h", "verdict", "VERDICT_")
# The first is agreement, which has no name.
DISAGREEMENTS = ("", *enumerators("fuzz/judge/compare.h", "disagreement")[1:])
CLASSES = enumerators("fuzz/judge/rules.h", "buffer_class", "CLASS_")
