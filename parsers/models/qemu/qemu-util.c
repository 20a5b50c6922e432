/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-util`: QEMU's NVMe block driver (qemu-img and its kin), util/vfio-helpers.c
 * collect_usable_iova_ranges(), QEMU 7.2 to 11.1 (Debian 12's 1:7.2+dfsg-7+deb12u18, sid's
 * 1:11.1.3+ds-1). Measured with both's qemu-img: a loop hangs it, a wild next and CAPS with cap_offset 0 crash it, a count is taken
 * modulo 256; the rest was read.
 *
 * Neither the flag nor cap_offset is tested: with cap_offset 0 the INFO struct itself is the first
 * header, its argsz the id and version and its flags the next. The walk is made whenever the first
 * reply's argsz was above 24, whatever the second says, and ends where a header that is not
 * IOVA_RANGE has next 0. The number of ranges is kept in a uint8_t. That PGSIZES is set is checked
 * before all this, and taken for granted here.
 */
#include "../model.h"

static struct info_answer qemu_util_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	uint32_t at;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(overlay_argsz(info));
	if (len <= MODEL_IOMMU ||
	    !model_find_anywhere(info, overlay_cap_offset(info, kind), CAP_ID_IOVA_RANGE, &at))
		return answer(VERDICT_ABSENT);
	model_take_pairs(walk, info, at, (uint8_t)model_count(info, at), NULL);
	return answer(VERDICT_OK);
}

const struct info_parser qemu_util_parser = {
	.name = "qemu-util",
	.summary = "QEMU 7.2 to 11.1, NVMe: no flag, no cap_offset test, a count of 8 bits",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what rests on the flag, which it does not test. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK | INFO_CLAIM_UNREAD),
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = qemu_util_read,
};
