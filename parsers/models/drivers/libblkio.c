/* SPDX-License-Identifier: MIT */
/*
 * The parser `libblkio`: libblkio 1.5.0 through the pci-driver crate 0.1.3 (Debian 13's and sid's),
 * src/backends/vfio/containers.rs get_iommu_info(); qemu-img and nbdkit with virtio-blk-vfio-pci use it.
 * Measured with qemu-img: of 206 replies 45 end it by SIGSEGV and 18 hang it.
 *
 * A reply without PGSIZES is an error, the flag CAPS is not looked at, and a first argsz of 24 or less
 * is an error. It asks once more, with memory that nobody cleared, and takes what comes. An offset of 0
 * ends the chain; no bound, no guard. IOVA_RANGE and DMA_AVAIL have to be there, both. The ranges are
 * sorted; the last address of each is read as the first behind it, so one of a single address is
 * empty. A first range from 0 on begins at the smallest page instead, and is dropped where that leaves
 * nothing. Then none may begin before the end of the one below it.
 */
#include "../sorted.h"

static bool are_apart(const volatile struct model_pair *low, const volatile struct model_pair *high)
{
	return low->second <= high->first;
}

/* The smallest page that the IOMMU maps; a shift of 64 is one of 0. */
static uint64_t smallest_page(const void *info)
{
	const uint64_t sizes =
		*(const volatile overlay_u64 *)((const uint8_t *)info + INFO_AT_IOMMU_iova_pgsizes);

	return sizes ? sizes & -sizes : 1;
}

static bool ranges_are_sound(struct walk *walk, const void *info, uint32_t at, uint32_t len)
{
	struct sorted set = sorted_pairs(walk, info, at, model_count(info, at), len, NULL);

	if (set.count && set.pairs[0].first == 0) {
		set.pairs[0].first = smallest_page(info);
		if (set.pairs[0].first >= set.pairs[0].second) {
			set.pairs++;
			set.count--;
		}
	}
	return sorted_all(&set, are_apart);
}

static struct info_answer libblkio_read(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	uint32_t at;

	if (!(overlay_flags(info) & FLAG_IOMMU_PGSIZES))
		return answer_reject("no-pgsizes");
	if (len <= MODEL_IOMMU)
		return overlay_argsz(info) > MODEL_IOMMU ? answer_truncated(overlay_argsz(info))
							 : answer_reject("no-caps");
	at = model_find(info, overlay_cap_offset(info, kind), CAP_ID_IOVA_RANGE);
	if (!at)
		return answer_reject("no-iova-range");
	if (!model_heap_has(model_count(info, at), ELEMENTS_PAIRS))
		return answer_reject("enomem");
	if (!ranges_are_sound(walk, info, at, len))
		return answer_reject("ranges-overlap");
	model_take(walk, info, at, kind);
	at = model_find(info, overlay_cap_offset(info, kind), CAP_ID_DMA_AVAIL);
	if (!at)
		return answer_reject("no-dma-avail");
	model_take(walk, info, at, kind);
	return answer(VERDICT_OK);
}

#define TAKEN (INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_DMA_AVAIL))

const struct info_parser libblkio_parser = {
	.name = "libblkio",
	.summary = "libblkio 1.5.0: wants IOVA_RANGE and DMA_AVAIL, and tests no flag for them",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what rests on the flag, which it does not test. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK | INFO_CLAIM_UNREAD),
	.reads = {[INFO_IOMMU] = {INFO_LOOKUP, TAKEN, TAKEN}},
	.read = libblkio_read,
};
