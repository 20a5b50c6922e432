/* SPDX-License-Identifier: MIT */
/* A call's bytes as the corpus has them; see capture.h. */
#include <string.h>

#include "../../parsers/layout.h"
#include "capture.h"

#define UNWRITTEN 0xa5

void capture_normal(enum info_kind kind, const uint8_t *before, const uint8_t *after, uint32_t len,
		    uint8_t *ret_bytes)
{
	const struct layout_info *const info = &layout_infos[kind];
	const uint32_t offset_end = info->cap_offset_at + 4;
	uint32_t argsz = 0, start = 0;
	bool caps = false;

	if (len >= 8) {
		argsz = (uint32_t)layout_load(after, 4);
		caps = layout_load(after + 4, 4) & info->caps_flag;
	}
	/* A chain that the reply has room for. */
	if (caps && len >= offset_end && argsz <= len)
		start = (uint32_t)layout_load(after + info->cap_offset_at, 4);
	for (uint32_t at = 0; at < len; at++) {
		const bool in_offset = at >= info->cap_offset_at && at < offset_end;
		const bool rests =
			in_offset ? caps : at < info->minsz || (start && at >= start && at < argsz);

		ret_bytes[at] = rests || after[at] != before[at] ? after[at] : UNWRITTEN;
	}
}
