/* SPDX-License-Identifier: MIT */
/*
 * What the values of a reply have to be, by what the UAPI or a named kernel promises; values.c has the
 * source of each beside it. It is asked of one reply, so that captured ones can be held to it too.
 */
#ifndef FUZZ_PROBE_VALUES_H
#define FUZZ_PROBE_VALUES_H

#include "../judge/spec.h"
#include "promises.h"

/* The MSI-X table, as configuration space has it: @size bytes at @offset of region @index; 0: none. */
struct probe_table {
	uint32_t index;
	uint64_t offset;
	uint64_t size;
};

/* What a value may rest on beside the reply. @page: bytes of a page of the machine that answered. */
struct probe_values {
	const struct spec *spec;
	uint32_t index;
	uint32_t page;
	struct probe_table table;
};

enum probe_value { VALUE_NOTHING, VALUE_HOLDS, VALUE_BREAKS };

/*
 * Holds a reply that the reference reads to @rule: PROBE_AREAS to PROBE_RANGES. VALUE_NOTHING: it has
 * nothing that the rule is about. What breaks it is said in @ret_words.
 */
enum probe_value probe_value(enum probe_rule rule, const struct probe_values *values,
			     char *ret_words, size_t size);

/* The table that 256 bytes of configuration space name. */
struct probe_table probe_table_of(const uint8_t *config);

#endif
