/* SPDX-License-Identifier: MIT */
/*
 * Single values of the text form: keys, names, numbers and hexadecimal bytes.
 *
 * Everything is checked before it is stored, so no text makes a number that passes its field's
 * width. A table of names stands for every place where the text has a choice; it is what is
 * compared, and what the error line lists. Every function that may fail returns 0, or -EINVAL with
 * the error line written. What the values mean is text_load.c's to say.
 */
#ifndef FUZZ_TEXT_TEXT_VALUE_H
#define FUZZ_TEXT_TEXT_VALUE_H

#include "text_node.h"

/* A capability's keys are the longest list: its header, its fields, its elements. */
#define NAMES_MAX (4 + CHAIN_CAP_FIELDS + 1)

/* What may stand in one place: keys, or names of numbers. At most NAMES_MAX are added. */
struct names {
	size_t count;
	struct {
		const char *name;
		uint32_t value;
	} item[NAMES_MAX];
};

void names_add(struct names *names, const char *name, uint32_t value);

/* The largest number of @width bytes, 1 to 8. */
static inline uint64_t max_of(unsigned int width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

/* Whether @node is of @type; @what is what the error line calls it. */
int want_type(const struct source *from, const struct node *node, enum node_type type,
	      const char *what);

/* Whether @map has the first @required of @keys, no key but @keys, and none twice. */
int check_keys(const struct source *from, const struct node *map, const char *where,
	       const struct names *keys, size_t required);

/* The number at @key of @map, 0 to @max, or @missing where there is none. */
int get_number(const struct source *from, const struct node *map, const char *key, uint64_t max,
	       uint64_t missing, uint64_t *ret_value);

/* The value of one of @names or, where @max is not 0, a number up to it. */
int load_name(const struct source *from, const struct node *node, const char *what,
	      const struct names *names, uint64_t max, uint64_t *ret_value);

/* How many bytes the hexadecimal digits in @node stand for, at most INFO_LEN_MAX. */
int hex_size(const struct source *from, const struct node *node, const char *what,
	     uint32_t *ret_size);

/* Writes the bytes of a @node whose hex_size() is known. */
void load_hex(const struct node *node, uint8_t *ret_bytes);

/*
 * The chain that @map describes by its keys len, fill, info, caps and raw, all of which may be
 * missing; whether it has others is the caller's to see. Free @ret_chain after a success.
 */
int text_load_body(const struct source *from, const struct node *map, enum info_kind kind,
		   struct chain *ret_chain);

#endif
