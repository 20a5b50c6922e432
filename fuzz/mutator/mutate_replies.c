/* SPDX-License-Identifier: MIT */
/* Operators on the replies of a free script: which there are, and what each brings. */
#include <string.h>

#include "mutate_script_ops.h"

/* A reply is lengthened by at most so many bytes. */
#define LONGER_MAX 64

uint32_t script_field(const struct script_part *reply, uint32_t at)
{
	return at + 4 <= reply->size ? (uint32_t)layout_load(reply->bytes + at, 4) : 0;
}

bool script_set_field(struct script_mutation *t, struct script_part *reply, uint32_t at,
		      uint32_t value)
{
	if (at + 4 <= reply->size && script_field(reply, at) == value)
		return false;
	if (at + 4 > reply->size && !script_model_resize(t->model, reply, at + 4))
		return false;
	layout_store(reply->bytes + at, 4, value);
	return true;
}

struct script_part *script_new_reply(struct script_mutation *t, size_t at)
{
	const uint32_t full = script_layout(t)->full;
	struct script_part *const reply =
		script_model_insert(t->model, at, &(struct script_part){0});

	if (!reply)
		return NULL;
	if (!script_model_resize(t->model, reply, full)) {
		script_model_drop(t->model, at, 1);
		return NULL;
	}
	layout_store(reply->bytes, 4, full);
	return reply;
}

static bool has_room(const struct script_mutation *t)
{
	return t->model->nparts < MUTATE_PARTS_MAX;
}

bool script_swap(struct script_mutation *t)
{
	struct script_part *const a = script_some(t), *const b = script_some(t);
	struct script_part kept;

	if (!a || a == b)
		return false;
	kept = *a;
	*a = *b;
	*b = kept;
	return true;
}

bool script_duplicate(struct script_mutation *t)
{
	const struct script_part *const part = script_some(t);
	const size_t at = part ? (size_t)(part - t->model->parts) : 0;

	if (!part || !has_room(t))
		return false;
	return script_model_insert(t->model, random_one_in(&t->m, 4) ? t->model->nparts : at + 1,
				   part);
}

bool script_leave_out(struct script_mutation *t)
{
	const struct script_part *const part = script_some(t);

	if (!part)
		return false;
	script_model_drop(t->model, (size_t)(part - t->model->parts), 1);
	return true;
}

/*
 * A reply that says what a device with nothing more to tell says, or a chain that was made for it.
 */
static bool fresh(struct script_mutation *t)
{
	const size_t at = random_of(&t->m, t->model->nparts + 1);
	struct script_part *reply;

	if (!has_room(t))
		return false;
	reply = script_new_reply(t, at);
	if (reply && !random_one_in(&t->m, 3))
		script_mutate_reply(t, reply);
	return reply;
}

/* The call fails. */
static bool fails(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);

	if (!reply)
		return false;
	reply->how ^= REPLY_FAILS;
	return true;
}

/* A peer's message, which nobody cuts, or no more. */
static bool is_message(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);

	if (!reply)
		return false;
	reply->how ^= REPLY_MESSAGE;
	return true;
}

/* The ends of what programs take for granted, and of what there is. */
static bool cut(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);
	const struct layout_info *const layout = script_layout(t);
	const uint32_t ends[] = {0, 4, 8, layout->minsz, layout->end, layout->full};
	uint32_t size;

	if (!reply || !reply->size)
		return false;
	size = random_one_in(&t->m, 3) ? random_of(&t->m, reply->size) : ends[random_of(&t->m, 6)];
	return size < reply->size && script_model_resize(t->model, reply, size);
}

static bool extend(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);
	const uint8_t fill = random_one_in(&t->m, 2) ? 0 : (uint8_t)random_of(&t->m, 256);
	const size_t more = 1 + random_of(&t->m, LONGER_MAX), had = reply ? reply->size : 0;

	if (!reply || !script_model_resize(t->model, reply, had + more))
		return false;
	memset(reply->bytes + had, fill, more);
	return true;
}

