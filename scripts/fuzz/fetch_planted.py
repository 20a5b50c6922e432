#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Has libFuzzer find each planted fetch loop: from an empty corpus, with fixed seeds and a limit of execs.

usage: scripts/fuzz/fetch_planted.py [--trials N] TARGET

TARGET is build/libfuzzer/planted_fetch. A loop is found where the target stops and blames it by name.
Prints one line a loop, and last how many were found. No clock decides: a slow machine takes longer.
With --trials, N seeds of each loop, with the mutator that knows conversations and with libFuzzer's own:
the median of the execs that it took, and their range; one that was not found counts as the limit.

exit status:
  0  each was found
  1  one was not, or there are fewer than six
  2  TARGET cannot be run
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile

SEEDS = (1, 2, 3)
# Of each seed; the slowest of 20 trials of each took 640, and 6,346 with libFuzzer's own mutators.
EXECS = 60_000
AT_LEAST = 6


def loops(target):
    try:
        done = subprocess.run([target], env={**os.environ, "CAPCHAIN_PLANTED": "list"},
                              capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"fetch_planted: {target}: {error.strerror}")
    return re.findall(r"^(planted-\S+) fetch: ", done.stdout, re.M)


def hunt(target, name, seed, mutator=None):
    """(bucket or None, execs it took)."""
    env = {**os.environ, "CAPCHAIN_PLANTED": name}
    if mutator:
        env["CAPCHAIN_MUTATOR"] = mutator
    with tempfile.TemporaryDirectory(prefix="planted-fetch-") as folder:
        done = subprocess.run(
            [target, f"-seed={seed}", f"-runs={EXECS}", "-entropic=0", "-max_len=512",
             "-len_control=0", "-print_final_stats=1", f"-artifact_prefix={folder}/"],
            env=env, cwd=folder, capture_output=True,
            text=True, errors="replace", check=False)
    bucket = re.search(rf"^capchain: broken promise: ({re.escape(name)}:\S+)", done.stderr, re.M)
    execs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if not bucket and done.returncode:
        print(done.stderr[-1500:])
    return bucket and bucket[1], int(execs[1]) if execs else 0


def compare(target, names, trials):
    """Medians of both mutators; how many loops ours found in every trial."""
    found = 0
    for name in names:
        line = []
        for words, mutator in (("ours", None), ("libFuzzer's own", "default")):
            hunts = [hunt(target, name, seed, mutator) for seed in range(1, trials + 1)]
            execs = [took if bucket else EXECS for bucket, took in hunts]
            every = all(bucket for bucket, _ in hunts)
            found += every and mutator is None
            line.append(f"{words} {statistics.median(execs):.0f} ({min(execs)} to {max(execs)}"
                        f"{'' if every else ', not always'})")
        print(f"{name}: median execs of {trials}: {', '.join(line)}", flush=True)
    return found


def main(arguments):
    trials = 0
    if arguments[:1] == ["--trials"] and len(arguments) == 3 and arguments[1].isdigit():
        trials, arguments = int(arguments[1]), arguments[2:]
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    target = os.path.abspath(arguments[0])
    if not os.access(target, os.X_OK):
        print(f"fetch_planted: {target} is missing: make {arguments[0]}", file=sys.stderr)
        return 2
    found, names = 0, loops(target)
    if trials:
        found = compare(target, names, trials)
    for name in names if not trials else ():
        total = 0
        for seed in SEEDS:
            bucket, execs = hunt(target, name, seed)
            total += execs
            if bucket:
                break
        found += bool(bucket)
        print(f"{name}: {'found as ' + bucket if bucket else 'NOT FOUND'}, {total} execs",
              flush=True)
    print(f"{found} passed, {len(names) - found} failed")
    return 0 if found == len(names) >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
