#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# struct vfio_iommu_type1_info has another size on 32 bits: 24 bytes on x86-64, 20 on i386, from
# one header, since its 64-bit member is aligned otherwise; the capabilities that follow it in the
# reply start where the kernel says, not at sizeof. A 32-bit program that asks with argsz = sizeof
# asks for another reply. Device and region info have one size in both.
#
# Seen: Debian 12, linux-libc-dev 6.1.192-3, 2026-11-30:
#	vfio_iommu_type1_info 24 and 20; vfio_device_info 20 and 20; vfio_region_info 32 and 32
# It needs a C compiler that knows -m32; no 32-bit library.
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

get linux-libc-dev=6.1.192-3

cat >sizes.c <<'C'
#include <linux/vfio.h>
char iommu[sizeof(struct vfio_iommu_type1_info)];
char device[sizeof(struct vfio_device_info)];
char region[sizeof(struct vfio_region_info)];
C

# sizes FLAG: of the three, as the assembly has them.
sizes() {
	cc "$1" -nostdinc -isystem usr/include/x86_64-linux-gnu -isystem usr/include \
		-S sizes.c -o sizes.s
	sed -nE 's/.*\.size[[:space:]]+(iommu|device|region), ([0-9]+)/\1 \2/p' sizes.s |
		paste -sd ' '
}

wide=$(sizes -m64)
narrow=$(sizes -m32)
echo "x86-64: $wide"
echo "i386:   $narrow"
[ "$wide" = "iommu 24 device 20 region 32" ] || changed "on x86-64"
[ "$narrow" = "iommu 20 device 20 region 32" ] || changed "on i386"
