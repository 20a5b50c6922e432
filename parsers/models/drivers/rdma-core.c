/* SPDX-License-Identifier: MIT */
/*
 * The parser `rdma-core`: rdma-core 44 to 65 (Debian 12's 44.0-2, sid's 65.0-1.1), providers/mlx5/mlx5_vfio.c
 * mlx5_vfio_get_iommu_info(). Measured through pyverbs, both versions alike: a loop hangs it, wild offsets crash it,
 * CAPS with cap_offset 0 gives the legacy windows, huge counts end in EINVAL; the rest was read.
 *
 * It looks up IOVA_RANGE; an offset of 0 ends the chain, and without a match two fixed windows are
 * used: absent. Each range goes into a set as start and length: an empty or wrapping one, and one
 * that overlaps another, is EINVAL, and the ranges behind it are not read. A reply that is too long
 * is asked for once more, and the second is read as it comes.
 */
#include "../sorted.h"

/* Adds a range; false where it is empty, is the whole space, whose length is 0 too, or overlaps. */
static bool add(struct sorted *set, uint64_t start, uint64_t end)
{
	const uint32_t at = sorted_place(set, start);

	/* Neither neighbour reaches into it. */
	return start <= end && end - start != UINT64_MAX &&
	       !(at && set->pairs[at - 1].second >= start) &&
	       !(at < set->count && set->pairs[at].first <= end) &&
	       sorted_insert(set, at, start, end);
}

static struct info_answer take_ranges(struct walk *walk, const void *info, uint32_t at,
				      uint32_t len)
{
	struct info_cap cap;
	struct sorted set;

	model_head(info, at, &cap);
	cap.count = model_count(info, at);
	set = sorted_begin(walk, cap.count, len);
	for (uint32_t i = 0; i < cap.count; i++) {
		const uint64_t start = model_pair(info, at, i)->first;
		const uint64_t end = model_pair(info, at, i)->second;

		if (!add(&set, start, end))
			return answer_reject("einval");
		cap.hash = info_hash(info_hash(cap.hash, start), end);
	}
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

static struct info_answer rdma_core_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	uint32_t at;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(overlay_argsz(info));
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	at = model_find(info, overlay_cap_offset(info, kind), CAP_ID_IOVA_RANGE);
	return at ? take_ranges(walk, info, at, len) : answer(VERDICT_ABSENT);
}

const struct info_parser rdma_core_parser = {
	.name = "rdma-core",
	.summary = "rdma-core 44 to 65, mlx5: looks up IOVA_RANGE, refuses ranges that overlap",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = rdma_core_read,
};
