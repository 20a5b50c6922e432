/* SPDX-License-Identifier: MIT */
/*
 * The parser `uml`: User-mode Linux with DMA through VFIO, as a public fork of 2026 has it,
 * arch/um/drivers/vfio_user.c uml_vfio_user_get_iommu_info(). Read, not measured. In its names `user`
 * is the half of the driver that runs as a user's program: it asks /dev/vfio/vfio, so the kernel, and no
 * peer.
 *
 * It asks for as long as argsz is above its own. The flag is tested; every header has to end inside
 * its own buffer, whatever argsz says; a next that is not above the offset it stands at ends the chain.
 * It looks up IOVA_RANGE. What is outside, a count whose ranges are, and no ranges at all mean that
 * there are none.
 */
#include "../model.h"

/* Of IOVA_RANGE without its ranges. */
#define FIXED_SIZE 16

static struct info_answer take_ranges(struct walk *walk, const void *info, uint32_t at,
				      uint32_t len)
{
	uint32_t count;

	if (at + FIXED_SIZE > (uint64_t)len)
		return answer(VERDICT_ABSENT);
	count = model_count(info, at);
	/* The ranges lie inside the buffer, and there are some. */
	if (!count || count > (len - at - FIXED_SIZE) / ELEMENTS_PAIRS)
		return answer(VERDICT_ABSENT);
	model_take_pairs(walk, info, at, count, NULL);
	return answer(VERDICT_OK);
}

static struct info_answer uml_read(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	uint32_t next;

	if (overlay_argsz(info) > len)
		return answer_truncated(overlay_argsz(info));
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	for (uint32_t at = overlay_cap_offset(info, kind); at && at <= len - CAP_HEADER_SIZE;
	     at = next) {
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE)
			return take_ranges(walk, info, at, len);
		next = overlay_header(info, at)->next;
		if (next <= at)
			break;
	}
	return answer(VERDICT_ABSENT);
}

const struct info_parser uml_parser = {
	.name = "uml",
	.summary =
		"User-mode Linux of 2026: what is out of bounds, or back in the buffer, is no range",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not the order in memory; nor that a cut finds nothing absent. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_ORDER | INFO_CLAIM_CUT),
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = uml_read,
};
