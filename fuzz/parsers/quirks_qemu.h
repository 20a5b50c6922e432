/* SPDX-License-Identifier: MIT */
/*
 * Rows of models_test.c: a quirk each, of QEMU's readers.
 */
#ifndef FUZZ_QUIRKS_QEMU_H
#define FUZZ_QUIRKS_QEMU_H

#include "quirks.h"

static const struct row qemu_rows[] = {
	/* qemu: flag, end at 0 alone, lookups in its order, g_new0, strings of fixed room. */
	{"qemu", "tests the flag", REGION_AS("flags: 0", SPARSE), SAYS(ABSENT, "")},
	{"qemu", "both lookups", REGION(MSIX "," SPARSE), SAYS(OK, "40#1 32")},
	{"qemu", "the first of two", REGION(SPARSE "," SPARSE), SAYS(OK, "32#1")},
	{"qemu", "cap_offset 0 ends", REGION_BARE, SAYS(ABSENT, "")},
	{"qemu", "asks again", REGION_CUT, SAYS(TRUNCATED, "")},
	{"qemu", "a smaller argsz is as good", REGION_SHRUNK("32"), SAYS(OK, "32")},
	{"qemu", "the second lookup loops", REGION("{id: SPARSE_MMAP, next: 32}"), FAULTS(RUNAWAY)},
	{"qemu", "both matches before the loop", REGION(SPARSE "," MSIX_AGAIN),
	 SAYS(OK, "32#1 64")},
	{"qemu", "an offset into the struct is a header",
	 "{kind: region, len: 40, info: {cap_offset: 16}, caps: [], raw: [{at: 4, hex: '08000000'},"
	 "{at: 16, hex: '0300010000000000'}]}",
	 SAYS(OK, "16")},
	{"qemu", "wild next", REGION("{id: TYPE, next: 0x7fffff00}"), FAULTS(OOB)},
	{"qemu", "10^6 areas are granted, and read", REGION("{id: SPARSE_MMAP, nr_areas: 1000000}"),
	 FAULTS(OOB)},
	{"qemu", "so are 2^24", REGION("{id: SPARSE_MMAP, nr_areas: 0x1000100}"), FAULTS(OOB)},
	{"qemu", "2^28 areas abort", REGION("{id: SPARSE_MMAP, nr_areas: 0x10000000}"),
	 REJECTS("enomem", "")},
	{"qemu", "IOVA_RANGE is not looked up", IOMMU("{id: IOVA_RANGE, " RANGE "}"),
	 SAYS(ABSENT, "")},
	{"qemu", "DMA_AVAIL, then MIGRATION", IOMMU("{id: MIGRATION}, {id: DMA_AVAIL}"),
	 SAYS(OK, "56 24")},
	{"qemu", "zPCI by id", DEVICE("{id: ZPCI_GROUP}, {id: ZPCI_BASE}"), SAYS(OK, "64 24")},
	{"qemu", "a group without its function is not read", DEVICE("{id: ZPCI_GROUP}"),
	 SAYS(ABSENT, "")},
	{"qemu", "nor one that is simulated",
	 "{kind: device, len: 94, caps: [{id: ZPCI_BASE, gid: 0xf0}, {id: ZPCI_GROUP}]}",
	 SAYS(OK, "24")},
	{"qemu", "the highest that is not is",
	 "{kind: device, len: 94, caps: [{id: ZPCI_BASE, gid: 0xef}, {id: ZPCI_GROUP}]}",
	 FAULTS(OOB)},
	{"qemu", "a long util is ignored", DEVICE("{id: ZPCI_UTIL, size: 65}, {id: ZPCI_BASE}"),
	 SAYS(OK, "40")},
	{"qemu", "a short util is read to 64 bytes",
	 DEVICE("{id: ZPCI_UTIL, util_str: 'c1c2'}, {id: ZPCI_BASE}"), FAULTS(OOB)},
	{"qemu", "which are there", "{kind: device, len: 100, caps: [{id: ZPCI_UTIL, size: 2}]}",
	 SAYS(OK, "24#2")},
	{"qemu", "five segments are ignored", DEVICE("{id: ZPCI_PFIP, pfip: '0102030405'}"),
	 SAYS(ABSENT, "")},
	{"qemu", "ATOMIC is not looked up", DEVICE("{id: PCI_ATOMIC_COMP}"), SAYS(ABSENT, "")},

	/* qemu-10: three IOMMU lookups, ranges that abort, ATOMIC. */
	{"qemu-10", "IOVA_RANGE between the two",
	 IOMMU("{id: MIGRATION}, {id: DMA_AVAIL}, {id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "56 72#1 24")},
	{"qemu-10", "a reversed range aborts",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 2, end: 1}]}"), REJECTS("empty-range", "")},
	{"qemu-10", "before the ranges that are not there",
	 IOMMU("{id: IOVA_RANGE, nr_iovas: 9, iova_ranges: [{start: 2, end: 1}]}"),
	 REJECTS("empty-range", "")},
	{"qemu-10", "one address is a range",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 1, end: 1}]}"), SAYS(OK, "24#1")},
	{"qemu-10", "ATOMIC", DEVICE("{id: PCI_ATOMIC_COMP}"), SAYS(OK, "24")},

	/* qemu-util: no flag, no cap_offset test, eight bits, argsz of the first reply. */
	{"qemu-util", "no flag",
	 IOMMU_AS("flags: 0, cap_offset: 24", "{id: IOVA_RANGE, " RANGE "}"), SAYS(OK, "24#1")},
	{"qemu-util", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"qemu-util", "a first reply of 24 is not walked",
	 "{kind: iommu, len: 24, info: {flags: CAPS, cap_offset: 0xffffff00}}", SAYS(ABSENT, "")},
	{"qemu-util", "the struct is the first header",
	 "{kind: iommu, len: 64, info: {argsz: 65537, flags: CAPS, iova_pgsizes: 1}}",
	 SAYS(OK, "0#1")},
	{"qemu-util", "256 ranges are none", IOMMU("{id: IOVA_RANGE, nr_iovas: 256}"),
	 SAYS(OK, "24#0")},
	{"qemu-util", "257 are one", IOMMU("{id: IOVA_RANGE, nr_iovas: 257, " RANGE "}"),
	 SAYS(OK, "24#1")},
	{"qemu-util", "the first of two", IOMMU("{id: IOVA_RANGE, " RANGE "}, {id: IOVA_RANGE}"),
	 SAYS(OK, "24#1")},
	{"qemu-util", "next 0 ends after a stranger", IOMMU("{id: DMA_AVAIL}"), SAYS(ABSENT, "")},
	{"qemu-util", "loop", IOMMU("{id: DMA_AVAIL, next: 24}"), FAULTS(RUNAWAY)},

	/* qemu-vfio-user: cap_offset first, and no fault that is seen. */
	{"qemu-vfio-user", "both lookups", REGION(MSIX "," SPARSE), SAYS(OK, "40#1 32")},
	{"qemu-vfio-user", "cap_offset 31", REGION_AS("cap_offset: 31", MSIX),
	 REJECTS("einval", "")},
	{"qemu-vfio-user", "cap_offset past argsz", REGION_AS("cap_offset: 41", MSIX),
	 REJECTS("einval", "")},
	{"qemu-vfio-user", "cap_offset at argsz passes", REGION_AS("cap_offset: 40", MSIX),
	 SAYS(ABSTAIN, "")},
	{"qemu-vfio-user", "the kernel's short reply", REGION_CUT, REJECTS("einval", "")},
	{"qemu-vfio-user", "libvfio-user's", "{kind: region, len: 32, info: {argsz: 64, flags: 0}}",
	 SAYS(TRUNCATED, "")},
	{"qemu-vfio-user", "loop", REGION(MSIX_AGAIN), SAYS(ABSTAIN, "")},
	{"qemu-vfio-user", "wild next", REGION("{id: TYPE, next: 0x7fffff00}"), SAYS(ABSTAIN, "")},
	{"qemu-vfio-user", "areas outside", REGION("{id: SPARSE_MMAP, nr_areas: 1}"),
	 SAYS(ABSTAIN, "")},

	/* qemu-s390: the device chain of 10 and 11 on s390. */
	{"qemu-s390", "zPCI by id", DEVICE("{id: ZPCI_GROUP}, {id: ZPCI_BASE}"), SAYS(OK, "64 24")},
	{"qemu-s390", "version 3 is read as 2", DEVICE("{id: ZPCI_BASE, version: 3}"),
	 SAYS(OK, "24")},
	{"qemu-s390", "ATOMIC is not looked up", DEVICE("{id: PCI_ATOMIC_COMP}"), SAYS(ABSENT, "")},
	{"qemu-s390", "a long util is ignored",
	 DEVICE("{id: ZPCI_UTIL, size: 65}, {id: ZPCI_BASE}"), SAYS(OK, "40")},

	/* qemu-11: as qemu-10, and areas that are apart. */
	{"qemu-11", "zPCI is not looked up", DEVICE("{id: ZPCI_BASE}"), SAYS(ABSENT, "")},
	{"qemu-11", "ATOMIC", DEVICE("{id: PCI_ATOMIC_COMP}"), SAYS(OK, "24")},
	{"qemu-11", "a reversed range aborts",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 2, end: 1}]}"), REJECTS("empty-range", "")},
	{"qemu-11", "areas that share bytes are refused", REGION(AREAS_SHARE),
	 REJECTS("areas-overlap", NULL)},
	{"qemu-11", "in any order",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0x1000, size: 0x1000}, {offset: 0,"
		" size: 0x1001}]}"),
	 REJECTS("areas-overlap", NULL)},
	{"qemu-11", "so are two at one place",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 1}, {offset: 0, size: 1}]}"),
	 REJECTS("areas-overlap", NULL)},
	{"qemu-11", "areas that touch are fine, unsorted too",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0x1000, size: 0x1000}, {offset: 0,"
		" size: 0x1000}]}"),
	 SAYS(OK, "32#2")},
	{"qemu-11", "areas without a size are left out before",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 0x2000}, {offset: 0x1000, size: 0}]}"),
	 SAYS(OK, "32#2")},
	{"qemu-11", "both lookups", REGION(MSIX "," SPARSE), SAYS(OK, "40#1 32")},
	{"qemu-11", "areas that are not there", REGION("{id: SPARSE_MMAP, nr_areas: 1000}"),
	 FAULTS(OOB)},
	{"qemu-10", "areas that share bytes are taken", REGION(AREAS_SHARE), SAYS(OK, "32#2")},
	{"qemu-10", "zPCI is not looked up", DEVICE("{id: ZPCI_BASE}"), SAYS(ABSENT, "")},

	/* qemu-vfio-user-11: cap_offset first, then areas that are apart. */
	{"qemu-vfio-user-11", "cap_offset 31", REGION_AS("cap_offset: 31", MSIX),
	 REJECTS("einval", "")},
	{"qemu-vfio-user-11", "areas that share bytes are refused", REGION(AREAS_SHARE),
	 REJECTS("areas-overlap", NULL)},
	{"qemu-vfio-user-11", "both lookups", REGION(MSIX "," SPARSE), SAYS(OK, "40#1 32")},
	{"qemu-vfio-user-11", "areas outside", REGION("{id: SPARSE_MMAP, nr_areas: 1}"),
	 SAYS(ABSTAIN, "")},
	{"qemu-vfio-user", "areas that share bytes are taken", REGION(AREAS_SHARE),
	 SAYS(OK, "32#2")},
};

#endif
