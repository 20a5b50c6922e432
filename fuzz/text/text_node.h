/* SPDX-License-Identifier: MIT */
/*
 * The tree between YAML and chain: mappings, lists and scalars that know their place.
 *
 * node_read() takes any bytes and gives a tree of one document without anchors, aliases and tags,
 * at most NODE_DEPTH deep, or one error line. What keys and values mean is text_load.c's to say.
 */
#ifndef FUZZ_TEXT_TEXT_NODE_H
#define FUZZ_TEXT_TEXT_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Document, `replies`, a reply, `caps`, a capability, `areas`, an area. */
#define NODE_DEPTH 7

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

/**
 * struct node - one node
 * @type: what it is
 * @line, @column: where it starts in the text, from 1
 * @plain: a scalar without quotes
 * @text, @size: a scalar's characters; a zero byte follows them, and may be among quoted ones
 * @child, @count: a list's items; a mapping's keys and values in turn
 */
struct node {
	enum node_type type;
	size_t line;
	size_t column;
	bool plain;
	char *text;
	size_t size;
	struct node *child;
	size_t count;
};

/* The text being read, its name in error lines, and where the error line goes. */
struct source {
	const char *name;
	const char *text;
	size_t size;
	char *error;
};

/* Write the error line and return -EINVAL (with the place of @node), or -ENOMEM. */
#define fail(from, node, ...) fail_at(from, (node)->line, (node)->column, __VA_ARGS__)
__attribute__((format(printf, 4, 5))) int fail_at(const struct source *from, size_t line,
						  size_t column, const char *format, ...);
int fail_memory(const struct source *from);

/* Reads the text. Returns 0, -EINVAL or -ENOMEM; node_free() @ret_root after a success. */
int node_read(const struct source *from, struct node *ret_root);

/* Frees what @node holds. */
void node_free(struct node *node);

/* Whether @node is the scalar @text. */
bool node_is(const struct node *node, const char *text);

/* The value of the first @key in the mapping @map, NULL where it has none. */
const struct node *node_find(const struct node *map, const char *key);

#endif
