/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-11`: QEMU 11.0 and 11.1 (sid's 1:11.1.3+ds-1), vfio-pci on x86: as `qemu-10`, but for
 * the areas of a SPARSE_MMAP, which have to be apart from each other: qemu-areas.h. Measured against
 * the unmodified binary of 11.1.3. What it maps is the whole region, once, with the areas laid over
 * it.
 */
#include "qemu-areas.h"
#include "qemu.h"

static const struct qemu_lookups lookups[INFO_IOCTL_KINDS] = {
	[INFO_DEVICE] = {{CAP_ID_PCI_ATOMIC_COMP}, NULL},
	[INFO_REGION] = {QEMU_REGION_LOOKUPS, qemu_areas_refused},
	[INFO_IOMMU] = {QEMU_RANGE_LOOKUPS, NULL},
};

static struct info_answer qemu_11_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	return qemu_read_kind(walk, info, len, kind, &lookups[kind]);
}

#define DEVICE_IDS INFO_ID(CAP_ID_PCI_ATOMIC_COMP)

const struct info_parser qemu_11_parser = {
	.name = "qemu-11",
	.summary = "QEMU 11.0 and 11.1, x86: as qemu-10, and areas that overlap are refused",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {{INFO_LOOKUP, DEVICE_IDS, DEVICE_IDS},
		  {INFO_LOOKUP, QEMU_REGION_IDS, QEMU_REGION_IDS},
		  {INFO_LOOKUP, QEMU_RANGE_IDS, QEMU_RANGE_IDS}},
	.read = qemu_11_read,
};
