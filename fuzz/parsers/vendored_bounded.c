/* SPDX-License-Identifier: MIT */
/*
 * bounded.h as a program has it that took this one file: everything of it, in what C and C++ have in
 * common. Returns 0 where all was read right. scripts/test/vendored-builds.sh compiles it in many ways.
 */
#include "../../parsers/include/bounded.h"
#include "../../parsers/include/bounded.h"

static vb_u64 read_elements(const struct vb_chain *chain, const struct vb_cap *cap)
{
	struct vb_area area;
	struct vb_range range;
	vb_u64 sum = 0;
	vb_u8 byte;
	vb_u32 i;

	for (i = 0; vb_get_area(chain, cap, i, &area); i++)
		sum += area.offset + area.size;
	for (i = 0; vb_get_range(chain, cap, i, &range); i++)
		sum += range.start + range.end;
	for (i = 0; vb_get_zpci_byte(chain, cap, i, &byte); i++)
		sum += byte;
	return sum;
}

static vb_u64 read_fields(const struct vb_chain *chain, const struct vb_cap *cap)
{
	struct vb_zpci_base base;
	struct vb_zpci_group group;
	struct vb_migration migration;
	struct vb_type type;
	vb_u64 wide;
	vb_u32 word;

	if (vb_get_zpci_base(chain, cap, &base))
		return base.start_dma + base.fh;
	if (vb_get_zpci_group(chain, cap, &group))
		return group.dasm + group.imaxstbl;
	if (vb_get_migration(chain, cap, &migration))
		return migration.pgsize_bitmap;
	if (vb_get_type(chain, cap, &type))
		return type.type + type.subtype;
	if (vb_get_nvlink2_tgt(chain, cap, &wide))
		return wide;
	if (vb_get_nvlink2_speed(chain, cap, &word) || vb_get_dma_avail(chain, cap, &word) ||
	    vb_get_atomic(chain, cap, &word))
		return word;
	return 0;
}

static vb_u64 read_reply(const void *info, __SIZE_TYPE__ len, enum vb_kind kind)
{
	struct vb_chain chain;
	struct vb_cap cap;
	vb_u64 sum = 0;

	if (vb_begin(&chain, info, len, kind) != VB_OK)
		return (vb_u64)vb_name(chain.status)[0];
	while (vb_next(&chain, &cap))
		sum += read_elements(&chain, &cap) + read_fields(&chain, &cap);
	vb_rewind(&chain);
	return vb_find(&chain, VB_TYPE, &cap) ? sum + chain.count : 0;
}

/* A second unit that has the header too, to be linked with the first. */
#ifdef SECOND
int second(void);
#define main second
#endif

int main(void);
int main(void)
{
	/* Region info whose chain is TYPE (type 4, subtype 2), then SPARSE_MMAP of one area. */
	static const vb_u32 region[] = {80, 8, 0,	    32, 0, 0, 0,      0, 2 | 1 << 16, 48,
					4,  2, 1 | 1 << 16, 0,	1, 0, 0x1000, 0, 0x2000,      0};
	static const vb_u32 loop[] = {40, 8, 0, 32, 0, 0, 0, 0, 3 | 1 << 16, 32};

	if (read_reply(region, sizeof(region), VB_REGION) != 4 + 2 + 0x3000 + 2)
		return 1;
	return read_reply(loop, sizeof(loop), VB_REGION) != 'l';
}
