/* SPDX-License-Identifier: MIT */
/*
 * The parser `openvmm`: OpenVMM 1488a37b of 2026 (after its PR 3336), vfio_sys
 * parse_sparse_mmap_caps(). Read, not measured; a release build.
 *
 * Flag and argsz are looked at in the first reply: without CAPS, or with 32 bytes or less, there is
 * no chain. Of the second, min(argsz, what was asked with) bytes are held against, in usize: a
 * header or SPARSE_MMAP that is not inside ends the walk as if there were none, and the whole BAR
 * is mapped: absent. Each area of the first SPARSE_MMAP with a size becomes a MemoryRange: one that
 * is not 4 KiB-aligned, or wraps, panics. There is no guard against a loop.
 */
#include "../model.h"

/* Of SPARSE_MMAP without its areas. */
#define FIXED_SIZE 16

/* Whether an area makes a MemoryRange; one without a size is left out before. */
static bool is_range(uint64_t start, uint64_t size)
{
	return model_area_is_paged(start, size) && start + size >= start;
}

static struct info_answer openvmm_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	const uint32_t bound = argsz < len ? argsz : len;
	uint32_t at, count;

	if (!model_has_caps(info, kind) || argsz <= MODEL_REGION)
		return answer(VERDICT_ABSENT);
	if (len <= MODEL_REGION)
		return answer_truncated(argsz);
	for (at = overlay_cap_offset(info, kind); at; at = overlay_header(info, at)->next) {
		/* The header lies inside the reply. */
		if ((uint64_t)at + CAP_HEADER_SIZE > bound)
			break;
		if (overlay_header(info, at)->id != CAP_ID_SPARSE_MMAP)
			continue;
		/* So do the fixed part, and the areas. */
		if ((uint64_t)at + FIXED_SIZE > bound)
			break;
		count = model_count(info, at);
		if (at + FIXED_SIZE + (uint64_t)count * ELEMENTS_PAIRS > bound)
			break;
		return model_take_pairs(walk, info, at, count, is_range) ? answer(VERDICT_OK)
									 : answer_reject("panic");
	}
	return answer(VERDICT_ABSENT);
}

const struct info_parser openvmm_parser = {
	.name = "openvmm",
	.summary =
		"OpenVMM 1488a37b: bounds held, but what is out of them is absent: the whole BAR",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that a cut finds nothing absent: what it cannot read is none to it. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_CUT,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = openvmm_read,
};
