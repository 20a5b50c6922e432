/* SPDX-License-Identifier: MIT */
/*
 * The parser `openvmm`: OpenVMM from mid-2026 (after its PR 3336), vfio_sys
 * parse_sparse_mmap_caps(). Read, not measured; a release build.
 *
 * Flag and argsz are looked at in the first reply: without CAPS, or with 32 bytes or less, there is
 * no chain. Of the second, min(argsz, what was asked with) bytes are held against, in usize: a
 * header or SPARSE_MMAP that is not inside ends the walk as if there were none, and the whole BAR
 * is mapped: absent. Each area of the first SPARSE_MMAP with a size becomes a MemoryRange: one that
 * is not 4 KiB-aligned, or wraps, panics. There is no guard against a loop.
 */
#include "../model.h"

/* sizeof(struct vfio_region_info): the first request. */
#define FIRST_REQUEST 32
#define FIXED_SIZE    16
#define PAGE_MASK     UINT64_C(4095)

/* Every area; false where one panics. */
static bool take_areas(struct walk *walk, const void *info, uint32_t at, uint32_t count)
{
	struct info_cap cap;

	model_head(info, at, &cap);
	cap.count = count;
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t start = model_pair(info, at, i)->first;
		const uint64_t size = model_pair(info, at, i)->second;

		/* One without a size is left out before. */
		if (size && (((start | size) & PAGE_MASK) || start + size < start))
			return false;
		cap.hash = info_hash(info_hash(cap.hash, start), size);
	}
	walk_deliver(walk, &cap);
	return true;
}

static struct info_answer openvmm_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	const uint32_t bound = argsz < len ? argsz : len;
	uint32_t at, count;

	if (!model_has_caps(info, kind) || argsz <= FIRST_REQUEST)
		return answer(VERDICT_ABSENT);
	if (len <= FIRST_REQUEST)
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
		return take_areas(walk, info, at, count) ? answer(VERDICT_OK)
							 : answer_reject("panic");
	}
	return answer(VERDICT_ABSENT);
}

const struct info_parser openvmm_parser = {
	.name = "openvmm",
	.summary = "OpenVMM: bounds held, but what is out of them is absent: the whole BAR",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that a cut finds nothing absent: what it cannot read is none to it. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_CUT,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = openvmm_read,
};
