#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests parsers from outside: in every way one can be given, what is found in it, what is refused.

Usage: own_test.py [CLASS...]; all but InRust and Elsewhere, which want rustc and pkg-config.

CAPCHAIN names the command, build/capchain by default, of a tree that is built. The reader with
planted bugs (parsers/own/planted.c and .rs) is given as source, object, archive and Rust library;
the table of what each way finds is printed, and held to BUGS.
"""

import concurrent.futures
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from fuzz.own import old_rust  # noqa: E402
from test.tools import CAPCHAIN, CAPTURED, ROOT, Case, run, run_tests, script, text_of  # noqa: E402

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


CPLUSPLUS = """
#include "capchain/parser.h"
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {
struct Header { uint16_t id, version; uint32_t next; };

std::vector<info_cap> walk_chain(const unsigned char *info, uint32_t len, uint32_t offset)
{
    std::vector<info_cap> caps;
    std::map<uint32_t, int> seen;
    while (offset) {
        if (offset + uint64_t(8) > len || seen[offset]++)
            throw std::runtime_error("bad link");
        std::unique_ptr<Header> header(new Header);
        std::memcpy(header.get(), info + offset, sizeof(Header));
        info_cap cap = {};
        cap.offset = offset, cap.id = header->id, cap.version = header->version;
        caps.push_back(cap);
        offset = header->next;
    }
    return caps;
}

info_answer read_info(walk *walk, const void *info, uint32_t len, info_kind)
{
    const unsigned char *const bytes = static_cast<const unsigned char *>(info);
    uint32_t words[4];
    if (len < 32)
        return answer_reject("short-buffer");
    std::memcpy(words, bytes, sizeof(words));
    if (!(words[1] & 8))
        return answer(VERDICT_ABSENT);
    try {
        for (const info_cap &cap : walk_chain(bytes, len, words[3]))
            walk_deliver(walk, &cap);
    } catch (const std::runtime_error &) {
        return answer_reject("bad-link");
    }
    BUG
    return answer(VERDICT_OK);
}
}

const info_parser capchain_parser = {
    "in-cplusplus", "a vector of capabilities", INFO_TRUSTING, INFO_FROM_KERNEL, 0, 0,
    {{INFO_LIST, 0, 0}, {INFO_LIST, INFO_ALL_IDS, 0}, {INFO_LIST, 0, 0}}, read_info};
