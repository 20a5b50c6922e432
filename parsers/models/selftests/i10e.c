/* SPDX-License-Identifier: MIT */
/*
 * The parser `i10e`: the IOMMU walk of the toy driver i10e, from a series that may never have been
 * merged, as of 2026. Read, not measured.
 *
 * Its pointer arithmetic is scaled: an offset is added to a pointer to headers, so it counts in eights of
 * bytes, and every chain is looked for at eight times its place. The flag is not tested, an offset of 0
 * ends the chain; no bound, no guard. It looks up IOVA_RANGE. It asks twice. What lies 4 GiB and more
 * away is taken to be nobody's memory.
 */
#include <signal.h>

#include "../model.h"

static uint32_t scaled(struct walk *walk, uint32_t offset)
{
	if (offset > UINT32_MAX / CAP_HEADER_SIZE)
		walk_crash(walk, SIGSEGV);
	return offset * CAP_HEADER_SIZE;
}

static struct info_answer i10e_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	uint32_t at;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(overlay_argsz(info));
	for (at = scaled(walk, overlay_cap_offset(info, kind)); at;
	     at = scaled(walk, overlay_header(info, at)->next))
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE) {
			model_take(walk, info, at, kind);
			return answer(VERDICT_OK);
		}
	return answer(VERDICT_ABSENT);
}

const struct info_parser i10e_parser = {
	.name = "i10e",
	.summary = "a series of 2026: the toy driver i10e, whose offsets count in eights of bytes",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = i10e_read,
};
