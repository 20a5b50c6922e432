#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Breaks the build in seven ways (no corpus, hooks missing, a target that returns at once, seeds
misnamed, canary removed, canaries mended), each in a copy of its own, and sees that a night ends with status 3
and its reason in one line, and that `make check` fails in the step that should see it.

Part of `make check-nightly`; some minutes. Arguments are names of breakages; all by default. Exit
status: 0; 1 where one went by.
"""

import collections
import functools
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What a copy goes without, of the tree and of the build.
LEFT_OUT = {ROOT: {".git"}, os.path.join(ROOT, "build"): {"findings", "fuzz", "check", "nightly"}}


def edit(*changes):
    """Each is a path, a pattern and what replaces it."""
    for path, pattern, replacement in changes:
        changed, count = re.subn(pattern, replacement, Path(path).read_text("utf-8"), flags=re.M)
        if not count:
            raise SystemExit(f"breakages: {path} has nothing like {pattern}: mend this script")
        Path(path).write_text(changed, "utf-8")


def no_corpus():
    for folder in ("seeds", "regressions", "nights", "captured"):
        shutil.rmtree(os.path.join("corpus", folder))


def misnamed():
    for path in glob.glob("corpus/*/region-*"):
        os.rename(path, path.replace("/region-", "/iommu-"))


editing = functools.partial(functools.partial, edit)
# What is done to a copy, what a night of @kind has to say then, and the step of make check. The night is of seed 20,
# whose canary is planted-two-step-loop, and planted-endless of conversations.
Breakage = collections.namedtuple("Breakage", "name plant reason step kind", defaults=("region",))
BREAKAGES = (
    Breakage("no corpus", no_corpus, r"no region seed under corpus", "clang replay"),
    Breakage("hooks missing", editing(("mk/configs.mk", r"^CLOAD  := .*$", "CLOAD :="),
                                      ("mk/configs.mk", r",trace-loads(,trace-stores)?\b", "")),
             r"load hooks are missing in build/libfuzzer: load hooks in 0", "hooks are in the objects"),
    Breakage("target that returns at once",
             editing(("fuzz/target/target.c", r"^\tstatic bool taken;$", "\tstatic bool taken;\n\n\treturn 0;")),
             r"fuzz_region_info judged 0 of \d+ seeds: it returns before it judges", "verdicts of clang targets"),
    Breakage("seeds misnamed", misnamed, r"no region seed under corpus", "clang replay"),
    Breakage("canary removed", editing(("fuzz/planted/bug_list.h", r"^\tBUG\([a-h].*\n", "")),
             r"12 canaries are planted, fewer than 16", "planted bugs are listed"),
    Breakage("canary mended", editing(("fuzz/planted/two-step-loop.c", r"^#define IS_LOOP.*\n", "")),
             r"the canary planted-two-step-loop was not found by libfuzzer in region within \d+ execs",
             "clang planted/planted_test"),
    Breakage("fetch canary mended", editing(("fuzz/planted/fetch_loops/fetch_bugs.c",
                                             r"holds\(bug->no_attempt_limit, ", "holds(false, ")),
             r"the canary planted-endless was not found by libfuzzer in fetch within \d+ execs",
             "planted fetch loops are found", "fetch"),
)


def run(*command, **env):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, env={**os.environ, **env})
    return done.returncode, done.stdout


def night(breakage):
    """What is wrong with the night of a broken copy; None where it is red as it should be."""
    _, said = run("make", "nightly", "SECONDS=9", f"KIND={breakage.kind}", "JOBS=2", "SEED=20", "SETUP=0")
    lines = re.findall(r"^this night does not count: (.*)$", said, re.M)
    reasons = [line for line in lines if re.search(breakage.reason, line)]
    if not re.search(r"\bnightly\] Error 3$", said, re.M):
        return "the night did not end with status 3", said
    if not reasons:
        return f"the night gave other reasons: {lines}", said
    print(f"      night: {reasons[0]}", flush=True)
    return None, said


def check(breakage):
    status, said = run("scripts/test/check.py", STEPS=f"^{re.escape(breakage.step)}$", CI="")
    if status != 1 or f"FAILED  {breakage.step} (" not in said:
        return f"make check did not fail in `{breakage.step}`", said
    print(f"      make check: FAILED  {breakage.step}", flush=True)
    return None, said


def main(names):
    known = [breakage.name for breakage in BREAKAGES]
    if set(names) - set(known):
        print(f"{__doc__.strip()}\n\nbreakages: {', '.join(known)}")
        return 0 if names in (["-h"], ["--help"]) else 2
    gone = 0
    for breakage in [one for one in BREAKAGES if one.name in (names or known)]:
        print(breakage.name, flush=True)
        with tempfile.TemporaryDirectory(prefix="nightly-breakage-") as folder:
            copy = os.path.join(folder, "tree")
            # With the build, whose times are kept: only what the breakage touches is built anew.
            shutil.copytree(ROOT, copy, symlinks=True, ignore=lambda folder, _: LEFT_OUT.get(folder, ()))
            os.chdir(copy)
            breakage.plant()
            for why, said in (night(breakage), check(breakage)):
                if why:
                    gone += 1
                    print(f"GREEN {breakage.name}: {why}", flush=True)
                    print("\n".join(f"      {line}" for line in said.splitlines()[-25:]))
            os.chdir(ROOT)
    print(f"{gone} went by")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