"""


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


class Ways(Given):
    """The reader in C."""

    def given(self):
        """Way, file, PARSER_LIBS, whether it has load hooks."""
        source, include = os.path.join(OWN, "planted.c"), "-I" + OWN
        yield "source", source, "", True
        self.build(*GCC, "-O2", include, "-c", source, "-o", "gcc.o")
        yield "object", self.path("gcc.o"), "", False
        self.build("ar", "rcs", "libgcc.a", "gcc.o")
        yield "archive", self.path("libgcc.a"), "", False
        adapter = self.write("adapter.c", reader(
            "return reads.read(walk, info, len, kind);", "extern const struct info_parser reads;",
            "planted"))
        self.build("objcopy", "--redefine-sym", "capchain_parser=reads", "gcc.o", "reads.o")
        yield "source around an object", adapter, "reads.o", False
        self.build(*GCC, "-O2", GCC_HOOKS, include, "-c", source, "-o", "hooked.o")
        yield "object with gcc's hooks", self.path("hooked.o"), "", True
        if HAS_CLANG:
            self.build(*CLANG, "-O2", CLANG_HOOKS, include, "-c", source, "-o", "clang.o")
            yield "object with clang's hooks", self.path("clang.o"), "", True

    def test_every_way(self):
        self.hold(self.given())

    def test_what_is_not_seen_is_said(self):
        self.build(*GCC, "-O2", "-I" + OWN, "-c", os.path.join(OWN, "planted.c"), "-o", "gcc.o")
        said = self.check("gcc.o", *self.inputs.values()).stdout
        self.assertRegex(said, r"planted: 4 inputs: 1 right, 0 policies, 3 differ, 0 abstained, 0 without an answer, "
                         "0 skipped")
        self.assertRegex(said, r"seen: page faults and canaries, .*loops are not counted")
        self.assertRegex(said, r"3 inputs break its promise\n")
        self.assertIn("1  planted:oob:fault:ok  PROMISE BROKEN  first: ", said)
        said = self.check(os.path.join(OWN, "planted.c"), *self.inputs.values()).stdout
        self.assertRegex(said, r"4 differ, 0 abstained, 0 without an answer, 0 skipped")
        self.assertRegex(said, r"seen: load hooks")

    def test_explain(self):
        said = self.check(os.path.join(OWN, "planted.c"), self.inputs["product"],
                          verb="explain").stdout
        self.assertIn("a store at 16 of its own memory: from its copy or table, not the "
                      "buffer (seen by the load hooks)", said)

    def test_a_hang_without_hooks_has_no_answer(self):
        """No clock gives a verdict; without hooks one ends a child that nothing else could."""
        loops = reader("uint32_t at = 32; while (at) at = *(const volatile uint32_t *)"
                       "((const char *)info + (at & 0xfc)) ? 32 : 33; return answer(VERDICT_OK);")
        self.write("loops.c", loops)
        self.build(*GCC, "-O2", "-I" + OWN, "-c", "loops.c", "-o", "loops.o")
        done = self.check("loops.o", self.inputs["over-read"], status=(1,))
        self.assertRegex(done.stdout, r"(?m)^  tested +no answer \(does-not-end\)  "
                         r"tested:none:no-answer:does-not-end  NO ANSWER$")


class Promise(Base):
    """The three promises, and that no fault of such a parser is green."""

    def status(self, parser, *options, promise="TRUSTING", **env):
        done = self.check(parser, *options, status=(0, 1, 2), PARSER_CFLAGS=f"-DPROMISE=INFO_{promise}",
                          **env)
        return done.returncode, done.stdout, done.stderr

    def test_a_fault_is_red_whatever_the_promise(self):
        """The loop's buffer is malformed: a trusting parser of ours may do there what it likes."""
        planted, loop = os.path.join(OWN, "planted.c"), self.inputs["loop"]
        for promise, words in (("TRUSTING", r"trusting \(right on plain buffers\)"),
                               ("SAFE", r"safe \(right on plain buffers, and never a fault on any\)"),
                               ("HARDENED", r"hardened \(a safe and right answer on every buffer\)")):
            with self.subTest(promise):
                status, said, _ = self.status(planted, loop, promise=promise)
                self.assertEqual(status, 1, said)
                self.assertRegex(said, rf"planted, {words}: 1 inputs break its promise")
                self.assertIn("runaway:fault:loop  PROMISE BROKEN", said)

    def test_faults_are_allowed_to_a_trusting_one_alone(self):
        planted, loop = os.path.join(OWN, "planted.c"), self.inputs["loop"]
        status, said, _ = self.status(planted, "--allow-faults", loop)
        self.assertEqual(status, 0, said)
        self.assertIn("1  planted:runaway:fault:loop  first: ", said)
        # On a plain buffer it is wrong all the same.
        self.assertEqual(self.status(planted, "--allow-faults", self.inputs["over-read"])[0], 1)
        for promise in ("SAFE", "HARDENED"):
            status, said, errors = self.status(planted, "--allow-faults", loop, promise=promise)
            self.assertEqual((status, said), (2, ""))
            self.assertRegex(errors, r"a safe or hardened parser promises that it has no fault.*\n\Z")
        status, _, errors = self.status(planted, loop, CAPCHAIN_ALLOW="all")
        self.assertEqual(status, 2)
        self.assertRegex(errors, r"what is allowed is `faults` or nothing\n\Z")
        done = self.run_it(CAPCHAIN, "check", "--allow-faults", loop)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\Acapchain: faults are allowed to a parser of yours alone.*\n\Z")

    def test_stale_is_a_fault_but_of_a_trusting_one(self):
        parser = self.write("stale.c", reader(
            "return ((const volatile char *)info)[len - 1] ? answer(VERDICT_ABSTAIN)"
            " : answer(VERDICT_ABSENT);", more=".trust = PROMISE,"))
        short = self.write("region-short.bin", struct.pack("<IIIIQQ", 32, 0, 0, 0, 0, 0) + bytes(16))
        for promise, status in (("TRUSTING", 0), ("SAFE", 1), ("HARDENED", 1)):
            got, said, _ = self.status(parser, short, promise=promise)
            self.assertEqual(got, status, said)
            self.assertEqual("stale:fault" in said, bool(status))

    def test_what_is_not_plain_it_may_refuse(self):
        """A safe parser is held to no answer there; a hardened one is."""
        parser = self.write("refuses.c", reader('return answer_reject("no");', more=".trust = PROMISE,"))
        plain = self.write("region-plain.bin", region(cap(9, 0)))
        twice = self.write("region-twice.bin", region(cap(2, 48, bytes(8)) + cap(2, 0, bytes(8))))
        for promise, status in (("TRUSTING", 0), ("SAFE", 0), ("HARDENED", 1)):
            got, said, _ = self.status(parser, twice, promise=promise)
            self.assertEqual(got, status, said)
            self.assertEqual(self.status(parser, plain, promise=promise)[0], 1)

    def test_absent_and_empty_are_the_same(self):
        """What a reader with 0 or -errno cannot tell apart."""
        empty = [self.write("region-clear.bin", struct.pack("<IIIIQQ", 32, 0, 0, 0, 0, 0)),
                 self.write("region-no-offset.bin", struct.pack("<IIIIQQ", 32, 8, 0, 0, 0, 0)),
                 self.write("region-other-id.bin", region(cap(3, 0)))]
        for verdict in ("OK", "ABSENT"):
            parser = self.write(f"{verdict}.c", reader(
                f"return answer(VERDICT_{verdict});", more=".trust = PROMISE,",
                reads=".style = INFO_LOOKUP, .ids = INFO_ID(1)"))
            self.assertEqual(self.judged(parser, *empty, PARSER_CFLAGS="-DPROMISE=INFO_HARDENED"),
                             [None] * 3)


AREAS = """
    const volatile uint64_t *words = info;
    struct info_cap c = {.offset = 32, .id = 1, .version = 1, .decoded = true, .hash = INFO_HASH_START};
    const uint32_t count = (uint32_t)words[5];
    uint32_t best = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (words[7 + 2 * i] > words[7 + 2 * best]) best = i;
        if (!words[7 + 2 * i] || ONE) continue;
        c.count++;
        c.hash = info_hash(info_hash(c.hash, words[6 + 2 * i] + WRONG), words[7 + 2 * i]);
    }
    if (ONE) {
        c.count = 1;
        c.hash = info_hash(info_hash(c.hash, words[6 + 2 * best] + WRONG), words[7 + 2 * best]);
    }
    if (c.count) walk_deliver(walk, &c);
    return answer(VERDICT_OK);"""


