#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests fetch loops from outside: capchain_loop beside capchain_parser, and what each tool says of it.

Usage: own_loop_test.py [CLASS...]; all but InRust, which wants rustc.

CAPCHAIN names the command, build/capchain by default, of a tree that is built. The planted loops are
parsers/own/planted/loops.c with a FAULT each.
"""

import os
import re
import shutil
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from fuzz.own_base import OWN, Base, main, reader  # noqa: E402
from test.tools import CAPCHAIN, ROOT, text_of  # noqa: E402

LOOPS = os.path.join(OWN, "planted", "loops.c")
CORPUS = os.path.join(ROOT, "corpus")
# Each fault: what is told of it, where in its source that is, and whom it is red for (t, s, h: what each promises).
FAULTS = {
    "RIGHT": (None, None, ""),
    "NEVER_GROWN": ("truncated:conversation:never-grown", None, "tsh"),
    "ARGSZ_TRUSTED": ("wrote:conversation:overrun", "ioctl(", "tsh"),
    "ANY_SIZE": ("runaway:conversation:absurd-alloc", "calloc(", "tsh"),
    "KEPT_OFFSET": ("stale:conversation:earlier-reply", None, "tsh"),
    "KEPT_REPLY": ("stale:conversation:earlier-reply", None, "tsh"),
    "CACHED": ("stale:conversation:earlier-reply", None, "tsh"),
    "FOR_EVER": ("runaway:conversation:unbounded", "ioctl(", "tsh"),
    "SPINS": ("runaway:conversation:unbounded", "while (FAULT == SPINS", "tsh"),
    "LEAKS": ("reject:conversation:leak", "calloc(", "tsh"),
    "FREED": ("wrote:conversation:overrun", "ioctl(", "tsh"),
    "ARGSZ_0": ("reject:conversation:asked-short", None, "tsh"),
    "ARGSZ_OTHER": ("reject:conversation:asked-short", None, "tsh"),
    # What comes of a short reply is not plain.
    "UNWRITTEN": ("stale:conversation:unwritten", None, "sh"),
    "EXITS": ("none:no-answer:ended-with-status-0", None, "tsh"),
    "NOTHING": ("none:no-answer:ok-without-a-buffer", None, "tsh"),
}
TRUSTS = {"t": "TRUSTING", "s": "SAFE", "h": "HARDENED"}


class Loop(Base):
    def setUp(self):
        super().setUp()
        self.scripts = [os.path.join(CORPUS, folder, name) for folder in ("regressions", "seeds")
                        for name in sorted(os.listdir(os.path.join(CORPUS, folder))) if name.startswith("fetch-")]

    def verb(self, verb, *words, fault="RIGHT", trust="HARDENED", parser=LOOPS, **env):
        return self.run_it(CAPCHAIN, verb, "--parser", parser, *words,
                           PARSER_CFLAGS=f"-DFAULT={fault} -DTRUST=INFO_{trust}", **env)


class Planted(Loop):
    def test_each_is_named_by_check(self):
        for fault, (bucket, place, red) in FAULTS.items():
            for letter in "tsh" if fault in ("LEAKS", "UNWRITTEN") else "h":
                with self.subTest(fault=fault, promise=TRUSTS[letter]):
                    done = self.verb("check", *self.scripts, fault=fault, trust=TRUSTS[letter])
                    self.assertEqual(done.returncode, int(letter in red), done.stdout[-2000:] + done.stderr)
                    account = done.stdout[done.stdout.rindex("\nmine: "):]
                    self.assertRegex(account, rf"{len(self.scripts)} inputs: .* 0 of kinds it does not read\n")
                    self.assertNotRegex(account, "leaks, which")
                    if bucket:
                        told = re.search(rf"  mine:{bucket}(.*)\n(.*)", account)
                        self.assertTrue(told, account)
                        self.assertEqual("PROMISE BROKEN" in told[1] or "NO ANSWER" in told[1], letter in red, account)
                        self.holds_place(place, told[2])
                    else:
                        self.assertIn(f" {len(self.scripts)} right, ", account)

    def holds_place(self, place, line):
        if place:
            number = int(re.match(r" +in ask_for at \S+loops\.c:(\d+), in ask at ", line)[1])
            with open(LOOPS, encoding="utf-8") as file:
                self.assertIn(place, file.read().splitlines()[number - 1])

    def test_an_object_without_hooks(self):
        """It walks in a child, which hears no load: what its calls show is told all the same."""
        scripts = [path for path in self.scripts if "/seeds/" in path or "second-fails" in path]
        for fault in ("RIGHT", "NEVER_GROWN", "ARGSZ_TRUSTED", "LEAKS", "SPINS", "EXITS"):
            bucket = "none:no-answer:does-not-end" if fault == "SPINS" else FAULTS[fault][0]
            with self.subTest(fault):
                self.build("cc", "-g", "-O1", "-w", "-I", OWN, f"-DFAULT={fault}", "-c", LOOPS, "-o", f"{fault}.o")
                done = self.verb("check", *scripts, parser=f"{fault}.o")
                self.assertEqual(done.returncode, int(bucket is not None), done.stdout[-2000:])
                self.assertIn(f"mine:{bucket}" if bucket else ": 0 inputs break its promise", done.stdout)


class Verbs(Loop):
    def test_the_example_is_right(self):
        done = self.verb("check", CORPUS, parser=os.path.join(OWN, "loop.c"))
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        self.assertNotRegex(done.stdout, "conversation:|capchain_loop is missing")

    def test_replay(self):
        done = self.verb("replay", *self.scripts, fault="LEAKS")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("# promise broken: mine:reject:conversation:leak\n# expected a loop that keeps the rules of "
                      "conversations, got one that leaves memory behind\n", done.stdout)
        self.assertRegex(done.stdout, rf"\n{len(self.scripts) - 3} passed, 3 failed\n")

    def test_explain_shows_two(self):
        script = os.path.join(CORPUS, "seeds", "fetch-libvfio-user-region.yaml")
        said = self.verb("explain", script, fault="ARGSZ_TRUSTED").stdout
        self.assertEqual(re.findall(r"(?m)^(\S+(?: \(\w+\))?): (?:ok|wrote|reject)", said),
                         ["reference", "fetch (kernel)", "mine (kernel)"])
        self.assertIn("differs: mine:wrote:conversation:overrun  PROMISE BROKEN\n  in ask_for at ", said)
        self.assertRegex(said, r"2 \|-- argsz 80 .*  of a buffer of 32\n")
        self.assertRegex(self.verb("explain", "--all", os.path.join(
            CORPUS, "seeds", "fetch-vfio-pci-region-6-6.yaml")).stdout, r"\nqemu(?: \(kernel\))?: ")

    def test_shrink_keeps_its_bucket(self):
        done = self.verb("shrink", os.path.join(CORPUS, "regressions", "fetch-region-alternating.yaml"), "-o",
                         "fetch-small.bin", fault="FREED")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("keeps mine:wrote:conversation:overrun\n", done.stdout)
        self.assertLess(os.path.getsize(self.path("fetch-small.bin")), 60)

    def test_emit_refuses_a_conversation(self):
        done = self.verb("emit", self.scripts[0], "-o", "no.c")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a conversation; emit works on one INFO buffer", done.stderr)

    def make_fuzz(self, engine, fault, seconds=12, parser=LOOPS):
        return self.run_it("make", "-s", "-C", ROOT, "fuzz", f"PARSER={parser}", f"SECONDS={seconds}", "SETUP=0",
                           "JOBS=1", f"FINDINGS={self.path('found')}", "KIND=fetch", f"ENGINE={engine}", MAKEFLAGS="",
                           PARSER_CFLAGS=f"-DFAULT={fault}")

    def holds_fuzzed(self, engine):
        done = self.make_fuzz(engine, "KEPT_REPLY")
        self.assertIn("Error 1", done.stderr, done.stdout)
        self.assertRegex(done.stdout, r"reads device, region, iommu, and asks for them; ")
        self.assertRegex(done.stdout, r"mine, hardened: \S+ buffers, \d+ buckets?, \d+ breaks? its promise, worst first\n")
        self.assertRegex(done.stdout, r"bytes  mine:stale:conversation:earlier-reply  .*  BROKEN\n +expected a loop that "
                         r"keeps the rules of conversations, got one that answers by flags")
        command = re.search(r"\S+/capchain explain \S+earlier-reply$", done.stdout, re.M)[0].split()
        self.assertIn("differs: mine:stale:conversation:earlier-reply  PROMISE BROKEN",
                      self.run_it(os.path.join(ROOT, command[0]), *command[1:]).stdout)

    def test_fuzzed(self):
        self.holds_fuzzed("libfuzzer")

    @unittest.skipUnless(shutil.which("afl-fuzz") and shutil.which("afl-clang-fast"), "no AFL++ here")
    def test_fuzzed_by_afl(self):
        self.holds_fuzzed("afl")


RUST_LOOP = """
extern "C" {
    fn ioctl(fd: std::os::raw::c_int, request: std::os::raw::c_ulong, ...) -> std::os::raw::c_int;
    fn malloc(size: usize) -> *mut u32;
}

