/* SPDX-License-Identifier: MIT */
/* Scripts as text and back; see text_fetch.h. */
#include "text_fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text_value.h"

/* The kinds that bits 0-1 of the head name first. */
static const char *const abouts[] = {"device", "region", "iommu"};

/* What is written so far; everything past the room is counted and left out. */
struct writer {
	uint8_t *bytes;
	size_t used;
	bool swapped; /* replies are */
};

static void put(struct writer *to, unsigned int width, uint64_t value)
{
	if (to->used + width <= INFO_LEN_MAX)
		script_put(to->bytes + to->used, width, value);
	to->used += width;
}

static void put_bytes(struct writer *to, const uint8_t *bytes, size_t size)
{
	if (size && to->used + size <= INFO_LEN_MAX)
		memcpy(to->bytes + to->used, bytes, size);
	to->used += size;
}

bool fetch_text_is(const char *text, size_t size)
{
	char error[TEXT_ERROR_SIZE];
	const struct source from = {.name = "", .text = text, .size = size, .error = error};
	const struct node *kind;
	struct node root;
	bool is;

	if (node_read(&from, &root))
		return false;
	kind = root.type == NODE_MAP ? node_find(&root, "kind") : NULL;
	is = kind && node_is(kind, "fetch");
	node_free(&root);
	return is;
}

/* The hexadecimal digits at @key of @map, none where there is no such key. */
static int put_hex(const struct source *from, const struct node *map, const char *key,
		   struct writer *to)
{
	static uint8_t bytes[INFO_LEN_MAX];
	const struct node *const node = node_find(map, key);
	uint32_t size = 0;
	int error;

	if (!node)
		return 0;
	error = hex_size(from, node, key, &size);
	if (error)
		return error;
	load_hex(node, bytes);
	put_bytes(to, bytes, size);
	return 0;
}

static int get_flag(const struct source *from, const struct node *map, const char *key,
		    bool *ret_set)
{
	const struct node *const node = node_find(map, key);
	struct names names = {0};
	uint64_t value = 0;
	int error;

	names_add(&names, "false", 0);
	names_add(&names, "true", 1);
	error = node ? load_name(from, node, key, &names, 0, &value) : 0;
	*ret_set = value;
	return error;
}

static int check(const struct source *from, const struct node *map, const char *where,
		 const char *const *keys, size_t count, size_t required)
{
	struct names names = {0};
	const int error = want_type(from, map, NODE_MAP, where);

	for (size_t i = 0; i < count; i++)
		names_add(&names, keys[i], 0);
	return error ? error : check_keys(from, map, where, &names, required);
}

static int load_reply(const struct source *from, const struct node *map, enum info_kind kind,
		      struct writer *to)
{
	static const char *const keys[] = {"fails", "relative", "message", "delta", "spare", "said",
					   "len",   "fill",	"info",	   "caps",  "raw"};
	static uint8_t bytes[INFO_LEN_MAX];
	uint64_t spare = 0, delta = 0, said = 0;
	bool fails = false, relative = false, message = false;
	struct chain chain;
	int error = check(from, map, "reply", keys, sizeof(keys) / sizeof(keys[0]), 0);

	if (!error)
		error = get_flag(from, map, "fails", &fails);
	if (!error)
		error = get_flag(from, map, "relative", &relative);
	if (!error)
		error = get_flag(from, map, "message", &message);
	if (!error)
		error = get_number(from, map, "delta", UINT8_MAX, 0, &delta);
	if (!error)
		error = get_number(from, map, "spare", REPLY_SPARE, 0, &spare);
	if (!error)
		error = text_load_body(from, map, kind, &chain);
	if (error)
		return error;
	chain.swapped = to->swapped;
	chain_write(&chain, bytes);
	error = get_number(from, map, "said", UINT16_MAX, chain.len, &said);
	if (!error && said > UINT16_MAX)
		error = fail(from, map, "reply: too long: want at most %d bytes", UINT16_MAX);
	put(to, 1,
	    (fails ? REPLY_FAILS : 0) | (relative ? REPLY_RELATIVE : 0) |
		    (message ? REPLY_MESSAGE : 0) | (spare & REPLY_SPARE));
	put(to, 1, delta);
	put(to, 2, said);
	put_bytes(to, bytes, chain.len);
	chain_free(&chain);
	return error;
}

static int load_replies(const struct source *from, const struct node *list, enum info_kind kind,
			struct writer *to)
{
	int error = want_type(from, list, NODE_LIST, "replies");

