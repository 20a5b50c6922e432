/* SPDX-License-Identifier: MIT */
/*
 * The parser `qatlib`: Intel qatlib 24.02 to 26.08, qae_mem_utils_vfio.c filter_dma_ranges(), as
 * built for x86-64. Read, not measured.
 *
 * One call with a zeroed buffer of 4096 bytes, and no second one: CAPS with cap_offset 0 is an
 * error. next 0 ends the chain. Every IOVA_RANGE is taken, on top of the ones before. Within one, a
 * range that reaches the end of its IOVA space (2^39 - 2^21) ends the reading of ranges.
 */
#include "../model.h"

#define QATLIB_BUFFER	4096
#define QATLIB_MAX_IOVA ((UINT64_C(1) << 39) - (UINT64_C(1) << 21))

static void take_ranges(struct walk *walk, const void *info, uint32_t at)
{
	struct info_cap cap;
	uint64_t end = 0;

	model_head(info, at, &cap);
	cap.count = model_count(info, at);
	for (uint32_t i = 0; i < cap.count && end < QATLIB_MAX_IOVA; i++) {
		cap.hash = info_hash(cap.hash, model_pair(info, at, i)->first);
		end = model_pair(info, at, i)->second;
		cap.hash = info_hash(cap.hash, end);
	}
	walk_deliver(walk, &cap);
}

static struct info_answer qatlib_read(struct walk *walk, const void *info, uint32_t len,
				      enum info_kind kind)
{
	bool any = false;
	uint32_t at;

	(void)len;
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	at = overlay_cap_offset(info, kind);
	if (!at)
		return answer_reject("no-space");
	for (; at; at = overlay_header(info, at)->next)
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE) {
			take_ranges(walk, info, at);
			any = true;
		}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

const struct info_parser qatlib_parser = {
	.name = "qatlib",
	.summary = "qatlib 24.02 to 26.08: every IOVA_RANGE in one fixed buffer of 4096 bytes",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.fixed_size = QATLIB_BUFFER,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_IOMMU] = {INFO_LIST, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = qatlib_read,
};
