#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Has libFuzzer find each planted fetch loop: from an empty corpus, with fixed seeds and a limit of execs.

usage: scripts/fetch_planted.py TARGET

TARGET is build/libfuzzer/planted_fetch. A loop is found where the target stops and blames it by name.
Prints one line a loop, and last how many were found. No clock decides: a slow machine takes longer.

exit status:
  0  each was found
  1  one was not, or there are fewer than six
  2  TARGET cannot be run
"""
import os
import re
import subprocess
import sys
import tempfile

SEEDS = (1, 2, 3)
# Of each seed; the slowest that was seen took 8,748.
EXECS = 60_000
AT_LEAST = 6


def loops(target):
    try:
        done = subprocess.run([target], env={**os.environ, "CAPCHAIN_PLANTED": "list"},
                              capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"fetch_planted: {target}: {error.strerror}")
    return re.findall(r"^(planted-\S+): ", done.stdout, re.M)


def hunt(target, name, seed):
    """(bucket or None, execs it took)."""
    with tempfile.TemporaryDirectory(prefix="planted-fetch-") as folder:
        done = subprocess.run(
            [target, f"-seed={seed}", f"-runs={EXECS}", "-entropic=0", "-max_len=512",
             "-len_control=0", "-print_final_stats=1", f"-artifact_prefix={folder}/"],
            env={**os.environ, "CAPCHAIN_PLANTED": name}, cwd=folder, capture_output=True,
            text=True, errors="replace", check=False)
    bucket = re.search(rf"^capchain: broken promise: ({re.escape(name)}:\S+)", done.stderr, re.M)
    execs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if not bucket and done.returncode:
        print(done.stderr[-1500:])
    return bucket and bucket[1], int(execs[1]) if execs else 0


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    target = os.path.abspath(arguments[0])
    if not os.access(target, os.X_OK):
        print(f"fetch_planted: {target} is missing: make {arguments[0]}", file=sys.stderr)
        return 2
    found, names = 0, loops(target)
    for name in names:
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
