#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# AFL_IGNORE_UNKNOWN_ENVS stands in afl-fuzz's own list of variables, "don't warn on unknown env
# vars", and does nothing: a variable that AFL++ does not know is warned of with and without it,
# and the start waits two seconds each time so that the warning is read. A script that sets a
# variable of a newer AFL++ and this one beside it still pays them.
#
# Seen: Debian 12, afl++ 4.04c-4 with clang-14 1:14.0.6-12, 2026-11-30: "Mistyped AFL environment
# variable: AFL_FOO=1" both times. It needs a C library to compile with.
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

# warnings NAME=VALUE: how many lines speak of AFL_FOO.
warnings() {
	env AFL_FOO=1 "$1" usr/bin/afl-fuzz -i in -o out -E 200 -- ./target >said 2>&1 ||
		changed "afl-fuzz fails"
	rm -rf out
	grep -c 'AFL_FOO' said || :
}

usr/bin/afl-fuzz -hh >help 2>&1 || :
grep 'AFL_IGNORE_UNKNOWN_ENVS' help || changed "the help does not list it"
with=$(warnings AFL_IGNORE_UNKNOWN_ENVS=1)
without=$(warnings NOTHING=1)
echo "lines of AFL_FOO: $without without it, $with with it"
[ "$without" -gt 0 ] || changed "an unknown variable is not warned of"
[ "$with" -eq "$without" ] || changed "it has an effect"
