/* SPDX-License-Identifier: MIT */
/*
 * The parser `opae`: the OPAE SDK (c52aef5a), opaevfio.c opae_vfio_device_get_sparse_info() and
 * opae_vfio_iova_discover(). Read, not measured.
 *
 * Both ask twice, with memory of the first argsz, and take what then comes.
 * - region: the flag is tested. The whole struct is copied to that memory, of which there may be less.
 *   The header at cap_offset is looked at, 0 included, and no other: a SPARSE_MMAP gives its areas.
 * - iommu: neither flag nor cap_offset is tested: with 0 the INFO struct is the first header. next 0
 *   ends the chain, and nothing else does; the ranges of every IOVA_RANGE are kept.
 */
#include "../model.h"

static struct info_answer read_region(struct walk *walk, const void *info, uint32_t len)
{
	const uint32_t argsz = overlay_argsz(info);
	uint32_t at;

	if (!model_has_caps(info, INFO_REGION))
		return answer(VERDICT_ABSENT);
	if (model_asks_again(info, len, MODEL_REGION))
		return answer_truncated(argsz);
	if (len <= MODEL_REGION && argsz < MODEL_REGION) {
		model_copy_struct(walk, argsz, MODEL_REGION);
		return answer_reject("einval");
	}
	at = overlay_cap_offset(info, INFO_REGION);
	if (overlay_header(info, at)->id != CAP_ID_SPARSE_MMAP)
		return answer(VERDICT_ABSENT);
	model_take(walk, info, at, INFO_REGION);
	return answer(VERDICT_OK);
}

static struct info_answer read_iommu(struct walk *walk, const void *info, uint32_t len)
{
	const uint32_t argsz = overlay_argsz(info);
	bool any = false;
	uint32_t at;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(argsz);
	if (len <= MODEL_IOMMU && argsz < layout_infos[INFO_IOMMU].minsz)
		return answer_reject("einval");
	if (len <= MODEL_IOMMU && argsz < len)
		info = model_copy(walk, argsz);
	at = overlay_cap_offset(info, INFO_IOMMU);
	do {
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE) {
			model_take(walk, info, at, INFO_IOMMU);
			any = true;
		}
		at = overlay_header(info, at)->next;
	} while (at);
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

static struct info_answer opae_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	return kind == INFO_REGION ? read_region(walk, info, len) : read_iommu(walk, info, len);
}

const struct info_parser opae_parser = {
	.name = "opae",
	.summary =
		"OPAE c52aef5a: the first capability of a region; of an IOMMU all ranges, no flag",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what rests on the flag, which it does not test, nor on a list that it does not read. */
	.claims = INFO_CLAIM_AGAIN,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)},
		  [INFO_IOMMU] = {INFO_LIST, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = opae_read,
};
