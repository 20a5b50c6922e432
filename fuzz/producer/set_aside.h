/* SPDX-License-Identifier: MIT */
/*
 * Which captured replies the producer models were written from, and which were set aside to try
 * them on when they were finished. The rule looks at a file's name alone: the top bit of its 32-bit
 * FNV-1a hash. It was committed before the first model and is not to be changed: a reply that joins
 * corpus/captured/ falls into a half by it, and one that is set aside is not looked at while a
 * model is mended.
 */
#ifndef FUZZ_PRODUCER_SET_ASIDE_H
#define FUZZ_PRODUCER_SET_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the reply in file @name (no folder, with its `.bin`) is of the half that is set aside. */
static inline bool is_set_aside(const char *name)
{
	uint32_t hash = 0x811c9dc5u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x01000193u;
	return hash >> 31;
}

#endif
