#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libbpf copies zeros into memory that is zero. A BPF object with two megabytes of .bss gets a map
# of that size, which the kernel makes all zero; one would expect nothing more for data that starts
# as zero. libbpf fills the map by a call nevertheless, all of it, at each load: so a program with
# large static tables, which is loaded for one short walk, pays for a copy of them each time.
#
# Seen: Debian 12, bpftool 7.1.0+6.1.192-3 (its own libbpf 1.1), clang-14 1:14.0.6-12, strace
# 6.1-0.1, Linux 6.18.44, 2026-11-30 (calls for the map of 2097152 bytes):
#	BPF_MAP_CREATE 1, BPF_MAP_UPDATE_ELEM 1
# It needs root and a kernel that takes BPF.
#
# Needs apt-get, dpkg-deb and a network. Exit status: 0 as seen; 1 it has changed; 77 the archive
# no longer has that version, or this kernel takes no BPF.
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
	libllvm14=1:14.0.6-12 bpftool=7.1.0+6.1.192-3 strace=6.1-0.1 libelf1=0.188-2.1

cat >zeros.c <<'C'
char zeros[2 << 20];
__attribute__((section("socket"), used)) int prog(void *context)
{
	(void)context;
	zeros[0]++;
	return zeros[1 << 20];
}
char granted[] __attribute__((section("license"))) = "GPL";
C
export LD_LIBRARY_PATH=$PWD/usr/lib/x86_64-linux-gnu:$PWD/usr/lib/llvm-14/lib
usr/lib/llvm-14/bin/clang -target bpf -g -O2 -c zeros.c -o zeros.o
mkdir pinned
mount -t bpf bpf pinned 2>mount.err || {
	echo "no BPF here: $(head -n 1 mount.err)"
	exit 77
}
trap 'umount "$work/pinned"; rm -rf "$work"' EXIT
usr/bin/strace -f -e trace=bpf -o calls usr/sbin/bpftool prog load zeros.o pinned/prog 2>load.err || {
	echo "no BPF here: $(head -n 1 load.err)"
	exit 77
}
# The map's descriptor is what its creation returned.
made=$(grep -c 'BPF_MAP_CREATE.*value_size=2097152' calls || :)
map=$(sed -n 's/.*BPF_MAP_CREATE.*value_size=2097152.* = //p' calls)
filled=$(grep -c "BPF_MAP_UPDATE_ELEM, {map_fd=$map," calls || :)
echo "BPF_MAP_CREATE $made, BPF_MAP_UPDATE_ELEM $filled"
[ "$made" -eq 1 ] || changed "no map of that size is made"
[ "$filled" -eq 1 ] || changed "the map is left as it is"
