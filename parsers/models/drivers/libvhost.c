/* SPDX-License-Identifier: MIT */
/*
 * The parser `libvhost`: libvhost's libvfio, lib/vfio-helper.c parse_iova_ranges(), as of 2026. Read,
 * not measured.
 *
 * It reads as QEMU's NVMe driver does (qemu-util): neither flag nor cap_offset is tested, the walk is
 * made whenever the first argsz was above 24, and a header that is not IOVA_RANGE and has next 0 ends it.
 * The number of ranges is an int: one that is negative makes no loop, and no ranges. calloc() is not
 * looked at, so that a count beyond any memory is a store to a null pointer.
 */
#include <signal.h>

#include "../model.h"

static struct info_answer libvhost_read(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	uint32_t at, count;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(overlay_argsz(info));
	if (len <= MODEL_IOMMU ||
	    !model_find_anywhere(info, overlay_cap_offset(info, kind), CAP_ID_IOVA_RANGE, &at))
		return answer(VERDICT_ABSENT);
	count = model_count(info, at);
	if (count > INT32_MAX)
		return answer(VERDICT_ABSENT);
	if (!model_heap_has(count, ELEMENTS_PAIRS))
		walk_crash(walk, SIGSEGV);
	model_take_pairs(walk, info, at, count, NULL);
	return answer(VERDICT_OK);
}

const struct info_parser libvhost_parser = {
	.name = "libvhost",
	.summary = "libvhost of 2026: no flag, no cap_offset test, an int for the number of ranges",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what rests on the flag, which it does not test. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK | INFO_CLAIM_UNREAD),
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = libvhost_read,
};
