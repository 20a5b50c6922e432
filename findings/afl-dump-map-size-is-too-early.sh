#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# AFL_DUMP_MAP_SIZE=1 makes an instrumented program print the size of its coverage map and end:
# wrapper scripts take AFL_MAP_SIZE from it. It prints too early: guards that a constructor
# registers by itself (__sanitizer_cov_trace_pc_guard_init, the documented call-back) come after,
# and the fork server then tells afl-showmap a larger map than the one that was printed.
#
# Seen: Debian 12, afl++ 4.04c-4 with clang-14 1:14.0.6-12, 2026-11-30: a program with 1000 guards
# of its own prints a map of less than 100, and afl-showmap says a map of more than 1000. It needs
# a C library to compile with.
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

get afl++=4.04c-4 clang-14=1:14.0.6-12 libclang-common-14-dev=1:14.0.6-12 \
	libclang-cpp14=1:14.0.6-12 libllvm14=1:14.0.6-12
LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib
export LD_LIBRARY_PATH AFL_PATH=$PWD/usr/lib/afl AFL_CC=$PWD/usr/lib/llvm-14/bin/clang

cat >guards.c <<'C'
#include <stdint.h>
static uint32_t guards[1000];
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
__attribute__((constructor)) static void announce(void)
{
	__sanitizer_cov_trace_pc_guard_init(guards, guards + 1000);
}
C
cat >target.c <<'C'
#include <stdio.h>
int main(void)
{
	return getchar() == 'x';
}
C
"$AFL_CC" -c guards.c -o guards.o
AFL_QUIET=1 usr/bin/afl-clang-fast target.c guards.o -o target
printed=$(AFL_DUMP_MAP_SIZE=1 ./target </dev/null || :)
echo a >one
usr/bin/afl-showmap -o map -- ./target <one >said 2>&1 || :
mkdir in && cp one in
usr/bin/afl-showmap -i in -o maps -- ./target >said 2>&1 || :
told=$(sed -nE 's/.*Target map size: ([0-9]+).*/\1/p' said | head -n 1)
echo "AFL_DUMP_MAP_SIZE prints $printed, the fork server tells $told"
[ "$printed" -lt 100 ] || changed "the guards are in what is printed"
[ "$told" -gt 1000 ] || changed "the fork server tells otherwise"
