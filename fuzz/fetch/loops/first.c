/* SPDX-License-Identifier: MIT */
/*
 * Loops of two calls that keep something of the first reply: memory as long as its argsz said in
 * each, its flags in vfio-ioctls get_region_map() and OpenVMM's vfio_sys, both replies' in crosvm
 * vfio_iommu_type1_get_iova_ranges(); crosvm get_regions() takes flags and bounds of the second.
 * All memory is zeroed.
 */
#include "fetch_loops.h"

/* The two calls; NULL where the answer is already there. @keeps: the first reply's flags stay. */
static uint8_t *ask_twice(struct fetch *fetch, enum info_kind kind, uint32_t size, bool keeps,
			  struct info_answer *ret_answer)
{
	uint8_t *info = fetch_zalloc(fetch, size);
	uint32_t argsz, flags;

	*ret_answer = answer_reject("refused");
	if (loop_ask(fetch, info, kind, size)) {
		fetch_free(fetch, info);
		return NULL;
	}
	argsz = overlay_argsz(info);
	flags = overlay_flags(info);
	if (argsz <= size)
		return info;
	fetch_free(fetch, info);
	if (keeps && !(flags & loop_caps_flag(kind))) {
		*ret_answer = answer(VERDICT_ABSENT);
		return NULL;
	}
	info = fetch_zalloc(fetch, argsz);
	if (loop_ask(fetch, info, kind, argsz)) {
		fetch_free(fetch, info);
		return NULL;
	}
	if (keeps)
		loop_store(info, INFO_AT_REGION_flags, flags);
	return info;
}

static struct info_answer keeping_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	struct info_answer said;
	uint8_t *const info = ask_twice(fetch, kind, REGION_INFO, true, &said);

	(void)first;
	return info ? fetch_hand(fetch, info) : said;
}

const struct fetch_loop fetch_vfio_ioctls_loop = {
	.name = "vfio-ioctls",
	.summary = "rust-vmm's crate: flags and memory of the first reply",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "vfio-ioctls",
	.kinds = KIND_BIT(INFO_REGION),
	.run = keeping_run,
};

const struct fetch_loop fetch_openvmm_loop = {
	.name = "openvmm",
	.summary = "OpenVMM: flags and memory of the first reply, bounds of both",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "openvmm",
	.kinds = KIND_BIT(INFO_REGION),
	.run = keeping_run,
};

static struct info_answer crosvm_region_run(struct fetch *fetch, enum info_kind kind,
					    uint32_t first)
{
	struct info_answer said;
	uint8_t *const info = ask_twice(fetch, kind, REGION_INFO, false, &said);

	(void)first;
	return info ? fetch_hand(fetch, info) : said;
}

const struct fetch_loop fetch_crosvm_region_loop = {
	.name = "crosvm-region",
	.summary = "crosvm: memory of the first argsz, bounds of the second",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "crosvm-region",
	.kinds = KIND_BIT(INFO_REGION),
	.run = crosvm_region_run,
};

static struct info_answer crosvm_iommu_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, IOMMU_INFO);
	uint32_t argsz;

	(void)first;
	if (loop_ask(fetch, info, kind, IOMMU_INFO))
		return loop_give_up(fetch, info, "refused");
	argsz = overlay_argsz(info);
	if (!loop_has_caps(info, kind))
		return loop_give_up(fetch, info, "no-caps");
	fetch_free(fetch, info);
	/* Its release builds check for overflow. */
	if (argsz < IOMMU_INFO)
		return answer_reject("panic");
	info = fetch_zalloc(fetch, argsz);
	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	return fetch_hand(fetch, info);
}

const struct fetch_loop fetch_crosvm_iommu_loop = {
	.name = "crosvm-iommu",
	.summary = "crosvm: two calls, memory and bounds of the first argsz, flags of both",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "crosvm-iommu",
	.kinds = KIND_BIT(INFO_IOMMU),
	.run = crosvm_iommu_run,
};
