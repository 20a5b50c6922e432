/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu`: QEMU 7.2 (Debian 12's 1:7.2+dfsg-7+deb12u18), vfio-pci on x86 and s390:
 * hw/vfio/common.c vfio_get_cap() and its callers, hw/s390x/s390-pci-vfio.c. Measured against the
 * unmodified binaries: loops hang, wild offsets crash, 2^28 areas abort in GLib where 2^24 are
 * read, a util string above 64 bytes is ignored, a group of a function without ZPCI_BASE is not
 * read; the rest was read. qemu.h has the quirks.
 *
 * Lookups: of a device the four zPCI capabilities (s390 alone walks this chain); of a region
 * SPARSE_MMAP, then MSIX_MAPPABLE, as for the BAR of the MSI-X table, taken to be mappable and of
 * some size; of an IOMMU DMA_AVAIL, then MIGRATION. The TYPE walk over all regions that migration
 * makes is left out: it is the same loop, and experimental in 7.2.
 */
#include "qemu.h"

static const struct qemu_lookups lookups[INFO_IOCTL_KINDS] = {
	[INFO_DEVICE] = {QEMU_ZPCI_LOOKUPS, NULL},
	[INFO_REGION] = {QEMU_REGION_LOOKUPS, NULL},
	[INFO_IOMMU] = {{CAP_ID_DMA_AVAIL, CAP_ID_MIGRATION}, NULL},
};

static struct info_answer qemu_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	return qemu_read_kind(walk, info, len, kind, &lookups[kind]);
}

#define IOMMU_IDS (INFO_ID(CAP_ID_DMA_AVAIL) | INFO_ID(CAP_ID_MIGRATION))

const struct info_parser qemu_parser = {
	.name = "qemu",
	.summary = "QEMU 7.2: vfio-pci's lookups, which end at offset 0 alone",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that order is nothing: a short ZPCI_UTIL is read on into what follows it. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_ORDER,
	.reads = {{INFO_LOOKUP, QEMU_ZPCI_IDS, QEMU_ZPCI_IDS},
		  {INFO_LOOKUP, QEMU_REGION_IDS, QEMU_REGION_IDS},
		  {INFO_LOOKUP, IOMMU_IDS, IOMMU_IDS}},
	.read = qemu_read,
	.newest = QEMU_NEWEST,
};
