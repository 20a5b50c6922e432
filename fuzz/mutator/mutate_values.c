/* SPDX-License-Identifier: MIT */
/*
 * Operators on what lists say: areas of a region and ranges of addresses that share some, that meet, that
 * are past the region, and the order in which they stand. Each makes one element depend on another, which
 * changes of one value alone hit by chance.
 */
#include <string.h>

#include "mutate_ops.h"

/* @count elements, the first at @at; @grown: some were added, so that the chain is another already. */
struct list {
	uint8_t *at;
	uint32_t count;
	bool grown;
};

/* Bytes or addresses from @first to @last; an element that names none has its first alone. */
struct extent {
	uint64_t first;
	uint64_t last;
};

static bool is_region(const struct mutation *m)
{
	return m->chain.kind == INFO_REGION;
}

/* Bytes that the region has. */
static uint64_t region_size(const struct mutation *m)
{
	const struct layout_info *const info = layout_of(m);

	for (size_t i = 0; i < info->nfields; i++)
		if (info->fields[i].at == INFO_AT_REGION_size)
			return m->chain.info[i];
	return 0;
}

/* Has @cap @count elements, the new ones zeros; the count follows. */
static bool grow(struct mutation *m, struct chain_cap *cap, uint32_t count)
{
	const uint32_t size = count * ELEMENTS_PAIRS;
	uint64_t end;

	if (!mutate_has_room(m, size) || chain_resize_elements(cap, size))
		return false;
	cap->value[0] = count;
	end = chain_cap_end(&m->chain, cap);
	if (end > m->chain.len)
		mutate_set_len(m, end);
	return true;
}

/* A list of pairs with @least elements, which it is made to have; false where there is none. */
static bool some_list(struct mutation *m, uint32_t least, struct list *ret_list)
{
	const size_t start = random_of(m, m->chain.ncaps + 1);

	for (size_t i = 0; i < m->chain.ncaps; i++) {
		struct chain_cap *const cap = &m->chain.caps[(start + i) % m->chain.ncaps];
		const struct layout_cap *const layout = chain_cap_layout(&m->chain, cap);
		const bool grown = cap->elements_size < least * ELEMENTS_PAIRS;

		if (!layout || layout->elements != ELEMENTS_PAIRS)
			continue;
		if (grown && !grow(m, cap, least))
			return false;
		*ret_list =
			(struct list){cap->elements, cap->elements_size / ELEMENTS_PAIRS, grown};
		return true;
	}
	return false;
}

static struct extent extent_of(const struct mutation *m, const uint8_t *at)
{
	const uint64_t first = layout_load(at, 8), second = layout_load(at + 8, 8);
	const uint64_t last = is_region(m) ? first + second - (second != 0) : second;

	return (struct extent){first, last < first ? first : last};
}

/* Has the element at @at name @extent. Returns whether that is new. */
static bool name(const struct mutation *m, uint8_t *at, struct extent extent)
{
	uint8_t before[ELEMENTS_PAIRS];

	memcpy(before, at, sizeof(before));
	layout_store(at, 8, extent.first);
	layout_store(at + 8, 8, is_region(m) ? extent.last - extent.first + 1 : extent.last);
	return memcmp(before, at, sizeof(before)) != 0;
}

/* Two elements of a list. */
static bool two_of(struct mutation *m, struct list *ret_list, uint8_t **ret_one,
		   uint8_t **ret_other)
{
	uint32_t one, step = 1;

	if (!some_list(m, 2, ret_list))
		return false;
	one = random_of(m, ret_list->count);
	/* Mostly the next, which is what programs compare one with. */
	if (random_one_in(m, 3))
		step += random_of(m, ret_list->count - 1);
	*ret_one = ret_list->at + ELEMENTS_PAIRS * one;
	*ret_other = ret_list->at + ELEMENTS_PAIRS * ((one + step) % ret_list->count);
	return true;
}

/* Mostly whole pages, as mmap() wants them. */
static uint64_t some_size(struct mutation *m)
{
	return random_one_in(m, 4) ? 1 : UINT64_C(0x1000) << random_of(m, 4);
}

/* One shares bytes with another: its last, all of them, or it holds them and more. */
static bool elements_share(struct mutation *m)
{
	uint8_t *one, *other;
	struct extent with, extent;
	struct list list;

	if (!two_of(m, &list, &one, &other))
		return false;
	with = extent_of(m, one);
	switch (random_of(m, 4)) {
	case 0:
		extent = with;
		break;
	case 1:
		extent = (struct extent){with.last, with.last + some_size(m)};
		break;
	case 2:
		extent = (struct extent){with.first + (with.last - with.first) / 2, with.last};
		break;
	default:
		extent = (struct extent){with.first - with.first / 2, with.last};
	}
	return name(m, other, extent) || list.grown;
}

/* One begins right behind another, or ends right before it, or leaves one byte between. */
static bool elements_meet(struct mutation *m)
{
	uint8_t *one, *other;
	struct extent with, extent;
	struct list list;
	const uint64_t gap = random_one_in(m, 4);

	if (!two_of(m, &list, &one, &other))
		return false;
	with = extent_of(m, one);
	if (random_one_in(m, 3) && with.first > 0x1000) {
		extent = (struct extent){with.first - 0x1000, with.first - 1 - gap};
	} else {
		extent.first = with.last + 1 + gap;
		extent.last = extent.first + some_size(m) - 1;
	}
	return name(m, other, extent) || list.grown;
}

/* Two exchanged, or all the other way round. */
static bool elements_order(struct mutation *m)
{
	uint8_t *one, *other, kept[ELEMENTS_PAIRS];
	struct list list;
	uint32_t swaps = 1;

	if (!two_of(m, &list, &one, &other))
		return false;
	if (random_one_in(m, 3)) {
		one = list.at;
		other = list.at + ELEMENTS_PAIRS * (list.count - 1);
		swaps = list.count / 2;
	}
	if (memcmp(one, other, sizeof(kept)) == 0)
		return list.grown;
	for (; swaps; swaps--) {
		memcpy(kept, one, sizeof(kept));
		memcpy(one, other, sizeof(kept));
		memcpy(other, kept, sizeof(kept));
		one += ELEMENTS_PAIRS;
		other -= ELEMENTS_PAIRS;
	}
	return true;
}

/* A range that ends below its start; an area at the region's end, across it, or past it, or without bytes. */
static bool element_end(struct mutation *m)
{
	const uint64_t size = region_size(m), by = some_size(m);
	struct extent extent = {size, size - 1 + by};
	const uint32_t way = random_of(m, 4);
	struct list list;
	uint8_t *at;

	if (!some_list(m, 1, &list))
		return false;
	at = list.at + ELEMENTS_PAIRS * random_of(m, list.count);
	if (!is_region(m) || way == 0) {
		extent.first = layout_load(at, 8);
		extent.last = extent.first - (is_region(m) ? 1 : by);
	} else if (way < 3 && size >= by) {
		extent.first = size - by;
		extent.last = size - 1 + (way == 1 ? 0 : by);
	}
	return name(m, at, extent) || list.grown;
}

const struct mutate_op mutate_value_ops[] = {
	{"elements-share", elements_share, 2},
	{"elements-meet", elements_meet, 2},
	{"elements-order", elements_order, 1},
	{"element-end", element_end, 2},
};
const size_t mutate_value_op_count = sizeof(mutate_value_ops) / sizeof(mutate_value_ops[0]);
