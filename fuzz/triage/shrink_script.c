/* SPDX-License-Identifier: MIT */
/* Steps on the script, then each reply through shrink(); see shrink_script.h. */
#include "shrink_script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../fetch/script_model.h"

/* Numbers of a script that are no reply's or capability's own bytes. */
#define OUTER_MAX (4 + 4 * SCRIPT_PARTS)

/* @unplain of the @count values are not what they are in a plain script. */
struct outer {
	uint32_t value[OUTER_MAX];
	size_t count;
	size_t unplain;
};

/**
 * struct shrinking_script - one run
 * @now, @now_len: the smallest so far
 * @model: the same, as steps edit it; whatever comes of a try, it is @now again after it
 * @outer: its numbers
 */
struct shrinking_script {
	uint8_t now[INFO_LEN_MAX];
	size_t now_len;
	uint8_t next[INFO_LEN_MAX];
	struct script_model model;
	struct outer outer;
	shrink_keeps *keeps;
	void *context;
	size_t calls;
	size_t calls_max;
	bool spent;
	int error;
};

static void add(struct outer *outer, uint32_t value, uint32_t plain)
{
	outer->unplain += value != plain;
	outer->value[outer->count++] = value;
}

static void measure(const struct script_model *model, struct outer *ret_outer)
{
	const bool produced = script_model_produced(model);
	const uint8_t kind = model->head & SCRIPT_KIND;

	ret_outer->count = ret_outer->unplain = 0;
	add(ret_outer, model->head,
	    produced		  ? SCRIPT_PRODUCED
	    : kind == SCRIPT_KIND ? 1u
				  : (uint32_t)kind);
	add(ret_outer, model->first, layout_infos[script_model_kind(model)].full);
	add(ret_outer, model->key, produced ? script_key(script_producer(model->key)) : 0);
	add(ret_outer, model->flags, 0);
	for (size_t i = 0; i < model->nparts; i++) {
		const struct script_part *const part = &model->parts[i];

		add(ret_outer, part->how, 0);
		add(ret_outer, (uint8_t)part->delta, 0);
		add(ret_outer, part->version, produced);
		/* What is announced and not there has one plain value: nothing. */
		add(ret_outer, part->said - part->size, 0);
	}
}

static bool is_smaller(const struct outer *a, const struct outer *b)
{
	if (a->unplain != b->unplain)
		return a->unplain < b->unplain;
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->value[i] != b->value[i])
			return a->value[i] < b->value[i];
	return false;
}

/* The model of what is smallest so far, for the next step. */
static void start(struct shrinking_script *s)
{
	script_model_read(s->now, s->now_len, &s->model);
	measure(&s->model, &s->outer);
}

static bool ask(struct shrinking_script *s, size_t len)
{
	if (s->calls == s->calls_max) {
		s->spent = true;
		return false;
	}
	s->calls++;
	return s->keeps(s->context, s->next, len);
}

/* Takes the @len bytes at next where they are smaller and keep what is to be kept: true. */
static bool try_bytes(struct shrinking_script *s, size_t len, bool smaller)
{
	const bool taken =
		!s->spent && (len < s->now_len || (len == s->now_len && smaller)) && ask(s, len);

	if (taken) {
		memcpy(s->now, s->next, len);
		s->now_len = len;
	}
	start(s);
	return taken;
}

/* The same of the edited model. */
static bool try_model(struct shrinking_script *s)
{
	struct outer outer;

	measure(&s->model, &outer);
	return try_bytes(s, script_model_write(&s->model, INFO_LEN_MAX, s->next),
			 is_smaller(&outer, &s->outer));
}

/* Takes @size bytes off the end, as many at once as there can be. */
static bool cut_tail(struct shrinking_script *s)
{
	bool any = false;

	for (size_t count = s->now_len; count;) {
		memcpy(s->next, s->now, s->now_len - count);
		if (try_bytes(s, s->now_len - count, false))
			any = true;
		else
			count /= 2;
		if (count > s->now_len)
			count = s->now_len;
	}
	return any;
}

static bool drop_rest(struct shrinking_script *s)
{
	if (!s->model.nrest)
		return false;
	s->model.nrest = 0;
	return try_model(s);
}