	if (!error && list->count > SCRIPT_PARTS)
		return fail(from, list, "replies: too many: want at most %d", SCRIPT_PARTS);
	for (size_t i = 0; i < list->count && !error; i++)
		error = load_reply(from, &list->child[i], kind, to);
	return error;
}

static int load_cap(const struct source *from, const struct node *map, struct writer *to)
{
	static const char *const keys[] = {"id", "version", "said", "payload"};
	struct writer counted = {.used = INFO_LEN_MAX};
	uint64_t id = 0, version = 0, said = 0;
	int error = check(from, map, "capability", keys, 4, 2);

	if (!error)
		error = get_number(from, map, "id", UINT16_MAX, 0, &id);
	if (!error)
		error = get_number(from, map, "version", UINT16_MAX, 0, &version);
	if (!error)
		error = put_hex(from, map, "payload", &counted);
	if (!error)
		error = get_number(from, map, "said", UINT16_MAX, counted.used - INFO_LEN_MAX,
				   &said);
	if (error)
		return error;
	put(to, 2, id);
	put(to, 2, version);
	put(to, 2, said);
	return put_hex(from, map, "payload", to);
}

static int load_caps(const struct source *from, const struct node *list, struct writer *to)
{
	int error = want_type(from, list, NODE_LIST, "caps");

	if (!error && list->count > SCRIPT_PARTS)
		return fail(from, list, "caps: too many: want at most %d", SCRIPT_PARTS);
	for (size_t i = 0; i < list->count && !error; i++)
		error = load_cap(from, &list->child[i], to);
	return error;
}

/* A producer by its name, or by a number that is none's. */
static int load_producer(const struct source *from, const struct node *node, uint64_t *ret_key)
{
	struct names names = {0};

	for (size_t i = 0; node->type == NODE_SCALAR && i < producer_count; i++)
		if (node_is(node, producers[i].name)) {
			*ret_key = script_key(&producers[i]);
			return 0;
		}
	for (size_t i = 0; i < producer_count && i < NAMES_MAX; i++)
		names_add(&names, producers[i].name, 0);
	return load_name(from, node, "producer", &names, UINT16_MAX, ret_key);
}

/* What comes after the first three bytes. */
static int load_parts(const struct source *from, const struct node *root, enum info_kind kind,
		      struct writer *to)
{
	const struct node *const producer = node_find(root, "producer");
	const struct node *const parts = node_find(root, producer ? "caps" : "replies");
	uint64_t key = 0, flags = 0;
	int error;

	if (node_find(root, producer ? "replies" : "caps"))
		return fail(from, root, "document: want replies, or producer, flags and caps");
	if (!producer)
		return parts ? load_replies(from, parts, kind, to) : 0;
	error = load_producer(from, producer, &key);
	if (!error)
		error = get_number(from, root, "flags", UINT32_MAX, 0, &flags);
	put(to, 2, key);
	put(to, 4, flags);
	return error || !parts ? error : load_caps(from, parts, to);
}

static int load_root(const struct source *from, const struct node *root, struct writer *to)
{
	static const char *const keys[] = {"kind",    "about",	  "first", "cycles", "spare",
					   "replies", "producer", "flags", "caps",   "rest"};
	const struct node *const about = node_find(root, "about");
	uint64_t kind = 0, first = 0, spare = 0;
	struct names names = {0};
	bool cycles = false;
	int error = check(from, root, "document", keys, sizeof(keys) / sizeof(keys[0]), 1);

	for (uint32_t i = 0; i < 3; i++)
		names_add(&names, abouts[i], i);
	if (!error && about)
		error = load_name(from, about, "about", &names, 0, &kind);
	if (!error)
		error = get_number(from, root, "first", UINT16_MAX, 0, &first);
	if (!error)
		error = get_flag(from, root, "cycles", &cycles);
	if (!error)
		error = get_number(from, root, "spare", UINT8_MAX, 0, &spare);
	if (error)
		return error;
	/* Without the first three bytes there are none but these. */
	if (!node_find(root, "first"))
		return root->count > 4 ? fail(from, root, "document: no key first: want it")
				       : put_hex(from, root, "rest", to);
	put(to, 1,
	    (kind | (node_find(root, "producer") ? SCRIPT_PRODUCED : 0) |
	     (cycles ? SCRIPT_CYCLES : 0)) ^
		    spare);
	put(to, 2, first);
	/* A kind that the head names in another way is still that kind. */
	error = load_parts(from, root, script_kind((uint8_t)(kind ^ spare)), to);
	return error ? error : put_hex(from, root, "rest", to);
}

