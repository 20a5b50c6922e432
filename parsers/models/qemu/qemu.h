/* SPDX-License-Identifier: MIT */
/*
 * What QEMU's VFIO readers share, whichever version: vfio_get_cap() and its wrappers in
 * hw/vfio/helpers.c (7.2: common.c), and the lookups they serve. See qemu.c for what was measured.
 *
 * A lookup tests the flag, starts at cap_offset and follows next until an offset is 0; no bound, no
 * guard. The payload is then taken as it comes:
 *
 * - SPARSE_MMAP: g_new0() of 304 bytes an area, which aborts when it fails, then every area
 *   (zero-length ones are skipped after they were read).
 * - ZPCI_UTIL above 64 bytes and ZPCI_PFIP above 4 are ignored; otherwise 64 and 4 bytes are
 *   copied, whatever the size says.
 * - ZPCI_GROUP is looked up and not read where the function's group is one that QEMU simulates: a
 *   gid of 0xf0 or above, or no ZPCI_BASE to name one.
 * - MSIX_MAPPABLE: nothing of it is read but the id.
 * - MIGRATION: max_dirty_bitmap_size is read where pgsize_bitmap has the machine's own page size.
 * - IOVA_RANGE (from 10.0): a range with start above end is an assertion that aborts.
 *
 * On s390 alone the zPCI capabilities of a device are looked up. On x86 PCI_ATOMIC_COMP is (from
 * 10.0), where the device is behind a PCIe root port. So a device's chain has a model a machine.
 */
#ifndef PARSERS_MODELS_QEMU_H
#define PARSERS_MODELS_QEMU_H

#include "../model.h"

#define QEMU_MMAP_SIZE	     304 /* sizeof(VFIOMmap): a failed g_new0() names the product */
#define QEMU_UTIL_BYTES	     64
#define QEMU_PFIP_BYTES	     4
#define QEMU_MIGRATION_BYTES 32
#define QEMU_NEWEST	     2 /* ZPCI_BASE and ZPCI_GROUP: `version >= 2` is asked, nothing above */
#define QEMU_SIM_GROUPS	     0xf0 /* ZPCI_SIM_GRP_START; what stands before a ZPCI_BASE is 0xff */

/* Measured with 24 GiB of memory: 4.8 GiB of areas are granted and read, 76 GiB abort. */
#define QEMU_HEAP (UINT64_C(1) << 34)

static inline bool qemu_heap_has(uint64_t areas)
{
	return areas * QEMU_MMAP_SIZE <= QEMU_HEAP;
}

/*
 * The ids that one program looks up in one kind of chain, in its order, ended by 0. @refuses: NULL,
 * or why it refuses the areas of the SPARSE_MMAP at @at; NULL where it does not.
 */
struct qemu_lookups {
	uint16_t ids[6];
	const char *(*refuses)(struct walk *walk, const void *info, uint32_t at, uint32_t len);
};

/* A string of fixed room: @room bytes are read whatever its size, unless that is above. */
static inline bool qemu_take_string(struct walk *walk, const void *info, uint32_t at, uint32_t room)
{
	const volatile uint8_t *const bytes = (const uint8_t *)info + at + CAP_COUNT_AT + 4;
	const uint32_t size = model_count(info, at);
	struct info_cap cap;

	if (size > room)
		return false;
	model_head(info, at, &cap);
	cap.count = size;
	for (uint32_t i = 0; i < room; i++) {
		const uint8_t byte = bytes[i];

		if (i < cap.count)
			cap.hash = info_hash(cap.hash, byte);
	}
	walk_deliver(walk, &cap);
	return true;
}

/* Whether a range does not abort QEMU. */
static inline bool qemu_range_has_order(uint64_t start, uint64_t end)
{
	return start <= end;
}

/* What earlier lookups leave for later ones: how many took something, and the function's group. */
struct qemu_taken {
	unsigned int count;
	uint8_t gid;
};

/* Takes one of the zPCI capabilities. */
static inline void qemu_take_zpci(struct walk *walk, const void *info, uint32_t at, uint16_t id,
				  struct qemu_taken *taken)
{
	struct info_cap cap;

	if (id == CAP_ID_ZPCI_UTIL || id == CAP_ID_ZPCI_PFIP) {
		taken->count += qemu_take_string(
			walk, info, at, id == CAP_ID_ZPCI_UTIL ? QEMU_UTIL_BYTES : QEMU_PFIP_BYTES);
		return;
	}
	if (id == CAP_ID_ZPCI_GROUP && taken->gid >= QEMU_SIM_GROUPS)
		return;
	overlay_cap_of(info, at, INFO_DEVICE, QEMU_NEWEST, &cap);
	walk_deliver(walk, &cap);
	taken->count++;
	if (id == CAP_ID_ZPCI_BASE)
		taken->gid = ((const volatile uint8_t *)info)[(size_t)at + CAP_AT_ZPCI_BASE_gid];
}

