/* SPDX-License-Identifier: MIT */
/*
 * libyaml's events become nodes. libyaml keeps no limit on depth and stops at no second document;
 * this file does both.
 */
#include "text_node.h"

#include <yaml.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const struct source *from;
	yaml_parser_t parser;
};

/* Keeps the error one line, whatever the text that it quotes. */
static void clean(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

int fail_at(const struct source *from, size_t line, size_t column, const char *format, ...)
{
	const int start =
		snprintf(from->error, TEXT_ERROR_SIZE, "%s:%zu:%zu: ", from->name, line, column);
	va_list values;

	/* The place fitted, and so does the start of what follows. */
	if (start >= 0 && start < TEXT_ERROR_SIZE) {
		va_start(values, format);
		vsnprintf(from->error + start, TEXT_ERROR_SIZE - (size_t)start, format, values);
		va_end(values);
	}
	clean(from->error);
	return -EINVAL;
}

int fail_memory(const struct source *from)
{
	snprintf(from->error, TEXT_ERROR_SIZE, "%s: out of memory", from->name);
	clean(from->error);
	return -ENOMEM;
}

static int fail_event(const struct reader *reader, const yaml_event_t *event, const char *what)
{
	return fail_at(reader->from, event->start_mark.line + 1, event->start_mark.column + 1, "%s",
		       what);
}

/* The place of a byte that is no text; libyaml knows only its offset. */
static int fail_byte(const struct reader *reader)
{
	const struct source *const from = reader->from;
	size_t line = 1;
	size_t column = 1;

	/* Only bytes of the text are looked at. */
	for (size_t i = 0; i < reader->parser.problem_offset && i < from->size; i++) {
		const unsigned char byte = (unsigned char)from->text[i];

		if (byte == '\n') {
			line++;
			column = 1;
		} else if ((byte & 0xc0) != 0x80) {
			column++;
		}
	}
	return fail_at(from, line, column, "not text (%s): want UTF-8 without control characters",
		       reader->parser.problem);
}

static int next_event(struct reader *reader, yaml_event_t *ret_event)
{
	const yaml_parser_t *const parser = &reader->parser;

	if (yaml_parser_parse(&reader->parser, ret_event))
		return 0;
	if (parser->error == YAML_MEMORY_ERROR)
		return fail_memory(reader->from);
	if (parser->error == YAML_READER_ERROR)
		return fail_byte(reader);
	return fail_at(reader->from, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
		       "not YAML: %s", parser->problem);
}

static int read_node(struct reader *reader, const yaml_event_t *event, int depth,
		     struct node *ret_node);

/* One more child, which @event starts. */
static int read_child(struct reader *reader, const yaml_event_t *event, int depth,
		      struct node *node)
{
	/* Room doubles whenever the count is 0 or a power of two. */
	if (!(node->count & (node->count - 1))) {
		struct node *const child = reallocarray(
			node->child, node->count ? 2 * node->count : 1, sizeof(*child));

		if (!child)
			return fail_memory(reader->from);
		node->child = child;
	}
	return read_node(reader, event, depth, &node->child[node->count++]);
}

/* Children up to the event that ends their list or mapping. */
static int read_children(struct reader *reader, yaml_event_type_t last, int depth,
			 struct node *node)
{
	for (;;) {
		yaml_event_t event;
		int error = next_event(reader, &event);
		bool end;

		if (error)
			return error;
		end = event.type == last;
		if (!end)
			error = read_child(reader, &event, depth, node);
		yaml_event_delete(&event);
		if (end || error)
			return error;
	}
}

static int read_scalar(const struct reader *reader, const yaml_event_t *event, struct node *node)
{
	const size_t size = event->data.scalar.length;

	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = malloc(size + 1);
	if (!node->text)
		return fail_memory(reader->from);
	memcpy(node->text, event->data.scalar.value, size);
	node->text[size] = '\0';
	node->size = size;
	return 0;
}

/* The node that @event starts. It is whole enough to be freed even after a failure. */
static int read_node(struct reader *reader, const yaml_event_t *event, int depth,
		     struct node *ret_node)
{
	const yaml_char_t *anchor;
	const yaml_char_t *tag;

	*ret_node = (struct node){0};
	ret_node->line = event->start_mark.line + 1;
	ret_node->column = event->start_mark.column + 1;
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		ret_node->type = NODE_SCALAR;
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		ret_node->type = NODE_LIST;
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		ret_node->type = NODE_MAP;
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default:
		return fail_event(reader, event, "an alias: want the value itself");
	}
	if (anchor || tag)
		return fail_event(reader, event, "an anchor or tag: want the value alone");
	if (ret_node->type == NODE_SCALAR)
		return read_scalar(reader, event, ret_node);
	/* The recursion, here and in node_free(), is NODE_DEPTH deep at most. */
	if (depth > NODE_DEPTH)
		return fail(reader->from, ret_node, "nested too deep: want at most %d levels",
			    NODE_DEPTH);
	return read_children(reader,
			     ret_node->type == NODE_LIST ? YAML_SEQUENCE_END_EVENT
							 : YAML_MAPPING_END_EVENT,
			     depth + 1, ret_node);
}

/* The next event, which must be of @type; @wanted says so. */
static int expect(struct reader *reader, yaml_event_type_t type, const char *wanted)
{
	yaml_event_t event;
	int error = next_event(reader, &event);

	if (error)
		return error;
	if (event.type != type)
		error = fail_event(reader, &event, wanted);
	yaml_event_delete(&event);
	return error;
}

/* The one document of the text; @ret_root as in read_node(). */
static int read_document(struct reader *reader, struct node *ret_root)
{
	yaml_event_t event;
	int error = expect(reader, YAML_STREAM_START_EVENT, "want text");

	if (!error)
		error = expect(reader, YAML_DOCUMENT_START_EVENT,
			       "nothing here: want one document with kind");
	if (!error)
		error = next_event(reader, &event);
	if (error)
		return error;
	error = read_node(reader, &event, 1, ret_root);
	yaml_event_delete(&event);
	if (!error)
		error = expect(reader, YAML_DOCUMENT_END_EVENT, "want the document to end");
	if (!error)
		error = expect(reader, YAML_STREAM_END_EVENT, "a second document: want one");
	return error;
}

int node_read(const struct source *from, struct node *ret_root)
{
	struct reader reader = {.from = from};
	struct node root = {0};
	int error;

	if (!yaml_parser_initialize(&reader.parser))
		return fail_memory(from);
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)from->text, from->size);
	error = read_document(&reader, &root);
	yaml_parser_delete(&reader.parser);
	if (error)
		node_free(&root);
	else
		*ret_root = root;
	return error;
}

void node_free(struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node_free(&node->child[i]);
	free(node->child);
	free(node->text);
}

bool node_is(const struct node *node, const char *text)
{
	/* Lengths first: a quoted scalar may have a zero byte inside. */
	return node->type == NODE_SCALAR && node->size == strlen(text) && !strcmp(node->text, text);
}

const struct node *node_find(const struct node *map, const char *key)
{
	/* Keys and values come in pairs. */
	for (size_t i = 0; i + 1 < map->count; i += 2)
		if (node_is(&map->child[i], key))
			return &map->child[i + 1];
	return NULL;
}
