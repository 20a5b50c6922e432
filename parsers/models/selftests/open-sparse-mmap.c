/* SPDX-License-Identifier: MIT */
/*
 * The parser `open-sparse-mmap`: awilliam/tests (0cf700eef0e4), vfio-pci-device-open-sparse-mmap.c.
 * Read, not measured.
 *
 * The flag is tested, cap_offset is not: with 0 the INFO struct is the first header. It asks again
 * wherever the flag is set, with memory of the first argsz, to which it copies its whole struct, of
 * which there may be more. Every capability is named and every area printed; next 0 ends the chain, and
 * nothing else does.
 */
#include "../model.h"

static struct info_answer open_sparse_mmap_read(struct walk *walk, const void *info, uint32_t len,
						enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	struct info_cap cap;
	uint32_t at;

	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	if (model_asks_again(info, len, MODEL_REGION))
		return answer_truncated(argsz);
	if (len <= MODEL_REGION && argsz < MODEL_REGION) {
		model_copy_struct(walk, argsz, MODEL_REGION);
		return answer_reject("einval");
	}
	at = overlay_cap_offset(info, kind);
	do {
		if (overlay_header(info, at)->id == CAP_ID_SPARSE_MMAP) {
			model_take(walk, info, at, kind);
		} else {
			model_head(info, at, &cap);
			cap.decoded = false;
			walk_deliver(walk, &cap);
		}
		at = overlay_header(info, at)->next;
	} while (at);
	return answer(VERDICT_OK);
}

const struct info_parser open_sparse_mmap_parser = {
	.name = "open-sparse-mmap",
	.summary = "awilliam/tests 0cf700eef0e4: names every capability, prints every area",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = open_sparse_mmap_read,
};
