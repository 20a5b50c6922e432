/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-10`: QEMU 10.0 to 10.2 (Debian 13's 1:10.0.13+ds-0+deb13u1), vfio-pci on x86:
 * hw/vfio/helpers.c vfio_get_cap() and container.c's second copy of it, with their callers. Measured
 * against the unmodified binary of 10.0.13; qemu.h has the quirks. Of 10.2 it was read that it asks
 * VFIO_CHECK_EXTENSION between the IOMMU's reply and its lookup of MIGRATION.
 *
 * Against 7.2 it looks up PCI_ATOMIC_COMP of a device, where that is behind a PCIe root port: taken
 * for granted here. What s390 looks up of a device, `qemu-s390` has. Of an IOMMU it looks up
 * DMA_AVAIL, IOVA_RANGE, MIGRATION, in this order. Each IOVA range becomes a Range, whose constructor
 * asserts that start is not above end: such a range aborts QEMU. Its index is an int against the
 * __u32 count, compared as unsigned.
 */
#include "qemu.h"

static const struct qemu_lookups lookups[INFO_IOCTL_KINDS] = {
	[INFO_DEVICE] = {{CAP_ID_PCI_ATOMIC_COMP}, NULL},
	[INFO_REGION] = {QEMU_REGION_LOOKUPS, NULL},
	[INFO_IOMMU] = {QEMU_RANGE_LOOKUPS, NULL},
};

static struct info_answer qemu_10_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	return qemu_read_kind(walk, info, len, kind, &lookups[kind]);
}

#define DEVICE_IDS INFO_ID(CAP_ID_PCI_ATOMIC_COMP)

const struct info_parser qemu_10_parser = {
	.name = "qemu-10",
	.summary = "QEMU 10.0 to 10.2, x86: as qemu, with IOVA ranges that abort when reversed",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {{INFO_LOOKUP, DEVICE_IDS, DEVICE_IDS},
		  {INFO_LOOKUP, QEMU_REGION_IDS, QEMU_REGION_IDS},
		  {INFO_LOOKUP, QEMU_RANGE_IDS, QEMU_RANGE_IDS}},
	.read = qemu_10_read,
};
