/* SPDX-License-Identifier: MIT */
/*
 * The parser `dragonball`: Kata's dragonball of mid-2026 with vfio-ioctls 0.6.0. Read, not measured; a
 * release build. region-map.h says how the chain is read. Of each SPARSE_MMAP the first area is used,
 * so that of the last one stays, and no other is handed over; one without areas panics.
 */
#include "region-map.h"

static bool take(struct walk *walk, const struct info_cap *cap, void *state)
{
	bool *const empty = state;
	const struct info_cap taken = {cap->offset, cap->id, cap->version, .decoded = false};

	if (cap->id != CAP_ID_SPARSE_MMAP)
		return false;
	*empty |= !cap->count;
	walk_forget(walk, cap->id);
	walk_deliver(walk, &taken);
	return true;
}

static struct info_answer dragonball_read(struct walk *walk, const void *info, uint32_t len,
					  enum info_kind kind)
{
	bool empty = false;
	const struct info_answer read = region_map_read(walk, info, len, take, &empty);

	(void)kind;
	return empty && read.verdict == VERDICT_OK ? answer_reject("panic") : read;
}

const struct info_parser dragonball_parser = {
	.name = "dragonball",
	.summary = "Kata's dragonball of 2026: the first area of a SPARSE_MMAP, or a panic",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ID(CAP_ID_SPARSE_MMAP), 0}},
	.read = dragonball_read,
};
