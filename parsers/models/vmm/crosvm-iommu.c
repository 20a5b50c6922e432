/* SPDX-License-Identifier: MIT */
/*
 * The parser `crosvm-iommu`: crosvm f1e797a6 of 2026, devices/src/vfio.rs
 * vfio_iommu_type1_get_iova_ranges(). Read, not measured.
 *
 * No flag is an error, and so is a chain without IOVA_RANGE of version 1 (another version is passed
 * over). The buffer is as long as the first reply's argsz said, and every header, count and range
 * has to lie inside it, in usize; what does not is an error. There is no guard against a loop. A
 * first argsz below 24 panics, in release builds too: crosvm builds those with overflow checks.
 */
#include "../model.h"

/* Header and nr_iovas, which it reads as one struct. */
#define COUNT_END 12

static struct info_answer take_ranges(struct walk *walk, const void *info, uint32_t at,
				      uint32_t len)
{
	struct info_cap cap;

	if ((uint64_t)at + COUNT_END > len)
		return answer_reject("no-cap-info");
	model_head(info, at, &cap);
	cap.count = model_count(info, at);
	for (uint32_t i = 0; i < cap.count; i++) {
		/* The range lies inside the slice. */
		if (at + 16 + ((uint64_t)i + 1) * ELEMENTS_PAIRS > len)
			return answer_reject("no-cap-info");
		cap.hash = info_hash(cap.hash, model_pair(info, at, i)->first);
		cap.hash = info_hash(cap.hash, model_pair(info, at, i)->second);
	}
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

static struct info_answer crosvm_iommu_read(struct walk *walk, const void *info, uint32_t len,
					    enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	uint32_t at;

	if (!model_has_caps(info, kind))
		return answer_reject("no-cap-info");
	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(argsz);
	if (len <= MODEL_IOMMU && argsz < MODEL_IOMMU)
		return answer_reject("panic");
	for (at = overlay_cap_offset(info, kind); at; at = overlay_header(info, at)->next) {
		/* The header lies inside the slice. */
		if ((uint64_t)at + CAP_HEADER_SIZE > len)
			break;
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE &&
		    overlay_header(info, at)->version == 1)
			return take_ranges(walk, info, at, len);
	}
	return answer_reject("no-cap-info");
}

const struct info_parser crosvm_iommu_parser = {
	.name = "crosvm-iommu",
	.summary =
		"crosvm f1e797a6: IOVA_RANGE of version 1 or an error, every bound held, no loop guard",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = crosvm_iommu_read,
};
