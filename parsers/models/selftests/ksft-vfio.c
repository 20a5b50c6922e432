/* SPDX-License-Identifier: MIT */
/*
 * The parser `ksft-vfio`: the kernel's VFIO selftests, tools/testing/selftests/vfio/lib/iommu.c
 * (Linux 6.19 to 7.3; 7.2's and 7.3's sliced and run beside this), the IOVA range query.
 *
 * It asks twice: the first argsz has to reach 24, and is how much the second call gets. So a reply of
 * up to 24 bytes that wants more is not the last one. It looks up IOVA_RANGE. It tests the flag; argsz,
 * and a cap_offset that is not 0, have to reach past its own 24-byte struct; every header has to lie
 * inside the reply's argsz (not inside what was allocated); more headers than (argsz - 24) / 8 count as
 * a cycle. A next may go anywhere, also backward and into the fixed struct. The capability has to be
 * there and to have a range: the tests need one, so a reply without any, which is legal, ends them too.
 * The payload is taken as it comes: room for as many ranges as the count says, then each one, then
 * sorted. A range of one address, a reversed one, and two that share an address are refused. A failed
 * check aborts the test: a reject.
 */
#include "../sorted.h"

enum { KSFT_HEADER_SIZE = 8 };

static bool are_apart(const volatile struct model_pair *low, const volatile struct model_pair *high)
{
	return high->first < high->second && low->second < high->first;
}

static struct info_answer take_ranges(struct walk *walk, const void *info, uint32_t offset,
				      uint32_t len)
{
	const uint32_t count = model_count(info, offset);
	struct sorted set;

	if (!count)
		return answer_reject("no-ranges");
	/* Refused memory is an assertion there. */
	if (!model_heap_has(count, ELEMENTS_PAIRS))
		return answer_reject("enomem");
	set = sorted_pairs(walk, info, offset, count, len, NULL);
	if (set.count && set.pairs[0].first >= set.pairs[0].second)
		return answer_reject("empty-range");
	if (!sorted_all(&set, are_apart))
		return answer_reject("ranges-overlap");
	model_take(walk, info, offset, INFO_IOMMU);
	return answer(VERDICT_OK);
}

static struct info_answer ksft_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	const volatile struct overlay_header *header;
	uint32_t offset, depth = 0, next, max_depth;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(argsz);
	if (argsz < MODEL_IOMMU)
		return answer_reject("short-argsz");
	if (!(overlay_flags(info) & FLAG_IOMMU_CAPS))
		return answer_reject("no-iova-range");
	offset = overlay_cap_offset(info, kind);
	if (offset && offset < MODEL_IOMMU)
		return answer_reject("into-header");
	max_depth = (argsz - MODEL_IOMMU) / KSFT_HEADER_SIZE;
	for (; offset; offset = next) {
		if (offset >= argsz)
			return answer_reject(depth ? "next-oob" : "offset-oob");
		if (argsz - offset < KSFT_HEADER_SIZE)
			return answer_reject("header-straddle");
		header = overlay_header(info, offset);
		next = header->next;
		if (++depth > max_depth)
			return answer_reject("cycle");
		if (header->id == CAP_ID_IOVA_RANGE)
			return take_ranges(walk, info, offset, len);
	}
	return answer_reject("no-iova-range");
}

const struct info_parser ksft_vfio_parser = {
	.name = "ksft-vfio",
	.summary = "Linux 6.19 to 7.3, VFIO selftests: looks up IOVA_RANGE under a depth guard",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that order is nothing: a next may go to 20, where it takes no first capability. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_ORDER,
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = ksft_read,
};
