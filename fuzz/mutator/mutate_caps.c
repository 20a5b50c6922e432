/* SPDX-License-Identifier: MIT */
/* Operators on whole capabilities, and the repair that makes a buffer plain. */
#include <stdlib.h>
#include <string.h>

#include "mutate_ops.h"

/* An id that no kind knows. */
#define UNKNOWN_ID     0x4d
/* What mutate_shorten() leaves at most. */
#define SHORT_CAPS     3
#define SHORT_ELEMENTS 2

void mutate_set_len(struct mutation *m, uint64_t len)
{
	/* Nothing is ever longer than the limit. */
	const uint32_t set = len < m->max ? (uint32_t)len : m->max;

	if (*mutate_argsz(m) == m->chain.len)
		*mutate_argsz(m) = set;
	m->chain.len = set;
}

bool mutate_copy_cap(struct chain *chain, const struct chain_cap *cap)
{
	const struct chain_cap copied = *cap;
	struct chain_cap *const made = chain_add_cap(chain);

	if (!made)
		return false;
	*made = copied;
	made->elements = NULL;
	made->elements_size = 0;
	if (copied.elements_size && chain_resize_elements(made, copied.elements_size) == 0)
		memcpy(made->elements, copied.elements, copied.elements_size);
	return true;
}

void mutate_drop_cap(struct chain *chain, size_t cap)
{
	free(chain->caps[cap].elements);
	chain->ncaps--;
	memmove(&chain->caps[cap], &chain->caps[cap + 1],
		(chain->ncaps - cap) * sizeof(*chain->caps));
}

static struct chain_cap *some_cap(struct mutation *m)
{
	return m->chain.ncaps ? &m->chain.caps[random_of(m, m->chain.ncaps)] : NULL;
}

/* The end of what is there, aligned for a capability: mostly to 8, as kernels do. */
static uint32_t place_at_end(struct mutation *m)
{
	const uint32_t align = random_one_in(m, 4) ? 4 : 8, full = layout_of(m)->full;
	const uint32_t at = (m->chain.len + align - 1) & ~(align - 1);

	return at < full ? full : at;
}

/* Links the last capability in: half of the time behind the one before it, else anywhere. */
static void link_in(struct mutation *m)
{
	const size_t cap = m->chain.ncaps - 1;
	const size_t link = random_one_in(m, 2) ? cap : random_of(m, cap + 1);

	/* What followed follows still, unless the chain is to end here. */
	m->chain.caps[cap].next = random_one_in(m, 4) ? 0 : mutate_link(m, link);
	mutate_set_link(m, link, m->chain.caps[cap].at);
	*mutate_flags(m) |= layout_of(m)->caps_flag;
}

/* Known ids in turn with an unknown one. */
static uint16_t some_id(struct mutation *m)
{
	const size_t at = random_of(m, layout_cap_count);

	if (random_one_in(m, 8))
		return UNKNOWN_ID;
	for (size_t i = 0; i < layout_cap_count; i++)
		if (layout_caps[(at + i) % layout_cap_count].kind == m->chain.kind)
			return layout_caps[(at + i) % layout_cap_count].id;
	return UNKNOWN_ID;
}

/* Pairs as a kernel would write them: page-sized, ascending. */
static void fill_elements(struct mutation *m, struct chain_cap *cap,
			  const struct layout_cap *layout, uint32_t count)
{
	uint64_t at = (uint64_t)random_of(m, 16) << 12;

	if (chain_resize_elements(cap, count * (uint32_t)layout->elements))
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *const element = cap->elements + i * (size_t)layout->elements;
		const uint64_t size = (1 + (uint64_t)random_of(m, 8)) << 12;

		if (layout->elements == ELEMENTS_BYTES) {
			*element = (uint8_t)random_of(m, 256);
			continue;
		}
		layout_store(element, 8, at);
		layout_store(element + 8, 8, m->chain.kind == INFO_IOMMU ? at + size - 1 : size);
		at += 2 * size;
	}
	cap->value[0] = count;
}

struct chain_cap *mutate_new_cap(struct mutation *m)
{
	struct chain_cap *cap;
	const struct layout_cap *layout;
	uint64_t end;

	if (m->chain.ncaps >= MUTATE_CAPS_MAX)
		return NULL;
	cap = chain_add_cap(&m->chain);
	if (!cap)
		return NULL;
	cap->at = place_at_end(m);
	cap->id = some_id(m);
	cap->version = 1;
	layout = chain_cap_layout(&m->chain, cap);
	if (layout)
		cap->version = (uint16_t)(1 + random_of(m, layout->newest));
	if (layout && layout->elements)
		fill_elements(m, cap, layout, random_of(m, 4));
	else if (layout && layout->nfields)
		cap->value[layout->nfields - 1] = random_of(m, 256);
	end = chain_cap_end(&m->chain, cap);
	if (end > m->max) {
		mutate_drop_cap(&m->chain, m->chain.ncaps - 1);
		return NULL;
	}
	if (end > m->chain.len)
		mutate_set_len(m, end);
	return cap;
}

