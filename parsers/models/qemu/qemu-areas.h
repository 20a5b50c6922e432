/* SPDX-License-Identifier: MIT */
/*
 * What QEMU does from 11.0 on with the areas of a SPARSE_MMAP (commits da02b21cc70e, c42010197eb9,
 * 3863e47828d5): those without a size are left out; where more than one is left they are sorted by
 * offset, and one that begins before the end of the one before it is an error: realize fails, and
 * nothing is mapped. Areas that touch are fine. Measured with 11.1.3, but for an end that wraps,
 * which is taken to be compared as it is.
 */
#ifndef PARSERS_MODELS_QEMU_AREAS_H
#define PARSERS_MODELS_QEMU_AREAS_H

#include "../sorted.h"

static inline bool qemu_area_has_size(uint64_t offset, uint64_t size)
{
	(void)offset;
	return size;
}

static inline bool qemu_areas_apart(const volatile struct model_pair *low,
				    const volatile struct model_pair *high)
{
	return low->first + low->second <= high->first;
}

/* Why the SPARSE_MMAP at @at is refused, or NULL. */
static inline const char *qemu_areas_refused(struct walk *walk, const void *info, uint32_t at,
					     uint32_t len)
{
	const struct sorted areas =
		sorted_pairs(walk, info, at, model_count(info, at), len, qemu_area_has_size);

	return sorted_all(&areas, qemu_areas_apart) ? NULL : "areas-overlap";
}

#endif
