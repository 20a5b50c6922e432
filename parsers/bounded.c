/* SPDX-License-Identifier: MIT */
/* The parser `bounded`: what a program sees that reads its INFO replies with bounded.h. */
#include "bounded.h"

#include "layout.h"
#include "parser.h"

static void take_base(const struct vb_chain *chain, const struct vb_cap *cap,
		      struct info_cap *ret_taken)
{
	uint64_t *const field = ret_taken->field;
	struct vb_zpci_base base;

	if (!vb_get_zpci_base(chain, cap, &base))
		return;
	field[0] = base.start_dma;
	field[1] = base.end_dma;
	field[2] = base.pchid;
	field[3] = base.vfn;
	field[4] = base.fmb_length;
	field[5] = base.pft;
	field[6] = base.gid;
	field[7] = base.fh;
}

static void take_group(const struct vb_chain *chain, const struct vb_cap *cap,
		       struct info_cap *ret_taken)
{
	uint64_t *const field = ret_taken->field;
	struct vb_zpci_group group;

	if (!vb_get_zpci_group(chain, cap, &group))
		return;
	field[0] = group.dasm;
	field[1] = group.msi_addr;
	field[2] = group.flags;
	field[3] = group.mui;
	field[4] = group.noi;
	field[5] = group.maxstbl;
	field[6] = group.version;
	field[7] = group.imaxstbl;
}

static void take_bytes(const struct vb_chain *chain, const struct vb_cap *cap,
		       struct info_cap *ret_taken)
{
	vb_u8 byte;

	for (vb_u32 i = 0; vb_get_zpci_byte(chain, cap, i, &byte); i++)
		ret_taken->hash = info_hash(ret_taken->hash, byte);
}

static void take_atomic(const struct vb_chain *chain, const struct vb_cap *cap,
			struct info_cap *ret_taken)
{
	vb_u32 flags;

	if (vb_get_atomic(chain, cap, &flags))
		ret_taken->field[0] = flags;
}

static void take_areas(const struct vb_chain *chain, const struct vb_cap *cap,
		       struct info_cap *ret_taken)
{
	struct vb_area area;

	for (vb_u32 i = 0; vb_get_area(chain, cap, i, &area); i++)
		ret_taken->hash = info_hash(info_hash(ret_taken->hash, area.offset), area.size);
}

static void take_type(const struct vb_chain *chain, const struct vb_cap *cap,
		      struct info_cap *ret_taken)
{
	struct vb_type type;

	if (!vb_get_type(chain, cap, &type))
		return;
	ret_taken->field[0] = type.type;
	ret_taken->field[1] = type.subtype;
}

static void take_tgt(const struct vb_chain *chain, const struct vb_cap *cap,
		     struct info_cap *ret_taken)
{
	vb_u64 tgt;

	if (vb_get_nvlink2_tgt(chain, cap, &tgt))
		ret_taken->field[0] = tgt;
}

static void take_speed(const struct vb_chain *chain, const struct vb_cap *cap,
		       struct info_cap *ret_taken)
{
	vb_u32 speed;

	if (vb_get_nvlink2_speed(chain, cap, &speed))
		ret_taken->field[0] = speed;
}

static void take_ranges(const struct vb_chain *chain, const struct vb_cap *cap,
			struct info_cap *ret_taken)
{
	struct vb_range range;

	for (vb_u32 i = 0; vb_get_range(chain, cap, i, &range); i++)
		ret_taken->hash = info_hash(info_hash(ret_taken->hash, range.start), range.end);
}

static void take_migration(const struct vb_chain *chain, const struct vb_cap *cap,
			   struct info_cap *ret_taken)
{
	struct vb_migration migration;

	if (!vb_get_migration(chain, cap, &migration))
		return;
	ret_taken->field[0] = migration.flags;
	ret_taken->field[1] = migration.pgsize_bitmap;
	ret_taken->field[2] = migration.max_dirty_bitmap_size;
}

static void take_avail(const struct vb_chain *chain, const struct vb_cap *cap,
		       struct info_cap *ret_taken)
{
	vb_u32 avail;

	if (vb_get_dma_avail(chain, cap, &avail))
		ret_taken->field[0] = avail;
}

typedef void (*take_payload)(const struct vb_chain *chain, const struct vb_cap *cap,
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

static struct info_answer bounded_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	static const enum vb_kind kinds[INFO_KINDS] = {VB_DEVICE, VB_REGION, VB_IOMMU};
	struct vb_chain chain;
	struct vb_cap cap;

	vb_begin(&chain, info, len, kinds[kind]);
	while (vb_next(&chain, &cap)) {
		struct info_cap taken = {.offset = cap.offset,
					 .id = cap.id,
					 .version = cap.version,
					 .decoded = cap.layout != 0,
					 .count = cap.count};

		if (taken.decoded && vb_layout_of(chain.kind, cap.id)->element)
			taken.hash = INFO_HASH_START;
		if (taken.decoded && take[kind][cap.id])
			take[kind][cap.id](&chain, &cap, &taken);
		walk_deliver(walk, &taken);
	}
	switch (chain.status) {
	case VB_OK:
		return answer(VERDICT_OK);
	case VB_ABSENT:
		return answer(VERDICT_ABSENT);
	case VB_TRUNCATED:
		return answer_truncated(chain.argsz);
	default:
		return answer_reject(vb_name(chain.status));
	}
}

#define READS_ALL                                                                                  \
	{                                                                                          \
		INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS                                              \
	}

const struct info_parser bounded_parser = {
	.name = "bounded",
	.summary = "bounded.h, the reading that other programs can take as one file",
	.trust = INFO_HARDENED,
	.source = INFO_FROM_KERNEL,
	.reads = {READS_ALL, READS_ALL, READS_ALL},
	.read = bounded_read,
};
