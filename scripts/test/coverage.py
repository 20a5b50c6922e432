#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Line and branch coverage of the parsers and the judge, by what runs them."""

import argparse
import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from gen.names import KINDS  # noqa: E402
from gen.whole import write_json  # noqa: E402
from fuzz import seeds as fuzz_seeds  # noqa: E402
from fuzz.report import NO_ENGINE, NOT_FINE, Refused, table  # noqa: E402

MANUAL = """\
Runs the targets of the coverage build on the corpus, then on --inputs, then the unit tests, and
prints what share of lines and of branches ran after each. A branch counts twice, once for each way
it can go. A line or branch of a header counts once, whatever includes it.

Every line and branch of bounded.h, spec.c and meaning.c has to run in the end; one that did not is printed with
its text. With --no-tests that is printed too, and changes no exit status.
One that nothing can run stands in UNREACHABLE in this file, with its reason; an entry that is run
after all, or stands nowhere, fails too.

exit status:
  0  every line and branch of bounded.h, spec.c and meaning.c ran, or has its reason
  1  one did not, or a test failed
  2  the command line or the corpus cannot be used
  3  llvm-cov or a program of the coverage build is missing
"""

# Everything of these has to run.
WHOLE = ("parsers/include/bounded.h", "fuzz/judge/spec.c", "fuzz/judge/meaning.c")
# (file, text of the line, why nothing can run it or not both ways)
UNREACHABLE = ()
# Budgets of the first two count the loads of coverage counters too; the third wants sanitizers.
LEFT_OUT = ("sandbox_test", "open_test", "report_test")
# Of the project, what inputs are for: not the tests, nor what only the command has.
SHOWN = ("parsers/", "fuzz/")
HIDDEN = ("_test.c", "fuzz/parsers/", "fuzz/cmd/", "fuzz/client/", "fuzz/planted/", "fuzz/text/",
          "fuzz/chain/", "fuzz/sandbox/faulty", "fuzz/bench/", "fuzz/producer/captured", "fuzz/producer/conform",
          "fuzz/producer/learn")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="coverage.py", description=__doc__, epilog=MANUAL,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--build", default="build/coverage", metavar="DIR", help="(build/coverage)")
    add("--corpus", default="corpus", metavar="DIR", help="(corpus)")
    add("--capchain", default="build/capchain", metavar="PATH", help="(build/capchain)")
    add("--inputs", default=None, metavar="DIR",
        help="more inputs, in DIR/KIND or DIR/KIND-*")
    add("--no-tests", action="store_true", help="what inputs alone reach")
    add("--json", default=None, metavar="FILE", help="write the table there too: of each file and stage, how many lines "
        "and branches ran, and how many there are")
    add("--html", default=None, metavar="DIR", help="also write llvm-cov's pages there")
    return parser.parse_args(arguments)


def tool(name):
    """llvm-cov or llvm-profdata of the version of the clang that the programs are by, which alone reads them."""
    clang = compilers.c_of("clang")
    if not compilers.has("clang"):
        raise Refused(f"{clang[0]} is missing", NO_ENGINE)
    version = called([*clang, "-dumpversion"]).split(".")[0]

    def beside(one):
        return called([*clang, f"-print-prog-name={one}"]).strip()

    # Beside a clang-17 may be another's, and its own is NAME-17. llvm-profdata 14 does not tell its version.
    for found, cov in ((beside(name), beside("llvm-cov")), (f"{name}-{version}", f"llvm-cov-{version}")):
        if shutil.which(found) and shutil.which(cov) and f" {version}." in called([cov, "--version"]):
            return found
    raise Refused(f"no {name} of {clang[0]}'s version {version} is here: install Debian's llvm-{version}",
                  NO_ENGINE)


