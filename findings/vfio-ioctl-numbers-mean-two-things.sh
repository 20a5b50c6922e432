#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One VFIO ioctl number is several commands. VFIO counts its numbers anew for each kind of descriptor,
# and the number holds neither size nor direction: 0x3b70 asks a type1 container for its ranges, a
# spapr container for another struct of another size, and a device for those that a hot reset would
# take along. 0x3b71 maps memory for DMA in a container, and resets a device. One would expect that a
# trace or a seccomp filter tells them apart by the number; strace prints all the names, and a filter
# that permits the mapping permits the reset. Only the descriptor tells, which a filter cannot look at.
#
# Seen: Debian 12, linux-libc-dev 6.1.192-3 and strace 6.1-0.1, 2026-12-01:
#	0x3b70 of 24 bytes and of 32
#	VFIO_DEVICE_GET_PCI_HOT_RESET_INFO or VFIO_IOMMU_GET_INFO or VFIO_IOMMU_SPAPR_TCE_GET_INFO
#	VFIO_DEVICE_PCI_HOT_RESET or VFIO_IOMMU_MAP_DMA
# It needs a C compiler, and ptrace(). The calls go to /dev/null, which refuses each.
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

get linux-libc-dev=6.1.192-3 strace=6.1-0.1 libunwind8=1.6.2-3

cat >calls.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/vfio.h>

int main(void)
{
	struct vfio_iommu_type1_info type1 = {.argsz = sizeof(type1)};
	struct vfio_iommu_spapr_tce_info spapr = {.argsz = sizeof(spapr)};
	struct vfio_iommu_type1_dma_map map = {.argsz = sizeof(map)};
	const int null = open("/dev/null", O_RDWR);

	ioctl(null, VFIO_IOMMU_GET_INFO, &type1);
	ioctl(null, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &spapr);
	ioctl(null, VFIO_IOMMU_MAP_DMA, &map);
	printf("%#x of %zu bytes, %#x of %zu\n", VFIO_IOMMU_GET_INFO, sizeof(type1),
	       VFIO_IOMMU_SPAPR_TCE_GET_INFO, sizeof(spapr));
	return 0;
}
C
cc -isystem usr/include -isystem usr/include/x86_64-linux-gnu calls.c -o calls

LD_LIBRARY_PATH=usr/lib/x86_64-linux-gnu usr/bin/strace -X abbrev -e trace=ioctl -o trace ./calls >sizes
names=$(sed -nE 's/^ioctl\([0-9]+, ([^,]*), .*/\1/p' trace)
cat sizes
echo "$names"
info="VFIO_DEVICE_GET_PCI_HOT_RESET_INFO or VFIO_IOMMU_GET_INFO or VFIO_IOMMU_SPAPR_TCE_GET_INFO"
[ "$(cat sizes)" = "0x3b70 of 24 bytes, 0x3b70 of 32" ] || changed "the header's numbers or sizes"
[ "$names" = "$info
$info
VFIO_DEVICE_PCI_HOT_RESET or VFIO_IOMMU_MAP_DMA" ] || changed "what strace calls them"
