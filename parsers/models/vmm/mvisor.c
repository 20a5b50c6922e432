/* SPDX-License-Identifier: MIT */
/*
 * The parser `mvisor`: MVisor, devices/vfio/vfio_pci.cc SetupVfioGroup() and SetupVfioDevice(), as of
 * 2026. Read, not measured.
 *
 * It asks once more where argsz is not what it asked with, in both directions, and takes what then
 * comes; what the kernel refuses ends it. Flag and cap_offset are tested, next 0 ends, no bound, no
 * guard. Of a region the areas of every SPARSE_MMAP are kept, and the last TYPE. Of an IOMMU the page
 * sizes of each MIGRATION are looked at: one without 4 KiB is an assertion that fails.
 */
#include "../model.h"

/* The reply that is read, or NULL with the answer. */
static const void *last_reply(struct walk *walk, const void *info, uint32_t len,
			      enum info_kind kind, struct info_answer *ret_answer)
{
	const uint32_t first = kind == INFO_REGION ? MODEL_REGION : MODEL_IOMMU;
	const uint32_t argsz = overlay_argsz(info);

	if (len > first || argsz == first)
		return info;
	*ret_answer = argsz > len ? answer_truncated(argsz) : answer_reject("einval");
	return argsz > len || argsz < layout_infos[kind].minsz ? NULL : model_copy(walk, argsz);
}

/* The page sizes of the MIGRATION at @at, and nothing else of it. */
static bool has_small_pages(const void *info, uint32_t at)
{
	return *(const volatile overlay_u64 *)((const uint8_t *)info + at +
					       CAP_AT_MIGRATION_pgsize_bitmap) &
	       (MODEL_PAGE_MASK + 1);
}

static struct info_answer mvisor_read(struct walk *walk, const void *info, uint32_t len,
				      enum info_kind kind)
{
	struct info_answer none;
	struct info_cap cap;
	bool any = false;

	info = last_reply(walk, info, len, kind, &none);
	if (!info)
		return none;
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	for (uint32_t at = overlay_cap_offset(info, kind); at;
	     at = overlay_header(info, at)->next) {
		const uint16_t id = overlay_header(info, at)->id;

		if (kind == INFO_IOMMU && id == CAP_ID_MIGRATION) {
			if (!has_small_pages(info, at))
				return answer_reject("assertion");
			model_head(info, at, &cap);
			cap.decoded = false;
			walk_deliver(walk, &cap);
			any = true;
		}
		if (kind == INFO_IOMMU || (id != CAP_ID_SPARSE_MMAP && id != CAP_ID_TYPE))
			continue;
		if (id == CAP_ID_TYPE)
			walk_forget(walk, id);
		model_take(walk, info, at, kind);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define TAKEN (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE))

const struct info_parser mvisor_parser = {
	.name = "mvisor",
	.summary =
		"MVisor of 2026: all areas, the last TYPE; a MIGRATION without 4 KiB pages aborts it",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, TAKEN, TAKEN},
		  [INFO_IOMMU] = {INFO_LIST, INFO_ID(CAP_ID_MIGRATION), 0}},
	.read = mvisor_read,
};
