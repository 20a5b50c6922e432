# SPDX-License-Identifier: MIT
"""
What tests of parsers from outside share: the reader with planted bugs (parsers/own/planted.c and .rs), inputs that
show each, readers in a line, and what a command says of one.
"""

import concurrent.futures
import json
import os
import shutil
import struct
import subprocess
import sys

from gen import compilers
from fuzz.own import old_rust
from test.tools import CAPCHAIN, ROOT, Case, run, run_tests, script

OWN = os.path.join(ROOT, "parsers", "own")
RUST = shutil.which("rustc")
CLANG, GCC = compilers.c_of("clang"), compilers.c_of("gcc")
HAS_CLANG = compilers.has("clang")
GCC_HOOKS = "-fsanitize=thread"
CLANG_HOOKS = "-fsanitize-coverage=func,trace-loads,trace-stores"
RUST_HOOKS = ["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=3",
              "-Cllvm-args=-sanitizer-coverage-trace-loads",
              "-Cllvm-args=-sanitizer-coverage-trace-stores"]


def cap(cap_id, following, payload=b""):
    return struct.pack("<HHI", cap_id, 1, following) + payload


def region(caps):
    return struct.pack("<IIIIQQ", 32 + len(caps), 8, 0, 32, 0, 0) + caps


# Each planted bug: an input, and its bucket with load hooks and without; None where it is not seen.
BUGS = {
    "loop": (region(cap(9, 32)), "runaway:fault:loop", "runaway:fault:loop"),
    "product": (region(cap(1, 0, struct.pack("<II4Q", 0x10000001, 0, 1, 2, 3, 4))),
                "wrote:fault:count-overflow", "wrote:fault:count-overflow"),
    "over-read": (region(cap(3, 0)), "oob:fault:ok", "oob:fault:ok"),
    "own memory": (region(cap(2, 0, bytes(8))), "oob:fault:ok", None),
}

READER = """
#include "capchain/parser.h"
#include <stdlib.h>
#include <string.h>
%s
static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
                                    enum info_kind kind)
{
    (void)walk, (void)info, (void)len, (void)kind;
    %s
}
const struct info_parser capchain_parser = {
    .name = "%s", .summary = "of a test", %s
    .reads = {[INFO_REGION] = {%s}}, .read = %s};
"""


def reader(body="return answer(VERDICT_ABSTAIN);", before="", name="tested", more="",
           reads=".ids = INFO_ALL_IDS", read="read_info"):
    return READER % (before, body, name, more, reads, read)


class Base(Case):
    def setUp(self):
        super().setUp()
        self.inputs = {}
        for name, (data, *_) in BUGS.items():
            self.inputs[name] = self.write(f"region-{name.replace(' ', '-')}.bin", data)

    def run_it(self, *command, **env):
        return run(*command, cwd=self.dir, env={**os.environ, **env})

    def build(self, *command):
        done = self.run_it(*command)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check(self, parser, *files, status=(0, 1), verb="check", **env):
        """What `capchain VERB --parser` says."""
        done = self.run_it(CAPCHAIN, verb, "--parser", parser, *files, **env)
        self.assertIn(done.returncode, status, done.stderr)
        return done

    def judged(self, parser, *files, **env):
        """Each file's answer of the parser: bucket without its name, "skipped", or None for right."""
        done, answers = self.check(parser, "--json", *files, **env), []
        ours = {entry["parser"] for entry in map(json.loads, self.run_it(
            CAPCHAIN, "list", "--json").stdout.splitlines()) if "parser" in entry}
        for entry in map(json.loads, done.stdout.splitlines()):
            own, = [each for each in entry["parsers"] if each["name"] not in ours]
            bucket = [each["bucket"] for each in entry["disagreements"]
                      if each["parser"] == own["name"]]
            answers.append("skipped" if own.get("skipped") else
                           bucket[0].partition(":")[2] if bucket else None)
        self.assertEqual(len(answers), len(files))
        return answers

    def refused(self, parser, says, status=2, **env):
        """One line that ends stderr, names the file and matches @says; nothing on stdout."""
        done = self.check(parser, self.inputs["loop"], status=(status,), **env)
        last = done.stderr.strip().splitlines()[-1]
        self.assertEqual(done.stdout, "")
        self.assertRegex(last, r"\Acapchain: ")
        self.assertRegex(last, says)
        self.assertNotIn("Traceback", done.stderr)
        return done.stderr

    def rust(self, out, *flags):
        self.build(RUST, "--edition=2021", "--crate-type=staticlib", "-O", *old_rust(), *flags,
                   os.path.join(OWN, "planted.rs"), "-o", out)
        return out


class Given(Base):
    """The planted bugs, given in some ways."""

    def hold(self, ways):
        rows = []
        for way, parser, libs, hooked in ways:
            found = self.judged(parser, *self.inputs.values(), PARSER_LIBS=libs)
            wanted = [bucket if hooked else blind for _, bucket, blind in BUGS.values()]
            rows.append([way, *(each or "not seen" for each in found)])
            with self.subTest(way):
                self.assertEqual(found, wanted)
        rows.insert(0, ["given as", *BUGS])
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main(classes, file):
    """
    The classes of @file that the command line names, or @classes, side by side, one a process; what they built is
    removed.
    """
    if sys.argv[1:2] == ["--here"]:
        run_tests(argv=[sys.argv[0], *sys.argv[2:]])
    own = os.path.join(os.path.dirname(CAPCHAIN), "own")
    own = own if os.path.isdir(own) else os.path.join(ROOT, "build", "own")
    before = set(os.listdir(own)) if os.path.isdir(own) else set()
    # What all of them want is built once, first.
    subprocess.run([script("fuzz", "own.py"), "--engine", "libfuzzer", "--",
                    os.path.join(OWN, "template.c")], stdout=subprocess.DEVNULL, check=False)
    subprocess.run(["make", "-s", "-C", ROOT, "lib"], check=False)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        done = list(pool.map(lambda name: run(sys.executable, file, "--here", name), sys.argv[1:] or classes))
    for each in done:
        print(each.stdout + each.stderr, end="")
    for name in set(os.listdir(own)) - before - {"lock"}:
        shutil.rmtree(os.path.join(own, name), ignore_errors=True)
    sys.exit(any(each.returncode for each in done))