static bool drop_parts(struct shrinking_script *s)
{
	bool any = false;

	for (size_t count = shrink_top_bit(s->model.nparts); count; count /= 2)
		for (size_t i = 0; i + count <= s->model.nparts;) {
			script_model_drop(&s->model, i, count);
			if (try_model(s))
				any = true;
			else
				i += count;
		}
	return any;
}

/*
 * Shortens a part at its end; @follows: every reply that wants as many bytes as it had wants those
 * that it has, as they would of one producer.
 */
static bool shorten(struct shrinking_script *s, size_t i, size_t count, bool follows)
{
	struct script_model *const model = &s->model;
	const uint32_t had = model->parts[i].size;

	script_model_resize(model, &model->parts[i], had - count);
	for (size_t n = 0; follows && n < model->nparts; n++) {
		const struct script_part *const part = &model->parts[n];

		if (part->size >= 4 && layout_load(part->bytes, 4) == had)
			layout_store(part->bytes, 4, had - count);
	}
	return try_model(s);
}

static bool shorten_parts(struct shrinking_script *s)
{
	bool any = false;

	for (size_t i = 0; i < s->model.nparts; i++)
		for (size_t count = shrink_top_bit(s->model.parts[i].size); count;) {
			if (count <= s->model.parts[i].size &&
			    (shorten(s, i, count, !script_model_produced(&s->model)) ||
			     shorten(s, i, count, false)))
				any = true;
			else
				count /= 2;
		}
	return any;
}

/*
 * Gives the number at @at, in the model, its plain value, or 0, or one that is lower by powers of
 * two.
 */
static bool lower16(struct shrinking_script *s, uint16_t *at, uint16_t plain)
{
	bool any = false;

	if (*at == plain)
		return false;
	*at = plain;
	if (try_model(s))
		return true;
	*at = 0;
	if (try_model(s))
		return true;
	for (uint32_t by = 1u << 15; by; by /= 2)
		while (*at >= by) {
			*at = (uint16_t)(*at - by);
			if (!try_model(s))
				break;
			any = true;
		}
	return any;
}

/* The bits of @at that are set, one after the other. */
static bool clear_bits(struct shrinking_script *s, uint8_t *at)
{
	bool any = false;

	for (unsigned int bit = 0; bit < 8; bit++) {
		if (!(*at >> bit & 1))
			continue;
		*at = (uint8_t)(*at & ~(1u << bit));
		any |= try_model(s);
	}
	return any;
}

/* The same of a delta, as a number without a sign. */
static bool lower_delta(struct shrinking_script *s, int8_t *at)
{
	bool any = false;

	if (!*at)
		return false;
	*at = 0;
	if (try_model(s))
		return true;
	for (unsigned int by = 1u << 7; by; by /= 2)
		while ((uint8_t)*at >= by) {
			*at = (int8_t)((uint8_t)*at - by);
			if (!try_model(s))
				break;
			any = true;
		}
	return any;
}

static bool try_head(struct shrinking_script *s, unsigned int head)
{
	if (head == s->model.head)
		return false;
	s->model.head = (uint8_t)head;
	return try_model(s);
}

static bool plain_head(struct shrinking_script *s)
{
	struct script_model *const model = &s->model;
	/* The kind of a producer's script is the producer's. */
	const unsigned int meant =
		script_model_produced(model) ? SCRIPT_PRODUCED : SCRIPT_KIND | SCRIPT_CYCLES;
	bool any;

	if (!model->headed)
		return false;
	any = try_head(s, model->head & meant);
	if ((model->head & SCRIPT_KIND) == SCRIPT_KIND)
		any |= try_head(s, (model->head & ~(unsigned int)SCRIPT_KIND) | 1);
	any |= try_head(s, model->head & ~(unsigned int)SCRIPT_CYCLES);
	return lower16(s, &model->first, (uint16_t)layout_infos[script_model_kind(model)].full) ||
	       any;
}

static bool plain_producer(struct shrinking_script *s)
{
	struct script_model *const model = &s->model;
	bool any;

	if (!model->named)
		return false;
	any = lower16(s, &model->key, script_key(script_producer(model->key)));
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(model->flags >> bit & 1))
			continue;
		model->flags &= ~(UINT32_C(1) << bit);
		any |= try_model(s);
	}
	return any;
}