static bool insert(struct mutation *m)
{
	if (!mutate_new_cap(m))
		return false;
	link_in(m);
	return true;
}

/* The same id again, with the same payload or the next one's. */
static bool duplicate(struct mutation *m)
{
	const struct chain_cap *const cap = some_cap(m);
	struct chain_cap *made;

	if (!cap || m->chain.ncaps >= MUTATE_CAPS_MAX ||
	    !mutate_has_room(m, 8 + (chain_cap_end(&m->chain, cap) - cap->at)) ||
	    !mutate_copy_cap(&m->chain, cap))
		return false;
	made = &m->chain.caps[m->chain.ncaps - 1];
	made->at = place_at_end(m);
	made->value[0] += random_of(m, 2);
	mutate_set_len(m, chain_cap_end(&m->chain, made));
	link_in(m);
	return true;
}

/* Out of the chain: its links go round it, its bytes stay as nothing. */
static bool drop(struct mutation *m)
{
	const struct chain_cap *const cap = some_cap(m);

	if (!cap)
		return false;
	mutate_move_links(m, cap->at, cap->next);
	mutate_drop_cap(&m->chain, (size_t)(cap - m->chain.caps));
	return true;
}

/* Two change places in memory: the links keep their order. */
static bool swap(struct mutation *m)
{
	struct chain_cap *const one = some_cap(m), *const two = some_cap(m);
	const uint32_t at = one ? one->at : 0;

	if (one == two)
		return false;
	/* By way of an offset that no capability has. */
	mutate_move_links(m, one->at, UINT32_MAX);
	mutate_move_links(m, two->at, at);
	mutate_move_links(m, UINT32_MAX, two->at);
	one->at = two->at;
	two->at = at;
	return true;
}

static bool move_to(struct mutation *m, struct chain_cap *cap, uint64_t at)
{
	const uint64_t size = chain_cap_end(&m->chain, cap) - cap->at;

	if (at == cap->at || at + size > m->max)
		return false;
	mutate_move_links(m, cap->at, (uint32_t)at);
	cap->at = (uint32_t)at;
	if (at + size > m->chain.len)
		mutate_set_len(m, at + size);
	return true;
}

/* To the end, or anywhere; links follow. */
static bool relocate(struct mutation *m)
{
	struct chain_cap *const cap = some_cap(m);

	return cap &&
	       move_to(m, cap, random_one_in(m, 2) ? place_at_end(m) : random_of(m, m->chain.len));
}

/* A few bytes further or nearer than it was. */
static bool nudge(struct mutation *m)
{
	static const uint32_t by[] = {1, 2, 4, 8, 12};
	struct chain_cap *const cap = some_cap(m);
	const uint32_t step = by[random_of(m, 5)];

	if (!cap)
		return false;
	return move_to(m, cap, random_one_in(m, 2) ? cap->at + step : cap->at - step);
}

/* Onto bytes of another one. */
static bool overlap(struct mutation *m)
{
	struct chain_cap *const cap = some_cap(m);
	const struct chain_cap *const other = some_cap(m);

	return cap != other &&
	       move_to(m, cap,
		       other->at + 4 * random_of(m, chain_cap_fixed(&m->chain, other) / 4 + 1));
}

/* Unused bytes before a capability and all behind it. */
static bool gap(struct mutation *m)
{
	const struct chain_cap *const cap = some_cap(m);
	const uint32_t from = cap ? cap->at : 0, size = 4 * (1 + random_of(m, 8));

	if (!cap || !mutate_has_room(m, size))
		return false;
	mutate_set_len(m, m->chain.len + size);
	/* From the links first: an offset that has moved is not looked at again. */
	for (size_t link = 0; link <= m->chain.ncaps; link++)
		if (mutate_link(m, link) >= from && mutate_link(m, link) < m->chain.len - size)
			mutate_set_link(m, link, mutate_link(m, link) + size);
	for (size_t i = 0; i < m->chain.ncaps; i++)
		if (m->chain.caps[i].at >= from)
			m->chain.caps[i].at += size;
	return true;
}

/* A new chain of up to six, as a kernel would write it: what an empty corpus begins with. */
static bool fresh(struct mutation *m)
{
	const struct layout_info *const info = layout_of(m);

	if (m->max < info->full)
		return false;
	chain_free(&m->chain);
	m->chain.len = info->full;
	for (uint32_t left = random_of(m, 7); left; left--)
		if (!mutate_new_cap(m))
			break;
	mutate_repair(m, true);
	return true;
}

