/* SPDX-License-Identifier: MIT */
/* A call's bytes as the corpus has them; see capture.h. */
#include <string.h>

#include "../../parsers/layout.h"
#include "../judge/spec.h"
#include "capture.h"

#define UNWRITTEN 0xa5

static void mark(bool *rests, uint32_t start, uint32_t end, uint32_t len)
{
	for (uint32_t at = start; at < end && at < len; at++)
		rests[at] = true;
}

/* The capabilities, as the reference reads them; not what lies between them, which nobody reads. */
static void mark_caps(enum info_kind kind, const uint8_t *info, uint32_t len, bool *rests)
{
	static struct spec *spec;

	if (!spec)
		spec = spec_new();
	if (!spec)
		return;
	spec_read(info, len, kind, spec);
	for (size_t i = 0; spec->verdict == VERDICT_OK && i < spec->ncaps; i++) {
		const struct info_cap *const cap = &spec->caps[i].cap;

		mark(rests, cap->offset, cap->offset + layout_span(kind, cap), len);
	}
}

void capture_corpus_bytes(enum info_kind kind, const uint8_t *before, const uint8_t *after,
			  uint32_t len, uint32_t chain_end, uint8_t *ret_bytes)
{
	static bool rests[CAPTURE_MAX];
	const struct layout_info *const info = &layout_infos[kind];
	const uint32_t offset_end = info->first.at + 4;
	const bool caps = len >= 8 && layout_load(after + 4, 4) & info->caps_flag;
	uint32_t start = 0;

	memset(rests, 0, sizeof(rests));
	mark(rests, 0, info->minsz, len);
	/*
	 * A region's is among the first minsz bytes, and is the caller's own where there is no
	 * chain.
	 */
	for (uint32_t at = info->first.at; at < offset_end && at < len; at++)
		rests[at] = false;
	/*
	 * A cap_offset that argsz cuts is none: kernels before 6.6 do not write what there is room
	 * for.
	 */
	if (caps && len >= offset_end) {
		mark(rests, info->first.at, offset_end, len);
		start = (uint32_t)layout_load(after + info->first.at, 4);
	}
	if (start && chain_end)
		mark(rests, start, chain_end, len);
	else if (start)
		mark_caps(kind, after, len, rests);
	for (uint32_t at = 0; at < len; at++)
		ret_bytes[at] = rests[at] || after[at] != before[at] ? after[at] : UNWRITTEN;
}