class Styles(Base):
    """Readers that hand nothing over, and those that drop by intent: right ones are not called wrong."""

    def areas(self, *sizes):
        pairs = b"".join(struct.pack("<QQ", 4096 * at, size) for at, size in enumerate(sizes))
        return region(cap(1, 0, struct.pack("<II", len(sizes), 0) + pairs))

    def test_outcome(self):
        files = [os.path.join(CAPTURED, name) for name in sorted(os.listdir(CAPTURED))
                 if name.startswith("region")]
        said = self.check(os.path.join(OWN, "fills.c"), *files, *self.inputs.values(), status=(0,)).stdout
        self.assertRegex(said, r"fills, safe .*: 0 inputs break its promise")
        # Its verdict is held: what refuses a plain reply is wrong, and so is what reads past it.
        for was, now in (("offset > len - 16", "len"), ("memcpy(words, info, sizeof", "memcpy(words, info + len, sizeof")):
            parser = self.write("wrong.c", text_of("parsers", "own", "fills.c").replace(was, now))
            self.assertNotEqual(self.judged(parser, self.inputs["own memory"]), [None])

    def test_drops(self):
        files = [self.write(f"region-{number}.bin", self.areas(*sizes)) for number, sizes in enumerate(
            ((4096, 0, 8192), (0, 0), (4096, 4096), (8192,)))]
        for drops, one, wrong, right in (("0", 0, 0, (False, False, True, True)),
                                         ("INFO_DROPS_EMPTY", 0, 0, (True,) * 4),
                                         ("INFO_DROPS_EMPTY", 0, 1, (False, True, False, False)),
                                         ("INFO_DROPS_SMALLER", 1, 0, (True, True, True, True)),
                                         ("INFO_DROPS_SMALLER", 1, 1, (False, False, False, False))):
            with self.subTest([drops, wrong]):
                parser = self.write("areas.c", reader(
                    AREAS, more=f".drops = {{[INFO_REGION] = {drops}}},",
                    reads=".ids = INFO_ID(1), .decodes = INFO_ID(1)"))
                got = self.judged(parser, *files, PARSER_CFLAGS=f"-DONE={one} -DWRONG={wrong}")
                self.assertEqual(tuple(each is None for each in got), right, got)


class Fuzzing(Base):
    """Examples, fuzzed from captured replies: as many runs, from the same seed, as last time."""

    def fuzz(self, parser, kind="region", runs=3000, **env):
        done = self.run_it(script("fuzz", "own.py"), "--engine", "libfuzzer", "--", parser,
                           **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        folder = self.path(done.stdout.strip())
        for name in os.listdir(CAPTURED):
            if name.startswith(kind):
                shutil.copy(os.path.join(CAPTURED, name), self.path("seeds"))
        return self.run_it(os.path.join(folder, "libfuzzer", f"fuzz_{kind}_info"), "-seed=1",
                           f"-runs={runs}", "-entropic=0", self.path("seeds"),
                           CAPCHAIN_FINDINGS=self.path("findings"), **env)

    def setUp(self):
        super().setUp()
        os.makedirs(self.path("seeds"))

    def keeps_its_promise(self, name):
        done = self.fuzz(os.path.join(OWN, name))
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertRegex(done.stderr, r"#\d{4,}\s+DONE")
        every = re.search(r"(\d+) parsers; oracles: load hooks in (\d+) of(.*)", done.stderr)
        # One that has no place in this build says so, and has nothing to hook.
        self.assertEqual(int(every[1]), int(every[2]) + every[3].count(" abstains: "))

    def is_stopped(self, name):
        """By a fault on any buffer; where those are allowed to it, by one on a plain buffer."""
        for cause, env in (("truncated", {}), ("ok", {"CAPCHAIN_ALLOW": "faults"})):
            done = self.fuzz(os.path.join(OWN, name), **env)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"capchain: broken promise: planted:oob:fault:{cause}", done.stderr)
            witness = self.path("findings", "broken", f"region-planted_oob_fault_{cause}")
            self.assertTrue(os.path.getsize(witness))
        self.assertRegex(done.stderr, r"capchain: \S*build/own/planted\S+/capchain explain")


