/* SPDX-License-Identifier: MIT */
/*
 * Rows of models_test.c: a quirk each, of test suites and samples.
 */
#ifndef FUZZ_QUIRKS_SELFTESTS_H
#define FUZZ_QUIRKS_SELFTESTS_H

#include "quirks.h"

static const struct row selftests_rows[] = {
	/* ksft-vfio: two calls, a guard of steps, ranges that are apart. */
	{"ksft-vfio", "the first of two", IOMMU("{id: IOVA_RANGE, " RANGE "}, {id: IOVA_RANGE}"),
	 SAYS(OK, "24#1")},
	{"ksft-vfio", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"ksft-vfio", "a first argsz of 23",
	 "{kind: iommu, len: 24, info: {argsz: 23, flags: CAPS}}", REJECTS("short-argsz", "")},
	{"ksft-vfio", "no ranges", IOMMU("{id: IOVA_RANGE}"), REJECTS("no-ranges", "")},
	{"ksft-vfio", "a loop", IOMMU("{id: 77}, {id: 78, next: 24}"), REJECTS("cycle", "")},
	{"ksft-vfio", "a range of one address",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 1, end: 1}]}"), REJECTS("empty-range", "")},
	{"ksft-vfio", "behind others too",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 0, end: 9}, {start: 20, end: 20}]}"),
	 REJECTS("ranges-overlap", "")},
	{"ksft-vfio", "ranges that share an address",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 5, end: 9}, {start: 0, end: 5}]}"),
	 REJECTS("ranges-overlap", "")},
	{"ksft-vfio", "unsorted",
	 IOMMU("{id: IOVA_RANGE, iova_ranges: [{start: 6, end: 9}, {start: 0, end: 5}]}"),
	 SAYS(OK, "24#2")},
	{"ksft-vfio", "more than memory", IOMMU("{id: IOVA_RANGE, nr_iovas: 0x10000001}"),
	 REJECTS("enomem", "")},

	/* ksft-cxl: 1024 bytes, TYPE with the flag, areas without. */
	{"ksft-cxl", "TYPE, and areas", REGION("{id: TYPE}," SPARSE), SAYS(OK, "32 48#1")},
	{"ksft-cxl", "areas without the flag", REGION_AS("flags: 0, cap_offset: 32", SPARSE),
	 SAYS(OK, "32#1")},
	{"ksft-cxl", "TYPE with it alone", REGION_AS("flags: 0, cap_offset: 32", "{id: TYPE}"),
	 SAYS(ABSENT, "")},
	{"ksft-cxl", "no areas", REGION("{id: SPARSE_MMAP}"), REJECTS("no-areas", "")},
	{"ksft-cxl", "areas of no whole pages",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 1}]}"), REJECTS("unaligned-area", "")},
	{"ksft-cxl", "zeroes behind the reply", REGION("{id: TYPE, next: 1000}"), SAYS(OK, "32")},
	{"ksft-cxl", "a header that does not fit ends", REGION("{id: TYPE, next: 1017}"),
	 SAYS(OK, "32")},
	{"ksft-cxl", "a payload at the end is read past it",
	 "{kind: region, len: 1024, info: {flags: CAPS, cap_offset: 1016},"
	 " raw: [{at: 1016, hex: '0100010000000000'}]}",
	 FAULTS(OOB)},
	{"ksft-cxl", "loop", REGION(MSIX_AGAIN), FAULTS(RUNAWAY)},

	/* ksft-iommufd: what iommufd writes, and nothing else. */
	{"ksft-iommufd", "both",
	 IOMMU_PAGES("{id: DMA_AVAIL, next: 36}, {at: 36, id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "24 36#1")},
	{"ksft-iommufd", "an id it does not know", IOMMU_PAGES("{id: MIGRATION}"),
	 REJECTS("unknown-id", "")},
	{"ksft-iommufd", "another version", IOMMU_PAGES("{id: IOVA_RANGE, version: 2}"),
	 REJECTS("version", "")},
	{"ksft-iommufd", "two ranges", IOMMU_PAGES("{id: IOVA_RANGE, nr_iovas: 2}"),
	 REJECTS("ranges", "")},
	{"ksft-iommufd", "a DMA_AVAIL with padding", IOMMU_PAGES(DMA ", {id: IOVA_RANGE}"),
	 REJECTS("size", "")},
	{"ksft-iommufd", "other flags", IOMMU(DMA), REJECTS("flags", "")},
	{"ksft-iommufd", "a short reply",
	 "{kind: iommu, len: 24, info: {argsz: 64, flags: [PGSIZES, CAPS]}}", SAYS(TRUNCATED, "")},
	{"ksft-iommufd", "a next that points back",
	 IOMMU_PAGES("{at: 56, id: IOVA_RANGE, next: 24, " RANGE "}, {at: 24, id: DMA_AVAIL}"),
	 REJECTS("back", "56#1")},
	{"ksft-iommufd", "one that points at itself",
	 IOMMU_PAGES("{id: IOVA_RANGE, next: 24, " RANGE "}"), FAULTS(RUNAWAY)},
	{"ksft-iommufd", "a header outside argsz",
	 IOMMU_PAGES("{id: IOVA_RANGE, next: 50, " RANGE "}"), REJECTS("outside", "24#1")},

	/* open-sparse-mmap: names everything, from anywhere. */
	{"open-sparse-mmap", "all", REGION(SPARSE ", {id: 77}," MSIX), SAYS(OK, "32#1 64 72")},
	{"open-sparse-mmap", "cap_offset 0: argsz is an id, the flags a next", REGION_BARE,
	 SAYS(OK, "0 8")},
	{"open-sparse-mmap", "tests the flag", REGION_AS("flags: 0", SPARSE), SAYS(ABSENT, "")},
	{"open-sparse-mmap", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"open-sparse-mmap", "a first argsz of 20 has no room for the struct",
	 "{kind: region, len: 32, info: {argsz: 20, flags: CAPS}}", FAULTS(WROTE)},
	{"open-sparse-mmap", "loop", REGION(MSIX_AGAIN), FAULTS(RUNAWAY)},

	/* find-cap: no flag, version 1. */
	{"find-cap", "all of version 1",
	 IOMMU_AS("flags: 0, cap_offset: 24", "{id: DMA_AVAIL}, {id: MIGRATION, version: 2}, "
					      "{id: 77}, {id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "24 80#1")},
	{"find-cap", "cap_offset 0 ends", IOMMU_BARE, SAYS(ABSENT, "")},
	{"find-cap", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"find-cap", "loop", IOMMU("{id: 77, next: 24}"), FAULTS(RUNAWAY)},

	/* i10e: eight times as far. */
	{"i10e", "cap_offset 3 is 24", IOMMU_AS("cap_offset: 3", "{id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "24#1")},
	{"i10e", "so are links",
	 IOMMU_AS("cap_offset: 3", "{id: DMA_AVAIL, next: 5},"
				   "{id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "40#1")},
	{"i10e", "24 is 192", IOMMU("{id: IOVA_RANGE, " RANGE "}"), FAULTS(OOB)},
	{"i10e", "4 GiB away is nobody's", IOMMU_AS("cap_offset: 0x20000000", ""), FAULTS(CRASH)},
	{"i10e", "cap_offset 0 ends", IOMMU_BARE, SAYS(ABSENT, "")},
	{"i10e", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},

	/* libvfio-user: the header behind the struct, and no fault that is seen. */
	{"libvfio-user", "the last of two", REGION(SPARSE "," SPARSE), SAYS(OK, "64#1")},
	{"libvfio-user", "no flag, no cap_offset", REGION_AS("flags: 0, cap_offset: 0", SPARSE),
	 SAYS(OK, "32#1")},
	{"libvfio-user", "another id", REGION(MSIX), REJECTS("bad-cap-id", "")},
	{"libvfio-user", "argsz 32: no chain", "{kind: region, len: 32, info: {flags: CAPS}}",
	 SAYS(ABSENT, "")},
	{"libvfio-user", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"libvfio-user", "another second argsz", REGION_AS("argsz: 63", SPARSE),
	 REJECTS("assertion", "")},
	{"libvfio-user", "three capabilities", REGION(SPARSE "," SPARSE "," SPARSE),
	 SAYS(ABSTAIN, NULL)},
	{"libvfio-user", "areas outside", REGION("{id: SPARSE_MMAP, nr_areas: 1}"),
	 SAYS(ABSTAIN, "")},
};

#endif
