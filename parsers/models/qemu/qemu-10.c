/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-10`: QEMU 10.0.13, vfio-pci on x86 and s390: hw/vfio/helpers.c vfio_get_cap()
 * and container.c's second copy of it, with their callers. Read, not measured; qemu.h has the
 * quirks.
 *
 * Against 7.2 it also looks up PCI_ATOMIC_COMP of a device (where the root port can do atomics),
 * and of an IOMMU DMA_AVAIL, IOVA_RANGE, MIGRATION, in this order. Each IOVA range becomes a Range,
 * whose constructor asserts that start is not above end: such a range aborts QEMU. Its index is an
 * int against the __u32 count, compared as unsigned.
 */
#include "qemu.h"

static const struct qemu_lookups lookups[INFO_IOCTL_KINDS] = {
	[INFO_DEVICE] = {{CAP_ID_ZPCI_BASE, CAP_ID_ZPCI_GROUP, CAP_ID_ZPCI_UTIL, CAP_ID_ZPCI_PFIP,
			  CAP_ID_PCI_ATOMIC_COMP}},
	[INFO_REGION] = {{CAP_ID_SPARSE_MMAP, CAP_ID_MSIX_MAPPABLE}},
	[INFO_IOMMU] = {{CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE, CAP_ID_MIGRATION}},
};

static struct info_answer qemu_10_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	return qemu_read_kind(walk, info, len, kind, &lookups[kind]);
}

#define DEVICE_IDS                                                                                 \
	(INFO_ID(CAP_ID_ZPCI_BASE) | INFO_ID(CAP_ID_ZPCI_GROUP) | INFO_ID(CAP_ID_ZPCI_UTIL) |      \
	 INFO_ID(CAP_ID_ZPCI_PFIP) | INFO_ID(CAP_ID_PCI_ATOMIC_COMP))
#define REGION_IDS (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_MSIX_MAPPABLE))
#define IOMMU_IDS                                                                                  \
	(INFO_ID(CAP_ID_DMA_AVAIL) | INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_MIGRATION))

const struct info_parser qemu_10_parser = {
	.name = "qemu-10",
	.summary = "QEMU 10 vfio-pci: as qemu, with IOVA ranges that abort when reversed",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that order is nothing: a short ZPCI_UTIL is read on into what follows it. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_ORDER,
	.reads = {{INFO_LOOKUP, DEVICE_IDS, DEVICE_IDS},
		  {INFO_LOOKUP, REGION_IDS, REGION_IDS},
		  {INFO_LOOKUP, IOMMU_IDS, IOMMU_IDS}},
	.read = qemu_10_read,
	.newest = QEMU_NEWEST,
};
