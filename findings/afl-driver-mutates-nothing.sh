#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# AFL++'s driver for libFuzzer targets brings a LLVMFuzzerMutate that does nothing: it returns
# size 0 and leaves the bytes. A custom mutator that works on a part and hands the rest to
# LLVMFuzzerMutate, as libFuzzer's documents teach, links against it, and does half of its work on
# empty results.
#
# Seen: Debian 12, afl++ 4.04c-4, 2026-11-30: size 0 of 4 bytes, which are unchanged. It needs a C
# compiler and library.
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

get afl++=4.04c-4

cat >mutate.c <<'C'
#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What the archive wants of a target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return data && size ? 0 : 0;
}

__attribute__((constructor)) static void ask(void)
{
	uint8_t data[8] = "seed";
	const size_t size = LLVMFuzzerMutate(data, 4, sizeof(data));

	printf("size %zu, bytes %s\n", size, memcmp(data, "seed", 5) ? "changed" : "unchanged");
	fflush(stdout);
	_Exit(0);
}
C
cc mutate.c usr/lib/afl/libAFLDriver.a usr/lib/afl/afl-compiler-rt.o -lm -ldl -lrt -o mutate
./mutate | tee said
grep -q '^size 0, bytes unchanged$' said || changed "it mutates"
