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

/*
 * take_ZPCI_BASE() and so on: the values of layout.h's list, in its order, by their names in the
 * struct that @call fills.
 */
#define TAKE_VALUE(name) field[slot++] = got.name;
#define TAKE_COUNT(name)
#define TAKE_SPACE(name)
#define TAKE_FIELD(cap, name, at, width, role, version) TAKE_##role(name)
#define TAKE_STRUCT(cap_, call, type)                                                              \
	static inline int take_##cap_(const struct vb_chain *chain, const struct vb_cap *cap,      \
				      struct info_cap *ret_taken)                                  \
	{                                                                                          \
		uint64_t *const field = ret_taken->field;                                          \
		size_t slot = 0;                                                                   \
		type got;                                                                          \
                                                                                                   \
		if (!call(chain, cap, &got))                                                       \
			return 0;                                                                  \
		LAYOUT_##cap_(TAKE_FIELD) return slot != 0;                                        \
	}
TAKE_STRUCT(ZPCI_BASE, vb_get_zpci_base, struct vb_zpci_base)
TAKE_STRUCT(ZPCI_GROUP, vb_get_zpci_group, struct vb_zpci_group)
TAKE_STRUCT(TYPE, vb_get_type, struct vb_type)
TAKE_STRUCT(MIGRATION, vb_get_migration, struct vb_migration)

/* The same of a capability that has one value. */
#define TAKE_ONE(cap_, call, type)                                                                 \
	static inline int take_##cap_(const struct vb_chain *chain, const struct vb_cap *cap,      \
				      struct info_cap *ret_taken)                                  \
	{                                                                                          \
		type got;                                                                          \
                                                                                                   \
		if (!call(chain, cap, &got))                                                       \
			return 0;                                                                  \
		ret_taken->field[0] = got;                                                         \
		return 1;                                                                          \
	}
TAKE_ONE(PCI_ATOMIC_COMP, vb_get_atomic, vb_u32)
TAKE_ONE(NVLINK2_SSATGT, vb_get_nvlink2_tgt, vb_u64)
TAKE_ONE(NVLINK2_LNKSPD, vb_get_nvlink2_speed, vb_u32)
TAKE_ONE(DMA_AVAIL, vb_get_dma_avail, vb_u32)

static inline int take_bytes(const struct vb_chain *chain, const struct vb_cap *cap,
			     struct info_cap *ret_taken)
{
	vb_u8 byte;
	vb_u32 i;

	for (i = 0; vb_get_zpci_byte(chain, cap, i, &byte); i++)
		ret_taken->hash = info_hash(ret_taken->hash, byte);
	return i != 0;
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

static inline int take_ranges(const struct vb_chain *chain, const struct vb_cap *cap,
			      struct info_cap *ret_taken)
{
	struct vb_range range;
	vb_u32 i;

	for (i = 0; vb_get_range(chain, cap, i, &range); i++)
		ret_taken->hash = info_hash(info_hash(ret_taken->hash, range.start), range.end);
	return i != 0;
}

/* Whether there was anything to take. */
typedef int (*take_payload)(const struct vb_chain *chain, const struct vb_cap *cap,
			    struct info_cap *ret_taken);

/* What takes the payload of each capability; MSIX_MAPPABLE has none. */
static const take_payload take[INFO_IOCTL_KINDS][CAP_ID_END] = {
	[INFO_DEVICE] = {[VB_ZPCI_BASE] = take_ZPCI_BASE,
			 [VB_ZPCI_GROUP] = take_ZPCI_GROUP,
			 [VB_ZPCI_UTIL] = take_bytes,
			 [VB_ZPCI_PFIP] = take_bytes,
			 [VB_PCI_ATOMIC_COMP] = take_PCI_ATOMIC_COMP},
	[INFO_REGION] = {[VB_SPARSE_MMAP] = take_areas,
			 [VB_TYPE] = take_TYPE,
			 [VB_NVLINK2_SSATGT] = take_NVLINK2_SSATGT,
			 [VB_NVLINK2_LNKSPD] = take_NVLINK2_LNKSPD},
	[INFO_IOMMU] = {[VB_IOVA_RANGE] = take_ranges,
			[VB_MIGRATION] = take_MIGRATION,
			[VB_DMA_AVAIL] = take_DMA_AVAIL},
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
	if (take[kind][cap->id % CAP_ID_END] &&
	    take[kind][cap->id % CAP_ID_END](chain, cap, &taken))
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

static const enum vb_kind take_kinds[INFO_IOCTL_KINDS] = {VB_DEVICE, VB_REGION, VB_IOMMU};

#endif
