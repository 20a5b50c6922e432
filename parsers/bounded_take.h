/* SPDX-License-Identifier: MIT */
/*
 * What bounded.h delivers, in the contract's words: for `bounded`, and for `bpf`, which gets its
 * capabilities from the kernel and takes their payloads here.
 */
#ifndef PARSERS_BOUNDED_TAKE_H
#define PARSERS_BOUNDED_TAKE_H

#include "include/bounded.h"

#include "layout.h"
#include "parser.h"

static inline int take_base(const struct vb_chain *chain, const struct vb_cap *cap,
			    struct info_cap *ret_taken)
{
	uint64_t *const field = ret_taken->field;
	struct vb_zpci_base base;

	if (!vb_get_zpci_base(chain, cap, &base))
		return 0;
	field[0] = base.start_dma;
	field[1] = base.end_dma;
	field[2] = base.pchid;
	field[3] = base.vfn;
	field[4] = base.fmb_length;
	field[5] = base.pft;
	field[6] = base.gid;
	field[7] = base.fh;
	return 1;
}

static inline int take_group(const struct vb_chain *chain, const struct vb_cap *cap,
			     struct info_cap *ret_taken)
{
	uint64_t *const field = ret_taken->field;
	struct vb_zpci_group group;

	if (!vb_get_zpci_group(chain, cap, &group))
		return 0;
	field[0] = group.dasm;
	field[1] = group.msi_addr;
	field[2] = group.flags;
	field[3] = group.mui;
	field[4] = group.noi;
	field[5] = group.maxstbl;
	field[6] = group.version;
	field[7] = group.imaxstbl;
	return 1;
}

static inline int take_bytes(const struct vb_chain *chain, const struct vb_cap *cap,
			     struct info_cap *ret_taken)
{
	vb_u8 byte;
	vb_u32 i;

	for (i = 0; vb_get_zpci_byte(chain, cap, i, &byte); i++)
		ret_taken->hash = info_hash(ret_taken->hash, byte);
	return i != 0;
}

static inline int take_atomic(const struct vb_chain *chain, const struct vb_cap *cap,
			      struct info_cap *ret_taken)
{
	vb_u32 flags;

	if (!vb_get_atomic(chain, cap, &flags))
		return 0;
	ret_taken->field[0] = flags;
	return 1;
}

static inline int take_areas(const struct vb_chain *chain, const struct vb_cap *cap,
			     struct info_cap *ret_taken)
{
	struct vb_area area;
	vb_u32 i;

	for (i = 0; vb_get_area(chain, cap, i, &area); i++)
		ret_taken->hash = info_hash(info_hash(ret_taken->hash, area.offset), area.size);
	return i != 0;
}

static inline int take_type(const struct vb_chain *chain, const struct vb_cap *cap,
			    struct info_cap *ret_taken)
{
	struct vb_type type;

	if (!vb_get_type(chain, cap, &type))
		return 0;
	ret_taken->field[0] = type.type;
	ret_taken->field[1] = type.subtype;
	return 1;
}

static inline int take_tgt(const struct vb_chain *chain, const struct vb_cap *cap,
			   struct info_cap *ret_taken)
{
	vb_u64 tgt;

	if (!vb_get_nvlink2_tgt(chain, cap, &tgt))
		return 0;
	ret_taken->field[0] = tgt;
	return 1;
}

static inline int take_speed(const struct vb_chain *chain, const struct vb_cap *cap,
			     struct info_cap *ret_taken)
{
	vb_u32 speed;

	if (!vb_get_nvlink2_speed(chain, cap, &speed))
		return 0;
	ret_taken->field[0] = speed;
	return 1;
}

static inline int take_ranges(const struct vb_chain *chain, const struct vb_cap *cap,
			      struct info_cap *ret_taken)
{
	struct vb_range range;
	vb_u32 i;

	for (i = 0; vb_get_range(chain, cap, i, &range); i++)
		ret_taken->hash = info_hash(info_hash(ret_taken->hash, range.start), range.end);
	return i != 0;
}

static inline int take_migration(const struct vb_chain *chain, const struct vb_cap *cap,
				 struct info_cap *ret_taken)
{
	struct vb_migration migration;

	if (!vb_get_migration(chain, cap, &migration))
		return 0;
	ret_taken->field[0] = migration.flags;
	ret_taken->field[1] = migration.pgsize_bitmap;
	ret_taken->field[2] = migration.max_dirty_bitmap_size;
	return 1;
}

static inline int take_avail(const struct vb_chain *chain, const struct vb_cap *cap,
			     struct info_cap *ret_taken)
{
	vb_u32 avail;

	if (!vb_get_dma_avail(chain, cap, &avail))
		return 0;
	ret_taken->field[0] = avail;
	return 1;
}

/* Whether there was anything to take. */
typedef int (*take_payload)(const struct vb_chain *chain, const struct vb_cap *cap,
			    struct info_cap *ret_taken);

/* What takes the payload of each capability; MSIX_MAPPABLE has none. */
static const take_payload take[INFO_KINDS][6] = {
	[INFO_DEVICE] = {[VB_ZPCI_BASE] = take_base,
			 [VB_ZPCI_GROUP] = take_group,
			 [VB_ZPCI_UTIL] = take_bytes,
			 [VB_ZPCI_PFIP] = take_bytes,
			 [VB_PCI_ATOMIC_COMP] = take_atomic},
	[INFO_REGION] = {[VB_SPARSE_MMAP] = take_areas,
			 [VB_TYPE] = take_type,
			 [VB_NVLINK2_SSATGT] = take_tgt,
			 [VB_NVLINK2_LNKSPD] = take_speed},
	[INFO_IOMMU] = {[VB_IOVA_RANGE] = take_ranges,
			[VB_MIGRATION] = take_migration,
			[VB_DMA_AVAIL] = take_avail},
};

/* Hands one capability over; its payload is read through @chain. */
static inline void take_cap(struct walk *walk, const struct vb_chain *chain,
			    const struct vb_cap *cap, enum info_kind kind)
{
	struct info_cap taken = {.offset = cap->offset,
				 .id = cap->id,
				 .version = cap->version,
				 .decoded = cap->layout != 0,
				 .count = cap->count};

	if (taken.decoded && vb_layout_of(chain->kind, cap->id)->element)
		taken.hash = INFO_HASH_START;
	/*
	 * What is not decoded is asked as well, as one of the known ids: that it is none shows
	 * here.
	 */
	if (take[kind][cap->id % 6] && take[kind][cap->id % 6](chain, cap, &taken))
		taken.decoded = true;
	walk_deliver(walk, &taken);
}

/* The contract's answer for a reading that ended with @status. */
static inline struct info_answer take_answer(enum vb_status status, uint32_t argsz)
{
	switch (status) {
	case VB_OK:
		return answer(VERDICT_OK);
	case VB_ABSENT:
		return answer(VERDICT_ABSENT);
	case VB_TRUNCATED:
		return answer_truncated(argsz);
	default:
		return answer_reject(vb_name(status));
	}
}

static const enum vb_kind take_kinds[INFO_KINDS] = {VB_DEVICE, VB_REGION, VB_IOMMU};

#endif
