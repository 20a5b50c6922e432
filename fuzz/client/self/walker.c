/* SPDX-License-Identifier: MIT */
/*
 * A small client of VFIO, as many are: asks for region 0, asks again with the length it is told,
 * looks up the sparse areas and maps them. Built twice: `walker` follows raw pointers until next is
 * 0, and `walker-bounded`, with BOUNDED defined, reads through bounded.h. Under hostile replies the
 * first is red and the second green:
 *
 *	capchain run --region corpus/regressions/region-loop-self.yaml -- build/client/walker
 *
 * Exit status: 0; 1 a reply it cannot read; 9 no device.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "open.h"

/* Nobody's chain is as long as this. */
#define LONGEST (1u << 20)

static void map_area(int device, const struct vfio_region_info *info, uint64_t offset,
		     uint64_t size)
{
	if (size == 0)
		return;
	printf("area 0x%llx + 0x%llx\n", (unsigned long long)offset, (unsigned long long)size);
	mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device,
	     (off_t)(info->offset + offset));
}

#ifdef BOUNDED
#include "../../../parsers/include/bounded.h"

static int walk(int device, const struct vfio_region_info *info, uint32_t len)
{
	struct vb_chain chain;
	struct vb_cap cap;
	struct vb_area area;
	bool found = false;

	switch (vb_begin(&chain, info, len, VB_REGION)) {
	case VB_OK:
		break;
	case VB_ABSENT:
		map_area(device, info, 0, info->size);
		return 0;
	default:
		fprintf(stderr, "region 0: %s at %u\n", vb_name(chain.status), chain.at);
		return 1;
	}
	while (vb_next(&chain, &cap))
		if (cap.id == VB_SPARSE_MMAP && !found) {
			found = true;
			/* What an area says of itself is not the chain's to be held to. */
			for (uint32_t i = 0; vb_get_area(&chain, &cap, i, &area); i++)
				if (vb_area_inside(&area, info->size))
					map_area(device, info, area.offset, area.size);
		}
	if (!found)
		map_area(device, info, 0, info->size);
	return 0;
}
#else
static int walk(int device, const struct vfio_region_info *info, uint32_t len)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse = NULL;
	const struct vfio_info_cap_header *header;

	(void)len;
	if (info->flags & VFIO_REGION_INFO_FLAG_CAPS)
		for (uint32_t at = info->cap_offset; at && !sparse; at = header->next) {
			header = (const void *)((const char *)info + at);
			if (header->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
				sparse = (const void *)header;
		}
	if (!sparse)
		map_area(device, info, 0, info->size);
	for (uint32_t i = 0; sparse && i < sparse->nr_areas; i++)
		map_area(device, info, sparse->areas[i].offset, sparse->areas[i].size);
	return 0;
}
#endif

int main(void)
{
	const struct device d = open_device();
	struct vfio_region_info *info = calloc(1, sizeof(*info)), *longer;
	uint32_t len = sizeof(*info);

	info->argsz = len;
	if (ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, info))
		return 1;
	if (info->argsz > len && info->argsz <= LONGEST) {
		len = info->argsz;
		longer = realloc(info, len);
		if (!longer)
			return 1;
		info = longer;
		memset(info, 0, len);
		info->argsz = len;
		if (ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, info))
			return 1;
	}
	return walk(d.device, info, len);
}
