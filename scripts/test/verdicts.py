#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Usage: verdicts.py [--truncated] [--as-fuzzed] CONFIG EXPECTED

Runs the four targets of build/CONFIG on the corpus as bytes, build/check/bytes, and holds their lines of
verdicts to those of the command in EXPECTED: each set there is in both. With --truncated they judge truncations
too; with --as-fuzzed by CONFIG's engine as it fuzzes, which may be one process for many inputs.

Exit status: 0; 1 they differ, or a target failed; 2 usage.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import alone  # noqa: E402
from fuzz.engines import ENGINES  # noqa: E402
from fuzz.fuzz import KINDS  # noqa: E402
from fuzz.seeds import target_name  # noqa: E402

LOGS = "build/check"


def engine_of(config):
    """The engine whose main the targets have; None of stand-alone ones."""
    return next((engine for engine in ENGINES.values() if config in (*engine.roles.values(), engine.fast)), None)


def judge(options, kind, out):
    """One target on all of its kind: None, or what is wrong."""
    engine, folder = engine_of(options.config), f"{LOGS}/bytes/{kind}"
    target = f"build/{options.config}/{target_name(kind)}"
    command, words = [target, folder], ()
    if not os.path.isdir(folder) or not os.listdir(folder):
        return f"nothing in {folder}: fuzz/corpus-bytes.sh writes it"
    if engine and options.as_fuzzed:
        command, words = engine.as_fuzzed(target, folder, f"{LOGS}/{options.config}-map")
    elif engine:
        command = engine.on_files(target, folder)
    elif options.config.endswith("32"):
        command = ["scripts/test/i386.sh", *command]
    status, said = alone.run(command, {
        "CAPCHAIN_VERDICTS": out, **({"CAPCHAIN_TRUNCATE": "1"} if options.truncated else {}),
        **(engine.alone_environment(None) if engine else {})})
    if status != 0:
        return f"{said[-2000:]}\n{target} ended with status {status}"
    return next((f"{engine.title} did not run {kind} as it fuzzes: it does not say {word}"
                 for word in words if word not in said), None)


def main(arguments):
    parser = argparse.ArgumentParser(prog="verdicts.py", usage=__doc__)
    parser.add_argument("--truncated", action="store_true")
    parser.add_argument("--as-fuzzed", action="store_true")
    parser.add_argument("config")
    parser.add_argument("expected")
    options = parser.parse_args(arguments)
    out = f"{LOGS}/verdicts-target-{options.config}{'-truncated' * options.truncated}{'-fuzzed' * options.as_fuzzed}"
    # Targets append to it.
    Path(out).write_text("", "utf-8")
    for kind in KINDS:
        wrong = judge(options, kind, out)
        if wrong:
            print(wrong)
            return 1
    expected, said = (set(Path(path).read_text("utf-8").splitlines()) for path in (options.expected, out))
    if options.as_fuzzed:
        # The empty buffer, length 0: an engine may run no empty file.
        expected = {line for line in expected if line.split()[2] != "0"}
    for line in sorted(expected ^ said)[:20]:
        print(f"{'only expected' if line in expected else 'only said'}: {line}")
    print(f"{len(expected & said)} sets of verdicts are the same")
    return 0 if expected and expected == said else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
