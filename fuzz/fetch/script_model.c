/* SPDX-License-Identifier: MIT */
/* Scripts to structs and back; see script_model.h. script.h has the format. */
#include "script_model.h"

#include <string.h>

static void take_replies(const struct script *script, struct script_model *model)
{
	model->nparts = script->nreplies;
	for (size_t i = 0; i < model->nparts; i++) {
		const struct script_reply *const reply = &script->replies[i];

		model->parts[i] = (struct script_part){
			.how = reply->how,
			.delta = reply->delta,
			.said = reply->said,
			.size = (uint16_t)reply->size,
			.bytes = model->pool + (reply->bytes - model->pool),
		};
	}
}

static void take_caps(const struct script *script, struct script_model *model)
{
	model->nparts = script->state.ncaps;
	for (size_t i = 0; i < model->nparts; i++) {
		const struct producer_cap *const cap = &script->caps[i];

		model->parts[i] = (struct script_part){
			.id = cap->id,
			.version = cap->version,
			.said = script->said[i],
			.size = (uint16_t)cap->size,
			.bytes = model->pool + (cap->payload - model->pool),
		};
	}
}

void script_model_read(const uint8_t *bytes, size_t size, struct script_model *ret_model)
{
	static struct script script;
	struct script_model *const model = ret_model;

	if (size > INFO_LEN_MAX)
		size = INFO_LEN_MAX;
	if (size)
		memcpy(model->pool, bytes, size);
	model->used = size;
	script_read(model->pool, size, &script);
	model->headed = size >= 3;
	model->head = script.head;
	model->first = script.first;
	model->named = script.producer != NULL;
	model->key = model->named ? script.key : 0;
	model->flags = model->named ? script.state.flags : 0;
	if (script_model_produced(model))
		take_caps(&script, model);
	else
		take_replies(&script, model);
	model->rest = script.rest;
	model->nrest = script.nrest;
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

static void put_part(struct writer *to, const struct script_model *model, size_t i)
{
	const struct script_part *const part = &model->parts[i];
	const bool last = i + 1 == model->nparts && !model->nrest;

	if (script_model_produced(model)) {
		put(to, 2, part->id);
		put(to, 2, part->version);
	} else {
		put(to, 1, part->how);
		put(to, 1, (uint8_t)part->delta);
	}
	put(to, 2, last && part->said > part->size ? part->said : part->size);
	put_bytes(to, part->bytes, part->size);
}

size_t script_model_write(const struct script_model *model, size_t max, uint8_t *ret_bytes)
{
	struct writer to = {.bytes = ret_bytes, .max = max};

	if (model->headed) {
		put(&to, 1, model->head);
		put(&to, 2, model->first);
	}
	if (model->headed && model->named && script_model_produced(model)) {
		put(&to, 2, model->key);
		put(&to, 4, model->flags);
	}
	for (size_t i = 0; i < model->nparts; i++)
		put_part(&to, model, i);
	put_bytes(&to, model->rest, model->nrest);
	return to.used;
}

bool script_model_produced(const struct script_model *model)
{
	return model->headed && model->head & SCRIPT_PRODUCED;
}

enum info_kind script_model_kind(const struct script_model *model)
{
	return script_model_produced(model) && model->named ? script_producer(model->key)->kind
							    : script_kind(model->head);
}

bool script_model_resize(struct script_model *model, struct script_part *part, size_t size)
{
	uint8_t *bytes = part->bytes;

	if (size > part->size) {
		/* The new bytes lie inside the pool. */
		if (size > UINT16_MAX || size > SCRIPT_MODEL_POOL - model->used)
			return false;
		bytes = model->pool + model->used;
		model->used += size;
		if (part->size)
			memcpy(bytes, part->bytes, part->size);
		memset(bytes + part->size, 0, size - part->size);
	}
	part->bytes = bytes;
	part->said = part->size = (uint16_t)size;
	return true;
}

struct script_part *script_model_insert(struct script_model *model, size_t at,
					const struct script_part *part)
{
	struct script_part copy = *part;

	copy.size = 0;
	if (model->nparts == SCRIPT_PARTS || !script_model_resize(model, &copy, part->size))
		return NULL;
	if (part->size)
		memcpy(copy.bytes, part->bytes, part->size);
	memmove(&model->parts[at + 1], &model->parts[at],
		(model->nparts - at) * sizeof(model->parts[0]));
	model->parts[at] = copy;
	model->nparts++;
	return &model->parts[at];
}

void script_model_drop(struct script_model *model, size_t at, size_t count)
{
	model->nparts -= count;
	memmove(&model->parts[at], &model->parts[at + count],
		(model->nparts - at) * sizeof(model->parts[0]));
}
