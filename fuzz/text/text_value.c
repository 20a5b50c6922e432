/* SPDX-License-Identifier: MIT */
/* Values of the text form; see text_value.h. */
#include "text_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Room for the longest list of names in an error line, and for what the text gives. */
#define LIST_SIZE  256
#define GIVEN_SIZE 64

void names_add(struct names *names, const char *name, uint32_t value)
{
	names->item[names->count].name = name;
	names->item[names->count++].value = value;
}

static const char *list_names(const struct names *names, char ret_list[LIST_SIZE])
{
	size_t used = 0;

	ret_list[0] = '\0';
	/* A name is written only while there is room left; the last may be cut. */
	for (size_t i = 0; i < names->count && used < LIST_SIZE; i++)
		used += (size_t)snprintf(ret_list + used, LIST_SIZE - used, "%s%s", i ? ", " : "",
					 names->item[i].name);
	return ret_list;
}

/* What the text gives in place of what is wanted. */
static const char *given(const struct node *node, char ret_given[GIVEN_SIZE])
{
	if (node->type == NODE_LIST)
		return "a list";
	if (node->type == NODE_MAP)
		return "a mapping";
	if (node->plain && !node->size)
		return "nothing";
	snprintf(ret_given, GIVEN_SIZE, node->plain ? "%.40s" : "\"%.40s\"", node->text);
	return ret_given;
}

int want_type(const struct source *from, const struct node *node, enum node_type type,
	      const char *what)
{
	char instead[GIVEN_SIZE];

	if (node->type == type)
		return 0;
	return fail(from, node, "%s: want a %s, not %s", what,
		    type == NODE_MAP ? "mapping" : "list", given(node, instead));
}

int check_keys(const struct source *from, const struct node *map, const char *where,
	       const struct names *keys, size_t required)
{
	char list[LIST_SIZE];
	char instead[GIVEN_SIZE];

	for (size_t i = 0; i < required; i++)
		if (!node_find(map, keys->item[i].name))
			return fail(from, map, "%s: no key %s: want %s", where, keys->item[i].name,
				    list_names(keys, list));
	for (size_t i = 0; i < map->count; i += 2) {
		const struct node *const key = &map->child[i];
		size_t known = 0;

		while (known < keys->count && !node_is(key, keys->item[known].name))
			known++;
		if (known == keys->count)
			return fail(from, key, "%s: unknown key %s: want %s", where,
				    given(key, instead), list_names(keys, list));
		if (node_find(map, key->text) != key + 1)
			return fail(from, key, "%s: key %s twice: want it once", where, key->text);
	}
	return 0;
}

/* The number in @node, 0 to @max. */
static int load_number(const struct source *from, const struct node *node, const char *what,
		       uint64_t max, uint64_t *ret_value)
{
	const char *const text = node->type == NODE_SCALAR && node->plain ? node->text : "";
	const bool hex = strncmp(text, "0x", 2) == 0;
	const char *const digits = hex ? text + 2 : text;
	const size_t count = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
	char instead[GIVEN_SIZE];
	uint64_t value;

	/* A leading zero is octal to other readers of YAML, so it is nothing here. */
	if (!count || digits[count] || (!hex && digits[0] == '0' && count > 1))
		return fail(from, node, "%s: want a decimal or 0x number, not %s", what,
			    given(node, instead));
	errno = 0;
	value = strtoull(digits, NULL, hex ? 16 : 10);
	if (errno || value > max)
		return fail(from, node, "%s: %.40s is too big: want 0 to %" PRIu64, what, text,
			    max);
	*ret_value = value;
	return 0;
}

int get_number(const struct source *from, const struct node *map, const char *key, uint64_t max,
	       uint64_t missing, uint64_t *ret_value)
{
	const struct node *const node = node_find(map, key);

	if (node)
		return load_number(from, node, key, max, ret_value);
	*ret_value = missing;
	return 0;
}

int load_name(const struct source *from, const struct node *node, const char *what,
	      const struct names *names, uint64_t max, uint64_t *ret_value)
{
	char list[LIST_SIZE];
	char instead[GIVEN_SIZE];

	if (max && node->plain && node->text[0] >= '0' && node->text[0] <= '9')
		return load_number(from, node, what, max, ret_value);
	for (size_t i = 0; i < names->count; i++) {
		if (node_is(node, names->item[i].name)) {
			*ret_value = names->item[i].value;
			return 0;
		}
	}
	return fail(from, node, "%s: want %s%s, not %s", what, list_names(names, list),
		    max ? " or a number" : "", given(node, instead));
}

int hex_size(const struct source *from, const struct node *node, const char *what,
	     uint32_t *ret_size)
{
	char instead[GIVEN_SIZE];

	/* Quoted, because a bare 0010 or 1e10 is a number to other readers of YAML. */
	if (node->type != NODE_SCALAR || node->plain || node->size % 2 ||
	    strspn(node->text, "0123456789abcdefABCDEF") != node->size)
		return fail(from, node, "%s: want pairs of hexadecimal digits in quotes, not %s",
			    what, given(node, instead));
	if (node->size / 2 > INFO_LEN_MAX)
		return fail(from, node, "%s: too long: want at most %u bytes", what, INFO_LEN_MAX);
	*ret_size = (uint32_t)(node->size / 2);
	return 0;
}

void load_hex(const struct node *node, uint8_t *ret_bytes)
{
	for (size_t i = 0; i < node->size / 2; i++) {
		const char pair[] = {node->text[2 * i], node->text[2 * i + 1], '\0'};

		ret_bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}
