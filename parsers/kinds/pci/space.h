/* SPDX-License-Identifier: MIT */
/*
 * What readers of configuration space have in common: loads of its bytes, and the two walks with what
 * they differ in as members of a struct. A model is a file that says which.
 *
 * Programs read registers, or a file of them, so that nothing lies behind the end: a load there gives
 * ones, or fails. Their own over-reads of memory, and walks that would not end, are not shown where the
 * bytes are a device's, a peer's or a file's choice: such a model abstains there, which says nothing of
 * the program.
 */
#ifndef PARSERS_KINDS_PCI_SPACE_H
#define PARSERS_KINDS_PCI_SPACE_H

#include "../../layout.h"

/*
 * What a program makes of a place where the space has no byte: it reads ones, ends without a word, says that
 * there is more, or fails; or its model does not say.
 */
enum space_end { SPACE_ONES, SPACE_ENDS, SPACE_STOPS, SPACE_FAILS, SPACE_ABSTAINS };

/**
 * struct space_walk - how a program follows one list
 * @status: it tests bit 4 of the status (of the extended list: no meaning)
 * @cardbus: of a header of type 2 it begins at 0x14; @types: it reads no other than 0, 1 (and that)
 * @mask: of a link; @unmasked_low: `below` is held before it is masked
 * @below: a link below ends the list; 0: any does but 0
 * @steps: entries before it stops; 0: no count, and it abstains where it would go on for ever
 * @seen: it ends where it was before
 * @ones: a header of all ones ends it anywhere (id ff; an extended one ffffffff)
 * @zero: a header of 0 (extended) or an id of 0 ends it anywhere
 * @first_ones, @first_zero: likewise, but tested at the first header alone. Linux gives a function whose first
 *	extended header is all ones 256 bytes: who gets its bytes from there has no list of it, tested or not
 * @end: where there is no byte
 */
struct space_walk {
	bool status;
	bool cardbus;
	bool types;
	uint16_t mask;
	uint16_t below;
	bool unmasked_low;
	uint16_t steps;
	bool seen;
	bool ones;
	bool zero;
	bool first_ones;
	bool first_zero;
	enum space_end end;
};

struct space {
	const volatile uint8_t *bytes;
	uint32_t len;
};

/* @info as a space of @kind: what lies past its size is of no space. */
static inline struct space space_of(const void *info, uint32_t len, enum info_kind kind)
{
	const uint32_t size = kind == INFO_PCI ? 256 : 4096;
	const struct space space = {info, len < size ? len : size};

	return space;
}

static inline bool space_has(const struct space *space, uint32_t at, uint32_t size)
{
	return at + size <= space->len;
}

/* One load, or ones; of a place that is not aligned for it as many as it has bytes. */
static inline uint32_t space_load(const struct space *space, uint32_t at, uint32_t size)
{
	uint32_t value = 0;

	if (!space_has(space, at, size))
		return size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
	if (at % size == 0 && size == 4)
		return *(const volatile uint32_t *)(space->bytes + at);
	if (at % size == 0 && size == 2)
		return *(const volatile uint16_t *)(space->bytes + at);
	for (uint32_t i = 0; i < size; i++)
		value |= (uint32_t)space->bytes[at + i] << 8 * i;
	return value;
}

/* The capability whose header is @word, without what it holds. */
static inline struct info_cap space_cap(enum info_kind kind, uint32_t at, uint32_t word)
{
	const struct info_cap cap = {
		.offset = at,
		.id = (uint16_t)(kind == INFO_PCI ? word & 0xff : word & 0xffff),
		.version = kind == INFO_PCI ? 1 : word >> 16 & 0xf,
	};

	return cap;
}

/* Fills in the fields of @cap, each by one load; those that lie past the end are ones. */
static inline void space_decode(const struct space *space, enum info_kind kind,
				struct info_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(kind, cap->id);
	size_t slot = 0;

	cap->decoded = layout && cap->version;
	for (size_t i = 0; cap->decoded && i < layout->nfields; i++)
		if (layout->fields[i].role == ROLE_VALUE)
			cap->field[slot++] = space_load(space, cap->offset + layout->fields[i].at,
							layout->fields[i].width);
}

/* How one step ended. */
enum space_step { SPACE_CAP, SPACE_DONE, SPACE_CUT, SPACE_BAD, SPACE_UNSHOWN };

/* A walk on its way: @at the next header, @from the one before it. */
struct space_cursor {
	const struct space_walk *how;
	enum info_kind kind;
	uint32_t at;
	uint32_t taken;
	uint64_t seen[4096 / 64];
};

/* The first link; 0 where the program takes it that there is no list. */
static inline struct space_cursor space_begin(const struct space *space, enum info_kind kind,
					      const struct space_walk *how)
{
	struct space_cursor cursor = {.how = how, .kind = kind, .at = 256};
	uint32_t type = 0;

	if (kind == INFO_PCIE)
		return cursor;
	cursor.at = 0;
	if (how->status && !(space_load(space, 6, 2) & 0x10))
		return cursor;
	if (how->cardbus || how->types)
		type = space_load(space, 14, 1) & 0x7f;
	if (how->types && type > (how->cardbus ? 2 : 1))
		return cursor;
	cursor.at = space_load(space, how->cardbus && type == 2 ? 0x14 : 0x34, 1);
	if (how->unmasked_low && cursor.at < how->below)
		cursor.at = 0;
	cursor.at &= how->mask;
	return cursor;
}

