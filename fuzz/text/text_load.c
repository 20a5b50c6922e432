/* SPDX-License-Identifier: MIT */
/*
 * What the text form means: keys and defaults, as corpus/README.md states them. Values are
 * text_value.c's, so everything is checked before it is stored.
 */
#include <inttypes.h>
#include <string.h>

#include "text_value.h"

/* Room for a capability's name and version. */
#define WHERE_SIZE 64

/* A list of names and numbers, or one of either. */
static int load_flags(const struct source *from, const struct node *node, enum info_kind kind,
		      uint64_t *ret_flags)
{
	struct names names = {0};
	uint64_t flags = 0;

	for (size_t i = 0; i < layout_flag_count; i++)
		if (layout_flags[i].kind == kind)
			names_add(&names, layout_flags[i].name, layout_flags[i].bit);
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

	names_add(&keys, layout->pair[0], 0);
	names_add(&keys, layout->pair[1], 0);
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
	struct names keys = {0};
	char where[WHERE_SIZE];

	names_add(&keys, "id", 0);
	names_add(&keys, "at", 0);
	if (layout_infos[chain->kind].version.width)
		names_add(&keys, "version", 0);
	names_add(&keys, "next", 0);
	for (size_t i = 0; layout && i < layout->nfields; i++)
		if (layout->fields[i].version <= cap->version)
			names_add(&keys, text_field_key(&layout->fields[i]), 0);
	if (layout && layout->elements)
		names_add(&keys, layout->array, 0);
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
			names_add(&names, layout_caps[i].name, layout_caps[i].id);
	return load_name(from, node, "id", &names, layout_infos[kind].id.mask, ret_id);
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
		const int error = get_number(from, &list->child[i], "next",
					     layout_infos[chain->kind].next.mask, after, &next);

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

	names_add(&keys, "at", 0);
	names_add(&keys, "hex", 0);
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
static uint64_t missing_info(const struct chain *chain, const struct layout_field *field)
{
	const struct layout_info *const info = &layout_infos[chain->kind];

	if (info->argsz.width && field->at == info->argsz.at)
		return chain->len;
	if (info->flags.width && field->at == info->flags.at)
		return chain->ncaps ? info->caps_flag : 0;
	if (info->first.width && field->at == info->first.at)
		return chain->ncaps ? chain->caps[0].at : 0;
	return info->usual[field - info->fields];
}

/* The fixed fields; @map is NULL where the text has no `info`. */
static int load_info(const struct source *from, const struct node *map, struct chain *chain)
{
	static const struct node nothing = {.type = NODE_MAP};
	const struct layout_info *const info = &layout_infos[chain->kind];
	const struct node *const fields = map ? map : &nothing;
	struct names keys = {0};
	int error = want_type(from, fields, NODE_MAP, "info");

	for (size_t i = 0; i < info->nfields; i++)
		names_add(&keys, info->fields[i].name, 0);
	if (!error)
		error = check_keys(from, fields, "info", &keys, 0);
	for (size_t i = 0; i < info->nfields && !error; i++) {
		const struct layout_field *const field = &info->fields[i];
		const struct node *const node = node_find(fields, field->name);

		if (node && info->flags.width && field->at == info->flags.at)
			error = load_flags(from, node, chain->kind, &chain->info[i]);
		else
			error = get_number(from, fields, field->name, max_of(field->width),
					   missing_info(chain, field), &chain->info[i]);
	}
	return error;
}

int text_load_body(const struct source *from, const struct node *map, enum info_kind kind,
		   struct chain *ret_chain)
{
	const struct node *const caps = node_find(map, "caps");
	const struct node *const raws = node_find(map, "raw");
	struct chain chain;
	int error = 0;

	chain_init(&chain, kind);
	if (caps)
		error = load_caps(from, caps, &chain);
	if (raws && !error)
		error = load_raws(from, raws, &chain);
	if (!error)
		error = load_len(from, map, &chain);
	if (!error)
		error = load_info(from, node_find(map, "info"), &chain);
	if (error)
		chain_free(&chain);
	else
		*ret_chain = chain;
	return error;
}

static int load_root(const struct source *from, const struct node *root, struct chain *ret_chain)
{
	static const char *const key[] = {"kind", "len", "fill", "info", "caps", "raw"};
	struct names keys = {0};
	struct names kinds = {0};
	uint64_t kind;
	int error = want_type(from, root, NODE_MAP, "document");

	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		names_add(&keys, key[i], 0);
	for (uint32_t i = 0; i < INFO_KINDS; i++)
		names_add(&kinds, info_kind_name((enum info_kind)i), i);
	if (!error)
		error = check_keys(from, root, "document", &keys, 1);
	if (!error)
		error = load_name(from, node_find(root, "kind"), "kind", &kinds, 0, &kind);
	return error ? error : text_load_body(from, root, (enum info_kind)kind, ret_chain);
}

int text_load(const char *name, const char *text, size_t size, struct chain *ret_chain,
	      char ret_error[TEXT_ERROR_SIZE])
{
	const struct source from = {.name = name, .text = text, .size = size, .error = ret_error};
	struct node root;
	int error = node_read(&from, &root);

	if (error)
		return error;
	error = load_root(&from, &root, ret_chain);
	node_free(&root);
	return error;
}