/// Asks with what came, and does not look at how much that is.
extern "C" fn ask(fetch: *mut capchain::Fetch, _kind: c_int, _first: u32) -> Answer {
    let mut argsz = 32;
    for _ in 0..4 {
        unsafe {
            let info = malloc(argsz as usize);
            *info = argsz;
            if ioctl(-1, 0x3b6c, info) != 0 {
                return capchain::reject("refused\\0");
            }
            if *info <= argsz {
                return capchain::hand(fetch, info as *const u8);
            }
            argsz = *info;
        }
    }
    capchain::reject("unsteady\\0")
}

#[cfg_attr(capchain_old, no_mangle)]
#[cfg_attr(not(capchain_old), cfg_attr(all(), unsafe(no_mangle)))]
pub static capchain_loop: capchain::Loop = capchain::asks(1 << capchain::REGION, ask);
"""


class InRust(Loop):
    def test_a_loop_in_rust(self):
        shutil.copy(os.path.join(OWN, "capchain.rs"), self.dir)
        asks = self.write("asks.rs", text_of("parsers", "own", "template.rs") + RUST_LOOP)
        done = self.verb("check", *self.scripts, parser=asks)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"mine-in-rust:reject:conversation:leak  PROMISE BROKEN .*\n +in ask at \S*asks.rs:\d+")


class Missing(Loop):
    """One of the two alone: what is missing is said in a line."""

    def test_a_parser_alone(self):
        alone = self.write("alone.c", reader())
        done = self.verb("check", CORPUS, parser=alone)
        every = sum(name.startswith("fetch-") for _, _, names in os.walk(CORPUS) for name in names)
        self.assertRegex(done.stdout, rf"\n +{every}  conversations, not asked: capchain_loop is missing "
                         "beside capchain_parser\n")
        said = self.verb("explain", self.scripts[0], parser=alone).stdout
        self.assertIn("\ntested: capchain_loop is missing beside capchain_parser: nothing asks\n", said)

    def test_a_loop_alone(self):
        alone = self.write("alone.c", "#include <capchain/fetch_loop.h>\nconst struct fetch_loop capchain_loop;\n")
        done = self.verb("check", self.scripts[0], parser=alone)
        self.assertEqual(done.returncode, 2)
        self.assertIn("defines `capchain_loop` and no `capchain_parser`, which reads what a loop hands over", done.stderr)

    def test_contract(self):
        for loop, says in (("{.kinds = 2}", "capchain_loop: it has no .run"),
                           ("{.kinds = 1, .run = run}", "capchain_loop: its .kinds are bits of kinds that"),
                           ("{.run = run}", "capchain_loop: its .kinds are bits of kinds that")):
            with self.subTest(loop):
                path = self.write("bad.c", reader() + f"""
                    #include "capchain/fetch_loop.h"
                    static __attribute__((unused)) struct info_answer run(struct fetch *fetch, enum info_kind kind,
                                                                          uint32_t first)
                    {{ return answer(VERDICT_ABSTAIN); }}
                    const struct fetch_loop capchain_loop = {loop};""")
                done = self.verb("check", self.scripts[0], parser=path)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    main(["Planted", "Verbs", "Missing"], __file__)
