#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# afl-clang-fast drops -fsanitize-coverage=trace-loads without a word. The same clang, called by
# itself with trace-pc-guard beside it, adds the call; under AFL++'s wrapper the object has none,
# and neither a warning nor a status tells. An oracle that counts loads is then deaf, and the
# fuzzer green.
#
# Seen: Debian 12, afl++ 4.04c-4 with clang-14 1:14.0.6-12, 2026-11-30 (calls of the hook of 4
# bytes):
#	clang trace-pc-guard,trace-loads: some    afl-clang-fast trace-pc-guard,trace-loads: 0
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

echo 'int load(const int *at) { return *at; }' >load.c

# calls COMPILER: how many the assembly has of the hook.
calls() {
	"$1" -O1 -fsanitize-coverage=trace-pc-guard,trace-loads -S load.c -o load.s 2>said ||
		changed "$1 fails"
	grep -c __sanitizer_cov_load4 load.s || :
}

plain=$(calls "$AFL_CC")
wrapped=$(calls usr/bin/afl-clang-fast)
echo "clang: $plain; afl-clang-fast: $wrapped, and it says: $(cat said)"
[ "$plain" -gt 0 ] || changed "clang does not call"
[ "$wrapped" -eq 0 ] || changed "afl-clang-fast calls"
[ ! -s said ] || changed "afl-clang-fast says something"
