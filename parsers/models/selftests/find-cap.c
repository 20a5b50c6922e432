/* SPDX-License-Identifier: MIT */
/*
 * The parser `find-cap`: a lister of the IOMMU's capabilities by vfio_find_cap(), from a series that may
 * never have been merged, as of 2026. Read, not measured.
 *
 * The flag is not tested; an offset of 0 ends the chain; no bound, no guard. Every capability that it
 * knows, of version 1, is taken, any other version is passed over. A reply that is too long is asked for once more.
 */
#include "../model.h"

static struct info_answer find_cap_read(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	bool any = false;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(overlay_argsz(info));
	for (uint32_t at = overlay_cap_offset(info, kind); at;
	     at = overlay_header(info, at)->next) {
		const uint16_t id = overlay_header(info, at)->id;

		if (id == 0 || id > CAP_ID_DMA_AVAIL || overlay_header(info, at)->version != 1)
			continue;
		model_take(walk, info, at, kind);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define TAKEN (INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_MIGRATION) | INFO_ID(CAP_ID_DMA_AVAIL))

const struct info_parser find_cap_parser = {
	.name = "find-cap",
	.summary = "a series of 2026: a lister of IOMMU capabilities, no flag, version 1 alone",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what rests on the flag, which it does not test. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK | INFO_CLAIM_UNREAD),
	.reads = {[INFO_IOMMU] = {INFO_LIST, TAKEN, TAKEN}},
	.read = find_cap_read,
};
