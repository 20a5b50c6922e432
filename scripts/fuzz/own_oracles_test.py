#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests what is seen and said of a parser from outside: where in its source each fault is.

Usage: own_oracles_test.py [CLASS...]; all but InRust, which wants rustc.

CAPCHAIN names the command, build/capchain by default, of a tree that is built.
"""

import json
import os
import re
import shutil
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz import own_base  # noqa: E402
from fuzz.own_base import CLANG, GCC, HAS_CLANG, OWN, reader, region, cap  # noqa: E402
from test.tools import CAPCHAIN, text_of  # noqa: E402


class Base(own_base.Base):
    def own(self, parser, *files, status=(0, 1), **env):
        """What `check --json` says of the parser from outside, an object a file."""
        ours = {entry["parser"] for entry in map(json.loads, self.run_it(
            CAPCHAIN, "list", "--json").stdout.splitlines()) if "parser" in entry}
        done = self.check(parser, "--json", *files, status=status, **env)
        return [each for entry in map(json.loads, done.stdout.splitlines())
                for each in entry["parsers"] if each["name"] not in ours]


# A reader with a fault on each marked line; which one, the id of the first capability says.
PLACES = """
#include "capchain/parser.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
static volatile char sum, *nothing;
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void goes_on(const volatile char *at)
{
    for (;;)
        sum += *at;  // runaway
}
static inline __attribute__((always_inline)) void looks(const volatile char *at, size_t end)
{
    sum += at[end];  // oob
}
static __attribute__((noinline)) void stores(volatile char *at)
{
    at[0] = 1;  // wrote
}
static __attribute__((noinline)) void gives_up(void)
{
    abort();  // abort
}
static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
                                    enum info_kind kind)
{
    static char own[64];
    (void)walk, (void)kind;
    switch (((const volatile char *)info)[32]) {
    case 1: goes_on(info); break;
    case 2: looks(info, len); break;  // inlined
    case 3: stores((char *)(uintptr_t)info); break;
    case 4: gives_up(); break;
    case 5: sum = *nothing; break;  // crash
    case 6: copy(own, (const char *)info + len, 1); break;  // libc
    case 7: free(own + 1); break;  // free
    }
    return answer(VERDICT_OK);
}
const struct info_parser capchain_parser = {
    .name = "tested", .summary = "of a test", .reads = {[INFO_REGION] = {.ids = INFO_ALL_IDS}},
    .read = read_info};
