/* SPDX-License-Identifier: MIT */
/*
 * The parser `odp`: OpenDataPlane before 46217500 (June 2026, which took it out), the mdev pktio,
 * vfio_get_region_sparse_mmaps() and vfio_get_region_cap_type(). Read, not measured.
 *
 * Flag and an argsz above 32 are wanted; then SPARSE_MMAP is looked up, and TYPE; the header at offset 0
 * ends the chain; no bound, no guard. All areas are read. A reply that is too long is asked for once
 * more, and the second is read as it comes.
 */
#include "../model.h"

static struct info_answer odp_read(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	uint32_t sparse, type;

	if (model_asks_again(info, len, MODEL_REGION))
		return answer_truncated(overlay_argsz(info));
	if (!model_has_caps(info, kind) || overlay_argsz(info) <= MODEL_REGION)
		return answer(VERDICT_ABSENT);
	sparse = model_find(info, overlay_cap_offset(info, kind), CAP_ID_SPARSE_MMAP);
	if (sparse)
		model_take(walk, info, sparse, kind);
	type = model_find(info, overlay_cap_offset(info, kind), CAP_ID_TYPE);
	if (type)
		model_take(walk, info, type, kind);
	return answer(sparse || type ? VERDICT_OK : VERDICT_ABSENT);
}

#define LOOKED_UP (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE))

const struct info_parser odp_parser = {
	.name = "odp",
	.summary = "ODP before 46217500: looks up SPARSE_MMAP, then TYPE",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, LOOKED_UP, LOOKED_UP}},
	.read = odp_read,
};
