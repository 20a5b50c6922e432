/* SPDX-License-Identifier: MIT */
/* The mutator's order of events; see mutate.h. What is done to a chain stands in mutate_*.c. */
#include "mutate.h"

#include <stdio.h>
#include <string.h>

#include "mutate_ops.h"

/* The tables one after the other: operator numbers count through all of them. */
static const struct {
	const struct mutate_op *ops;
	const size_t *count;
} tables[] = {
	{mutate_link_ops, &mutate_link_op_count},   {mutate_cap_ops, &mutate_cap_op_count},
	{mutate_field_ops, &mutate_field_op_count}, {mutate_value_ops, &mutate_value_op_count},
	{mutate_space_ops, &mutate_space_op_count},
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))
/* After those: what mutate() does itself, then the operators on bytes. */
enum { OWN_SHORTEN, OWN_SPLICE, OWN_REPAIR, OWN_REPAIR_FIXED, OWN_COUNT };
static const char *const own_names[OWN_COUNT] = {
	[OWN_SHORTEN] = "shorten",
	[OWN_SPLICE] = "splice",
	[OWN_REPAIR] = "repair",
	[OWN_REPAIR_FIXED] = "repair-fixed",
};
/* Draws before a buffer for which no operator has a use is left to the operators on bytes. */
#define DRAWS	     16
/* One mutation in so many also has its bytes changed. */
#define BYTES_ONE_IN 6
/* Of repairs, so many in 8 are of everything. */
#define WHOLE_IN_8   4
/*
 * What is longer, in bytes, is first made short but for one mutation in so many: every parser walks
 * every buffer, and what goes wrong in a chain goes wrong in a short one.
 */
#define LONG	     96
#define LONG_ONE_IN  32

static size_t chain_ops(void)
{
	size_t count = 0;

	for (size_t i = 0; i < TABLES; i++)
		count += *tables[i].count;
	return count;
}

static const struct mutate_op *op_of(size_t number)
{
	size_t i = 0;

	while (number >= *tables[i].count)
		number -= *tables[i++].count;
	return &tables[i].ops[number];
}

size_t mutate_names(void)
{
	return chain_ops() + OWN_COUNT + mutate_byte_op_count;
}

const char *mutate_name(size_t number)
{
	const size_t ops = chain_ops();

	if (number < ops)
		return op_of(number)->name;
	if (number < ops + OWN_COUNT)
		return own_names[number - ops];
	return mutate_byte_ops[number - ops - OWN_COUNT].name;
}

void mutate_describe(const struct mutated *how, char *ret_text, size_t size)
{
	mutate_describe_by(mutate_name, how, ret_text, size);
}

void mutate_describe_by(const char *(*name)(size_t number), const struct mutated *how,
			char *ret_text, size_t size)
{
	size_t used = 0;

	snprintf(ret_text, size, "none");
	/* Each name is cut to what is left of the text. */
	for (size_t i = 0; i < how->nsteps && used < size; i++)
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? "+" : "",
					 name(how->steps[i]));
}

static void note(struct mutated *how, size_t number)
{
	if (how->nsteps < MUTATE_STEPS)
		how->steps[how->nsteps++] = (uint8_t)number;
}

/* As many places as all weights together, each with an operator's number. */
#define WHEEL 256

static size_t fill_wheel(bool space, uint8_t ret_wheel[WHEEL])
{
	size_t places = 0;

	/*
	 * Weights in the tables are few and small; what is past the wheel is never drawn, and
	 * tested.
	 */
	for (size_t number = 0; number < chain_ops(); number++)
		/* Those of spaces come last, and are drawn for them alone. */
		for (unsigned int i = space || number + mutate_space_op_count < chain_ops() ? 0
											    : WHEEL;
		     i < op_of(number)->weight && places < WHEEL; i++)
			ret_wheel[places++] = (uint8_t)number;
	return places;
}

