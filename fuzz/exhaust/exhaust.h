/* SPDX-License-Identifier: MIT */
/*
 * The space of small chains: every buffer of one kind with up to so many capabilities, over a small
 * alphabet, each once and under a number. The same number is the same buffer everywhere.
 *
 * A buffer is a fixed struct and N slots, one capability each (slots of 32 bytes, of a device 40).
 * What is varied:
 *
 *	body	id, version and count of each capability: BODIES in exhaust.c, 9 a kind. Elements: none,
 *		as many as the slot holds, one more than that, so many that 2^32 is passed, a newer
 *		version; two other known ids; a version 0; an unknown id
 *	link	cap_offset, and each next: 0; each slot, its own too; 8, inside the fixed struct; 8 and 2
 *		bytes into the first slot (overlaps, the second misaligned); 4 bytes before the
 *		bound; len; argsz; 0xfffffff8. Equal ones count once
 *	frame	where the first slot stands (where today's kernels put it, 4-aligned, misaligned), the
 *		CAPS flag, and what len and argsz leave of it all: FRAMES in exhaust.c
 *
 * What a length cuts off is not varied: of choices that look the same in the bytes that are there,
 * one is taken. So no buffer comes twice.
 */
#ifndef FUZZ_EXHAUST_EXHAUST_H
#define FUZZ_EXHAUST_EXHAUST_H

#include <stddef.h>
#include <stdint.h>

#include "exhaust_space.h"

/*
 * The buffers of @kind with up to @caps (0 to EXHAUST_CAPS_MAX) capabilities; NULL without memory.
 */
struct exhaust_space *exhaust_space_new(enum info_kind kind, unsigned int caps);
void exhaust_space_free(struct exhaust_space *space);

/* How many there are. */
uint64_t exhaust_space_count(const struct exhaust_space *space);

/*
 * Writes buffer @index, below exhaust_space_count(), to @ret_info, which has EXHAUST_LEN_MAX bytes,
 * and returns its length. Lower numbers have fewer capabilities.
 */
size_t exhaust_buffer(const struct exhaust_space *space, uint64_t index, uint8_t *ret_info);

#endif