uint64_t mutate_pack(struct mutation *m, uint32_t align, bool reverse)
{
	uint64_t at = layout_of(m)->full, end = at;
	uint32_t to[MUTATE_CAPS_MAX];
	size_t count = m->chain.ncaps;

	if (count > MUTATE_CAPS_MAX)
		return m->chain.len;
	for (size_t i = 0; i < count; i++) {
		const size_t cap = reverse ? count - 1 - i : i;

		to[cap] = (uint32_t)at;
		end = at + (chain_cap_end(&m->chain, &m->chain.caps[cap]) - m->chain.caps[cap].at);
		at = (end + align - 1) / align * align;
	}
	for (size_t link = 0; link <= count; link++)
		for (size_t i = 0; i < count; i++)
			if (mutate_link(m, link) == m->chain.caps[i].at) {
				mutate_set_link(m, link, to[i]);
				break;
			}
	for (size_t i = 0; i < count; i++)
		m->chain.caps[i].at = to[i];
	return end;
}

/* Leaves of each known id the first, of each a known version and a count that is true. */
static void repair_caps(struct mutation *m)
{
	uint64_t seen = 0;

	for (size_t i = m->chain.ncaps; i-- > MUTATE_CAPS_MAX;)
		mutate_drop_cap(&m->chain, i);
	for (size_t i = 0; i < m->chain.ncaps;) {
		struct chain_cap *const cap = &m->chain.caps[i];
		const struct layout_cap *const layout = layout_cap(m->chain.kind, cap->id);

		if (layout && info_has_id(seen, cap->id)) {
			mutate_drop_cap(&m->chain, i);
			continue;
		}
		i++;
		if (!layout)
			continue;
		seen |= INFO_ID(cap->id);
		if (!cap->version || cap->version > layout->newest)
			cap->version = layout->newest;
		if (layout->elements)
			cap->value[0] = cap->elements_size / (uint32_t)layout->elements;
	}
}

static void drop_raws(struct chain *chain)
{
	while (chain->nraws)
		free(chain->raws[--chain->nraws].bytes);
}

/* Fewer elements; a count that was true still is. */
static void shorten_elements(struct mutation *m, struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(&m->chain, cap);
	const uint32_t size = layout ? SHORT_ELEMENTS * (uint32_t)layout->elements : 0;
	uint32_t before = cap->elements_size;

	if (!size || before <= size || chain_resize_elements(cap, size))
		return;
	before /= (uint32_t)layout->elements;
	if (cap->value[0] == before)
		cap->value[0] = SHORT_ELEMENTS;
}

void mutate_shorten(struct mutation *m, size_t whole)
{
	const size_t caps = 1 + random_of(m, SHORT_CAPS);

	if (*mutate_argsz(m) == whole)
		*mutate_argsz(m) = m->chain.len;
	for (size_t i = m->chain.ncaps; i-- > caps;) {
		mutate_move_links(m, m->chain.caps[i].at, 0);
		mutate_drop_cap(&m->chain, i);
	}
	/* The rest of the list was not read. */
	if (m->chain.ncaps && m->chain.caps[m->chain.ncaps - 1].next >= m->chain.len)
		m->chain.caps[m->chain.ncaps - 1].next = 0;
	for (size_t i = 0; i < m->chain.ncaps; i++)
		shorten_elements(m, &m->chain.caps[i]);
	drop_raws(&m->chain);
	mutate_set_len(m, mutate_pack(m, 8, false));
}

/* Links in the order of the list, bytes mostly too, and room for all of them. */
static void repair_chain(struct mutation *m)
{
	const uint32_t align = random_one_in(m, 4) ? 4 : 8;
	const bool reverse = random_one_in(m, 4);
	uint64_t end;

	drop_raws(&m->chain);
	repair_caps(m);
	while ((end = mutate_pack(m, align, reverse)) > m->max && m->chain.ncaps)
		mutate_drop_cap(&m->chain, m->chain.ncaps - 1);
	for (size_t link = 0; link <= m->chain.ncaps; link++)
		mutate_set_link(m, link, link < m->chain.ncaps ? m->chain.caps[link].at : 0);
	mutate_set_len(m, random_one_in(m, 4) ? end + random_of(m, 24) : end);
}

void mutate_repair(struct mutation *m, bool whole)
{
	const uint32_t flag = layout_of(m)->caps_flag;

	if (whole)
		repair_chain(m);
	else if (m->chain.ncaps)
		*mutate_first(m) = m->chain.caps[0].at;
	*mutate_argsz(m) = m->chain.len;
	*mutate_flags(m) =
		m->chain.ncaps ? *mutate_flags(m) | flag : *mutate_flags(m) & ~(uint64_t)flag;
}

const struct mutate_op mutate_cap_ops[] = {
	{"cap-insert", insert, 8},     {"cap-duplicate", duplicate, 3},
	{"cap-drop", drop, 2},	       {"cap-swap", swap, 4},
	{"cap-relocate", relocate, 3}, {"cap-nudge", nudge, 3},
	{"cap-overlap", overlap, 3},   {"cap-gap", gap, 2},
	{"chain-fresh", fresh, 2},
};
const size_t mutate_cap_op_count = sizeof(mutate_cap_ops) / sizeof(mutate_cap_ops[0]);
