#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests `capchain mutate`, and that an engine which dies in the mutator leaves what repeats it: a mutator with a
planted fault is linked to an engine's way to it, and its last words are run.

CAPCHAIN names the binary.
"""

import os
import shlex
import sys

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(__file__)), True

from gen import compilers  # noqa: E402
from test.tools import CAPCHAIN, CORPUS, ROOT, Case, run, run_tests  # noqa: E402

SEED = os.path.join(CORPUS, "seeds", "region-sparse-two.yaml")
FETCH = os.path.join(CORPUS, "regressions", "fetch-region-always-8.yaml")
# An engine that asks the shim for one mutation, and a mutator that dies of seed 77 and 78.
ENGINE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/mutator/mutate.h"
#include "parsers/layout.h"
const char *info_kind_name(enum info_kind kind) { (void)kind; return "region"; }
static size_t die(uint64_t seed) { if (seed == 77) abort(); if (seed == 78) *(volatile char *)8 = 1; return 0; }
size_t mutate(const uint8_t *b, size_t n, enum info_kind k, size_t m, uint64_t seed, uint8_t *o, struct mutated *h)
{ (void)b; (void)n; (void)k; (void)m; (void)o; (void)h; return die(seed); }
size_t mutate_splice(const uint8_t *b, size_t n, const uint8_t *c, size_t p, enum info_kind k, size_t m, uint64_t seed,
	uint8_t *o, struct mutated *h) { (void)c; (void)p; return mutate(b, n, k, m, seed, o, h); }
size_t mutate_trims(const uint8_t *b, size_t n, enum info_kind k) { (void)b; (void)k; return n; }
size_t mutate_trim(const uint8_t *b, size_t n, enum info_kind k, size_t s, uint8_t *o)
{ (void)b; (void)k; (void)s; (void)o; return n; }
void mutate_describe(const struct mutated *h, char *t, size_t n) { (void)h; (void)n; *t = 0; }
void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *b, size_t n, uint8_t **o, uint8_t *add, size_t m, size_t max);
int main(int argc, char **argv)
{
	static uint8_t bytes[4096];
	FILE *const file = fopen(argv[2], "rb");
	const size_t size = fread(bytes, 1, sizeof(bytes), file);
	uint8_t *out;
	void *const data = afl_custom_init(NULL, (unsigned int)atoi(argv[1]));
	return (int)afl_custom_fuzz(data, bytes, size, &out, argc > 3 ? bytes : NULL, argc > 3 ? 8 : 0, 2048);
}
"""


class Mutate(Case):
    def made(self, *args):
        done = run(CAPCHAIN, "mutate", *args, "-o", self.path("out"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.read("out"), done.stderr

    def test_is_pure(self):
        for path in (SEED, FETCH):
            one, said = self.made("--seed", "7", path)
            self.assertRegex(said, r"^capchain: \d+ bytes, by [a-z]")
            self.assertEqual(self.made("--seed", "7", path)[0], one)
            self.assertNotEqual(self.made("--seed", "8", path)[0], one)
        self.assertLessEqual(len(self.made("--seed", "7", "--limit", "40", SEED)[0]), 40)
        self.assertNotEqual(self.made("--seed", "7", "--splice", SEED, SEED)[0], self.made("--seed", "7", SEED)[0])

    def test_lines(self):
        for args, says in (((SEED,), "with -o OUT"), (("-o", "x"), "which FILE"),
                           (("--seed", "x", SEED, "-o", "x"), "--seed x: want a number"),
                           (("--limit", "65537", SEED, "-o", "x"), "--limit 65537: want"),
                           (("--splice", FETCH, SEED, "-o", "x"), "another kind")):
            done = run(CAPCHAIN, "mutate", *args, cwd=self.dir)
            self.assertEqual(done.returncode, 2)
            self.assertIn(says, done.stderr)

    def test_last_words_repeat_it(self):
        source, engine = self.write("engine.c", ENGINE), self.path("engine")
        done = run(*compilers.any_c(), "-D_GNU_SOURCE", "-DMUTATE_KIND=INFO_REGION", "-I", ROOT, source,
                   os.path.join(ROOT, "fuzz", "mutator", "mutate_afl.c"), "-o", engine)
        self.assertEqual(done.returncode, 0, done.stderr)
        data = run(CAPCHAIN, "asm", SEED, "-o", "-", text=False, errors=None).stdout
        path = self.write("bytes", data)
        self.assertEqual(run(engine, "76", path).stderr, "")
        for seed, number in ((77, -6), (78, -11)):
            guessed = f"region-mutator-limit2048-seed{seed}"
            self.write(guessed, "somebody's")
            done = run(engine, str(seed), path, env={**os.environ, "CAPCHAIN_FINDINGS": self.dir})
            self.assertEqual(done.returncode, number)
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn("capchain: in the mutator, not in a parser: repeat it with ", done.stderr)
            command = shlex.split(done.stderr.split(" repeat it with ")[1])
            self.assertEqual(command[:8], ["build/capchain", "mutate", "--kind", "region", "--limit", "2048", "--seed",
                                           str(seed)])
            self.assertEqual(self.read(os.path.basename(command[8])), data)
            self.assertRegex(command[8], rf"/{guessed}-[0-9a-f]{{16}}\Z")
            self.assertEqual(self.text(guessed), "somebody's")
            command[0], command[-1] = CAPCHAIN, self.path("out")
            self.assertEqual(run(*command).returncode, 0)


if __name__ == "__main__":
    run_tests()
