/* SPDX-License-Identifier: MIT */
/* Conversations to structs and back; see talk.h. script.h has the format. */
#include "talk.h"

#include <string.h>

static void take_replies(const struct script *script, struct talk *talk)
{
	talk->nparts = script->nreplies;
	for (size_t i = 0; i < talk->nparts; i++) {
		const struct script_reply *const reply = &script->replies[i];

		talk->parts[i] = (struct talk_part){
			.how = reply->how,
			.delta = reply->delta,
			.said = reply->said,
			.size = (uint16_t)reply->size,
			.bytes = talk->pool + (reply->bytes - talk->pool),
		};
	}
}

static void take_caps(const struct script *script, struct talk *talk)
{
	talk->nparts = script->state.ncaps;
	for (size_t i = 0; i < talk->nparts; i++) {
		const struct producer_cap *const cap = &script->caps[i];

		talk->parts[i] = (struct talk_part){
			.id = cap->id,
			.version = cap->version,
			.said = script->said[i],
			.size = (uint16_t)cap->size,
			.bytes = talk->pool + (cap->payload - talk->pool),
		};
	}
}

void talk_read(const uint8_t *bytes, size_t size, struct talk *ret_talk)
{
	static struct script script;
	struct talk *const talk = ret_talk;

	if (size > INFO_LEN_MAX)
		size = INFO_LEN_MAX;
	if (size)
		memcpy(talk->pool, bytes, size);
	talk->used = size;
	script_read(talk->pool, size, &script);
	talk->headed = size >= 3;
	talk->head = script.head;
	talk->first = script.first;
	talk->named = script.producer != NULL;
	talk->key = talk->named ? script.key : 0;
	talk->flags = talk->named ? script.state.flags : 0;
	if (talk_produced(talk))
		take_caps(&script, talk);
	else
		take_replies(&script, talk);
	talk->rest = script.rest;
	talk->nrest = script.nrest;
}

/* What is written so far; what does not fit is left out. */
struct writer {
	uint8_t *bytes;
	size_t used;
	size_t max;
};

static void put_bytes(struct writer *to, const uint8_t *bytes, size_t size)
{
	/* No byte at or past max. */
	if (size > to->max - to->used)
		size = to->max - to->used;
	if (size)
		memcpy(to->bytes + to->used, bytes, size);
	to->used += size;
}

static void put(struct writer *to, unsigned int width, uint64_t value)
{
	uint8_t bytes[8];

	script_put(bytes, width, value);
	put_bytes(to, bytes, width);
}

static void put_part(struct writer *to, const struct talk *talk, size_t i)
{
	const struct talk_part *const part = &talk->parts[i];
	const bool last = i + 1 == talk->nparts && !talk->nrest;

	if (talk_produced(talk)) {
		put(to, 2, part->id);
		put(to, 2, part->version);
	} else {
		put(to, 1, part->how);
		put(to, 1, (uint8_t)part->delta);
	}
	put(to, 2, last && part->said > part->size ? part->said : part->size);
	put_bytes(to, part->bytes, part->size);
}

size_t talk_write(const struct talk *talk, size_t max, uint8_t *ret_bytes)
{
	struct writer to = {.bytes = ret_bytes, .max = max};

	if (talk->headed) {
		put(&to, 1, talk->head);
		put(&to, 2, talk->first);
	}
	if (talk->headed && talk->named && talk_produced(talk)) {
		put(&to, 2, talk->key);
		put(&to, 4, talk->flags);
	}
	for (size_t i = 0; i < talk->nparts; i++)
		put_part(&to, talk, i);
	put_bytes(&to, talk->rest, talk->nrest);
	return to.used;
}

bool talk_produced(const struct talk *talk)
{
	return talk->headed && talk->head & SCRIPT_PRODUCED;
}

enum info_kind talk_kind(const struct talk *talk)
{
	return talk_produced(talk) && talk->named ? script_producer(talk->key)->kind
						  : script_kind(talk->head);
}

bool talk_resize(struct talk *talk, struct talk_part *part, size_t size)
{
	uint8_t *bytes = part->bytes;

	if (size > part->size) {
		/* The new bytes lie inside the pool. */
		if (size > UINT16_MAX || size > TALK_POOL - talk->used)
			return false;
		bytes = talk->pool + talk->used;
		talk->used += size;
		if (part->size)
			memcpy(bytes, part->bytes, part->size);
		memset(bytes + part->size, 0, size - part->size);
	}
	part->bytes = bytes;
	part->said = part->size = (uint16_t)size;
	return true;
}

struct talk_part *talk_insert(struct talk *talk, size_t at, const struct talk_part *part)
{
	struct talk_part copy = *part;

	copy.size = 0;
	if (talk->nparts == SCRIPT_PARTS || !talk_resize(talk, &copy, part->size))
		return NULL;
	if (part->size)
		memcpy(copy.bytes, part->bytes, part->size);
	memmove(&talk->parts[at + 1], &talk->parts[at],
		(talk->nparts - at) * sizeof(talk->parts[0]));
	talk->parts[at] = copy;
	talk->nparts++;
	return &talk->parts[at];
}

void talk_drop(struct talk *talk, size_t at, size_t count)
{
	talk->nparts -= count;
	memmove(&talk->parts[at], &talk->parts[at + count],
		(talk->nparts - at) * sizeof(talk->parts[0]));
}
