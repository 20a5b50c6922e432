#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gcc's -fsanitize=thread never says __tsan_unaligned_read4: a member of a packed struct is told
# as __tsan_read_range, a call with a size, though the run-time has the unaligned calls and clang
# uses them. What defines only the calls of fixed sizes, to count a parser's loads, misses each
# field that is read through a packed struct (libvfio-user's and QEMU's wire structs are packed)
# or does not link.
#
# Seen: Debian 12, gcc-12 12.2.0-14+deb12u1 and clang-14 1:14.0.6-12, 2026-11-30:
#	gcc: __tsan_read_range    clang: __tsan_unaligned_read4
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

cat >packed.c <<'C'
struct __attribute__((packed)) message {
	unsigned short id;
	unsigned int size;
};
unsigned int size(const struct message *from)
{
	return from->size;
}
C

# calls COMPILER: the hooks of loads that the assembly names.
calls() {
	"$1" -O2 -fsanitize=thread -S packed.c -o packed.s
	grep -oE '__tsan_(unaligned_)?read[a-z0-9_]*' packed.s | sort -u | paste -sd ' '
}

gcc=$(calls usr/bin/x86_64-linux-gnu-gcc-12)
clang=$(calls usr/lib/llvm-14/bin/clang)
echo "gcc: $gcc; clang: $clang"
[ "$gcc" = __tsan_read_range ] || changed "gcc calls something else"
[ "$clang" = __tsan_unaligned_read4 ] || changed "clang calls something else"
