/* SPDX-License-Identifier: MIT */
/* Holds each element to those before it. The set of what they name stays sorted, for a search by halves. */
#include "meaning.h"

#include <string.h>

#include "../../parsers/layout.h"

void meaning_start(struct meaning *meaning, const uint8_t *info, enum info_kind kind)
{
	meaning->kind = kind;
	meaning->size = kind == INFO_REGION ? layout_load(info + INFO_AT_REGION_size, 8) : 0;
	meaning->ntaken = 0;
	meaning_list(meaning);
}

void meaning_list(struct meaning *meaning)
{
	meaning->begins = 0;
}

/* The first of @taken that ends at @first or above. */
static size_t reaches(const struct meaning *meaning, uint64_t first)
{
	size_t low = 0, high = meaning->ntaken;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (meaning->taken[middle].last < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds @extent, with which those it shares bytes with become one. Returns whether there was any. */
static bool take(struct meaning *meaning, struct extent extent)
{
	struct extent *const at = meaning->taken + reaches(meaning, extent.first);
	struct extent *const end = meaning->taken + meaning->ntaken;
	struct extent *behind = at;

	while (behind < end && behind->first <= extent.last) {
		extent.first = behind->first < extent.first ? behind->first : extent.first;
		extent.last = behind->last > extent.last ? behind->last : extent.last;
		behind++;
	}
	/* One more fits, unless those that it takes in make room. */
	if (behind == at && meaning->ntaken == sizeof(meaning->taken) / sizeof(*meaning->taken))
		return false;
	memmove(at + 1, behind, (size_t)((uint8_t *)end - (uint8_t *)behind));
	meaning->ntaken = (size_t)(at + 1 + (end - behind) - meaning->taken);
	*at = extent;
	return behind != at;
}

/* Whether an element that begins at @begin does so below the one before it. */
static bool falls(struct meaning *meaning, uint64_t begin)
{
	const uint64_t before = meaning->begins;

	meaning->begins = begin;
	return begin < before;
}

/* What has no bytes is nowhere, so it is held to nothing else. */
static uint32_t area_notes(struct meaning *meaning, uint64_t offset, uint64_t size)
{
	const uint64_t room = offset < meaning->size ? meaning->size - offset : 0;
	struct extent extent = {offset, offset + (size - 1)};
	uint32_t notes = 0;

	if (size == 0)
		return NOTE_BIT(NOTE_AREA_EMPTY);
	/* What passes 2^64 goes to its end. */
	if (extent.last < offset)
		extent.last = UINT64_MAX;
	if (take(meaning, extent))
		notes |= NOTE_BIT(NOTE_AREAS_OVERLAP);
	if (size > room)
		notes |= NOTE_BIT(NOTE_AREA_PAST_REGION);
	if (falls(meaning, offset))
		notes |= NOTE_BIT(NOTE_AREAS_UNSORTED);
	return notes;
}

/* One that ends below its start names no address. */
static uint32_t range_notes(struct meaning *meaning, uint64_t start, uint64_t end)
{
	const struct extent extent = {start, end};
	uint32_t notes = 0;

	if (falls(meaning, start))
		notes |= NOTE_BIT(NOTE_RANGES_UNSORTED);
	if (end < start)
		return notes | NOTE_BIT(NOTE_RANGE_BACKWARDS);
	if (take(meaning, extent))
		notes |= NOTE_BIT(NOTE_RANGES_OVERLAP);
	return notes;
}

uint32_t meaning_notes(struct meaning *meaning, const uint8_t *element)
{
	const uint64_t one = layout_load(element, 8), two = layout_load(element + 8, 8);

	if (meaning->kind == INFO_REGION)
		return area_notes(meaning, one, two);
	return meaning->kind == INFO_IOMMU ? range_notes(meaning, one, two) : 0;
}
