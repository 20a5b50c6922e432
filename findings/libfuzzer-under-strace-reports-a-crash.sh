#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A fuzz target that is run under strace ends with a crash that is none. LeakSanitizer looks at a
# process by ptrace(), which a tracer has taken; it says so and gives up. libFuzzer takes that end
# for a crash of the last input: status 1, and an artifact that is named after the hash of no
# bytes at all. The same happens in a container that refuses ptrace(). With
# ASAN_OPTIONS=detect_leaks=0 the run ends well.
#
# Seen: Debian 12, clang-14 1:14.0.6-12 and its run-time, strace 6.1-0.1, 2026-11-30:
#	under strace: status 1, crash-da39a3ee5e6b4b0d3255bfef95601890afd80709
#	the same with detect_leaks=0: status 0, nothing written
# It needs g++ and a C library to link with.
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
	libllvm14=1:14.0.6-12 libclang-rt-14-dev=1:14.0.6-12 strace=6.1-0.1

cat >target.c <<'C'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return data && size ? 0 : 0;
}
C
LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib \
	usr/lib/llvm-14/bin/clang -fsanitize=fuzzer,address target.c -o target

# traced LEAKS: how a hundred runs end, and what they leave.
traced() {
	local status=0
	rm -f crash-*
	ASAN_OPTIONS=detect_leaks=$1 usr/bin/strace -f -o trace ./target -runs=100 >said 2>&1 ||
		status=$?
	echo "status $status: $(find . -maxdepth 1 -name 'crash-*' -printf '%f')"
}

looked=$(traced 1)
left_alone=$(traced 0)
echo "leaks are looked for: $looked"
echo "they are left alone:  $left_alone"
[ "$looked" = "status 1: crash-da39a3ee5e6b4b0d3255bfef95601890afd80709" ] ||
	changed "it ends otherwise"
[ "$left_alone" = "status 0: " ] || changed "it ends otherwise without leaks"