"""
FAULTS = (("runaway", "goes_on", "runaway"), ("oob", "looks", "oob"), ("wrote", "stores", "wrote"),
          ("crash", "gives_up", "abort"), ("crash", "read_info", "crash"),
          ("oob", "read_info", "libc"), ("crash", "read_info", "free"))


class Places(Base):
    """Function, file and line of each fault."""

    def setUp(self):
        super().setUp()
        self.faults = [self.write(f"region-{number}.bin", region(cap(number, 0, bytes(8))))
                       for number in range(1, len(FAULTS) + 1)]

    def line(self, mark):
        return [number for number, line in enumerate(PLACES.split("\n"), 1)
                if line.endswith("// " + mark)][0]

    def hold(self, parser, faults=FAULTS, **env):
        said = self.own(parser, *self.faults[-len(faults):], **env)
        for (verdict, function, mark), got in zip(faults, said):
            with self.subTest(mark):
                self.assertEqual(got["verdict"], verdict)
                self.assertEqual(got["place"][0], {
                    "function": function, "file": "places.c", "line": self.line(mark)})
        # The chain of what was inlined.
        self.assertEqual([(frame["function"], frame["line"]) for frame in said[1 - len(FAULTS)]["place"]],
                         [("looks", self.line("oob")), ("read_info", self.line("inlined"))])

    def test_source(self):
        self.hold(self.write("places.c", PLACES))

    def test_objects(self):
        """Without hooks: what a page fault or a signal told."""
        places = self.write("places.c", PLACES)
        for compiler, hooks in ((GCC, []), (GCC, ["-fsanitize=thread"]), *([(CLANG, [])] * HAS_CLANG)):
            with self.subTest([compiler, hooks]):
                self.build(*compiler, "-g", "-O2", *hooks, "-w", "-I" + OWN, "-c", places, "-o", "places.o")
                self.hold("places.o", FAULTS if hooks else FAULTS[1:])

    def test_every_report(self):
        parser = self.write("places.c", PLACES)
        where = rf"in looks at places.c:{self.line('oob')}, in read_info at places.c:{self.line('inlined')}"
        said = self.check(parser, self.faults[1]).stdout
        self.assertEqual(len(re.findall(rf"(?m)^ +{where}$", said)), 2, said)
        self.assertRegex(self.check(parser, self.faults[1], verb="explain").stdout,
                         rf"(?m)^  {where}$")

    def test_without_debug_information_it_says_so_once(self):
        parser = self.write("places.c", PLACES)
        done = self.check(parser, *self.faults, PARSER_CFLAGS="-g0")
        self.assertIn("  in gives_up\n", done.stdout)
        says = "capchain: lines of the parser's source are not known: build it with -g\n"
        self.assertEqual(done.stderr.count(says), 1)
        self.assertNotIn(says, self.check(parser, *self.faults).stderr)

    def test_addr2line_where_llvm_has_none(self):
        os.makedirs(self.path("bin"))
        parser = self.write("places.c", PLACES)
        self.check(parser, *self.faults)
        self.write("bin/llvm-symbolizer", "#!/bin/sh\nexit 1\n", 0o755)
        self.hold(parser, PATH=f"{self.path('bin')}:{os.environ['PATH']}")

    def test_cplusplus(self):
        """What is thrown and not caught, and what stands in the language's own headers."""
        parser = self.write("throws.cc", """\
#include "capchain/parser.h"
#include <vector>
static info_answer read_info(walk *, const void *info, uint32_t len, info_kind)
{
    std::vector<char> bytes(static_cast<const char *>(info), static_cast<const char *>(info) + len);
    return bytes.at(len + 1) ? answer(VERDICT_OK) : answer(VERDICT_ABSENT);
}
const info_parser capchain_parser = {
    "throws", "of a test", INFO_TRUSTING, INFO_FROM_KERNEL, 0, 0,
    {{INFO_LIST, 0, 0}, {INFO_LIST, INFO_ALL_IDS, 0}, {INFO_LIST, 0, 0}}, read_info};
""")
        got, = self.own(parser, self.faults[0])
        self.assertEqual((got["verdict"], got["place"][0]["function"], got["place"][0]["line"]),
                         ("crash", "read_info", 6))


# Each way of parsers/own/planted/wild.c, and what names it: the cause of no answer, a verdict where the
# process goes on, or None where the walk is right, and only the child had to bear it.
PROCESS = ("ended-with-status-0", "ended-with-status-0", "ended-with-status-0", None,
           "ended-by-signal-11", None, "crash", None, None, "does-not-end", "waits")


