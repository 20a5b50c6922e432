/* SPDX-License-Identifier: MIT */
/*
 * The parser `crosvm-region`: crosvm f1e797a6 of 2026, devices/src/vfio.rs get_regions(). Read, not
 * measured.
 *
 * With an argsz of 32 or less there is no chain. With more, a reply without the flag drops the
 * region from the list: a reject. Memory is as long as the first reply's argsz said, and bounds are
 * held against the second's, so a second argsz above the first is read past the end. The sums are
 * u32: one that wraps panics, in release builds too, as crosvm builds those with overflow checks.
 * What is out of bounds ends the chain, and what was taken so far is kept: areas of every
 * SPARSE_MMAP, the last TYPE, MSIX_MAPPABLE (an area of its own). There is no guard against a loop.
 */
#include "../model.h"

/* Of SPARSE_MMAP without its areas, and of TYPE. */
#define FIXED_SIZE 16

enum fit { FITS, OUTSIDE, PANICS };

/* Whether @size bytes at @at end inside @argsz, in u32 with overflow checks. */
static enum fit fit(uint32_t at, uint64_t size, uint32_t argsz)
{
	if (at + size > UINT32_MAX)
		return PANICS;
	return at + size > argsz ? OUTSIDE : FITS;
}

/* Whether the capability at @at may be read, its areas included. */
static enum fit payload_fit(const void *info, uint32_t at, uint16_t id, uint32_t argsz)
{
	enum fit fixed;

	if (id != CAP_ID_SPARSE_MMAP && id != CAP_ID_TYPE)
		return FITS;
	fixed = fit(at, FIXED_SIZE, argsz);
	if (fixed != FITS || id == CAP_ID_TYPE)
		return fixed;
	return fit(at, FIXED_SIZE + (uint64_t)model_count(info, at) * ELEMENTS_PAIRS, argsz);
}

static struct info_answer read_chain(struct walk *walk, const void *info, uint32_t argsz)
{
	enum fit fits = FITS;
	bool any = false, typed = false;
	uint32_t at;
	uint16_t id;

	for (at = overlay_cap_offset(info, INFO_REGION); at; at = overlay_header(info, at)->next) {
		fits = fit(at, CAP_HEADER_SIZE, argsz);
		if (fits != FITS)
			break;
		id = overlay_header(info, at)->id;
		fits = payload_fit(info, at, id, argsz);
		if (fits != FITS)
			break;
		if (id == CAP_ID_TYPE) {
			if (typed)
				walk_forget(walk, id);
			typed = true;
		}
		if (id == CAP_ID_SPARSE_MMAP || id == CAP_ID_TYPE || id == CAP_ID_MSIX_MAPPABLE) {
			model_take(walk, info, at, INFO_REGION);
			any = true;
		}
	}
	if (fits == PANICS)
		return answer_reject("panic");
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

static struct info_answer crosvm_region_read(struct walk *walk, const void *info, uint32_t len,
					     enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);

	if (len <= MODEL_REGION)
		return argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	if (!model_has_caps(info, kind))
		return answer_reject("region-dropped");
	return read_chain(walk, info, argsz);
}

#define TAKEN (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE) | INFO_ID(CAP_ID_MSIX_MAPPABLE))

const struct info_parser crosvm_region_parser = {
	.name = "crosvm-region",
	.summary = "crosvm f1e797a6: bounds of the second argsz, the last TYPE wins, no loop guard",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what makes it longer: 32 bytes have no chain, whatever they say. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK),
	.reads = {[INFO_REGION] = {INFO_LIST, TAKEN, TAKEN}},
	.read = crosvm_region_read,
};
