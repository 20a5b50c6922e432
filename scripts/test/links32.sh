#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whether a compiler makes 32-bit programs here: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/links32.sh COMPILER [FLAG...]

Links a C program of 32 bits that uses the C library and the kernel's headers. Where COMPILER makes
32-bit objects and no such program, it is the 32-bit C library that is missing: the line of output says
so, with the compiler's own word. A program of the project's that then does not build has a fault.

exit status:
  0  it does
  2  wrong usage
  77 it does not; one line says why
TXT
}

# says REASON: with the first error of the log.
says() {
	echo "$1: $(grep -m 1 -E 'error|cannot|not found' "$folder/log" || head -n 1 "$folder/log")"
	exit 77
}

case ${1-} in
-h | --help)
	usage
	exit
	;;
'' | -*)
	usage >&2
	exit 2
	;;
esac
command -v "$1" >/dev/null || {
	echo "no $1 here"
	exit 77
}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
"$@" -m32 -x c -c - -o object 2>log <<<'int main(void) { return 0; }' || says "$1 makes no 32-bit objects"
"$@" -m32 -x c - -o program 2>log <<-'C' || says "no 32-bit libc to build with (Debian package gcc-multilib)"
	#include <linux/vfio.h>
	#include <stdio.h>
	int main(void) { return puts(""); }
C
