/* SPDX-License-Identifier: MIT */
/*
 * What the text form means: keys, names, numbers and defaults, as corpus/README.md states them.
 *
 * Everything is checked before it is stored, so no text makes a chain whose numbers pass their
 * fields' width. A table of names stands for every place where the text has a choice; it is what
 * is compared, and what the error line lists.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text_node.h"

/* A capability's keys are the longest list: its header, its fields, its elements. */
#define NAMES_MAX (4 + CHAIN_CAP_FIELDS + 1)

/* Room for the longest list of names in an error line. */
#define LIST_SIZE 256

/* Room for a capability's name and version, and for what the text gives. */
#define WHERE_SIZE 64
#define GIVEN_SIZE 64

/* What may stand in one place: keys, or names of numbers. */
struct names {
	size_t count;
	struct {
		const char *name;
		uint32_t value;
	} item[NAMES_MAX];
};

static void add_name(struct names *names, const char *name, uint32_t value)
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

static int want_type(const struct source *from, const struct node *node, enum node_type type,
		     const char *what)
{
	char instead[GIVEN_SIZE];

	if (node->type == type)
		return 0;
	return fail(from, node, "%s: want a %s, not %s", what,
		    type == NODE_MAP ? "mapping" : "list", given(node, instead));
}

/* @map has the first @required of @keys, no key but @keys, and none twice. */
static int check_keys(const struct source *from, const struct node *map, const char *where,
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

/* The number at @key of @map, 0 to @max, or @missing where there is none. */
static int get_number(const struct source *from, const struct node *map, const char *key,
		      uint64_t max, uint64_t missing, uint64_t *ret_value)
{
	const struct node *const node = node_find(map, key);

	if (node)
		return load_number(from, node, key, max, ret_value);
	*ret_value = missing;
	return 0;
}

/* The largest number of @width bytes, 1 to 8. */
static uint64_t max_of(unsigned int width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

/* One of @names or, where @max is not 0, a number up to it. */
static int load_name(const struct source *from, const struct node *node, const char *what,
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

/* A list of names and numbers, or one of either. */
static int load_flags(const struct source *from, const struct node *node, enum info_kind kind,
		      uint64_t *ret_flags)
{
	struct names names = {0};
	uint64_t flags = 0;

	for (size_t i = 0; i < layout_flag_count; i++)
		if (layout_flags[i].kind == kind)
			add_name(&names, layout_flags[i].name, layout_flags[i].bit);
	if (node->type != NODE_LIST)
		return load_name(from, node, "flags", &names, max_of(4), ret_flags);
	for (size_t i = 0; i < node->count; i++) {
		uint64_t flag;
		const int error =
			load_name(from, &node->child[i], "flags", &names, max_of(4), &flag);

		if (error)
			return error;
		flags |= flag;
	}
	*ret_flags = flags;
	return 0;
}

/* How many bytes the hexadecimal digits in @node stand for. */
static int hex_size(const struct source *from, const struct node *node, const char *what,
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

static void load_hex(const struct node *node, uint8_t *ret_bytes)
{
	for (size_t i = 0; i < node->size / 2; i++) {
		const char pair[] = {node->text[2 * i], node->text[2 * i + 1], '\0'};

		ret_bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

static int load_bytes(const struct source *from, const struct node *node, const char *what,
		      struct chain_cap *cap)
{
	uint32_t size;
	const int error = hex_size(from, node, what, &size);

	if (error)
		return error;
	if (chain_resize_elements(cap, size))
		return fail_memory(from);
	load_hex(node, cap->elements);
	return 0;
}

static int load_pair(const struct source *from, const struct node *map,
		     const struct layout_cap *layout, uint8_t *ret_bytes)
{
	struct names keys = {0};
	int error = want_type(from, map, NODE_MAP, layout->array);

	add_name(&keys, layout->pair[0], 0);
	add_name(&keys, layout->pair[1], 0);
	if (!error)
		error = check_keys(from, map, layout->array, &keys, keys.count);
	for (size_t half = 0; half < 2 && !error; half++) {
		uint64_t value = 0;

		error = get_number(from, map, layout->pair[half], max_of(8), 0, &value);
		layout_store(ret_bytes + 8 * half, 8, value);
	}
	return error;
}

static int load_pairs(const struct source *from, const struct node *list,
		      const struct layout_cap *layout, struct chain_cap *cap)
{
	int error = want_type(from, list, NODE_LIST, layout->array);

	if (error)
		return error;
	if (list->count > INFO_LEN_MAX / ELEMENTS_PAIRS)
		return fail(from, list, "%s: too long: want at most %u", layout->array,
			    INFO_LEN_MAX / ELEMENTS_PAIRS);
	if (chain_resize_elements(cap, (uint32_t)list->count * ELEMENTS_PAIRS))
		return fail_memory(from);
	for (size_t i = 0; i < list->count && !error; i++)
		error = load_pair(from, &list->child[i], layout,
				  cap->elements + i * ELEMENTS_PAIRS);
	return error;
}

static int load_payload(const struct source *from, const struct node *map,
			const struct layout_cap *layout, struct chain_cap *cap)
{
	const struct node *const array = layout->elements ? node_find(map, layout->array) : NULL;
	int error = 0;

	if (array && layout->elements == ELEMENTS_BYTES)
		error = load_bytes(from, array, layout->array, cap);
	else if (array)
		error = load_pairs(from, array, layout, cap);
	for (size_t i = 0; i < layout->nfields && !error; i++) {
		const struct layout_field *const field = &layout->fields[i];
		const uint64_t missing =
			field->role == ROLE_COUNT ? cap->elements_size / layout->elements : 0;

		error = get_number(from, map, text_field_key(field), max_of(field->width), missing,
				   &cap->value[i]);
	}
	return error;
}

/* Keys of a capability whose id and version are known. */
static int check_cap_keys(const struct source *from, const struct node *map,
			  const struct chain *chain, const struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);
	static const char *const header[] = {"id", "at", "version", "next"};
	struct names keys = {0};
	char where[WHERE_SIZE];

	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		add_name(&keys, header[i], 0);
	for (size_t i = 0; layout && i < layout->nfields; i++)
		if (layout->fields[i].version <= cap->version)
			add_name(&keys, text_field_key(&layout->fields[i]), 0);
	if (layout && layout->elements)
		add_name(&keys, layout->array, 0);
	if (!node_find(map, "id"))
		snprintf(where, sizeof(where), "caps");
	else if (layout)
		snprintf(where, sizeof(where), "%s version %u", layout->name, cap->version);
	else
		snprintf(where, sizeof(where), "id %u version %u", cap->id, cap->version);
	return check_keys(from, map, where, &keys, 1);
}

static int load_id(const struct source *from, const struct node *node, enum info_kind kind,
		   uint64_t *ret_id)
{
	struct names names = {0};

	for (size_t i = 0; i < layout_cap_count; i++)
		if (layout_caps[i].kind == kind)
			add_name(&names, layout_caps[i].name, layout_caps[i].id);
	return load_name(from, node, "id", &names, max_of(2), ret_id);
}

static uint64_t round_up(uint64_t offset)
{
	return (offset + 7) & ~UINT64_C(7);
}

/* One capability. @start is its default `at`; its `next` is left to load_links(). */
static int load_cap(const struct source *from, const struct node *map, uint64_t start,
		    struct chain *chain)
{
	struct chain_cap *const cap = chain_add_cap(chain);
	const struct node *const id = node_find(map, "id");
	uint64_t value = 0;
	int error;

	if (!cap)
		return fail_memory(from);
	error = want_type(from, map, NODE_MAP, "caps");
	if (!error && id)
		error = load_id(from, id, chain->kind, &value);
	cap->id = (uint16_t)value;
	if (!error)
		error = get_number(from, map, "version", max_of(2), 1, &value);
	cap->version = (uint16_t)value;
	if (!error)
		error = check_cap_keys(from, map, chain, cap);
	if (!error)
		error = get_number(from, map, "at", max_of(4), start, &value);
	/* The capability before this one may end past 32 bits. */
	if (!error && value > UINT32_MAX)
		error = fail(from, map, "caps: no default for at here: want 0 to %u", UINT32_MAX);
	cap->at = (uint32_t)value;
	if (!error && chain_cap_layout(chain, cap))
		error = load_payload(from, map, chain_cap_layout(chain, cap), cap);
	return error;
}

static int load_links(const struct source *from, const struct node *list, struct chain *chain)
{
	for (size_t i = 0; i < chain->ncaps; i++) {
		const uint32_t after = i + 1 < chain->ncaps ? chain->caps[i + 1].at : 0;
		uint64_t next;
		const int error =
			get_number(from, &list->child[i], "next", max_of(4), after, &next);

		if (error)
			return error;
		chain->caps[i].next = (uint32_t)next;
	}
	return 0;
}

static int load_caps(const struct source *from, const struct node *list, struct chain *chain)
{
	uint64_t start = layout_infos[chain->kind].full;
	int error = want_type(from, list, NODE_LIST, "caps");

	for (size_t i = 0; i < list->count && !error; i++) {
		error = load_cap(from, &list->child[i], start, chain);
		if (!error)
			start = round_up(chain_cap_end(chain, &chain->caps[i]));
	}
	return error ? error : load_links(from, list, chain);
}

static int load_raw(const struct source *from, const struct node *map, struct chain *chain)
{
	struct names keys = {0};
	struct chain_raw *raw;
	uint64_t at;
	uint32_t size;
	int error = want_type(from, map, NODE_MAP, "raw");

	add_name(&keys, "at", 0);
	add_name(&keys, "hex", 0);
	if (!error)
		error = check_keys(from, map, "raw", &keys, keys.count);
	if (!error)
		error = get_number(from, map, "at", max_of(4), 0, &at);
	if (!error)
		error = hex_size(from, node_find(map, "hex"), "hex", &size);
	if (error)
		return error;
	raw = chain_add_raw(chain, (uint32_t)at, size);
	if (!raw)
		return fail_memory(from);
	load_hex(node_find(map, "hex"), raw->bytes);
	return 0;
}

static int load_raws(const struct source *from, const struct node *list, struct chain *chain)
{
	int error = want_type(from, list, NODE_LIST, "raw");

	for (size_t i = 0; i < list->count && !error; i++)
		error = load_raw(from, &list->child[i], chain);
	return error;
}

/* Length and fill, once everything else is there that a default length must hold. */
static int load_len(const struct source *from, const struct node *root, struct chain *chain)
{
	uint64_t end = layout_infos[chain->kind].full;
	uint64_t value = 0;
	int error;

	for (size_t i = 0; i < chain->ncaps; i++)
		if (chain_cap_end(chain, &chain->caps[i]) > end)
			end = chain_cap_end(chain, &chain->caps[i]);
	for (size_t i = 0; i < chain->nraws; i++)
		if ((uint64_t)chain->raws[i].at + chain->raws[i].size > end)
			end = (uint64_t)chain->raws[i].at + chain->raws[i].size;
	error = get_number(from, root, "len", INFO_LEN_MAX, round_up(end), &value);
	if (!error && value > INFO_LEN_MAX)
		error = fail(from, root, "len: no default, this ends at %" PRIu64 ": want 0 to %u",
			     end, INFO_LEN_MAX);
	chain->len = (uint32_t)value;
	if (!error)
		error = get_number(from, root, "fill", max_of(1), 0, &value);
	chain->fill = (uint8_t)value;
	return error;
}

/* What a fixed field is where the text does not say. */
static uint64_t missing_info(const struct chain *chain, const char *field)
{
	if (strcmp(field, "argsz") == 0)
		return chain->len;
	if (strcmp(field, "flags") == 0 && chain->ncaps)
		return layout_infos[chain->kind].caps_flag;
	if (strcmp(field, "cap_offset") == 0 && chain->ncaps)
		return chain->caps[0].at;
	return 0;
}

/* The fixed fields; @map is NULL where the text has no `info`. */
static int load_info(const struct source *from, const struct node *map, struct chain *chain)
{
	static const struct node nothing = {.type = NODE_MAP};
	const struct layout_info *const info = &layout_infos[chain->kind];
	const struct node *const fields = map ? map : &nothing;
	const struct node *const flags = node_find(fields, "flags");
	struct names keys = {0};
	int error = want_type(from, fields, NODE_MAP, "info");

	for (size_t i = 0; i < info->nfields; i++)
		add_name(&keys, info->fields[i].name, 0);
	if (!error)
		error = check_keys(from, fields, "info", &keys, 0);
	for (size_t i = 0; i < info->nfields && !error; i++) {
		const struct layout_field *const field = &info->fields[i];

		if (flags && strcmp(field->name, "flags") == 0)
			error = load_flags(from, flags, chain->kind, &chain->info[i]);
		else
			error = get_number(from, fields, field->name, max_of(field->width),
					   missing_info(chain, field->name), &chain->info[i]);
	}
	return error;
}

static int load_root(const struct source *from, const struct node *root, struct chain *chain)
{
	static const char *const key[] = {"kind", "len", "fill", "info", "caps", "raw"};
	const struct node *const caps = node_find(root, "caps");
	const struct node *const raws = node_find(root, "raw");
	struct names keys = {0};
	struct names kinds = {0};
	uint64_t kind;
	int error = want_type(from, root, NODE_MAP, "document");

	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		add_name(&keys, key[i], 0);
	for (uint32_t i = 0; i < INFO_KINDS; i++)
		add_name(&kinds, info_kind_name((enum info_kind)i), i);
	if (!error)
		error = check_keys(from, root, "document", &keys, 1);
	if (!error)
		error = load_name(from, node_find(root, "kind"), "kind", &kinds, 0, &kind);
	if (error)
		return error;
	chain->kind = (enum info_kind)kind;
	if (caps)
		error = load_caps(from, caps, chain);
	if (raws && !error)
		error = load_raws(from, raws, chain);
	if (!error)
		error = load_len(from, root, chain);
	return error ? error : load_info(from, node_find(root, "info"), chain);
}

int text_load(const char *name, const char *text, size_t size, struct chain *ret_chain,
	      char ret_error[TEXT_ERROR_SIZE])
{
	const struct source from = {.name = name, .text = text, .size = size, .error = ret_error};
	struct chain chain;
	struct node root;
	int error = node_read(&from, &root);

	if (error)
		return error;
	chain_init(&chain, INFO_DEVICE);
	error = load_root(&from, &root, &chain);
	node_free(&root);
	if (error)
		chain_free(&chain);
	else
		*ret_chain = chain;
	return error;
}
