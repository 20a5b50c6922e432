#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang's -fsanitize=alignment checks no volatile access. One would expect that a load through a
# pointer to volatile is checked as any other; gcc does. Readers of memory that another process
# writes (a vfio-user message, a device's ring) are the ones that say volatile, and they are those
# where a field stands at any offset.
#
# Seen: Debian 12, clang-14 1:14.0.6-12 and gcc-12 12.2.0-14+deb12u1, 2026-11-30 (checks in a
# function of one load):
#	clang: plain 1, volatile 0    gcc: plain 1, volatile 1
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

get gcc-12=12.2.0-14+deb12u1 cpp-12=12.2.0-14+deb12u1 libisl23=0.25-1.1 libmpc3=1.3.1-1 \
	libmpfr6=4.2.0-1 clang-14=1:14.0.6-12 libclang-common-14-dev=1:14.0.6-12 libclang-cpp14=1:14.0.6-12 \
	libllvm14=1:14.0.6-12
LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib
export LD_LIBRARY_PATH

cat >load.c <<'C'
unsigned long load(const char *from)
{
	return *(HOW const unsigned long *)(from + 4);
}
C

# checks COMPILER HOW: how many the assembly has.
checks() {
	"$1" -O1 -fsanitize=alignment "-DHOW=$2" -S load.c -o load.s
	grep -c __ubsan_handle_type_mismatch load.s || :
}

gcc=usr/bin/x86_64-linux-gnu-gcc-12
clang=usr/lib/llvm-14/bin/clang
said="clang: plain $(checks $clang ''), volatile $(checks $clang volatile)"
said="$said; gcc: plain $(checks $gcc ''), volatile $(checks $gcc volatile)"
echo "$said"
[ "$said" = "clang: plain 1, volatile 0; gcc: plain 1, volatile 1" ] || changed "other checks are made"