class InRust(Given, Fuzzing):
    """The reader in Rust, and the example."""

    def given(self):
        yield "Rust source", os.path.join(OWN, "planted.rs"), "", True
        yield "Rust library", self.rust(self.path("libplain.a")), "", False
        yield "Rust library with hooks", self.rust(self.path("libhooked.a"), *RUST_HOOKS), "", True

    def test_every_way(self):
        self.hold(self.given())

    def test_the_contract_is_the_c_one(self):
        files = [os.path.join(CAPTURED, name) for name in sorted(os.listdir(CAPTURED))]
        in_c = self.judged(os.path.join(OWN, "planted.c"), *files)
        self.assertEqual(in_c, self.judged(os.path.join(OWN, "planted.rs"), *files))
        self.assertGreater(len(set(in_c)), 2)

    def test_a_panic_is_a_crash(self):
        past = [self.write(f"region-{at}.bin", region(cap(9, at))) for at in (4096, 4097, 4098)]
        panics = self.write("panics.rs", text_of("parsers", "own", "template.rs").replace(
            '.ok_or("bad-link\\0")?', ".unwrap()"))
        shutil.copy(os.path.join(OWN, "capchain.rs"), self.dir)
        self.assertEqual(self.judged(panics, *past),
                         ["crash:fault:next-oob"] * 3)

    def test_example(self):
        self.keeps_its_promise("template.rs")

    def test_planted_bugs_stop_it(self):
        self.is_stopped("planted.rs")

    @unittest.skipUnless(shutil.which("cargo"), "no cargo here")
    def test_cargo(self):
        """The template as it stands, in a crate of each edition that this cargo knows."""
        for edition in ("2021", "2024"):
            name = f"of{edition}"
            if self.run_it("cargo", "new", "--lib", "--vcs", "none", "--edition", edition, name).returncode:
                self.assertEqual(edition, "2024")
                continue
            with open(self.path(name, "Cargo.toml"), "a", encoding="ascii") as file:
                file.write('\n[lib]\ncrate-type = ["staticlib"]\n[profile.release]\ndebug = true\n')
            for source, to in (("template.rs", "lib.rs"), ("capchain.rs", "capchain.rs")):
                shutil.copy(os.path.join(OWN, source), self.path(name, "src", to))
            done = self.run_it("cargo", "build", "--release", "--offline", "--manifest-path", f"{name}/Cargo.toml",
                               RUSTFLAGS=" ".join([*RUST_HOOKS, *old_rust()]))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("warning", done.stderr)
            library = self.path(name, "target", "release", f"lib{name}.a")
            self.assertEqual(self.judged(library, self.inputs["loop"]), [None])

    def test_refused(self):
        said = self.refused(self.write("broken.rs", "fn f( {"), "broken.rs does not compile")
        self.assertIn("error", said)


class Fuzzed(Fuzzing):
    def test_example(self):
        self.keeps_its_promise("template.c")

    def test_planted_bugs_stop_it(self):
        self.is_stopped("planted.c")

    def test_an_object_is_fuzzed_too(self):
        self.build(*GCC, "-O2", "-I" + OWN, "-c", os.path.join(OWN, "template.c"), "-o", "mine.o")
        done = self.fuzz("mine.o")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertIn("one from outside, without, walks in a child", done.stderr)


class Mine(Base):
    """make fuzz PARSER=: what it says of the parser, with planted readers (parsers/own/planted/readers.c)."""

    def make_fuzz(self, *variables, parser=None, fault="RIGHT", trust="HARDENED", seconds=4, **env):
        return self.run_it("make", "-s", "-C", ROOT, "fuzz", f"PARSER={parser or os.path.join(OWN, 'planted', 'readers.c')}",
                           f"SECONDS={seconds}", "SETUP=0", "JOBS=1", f"FINDINGS={self.path('found')}", "KIND=all",
                           "ENGINE=libfuzzer", *variables,
                           MAKEFLAGS="", PARSER_CFLAGS=f"-DFAULT={fault} -DTRUST=INFO_{trust}", **env)

    def test_right(self):
        shutil.copy(os.path.join(OWN, "template.c"), self.write("a b/it's mine.c", ""))
        done = self.make_fuzz("KIND=device", parser=f"{self.path('a b')}/it's mine.c")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^mine +[1-9]")
        self.assertIn("broken promises: 0, failures: 0", done.stdout)

    def holds_wrong(self, engine):
        """Wrong on plain seeds: it goes on to its end, and says each bucket, what was expected and what came."""
        done = self.make_fuzz("KIND=iommu", f"ENGINE={engine}", fault="FIRST_ONLY", trust="TRUSTING", seconds=10)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("Error 1", done.stderr)
        self.assertNotRegex(done.stdout, "stopped|unused|ledger")
        self.assertRegex(done.stdout, r"failures: 0, execs: \d")
        self.assertRegex(done.stdout, r"mine, trusting: \S+ buffers, \d+ buckets, 1 breaks its promise, worst first\n"
                         r" +\d+ bytes  mine:ok:wrong-caps:ok  \S+ times  BROKEN\n"
                         r" +expected \S+( \d+)? at \d+, got nothing\n +(\S+/capchain explain \S+)\n")
        self.assertRegex(done.stdout, r"\n\d+ other readers on the same buffers: 0 broken promises; ALL=1 ")
        # The command that it says is one, and shows this.
        command = re.search(r"\S+/capchain explain \S+wrong-caps_ok$", done.stdout, re.M)[0].split()
        said = run(*command, cwd=ROOT).stdout
        self.assertIn("differs: mine:ok:wrong-caps:ok  PROMISE BROKEN", said)
        self.assertRegex(said, r"expected .* at \d+, got nothing")
        return done

    def test_wrong_on_a_seed(self):
        self.holds_wrong("libfuzzer")

    @unittest.skipUnless(shutil.which("afl-fuzz") and shutil.which("afl-clang-fast"), "no AFL++ here")
    def test_wrong_on_a_seed_in_afl(self):
        self.holds_wrong("afl")

    def test_new_is_against_its_own_last_run(self):
        said = [self.make_fuzz("KIND=iommu", fault=fault).stdout for fault in ("ABSENT_TRUNC", "ABSENT_TRUNC",
                                                                               "STALE")]
        for each, words in zip(said, (None, "0 new", None)):
            heading, = re.findall(r"mine, hardened: .*", each)
            self.assertIn(words or "break its promise", heading)
        self.assertNotIn("  new", said[0] + said[1])
        self.assertRegex(said[2], r"mine:stale:fault:\S+  .*  new")
        self.assertRegex(said[2], r"of its last run did not come again: mine:absent:absent-for-unreadable")

    def test_only_its_kinds(self):
        planted = os.path.join(OWN, "planted.c")
        done = self.make_fuzz(parser=planted)
        self.assertIn("Error 1", done.stderr)
        self.assertRegex(done.stdout, r"\A\S+planted.c: building it .*\nplanted: \d+ replies of real kernels, ")
        self.assertRegex(done.stdout, r"(?m)^planted, trusting, reads region; ")
        self.assertRegex(done.stdout, r"(?m)^region: 1 job, 4 s$")
        self.assertNotRegex(done.stdout, r"(?m)^(device|iommu): ")
        done = self.make_fuzz("KIND=device", parser=planted)
        self.assertIn("Error 2", done.stderr)
        self.assertIn("fuzz: KIND=fetch: conversations want a loop that asks",
                      self.make_fuzz("KIND=fetch", parser=planted).stderr)
        self.assertIn("fuzz: planted does not read device: its .reads has region; say KIND=region\n", done.stderr)

    def test_one_that_abstains_is_no_success(self):
        done = self.make_fuzz("KIND=iommu", fault="ABSTAINS")
        self.assertIn("Error 1", done.stderr)
        self.assertIn("iommu: mine abstains on every buffer, so nothing is shown of it\n", done.stdout)

    def test_worst_comes_first(self):
        said = self.make_fuzz("KIND=region", parser=os.path.join(OWN, "planted.c")).stdout
        verdicts = re.findall(r"bytes  planted:(\w+):fault:", said)
        self.assertGreater(len(set(verdicts)), 2)
        self.assertEqual(verdicts, sorted(verdicts, key=["wrote", "runaway", "oob", "crash", "stale"].index))
        self.assertRegex(said, r"\n +expected .*, got a (store|load) at ")


