/* SPDX-License-Identifier: MIT */
/*
 * Goes through a space and passes over buffers that nobody tells apart.
 *
 * A buffer is a choice for each place: the head, and each slot. Who judges it says which bytes were read.
 * A place that nobody read could have been chosen otherwise: all those buffers are judged the same, so
 * they are counted and not made. Places that were read are held, and the last that was held changes
 * first, so that one buffer differs from the next in as few bytes as can be.
 *
 * Every buffer of the space is counted once. This rests on one thing: that the same bytes, where bytes
 * were read, are judged the same.
 */
#ifndef FUZZ_EXHAUST_EXHAUST_CURSOR_H
#define FUZZ_EXHAUST_EXHAUST_CURSOR_H

#include <stdbool.h>

#include "../sandbox/result.h"
#include "exhaust.h"

_Static_assert(EXHAUST_LEN_MAX <= SANDBOX_TOUCHED_MAX, "each byte that was read is known");

/* The units of a space are told apart by the frame and the head, which nearly every reader reads. */
uint64_t exhaust_units(const struct exhaust_space *space);

/**
 * struct exhaust_cursor - a place in one unit of a space
 * @info, @len: the buffer
 * @first: it is the first of its unit
 * @changed: the bytes in which it differs from the one before, where it is not the first
 * @choices: what was chosen for each place
 * @held, @nheld: the places that were read, in the order in which that was found
 */
struct exhaust_cursor {
	const struct frame *frame;
	uint8_t info[EXHAUST_LEN_MAX];
	uint32_t len;
	bool first;
	struct sandbox_touched changed;
	uint64_t choices[1 + EXHAUST_CAPS_MAX];
	unsigned int held[EXHAUST_CAPS_MAX];
	unsigned int nheld;
};

/* Goes to the first buffer of @unit, below exhaust_units(). */
void exhaust_seek(const struct exhaust_space *space, uint64_t unit,
		  struct exhaust_cursor *ret_cursor);

/* The number of the buffer in its space: of those that it stands for, the lowest. */
uint64_t exhaust_index(const struct exhaust_cursor *cursor);

/* Takes what was read of the buffer, and returns how many buffers it stands for. */
uint64_t exhaust_hold(struct exhaust_cursor *cursor, const struct sandbox_touched *touched);

/* Goes to the next; false at the end of the unit. */
bool exhaust_step(struct exhaust_cursor *cursor);

/*
 * Writes the buffer that comes @steps (1 and more) after this one, if no more places are held until then,
 * to @ret_info, which has EXHAUST_LEN_MAX bytes; false where the last place that is held has not so many
 * choices left.
 */
bool exhaust_peek(const struct exhaust_cursor *cursor, uint64_t steps, uint8_t *ret_info);

#endif
