/* SPDX-License-Identifier: MIT */
/* Holds each element to those before it. The set of what they name stays sorted, for a search by halves. */
#include "meaning.h"

#include <string.h>

#include "../../parsers/layout.h"

void meaning_start(struct meaning *meaning, const uint8_t *info, enum info_kind kind)
{
	(void)info;
	meaning->kind = kind;
	meaning->ntaken = 0;
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

static uint32_t area_notes(struct meaning *meaning, uint64_t offset, uint64_t size)
{
	struct extent extent = {offset, offset + (size - 1)};

	/* What passes 2^64 goes to its end. */
	if (size && extent.last < offset)
		extent.last = UINT64_MAX;
	if (size && take(meaning, extent))
		return NOTE_BIT(NOTE_AREAS_OVERLAP);
	return 0;
}

uint32_t meaning_notes(struct meaning *meaning, const uint8_t *element)
{
	const uint64_t one = layout_load(element, 8), two = layout_load(element + 8, 8);

	return meaning->kind == INFO_REGION ? area_notes(meaning, one, two) : 0;
}
