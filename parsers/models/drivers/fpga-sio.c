/* SPDX-License-Identifier: MIT */
/*
 * The parser `fpga-sio`: fpga_sio, vfio_access.c and display_vfio_information.c, as of 2026. Read, not
 * measured.
 *
 * It asks twice, with memory of the first argsz. The flag is tested; a chain ends at 0 and at an offset
 * from argsz on, of which the first byte alone is asked. Every capability is printed, with its payload;
 * no other bound, no guard.
 */
#include "../model.h"

static struct info_answer fpga_sio_read(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	bool any = false;

	if (model_asks_again(info, len, kind == INFO_REGION ? MODEL_REGION : MODEL_IOMMU))
		return answer_truncated(argsz);
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	for (uint32_t at = overlay_cap_offset(info, kind); at && at < argsz;
	     at = overlay_header(info, at)->next) {
		model_take(walk, info, at, kind);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

const struct info_parser fpga_sio_parser = {
	.name = "fpga-sio",
	.summary = "fpga_sio of 2026: prints every capability whose first byte is below argsz",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS},
		  [INFO_IOMMU] = {INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS}},
	.read = fpga_sio_read,
};