class Verbs(Base):
    """What takes --parser beside check and explain."""
    READERS = os.path.join(OWN, "planted", "readers.c")

    def verb(self, verb, *words, fault="MISSED_FLAG", trust="TRUSTING", parser=READERS, status=0):
        done = self.run_it(CAPCHAIN, verb, "--parser", parser, *words,
                           PARSER_CFLAGS=f"-DFAULT={fault} -DTRUST=INFO_{trust}")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def setUp(self):
        super().setUp()
        # No flag, and a cap_offset: what the reference calls absent.
        self.flagless = self.write("region-flagless.bin", struct.pack("<IIIIQQ", 48, 0, 0, 32, 0, 0) + bytes(16))
        self.write("expect/reference.txt", "")

    def test_shrink_keeps_its_bucket(self):
        said = self.verb("shrink", self.flagless, "-o", "region-small.bin").stdout
        self.assertIn("keeps mine:ok:wrong-caps:absent\n", said)
        self.assertEqual(self.judged(self.READERS, "region-small.bin", PARSER_CFLAGS="-DFAULT=MISSED_FLAG "
                                     "-DTRUST=INFO_TRUSTING"), ["ok:wrong-caps:absent"])

    def test_shrink_keeps_no_other(self):
        said = self.verb("shrink", self.inputs["loop"], "-o", "region-small.bin", status=2).stderr
        self.assertIn("mine differs in nothing: nothing to keep", said)
        self.verb("shrink", "--bucket", "naive:runaway:fault:loop", self.inputs["loop"], "-o", "region-small.bin", status=2)
        self.assertFalse(os.path.exists(self.path("region-small.bin")))

    def test_explain_shows_three(self):
        said = self.verb("explain", self.flagless).stdout
        self.assertEqual(re.findall(r"(?m)^([a-z-]+): (?:absent|ok|reject)", said), ["reference", "bounded", "mine"])
        self.assertIn("expected nothing, got id 0 at 32", said)
        self.assertGreater(self.verb("explain", "--all", self.flagless).stdout.count("\nqemu"), 0)

    def test_exhaust(self):
        said = self.verb("exhaust", "--caps", "1", "--kind", "region", status=1).stdout
        self.assertIn("broken promises: 3, and 0 that the ledger excuses", said)
        self.assertRegex(said, r"mine:oob:fault:absent: .*\n +expected absent, got a load at \d+, the buffer")
        self.assertNotRegex(said, "qemu|ledger.yaml")
        self.verb("exhaust", "--caps", "1", "--kind", "region", fault="RIGHT", trust="HARDENED")
        said = self.verb("exhaust", "--caps", "1", "--kind", "iommu", parser=os.path.join(OWN, "planted.c"), status=2)
        self.assertIn("planted does not read this kind", said.stderr)

    def test_replay(self):
        said = self.verb("replay", self.dir, status=1).stdout
        self.assertIn("# promise broken: mine:ok:wrong-caps:absent\n# expected nothing, got id 0 at 32\n", said)
        self.assertRegex(said, r"\n4 passed, 1 failed\n")
        self.assertNotIn("ledger", said)
        self.verb("replay", self.dir, fault="RIGHT", trust="HARDENED")
        self.assertIn("mine abstained on 5\n", self.verb("replay", self.dir, fault="ABSTAINS", trust="HARDENED",
                                                         status=1).stdout)

    def test_emit(self):
        self.verb("emit", self.inputs["loop"], "-o", "walk.c", parser=os.path.join(OWN, "planted.c"))
        self.build("cc", "-w", "walk.c", "-o", "walk")
        self.assertEqual(self.run_it("./walk").returncode, 22)
        self.assertIn("static void read_areas(const char *cap)", self.read("walk.c").decode())
        self.build(*GCC, "-O2", "-I" + OWN, "-c", os.path.join(OWN, "planted.c"), "-o", "gcc.o")
        said = self.verb("emit", self.inputs["loop"], "-o", "no.c", parser="gcc.o", status=2).stderr
        self.assertRegex(said, "planted: is not given as one file of C, .*explain --parser")
        self.assertFalse(os.path.exists(self.path("no.c")))


