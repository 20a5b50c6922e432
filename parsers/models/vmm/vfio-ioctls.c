/* SPDX-License-Identifier: MIT */
/*
 * The parser `vfio-ioctls`: rust-vmm's vfio-ioctls from mid-2026, get_region_map()
 * (cloud-hypervisor, Firecracker's VFIO branch, Kata's dragonball). Read, not measured; a release
 * build.
 *
 * Flag and argsz are looked at in the first reply, cap_offset in the second. An offset below 32
 * ends the chain, so it never walks into the struct; every capability it knows is kept, with all
 * its fields, in chain order; no bound, no guard. A list of areas beyond any memory aborts.
 */
#include "../model.h"

/* sizeof(struct vfio_region_info): the first request, and where a chain may begin. */
#define FIRST_REQUEST 32

static struct info_answer vfio_ioctls_read(struct walk *walk, const void *info, uint32_t len,
					   enum info_kind kind)
{
	bool any = false;
	uint32_t at;
	uint16_t id;

	/*
	 * What it kept of the first reply is taken from this one, and a longer request's argsz too.
	 */
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	if (len <= FIRST_REQUEST)
		return overlay_argsz(info) > FIRST_REQUEST ? answer_truncated(overlay_argsz(info))
							   : answer(VERDICT_ABSENT);
	for (at = overlay_cap_offset(info, kind); at >= FIRST_REQUEST;
	     at = overlay_header(info, at)->next) {
		id = overlay_header(info, at)->id;
		if (id == 0 || id > CAP_ID_NVLINK2_LNKSPD)
			continue;
		if (id == CAP_ID_SPARSE_MMAP &&
		    !model_heap_has(model_count(info, at), ELEMENTS_PAIRS))
			return answer_reject("enomem");
		model_take(walk, info, at, kind);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define TAKEN                                                                                      \
	(INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE) | INFO_ID(CAP_ID_MSIX_MAPPABLE) |      \
	 INFO_ID(CAP_ID_NVLINK2_SSATGT) | INFO_ID(CAP_ID_NVLINK2_LNKSPD))

const struct info_parser vfio_ioctls_parser = {
	.name = "vfio-ioctls",
	.summary = "rust-vmm vfio-ioctls: an offset below 32 ends the chain, nothing else does",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, TAKEN, TAKEN}},
	.read = vfio_ioctls_read,
};
