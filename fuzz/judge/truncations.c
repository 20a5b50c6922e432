/* SPDX-License-Identifier: MIT */
/* Where buffers are cut; see truncations.h. */
#include "truncations.h"

#include "../../parsers/layout.h"
#include "share.h"

bool truncations_chosen(const uint8_t *info, size_t len)
{
	return (share_hash(info, len) >> 24) % TRUNCATIONS_SHARE == 0;
}

size_t truncations(enum info_kind kind, size_t len, size_t ret_lens[TRUNCATIONS_MAX])
{
	const size_t cuts[TRUNCATIONS_MAX] = {len - 1, len / 2, layout_infos[kind].full + 4};
	size_t count = 0;

	for (size_t i = 0; len && i < TRUNCATIONS_MAX; i++)
		if (cuts[i] < len)
			ret_lens[count++] = cuts[i];
	return count;
}
