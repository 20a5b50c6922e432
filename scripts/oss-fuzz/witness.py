# SPDX-License-Identifier: MIT
"""A fault is planted in the sources, and the targets that OSS-Fuzz's fast rebuild makes of them have
to stop on a seed, name its bucket, and do so again when they are given that one file."""

import contextlib
import os
import re
import shutil
from pathlib import Path

from bad_build import Build
from image import why

# parsers/include/bounded.h takes eight bytes too many: a hardened parser differs from the reference.
FILE = os.path.join("parsers", "include", "bounded.h")
ANCHOR = "if (end <= chain->bound)"
WRONG = "if (end <= (vb_u64)chain->bound + 8)"
# pcicaps.h takes half an id, in each of its lists.
SPACES = os.path.join("parsers", "include", "pcicaps.h")
SPACES_WRONG = {"cap.id = (pc_u16)(word & 0xff);": "cap.id = (pc_u16)(word & 0xf);",
                "cap.id = (pc_u16)(word & 0xffff);": "cap.id = (pc_u16)(word & 0xf);"}
# Of the headers themselves, or of the loop that hands its replies to bounded.h.
BUCKET = re.compile(r"^Assertion failure: ((?:bounded|fetch|pcicaps):\S+)$", re.M)
TOKEN = re.compile(r"^DEDUP_TOKEN: (\S+)$", re.M)


@contextlib.contextmanager
def planted_in(image):
    """The faults stand in the sources meanwhile; ValueError where an anchor is not there."""
    was = {}
    try:
        for file, faults in ((FILE, {ANCHOR: WRONG}), (SPACES, SPACES_WRONG)):
            path = Path(image.project, file)
            was[path] = text = path.read_text("utf-8")
            for anchor, wrong in faults.items():
                if text.count(anchor) != 1:
                    raise ValueError(f"{file} has no line `{anchor}` to plant a fault in")
                text = text.replace(anchor, wrong)
            path.write_text(text, "utf-8")
        yield
    finally:
        for path, text in was.items():
            path.write_text(text, "utf-8")


def bucket_of(said):
    """The bucket that a stopped target names, where both of its lines do."""
    bucket, token = BUCKET.search(said), TOKEN.search(said)
    return bucket[1] if bucket and token and bucket[1] == token[1] else None


def find(planted, name, seeds):
    """The file that the target stopped on, and what it said. Each engine's way of finding one."""
    if planted.libfuzzer:
        prefix = os.path.join(planted.tmp, f"{name}-")
        _, said = planted.run([planted.target(name), "-runs=0", f"-artifact_prefix={prefix}",
                               os.path.dirname(seeds[0])])
        written = re.search(r"Test unit written to (\S+)", said)
        return (written[1] if written else None), said
    # AFL++'s driver names each file before it runs it, through a buffer that a crash may not empty.
    for seed in seeds:
        status, said = planted.run([planted.target(name), seed])
        if status != 0:
            return seed, said
    return None, "no seed stops it"


def check(image, combination, log):
    """What is wrong with reproduction in @combination, whose build is in its $OUT: a list of lines."""
    good = Build(image, combination, image.out(combination), {})
    out = good.out + "-planted"
    shutil.rmtree(out, ignore_errors=True)
    try:
        with planted_in(image):
            image.run(os.path.join(image.project, "scripts", "oss-fuzz", "replay_build.sh"), combination, log, out)
    except ValueError as error:
        return [str(error)]
    planted = Build(image, combination, out, {})
    try:
        return [line for name in good.targets() for line in check_target(good, planted, name)]
    finally:
        for folder in (out, good.tmp, planted.tmp):
            shutil.rmtree(folder, ignore_errors=True)


def check_target(good, planted, name):
    seeds = good.seeds(name)
    witness, said = find(planted, name, seeds) if seeds else (None, "there is no seed")
    bucket = bucket_of(said)
    if not witness or not bucket:
        yield f"{name}: a planted fault is not found: {why(said)}"
        return
    status, said = planted.run([planted.target(name), witness])
    if status == 0 or bucket_of(said) != bucket:
        yield f"{name}: {bucket} does not come back from its witness: {why(said)}"
    status, said = good.run([good.target(name), witness])
    if status != 0:
        yield f"{name}: the witness of a planted fault stops the good target too: {why(said)}"