static bool plain_parts(struct shrinking_script *s)
{
	struct script_model *const model = &s->model;
	bool any = false;

	for (size_t i = 0; i < model->nparts; i++) {
		struct script_part *const part = &model->parts[i];

		part->said = part->size;
		any |= try_model(s);
		any |= clear_bits(s, &part->how);
		any |= lower_delta(s, &part->delta);
		if (script_model_produced(model))
			any |= lower16(s, &part->version, 1);
	}
	return any;
}

/* One reply while shrink() works on it. */
struct reply_goal {
	struct shrinking_script *s;
	size_t part;
};

/* Whether the script keeps it with @len bytes at @bytes for the reply's. */
static bool keeps_reply(void *context, const uint8_t *bytes, size_t len)
{
	const struct reply_goal *const goal = context;
	struct shrinking_script *const s = goal->s;
	struct script_part *const part = &s->model.parts[goal->part];
	const struct script_part was = *part;
	bool kept;

	/* It is only read. */
	part->bytes = (uint8_t *)(uintptr_t)bytes;
	part->size = part->said = (uint16_t)len;
	kept = ask(s, script_model_write(&s->model, INFO_LEN_MAX, s->next));
	*part = was;
	return kept;
}

/* Each reply by the chain's structure and by its bytes, with all the rest as it is. */
static bool shrink_replies(struct shrinking_script *s)
{
	static uint8_t bytes[INFO_LEN_MAX];
	struct shrink_result result;
	bool any = false;

	for (size_t i = 0; i < s->model.nparts && !script_model_produced(&s->model); i++) {
		struct reply_goal goal = {.s = s, .part = i};
		struct script_part *const part = &s->model.parts[i];
		size_t len = part->size;

		/*
		 * Where what is announced and not there is needed, the reply is as short as it can
		 * be.
		 */
		if (s->spent || part->said != part->size)
			continue;
		if (len)
			memcpy(bytes, part->bytes, len);
		s->error = shrink(bytes, &len, script_model_kind(&s->model), keeps_reply, &goal,
				  s->calls_max - s->calls, &result);
		if (s->error)
			return false;
		if (len == part->size && (!len || memcmp(bytes, part->bytes, len) == 0))
			continue;
		part->bytes = bytes;
		part->size = part->said = (uint16_t)len;
		s->now_len = script_model_write(&s->model, INFO_LEN_MAX, s->now);
		start(s);
		any = true;
	}
	return any;
}

/* Bytes of what a producer tells: taken out, then 0, then lower. */
static bool lower_payload(struct shrinking_script *s, size_t i)
{
	bool any = false;

	for (size_t at = 0; at < s->model.parts[i].size; at++) {
		const uint8_t was = s->model.parts[i].bytes[at];

		for (unsigned int by = was; by; by /= 2) {
			s->model.parts[i].bytes[at] = (uint8_t)(was - by);
			if (try_bytes(s, script_model_write(&s->model, INFO_LEN_MAX, s->next),
				      true)) {
				any = true;
				break;
			}
		}
	}
	return any;
}

static bool lower_payloads(struct shrinking_script *s)
{
	bool any = false;

	for (size_t i = 0; i < s->model.nparts && script_model_produced(&s->model); i++)
		any |= lower_payload(s, i);
	return any;
}

static bool all_steps(struct shrinking_script *s)
{
	static bool (*const steps[])(struct shrinking_script *) = {
		cut_tail,    drop_rest,	     drop_parts,     shorten_parts,  plain_head,
		plain_parts, plain_producer, shrink_replies, lower_payloads,
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !s->error; i++)
		any |= steps[i](s);
	return any;
}

int shrink_script(uint8_t *bytes, size_t *len, shrink_keeps *keeps, void *context, size_t calls_max,
		  struct shrink_result *ret_result)
{
	struct shrinking_script *const s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		return -ENOMEM;
	s->keeps = keeps;
	s->context = context;
	s->calls_max = calls_max;
	if (*len)
		memcpy(s->now, bytes, *len);
	s->now_len = *len;
	start(s);
	while (!s->error && !s->spent && all_steps(s))
		;
	memcpy(bytes, s->now, s->now_len);
	*len = s->now_len;
	*ret_result = (struct shrink_result){.calls = s->calls, .minimal = !s->spent};
	error = s->error;
	free(s);
	return error;
}
