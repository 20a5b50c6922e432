#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# MemorySanitizer of clang 14 calls what stat() has filled unset, on x86-64, once a program is
# compiled with -D_FILE_OFFSET_BITS=64, which changes nothing else there. The define has glibc
# 2.33 and newer call stat64() by name; the run-time knows stat() alone, so it does not see the
# struct being written. clang 19's run-time, of the same archive, knows both. A fuzz target that
# looks whether its argument is a folder stops before its first input.
#
# Seen: Debian 12, clang-14 1:14.0.6-12 and clang-19 1:19.1.7-3~deb12u1 with their run-times,
# 2026-11-30:
#	14: status 0 without the define, 1 and use-of-uninitialized-value with it    19: 0 and 0
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
	libllvm14=1:14.0.6-12 libclang-rt-14-dev=1:14.0.6-12 clang-19=1:19.1.7-3~deb12u1 \
	libclang-common-19-dev=1:19.1.7-3~deb12u1 libclang-cpp19=1:19.1.7-3~deb12u1 \
	libllvm19=1:19.1.7-3~deb12u1 libclang-rt-19-dev=1:19.1.7-3~deb12u1

cat >folder.c <<'C'
#include <sys/stat.h>
int main(void)
{
	struct stat what;

	return stat(".", &what) || !S_ISDIR(what.st_mode);
}
C

# ends VERSION FLAG...: the status of the program.
ends() {
	local version=$1 status=0
	shift
	LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-$version/lib \
		"usr/lib/llvm-$version/bin/clang" -fsanitize=memory "$@" folder.c -o folder
	./folder >said 2>&1 || status=$?
	echo "$status"
}

for row in '14 0 1' '19 0 0'; do
	read -r version plain wide <<<"$row"
	is_plain=$(ends "$version")
	is_wide=$(ends "$version" -D_FILE_OFFSET_BITS=64)
	echo "clang $version: $is_plain, with the define $is_wide" \
		"$(grep -o 'use-of-[a-z-]*' said | head -n 1)"
	[ "$is_plain" = "$plain" ] || changed "it was $plain"
	[ "$is_wide" = "$wide" ] || changed "it was $wide with the define"
done
