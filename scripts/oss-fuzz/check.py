#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves the OSS-Fuzz integration without docker."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import bad_build  # noqa: E402
import witness  # noqa: E402
from image import BuildFailed, Combination, Image, never, scheduled  # noqa: E402

MANUAL = """\
For each combination of engine, sanitizer and architecture, in a clean directory and with the
environment of an OSS-Fuzz image and nothing else:

  1. scripts/oss-fuzz/build.sh builds it (the coverage build goes through .clusterfuzzlite/build.sh)
  2. the checks that OSS-Fuzz makes before it takes a build, with its thresholds: targets found after
     $OUT has moved, architecture, calls of each sanitizer's run-time, edges, -runs=4, seeds, AFL++'s
     start; AFL++'s build options, which OSS-Fuzz draws lots for, are a row each
  3. seeds, dictionary and options by the names they are looked for; the seeds are the corpus byte for
     byte, and the target's verdicts on them are `capchain replay`'s
  4. every parser has load hooks, and the sanitizer is the one that was asked for
  5. a planted fault: replay_build.sh builds it, the target stops on a seed, names the bucket, and does
     so again on the one file; the good target does not
and once, run_tests.sh: without network where that can be had, leaving the tree as it was.

One line a combination: pass with what its targets can see, FAIL with what is wrong, or why it cannot
be built here. The last line counts them. Combinations in parentheses OSS-Fuzz does not schedule itself.

exit status:
  0  every combination that can be built here is good
  1  one is not, or nothing could be built; with CI=true also where this machine lacks something
  2  wrong usage
"""

ENGINES = ("libfuzzer", "afl")
CHECKED = ("address", "undefined", "memory")
MACHINES = ("x86_64", "i386")
CLUSTERFUZZLITE = os.path.join(".clusterfuzzlite", "build.sh")
OSS_FUZZ = os.path.join("scripts", "oss-fuzz", "build.sh")


def combinations():
    """Every row of the matrix."""
    rows = [Combination(engine, sanitizer, machine, "")
            for engine in ENGINES for machine in MACHINES for sanitizer in CHECKED]
    rows += [Combination("afl", "address", "x86_64", lot) for lot in ("cmplog", "ctx", "laf")]
    return rows + [Combination("libfuzzer", "coverage", "x86_64", "")]


def shown(combination):
    words = " ".join(filter(None, combination))
    return words if scheduled(combination) else f"({words})"


def expectations(image, log):
    """The command's verdicts on the corpus, a set of lines a kind. The command is build.sh's own."""
    path = os.path.join(image.root, "verdicts")
    tool = os.path.join(image.work, "capchain", "tool", "clang", "capchain")
    with open(log, "ab") as file:
        done = subprocess.run([tool, "replay", "--verdicts", path, "corpus"], cwd=image.project,
                              stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise BuildFailed(f"capchain replay of the corpus ended with {done.returncode}")
    kinds = {}
    for line in Path(path).read_text("ascii").splitlines(True):
        kinds.setdefault(line.split()[1], set()).add(line)
    return kinds


def check_combination(image, combination, log):
    """What is wrong with it, and what it can see."""
    script = CLUSTERFUZZLITE if combination.sanitizer == "coverage" else OSS_FUZZ
    try:
        out = image.build(combination, script, log)
        build = bad_build.Build(image, combination, out, expectations(image, log))
        found = bad_build.check(build)
        if not found:
            found += witness.check(image, combination, log)
    except BuildFailed as error:
        return [str(error)], ""
    return found, ", ".join(sorted(set(build.oracles.values())))


def tree_of(folder):
    """Every file below @folder, with its contents."""
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def check_tests(image, log):
    """run_tests.sh as OSS-Fuzz runs it: in a built image, without network, leaving no trace."""
    combination = Combination("libfuzzer", "address", "x86_64", "")
    offline = ["unshare", "-n"]
    if subprocess.run([*offline, "true"], capture_output=True, check=False).returncode:
        offline = []
    before = tree_of(image.project)
    script = os.path.join(image.project, "scripts", "oss-fuzz", "run_tests.sh")
    with open(log, "ab") as file:
        done = subprocess.run([*offline, script], env=image.environment(combination), stdin=subprocess.DEVNULL,
                              stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        return [f"run_tests.sh ended with {done.returncode}"], ""
    after = tree_of(image.project)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if changed:
        return [f"run_tests.sh changes the tree: {changed[0].relative_to(image.project)}"], ""
    return [], "without network" if offline else "network could not be taken away here"


class Report:
    """Prints the rows, and counts them; @missing: what another machine could build."""

    def __init__(self, logs):
        self.logs, self.passed, self.failed, self.lacking, self.missing = logs, 0, 0, 0, 0

    def log(self, name):
        return os.path.join(self.logs, name.strip("()").replace(" ", "-") + ".log")

    def row(self, name, found, note):
        self.passed += not found
        self.failed += bool(found)
        if not found:
            print(f"pass    {name:32} {note}", flush=True)
            return
        print(f"FAIL    {name}: " + "\n        also: ".join(found))
        print(f"        its log: {self.log(name)}", flush=True)

    def cannot(self, name, reason, mendable):
        self.lacking += 1
        self.missing += mendable
        print(f"cannot  {name:32} {reason}", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.lacking} cannot be built here")
        in_ci = os.environ.get("CI") == "true"
        return 1 if self.failed or not self.passed or (in_ci and self.missing) else 0


def main():
    known = {"/".join(filter(None, row)): row for row in combinations()}
    parser = argparse.ArgumentParser(description=__doc__, epilog=MANUAL,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="ENGINE/SANITIZER/ARCH",
                        help="this combination alone; may be given again")
    parser.add_argument("--logs", default=os.path.join("build", "oss-fuzz"), metavar="FOLDER",
                        help="where the logs go (default: %(default)s)")
    options = parser.parse_args()
    for word in options.only or ():
        if word not in known:
            parser.error(f"no combination {word}: {', '.join(known)}")
    tree = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    shutil.rmtree(options.logs, ignore_errors=True)
    os.makedirs(options.logs)
    report = Report(options.logs)
    with tempfile.TemporaryDirectory(prefix="oss-fuzz-") as root:
        # run_tests.sh has tests that give up root's rights, and still have to reach their files.
        os.chmod(root, 0o755)
        image = Image(root, tree)
        print("C++ library: " + ("libc++, as in the image" if image.cxx_library else
                                 "libstdc++, since there is no libc++ to build with here"))
        for row in [known[word] for word in options.only or known]:
            reason = never(row) or image.lacks(row)
            if reason:
                report.cannot(shown(row), reason, not never(row))
            else:
                report.row(shown(row), *check_combination(image, row, report.log(shown(row))))
        if not options.only:
            report.row("run_tests.sh", *check_tests(image, report.log("run_tests.sh")))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