class Languages(Base):
    def test_cplusplus(self):
        files = [os.path.join(CAPTURED, name) for name in sorted(os.listdir(CAPTURED))]
        good = self.write("reader.cc", CPLUSPLUS.replace("BUG", ""))
        said = self.check(good, *files, status=(0,)).stdout
        self.assertRegex(said, r"in-cplusplus, trusting .*: 0 inputs break")
        bad = self.write("bad.cc", CPLUSPLUS.replace("BUG", """
            char *volatile own = new char[20]; own[20] = 1; delete[] own;"""))
        self.assertEqual(self.judged(bad, self.inputs["own memory"]), ["wrote:fault:ok"])
        bad = self.write("absurd.cc", CPLUSPLUS.replace("BUG", """
            volatile size_t size = words[0] * size_t(1) << 40;
            char *volatile own = new char[size]; delete[] own;"""))
        self.assertEqual(self.judged(bad, self.inputs["own memory"]), ["crash:fault:ok"])
        gxx = compilers.cxx_of("gcc")
        if shutil.which(gxx[0]):
            self.build(*gxx, "-O2", "-I" + OWN, "-c", good, "-o", "reader.o")
            self.assertEqual(self.judged("reader.o", self.inputs["own memory"]), [None])

    @unittest.skipUnless(shutil.which(compilers.cxx_of("gcc")[0]), "no g++ here")
    def test_cplusplus_by_gcc_alone(self):
        """Statics of functions, atomics of every size, virtual functions: gcc's hooks have call-backs of their own."""
        parser = self.write("atomics.cc", CPLUSPLUS.replace("BUG", """
            struct Base { virtual ~Base() {} virtual int get() { return 1; } };
            static const uint32_t seen = words[0];
            static std::atomic<uint8_t> a; static std::atomic<uint16_t> b;
            static std::atomic<uint32_t> c; static std::atomic<uint64_t> d;
            uint64_t was = d.load();
            d.compare_exchange_weak(was, a++ + b.exchange(1) + c.fetch_or(seen));
            std::atomic_thread_fence(std::memory_order_seq_cst);
            std::unique_ptr<Base> one(new Base);
            if (one->get() != 1) return answer(VERDICT_ABSENT);""").replace(
                "#include <cstring>", "#include <atomic>\n#include <cstring>"))
        self.assertEqual(self.judged(parser, self.inputs["own memory"], CLANG="/nonexistent/clang"), [None])

    def test_its_heap(self):
        """With hooks, the first byte; freed memory is gone."""
        for body, bucket in (
                ("volatile char *p = malloc(20); p[19] = p[0];", None),
                ("volatile char *p = malloc(20); p[20] = 1;", "wrote:fault:ok"),
                ("volatile char *p = malloc(20); p[0] = p[20];", "oob:fault:ok"),
                ("volatile char *p = malloc(20); free((void *)p); p[0] = p[0];", "oob:fault:ok"),
                ("volatile char *p = strdup(\"ab\"); p[0] = p[3];", "oob:fault:ok"),
                ("void *p = malloc(20); free(p); free(*(void *volatile *)&p);", "crash:fault:ok"),
                ("void *volatile p; for (;;) p = malloc(16);", "runaway:fault:ok")):
            with self.subTest(body):
                done = "struct info_cap c = {.offset = 32, .id = 2, .version = 1}; " \
                       "walk_deliver(walk, &c); return answer(VERDICT_OK);"
                parser = self.write("heap.c", reader(body + done))
                self.assertEqual(self.judged(parser, self.inputs["own memory"],
                                             PARSER_CFLAGS="-w -fno-builtin"), [bucket])

    def test_its_names_are_its_own(self):
        """Functions of it that are called as ours are, and a main."""
        names = ("compare", "judge_new", "walk_leave", "main", "layout_cap", "heap_find", "malloc")
        parser = self.write("names.c", reader("""if (len && *(const char *)info == 7)
                return answer(VERDICT_OK); return answer(VERDICT_ABSTAIN);""", "".join(
            f"int {name}(int x); int {name}(int x) {{ return x; }}\n" for name in names[:-1])))
        self.assertEqual(self.judged(parser, self.inputs["loop"], PARSER_CFLAGS="-w"), [None])

    def test_parts(self):
        """Further source, an archive and flags; words as in a shell."""
        self.write("a b/part.c", "int part(void) { return PART; }")
        self.write("other.c", "int other(void); int other(void) { return 2; }")
        self.build(*GCC, "-c", "other.c", "-o", "other.o")
        self.build("ar", "rcs", "libother.a", "other.o")
        parser = self.write("whole.c", reader(
            "return part() + other() == 9 ? answer(VERDICT_ABSTAIN) : answer(VERDICT_OK);",
            "int part(void), other(void);"))
        self.assertEqual(self.judged(parser, self.inputs["own memory"], PARSER_CFLAGS="'-DPART=7'",
                                     PARSER_LIBS="'a b/part.c' libother.a -lm"), [None])


