/* SPDX-License-Identifier: MIT */
/*
 * The parser `ksft-cxl`: the VFIO selftest for CXL devices, find_region_cap() and its callers, as on
 * review for Linux since June 2026. Read, not measured.
 *
 * One request into a buffer of 1024 bytes, never a second. A header has to end inside that buffer; an
 * offset of 0 ends the chain; no guard, and no bound for a payload. Of each region it looks up TYPE,
 * where the flag is set; of the BAR that has the component registers also SPARSE_MMAP, and there it does
 * not test the flag: without areas it fails, and so it does where one with a size is not of whole
 * pages. Both are done here to any region. An id that the kernel does not have yet is looked up as well,
 * and not modelled. The series' earlier form walked a device's chain too.
 */
#include "../model.h"

#define KSFT_CXL_BUFFER 1024

/* The offset of the first header with @id; 0 where there is none inside the buffer. */
static uint32_t find_inside(const void *info, uint16_t id)
{
	uint32_t at = overlay_cap_offset(info, INFO_REGION);

	while (at && (uint64_t)at + CAP_HEADER_SIZE <= KSFT_CXL_BUFFER) {
		if (overlay_header(info, at)->id == id)
			return at;
		at = overlay_header(info, at)->next;
	}
	return 0;
}

static struct info_answer ksft_cxl_read(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	const uint32_t type = model_has_caps(info, kind) ? find_inside(info, CAP_ID_TYPE) : 0;
	uint32_t sparse;

	(void)len;
	if (type)
		model_take(walk, info, type, kind);
	sparse = find_inside(info, CAP_ID_SPARSE_MMAP);
	if (!sparse)
		return answer(type ? VERDICT_OK : VERDICT_ABSENT);
	if (!model_count(info, sparse))
		return answer_reject("no-areas");
	if (!model_take_pairs(walk, info, sparse, model_count(info, sparse), model_area_is_paged))
		return answer_reject("unaligned-area");
	return answer(VERDICT_OK);
}

#define LOOKED_UP (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE))

const struct info_parser ksft_cxl_parser = {
	.name = "ksft-cxl",
	.summary =
		"CXL series of June 2026, selftest: headers inside its buffer, SPARSE_MMAP without flag",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.fixed_size = KSFT_CXL_BUFFER,
	.claims = INFO_CLAIM_AGAIN,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, LOOKED_UP, LOOKED_UP}},
	.read = ksft_cxl_read,
};