class Children(Base):
    """Parsers that end, block or change their process: none ends this one, and none is green."""

    def setUp(self):
        super().setUp()
        self.reader = os.path.join(OWN, "planted", "wild.c")

    def each(self, parser):
        """What comes of each way, between two inputs that it is right on."""
        for way, got in enumerate(PROCESS):
            files = [self.write(f"way{way}/region-{number}.bin", region(cap(number, 0)))
                     for number in (99, 100 + way, 200)]
            with self.subTest(way):
                done = self.check(parser, *files)
                self.assertEqual(done.returncode, 0 if got is None else 1, done.stdout + done.stderr)
                # What was said before is kept, and the next input is read.
                self.assertRegex(done.stdout, r"3 inputs: 3 right" if got is None else r"3 inputs: 2 right")
                bucket = "planted-wild:crash:fault:ok  PROMISE BROKEN" if got == "crash" else \
                    f"planted-wild:none:no-answer:{got}  NO ANSWER"
                if got:
                    self.assertIn(f"1  {bucket}  first: {files[1]}\n", done.stdout)

    def test_with_hooks(self):
        """Walked in this process until it does so."""
        self.each(self.reader)

    def test_without_hooks(self):
        """Walked in a child from the start."""
        self.build(*GCC, "-O2", "-w", "-I" + OWN, "-c", self.reader, "-o", "process.o")
        self.each("process.o")

    def test_many_that_go_on(self):
        """Patience is for the first; the run goes on, and each is named."""
        files = [self.write(f"region-many-{number}.bin", region(cap(109, 0, bytes(number))))
                 for number in range(0, 40, 8)]
        done = self.check(self.reader, *files)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("no answer (does-not-end)"), len(files))

    def test_exhaust(self):
        """Jobs have a child each, and name what they find."""
        parser = self.write("exits.c", reader(
            "static int calls; if (++calls == 1000) exit(0); return answer(VERDICT_ABSTAIN);"))
        done = self.run_it(CAPCHAIN, "exhaust", "--parser", parser, "--caps", "1", "--kind", "region",
                           "--jobs", "2")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("tested:none:no-answer:ended-with-status-0: ", done.stdout)

    def test_replay(self):
        self.write("corpus/expect/reference.txt", "")
        self.write("corpus/region-1.bin", region(cap(100, 0)))
        done = self.check(self.reader, "corpus", verb="replay", status=(1,))
        self.assertIn("planted-wild:none:no-answer:ended-with-status-0", done.stdout)


class Heard(Base):
    """What is told beside verdicts: parsers/own/planted/besides.c."""

    ABSTAINS, COUNTS_CALLS, FAULTS_LATE, LEAKS, MISALIGNED, COPIES = range(6)

    def setUp(self):
        super().setUp()
        self.files = [self.write(f"region-{number}.bin", region(cap(number, 0))) for number in (8, 9, 10)]

    def heard(self, way, status, *files):
        done = self.check(os.path.join(OWN, "planted", "besides.c"), *(files or self.files), status=(status,),
                          PARSER_CFLAGS=f"-DWAY={way}")
        return done.stdout, done.stderr

    def test_one_that_answers_nothing_is_no_success(self):
        said, errors = self.heard(self.ABSTAINS, 1)
        self.assertIn("0 right, 0 policies, 0 differ, 3 abstained,", said)
        self.assertIn("planted-besides answered none of the 3 inputs of the kinds that it reads\n", errors)

    def test_inputs_of_other_kinds_are_no_success(self):
        device = self.write("device-1.bin", bytes(16))
        _, errors = self.heard(self.LEAKS, 2, device)
        self.assertIn("no input is of a kind that planted-besides reads\n", errors)
        self.heard(self.LEAKS, 0, device, *self.files)

    def test_state_is_caught_by_default(self):
        said, _ = self.heard(self.COUNTS_CALLS, 1)
        self.assertRegex(said, r"planted-besides:ok:(unstable:again|wrong-caps:ok) .*PROMISE BROKEN")

    def test_a_broken_relation_is_of_its_input_alone(self):
        """In the account that input is not right, and no later one is marked, of whatever kind."""
        parser = self.write("once.c", reader(
            "static int seen; struct info_cap c = {.offset = 32, .id = ((const unsigned char *)info)[32], "
            ".version = 1}; if (c.id == 9 && seen++ == 1) return answer_reject(\"tired\"); "
            "walk_deliver(walk, &c); return answer(VERDICT_OK);"))
        device, iommu = (self.write(f"{kind}-1.bin", bytes(16)) for kind in ("device", "iommu"))
        done = self.check(parser, self.files[1], device, self.files[0], iommu, self.files[2], status=(1,))
        self.assertIn("\ntested: 5 inputs: 2 right, 0 policies, 1 differ, 0 abstained, 0 without an answer, 0 skipped, "
                      "2 of kinds it does not read\n", done.stdout)
        self.assertIn(f"     1  tested:ok:unstable:again  PROMISE BROKEN  first: {self.files[1]}\n", done.stdout)
        # Beside its file, and in the account.
        self.assertEqual(done.stdout.count("PROMISE BROKEN"), 2, done.stdout)
        self.assertIn(": 1 inputs break its promise\n", done.stdout)

    def test_what_does_not_come_again_is_marked(self):
        said, _ = self.heard(self.FAULTS_LATE, 1)
        self.assertRegex(said, r"planted-besides:(oob:fault:ok|ok:unstable:again)  PROMISE BROKEN  "
                         "not-reproducible  first: ")
        said, _ = self.heard(self.COUNTS_CALLS, 1, self.files[0])
        self.assertNotIn("not-reproducible", said)

    def test_leaks_are_counted_and_no_fault(self):
        said, _ = self.heard(self.LEAKS, 0)
        self.assertIn(f"     3  leaks, which break nothing  first: {self.files[0]}\n", said)
        self.assertIn("  leaked 1 pieces of its heap", said)
        self.assertNotIn("leak", self.heard(self.COPIES, 0)[0])

    def test_unaligned_loads_are_told_and_no_fault(self):
        for compiler in ("clang", "gcc"):
            with self.subTest(compiler):
                env = {"CLANG": "/nonexistent/clang"} if compiler == "gcc" else {}
                done = self.check(os.path.join(OWN, "planted", "besides.c"), *self.files, status=(0,),
                                  PARSER_CFLAGS=f"-DWAY={self.MISALIGNED}", **env)
                self.assertRegex(done.stdout, r"     3  unaligned-load, which breaks nothing  first: "
                                 rf"{self.files[0]}\n +in does at \S+besides.c:\d+")
        self.assertNotIn("unaligned", self.heard(self.COPIES, 0)[0])


