/* SPDX-License-Identifier: MIT */
/*
 * The parser `raven`: Raven's stub for OCaml, cap() and ask(), as of 2026. Read, not measured.
 *
 * The flag is tested; every header has to lie inside the reply's argsz, which is not held against what
 * was asked with; a next that is 0, or not above the offset it stands at, ends the chain. The payload is
 * taken as it comes. It looks up SPARSE_MMAP of a region and IOVA_RANGE of an IOMMU. A reply that is too
 * long is asked for once more, in cleared memory.
 */
#include "../model.h"

static struct info_answer raven_read(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	uint32_t next;

	if (model_asks_again(info, len, kind == INFO_REGION ? MODEL_REGION : MODEL_IOMMU))
		return answer_truncated(argsz);
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	for (uint32_t at = overlay_cap_offset(info, kind); at; at = next) {
		/* The header lies inside argsz. */
		if ((uint64_t)at + CAP_HEADER_SIZE > argsz)
			break;
		/* SPARSE_MMAP and IOVA_RANGE have the same id. */
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE) {
			model_take(walk, info, at, kind);
			return answer(VERDICT_OK);
		}
		next = overlay_header(info, at)->next;
		if (next <= at)
			break;
	}
	return answer(VERDICT_ABSENT);
}

const struct info_parser raven_parser = {
	.name = "raven",
	.summary = "Raven of 2026: headers inside argsz, and a chain that does not rise ends there",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not the order in memory; nor that a cut finds nothing absent. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_ORDER | INFO_CLAIM_CUT),
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)},
		  [INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = raven_read,
};
