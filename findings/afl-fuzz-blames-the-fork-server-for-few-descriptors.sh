#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# afl-fuzz does not start where fewer than 200 descriptors may be open, and blames the fork
# server: it puts the pipes of its fork server at descriptors 198 and 199. Its advice is about
# memory limits and libraries. A service manager or a shell with `ulimit -n 128` is enough.
#
# Seen: Debian 12, afl++ 4.04c-4 with clang-14 1:14.0.6-12, 2026-11-30: `dup2() failed` or `Fork
# server handshake failed` at 128, no word of descriptors being too few; it starts at 256. It
# needs a C library to compile with.
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
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1

cat >target.c <<'C'
#include <stdio.h>
int main(void)
{
	return getchar() == 'x';
}
C
usr/bin/afl-clang-fast target.c -o target
mkdir in
echo a >in/one

# starts LIMIT: what two hundred execs end with.
starts() {
	local status=0
	(ulimit -n "$1" && exec usr/bin/afl-fuzz -i in -o "out-$1" -E 200 -- ./target) \
		>"said-$1" 2>&1 ||
		status=$?
	echo "$status"
}

few=$(starts 128)
more=$(starts 256)
echo "128: status $few, $(grep -oE 'PROGRAM ABORT.*|SYSTEM ERROR.*' said-128 | head -n 1)"
echo "256: status $more"
[ "$few" -ne 0 ] || changed "it starts with 128"
! grep -qiE 'ulimit -n|RLIMIT_NOFILE|too few' said-128 || changed "it names the limit"
[ "$more" -eq 0 ] || changed "it does not start with 256"
