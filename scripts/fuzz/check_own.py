#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Shows what every tool says of planted readers, each with a promise: `make check-own`.

The readers are parsers/own/planted/readers.c with a FAULT each. A cell is `red` with the worst that is told, or
`fine`; where a tool cannot see a fault the cell says so, and why stands below the table. A cell that is
not as it has to be is marked, and the exit status is 1.

What is fuzzed has to name every bucket that `check` names of the same seeds, within 20 seconds; where it does not
the cell says how many it lacks.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

from gen import compilers  # noqa: E402
from gen.whole import write_json  # noqa: E402
from fuzz.account import badness  # noqa: E402
from fuzz.seeds import find_sources  # noqa: E402

ROOT = os.path.dirname(sys.path[0])
READERS = os.path.join("parsers", "own", "planted", "readers.c")
PROMISES = ("trusting", "safe", "hardened")
ALL, SAFER, NOBODY, ONLY_HARDENED = set(PROMISES), {"safe", "hardened"}, set(), {"hardened"}
# What each does wrong, for whom that is red, and what has to be told of it then: verdicts or classes.
FAULTS = {
    "RIGHT": ("nothing", NOBODY, ()),
    "LOOP_SELF": ("follows a link to itself for ever", ALL, ("runaway",)),
    "LOOP_GUARD": ("its guard sees one step, and a loop of two passes", ALL, ("runaway",)),
    "COUNT_ARGSZ": ("holds a count to argsz, not to what there is", ALL, ("oob",)),
    "MISSED_FLAG": ("does not look at the flag", ALL, ("oob", "runaway", "wrong-caps", "ok")),
    "ABSENT_TRUNC": ("says absent where the chain is cut off", ONLY_HARDENED, ("absent-for-unreadable", "absent")),
    "STATIC_STATE": ("keeps state from one reply to the next", ALL, ("wrong-caps", "unstable")),
    "LEAK": ("leaks memory, which is told and no fault", NOBODY, ()),
    "MISALIGNED": ("has a misaligned load, which is told and no fault", NOBODY, ()),
    "WRITES": ("writes to the reply", ALL, ("wrote",)),
    "STALE": ("reads past argsz", SAFER, ("stale",)),
    "ABSTAINS": ("abstains on all", ALL, ()),
    "FIRST_ONLY": ("takes the first capability alone", ALL, ("wrong-caps", "takes")),
    "END_PLUS_1": ("lets a header begin one byte too late, and takes a link back for a loop", ALL,
                   ("oob", "rejects-valid")),
    "FILTERS": ("leaves out what has no areas, by intent, which it declares", NOBODY, ()),
}
# Where a tool cannot see it: (tool, fault), or with the promise, to why.
PLAIN = "of a trusting reader plain inputs are run alone, and on those it is right"
CANNOT = {
    ("replay-with", "LOOP_SELF", "trusting"): PLAIN,
    ("replay-with", "LOOP_GUARD", "trusting"): PLAIN,
    ("replay-with", "COUNT_ARGSZ", "trusting"): PLAIN,
    ("replay-with", "STATIC_STATE"): "each input has a process of its own",
    ("replay-with", "WRITES"): "the memory is the program's own",
    ("replay-with", "STALE"): "what is past argsz is in the program's own memory",
}
# How long it is fuzzed, and once more where that has not named all.
SECONDS = ("6", "20")
BUCKET = re.compile(r"\bmine:[a-z]+:[a-z-]+:[a-z0-9-]+")
# What a program says in the words of what a reader does.
SAID = (("oob", "AddressSanitizer|SIGSEGV|SIGBUS"), ("runaway", "does not end"), ("takes", "take other"),
        ("ok", "says ok"), ("absent", "says absent"), ("rejects-valid", "says reject, right is ok"))


def run(command, **env):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **env})


