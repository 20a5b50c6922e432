/* SPDX-License-Identifier: MIT */
/*
 * Operators on links: where cap_offset and each next point. A link is drawn among all there are,
 * the last one more often, since a chain of some length is what most readers want to see first.
 */
#include "mutate_ops.h"

static uint64_t *field_of(struct mutation *m, const struct layout_bits *bits)
{
	const struct layout_info *const info = layout_of(m);

	for (size_t i = 0; bits->width && i < info->nfields; i++)
		if (info->fields[i].at == bits->at)
			return &m->chain.info[i];
	m->nowhere = bits->mask;
	return &m->nowhere;
}

uint64_t *mutate_argsz(struct mutation *m)
{
	return field_of(m, &layout_of(m)->argsz);
}

uint64_t *mutate_flags(struct mutation *m)
{
	return field_of(m, &layout_of(m)->flags);
}

uint64_t *mutate_first(struct mutation *m)
{
	return field_of(m, &layout_of(m)->first);
}

uint32_t mutate_link(struct mutation *m, size_t link)
{
	return link ? m->chain.caps[link - 1].next : (uint32_t)*mutate_first(m);
}

void mutate_set_link(struct mutation *m, size_t link, uint32_t at)
{
	if (link)
		m->chain.caps[link - 1].next = at;
	else
		*mutate_first(m) = at;
}

void mutate_move_links(struct mutation *m, uint32_t from, uint32_t to)
{
	for (size_t link = 0; link <= m->chain.ncaps; link++)
		if (mutate_link(m, link) == from)
			mutate_set_link(m, link, to);
}

static size_t some_link(struct mutation *m)
{
	return random_one_in(m, 3) ? m->chain.ncaps : random_of(m, m->chain.ncaps + 1);
}

/* Sets a link, which has to change. */
static bool retarget(struct mutation *m, size_t link, uint64_t at)
{
	const uint32_t before = mutate_link(m, link);

	mutate_set_link(m, link, (uint32_t)at);
	return before != (uint32_t)at;
}

static bool to_zero(struct mutation *m)
{
	return retarget(m, some_link(m), 0);
}

static bool to_self(struct mutation *m)
{
	const size_t link = some_link(m);

	return link && retarget(m, link, m->chain.caps[link - 1].at);
}

/* To a capability that stands before its own in the list: a loop, or none. */
static bool to_earlier(struct mutation *m)
{
	const size_t link = some_link(m);

	return link > 1 && retarget(m, link, m->chain.caps[random_of(m, link - 1)].at);
}

/* Over what lies between. */
static bool to_later(struct mutation *m)
{
	const size_t link = some_link(m), left = m->chain.ncaps - link;

	return left && retarget(m, link, m->chain.caps[link + random_of(m, left)].at);
}

/* Two links change places. */
static bool exchange(struct mutation *m)
{
	const size_t one = some_link(m), two = some_link(m);
	const uint32_t at = mutate_link(m, one);

	mutate_set_link(m, one, mutate_link(m, two));
	mutate_set_link(m, two, at);
	return mutate_link(m, one) != at;
}

/* Into the middle of a header, so that its bytes are read as another's. */
static bool to_mid_header(struct mutation *m)
{
	static const uint32_t into[] = {1, 2, 4, 6};
	const size_t link = some_link(m);
	const uint32_t by = into[random_of(m, 4)];

	return m->chain.ncaps &&
	       retarget(m, link, m->chain.caps[random_of(m, m->chain.ncaps)].at + by);
}

static bool misaligned(struct mutation *m)
{
	static const uint32_t by[] = {1, 2, 4, UINT32_MAX, UINT32_MAX - 1, UINT32_MAX - 3};
	const size_t link = some_link(m);

	return retarget(m, link, mutate_link(m, link) + by[random_of(m, 6)]);
}

/* The end of the buffer, or what argsz says of it. */
static uint32_t some_end(struct mutation *m)
{
	return random_one_in(m, 2) ? m->chain.len : (uint32_t)*mutate_argsz(m);
}

static bool to_last_bytes(struct mutation *m)
{
	const size_t link = some_link(m);
	const uint32_t end = some_end(m);

	return retarget(m, link, end - random_of(m, 9));
}

static bool to_past_end(struct mutation *m)
{
	const size_t link = some_link(m);
	const uint32_t end = some_end(m);

	return retarget(m, link, end + random_of(m, 17));
}

static bool to_huge(struct mutation *m)
{
	static const uint32_t from[] = {0x10000, 0x7fffff00, 0x80000000, 0xfffffff0};
	const size_t link = some_link(m);
	const uint32_t at = from[random_of(m, 4)];

	return retarget(m, link, at + random_of(m, 16));
}

/* The same offset with bits above those that a narrow field has. */
static bool high_bits(struct mutation *m)
{
	static const uint32_t bits[] = {1u << 16, 1u << 17, 1u << 24, 1u << 31};
	const size_t link = some_link(m);

	return retarget(m, link, mutate_link(m, link) ^ bits[random_of(m, 4)]);
}

/* Into the fixed fields: the first bytes, the last ones, anywhere. */
static bool into_header(struct mutation *m)
{
	const uint32_t full = layout_of(m)->full;
	const size_t link = some_link(m);

	switch (random_of(m, 3)) {
	case 0:
		return retarget(m, link, 1 + random_of(m, 8));
	case 1:
		return retarget(m, link, full - random_of(m, 13));
	default:
		return retarget(m, link, random_of(m, full));
	}
}

/* As a program might have it that counts from the header that holds the link. */
static bool relative(struct mutation *m)
{
	const size_t link = some_link(m);
	const uint32_t at = link ? m->chain.caps[link - 1].at : layout_of(m)->full;

	return retarget(m, link,
			random_one_in(m, 2) ? mutate_link(m, link) - at
					    : mutate_link(m, link) + at);
}

const struct mutate_op mutate_link_ops[] = {
	{"next-zero", to_zero, 3},	    {"next-self", to_self, 4},
	{"next-earlier", to_earlier, 6},    {"next-later", to_later, 3},
	{"next-exchange", exchange, 3},	    {"next-mid-header", to_mid_header, 3},
	{"next-misaligned", misaligned, 3}, {"next-last-bytes", to_last_bytes, 4},
	{"next-past-end", to_past_end, 4},  {"next-huge", to_huge, 3},
	{"next-high-bits", high_bits, 3},   {"next-into-header", into_header, 5},
	{"next-relative", relative, 2},
};
const size_t mutate_link_op_count = sizeof(mutate_link_ops) / sizeof(mutate_link_ops[0]);
