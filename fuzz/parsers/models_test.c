/* SPDX-License-Identifier: MIT */
/*
 * Tests of parsers/models/: each row is one quirk of one program, on one small buffer.
 *
 *   quirks   what a model says of a buffer, and what it took
 *   telling  for every model, an input of the corpus that it reads otherwise than `naive` does
 *   peers    models that read from a peer never show a fault that is not public
 *
 * When a row of quirks fails, the model is wrong or the program's facts changed: its header comment
 * says which program and version, and which lines were measured.
 *
 * Usage: models_test CORPUS
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "../judge/judge.h"
#include "../text/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *corpus;
static struct judge *judge;

/*
 * @took: the offsets of what was delivered, in its order, each with #count where it has elements.
 */
struct row {
	const char *parser;
	const char *quirk;
	const char *text;
	enum verdict verdict;
	const char *reason;
	const char *took;
};

#define SAYS(verdict_, took_)	VERDICT_##verdict_, "", took_
#define REJECTS(reason_, took_) VERDICT_REJECT, reason_, took_
#define FAULTS(verdict_)	VERDICT_##verdict_, "", NULL

#define REGION(caps_)		"{kind: region, caps: [" caps_ "]}"
#define REGION_AS(info_, caps_) "{kind: region, info: {" info_ "}, caps: [" caps_ "]}"
#define IOMMU(caps_)		"{kind: iommu, caps: [" caps_ "]}"
#define IOMMU_AS(info_, caps_)	"{kind: iommu, info: {" info_ "}, caps: [" caps_ "]}"
#define DEVICE(caps_)		"{kind: device, caps: [" caps_ "]}"

#define AREA		      "areas: [{offset: 0, size: 4096}]"
#define RANGE		      "iova_ranges: [{start: 0, end: 4095}]"
#define SPARSE		      "{id: SPARSE_MMAP, " AREA "}"
#define MSIX		      "{id: MSIX_MAPPABLE}"
#define MSIX_AGAIN	      "{id: MSIX_MAPPABLE, next: 32}"
#define REGION_CUT	      "{kind: region, len: 32, info: {argsz: 64, flags: CAPS}}"
#define IOMMU_CUT	      "{kind: iommu, len: 24, info: {argsz: 64, flags: CAPS}}"
#define REGION_BARE	      "{kind: region, len: 64, info: {flags: CAPS}}"
#define IOMMU_BARE	      "{kind: iommu, len: 64, info: {flags: CAPS}}"
#define REGION_SHRUNK(argsz_) "{kind: region, len: 64, info: {argsz: " argsz_ "}, caps: [" MSIX "]}"

