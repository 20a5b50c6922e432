#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libFuzzer reads a dictionary, says how many entries it has, and never uses one of them where the
# target has a custom mutator that does not call LLVMFuzzerMutate: words are put in there and
# nowhere else. No line tells. A mutator that knows a format, and so needs no help from bytes,
# makes -dict a no-op.
#
# Seen: Debian 12, clang-14 1:14.0.6-12 and its run-time, 2026-11-30, 200,000 execs from seed 1, a
# word of eight bytes that the target counts: with libFuzzer's own mutators many, with the custom
# one none; "Dictionary: 1 entries" both times. It needs g++ and a C library to link with.
#
# Needs apt-get, dpkg-deb and a network. Exit status: 0 as seen; 1 it has changed; 77 the archive
# no longer has that version.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

get() {
	local package
	for package; do
		apt-get -qq download "$package" 2>/dev/null || {
			echo "the archive has no $package"
			exit 77
		}
	done
	for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done
}

changed() {
	echo "changed: $*"
	exit 1
}

get clang-14=1:14.0.6-12 libclang-common-14-dev=1:14.0.6-12 libclang-cpp14=1:14.0.6-12 \
	libllvm14=1:14.0.6-12 libclang-rt-14-dev=1:14.0.6-12
clang() {
	LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib \
		usr/lib/llvm-14/bin/clang "$@"
}

cat >target.c <<'C'
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int seen;

static void tell(void)
{
	fprintf(stderr, "the word was in %u inputs\n", seen);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return atexit(tell);
}

/* volatile: a compare that libFuzzer sees would give it the word without a dictionary. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const volatile char word[] = "vfiocaps";
	size_t same = 0;

	while (size >= 8 && same < 8 && data[same] == (uint8_t)word[same])
		same++;
	seen += same == 8;
	return 0;
}

#ifdef CUSTOM
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	const size_t length = max < 8 ? max : 8;

	(void)size;
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)(seed >> (i % 4 * 8));
	return length;
}
#endif
C
echo '"vfiocaps"' >words
for flag in -DOWN -DCUSTOM; do
	clang -O1 $flag -fsanitize=fuzzer target.c -o target
	./target -seed=1 -runs=200000 -max_len=8 -dict=words >said 2>&1 ||
		changed "the target fails"
	echo "$flag: $(grep -o 'Dictionary: 1 entries' said), $(grep 'the word was in' said)"
done | tee table
grep -q '^-DOWN: Dictionary: 1 entries, the word was in [1-9]' table ||
	changed "no word without a mutator"
grep -q '^-DCUSTOM: Dictionary: 1 entries, the word was in 0 inputs' table ||
	changed "a word with one"
