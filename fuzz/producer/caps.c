/* SPDX-License-Identifier: MIT */
/*
 * The kernel's chain helpers, restated: vfio_info_cap_add() and vfio_info_cap_shift(). Only the
 * first capability's link may be 0 and not be the last, and only before there is a second: no
 * capability links to offset 0 of the chain, so 0 can say that it ends.
 */
#include <string.h>

#include "caps.h"

uint8_t *producer_chain_add(struct producer_chain *chain, uint16_t id, uint16_t version,
			    uint32_t size)
{
	const uint64_t bytes = ((uint64_t)size + chain->align - 1) / chain->align * chain->align;
	uint8_t *const added = chain->bytes + chain->size;
	uint8_t *last = chain->bytes;
	uint32_t next;

	/* The new capability ends inside the room: size + bytes <= room. */
	if (size < CAP_HEADER_SIZE || bytes > chain->room - chain->size)
		return NULL;
	memset(added, 0, (size_t)bytes);
	layout_store(added + CAP_HEADER_id, 2, id);
	layout_store(added + CAP_HEADER_version, 2, version);
	while ((next = (uint32_t)layout_load(last + CAP_HEADER_next, 4)) != 0)
		last = chain->bytes + next;
	/* Of the first, this is its own link, and the offset 0. */
	layout_store(last + CAP_HEADER_next, 4, chain->size);
	chain->size += (uint32_t)bytes;
	return added;
}

void producer_chain_shift(struct producer_chain *chain, uint32_t offset)
{
	uint32_t at = 0;
	uint32_t next;

	if (chain->size == 0)
		return;
	while ((next = (uint32_t)layout_load(chain->bytes + at + CAP_HEADER_next, 4)) != 0) {
		layout_store(chain->bytes + at + CAP_HEADER_next, 4, next + offset);
		at = next;
	}
}

/*
 * A struct with a 64-bit field in it ends on 8 bytes, on a 64-bit kernel; of the others none pads.
 */
static uint32_t struct_align(const struct layout_cap *cap)
{
	for (size_t i = 0; i < cap->nfields; i++)
		if (cap->fields[i].width == 8)
			return 8;
	return 4;
}

uint32_t producer_cap_size(const struct layout_cap *cap, uint16_t version, uint32_t count)
{
	const uint32_t align = struct_align(cap);
	const uint32_t fixed = (layout_fixed(cap, version) + align - 1u) / align * align;
	const uint64_t size = fixed + (uint64_t)cap->elements * count;

	return size <= UINT32_MAX ? (uint32_t)size : 0;
}
