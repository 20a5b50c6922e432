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
# Of bounded.h itself, or of the loop that hands its replies to it.
BUCKET = re.compile(r"^Assertion failure: ((?:bounded|fetch):\S+)$", re.M)
TOKEN = re.compile(r"^DEDUP_TOKEN: (\S+)$", re.M)


@contextlib.contextmanager
def planted_in(image):
    """The fault stands in the sources meanwhile; ValueError where the anchor is not there."""
    path = Path(image.project, FILE)
    text = path.read_text("utf-8")
    if text.count(ANCHOR) != 1:
        raise ValueError(f"{FILE} has no line `{ANCHOR}` to plant a fault in")
    path.write_text(text.replace(ANCHOR, WRONG), "utf-8")
    try:
        yield
    finally:
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
