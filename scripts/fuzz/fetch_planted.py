#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Has libFuzzer find each planted fetch loop: from an empty corpus, with fixed seeds and a limit of execs.

TARGET is build/libfuzzer/planted_fetch. A loop is found where the target stops and blames it by name.
Prints one line a loop, and last how many were found. No clock decides: a slow machine takes longer.
With --trials, N seeds of each loop, with the mutator that knows conversations and with libFuzzer's own:
the median of the execs that it took, and their range; one that was not found counts as the limit.

exit status:
  0  each was found
  1  one was not, or there are fewer than six
  2  TARGET cannot be run
"""
import argparse
import os
import statistics
import sys
import tempfile

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import alone  # noqa: E402
from fuzz.engines import LEAD  # noqa: E402

SEEDS = (1, 2, 3)
# Of each seed; the slowest of 20 trials of each took 422, and 12,140 with libFuzzer's own mutators.
EXECS = 60_000
AT_LEAST = 6


def hunt(target, name, seed, mutator="ours"):
    """(bucket or None, execs it took)."""
    with tempfile.TemporaryDirectory(prefix="planted-fetch-") as empty:
        found = alone.hunt(LEAD, target, name, "fetch", seeds=empty, execs=EXECS, seed=seed,
                           more=["-max_len=512", *LEAD.flags("ours")], environment={"CAPCHAIN_MUTATOR": mutator})
    if found["status"] and not found["bucket"]:
        print(found["said"][-1500:])
    return found["bucket"], found["execs"]


def find(target, name):
    """Prints how the first seed that finds a loop did; whether one did."""
    total = 0
    for seed in SEEDS:
        bucket, execs = hunt(target, name, seed)
        total += execs
        if bucket:
            break
    print(f"{name}: {f'found as {bucket}' if bucket else 'NOT FOUND'}, {total} execs", flush=True)
    return bool(bucket)


def compare(target, name, trials):
    """Prints medians of both mutators; whether ours found the loop in every trial."""
    line, always = [], []
    for words, mutator in (("ours", "ours"), ("libFuzzer's own", "default")):
        hunts = [hunt(target, name, seed, mutator) for seed in range(1, trials + 1)]
        execs = [took if bucket else EXECS for bucket, took in hunts]
        always.append(all(bucket for bucket, _ in hunts))
        line.append(f"{words} {statistics.median(execs):.0f} ({min(execs)} to {max(execs)}"
                    f"{'' if always[-1] else ', not always'})")
    print(f"{name}: median execs of {trials}: {', '.join(line)}", flush=True)
    return always[0]


def main():
    parser = argparse.ArgumentParser(prog="fetch_planted.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, metavar="N")
    parser.add_argument("target", metavar="TARGET")
    options = parser.parse_args()
    target = os.path.abspath(options.target)
    if not os.access(target, os.X_OK):
        print(f"fetch_planted: {target} is missing: make {options.target}", file=sys.stderr)
        return 2
    names = alone.planted_in(target, "fetch")
    found = sum(compare(target, name, options.trials) if options.trials else find(target, name) for name in names)
    print(f"{found} passed, {len(names) - found} failed")
    return 0 if found == len(names) >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