int fetch_text_load(const char *name, const char *text, size_t size, bool swapped,
		    uint8_t *ret_bytes, size_t *ret_len, char ret_error[TEXT_ERROR_SIZE])
{
	const struct source from = {.name = name, .text = text, .size = size, .error = ret_error};
	struct writer to = {.bytes = ret_bytes, .swapped = swapped};
	struct node root;
	int error = node_read(&from, &root);

	if (error)
		return error;
	error = load_root(&from, &root, &to);
	if (!error && to.used > INFO_LEN_MAX)
		error = fail(&from, &root, "too long: want at most %u bytes", INFO_LEN_MAX);
	node_free(&root);
	*ret_len = to.used;
	return error;
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	fputc('"', out);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", bytes[i]);
	fputs("\"\n", out);
}

/* A buffer's lines, each four columns in. */
static int dump_buffer(FILE *out, const struct script_reply *reply, enum info_kind kind,
		       bool swapped)
{
	char *text = NULL, *line;
	size_t size = 0;
	FILE *const memory = open_memstream(&text, &size);
	struct chain chain;

	if (!memory || chain_read_as(reply->bytes, reply->size, kind, swapped, &chain)) {
		if (memory)
			fclose(memory);
		free(text);
		return -ENOMEM;
	}
	text_dump_body(memory, &chain);
	chain_free(&chain);
	fclose(memory);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		fprintf(out, "    %s\n", line);
	free(text);
	return 0;
}

static int dump_reply(FILE *out, const struct script_reply *reply, enum info_kind kind,
		      bool swapped)
{
	fprintf(out, "  - said: %u\n", reply->said);
	if (reply->how & REPLY_FAILS)
		fputs("    fails: true\n", out);
	if (reply->how & REPLY_RELATIVE)
		fputs("    relative: true\n", out);
	if (reply->how & REPLY_MESSAGE)
		fputs("    message: true\n", out);
	if (reply->delta)
		fprintf(out, "    delta: %u\n", (uint8_t)reply->delta);
	if (reply->how & REPLY_SPARE)
		fprintf(out, "    spare: %#x\n", reply->how & REPLY_SPARE);
	return dump_buffer(out, reply, kind, swapped);
}

static void dump_producer(FILE *out, const struct script *script)
{
	if (script_key(script->producer) == script->key)
		fprintf(out, "producer: %s\n", script->producer->name);
	else
		fprintf(out, "producer: %#x\n", script->key);
	fprintf(out, "flags: %#x\n", script->state.flags);
	if (script->state.ncaps)
		fputs("caps:\n", out);
	for (size_t i = 0; i < script->state.ncaps; i++) {
		const struct producer_cap *const cap = &script->caps[i];

		fprintf(out, "  - id: %u\n    version: %u\n    said: %u\n    payload: ", cap->id,
			cap->version, script->said[i]);
		print_hex(out, cap->payload, cap->size);
	}
}

int fetch_text_dump(FILE *out, const uint8_t *bytes, size_t len, bool swapped)
{
	static struct script script;
	int error = 0;
	uint8_t head;

	script_read(bytes, len, &script);
	fputs("kind: fetch\n", out);
	if (len >= 3) {
		head = (uint8_t)(script.head & SCRIPT_CYCLES);
		if (script.producer) {
			head |= SCRIPT_PRODUCED;
		} else {
			fprintf(out, "about: %s\n", info_kind_name(script.kind));
			head |= script.kind == INFO_IOMMU ? 2 : script.kind == INFO_REGION ? 1 : 0;
		}
		fprintf(out, "first: %u\n", script.first);
		if (script.head & SCRIPT_CYCLES)
			fputs("cycles: true\n", out);
		if (head != script.head)
			fprintf(out, "spare: %#x\n", head ^ script.head);
	}
	if (script.producer)
		dump_producer(out, &script);
	if (script.nreplies)
		fputs("replies:\n", out);
	for (size_t i = 0; i < script.nreplies && !error; i++)
		error = dump_reply(out, &script.replies[i], script.kind, swapped);
	if (script.nrest) {
		fputs("rest: ", out);
		print_hex(out, script.rest, script.nrest);
	}
	return error;
}
