/* SPDX-License-Identifier: MIT */
/*
 * Rows of models_test.c: a quirk each, of drivers and libraries in user space, and of the policy `monotonic`.
 */
#ifndef FUZZ_QUIRKS_DRIVERS_H
#define FUZZ_QUIRKS_DRIVERS_H

#include "quirks.h"

static const struct row drivers_rows[] = {
	/* dpdk: one lookup, argsz both ways. */
	{"dpdk", "MSIX_MAPPABLE alone", REGION(SPARSE "," MSIX), SAYS(OK, "64")},
	{"dpdk", "tests the flag", REGION_AS("flags: 0", MSIX), SAYS(ABSENT, "")},
	{"dpdk", "loop before the match", REGION("{id: TYPE, next: 32}"), FAULTS(RUNAWAY)},
	{"dpdk", "asks again for more", REGION_CUT, SAYS(TRUNCATED, "")},
	{"dpdk", "and for less: what is cut off is gone", REGION_SHRUNK("33"), FAULTS(OOB)},
	{"dpdk", "what is left is read", REGION_SHRUNK("40"), SAYS(OK, "32")},
	{"dpdk", "argsz 31 is refused by the kernel", REGION_SHRUNK("31"), REJECTS("einval", "")},
	{"dpdk", "argsz 12 holds what it stores", REGION_SHRUNK("12"), REJECTS("einval", "")},
	{"dpdk", "argsz 11 does not", REGION_SHRUNK("11"), FAULTS(WROTE)},
	{"dpdk", "nor 4", REGION_SHRUNK("4"), FAULTS(WROTE)},
	{"dpdk", "argsz 0 is freed twice", REGION_SHRUNK("0"), REJECTS("double-free", "")},

	/* dpdk-new: SPARSE_MMAP too. */
	{"dpdk-new", "both", REGION(SPARSE "," MSIX), SAYS(OK, "64 32#1")},
	{"dpdk-new", "no areas, no capability", REGION("{id: SPARSE_MMAP}"), SAYS(ABSENT, "")},
	{"dpdk-new", "2^28 areas are granted", REGION("{id: SPARSE_MMAP, nr_areas: 0x10000000}"),
	 FAULTS(OOB)},
	{"dpdk-new", "one more is not", REGION("{id: SPARSE_MMAP, nr_areas: 0x10000001}"),
	 REJECTS("enomem", "")},

	/* vpp: names everything, starting anywhere. */
	{"vpp", "all, no payload", REGION("{id: SPARSE_MMAP, nr_areas: 0xffffffff}, {id: 77}"),
	 SAYS(OK, "32 48")},
	{"vpp", "cap_offset 0: argsz is an id, the flags a next", REGION_BARE, SAYS(OK, "0 8")},
	{"vpp", "tests the flag", REGION_AS("flags: 0", MSIX), SAYS(ABSENT, "")},
	{"vpp", "asks again for more", REGION_CUT, SAYS(TRUNCATED, "")},
	{"vpp", "and for less", REGION_SHRUNK("36"), FAULTS(OOB)},
	{"vpp", "refused", REGION_SHRUNK("4"), REJECTS("einval", "")},

	/* libvfn: the last wins, from anywhere. */
	{"libvfn", "the last of three",
	 IOMMU("{id: IOVA_RANGE}, {id: IOVA_RANGE, " RANGE "}, {id: IOVA_RANGE}"),
	 SAYS(OK, "72#0")},
	{"libvfn", "DMA_AVAIL is dead code", IOMMU("{id: DMA_AVAIL}"), SAYS(ABSENT, "")},
	{"libvfn", "cap_offset 0: the struct is a header",
	 "{kind: iommu, len: 32, info: {argsz: 1, flags: CAPS}}", SAYS(OK, "0#0")},
	{"libvfn", "no memory, and no look at it", IOMMU("{id: IOVA_RANGE, nr_iovas: 0x10000001}"),
	 FAULTS(CRASH)},
	{"libvfn", "less is granted, and read", IOMMU("{id: IOVA_RANGE, nr_iovas: 0x10000000}"),
	 FAULTS(OOB)},
	{"libvfn", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"libvfn", "a second one is read",
	 "{kind: iommu, len: 40, info: {argsz: 64}, caps: [{id: 77}]}", SAYS(ABSENT, "")},

	/* qatlib: 4096 bytes, all of them, an error for cap_offset 0. */
	{"qatlib", "all of three",
	 IOMMU("{id: IOVA_RANGE}, {id: IOVA_RANGE, " RANGE "}, {id: IOVA_RANGE}"),
	 SAYS(OK, "24#0 40#1 72#0")},
	{"qatlib", "cap_offset 0", IOMMU_BARE, REJECTS("no-space", "")},
	{"qatlib", "zeroes behind the reply", IOMMU("{id: DMA_AVAIL, next: 4000}"),
	 SAYS(ABSENT, "")},
	{"qatlib", "the buffer's end", IOMMU("{id: DMA_AVAIL, next: 4092}"), FAULTS(OOB)},
	{"qatlib", "a range to the end is the last",
	 IOMMU("{id: IOVA_RANGE, nr_iovas: 0xffffffff,"
	       " iova_ranges: [{start: 0, end: 0x7fffe00000}]}"),
	 SAYS(OK, "24#4294967295")},
	{"qatlib", "one below it is not",
	 IOMMU_AS("argsz: 4096", "{id: IOVA_RANGE, nr_iovas: 0xffffffff,"
				 " iova_ranges: [{start: 0, end: 0x7fffdfffff}]}"),
	 FAULTS(OOB)},

	/* rdma-core: a lookup, and a set of ranges. */
	{"rdma-core", "the first of two", IOMMU("{id: IOVA_RANGE}, {id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "24#0")},
	{"rdma-core", "cap_offset 0: legacy windows", IOMMU_BARE, SAYS(ABSENT, "")},
	{"rdma-core", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"rdma-core", "unsorted",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 9, end: 9}, {start: 1, end: 2},"
	       " {start: 5, end: 7}, {start: 3, end: 4}]}"),
	 SAYS(OK, "24#4")},
	{"rdma-core", "overlapping the one before",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 1, end: 3}, {start: 3, end: 4}]}"),
	 REJECTS("einval", "")},
	{"rdma-core", "overlapping the one behind",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 5, end: 6}, {start: 3, end: 5}]}"),
	 REJECTS("einval", "")},
	{"rdma-core", "before the ranges that are not there",
	 IOMMU("{id: IOVA_RANGE, nr_iovas: 9, iova_ranges: [{start: 1, end: 1},"
	       " {start: 1, end: 1}]}"),
	 REJECTS("einval", "")},
	{"rdma-core", "reversed", IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 2, end: 1}]}"),
	 REJECTS("einval", "")},
	{"rdma-core", "the whole space has length 0",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 0, end: 0xffffffffffffffff}]}"),
	 REJECTS("einval", "")},
	{"rdma-core", "ranges that are not there",
	 IOMMU("{id: IOVA_RANGE, nr_iovas: 9, iova_ranges: [{start: 1, end: 1}]}"), FAULTS(OOB)},

	/* spdk: one buffer, one lookup, a table of eight. */
	{"spdk", "the first of two", REGION(MSIX "," SPARSE "," SPARSE), SAYS(OK, "40#1")},
	{"spdk", "tests the flag", REGION_AS("flags: 0", SPARSE), SAYS(ABSENT, "")},
	{"spdk", "never a second request", REGION_CUT, SAYS(ABSENT, "")},
	{"spdk", "zeroes behind the reply", REGION("{id: TYPE, next: 4000}"), SAYS(ABSENT, "")},
	{"spdk", "the buffer's end", REGION("{id: TYPE, next: 4092}"), SAYS(ABSTAIN, "")},
	{"spdk", "loop", REGION(MSIX_AGAIN), SAYS(ABSTAIN, "")},
	{"spdk", "areas of no size take no room", REGION("{id: SPARSE_MMAP, nr_areas: 9}"),
	 SAYS(OK, "32#9")},
	{"spdk", "nine of some size",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 1}, {offset: 0, size: 1},"
		"{offset: 0, size: 1}, {offset: 0, size: 1}, {offset: 0, size: 1},"
		"{offset: 0, size: 1}, {offset: 0, size: 1}, {offset: 0, size: 1},"
		"{offset: 0, size: 1}]}"),
	 SAYS(ABSTAIN, "")},

	/* monotonic: as bounded, and never back. */
	{"monotonic", "all", REGION(SPARSE ", {id: 77}," MSIX), SAYS(OK, "32#1 64 72")},
	{"monotonic", "back", REGION("{at: 64, id: TYPE}, {at: 32, id: TYPE}"),
	 REJECTS("not-rising", NULL)},
	{"monotonic", "itself", REGION(MSIX_AGAIN), REJECTS("not-rising", NULL)},
	{"monotonic", "into the struct", REGION("{id: TYPE, next: 4}"),
	 REJECTS("into-header", NULL)},
	{"monotonic", "out of the reply", REGION("{id: TYPE, next: 44}"),
	 REJECTS("header-straddle", NULL)},
	{"monotonic", "past the reply", REGION("{id: TYPE, next: 48}"), REJECTS("next-oob", NULL)},
	{"monotonic", "past the buffer alone",
	 "{kind: region, len: 48, info: {argsz: 64}, caps: [{id: TYPE, next: 48}]}",
	 SAYS(TRUNCATED, NULL)},
	{"monotonic", "areas outside", REGION("{id: SPARSE_MMAP, nr_areas: 1}"),
	 REJECTS("payload-oob", NULL)},
	{"monotonic", "areas past 2^32", REGION("{id: SPARSE_MMAP, nr_areas: 0xffffffff}"),
	 REJECTS("count-overflow", NULL)},
	{"monotonic", "cap_offset 0", REGION_BARE, SAYS(ABSENT, "")},
	{"monotonic", "cap_offset 0 of a short reply", REGION_CUT, SAYS(TRUNCATED, "")},

	/* dpdk-new: areas are mapped at their place. */
	{"dpdk-new", "a place that begins no page",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0x800, size: 0x1000}]}"),
	 REJECTS("unmapped-area", NULL)},
	{"dpdk-new", "a size of no whole pages is mapped",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0x1000, size: 1}]}"), SAYS(OK, "32#1")},
	{"dpdk-new", "no size, no look at the place",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 1, size: 0}]}"), SAYS(OK, "32#1")},
	{"dpdk-new", "past what a process can address",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0x7ffffffff000, size: 0x2000}]}"),
	 REJECTS("unmapped-area", NULL)},

	/* libblkio: three things that have to be there, ends that are read as exclusive. */
	{"libblkio", "both, without the flag",
	 IOMMU_AS("flags: PGSIZES, cap_offset: 24", DMA ", {id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "40#1 24")},
	{"libblkio", "no PGSIZES", IOMMU_AS("flags: CAPS", DMA ", {id: IOVA_RANGE, " RANGE "}"),
	 REJECTS("no-pgsizes", "")},
	{"libblkio", "no DMA_AVAIL", IOMMU_PAGES("{id: IOVA_RANGE, " RANGE "}"),
	 REJECTS("no-dma-avail", NULL)},
	{"libblkio", "no IOVA_RANGE", IOMMU_PAGES(DMA), REJECTS("no-iova-range", "")},
	{"libblkio", "a first argsz of 24",
	 "{kind: iommu, len: 24, info: {argsz: 24, flags: [PGSIZES, CAPS]}}",
	 REJECTS("no-caps", "")},
	{"libblkio", "a first reply that is short",
	 "{kind: iommu, len: 24, info: {argsz: 64, flags: [PGSIZES, CAPS]}}", SAYS(TRUNCATED, "")},
	{"libblkio", "the first of two",
	 IOMMU_PAGES(DMA ", {id: IOVA_RANGE}, {id: IOVA_RANGE, " RANGE "}"), SAYS(OK, "40#0 24")},
	{"libblkio", "ranges that share an address",
	 IOMMU_PAGES(DMA ", {id: IOVA_RANGE, iova_ranges: [{start: 4096, end: 8192},"
			 " {start: 8192, end: 9000}]}"),
	 SAYS(OK, "40#2 24")},
	{"libblkio", "two do not",
	 IOMMU_PAGES(DMA ", {id: IOVA_RANGE, iova_ranges: [{start: 8191, end: 9000},"
			 " {start: 4096, end: 8192}]}"),
	 REJECTS("ranges-overlap", NULL)},
	{"libblkio", "from 0 on begins a page later",
	 IOMMU_PAGES(DMA ", {id: IOVA_RANGE, iova_ranges: [{start: 0, end: 4096},"
			 " {start: 4000, end: 9000}]}"),
	 SAYS(OK, "40#2 24")},
	{"libblkio", "a loop before the match", IOMMU_PAGES("{id: 77, next: 24}"), FAULTS(RUNAWAY)},
	{"libblkio", "wild next", IOMMU_PAGES("{id: 77, next: 0x7fffff00}"), FAULTS(OOB)},
	{"libblkio", "more than memory", IOMMU_PAGES("{id: IOVA_RANGE, nr_iovas: 0x10000001}"),
	 REJECTS("enomem", "")},

	/* libvhost: as qemu-util, with an int. */
	{"libvhost", "no flag", IOMMU_AS("flags: 0, cap_offset: 24", "{id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "24#1")},
	{"libvhost", "a first reply of 24 is not walked",
	 "{kind: iommu, len: 24, info: {flags: CAPS, cap_offset: 0xffffff00}}", SAYS(ABSENT, "")},
	{"libvhost", "256 ranges are 256", IOMMU("{id: IOVA_RANGE, nr_iovas: 256}"), FAULTS(OOB)},
	{"libvhost", "2^31 are none", IOMMU("{id: IOVA_RANGE, nr_iovas: 0x80000000}"),
	 SAYS(ABSENT, "")},
	{"libvhost", "one less is no memory", IOMMU("{id: IOVA_RANGE, nr_iovas: 0x7fffffff}"),
	 FAULTS(CRASH)},
	{"libvhost", "loop", IOMMU("{id: DMA_AVAIL, next: 24}"), FAULTS(RUNAWAY)},

	/* odp: two lookups, argsz above 32. */
	{"odp", "SPARSE_MMAP, then TYPE", REGION("{id: TYPE}," SPARSE), SAYS(OK, "48#1 32")},
	{"odp", "argsz 32", "{kind: region, len: 64, info: {argsz: 32}, caps: [{id: TYPE}]}",
	 SAYS(ABSENT, "")},
	{"odp", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"odp", "a second one is read",
	 "{kind: region, len: 48, info: {argsz: 64}, caps: [{id: TYPE}]}", SAYS(OK, "32")},
	{"odp", "cap_offset 0 ends", REGION_BARE, SAYS(ABSENT, "")},
	{"odp", "loop", REGION(MSIX_AGAIN), FAULTS(RUNAWAY)},

	/* opae: one capability of a region, all ranges of an IOMMU. */
	{"opae", "the first capability", REGION(SPARSE "," MSIX), SAYS(OK, "32#1")},
	{"opae", "and no other", REGION(MSIX "," SPARSE), SAYS(ABSENT, "")},
	{"opae", "cap_offset 0: argsz is the id",
	 "{kind: region, len: 64, info: {argsz: 1, flags: CAPS}}", SAYS(OK, "0#0")},
	{"opae", "tests a region's flag", REGION_AS("flags: 0", SPARSE), SAYS(ABSENT, "")},
	{"opae", "a first argsz of 31 has no room for the struct",
	 "{kind: region, len: 32, info: {argsz: 31, flags: CAPS}}", FAULTS(WROTE)},
	{"opae", "all ranges, without a flag",
	 IOMMU_AS("flags: 0, cap_offset: 24", "{id: IOVA_RANGE, " RANGE "}, {id: IOVA_RANGE}"),
	 SAYS(OK, "24#1 56#0")},
	{"opae", "an IOMMU's cap_offset 0", "{kind: iommu, len: 32, info: {argsz: 1, flags: 0}}",
	 SAYS(OK, "0#0")},
	{"opae", "an argsz that the kernel refuses",
	 "{kind: iommu, len: 24, info: {argsz: 15, flags: 0}}", REJECTS("einval", "")},
	{"opae", "loop", IOMMU("{id: DMA_AVAIL, next: 24}"), FAULTS(RUNAWAY)},

	/* fpga-sio: everything whose first byte is there. */
	{"fpga-sio", "all", REGION(SPARSE ", {id: 77}," MSIX), SAYS(OK, "32#1 64 72")},
	{"fpga-sio", "from argsz on it ends", REGION("{id: TYPE, next: 48}"), SAYS(OK, "32")},
	{"fpga-sio", "the byte before it does not", REGION("{id: TYPE, next: 47}"), FAULTS(OOB)},
	{"fpga-sio", "tests the flag", IOMMU_AS("flags: 0", "{id: DMA_AVAIL}"), SAYS(ABSENT, "")},
	{"fpga-sio", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"fpga-sio", "loop", IOMMU("{id: 77, next: 24}"), FAULTS(RUNAWAY)},

	/* raven: inside argsz, rising. */
	{"raven", "the first of two", REGION(MSIX "," SPARSE "," SPARSE), SAYS(OK, "40#1")},
	{"raven", "an IOMMU's", IOMMU("{id: DMA_AVAIL}, {id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "40#1")},
	{"raven", "a loop ends", REGION(MSIX_AGAIN), SAYS(ABSENT, "")},
	{"raven", "so does the way back",
	 REGION("{at: 64, id: TYPE}, {at: 32, id: SPARSE_MMAP, " AREA "}"), SAYS(ABSENT, "")},
	{"raven", "outside ends", REGION("{id: TYPE, next: 41}"), SAYS(ABSENT, "")},
	{"raven", "the bound is argsz alone",
	 "{kind: region, len: 48, info: {argsz: 64}, caps: [{id: TYPE, next: 48}]}", FAULTS(OOB)},
	{"raven", "areas that are not there", REGION("{id: SPARSE_MMAP, nr_areas: 1}"),
	 FAULTS(OOB)},
	{"raven", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
};

#endif
