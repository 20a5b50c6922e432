#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# LeakSanitizer reads all of .bss at each end of a program, also what the program never touched:
# 64 MB that nobody used cost 19,000 page faults, in a main() that returns at once. One would
# expect that memory which was never written is passed over, as it has no pointers. A test suite
# that starts a program with large static tables thousands of times pays it each time; mapped
# memory (mmap) is not searched.
#
# Seen: Debian 12, clang-14 1:14.0.6-12 and its run-time, 2026-11-30 (page faults of a program with
# char kept[64 << 20]):
#	detect_leaks=0: 532    detect_leaks=1: 19449
# It needs a C library to link with, and python3 to count.
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
	libllvm14=1:14.0.6-12 libclang-rt-14-dev=1:14.0.6-12

cat >large.c <<'C'
static char kept[64 << 20];
int main(int argc, char **argv)
{
	(void)argv;
	return argc > 9 ? kept[argc] : 0;
}
C
LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib \
	usr/lib/llvm-14/bin/clang -fsanitize=address large.c -o large

# faults LEAKS: how many pages a run asks for.
faults() {
	ASAN_OPTIONS=detect_leaks=$1 /usr/bin/python3 - <<'PY'
import resource
import subprocess
subprocess.run(["./large"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt)
PY
}

without=$(faults 0)
with=$(faults 1)
echo "page faults: detect_leaks=0: $without; detect_leaks=1: $with"
# Half of the 16,384 pages of 64 MB.
[ $((with - without)) -gt 8192 ] || changed "memory that was never used is not read"
