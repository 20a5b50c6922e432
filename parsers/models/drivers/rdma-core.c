/* SPDX-License-Identifier: MIT */
/*
 * The parser `rdma-core`: rdma-core 44 (Debian 12's 44.0-2), providers/mlx5/mlx5_vfio.c
 * mlx5_vfio_get_iommu_info(). Measured through pyverbs: a loop hangs it, wild offsets crash it,
 * CAPS with cap_offset 0 gives the legacy windows, huge counts end in EINVAL; the rest was read.
 *
 * It looks up IOVA_RANGE; an offset of 0 ends the chain, and without a match two fixed windows are
 * used: absent. Each range goes into a set as start and length: an empty or wrapping one, and one
 * that overlaps another, is EINVAL, and the ranges behind it are not read. A reply that is too long
 * is asked for once more, and the second is read as it comes.
 */
#include "../model.h"

#include <string.h>

/* sizeof(struct vfio_iommu_type1_info): the first request. */
#define FIRST_REQUEST 24

struct range {
	uint64_t start, end;
};

/* The set, sorted by start. @capacity: no buffer holds more ranges. */
struct range_set {
	struct range *ranges;
	uint32_t count;
	uint32_t capacity;
};

/* Where a range from @start on belongs. A half of the rest is left at each step. */
static uint32_t place_of(const struct range_set *set, uint64_t start)
{
	uint32_t low = 0, high = set->count;

	/* They come sorted, as a rule. */
	if (high && set->ranges[high - 1].start < start)
		return high;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (set->ranges[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool insert(struct range_set *set, uint64_t start, uint64_t end)
{
	const uint32_t at = place_of(set, start);

	/* Neither neighbour reaches into it. */
	if ((at && set->ranges[at - 1].end >= start) ||
	    (at < set->count && set->ranges[at].start <= end) || set->count == set->capacity)
		return false;
	memmove(&set->ranges[at + 1], &set->ranges[at], (set->count - at) * sizeof(set->ranges[0]));
	set->ranges[at].start = start;
	set->ranges[at].end = end;
	set->count++;
	return true;
}

static struct info_answer take_ranges(struct walk *walk, const void *info, uint32_t at,
				      uint32_t len)
{
	struct range_set set = {.capacity = len / ELEMENTS_PAIRS + 1};
	struct info_cap cap;

	model_head(info, at, &cap);
	cap.count = model_count(info, at);
	if (set.capacity > cap.count)
		set.capacity = cap.count;
	if (cap.count > 1)
		set.ranges = walk_alloc(walk, set.capacity * sizeof(set.ranges[0]));
	for (uint32_t i = 0; i < cap.count; i++) {
		const uint64_t start = model_pair(info, at, i)->first;
		const uint64_t end = model_pair(info, at, i)->second;

		/* A whole space has length 0 too. */
		if (start > end || end - start == UINT64_MAX ||
		    (set.ranges && !insert(&set, start, end)))
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

	if (len <= FIRST_REQUEST && overlay_argsz(info) > len)
		return answer_truncated(overlay_argsz(info));
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	at = model_find(info, overlay_cap_offset(info, kind), CAP_ID_IOVA_RANGE);
	return at ? take_ranges(walk, info, at, len) : answer(VERDICT_ABSENT);
}

const struct info_parser rdma_core_parser = {
	.name = "rdma-core",
	.summary = "rdma-core 44's mlx5 provider: looks up IOVA_RANGE, refuses ranges that overlap",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = rdma_core_read,
};
