/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-util`: QEMU's NVMe block driver (qemu-img and its kin), util/vfio-helpers.c
 * collect_usable_iova_ranges(), QEMU 7.2 (Debian 12's 1:7.2+dfsg-7+deb12u18). Measured with
 * qemu-img: a loop hangs it, a wild next and CAPS with cap_offset 0 crash it, a count is taken
 * modulo 256; the rest was read.
 *
 * Neither the flag nor cap_offset is tested: with cap_offset 0 the INFO struct itself is the first
 * header, its argsz the id and version and its flags the next. The walk is made whenever the first
 * reply's argsz was above 24, whatever the second says, and ends where a header that is not
 * IOVA_RANGE has next 0. The number of ranges is kept in a uint8_t. That PGSIZES is set is checked
 * before all this, and taken for granted here.
 */
#include "../model.h"

/* sizeof(struct vfio_iommu_type1_info): the first request. */
#define FIRST_REQUEST 24

static struct info_answer qemu_util_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	uint32_t at, argsz;
	struct info_cap cap;

	if (len <= FIRST_REQUEST) {
		argsz = overlay_argsz(info);
		return argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	}
	for (at = overlay_cap_offset(info, kind); overlay_header(info, at)->id != CAP_ID_IOVA_RANGE;
	     at = overlay_header(info, at)->next)
		if (!overlay_header(info, at)->next)
			return answer(VERDICT_ABSENT);
	model_head(info, at, &cap);
	cap.count = (uint8_t)model_count(info, at);
	for (uint32_t i = 0; i < cap.count; i++) {
		cap.hash = info_hash(cap.hash, model_pair(info, at, i)->first);
		cap.hash = info_hash(cap.hash, model_pair(info, at, i)->second);
	}
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

const struct info_parser qemu_util_parser = {
	.name = "qemu-util",
	.summary = "QEMU 7.2's NVMe driver: no flag, no cap_offset test, a count of 8 bits",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what rests on the flag, which it does not test. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK | INFO_CLAIM_UNREAD),
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = qemu_util_read,
};
