#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests parsers from outside in C++ and Rust, and in a build that is not ours.

Usage: own_languages_test.py [CLASS...]; all but InRust and Elsewhere, which want rustc and pkg-config.

CAPCHAIN names the command, build/capchain by default, of a tree that is built.
"""

import os
import re
import shutil
import sys
import unittest

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from fuzz.own import old_rust  # noqa: E402
from fuzz.own_fuzz_test import Fuzzing  # noqa: E402
from fuzz.own_base import (  # noqa: E402
    CLANG, GCC, HAS_CLANG, OWN, RUST_HOOKS, Base, Given, cap, main, reader, region)
from test.tools import CAPTURED, ROOT, text_of  # noqa: E402

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


if __name__ == "__main__":
    main(["Languages"], __file__)
