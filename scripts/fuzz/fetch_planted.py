#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Has libFuzzer find each planted fetch loop: from an empty corpus, with fixed seeds and a limit of execs.

usage: scripts/fuzz/fetch_planted.py TARGET

TARGET is build/libfuzzer/planted_fetch. A loop is found where the target stops and blames it by name.
Prints one line a loop, and last how many were found. No clock decides: a slow machine takes longer.

exit status:
  0  each was found
  1  one was not, or there are fewer than six
  2  TARGET cannot be run
"""
import os
import sys
import tempfile

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.alone import hunt, planted_in  # noqa: E402
from fuzz.engines import LEAD  # noqa: E402

SEEDS = (1, 2, 3)
# Of each seed; the slowest of 20 trials of each took 640, and 6,346 with libFuzzer's own mutators.
EXECS = 60_000
AT_LEAST = 6


def find(target, name):
    """(bucket or None, execs it took), of the first seed that finds it."""
    total = 0
    with tempfile.TemporaryDirectory(prefix="planted-fetch-") as empty:
        for seed in SEEDS:
            found = hunt(LEAD, target, name, "fetch", seeds=empty, execs=EXECS, seed=seed,
                         more=["-max_len=512", *LEAD.flags("ours")])
            total += found["execs"]
            if found["bucket"]:
                return found["bucket"], total
            if found["status"]:
                print(found["said"][-1500:])
    return None, total


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    target = os.path.abspath(arguments[0])
    if not os.access(target, os.X_OK):
        print(f"fetch_planted: {target} is missing: make {arguments[0]}", file=sys.stderr)
        return 2
    names, found = planted_in(target, "fetch"), 0
    for name in names:
        bucket, execs = find(target, name)
        found += bool(bucket)
        print(f"{name}: {'found as ' + bucket if bucket else 'NOT FOUND'}, {execs} execs", flush=True)
    print(f"{found} passed, {len(names) - found} failed")
    return 0 if found == len(names) >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
