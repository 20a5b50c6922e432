#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make check-systems: `make fuzz` and `make check` as somebody has them on each Debian.

For each system a root by debootstrap, with git and make and nothing else, gets a clone of this tree at
HEAD and runs the two commands. In the last one .clusterfuzzlite is built too, by its build.sh and the
newest clang that apt has there, and each target runs over its seeds. A table says what came of it, with
the reason of each step that was skipped. Roots, as they were before, are kept below build/systems/ and
used again; logs are build/systems/SYSTEM/*.log. What is mounted is mounted in a name space of its own,
and is gone with it however this ends. It takes root, hours and 6 GB a system.

exit status:
  0  every command on every system did what it has to
  1  one failed
  2  wrong usage
  3  it cannot run here (no root, no debootstrap), or a root could not be had
"""

import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.alone import last_line  # noqa: E402
from gen import roots  # noqa: E402
from gen.names import ROOT
from gen.roots import SYSTEMS, Refused, Root, logged
from gen.whole import write_json  # noqa: E402

FAILED, WRONG_USAGE, CANNOT = 1, 2, 3
TREE = "/src/capchain"
COMMANDS = {"fuzz": "make fuzz SECONDS=60", "check": "make check"}
# What programs say of themselves, and of libbpf its package; nothing where it is not there.
VERSIONS = """\
clang -dumpversion
gcc -dumpfullversion
afl-fuzz -h 2>&1 | sed -nE 's/.*afl-fuzz[^0-9]*\\+\\+([0-9.]+[a-z]?).*/\\1/p' | head -n 1
dpkg-query -f '${Version}' -W libbpf-dev | sed -E 's/^[0-9]+://; s/-.*//'
"""
NEWEST_CLANG = """\
set -e
newest=$(apt-cache search --names-only '^clang-[0-9]+$' | sed -E 's/^clang-([0-9]+) .*/\\1/' |
	sort -n | tail -n 1)
[ "$newest" ]
export DEBIAN_FRONTEND=noninteractive
apt-get -qq install -y --no-install-recommends "clang-$newest" "libclang-rt-$newest-dev" >&2
echo "clang $newest"
export SRC=/src OUT=/out WORK=/work SANITIZER=address FUZZING_ENGINE=libfuzzer ARCHITECTURE=x86_64
export CC="clang-$newest" CXX="clang++-$newest" LIB_FUZZING_ENGINE=-fsanitize=fuzzer
export CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address,fuzzer-no-link"
export CXXFLAGS="$CFLAGS"
rm -rf "$OUT" "$WORK"
mkdir "$OUT" "$WORK"
capchain/.clusterfuzzlite/build.sh >&2
for seeds in "$OUT"/*_seed_corpus.zip; do
	rm -rf "$WORK/seeds"
	/usr/bin/python3 -m zipfile -e "$seeds" "$WORK/seeds"
	"${seeds%_seed_corpus.zip}" -runs=0 "$WORK/seeds" >&2
done
"""

Outcome = collections.namedtuple("Outcome", "system versions minutes passed failed skipped wrong")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("systems", nargs="*", metavar="SYSTEM", default=SYSTEMS, help=f"of {', '.join(SYSTEMS)} (all)")
    add("--json", metavar="FILE", help="write the table there too, an object a system")
    add("--work", default=roots.BASES, metavar="DIR", help="(build/systems)")
    roots.add_options(parser)
    options = parser.parse_args(arguments)
    roots.check_options(parser, options, options.systems)
    return options


def why_not():
    """Why nothing can run here, or None."""
    reason = roots.why_not()
    if reason:
        return reason
    if not shutil.which("git"):
        return "no git here (Debian package git)"
    if subprocess.run(["git", "-C", ROOT, "rev-parse", "-q", "--verify", "HEAD"], capture_output=True,
                      check=False).returncode:
        return "this tree is no clone, and has no HEAD to try"
    return None


class System(Root):
    """A root of one system, new, and the tree in it."""

    def __init__(self, name, options):
        super().__init__(name, os.path.join(options.work, name), options, options.work)

    def prepare(self):
        super().prepare()
        if logged(["git", "clone", "--quiet", "--no-hardlinks", ROOT, self.root + TREE],
                  self.log("clone")):
            self.refuse("clone of the tree", "clone")

    def run(self, script, log, folder=TREE):
        return super().run(script, log, folder)

    def versions(self):
        found = []
        for line in VERSIONS.splitlines():
            self.run(line, "version")
            said = last_line(self.said("version"))
            found.append(said if re.fullmatch(r"[0-9]+(\.[0-9]+)*[a-z]?", said) else "-")
        return tuple(found)


def counts(log):
    """passed, failed, {step: reason} and the failed steps of what `make check` printed."""
    closing = re.findall(r"(?m)^(\d+) passed, (\d+) failed, (\d+) skipped$", log)
    passed, failed, skipped = map(int, closing[-1]) if closing else (0, 0, 0)
    reasons = dict(re.findall(r"(?m)^skipped (.+?): (.+)$", log))
    wrong = [f"check: {name}" for name in re.findall(r"(?m)^FAILED  (.+) \(\w+, [\d.]+ s\)$", log)]
    if not closing:
        wrong.append("check: it did not come to its closing line")
    elif len(reasons) != skipped:
        wrong.append(f"check: {skipped} steps skipped, {len(reasons)} reasons given")
    return passed, failed, reasons, wrong


def tried(system):
    """The outcome of both commands in a new root."""
    begun, wrong = time.monotonic(), []
    system.prepare()
    for name, command in COMMANDS.items():
        status = system.run(command, name)
        if status:
            wrong.append(f"{command}: status {status}, {last_line(system.said(name))}")
    minutes = (time.monotonic() - begun) / 60
    passed, failed, skipped, steps = counts(system.said("check"))
    if system.name == SYSTEMS[-1] and system.run(NEWEST_CLANG, "clusterfuzzlite", "/src"):
        wrong.append(f".clusterfuzzlite: {last_line(system.said('clusterfuzzlite'))}")
    return Outcome(system.name, system.versions(), minutes, passed, failed, skipped, wrong + steps)


def table(outcomes):
    """The lines to print: a row a system, then what was skipped and what is wrong."""
    titles = ("system", "clang", "gcc", "AFL++", "libbpf", "minutes", "passed", "failed", "skipped")
    rows = [(one.system, *one.versions, f"{one.minutes:.0f}", str(one.passed), str(one.failed),
             str(len(one.skipped))) for one in outcomes]
    lines = [f"| {' | '.join(row)} |" for row in (titles, ("---",) * len(titles), *rows)]
    for one in outcomes:
        lines += [f"{one.system}: skipped {step}: {reason}" for step, reason in one.skipped.items()]
        lines += [f"{one.system}: FAILED {what}" for what in one.wrong]
    return lines


def main(arguments):
    options = parse(arguments)
    reason = why_not()
    if reason:
        print(f"systems.py: {reason}", file=sys.stderr)
        return CANNOT
    outcomes, status = [], 0
    for name in options.systems:
        try:
            outcomes.append(tried(System(name, options)))
            status = max(status, FAILED if outcomes[-1].wrong else 0)
        except Refused as error:
            print(f"systems.py: {error}", file=sys.stderr)
            status = CANNOT
    print("\n".join(table(outcomes)))
    if options.json:
        write_json(options.json, [one._asdict() for one in outcomes])
    return status


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