/* One reply's chain is changed as the buffers of the other kinds are. */
static bool chain(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);

	return reply && script_mutate_reply(t, reply);
}

static bool flip_caps(struct script_mutation *t, struct script_part *reply)
{
	return script_set_field(t, reply, INFO_AT_DEVICE_flags,
				script_field(reply, INFO_AT_DEVICE_flags) ^
					script_layout(t)->caps_flag);
}

static bool flag(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);

	return reply && flip_caps(t, reply);
}

/* The same reply twice, but for the flag. */
static bool flag_between(struct script_mutation *t)
{
	const struct script_part *const reply = script_some(t);
	struct script_part *copy;

	if (!reply || !has_room(t))
		return false;
	copy = script_model_insert(t->model, (size_t)(reply - t->model->parts) + 1, reply);
	return copy && flip_caps(t, copy);
}

/* The next reply claims the same capabilities, and ends with the fixed fields. */
static bool caps_vanish(struct script_mutation *t)
{
	const struct script_part *const reply = script_some(t);
	const uint32_t full = script_layout(t)->full;
	struct script_part *copy;

	if (!reply || reply->size < full || !has_room(t))
		return false;
	copy = script_model_insert(t->model, (size_t)(reply - t->model->parts) + 1, reply);
	if (!copy || !script_model_resize(t->model, copy, full))
		return false;
	script_set_field(t, copy, INFO_AT_DEVICE_flags,
			 script_field(copy, INFO_AT_DEVICE_flags) | script_layout(t)->caps_flag);
	if (!script_field(copy, script_layout(t)->first.at))
		script_set_field(t, copy, script_layout(t)->first.at, full);
	return true;
}

/* Before a reply, what a kernel says to a caller who has no room for it yet. */
static bool asked_short(struct script_mutation *t)
{
	const struct script_part *const reply = script_some(t);
	const struct layout_info *const layout = script_layout(t);
	struct script_part *copy;

	if (!reply || reply->size < layout->full || !has_room(t))
		return false;
	copy = script_model_insert(t->model, (size_t)(reply - t->model->parts), reply);
	if (!copy || !script_model_resize(t->model, copy, layout->full))
		return false;
	script_set_field(t, copy, 0, copy[1].size);
	script_set_field(t, copy, layout->first.at, 0);
	return true;
}

static bool cap_offset(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);
	const struct layout_info *const layout = script_layout(t);
	uint32_t at;

	if (!reply)
		return false;
	switch (random_of(&t->m, 5)) {
	case 0:
		at = 0;
		break;
	case 1:
		at = layout->full;
		break;
	case 2:
		at = reply->size < 8 ? 8 : reply->size - 8u;
		break;
	case 3:
		at = script_field(reply, 0);
		break;
	default:
		at = (uint32_t)mutate_odd_value(&t->m);
	}
	return script_set_field(t, reply, layout->first.at, at);
}

const struct script_op script_reply_ops[] = {
	{"reply-swap", script_swap, 4, SIDE_REPLIES},
	{"reply-duplicate", script_duplicate, 5, SIDE_REPLIES},
	{"reply-drop", script_leave_out, 4, SIDE_REPLIES},
	{"reply-fresh", fresh, 5, SIDE_REPLIES},
	{"reply-fails", fails, 2, SIDE_REPLIES},
	{"reply-message", is_message, 1, SIDE_REPLIES},
	{"reply-cut", cut, 4, SIDE_REPLIES},
	{"reply-extend", extend, 3, SIDE_REPLIES},
	{"reply-chain", chain, 10, SIDE_REPLIES},
	{"reply-flag", flag, 3, SIDE_REPLIES},
	{"flag-between", flag_between, 3, SIDE_REPLIES},
	{"caps-vanish", caps_vanish, 5, SIDE_REPLIES},
	{"asked-short", asked_short, 4, SIDE_REPLIES},
	{"cap-offset", cap_offset, 3, SIDE_REPLIES},
};
const size_t script_reply_op_count = sizeof(script_reply_ops) / sizeof(script_reply_ops[0]);