static size_t draw(struct mutation *m)
{
	static uint8_t wheels[2][WHEEL];
	static size_t places[2];
	const bool space = m->chain.kind >= INFO_IOCTL_KINDS;

	if (!places[space])
		places[space] = fill_wheel(space, wheels[space]);
	return wheels[space][random_of(m, places[space])];
}

/* One to four operators, each half as often as one less. */
static void change_chain(struct mutation *m, struct mutated *how)
{
	unsigned int left = 1;

	while (left < 4 && random_one_in(m, 2))
		left++;
	for (unsigned int draws = 0; left && draws < DRAWS; draws++) {
		const size_t number = draw(m);

		if (op_of(number)->apply(m)) {
			note(how, number);
			left--;
		}
	}
}

static size_t change_bytes(struct mutation *m, uint8_t *bytes, size_t size, struct mutated *how)
{
	unsigned int left = 1 + random_of(m, 3);

	for (unsigned int draws = 0; left && draws < DRAWS; draws++) {
		const size_t op = random_of(m, mutate_byte_op_count);
		const size_t changed = mutate_byte_ops[op].apply(m, bytes, size);

		if (changed > m->max)
			continue;
		size = changed;
		note(how, chain_ops() + OWN_COUNT + op);
		left--;
	}
	return size;
}

/* Repairs half of all; the chain is then written, and freed. */
static size_t finish(struct mutation *m, uint8_t *ret_bytes, struct mutated *how)
{
	const bool repaired = random_one_in(m, 2);
	size_t size;

	if (repaired) {
		const bool whole = random_of(m, 8) < WHOLE_IN_8;

		mutate_repair(m, whole);
		note(how, chain_ops() + (whole ? OWN_REPAIR : OWN_REPAIR_FIXED));
	}
	/* The limit holds whatever operators made of len. */
	if (m->chain.len > m->max)
		m->chain.len = m->max;
	chain_write(&m->chain, ret_bytes);
	size = m->chain.len;
	chain_free(&m->chain);
	if (!how->nsteps || (!repaired && random_one_in(m, BYTES_ONE_IN)))
		size = change_bytes(m, ret_bytes, size, how);
	return size;
}

/*
 * Reads the buffer, mostly only the start of a long one; false where it cannot be edited and *@size
 * is the result.
 */
static bool begin(struct mutation *m, const uint8_t *bytes, size_t *size, enum info_kind kind,
		  size_t max, uint8_t *ret_bytes, struct mutated *how)
{
	const bool cut = *size > LONG && !random_one_in(m, LONG_ONE_IN);
	const size_t whole = *size < INFO_LEN_MAX ? *size : INFO_LEN_MAX;

	/* Every offset that is added to stays far below 2^32. */
	m->max = max < INFO_LEN_MAX ? (uint32_t)max : INFO_LEN_MAX;
	if (chain_read(bytes, cut ? LONG : whole, kind, &m->chain)) {
		*size = whole < m->max ? whole : m->max;
		memmove(ret_bytes, bytes, *size);
		return false;
	}
	if (cut) {
		mutate_shorten(m, whole);
		note(how, chain_ops() + OWN_SHORTEN);
	}
	return true;
}

size_t mutate(const uint8_t *bytes, size_t size, enum info_kind kind, size_t max, uint64_t seed,
	      uint8_t *ret_bytes, struct mutated *ret_how)
{
	struct mutation m = {.random = seed};
	struct mutated how = {.nsteps = 0};

	if (begin(&m, bytes, &size, kind, max, ret_bytes, &how)) {
		change_chain(&m, &how);
		size = finish(&m, ret_bytes, &how);
	}
	if (ret_how)
		*ret_how = how;
	return size;
}

