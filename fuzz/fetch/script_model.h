/* SPDX-License-Identifier: MIT */
/*
 * The editable model of a conversation: what mutator and shrinker edit, as chain.h is of one
 * buffer.
 *
 * script_model_read() takes any byte string, and script_model_write() gives exactly that string back. Whatever is
 * done to the struct in between, within what its comments say, what is written is a script
 * again.
 */
#ifndef FUZZ_FETCH_SCRIPT_MODEL_H
#define FUZZ_FETCH_SCRIPT_MODEL_H

#include "script.h"

/* Bytes that all edits of one script may take, the input's own among them. */
#define SCRIPT_MODEL_POOL (4 * INFO_LEN_MAX)

/*
 * One reply, or one capability that a producer tells. @said counts for the last part alone: what is
 * there of every other part is what was announced.
 */
struct script_part {
	uint8_t how; /* of a reply, with @delta */
	int8_t delta;
	uint16_t id; /* of a capability, with @version */
	uint16_t version;
	uint16_t said;
	uint16_t size; /* bytes at @bytes, which are in the pool */
	uint8_t *bytes;
};

/**
 * struct script_model - one input
 * @headed: it has its first three bytes: @head and @first
 * @named: with SCRIPT_PRODUCED: it has @key and @flags
 * @parts, @nparts: replies, or with SCRIPT_PRODUCED capabilities
 * @rest, @nrest: bytes at the end that mean nothing
 */
struct script_model {
	bool headed;
	uint8_t head;
	uint16_t first;
	bool named;
	uint16_t key;
	uint32_t flags;
	struct script_part parts[SCRIPT_PARTS];
	size_t nparts;
	const uint8_t *rest;
	size_t nrest;
	size_t used; /* of the pool */
	uint8_t pool[SCRIPT_MODEL_POOL];
};

/* Reads @size bytes, of which INFO_LEN_MAX count. They need not stay. */
void script_model_read(const uint8_t *bytes, size_t size, struct script_model *ret_model);

/* Writes it, or the first @max bytes of it, and returns how many. */
size_t script_model_write(const struct script_model *model, size_t max, uint8_t *ret_bytes);

/* Whether its parts are capabilities of a producer, and what the script is about. */
bool script_model_produced(const struct script_model *model);
enum info_kind script_model_kind(const struct script_model *model);

/*
 * Gives @part @size bytes, at most UINT16_MAX: those it has, as far as they go, then zeros. False,
 * with nothing changed, where the pool is at its end.
 */
bool script_model_resize(struct script_model *model, struct script_part *part, size_t size);

/* Puts a copy of @part at index @at, with bytes of its own; NULL where there is no room. */
struct script_part *script_model_insert(struct script_model *model, size_t at,
					const struct script_part *part);
void script_model_drop(struct script_model *model, size_t at, size_t count);

#endif