class Refused(Base):
    """What cannot be used is said in one line, and nothing is left."""

    def test_files(self):
        self.refused("none.c", "none.c: No such file")
        self.refused("none.o", "none.o: No such file")
        self.refused(self.write("reader.py", ""), r"reader.py: want source \(.c")
        os.makedirs(self.path("folder.c"))
        self.refused("folder.c", "folder.c: Is a directory")
        self.refused(self.write("empty.o", ""), "empty.o: neither an ELF object nor an archive")
        self.refused(self.write("text.a", "int x;"), "text.a: neither")
        self.refused(self.write("bitcode.o", b"BC\xc0\xde1234"), "bitcode.o: LLVM bitcode")
        self.refused(self.write("good.c", reader()), "PARSER_LIBS: No closing quotation",
                     PARSER_LIBS="'a")
        self.refused("good.c", "other.o: No such file", PARSER_LIBS="other.o")

    def test_source(self):
        said = self.refused(self.write("broken.c", "int f( {"), "broken.c does not compile")
        self.assertRegex(said, "broken.c:1:.*error:")
        said = self.refused(self.write("absent.c", reader("return other();",
                                                          "struct info_answer other(void);")),
                            "absent.c does not link: name what it needs in PARSER_LIBS")
        self.assertIn("undefined reference to `other'", said)
        self.refused(self.write("rust.rs", "fn f() {}"), "rustc is missing", 3,
                     PATH=self.without("rustc"))

    def without(self, name):
        """A PATH that lacks one command."""
        os.makedirs(self.path("bin"))
        for folder in reversed(os.environ["PATH"].split(":")):
            for each in os.listdir(folder) if os.path.isdir(folder) else ():
                link = self.path("bin", each)
                if os.path.lexists(link):
                    os.unlink(link)
                if each != name:
                    os.symlink(os.path.join(folder, each), link)
        return self.path("bin")

    def test_symbol(self):
        self.refused(self.write("nothing.c", "int x;"), "nothing.c: defines no `capchain_parser`")
        self.refused(self.write("static.c", "static int capchain_parser;"), "defines no")
        self.refused(self.write("function.c", "int capchain_parser(void) { return 0; }"),
                     "`capchain_parser` is a function")
        self.refused(self.write("old.c", "const int capchain_parser[5] = {1};"),
                     r"has 20 bytes, and the contract's struct info_parser \d+")

    def test_machine(self):
        self.write("small.c", "int capchain_parser;")
        for flags, says in ((["-m32"], "a 32-bit object"),
                            (["--target=aarch64-linux-gnu"], "AArch64, and this machine")):
            if HAS_CLANG:
                self.build(*CLANG, *flags, "-c", "small.c", "-o", "small.o")
                self.refused("small.o", "small.o: .*" + says)
        self.build(*GCC, "-fsanitize=address", "-c", "small.c", "-o", "asan.o")
        self.refused("asan.o", "asan.o: built with a sanitizer .*__asan")

    def test_contract(self):
        for parser, says in (
                (reader(name="naive"), "name is taken"),
                (reader(name="Mine"), "lower case"), (reader(name=""), "lower case"),
                (reader(name="a" * 32), "31 at most"),
                (reader(more=".fixed_size = 65537,"), "fixed_size"),
                (reader(more=".trust = 3,"), "trust"),
                (reader(reads=".ids = 0"), "reads nothing"),
                (reader(reads=".style = INFO_LOOKUP, .ids = INFO_ALL_IDS"), "ids it looks up"),
                (reader(read="0"), "no .read")):
            with self.subTest(says):
                self.refused(self.write("contract.c", parser), says)

    def test_answers_out_of_range(self):
        """One contract in every verb and way: no answer, the input named, the run goes on, status 1."""
        for body, cause in (("struct info_answer a = {9, 0, 0}; return a;", "no-such-verdict"),
                            ('return answer_reject("Too Bad");', "no-such-reason")):
            parser = self.write("range.c", reader(body))
            self.build(*GCC, "-I", OWN, "-c", "range.c", "-o", "range.o")
            bucket = f"tested:none:no-answer:{cause}"
            for given in (parser, "range.o"):
                with self.subTest(cause, given=given):
                    done = self.check(given, *self.inputs.values(), status=(1,))
                    self.assertIn(f"{bucket}  NO ANSWER", done.stdout)
                    done = self.check(given, "--json", *self.inputs.values(), status=(1,))
                    self.assertEqual(done.stdout.count(f'"bucket":"{bucket}"'), len(self.inputs), done.stdout)
            self.assertIn(f"no answer ({cause})", self.check(parser, self.inputs["loop"], verb="explain").stdout)
            self.assertIn(bucket, self.check(parser, CAPTURED, verb="replay", status=(1,)).stdout)
            done = self.run_it(CAPCHAIN, "exhaust", "--parser", parser, "--caps", "1", "--kind", "region")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(bucket, done.stdout)

    def test_joined_is_no_option_of_ours(self):
        done = self.run_it(CAPCHAIN, "check", "--joined", self.inputs["loop"])
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\Acapchain: no parser joined.*\n\Z")

    def test_away_from_its_tree(self):
        shutil.copy(CAPCHAIN, self.path("capchain"))
        done = self.run_it(self.path("capchain"), "check", "--parser", "x.c", self.inputs["loop"])
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Acapchain: --parser: no scripts/fuzz/own.py above.*\n\Z")

    def test_build_folder_that_cannot_be_written(self):
        file = self.write("file", "")
        done = self.run_it(script("fuzz", "own.py"), "--build", file, "--",
                           self.write("good.c", reader()))
        self.assertEqual(done.returncode, 5)
        self.assertRegex(done.stderr, r"\Acapchain: .*: Not a directory\n\Z")