/* Takes a MIGRATION: pgsize_bitmap, and the rest where that has the machine's page size. */
static inline void qemu_take_migration(struct walk *walk, const void *info, uint32_t len,
				       uint32_t at)
{
	const volatile struct model_pair *const sizes =
		(const volatile void *)((const uint8_t *)info + at +
					CAP_AT_MIGRATION_pgsize_bitmap);

	if (sizes->first & (MODEL_PAGE_MASK + 1))
		model_take(walk, info, at, INFO_IOMMU);
	else
		model_take_found(walk, info, len, at, INFO_IOMMU, QEMU_MIGRATION_BYTES);
}

/* Takes what a lookup found; NULL, or the reason of an abort. */
static inline const char *qemu_take(struct walk *walk, const void *info, uint32_t len, uint32_t at,
				    enum info_kind kind, uint16_t id, struct qemu_taken *taken)
{
	if (kind == INFO_DEVICE && id <= CAP_ID_ZPCI_PFIP) {
		qemu_take_zpci(walk, info, at, id, taken);
		return NULL;
	}
	taken->count++;
	if (kind == INFO_IOMMU && id == CAP_ID_IOVA_RANGE)
		return model_take_pairs(walk, info, at, model_count(info, at), qemu_range_has_order)
			       ? NULL
			       : "empty-range";
	if (kind == INFO_REGION && id == CAP_ID_SPARSE_MMAP &&
	    !qemu_heap_has(model_count(info, at)))
		return "enomem";
	if (kind == INFO_REGION && id == CAP_ID_MSIX_MAPPABLE)
		model_take_found(walk, info, len, at, kind, sizeof(struct overlay_header));
	else if (kind == INFO_IOMMU && id == CAP_ID_MIGRATION)
		qemu_take_migration(walk, info, len, at);
	else
		model_take(walk, info, at, kind);
	return NULL;
}

/* The retry loop's end of a reply that is not too long, and every lookup in it. */
static inline struct info_answer qemu_read_kind(struct walk *walk, const void *info, uint32_t len,
						enum info_kind kind,
						const struct qemu_lookups *lookups)
{
	const uint32_t argsz = overlay_argsz(info);
	struct qemu_taken taken = {.gid = 0xff};

	/* It asks again for as long as argsz is above its own, and reads nothing before. */
	if (argsz > len)
		return answer_truncated(argsz);
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	for (const uint16_t *id = lookups->ids; *id; id++) {
		const uint32_t at = model_find(info, overlay_cap_offset(info, kind), *id);
		const char *reason = at ? qemu_take(walk, info, len, at, kind, *id, &taken) : NULL;

		if (at && !reason && *id == CAP_ID_SPARSE_MMAP && lookups->refuses)
			reason = lookups->refuses(walk, info, at, len);
		if (reason)
			return answer_reject(reason);
	}
	return answer(taken.count ? VERDICT_OK : VERDICT_ABSENT);
}

/* What the parsers of this family look up, as sets. */
#define QEMU_ZPCI_IDS                                                                              \
	(INFO_ID(CAP_ID_ZPCI_BASE) | INFO_ID(CAP_ID_ZPCI_GROUP) | INFO_ID(CAP_ID_ZPCI_UTIL) |      \
	 INFO_ID(CAP_ID_ZPCI_PFIP))
#define QEMU_REGION_IDS (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_MSIX_MAPPABLE))
#define QEMU_RANGE_IDS                                                                             \
	(INFO_ID(CAP_ID_DMA_AVAIL) | INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_MIGRATION))

#define QEMU_ZPCI_LOOKUPS                                                                          \
	{                                                                                          \
		CAP_ID_ZPCI_BASE, CAP_ID_ZPCI_GROUP, CAP_ID_ZPCI_UTIL, CAP_ID_ZPCI_PFIP            \
	}
#define QEMU_REGION_LOOKUPS                                                                        \
	{                                                                                          \
		CAP_ID_SPARSE_MMAP, CAP_ID_MSIX_MAPPABLE                                           \
	}
#define QEMU_RANGE_LOOKUPS                                                                         \
	{                                                                                          \
		CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE, CAP_ID_MIGRATION                              \
	}

#endif