class Reader:
    """A planted reader with a promise, and what each tool says of it: (status, what it tells)."""

    def __init__(self, fault, promise, folder):
        self.fault, self.promise, self.folder = fault, promise, folder
        self.env = {"PARSER_CFLAGS": f"-DFAULT={fault} -DTRUST=INFO_{promise.upper()}"}

    def buckets(self, said):
        """
        The worst that breaks the promise, by its verdict, or its class where that is no fault. Of several that
        are as bad it is what this reader does wrong.
        """
        words = []
        for bucket in BUCKET.findall(said):
            _, verdict, what, _ = bucket.split(":")
            word = verdict if what == "fault" else what
            words.append((badness(bucket), word not in FAULTS[self.fault][2], word))
        return min(words)[2] if words else "abstains" if "abstain" in said else ""

    def verb(self, *words):
        done = run([os.path.join("build", "capchain"), words[0], "--parser", READERS, *words[1:]], **self.env)
        lines = [line for line in done.stdout.splitlines() if "BROKEN" in line or "buffers, smallest" in line or
                 "abstain" in line] + done.stderr.splitlines()[-1:]
        return done.returncode, self.buckets("\n".join(lines)) or done.stderr.strip()[-100:]

    def check(self):
        return self.verb("check", "corpus")

    def exhaust(self):
        return self.verb("exhaust", "--caps", "1", "--kind", "region")

    def known(self):
        """Every bucket that `check` names of what fuzzing starts from."""
        seeds = [os.path.join("corpus", name) for name in find_sources(os.path.join(ROOT, "corpus"), "iommu")]
        return set(BUCKET.findall(run([os.path.join("build", "capchain"), "check", "--parser", READERS, *seeds],
                                      **self.env).stdout))

    def found(self):
        """Every bucket of its run, which is removed."""
        folder = os.path.join(self.folder, "found")
        try:
            with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
                return [one for one in json.load(file)["buckets"] if one["parser"] == "mine"]
        except OSError:
            return []
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def fuzz(self, engine):
        known = self.known()
        for seconds in SECONDS:
            done = run([sys.executable, "scripts/fuzz/fuzz.py", "--parser", READERS, "--kind", "iommu", "--engine",
                        engine, "--seconds", seconds, "--jobs", "1", "--findings", os.path.join(self.folder, "found")],
                       **self.env)
            # The screen has the worst of them, and run.json all.
            buckets = self.found()
            lacks = known - {one["bucket"] for one in buckets}
            if not lacks:
                break
        lines = [one["bucket"] for one in buckets if one["breaks"]]
        lines += [line for line in done.stdout.splitlines() if "abstain" in line and ":" in line]
        told = self.buckets("\n".join(lines)) or done.stderr.strip()[-100:]
        return done.returncode, f"{told} lacks {len(lacks)} of {len(known)}" if lacks else told

    def libfuzzer(self):
        return self.fuzz("libfuzzer")

    def afl(self):
        return self.fuzz("afl")

    def replay_with(self):
        program = os.path.join(self.folder, "program")
        done = run([*compilers.any_c(), "-g", "-w", "-fsanitize=address", "-I", "parsers/own",
                    *self.env["PARSER_CFLAGS"].split(), "parsers/own/program.c", READERS, "-o", program])
        if done.returncode:
            return done.returncode, done.stderr[-200:]
        done = run([sys.executable, "scripts/clients/replay-with.py", "--promise", self.promise, "--cpu-seconds", "0.3",
                    "--kind", "iommu", program], ASAN_OPTIONS="detect_leaks=0")
        causes = "\n".join(re.findall(r"(?m)^# \d+ (?!skipped$)(.*)$", done.stdout))
        return done.returncode, next((word for word, pattern in SAID if re.search(pattern, causes)),
                                     "abstains" if not re.search(r"[1-9]\d* passed", done.stdout) else causes[:60])


TOOLS = {"fuzz-libfuzzer": Reader.libfuzzer, "fuzz-afl": Reader.afl, "check": Reader.check,
         "exhaust": Reader.exhaust, "replay-with": Reader.replay_with}


def cell(reader, tool):
    """(text, whether it is as it has to be)."""
    _, red_for, words = FAULTS[reader.fault]
    status, told = TOOLS[tool](reader)
    red = reader.promise in red_for
    if {(tool, reader.fault), (tool, reader.fault, reader.promise)} & set(CANNOT):
        return ("cannot" if status == 0 else f"red {told}"), status in (0, 1)
    right = status == int(red) and (not red or not words or told in words)
    text = "fine" if status == 0 else f"red {told}" if status == 1 else f"status {status} {told}"
    return text if right else f"{text} (!)", right


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", metavar="NAME,...", default=",".join(FAULTS),
                        help=f"these alone, of {', '.join(FAULTS)}; NAME/PROMISE for one promise of it")
    parser.add_argument("--tools", metavar="NAME,...", default=",".join(TOOLS),
                        help=f"these alone, of {', '.join(TOOLS)}")
    parser.add_argument("--json", metavar="FILE", help="write the table there too, an object a cell")
    options = parser.parse_args(arguments)
    tools = options.tools.split(",")
    rows = [(name, promise) for word in options.readers.split(",") for name, _, one in (word.partition("/"),)
            for promise in ([one] if one else PROMISES)]
    if not (set(tools) <= set(TOOLS) and all(name in FAULTS and promise in PROMISES for name, promise in rows)):
        parser.error(f"readers are {', '.join(FAULTS)}; tools are {', '.join(TOOLS)}")
    if "fuzz-afl" in tools and not (shutil.which("afl-fuzz") and shutil.which("afl-clang-fast")):
        print("skipped fuzz-afl: no AFL++ here (Debian package afl++)")
        tools.remove("fuzz-afl")
    cells = []
    print(f"{'reader':13} {'promise':9} " + " ".join(f"{tool:16}" for tool in tools), flush=True)
    with tempfile.TemporaryDirectory(prefix="check-own-") as folder:
        for name, promise in rows:
            print(f"{name.lower():13} {promise:9}", end="", flush=True)
            for tool in tools:
                text, right = cell(Reader(name, promise, folder), tool)
                cells.append({"reader": name.lower(), "promise": promise, "tool": tool, "said": text, "right": right})
                print(f" {text:16}", end="", flush=True)
            print(flush=True)
    for name in dict.fromkeys(name for name, _ in rows):
        print(f"{name.lower()}: {FAULTS[name][0]}")
        for (tool, fault, *promise), why in CANNOT.items():
            if fault == name and tool in tools:
                print(f"  {tool} cannot see it{', where it is ' * bool(promise)}{''.join(promise)}: {why}")
    if options.json:
        write_json(options.json, cells)
    wrong = sum(not one["right"] for one in cells)
    print(f"{wrong} cells are not as they have to be")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