static const struct row rows[] = {
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

	/* crosvm-iommu: bounds of what was asked for, version 1, errors. */
	{"crosvm-iommu", "found", IOMMU("{id: DMA_AVAIL}, {id: IOVA_RANGE, " RANGE "}"),
	 SAYS(OK, "40#1")},
	{"crosvm-iommu", "no flag", IOMMU_AS("flags: 0", ""), REJECTS("no-cap-info", "")},
	{"crosvm-iommu", "cap_offset 0", IOMMU_BARE, REJECTS("no-cap-info", "")},
	{"crosvm-iommu", "not found", IOMMU("{id: DMA_AVAIL}"), REJECTS("no-cap-info", "")},
	{"crosvm-iommu", "version 2 is passed over",
	 IOMMU("{id: IOVA_RANGE, version: 2}, {id: IOVA_RANGE, " RANGE "}"), SAYS(OK, "40#1")},
	{"crosvm-iommu", "a header outside", IOMMU("{id: DMA_AVAIL, next: 0xfffffffc}"),
	 REJECTS("no-cap-info", "")},
	{"crosvm-iommu", "a range outside", IOMMU("{id: IOVA_RANGE, nr_iovas: 2, " RANGE "}"),
	 REJECTS("no-cap-info", "")},
	{"crosvm-iommu", "the bound is not the new argsz",
	 IOMMU_AS("argsz: 30", "{id: IOVA_RANGE, " RANGE "}"), SAYS(OK, "24#1")},
	{"crosvm-iommu", "a first argsz below 24",
	 "{kind: iommu, len: 24, info: {argsz: 23, flags: CAPS}}", REJECTS("panic", "")},
	{"crosvm-iommu", "a first reply that is short", IOMMU_CUT, SAYS(TRUNCATED, "")},
	{"crosvm-iommu", "loop of strangers", IOMMU("{id: 77}, {id: 78, next: 24}"),
	 FAULTS(RUNAWAY)},

	/* crosvm-region: bounds of the new argsz, u32 that panics, the last TYPE. */
	{"crosvm-region", "areas of all, TYPE of the last",
	 REGION(SPARSE ", {id: TYPE}, " MSIX ", {id: TYPE}," SPARSE ", {id: TYPE}"),
	 SAYS(OK, "32#1 80 104#1 136")},
	{"crosvm-region", "no flag in a long reply", REGION_AS("flags: 0", SPARSE),
	 REJECTS("region-dropped", "")},
	{"crosvm-region", "argsz 32: no chain", "{kind: region, len: 32, info: {flags: CAPS}}",
	 SAYS(ABSENT, "")},
	{"crosvm-region", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"crosvm-region", "outside ends, and keeps", REGION(SPARSE ", {id: TYPE, next: 80}"),
	 SAYS(OK, "32#1 64")},
	{"crosvm-region", "a second argsz above the first",
	 "{kind: region, len: 48, info: {argsz: 64}, caps: [{id: TYPE, next: 48}]}", FAULTS(OOB)},
	{"crosvm-region", "a sum that wraps", REGION("{id: TYPE, next: 0xfffffffc}"),
	 REJECTS("panic", NULL)},
	{"crosvm-region", "a product that wraps", REGION("{id: SPARSE_MMAP, nr_areas: 0x10000000}"),
	 REJECTS("panic", "")},
	{"crosvm-region", "areas outside", REGION("{id: SPARSE_MMAP, nr_areas: 2, " AREA "}"),
	 SAYS(ABSENT, "")},
	{"crosvm-region", "loop", REGION(MSIX_AGAIN), FAULTS(RUNAWAY)},

	/* vfio-ioctls: everything it knows, from 32 on. */
	{"vfio-ioctls", "all, twice too", REGION(SPARSE ", {id: 77}, {id: TYPE}, {id: TYPE}," MSIX),
	 SAYS(OK, "32#1 72 88 104")},
	{"vfio-ioctls", "an offset below 32 ends", REGION("{id: TYPE, next: 4}"), SAYS(OK, "32")},
	{"vfio-ioctls", "so does cap_offset", REGION_AS("cap_offset: 31", MSIX), SAYS(ABSENT, "")},
	{"vfio-ioctls", "tests the flag", REGION_AS("flags: 0", MSIX), SAYS(ABSENT, "")},
	{"vfio-ioctls", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"vfio-ioctls", "areas that are not there", REGION("{id: SPARSE_MMAP, nr_areas: 1}"),
	 FAULTS(OOB)},
	{"vfio-ioctls", "more than memory", REGION("{id: SPARSE_MMAP, nr_areas: 0x10000001}"),
	 REJECTS("enomem", "")},
	{"vfio-ioctls", "loop", REGION(MSIX_AGAIN), FAULTS(RUNAWAY)},

	/* openvmm: bounds, and absent outside them. */
	{"openvmm", "the first of two", REGION(MSIX "," SPARSE "," SPARSE), SAYS(OK, "40#1")},
	{"openvmm", "tests the flag", REGION_AS("flags: 0", SPARSE), SAYS(ABSENT, "")},
	{"openvmm", "outside is absent", REGION("{id: TYPE, next: 0xfffffffc}," SPARSE),
	 SAYS(ABSENT, "")},
	{"openvmm", "areas outside are absent", REGION("{id: SPARSE_MMAP, nr_areas: 2, " AREA "}"),
	 SAYS(ABSENT, "")},
	{"openvmm", "no areas is a list", REGION("{id: SPARSE_MMAP}"), SAYS(OK, "32#0")},
	{"openvmm", "the smaller of two bounds",
	 "{kind: region, len: 48, info: {argsz: 64}, caps: [{id: TYPE, next: 48}]}",
	 SAYS(ABSENT, "")},
	{"openvmm", "an unaligned start",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 1, size: 4096}]}"), REJECTS("panic", "")},
	{"openvmm", "an unaligned size",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 4097}]}"), REJECTS("panic", "")},
	{"openvmm", "an end that wraps",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 0xfffffffffffff000, size: 4096}]}"),
	 REJECTS("panic", "")},
	{"openvmm", "no size, no look at the start",
	 REGION("{id: SPARSE_MMAP, areas: [{offset: 1, size: 0}]}"), SAYS(OK, "32#1")},
	{"openvmm", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"openvmm", "loop", REGION(MSIX_AGAIN), FAULTS(RUNAWAY)},

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

	/* vfio-user: no flag, u32 that wraps, what is outside is absent. */
	{"vfio-user", "areas of all", REGION(SPARSE "," MSIX "," SPARSE), SAYS(OK, "32#1 72#1")},
	{"vfio-user", "no flag", REGION_AS("flags: 0, cap_offset: 32", SPARSE), SAYS(OK, "32#1")},
	{"vfio-user", "argsz 32: no chain", "{kind: region, len: 32, info: {flags: CAPS}}",
	 SAYS(ABSENT, "")},
	{"vfio-user", "a first reply that is short", REGION_CUT, SAYS(TRUNCATED, "")},
	{"vfio-user", "a reply of another length", REGION_AS("argsz: 65", SPARSE),
	 SAYS(ABSTAIN, "")},
	{"vfio-user", "outside ends, and keeps", REGION("{id: SPARSE_MMAP, next: 48}"),
	 SAYS(OK, "32#0")},
	{"vfio-user", "outside is absent", REGION("{id: TYPE, next: 0xffffffff}"),
	 SAYS(ABSENT, "")},
	{"vfio-user", "areas outside are absent",
	 REGION("{id: SPARSE_MMAP, nr_areas: 2, " AREA "}"), SAYS(ABSENT, "")},
	{"vfio-user", "an offset of 23 wraps, and is outside", REGION_AS("cap_offset: 23", MSIX),
	 SAYS(ABSENT, "")},
	{"vfio-user", "one of 24 wraps twice", REGION_AS("cap_offset: 24", MSIX), FAULTS(OOB)},
	{"vfio-user", "a product that wraps", REGION("{id: SPARSE_MMAP, nr_areas: 0x10000000}"),
	 FAULTS(OOB)},
	{"vfio-user", "a next that points at itself", REGION("{id: TYPE, next: 32}"),
	 FAULTS(RUNAWAY)},
	{"vfio-user", "a loop of two", REGION("{id: TYPE}, {id: TYPE, next: 32}"),
	 SAYS(ABSTAIN, NULL)},
	{"vfio-user", "a next of 24", REGION("{id: TYPE, next: 24}"), SAYS(ABSTAIN, NULL)},
	{"vfio-user", "a sum that wraps", REGION("{id: SPARSE_MMAP, nr_areas: 0x0fffffff}"),
	 SAYS(ABSTAIN, NULL)},

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
};

