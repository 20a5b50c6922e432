/* SPDX-License-Identifier: MIT */
/*
 * For models of programs that sort the ranges or areas of a capability, or hold them against each
 * other: a set of pairs, sorted by their first halves, in memory of the walk's.
 */
#ifndef PARSERS_MODELS_SORTED_H
#define PARSERS_MODELS_SORTED_H

#include <string.h>

#include "model.h"

/* @pairs: volatile, so that every compiler loads what is written. @capacity: no buffer holds more. */
struct sorted {
	volatile struct model_pair *pairs;
	uint32_t count;
	uint32_t capacity;
};

/* Room for @count pairs that a buffer of @len bytes holds, as many as there can be. */
static inline struct sorted sorted_begin(struct walk *walk, uint32_t count, uint32_t len)
{
	struct sorted set = {.capacity = len / ELEMENTS_PAIRS + 1};

	if (set.capacity > count)
		set.capacity = count;
	set.pairs = walk_alloc(walk, set.capacity * sizeof(set.pairs[0]));
	return set;
}

/* Where a pair from @first on belongs. A half of the rest is left at each step. */
static inline uint32_t sorted_place(const struct sorted *set, uint64_t first)
{
	uint32_t low = 0, high = set->count;

	/* They come sorted, as a rule. */
	if (high && set->pairs[high - 1].first < first)
		return high;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (set->pairs[middle].first < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts a pair to @at, its place; false where there is no room. */
static inline bool sorted_insert(struct sorted *set, uint32_t at, uint64_t first, uint64_t second)
{
	if (!set->pairs || set->count == set->capacity)
		return false;
	memmove((void *)(uintptr_t)&set->pairs[at + 1], (void *)(uintptr_t)&set->pairs[at],
		(set->count - at) * sizeof(set->pairs[0]));
	set->pairs[at].first = first;
	set->pairs[at].second = second;
	set->count++;
	return true;
}

/* Whether two that follow each other may stand as they are: @low is the one before @high. */
typedef bool (*sorted_apart)(const volatile struct model_pair *low,
			     const volatile struct model_pair *high);

static inline bool sorted_all(const struct sorted *set, sorted_apart apart)
{
	for (uint32_t i = 1; i < set->count; i++)
		if (!apart(&set->pairs[i - 1], &set->pairs[i]))
			return false;
	return true;
}

/* The @count pairs of the capability at @at, sorted; those that are not liked are left out. */
static inline struct sorted sorted_pairs(struct walk *walk, const void *info, uint32_t at,
					 uint32_t count, uint32_t len, model_likes likes)
{
	struct sorted set = sorted_begin(walk, count, len);

	for (uint32_t i = 0; i < count; i++) {
		const uint64_t first = model_pair(info, at, i)->first;
		const uint64_t second = model_pair(info, at, i)->second;

		if (!likes || likes(first, second))
			sorted_insert(&set, sorted_place(&set, first), first, second);
	}
	return set;
}

#endif
