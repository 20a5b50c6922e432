#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang's -fsanitize-coverage=trace-loads is silent twice. Alone it adds no call at all, without a
# warning: it wants a base level (func, bb or edge) beside it. With one, a loop over eight
# quadwords is called at -O1 and no more at -O2: clang makes vector loads of it, and those have no
# call. So a tool that counts loads has to look for the calls in each object, and to pin the
# vectoriser (-fno-vectorize -fno-slp-vectorize brings the calls back).
#
# Seen: Debian 12, clang-14 1:14.0.6-12, 2026-11-30 (calls of __sanitizer_cov_load8):
#	trace-loads -O1: 0               func,trace-loads -O1: 1
#	func,trace-loads -O2: 0          the same -fno-vectorize -fno-slp-vectorize: at least 1
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
	libllvm14=1:14.0.6-12
LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib
export LD_LIBRARY_PATH

cat >sum.c <<'C'
unsigned long sum(const unsigned long *at)
{
	unsigned long all = 0;

	for (int i = 0; i < 8; i++)
		all += at[i];
	return all;
}
C

# calls FLAGS...: how many the assembly has of the hook.
calls() {
	usr/lib/llvm-14/bin/clang "$@" -S sum.c -o sum.s
	grep -c __sanitizer_cov_load8 sum.s || :
}

cov=-fsanitize-coverage
alone=$(calls -O1 $cov=trace-loads)
with=$(calls -O1 $cov=func,trace-loads)
vectors=$(calls -O2 $cov=func,trace-loads)
scalar=$(calls -O2 $cov=func,trace-loads -fno-vectorize -fno-slp-vectorize)
echo "alone $alone; with a base level $with; vectors $vectors; no vectors $scalar"
[ "$alone" -eq 0 ] || changed "trace-loads alone is no longer silent"
[ "$with" -gt 0 ] || changed "func,trace-loads does not call"
[ "$vectors" -eq 0 ] || changed "vector loads are called"
[ "$scalar" -gt 0 ] || changed "without the vectoriser there is no call"