static const struct judged *judged_of(const char *parser)
{
	for (size_t i = 0; i < judge->count; i++)
		if (strcmp(judge->judged[i].parser->name, parser) == 0)
			return &judge->judged[i];
	fail_msg("no parser %s", parser);
	return NULL;
}

static void took(const struct judged *judged, char *ret_words, size_t size)
{
	size_t used = 0;

	ret_words[0] = '\0';
	for (size_t i = 0; i < judged->walk.ncaps && used < size; i++) {
		const struct info_cap *const cap = &judged->walk.caps[i];
		const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);

		used += (size_t)snprintf(ret_words + used, size - used, "%s%u", i ? " " : "",
					 cap->offset);
		if (cap->decoded && layout && layout->elements && used < size)
			used += (size_t)snprintf(ret_words + used, size - used, "#%u", cap->count);
	}
}

/* The judge keeps a pointer to the bytes. */
static void judge_text(const char *name, const char *text, size_t size)
{
	static uint8_t info[INFO_LEN_MAX];
	char error[TEXT_ERROR_SIZE];
	struct chain chain;

	if (text_load(name, text, size, &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, info);
	judge_read(judge, info, chain.len, chain.kind);
	chain_free(&chain);
}

static void test_quirks(void **state)
{
	size_t failed = 0;

	(void)state;
	sandbox_take_signals();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *const row = &rows[i];
		const struct judged *judged;
		char words[1024];

		judge_text(row->quirk, row->text, strlen(row->text));
		judged = judged_of(row->parser);
		took(judged, words, sizeof(words));
		if (judged->walk.verdict == row->verdict &&
		    strcmp(judged_reason(judged), row->reason) == 0 &&
		    (!row->took || strcmp(words, row->took) == 0))
			continue;
		fprintf(stderr, "%s: %s: says %s %s, took %s\n", row->parser, row->quirk,
			verdict_name(judged->walk.verdict), judged_reason(judged), words);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* One input a model; naive is what it is told from. */
static const struct {
	const char *parser;
	const char *input;
} telling[] = {
	{"crosvm-iommu", "iommu-version-65535-range"},
	{"crosvm-region", "region-duplicate-type"},
	{"dpdk", "region-argsz-8"},
	{"dpdk-new", "region-payload-oob-type"},
	{"ksft-vfio", "iommu-loop-unknown-ids"},
	{"libvfn", "iommu-flag-without-chain"},
	{"monotonic", "region-backward"},
	{"openvmm", "region-payload-oob-sparse-area"},
	{"qatlib", "iommu-flag-without-chain"},
	{"qemu", "device-util-short-string"},
	{"qemu-10", "iommu-range-reversed"},
	{"qemu-util", "iommu-flag-clear-chain-there"},
	{"qemu-vfio-user", "region-cap-offset-31"},
	{"rdma-core", "iommu-range-reversed"},
	{"spdk", "region-count-exact-plus-1"},
	{"vfio-ioctls", "region-next-31"},
	{"vfio-user", "region-flag-clear-migration"},
	{"vpp", "region-flag-without-chain"},
};

static void judge_input(const char *input)
{
	static char text[1 << 16];
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/regressions/%s.yaml", corpus, input);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s cannot be read", path);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	judge_text(path, text, size);
}

static void test_telling(void **state)
{
	const struct judged *naive, *judged;
	char theirs[1024], ours[1024];

	(void)state;
	sandbox_take_signals();
	for (size_t i = 0; i < COUNT_OF(telling); i++) {
		judge_input(telling[i].input);
		naive = judged_of("naive");
		judged = judged_of(telling[i].parser);
		assert_true(judged->parser->reads[judge->kind].ids);
		took(naive, theirs, sizeof(theirs));
		took(judged, ours, sizeof(ours));
		if (naive->walk.verdict == judged->walk.verdict &&
		    strcmp(judged_reason(naive), judged_reason(judged)) == 0 &&
		    strcmp(theirs, ours) == 0)
			fail_msg("%s no longer tells %s from naive", telling[i].input,
				 telling[i].parser);
	}
}

/* What is no model of a program needs no row. */
static bool is_no_model(const char *name)
{
	return strcmp(name, "naive") == 0 || strcmp(name, "kernel") == 0 ||
	       strcmp(name, "bounded") == 0 || strcmp(name, "bpf") == 0;
}

static void test_every_model(void **state)
{
	(void)state;
	for (size_t i = 0; i < info_parser_count; i++) {
		const char *const name = info_parsers[i]->name;
		bool tells = is_no_model(name), tested = tells || strcmp(name, "ksft-vfio") == 0;

		for (size_t n = 0; n < COUNT_OF(telling); n++)
			tells |= strcmp(telling[n].parser, name) == 0;
		for (size_t n = 0; n < COUNT_OF(rows); n++)
			tested |= strcmp(rows[n].parser, name) == 0;
		if (!tells || !tested)
			fail_msg(
				"%s needs rows here: a quirk, and an input that tells it from naive",
				name);
	}
}

/* Small, so that every byte of a header is hit soon: xorshift, the same on every run. */
static uint32_t random_number(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

/*
 * A buffer that is mostly a chain: words that mean something to a walk, anywhere behind the fields.
 */
static size_t random_region(uint8_t *ret_info)
{
	static const uint32_t words[] = {
		0,  1,	2,	    3,		0x10001,    0x10002,	0x10003,   8,
		9,  24, 31,	    32,		36,	    40,		48,	   56,
		64, 72, 0x0fffffff, 0x10000000, 0x7fffff00, 0xfffffff8, 0xffffffff};
	const size_t len = 8 + random_number() % 120;

	for (size_t at = 0; at + 4 <= len; at += 4)
		layout_store(ret_info + at, 4, words[random_number() % COUNT_OF(words)]);
	for (size_t at = len & ~(size_t)3; at < len; at++)
		ret_info[at] = (uint8_t)random_number();
	layout_store(ret_info, 4, random_number() % 4 ? len : random_number() % 160);
	layout_store(ret_info + 4, 4, random_number() % 8 ? FLAG_REGION_CAPS : 0);
	if (len >= 16)
		layout_store(ret_info + 12, 4,
			     random_number() % 4 ? 32 + random_number() % 4 * 8
						 : words[random_number() % COUNT_OF(words)]);
	return len;
}

/* Whether the fault that vfio-user shows is one that its pull request 172 names. */
static bool is_public(const struct judged *judged)
{
	const uint8_t *const info = judge->info;
	uint64_t at = layout_load(info + INFO_AT_REGION_cap_offset, 4);
	const bool runaway = judged->walk.verdict == VERDICT_RUNAWAY;

	/* A cap_offset that wraps below the copy. */
	if (at >= 24 && at < 32)
		return !runaway;
	for (size_t steps = 0; at >= 32 && at + 8 <= judge->spec->argsz && steps < judge->len;
	     steps++) {
		const uint64_t next = layout_load(info + at + 4, 4);

		/* A count whose product wraps. */
		if (layout_load(info + at, 2) == CAP_ID_SPARSE_MMAP &&
		    at + 12 <= judge->spec->argsz && layout_load(info + at + 8, 4) >= 1u << 28)
			return !runaway;
		/* A next that points at itself. */
		if (next == at)
			return runaway;
		at = next;
	}
	return false;
}

static void test_peers(void **state)
{
	size_t abstained = 0, public = 0, read = 0;
	static uint8_t info[256];

	(void)state;
	sandbox_take_signals();
	for (int i = 0; i < 30000; i++) {
		const size_t len = random_region(info);

		judge_read(judge, info, len, INFO_REGION);
		for (size_t n = 0; n < judge->count; n++) {
			const struct judged *const judged = &judge->judged[n];

			if (judged->parser->source != INFO_FROM_PEER)
				continue;
			abstained += judged->walk.verdict == VERDICT_ABSTAIN;
			read += judged->walk.verdict == VERDICT_OK;
			if (judged->walk.verdict <= VERDICT_ABSTAIN)
				continue;
			if (strcmp(judged->parser->name, "vfio-user") || !is_public(judged))
				fail_msg("%s shows a fault: %s, on input %d of %zu bytes",
					 judged->parser->name, verdict_name(judged->walk.verdict),
					 i, len);
			public++;
		}
	}
	assert_true(abstained && public && read);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quirks),
		cmocka_unit_test(test_telling),
		cmocka_unit_test(test_every_model),
		cmocka_unit_test(test_peers),
	};
	char error[512];

	corpus = argc > 1 ? argv[1] : "corpus";
	judge = judge_new(info_parsers, info_parser_count, error, sizeof(error));
	if (!judge) {
		fprintf(stderr, "models_test: %s\n", error);
		return EXIT_ARENA;
	}
	return cmocka_run_group_tests_name("models", tests, NULL, NULL);
}
