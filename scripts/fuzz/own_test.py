#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests parsers from outside: in every way one can be given, what is found in it, what is refused.

Usage: own_test.py [CLASS...]

CAPCHAIN names the command, build/capchain by default, of a tree that is built. The reader
with planted bugs is given as source, object and archive; the table of what each way finds is printed, and held
to own_base.py's BUGS.
"""

import os
import shutil
import struct
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.own_base import (  # noqa: E402
    CLANG, CLANG_HOOKS, GCC, GCC_HOOKS, HAS_CLANG, OWN, Base, Given, cap, main, reader, region)
from test.tools import CAPCHAIN, CAPTURED, script, text_of  # noqa: E402


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


class Template(unittest.TestCase):
    def test_is_short(self):
        with open(os.path.join(OWN, "template.c"), encoding="ascii") as file:
            self.assertLessEqual(len(file.readlines()), 45)


if __name__ == "__main__":
    main(["Ways", "Promise", "Styles", "Refused", "Template"], __file__)