class Measure:
    """A folder for profiles and what was run so far."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.programs = []
        self.failed = []

    def run(self, program, *arguments, may_stop=False):
        if not os.access(program, os.X_OK):
            raise Refused(f"{program} is missing: make {program}", NO_ENGINE)
        if program not in self.programs:
            self.programs.append(program)
        done = subprocess.run(
            [program, *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "LLVM_PROFILE_FILE": os.path.join(self.folder, "%p-%m.raw")})
        if done.returncode and not may_stop:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing said"]
            self.failed.append(f"{program} ended with status {done.returncode}: {said[-1]}")

    def counts(self):
        """file -> ({line: count}, {(line, column, end, way): count}) of all that ran so far."""
        profile = os.path.join(self.folder, "all.prof")
        raw = sorted(glob.glob(os.path.join(self.folder, "*.raw")))
        called([tool("llvm-profdata"), "merge", "-o", profile, *raw])
        command = [tool("llvm-cov"), "export", f"-instr-profile={profile}", self.programs[0],
                   *(word for program in self.programs[1:] for word in ("-object", program))]
        found = {}
        read_lines(called(command + ["-format=lcov"]), found)
        read_branches(json.loads(called(command)), found)
        return {os.path.relpath(path): counts for path, counts in found.items()}


def called(command):
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Refused(f"{command[0]} {command[1]}: {said[-1] if said else done.returncode}",
                      NO_ENGINE)
    return done.stdout.decode("utf-8", "replace")


def read_lines(lcov, found):
    path = None
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            path = line[3:]
        elif line.startswith("DA:"):
            number, count = map(int, line[3:].split(",")[:2])
            lines = found.setdefault(path, ({}, {}))[0]
            lines[number] = lines.get(number, 0) + count


def read_branches(export, found):
    """Branches of every copy of an inline function, added up."""
    for function in export["data"][0]["functions"]:
        for line, column, end_line, end, taken, not_taken, file, _, _ in function["branches"]:
            path = function["filenames"][file]
            branches = found.setdefault(path, ({}, {}))[1]
            for way, count in ((True, taken), (False, not_taken)):
                key = (line, column, end_line, end, way)
                branches[key] = branches.get(key, 0) + count


def share(counts):
    """12/13 as a percentage that is 100 for all of them alone; - for none."""
    if not counts:
        return "-"
    ran = sum(count > 0 for count in counts.values())
    text = f"{100 * ran / len(counts):.1f}"
    return f"{'<' if ran < len(counts) and text == '100.0' else ''}{text}%"


def shown(path):
    return path.startswith(SHOWN) and not any(part in path for part in HIDDEN)


def report(stages):
    """@stages is [(name, counts), ...], each with all that the one before it has."""
    names, rows = [name for name, _ in stages], []
    last = stages[-1][1]
    for path in sorted(filter(shown, last)):
        row = [path]
        for part in range(2):
            row += [str(len(last[path][part])),
                    *(share(counts.get(path, ({}, {}))[part]) for _, counts in stages)]
        rows.append(row)
    return table(["", "lines", *names, "branches", *names], rows)


def table_of(stages):
    """The same for programs."""
    return [{"file": path, "stage": name, **{what: [sum(count > 0 for count in counts.get(path, ({}, {}))[part].values()),
                                                    len(stages[-1][1][path][part])]
                                             for part, what in enumerate(("lines", "branches"))}}
            for path in sorted(filter(shown, stages[-1][1])) for name, counts in stages]


def source_lines(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file]


def holes(path, counts):
    """(line, text, what did not happen) of everything in @path that did not run."""
    text = source_lines(path)
    lines, branches = counts
    for line, count in sorted(lines.items()):
        if not count:
            yield line, text[line - 1], "never ran"
    for (line, column, _, _, way), count in sorted(branches.items()):
        # A branch on a line that never ran has been said.
        if not count and lines.get(line, 1):
            yield line, text[line - 1], f"column {column} was never {str(way).lower()}"


def judge_whole(by_all):
    """Lines on the files that have to be covered wholly, and whether they are."""
    lines, fine, used = [], True, set()
    for path in WHOLE:
        if path not in by_all:
            lines.append(f"{path}: nothing of it was built into what ran")
            fine = False
            continue
        found = list(holes(path, by_all[path]))
        for line, text, what in found:
            reason = next((why for file, known, why in UNREACHABLE
                           if (file, known) == (path, text)), None)
            used.add((path, text))
            fine &= reason is not None
            lines.append(f"{path}:{line}: {what}: {text}"
                         + (f"  # cannot: {reason}" if reason else ""))
        if not found:
            lines.append(f"{path}: every line and every branch, both ways")
    for path, text, _ in UNREACHABLE:
        if (path, text) not in used:
            fine = False
            lines.append(f"{path}: excused, but it ran or is gone; drop it from coverage.py: "
                         f"{text}")
    return lines, fine


def folders_of(options, kind):
    if not options.inputs:
        return []
    return [path for path in sorted(glob.glob(os.path.join(options.inputs, kind)) +
                                    glob.glob(os.path.join(options.inputs, kind + "-*")))
            if os.listdir(path)]


def measure(options, folder):
    work = Measure(options, folder)
    for kind, seeds in fuzz_seeds.prepared(os.path.join(folder, "seeds"), KINDS, options.capchain, options.corpus).items():
        work.run(os.path.join(options.build, fuzz_seeds.target_name(kind)), seeds)
    stages = [("corpus", work.counts())]
    if options.inputs:
        for kind in KINDS:
            folders = folders_of(options, kind)
            if folders:
                work.run(os.path.join(options.build, fuzz_seeds.target_name(kind)), *folders)
        stages.append(("+ inputs", work.counts()))
    if not options.no_tests:
        run_tests(options, work)
        stages.append(("+ tests", work.counts()))
    if options.html:
        called([tool("llvm-cov"), "show", "-format=html", f"-output-dir={options.html}",
                "-show-branches=count", f"-instr-profile={os.path.join(folder, 'all.prof')}",
                work.programs[0],
                *(word for program in work.programs[1:] for word in ("-object", program))])
    return stages, work.failed


def run_tests(options, work):
    tests = [path for path in sorted(glob.glob(os.path.join(options.build, "test", "**", "*_test"),
                                               recursive=True)) if not path.endswith(LEFT_OUT)]
    if not tests:
        raise Refused(f"no test in {options.build}/test", NO_ENGINE)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda test: work.run(
            test, os.path.join(options.corpus, "captured") if test.endswith("/text_trip_test")
            else options.corpus), tests))


def main(arguments):
    options = parse(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
            stages, failed = measure(options, folder)
    except Refused as refused:
        print(f"coverage: {refused}", file=sys.stderr)
        return refused.status
    print(*report(stages), "", sep="\n")
    if options.json:
        write_json(options.json, table_of(stages))
    lines, fine = judge_whole(stages[-1][1])
    print(*lines, *failed, sep="\n")
    return 0 if (fine or options.no_tests) and not failed else NOT_FINE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
