/* SPDX-License-Identifier: MIT */
/* A call's bytes as the corpus has them; see capture.h. */
#include "../../parsers/layout.h"
#include "../spec.h"
#include "capture.h"

#define UNWRITTEN 0xa5

/* Where the chain of the reply ends, as the reference reads it; 0 where it has none to its end. */
static uint32_t end_of_chain(enum info_kind kind, const uint8_t *info, uint32_t len)
{
	static struct spec *spec;
	uint32_t end = 0;

	if (!spec)
		spec = spec_new();
	if (!spec)
		return 0;
	spec_read(info, len, kind, spec);
	for (size_t i = 0; spec->verdict == VERDICT_OK && i < spec->ncaps; i++) {
		const struct info_cap *const cap = &spec->caps[i].cap;
		const uint32_t this = cap->offset + layout_span(kind, cap);

		end = this > end ? this : end;
	}
	return (end + 7) / 8 * 8;
}

void capture_normal(enum info_kind kind, const uint8_t *before, const uint8_t *after, uint32_t len,
		    uint32_t chain_end, uint8_t *ret_bytes)
{
	const struct layout_info *const info = &layout_infos[kind];
	const uint32_t offset_end = info->cap_offset_at + 4;
	uint32_t start = len, end = chain_end ? chain_end : end_of_chain(kind, after, len);
	bool caps = len >= 8 && layout_load(after + 4, 4) & info->caps_flag;

	/* A cap_offset that argsz cuts is none: kernels before 6.6 do not write what there is room for. */
	caps &= len >= offset_end;
	if (caps)
		start = (uint32_t)layout_load(after + info->cap_offset_at, 4);
	if (!start)
		end = 0;
	for (uint32_t at = 0; at < len; at++) {
		const bool in_offset = at >= info->cap_offset_at && at < offset_end;
		const bool rests = in_offset ? caps : at < info->minsz || (at >= start && at < end);

		ret_bytes[at] = rests || after[at] != before[at] ? after[at] : UNWRITTEN;
	}
}