/* Takes the capabilities of @from over, behind what is there, and links one into them. */
static bool splice(struct mutation *m, const struct chain *from)
{
	const uint32_t end = (m->chain.len + 7) & ~7u, start = layout_of(m)->full;
	const size_t first = m->chain.ncaps;
	uint64_t top = m->chain.len;

	for (size_t i = 0; i < from->ncaps && m->chain.ncaps < MUTATE_CAPS_MAX; i++) {
		struct chain_cap cap = from->caps[i];

		cap.at = end + (cap.at > start ? cap.at - start : 0);
		if (cap.next >= start)
			cap.next += end - start;
		if (chain_cap_end(from, &cap) > m->max || !mutate_copy_cap(&m->chain, &cap))
			break;
		if (chain_cap_end(from, &cap) > top)
			top = chain_cap_end(from, &cap);
	}
	if (m->chain.ncaps == first)
		return false;
	mutate_set_len(m, top);
	/* Mostly at the tail; elsewhere what followed is no longer reached. */
	mutate_set_link(m, random_one_in(m, 4) ? random_of(m, first + 1) : first,
			m->chain.caps[first].at);
	*mutate_flags(m) |= layout_of(m)->caps_flag;
	return true;
}

size_t mutate_splice(const uint8_t *bytes, size_t size, const uint8_t *other, size_t other_size,
		     enum info_kind kind, size_t max, uint64_t seed, uint8_t *ret_bytes,
		     struct mutated *ret_how)
{
	struct mutation m = {.random = seed};
	struct mutated how = {.nsteps = 0};
	struct chain from;

	if (begin(&m, bytes, &size, kind, max, ret_bytes, &how)) {
		if (chain_read(other, other_size < LONG ? other_size : LONG, kind, &from) == 0) {
			if (splice(&m, &from))
				note(&how, chain_ops() + OWN_SPLICE);
			chain_free(&from);
		}
		if (!how.nsteps || random_one_in(&m, 2))
			change_chain(&m, &how);
		size = finish(&m, ret_bytes, &how);
	}
	if (ret_how)
		*ret_how = how;
	return size;
}

/* A capability less and its elements less, for each, and four shorter ends. */
#define TRIMS_OF_CAP 2
#define TRIM_ENDS    4

size_t mutate_trims(const uint8_t *bytes, size_t size, enum info_kind kind)
{
	struct chain chain;
	size_t trims;

	if (size > INFO_LEN_MAX || chain_read(bytes, size, kind, &chain))
		return 0;
	trims = TRIMS_OF_CAP * chain.ncaps + TRIM_ENDS;
	chain_free(&chain);
	return trims;
}

/* Without the capability, or its elements, and with the rest moved up. */
static void trim_cap(struct mutation *m, size_t cap, bool elements)
{
	if (elements) {
		chain_resize_elements(&m->chain.caps[cap], 0);
	} else {
		mutate_move_links(m, m->chain.caps[cap].at, m->chain.caps[cap].next);
		mutate_drop_cap(&m->chain, cap);
	}
	mutate_set_len(m, mutate_pack(m, 8, false));
}

/* Half the bytes, a quarter, and so on. */
static size_t end_of(size_t size, size_t end)
{
	return end < TRIM_ENDS ? size >> (1 + end) : 0;
}

size_t mutate_trim(const uint8_t *bytes, size_t size, enum info_kind kind, size_t step,
		   uint8_t *ret_bytes)
{
	struct mutation m = {.max = (uint32_t)size};

	if (size > INFO_LEN_MAX || chain_read(bytes, size, kind, &m.chain)) {
		memmove(ret_bytes, bytes, size);
		return size;
	}
	if (step < TRIMS_OF_CAP * m.chain.ncaps)
		trim_cap(&m, step / TRIMS_OF_CAP, step % TRIMS_OF_CAP);
	else
		mutate_set_len(&m, size - end_of(size, step - TRIMS_OF_CAP * m.chain.ncaps));
	if (m.chain.len < size) {
		size = m.chain.len;
		chain_write(&m.chain, ret_bytes);
	} else {
		memmove(ret_bytes, bytes, size);
	}
	chain_free(&m.chain);
	return size;
}
