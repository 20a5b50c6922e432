#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# llvm-symbolizer --functions=short says `??` of a function whose name the symbol table has. One
# would expect less of a name, not none: `linkage`, the default, gives the name from the same file.
# What names the place of a fault in somebody's reader, which was built without -g, is without a
# name for want of a word.
#
# Seen: Debian 12, llvm-14 1:14.0.6-12, 2026-11-30, a program built without -g:
#	--functions=short: ??    --functions=linkage: walk_chain    with -g, short: walk_chain
# It needs a C library to link with, and nm.
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
	libllvm14=1:14.0.6-12 llvm-14=1:14.0.6-12
export LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib

cat >walk.c <<'C'
__attribute__((noinline)) int walk_chain(int next)
{
	return next + 1;
}
int main(int argc, char **argv)
{
	(void)argv;
	return walk_chain(argc) - 2;
}
C
usr/lib/llvm-14/bin/clang walk.c -o walk
usr/lib/llvm-14/bin/clang -g walk.c -o walk-g

# name PROGRAM HOW
name() {
	usr/lib/llvm-14/bin/llvm-symbolizer "--functions=$2" "--obj=$1" \
		"0x$(nm "$1" | sed -n 's/ T walk_chain$//p')" | head -n 1
}

said="short: $(name walk short); linkage: $(name walk linkage); with -g, short: $(name walk-g short)"
echo "$said"
[ "$said" = "short: ??; linkage: walk_chain; with -g, short: walk_chain" ] || changed "other names are given"
