/* SPDX-License-Identifier: MIT */
/*
 * What get_region_map() of rust-vmm's vfio-ioctls does, which several monitors read through. Flag and
 * argsz are looked at in the first reply, cap_offset in the second. An offset below 32 ends the chain,
 * so it never walks into the struct; every capability it knows is kept, with all its fields, in chain
 * order; no bound, no guard. A list of areas beyond any memory aborts.
 */
#ifndef PARSERS_MODELS_REGION_MAP_H
#define PARSERS_MODELS_REGION_MAP_H

#include "../model.h"

/* What a monitor does with the next capability that was kept; whether it takes something of it. */
typedef bool (*region_map_take)(struct walk *walk, const struct info_cap *cap, void *state);

static inline struct info_answer region_map_read(struct walk *walk, const void *info, uint32_t len,
						 region_map_take take, void *state)
{
	struct info_cap cap;
	bool any = false;
	uint32_t at;
	uint16_t id;

	/* What it kept of the first reply is taken from this one. */
	if (!model_has_caps(info, INFO_REGION))
		return answer(VERDICT_ABSENT);
	if (len <= MODEL_REGION)
		return overlay_argsz(info) > MODEL_REGION ? answer_truncated(overlay_argsz(info))
							  : answer(VERDICT_ABSENT);
	for (at = overlay_cap_offset(info, INFO_REGION); at >= MODEL_REGION;
	     at = overlay_header(info, at)->next) {
		id = overlay_header(info, at)->id;
		if (id == 0 || id > CAP_ID_NVLINK2_LNKSPD)
			continue;
		if (id == CAP_ID_SPARSE_MMAP &&
		    !model_heap_has(model_count(info, at), ELEMENTS_PAIRS))
			return answer_reject("enomem");
		overlay_cap(info, at, INFO_REGION, &cap);
		any |= take(walk, &cap, state);
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define REGION_MAP_IDS                                                                             \
	(INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE) | INFO_ID(CAP_ID_MSIX_MAPPABLE) |      \
	 INFO_ID(CAP_ID_NVLINK2_SSATGT) | INFO_ID(CAP_ID_NVLINK2_LNKSPD))

#endif
