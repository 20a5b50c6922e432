# SPDX-License-Identifier: MIT
"""Engines and targets run by themselves, to their end: after a planted bug, or for their speed."""

import glob
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from fuzz.seeds import target_name

# How far an engine came with a planted bug: see CAPCHAIN_MARKS in fuzz/planted/README.md.
MARKS = ("reached", "triggered", "detected")


def tied(command):
    """The command, so that it ends with us: who is killed leaves nothing running."""
    return (["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []) + command


def run(command, env=None, seconds=None):
    """(exit status, what it said on both streams); status None where it hung."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPCHAIN_")}
    try:
        done = subprocess.run(tied(command), env={**plain, **(env or {})}, check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                              start_new_session=True)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def last_line(said):
    return (said.strip().splitlines() or ["it said nothing"])[-1]


def planted_target(folder, build, kind):
    """The program that fuzzes @kind with a planted bug in it."""
    return os.path.join(folder, build, target_name(kind).replace("fuzz_", "planted_"))


def planted_in(program, kind):
    """The names of the bugs in @program that @kind can show, sorted; none where it is no such program."""
    status, said = run([program], {"CAPCHAIN_PLANTED": "list"})
    listed = re.findall(r"^(planted-\S+)((?: \w+)*): ", said, re.M) if status == 0 else ()
    return sorted(name for name, kinds in listed if kind in kinds.split())


def hunt(engine, target, bug, kind, *, seeds, execs, seed, dictionary=None, environment=None, more=(), seconds=None):
    """
    @engine after @bug in @kind, from the folder @seeds to its first finding or its limit of @execs. A dict:
    the execs it took, the marks, the bug's bucket or None, its exit status, and what it said.
    """
    with tempfile.TemporaryDirectory(prefix="hunt-") as folder:
        out, marks, findings = (os.path.join(folder, name) for name in ("out", "marks", "findings"))
        os.mkdir(out)
        status, said = run(engine.alone(target, seeds, out, dictionary, execs=execs, seed=seed, more=more), {
            "CAPCHAIN_PLANTED": bug, "CAPCHAIN_MARKS": marks, "CAPCHAIN_FINDINGS": findings, **engine.UNTIL_FOUND,
            **(environment or {})}, seconds)
        # One that was ended at its start has none, or an empty file.
        numbers = Path(marks).read_bytes() if os.path.exists(marks) else b""
        numbers = struct.unpack("=3Q", numbers) if numbers else (0, 0, 0)
        buckets = [os.path.basename(path).removeprefix(f"{kind}-").replace("_", ":")
                   for path in glob.glob(f"{findings}/broken/{kind}-{bug}_*")]
        return {"execs": engine.found_at(out, said) or engine.execs_of(out, said), **dict(zip(MARKS, numbers)),
                "bucket": buckets[0] if buckets else None, "status": status, "said": said}


class OneSeed(tempfile.TemporaryDirectory):
    """Folders of a run that measures: an engine with no seed stops, so there is one."""

    def __enter__(self):
        folder = super().__enter__()
        seeds, out = os.path.join(folder, "in"), os.path.join(folder, "out")
        os.mkdir(seeds)
        os.mkdir(out)
        Path(os.path.join(seeds, "seed")).write_bytes(bytes(64))
        return seeds, out
