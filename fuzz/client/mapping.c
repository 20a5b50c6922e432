/* SPDX-License-Identifier: MIT */
/*
 * Sparse areas are taken from the bytes that the client held, at the offset the reference delivers.
 */
#include "mapping.h"

#include "../../parsers/layout.h"

#define PAGE 4096u

static const char *const names[MAPPED_COUNT] = {"inside",     "outside",
						"unreadable", "past the region",
						"nowhere",    "what two areas share twice"};

const char *mapped_name(enum mapped mapped)
{
	return names[mapped];
}

/* Whether [start, end) lies in [from, from + size), rounded up to pages. */
static bool within(uint64_t start, uint64_t end, uint64_t from, uint64_t size)
{
	const uint64_t whole = (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);

	return whole >= size && start >= from && start - from <= whole &&
	       end - start <= whole - (start - from);
}

/* Where the first SPARSE_MMAP is; NULL where the reference delivers none. */
static const struct info_cap *sparse_of(const struct spec *spec)
{
	for (size_t i = 0; i < spec->ncaps; i++)
		if (spec->caps[i].cap.id == CAP_ID_SPARSE_MMAP && spec->caps[i].cap.decoded)
			return &spec->caps[i].cap;
	return NULL;
}

static bool in_areas(const uint8_t *bytes, const struct info_cap *sparse, uint64_t start,
		     uint64_t end)
{
	const uint8_t *const areas = bytes + sparse->offset + 16;

	for (uint32_t i = 0; i < sparse->count; i++)
		if (within(start, end, layout_load(areas + i * 16, 8),
			   layout_load(areas + i * 16 + 8, 8)))
			return true;
	return false;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Where area @i ends; what passes 2^64 ends there. */
static uint64_t area_end(const uint8_t *areas, uint32_t i)
{
	const uint64_t offset = layout_load(areas + i * 16, 8);
	const uint64_t end = offset + layout_load(areas + i * 16 + 8, 8);

	return end < offset ? UINT64_MAX : end;
}

/* Whether two areas share bytes of [start, end). */
static bool two_areas_share(const uint8_t *bytes, const struct info_cap *sparse, uint64_t start,
			    uint64_t end)
{
	const uint8_t *const areas = bytes + sparse->offset + 16;

	for (uint32_t i = 0; i < sparse->count; i++) {
		const uint64_t from = higher(start, layout_load(areas + i * 16, 8));
		const uint64_t to = lower(end, area_end(areas, i));

		for (uint32_t j = 0; from < to && j < i; j++)
			if (higher(from, layout_load(areas + j * 16, 8)) <
			    lower(to, area_end(areas, j)))
				return true;
	}
	return false;
}

/* Whether one of @before has bytes of [@offset, @offset + @length) that two areas share. */
static bool is_second(const struct spec *spec, const struct info_cap *sparse,
		      const struct mapping *before, size_t count, uint64_t offset, uint64_t length)
{
	const uint64_t base = offset >> FAKE_REGION_SHIFT << FAKE_REGION_SHIFT;

	for (size_t i = 0; i < count && spec->notes & NOTE_BIT(NOTE_AREAS_OVERLAP); i++) {
		const uint64_t start = higher(before[i].offset, offset);
		const uint64_t end = lower(before[i].offset + before[i].length, offset + length);

		if (start < end && two_areas_share(spec->info, sparse, start - base, end - base))
			return true;
	}
	return false;
}

enum mapped mapped_of(const struct vfio *vfio, const struct mapping *before, size_t count,
		      uint64_t offset, uint64_t length, struct spec *spec)
{
	const uint64_t region = offset >> FAKE_REGION_SHIFT;
	const uint64_t start = offset & ((UINT64_C(1) << FAKE_REGION_SHIFT) - 1);
	const uint64_t end = start + length;
	const struct info_calls *calls;
	const struct info_cap *sparse;
	uint64_t size;

	if (region >= FAKE_REGIONS || end < start)
		return MAPPED_NOWHERE;
	calls = &vfio->calls[region];
	if (!calls->bytes || calls->len < layout_infos[INFO_REGION].full)
		return MAPPED_NOWHERE;
	size = layout_load(calls->bytes + INFO_AT_REGION_size, 8);
	spec_read(calls->bytes, calls->len, INFO_REGION, spec);
	/* No area makes a region larger than the reply says. */
	if (!within(start, end, 0, size))
		return MAPPED_PAST;
	/* One that stands before the point where the chain goes wrong is right to take. */
	sparse = sparse_of(spec);
	if (sparse && in_areas(calls->bytes, sparse, start, end))
		return is_second(spec, sparse, before, count, offset, length) ? MAPPED_TWICE
									      : MAPPED_INSIDE;
	if (spec->verdict != VERDICT_OK && spec->verdict != VERDICT_ABSENT)
		return MAPPED_UNREADABLE;
	return sparse ? MAPPED_OUTSIDE : MAPPED_INSIDE;
}
