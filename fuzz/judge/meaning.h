/* SPDX-License-Identifier: MIT */
/*
 * What the values of a list say: areas of a region, and ranges of addresses. Notes of one element at a
 * time, by those that came before it in this reply; sections 2 and 4 of RULES.md have their terms.
 */
#ifndef FUZZ_JUDGE_MEANING_H
#define FUZZ_JUDGE_MEANING_H

#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "rules.h"

/* Bytes or addresses, both ends of them included. */
struct extent {
	uint64_t first;
	uint64_t last;
};

/*
 * The elements of a reply, so far. @size is the region's, @begins where the element before begins, 0
 * without one. @taken are the bytes or addresses that they name, disjoint and
 * rising. Capabilities that share no byte have no more than there is room for; of others, what
 * finds none is not held to what comes after it.
 */
struct meaning {
	enum info_kind kind;
	uint64_t size;
	uint64_t begins;
	size_t ntaken;
	struct extent taken[INFO_LEN_MAX / 16];
};

/* Starts with the reply of @kind at @info, of which at least the fixed fields are there. */
void meaning_start(struct meaning *meaning, const uint8_t *info, enum info_kind kind);

/* Starts the list of another capability. */
void meaning_list(struct meaning *meaning);

/*
 * The notes of the next element, whose 16 bytes are at @element: NOTE_BIT()s of
 * NOTES_OF_ELEMENT. Elements
 * come as they stand, those of one capability after those of the one before it in the chain.
 */
uint32_t meaning_notes(struct meaning *meaning, const uint8_t *element);

#endif