class Elsewhere(Base):
    """libcapchain-fuzz.a in somebody's own build."""

    def setUp(self):
        super().setUp()
        self.build("make", "-s", "-C", ROOT, "install", f"PREFIX={self.path('install')}",
                   "MAKEFLAGS=")
        os.environ["PKG_CONFIG_PATH"] = self.path("install", "lib", "pkgconfig")
        self.addCleanup(os.environ.pop, "PKG_CONFIG_PATH")

    def config(self, *options):
        done = self.run_it("sh", "-c", 'eval "printf \'%s\\n\' $(pkg-config "$@" capchain-fuzz)"',
                           "sh", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split("\n")[:-1]

    def compile(self, compiler, hooks):
        template = self.path("install", "share", "capchain", "template.c")
        self.build(*compiler, "-O2", *self.config(f"--variable={hooks}")[0].split(),
                   *self.config("--cflags"), "-c", template, "-o", "mine.o")
        syms = self.path("install", "share", "capchain", "heap.syms")
        self.build("objcopy", f"--redefine-syms={syms}", "mine.o")

    @unittest.skipUnless(HAS_CLANG, "no clang here")
    def test_libfuzzer(self):
        self.compile(CLANG, "hooks")
        for engine in ("fuzzer", "fuzzer,address"):
            self.build(*CLANG, f"-fsanitize={engine}", "mine.o", *self.config("--libs"), "-o",
                       "fuzz_region_info")
            done = self.run_it("./fuzz_region_info", "-runs=500", "-seed=1", "region-loop.bin")
            self.assertEqual(done.returncode, 0, done.stderr)
            every = re.search(r"kind region, (\d+) parsers; oracles: load hooks in (\d+) of(.*)",
                              done.stderr)
            self.assertEqual(int(every[1]), int(every[2]) + every[3].count(" abstains: "))
        shutil.copy(self.path("fuzz_region_info"), self.path("region-of-device"))
        for name, env in (("region-of-device", {}), ("fuzz_region_info", {"CAPCHAIN_KIND": "x"})):
            done = self.run_it("./" + name, "-runs=1", **env)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"capchain: which kind\? ")

    def test_without_an_engine(self):
        self.compile(GCC, "hooks_gcc")
        self.build(*GCC, "mine.o", *self.config("--libs"), "-lcapchain-fuzz-main", "-o", "replay")
        done = self.run_it("./replay", *self.inputs.values(), CAPCHAIN_KIND="region",
                           CAPCHAIN_VERDICTS="verdicts")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("verdicts"), encoding="ascii") as file:
            self.assertEqual([re.search(r" mine:(\w+)", line)[1] for line in file],
                             ["reject", "ok", "ok", "ok"])


class Template(unittest.TestCase):
    def test_is_short(self):
        with open(os.path.join(OWN, "template.c"), encoding="ascii") as file:
            self.assertLessEqual(len(file.readlines()), 45)


def main(classes, file=__file__):
    """The classes of @file side by side, one a process; what they built is removed."""
    own = os.path.join(os.path.dirname(CAPCHAIN), "own")
    own = own if os.path.isdir(own) else os.path.join(ROOT, "build", "own")
    before = set(os.listdir(own)) if os.path.isdir(own) else set()
    # What all of them want is built once, first.
    subprocess.run([script("fuzz", "own.py"), "--engine", "libfuzzer", "--",
                    os.path.join(OWN, "template.c")], stdout=subprocess.DEVNULL, check=False)
    subprocess.run(["make", "-s", "-C", ROOT, "lib"], check=False)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        done = list(pool.map(lambda name: run(sys.executable, file, "--here", name), classes))
    for each in done:
        print(each.stdout + each.stderr, end="")
    for name in set(os.listdir(own)) - before - {"lock"}:
        shutil.rmtree(os.path.join(own, name), ignore_errors=True)
    return any(each.returncode for each in done)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        run_tests(argv=[sys.argv[0], *sys.argv[2:]])
    sys.exit(main(sys.argv[1:] or ["Ways", "Promise", "Styles", "Refused", "Fuzzed", "Mine", "Verbs", "Languages", "Template"]))
