#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# afl-showmap passes over an empty file without a word: of a folder with one empty file and one of
# a byte it writes one map, and ends with status 0. The shortest reply of a VFIO ioctl is empty
# too, so what compares an outcome for each input has one fewer than it was given.
#
# Seen: Debian 12, afl++ 4.04c-4 with clang-14, 2026-11-30: a map of `one`, none of `empty`,
# status 0. It needs a C library to compile with.
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
export LD_LIBRARY_PATH AFL_PATH=$PWD/usr/lib/afl AFL_CC=$PWD/usr/lib/llvm-14/bin/clang AFL_QUIET=1

cat >target.c <<'C'
#include <stdio.h>
int main(void)
{
	return getchar() == 'x';
}
C
usr/bin/afl-clang-fast target.c -o target
mkdir in
: >in/empty
printf a >in/one
usr/bin/afl-showmap -q -i in -o maps -- ./target >/dev/null 2>&1 || changed "afl-showmap fails"
echo "inputs: $(ls -m in); maps: $(ls -m maps)"
[ -e maps/one ] || changed "there is no map of the other file"
[ ! -e maps/empty ] || changed "the empty file has a map"