class Unseen(Base):
    """Reads that hooks of loads do not hear: parsers/own/planted/unseen.c."""

    HOW = ("a copy", "a struct copy", "memcmp()", "strnlen()", "a vector", "assembly")
    AT = ("past the end", "past the bound", "before")

    def setUp(self):
        super().setUp()
        self.files = []
        for number in range(len(self.HOW) * len(self.AT)):
            behind = b"x" * 32 if self.AT[number % len(self.AT)] == "past the bound" else b""
            self.files.append(self.write(f"region-{number}.bin",
                                         region(cap(100 + number, 0) + b"x" * 8) + behind))

    def table(self, parser):
        """Each way of @parser is named."""
        said = iter(self.own(parser, *self.files, PARSER_CFLAGS="-w -mavx2"))
        print("  ".join(cell.ljust(16) for cell in ("", *self.AT)).rstrip())
        for how in self.HOW:
            found = [next(said)["verdict"] for _ in self.AT]
            print("  ".join(cell.ljust(16) for cell in (how, *found)).rstrip())
            self.assertEqual(found, ["oob", "stale", "oob"])

    def test_source(self):
        self.table(os.path.join(OWN, "planted", "unseen.c"))

    def test_source_by_gcc(self):
        os.environ["CLANG"] = "/nonexistent/clang"
        self.addCleanup(os.environ.pop, "CLANG")
        self.table(os.path.join(OWN, "planted", "unseen.c"))

    def test_object_without_hooks(self):
        self.build(*GCC, "-O2", "-w", "-mavx2", "-I" + OWN, "-c", os.path.join(OWN, "planted", "unseen.c"),
                   "-o", "unseen.o")
        self.table("unseen.o")


class InRust(Base):
    def test_a_panic_keeps_its_message_and_place(self):
        text = text_of("parsers", "own", "template.rs").replace('.ok_or("bad-link\\0")?', ".unwrap()")
        line = text[:text.index(".unwrap();")].count("\n") + 1
        shutil.copy(os.path.join(OWN, "capchain.rs"), self.dir)
        got, = self.own(self.write("panics.rs", text), self.write("region-1.bin", region(cap(9, 4096))))
        self.assertEqual(got["verdict"], "crash")
        self.assertEqual(got["place"][0], {"function": "caps", "file": "panics.rs", "line": line})
        # Until Rust 1.72 the message came first.
        for part in (rf"panics.rs:{line}:", r"called `Option::unwrap\(\)` on a `None` value"):
            self.assertRegex(got["said"], part)


if __name__ == "__main__":
    own_base.main(["Places", "Children", "Heard", "Unseen"], __file__)
