/* SPDX-License-Identifier: MIT */
/*
 * The parser `stratovirt`: StratoVirt, vfio/src/vfio_dev.rs region_mmap_info(), as of 2026. Read, not
 * measured; a release build.
 *
 * Flag and argsz are looked at in the first reply; of the second the header that stands right behind
 * the struct is read, wherever cap_offset points, and no other. If that is no SPARSE_MMAP the whole
 * region is mapped. Its areas are taken as they come, those without a size left out; no bound. A list
 * beyond any memory aborts.
 */
#include "../model.h"

static struct info_answer stratovirt_read(struct walk *walk, const void *info, uint32_t len,
					  enum info_kind kind)
{
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	if (model_asks_again(info, len, MODEL_REGION))
		return answer_truncated(overlay_argsz(info));
	if (len <= MODEL_REGION || overlay_header(info, MODEL_REGION)->id != CAP_ID_SPARSE_MMAP)
		return answer(VERDICT_ABSENT);
	if (!model_heap_has(model_count(info, MODEL_REGION), ELEMENTS_PAIRS))
		return answer_reject("enomem");
	model_take(walk, info, MODEL_REGION, kind);
	return answer(VERDICT_OK);
}

const struct info_parser stratovirt_parser = {
	.name = "stratovirt",
	.summary =
		"StratoVirt of 2026: the header behind the struct alone, whatever cap_offset says",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not where the chain stands: it does not look there. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_ORDER),
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = stratovirt_read,
};