/* Whether the list ends with @word, the header at hand. */
static inline bool space_ends(const struct space_cursor *cursor, uint32_t word)
{
	const struct space_walk *const how = cursor->how;
	const bool first = cursor->taken == 0;
	const bool pci = cursor->kind == INFO_PCI;
	const bool ones = pci ? (word & 0xff) == 0xff : word == UINT32_MAX;
	const bool zero = pci ? (word & 0xff) == 0 : word == 0;

	return (ones && (how->ones || (first && how->first_ones))) ||
	       (zero && (how->zero || (first && how->first_zero)));
}

/* Goes one on: SPACE_CAP with what stood there, else why no more comes. */
static inline enum space_step space_next(const struct space *space, struct space_cursor *cursor,
					 struct info_cap *ret_cap)
{
	const struct space_walk *const how = cursor->how;
	const uint32_t at = cursor->at, header = cursor->kind == INFO_PCI ? 2 : 4;
	uint32_t word, next;

	if (!at || at < how->below)
		return SPACE_DONE;
	if (how->steps && cursor->taken >= how->steps)
		return SPACE_DONE;
	if (!space_has(space, at, header)) {
		if (how->end == SPACE_FAILS)
			return SPACE_BAD;
		if (how->end == SPACE_ENDS)
			return SPACE_DONE;
		if (how->end != SPACE_ONES)
			return how->end == SPACE_STOPS ? SPACE_CUT : SPACE_UNSHOWN;
	}
	if (cursor->seen[at / 64 % 64] >> at % 64 & 1) {
		if (how->seen)
			return SPACE_DONE;
		/* No count and no table: nothing is said of where that goes. */
		if (!how->steps)
			return SPACE_UNSHOWN;
	}
	cursor->seen[at / 64 % 64] |= UINT64_C(1) << at % 64;
	word = space_load(space, at, header);
	if (space_ends(cursor, word))
		return SPACE_DONE;
	cursor->taken++;
	*ret_cap = space_cap(cursor->kind, at, word);
	next = cursor->kind == INFO_PCI ? word >> 8 & 0xff : word >> 20;
	if (how->unmasked_low && next < how->below)
		next = 0;
	cursor->at = next & how->mask;
	return SPACE_CAP;
}

/* The answer to a walk that took @any and ended so; of one that was cut the program says so. */
static inline struct info_answer space_answer(enum space_step end, enum info_kind kind, bool any)
{
	if (end == SPACE_UNSHOWN)
		return answer(VERDICT_ABSTAIN);
	if (end == SPACE_BAD)
		return answer_reject("efault");
	if (end == SPACE_CUT)
		return answer_truncated(kind == INFO_PCI ? 256 : 4096);
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

/*
 * Walks a list and hands over its capabilities, those of @ids, each the first time where @once; @decode:
 * with their fields. What a walk would abstain from is nothing that it hands over before.
 */
static inline struct info_answer space_list(struct walk *walk, const struct space *space,
					    enum info_kind kind, const struct space_walk *how,
					    uint64_t ids, bool once, bool decode)
{
	struct space_cursor cursor = space_begin(space, kind, how);
	enum space_step step;
	struct info_cap cap;
	uint64_t found = 0;
	bool any = false;

	while ((step = space_next(space, &cursor, &cap)) == SPACE_CAP) {
		if (!info_has_id(ids, cap.id) || (once && found & INFO_ID(cap.id)))
			continue;
		found |= cap.id < 63 ? INFO_ID(cap.id) : 0;
		if (decode)
			space_decode(space, kind, &cap);
		walk_deliver(walk, &cap);
		any = true;
		/* Each of a lookup's walks ends at its match. */
		if (once && found == ids)
			return answer(VERDICT_OK);
	}
	return space_answer(step, kind, any);
}

/* The ids below 63 that a walk of the conventional list meets before it ends; @ret_end how it did. */
static inline uint64_t space_met(const struct space *space, const struct space_walk *how,
				 enum space_step *ret_end)
{
	const struct space first = {space->bytes, space->len < 256 ? space->len : 256};
	struct space_cursor cursor = space_begin(&first, INFO_PCI, how);
	struct info_cap cap;
	uint64_t met = 0;

	while ((*ret_end = space_next(&first, &cursor, &cap)) == SPACE_CAP)
		met |= cap.id < 63 ? INFO_ID(cap.id) : 0;
	return met;
}

/**
 * struct space_reader - a program
 * @walks: how it follows each list
 * @ids: what it takes of each; @lookup: it looks for each of them by itself
 * @opens: it reads the extended list where the conventional one shows one of these; 0: always
 * @all: only where it shows all of them
 */
struct space_reader {
	struct space_walk walks[2];
	uint64_t ids[2];
	bool lookup;
	uint64_t opens;
	bool all;
};

/* Of a space without its whole header nobody says anything. */
static inline struct info_answer space_read(struct walk *walk, const void *info, uint32_t len,
					    enum info_kind kind, const struct space_reader *reader)
{
	const struct space space = space_of(info, len, kind);
	const size_t list = kind == INFO_PCIE;
	enum space_step end;
	uint64_t met;

	if (len < 64)
		return answer(VERDICT_ABSTAIN);
	if (list && reader->opens) {
		met = space_met(&space, &reader->walks[0], &end) & reader->opens;
		/* Kind `pci` has what becomes of those. */
		if (end == SPACE_UNSHOWN || end == SPACE_BAD)
			return answer(VERDICT_ABSTAIN);
		if (!met || (reader->all && met != reader->opens))
			return answer(VERDICT_ABSENT);
	}
	return space_list(walk, &space, kind, &reader->walks[list], reader->ids[list],
			  reader->lookup, false);
}

#define SPACE_LISTS   INFO_ROW(INFO_LIST, INFO_ALL_IDS, 0)
#define SPACE_IDS(id) INFO_ID(CAP_ID_##id)

#endif
