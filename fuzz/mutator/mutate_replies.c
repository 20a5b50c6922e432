/* SPDX-License-Identifier: MIT */
/* Operators on the replies of a free script: which there are, and what each brings. */
#include <string.h>

#include "mutate_talk_ops.h"

/* A reply is lengthened by at most so many bytes. */
#define LONGER_MAX 64

uint32_t talk_field(const struct talk_part *reply, uint32_t at)
{
	return at + 4 <= reply->size ? (uint32_t)layout_load(reply->bytes + at, 4) : 0;
}

bool talk_set_field(struct talking *t, struct talk_part *reply, uint32_t at, uint32_t value)
{
	if (at + 4 <= reply->size && talk_field(reply, at) == value)
		return false;
	if (at + 4 > reply->size && !talk_resize(t->talk, reply, at + 4))
		return false;
	layout_store(reply->bytes + at, 4, value);
	return true;
}

struct talk_part *talk_new_reply(struct talking *t, size_t at)
{
	const uint32_t full = talk_layout(t)->full;
	struct talk_part *const reply = talk_insert(t->talk, at, &(struct talk_part){0});

	if (!reply)
		return NULL;
	if (!talk_resize(t->talk, reply, full)) {
		talk_drop(t->talk, at, 1);
		return NULL;
	}
	layout_store(reply->bytes, 4, full);
	return reply;
}

static bool has_room(const struct talking *t)
{
	return t->talk->nparts < TALK_PARTS_MAX;
}

bool talk_swap(struct talking *t)
{
	struct talk_part *const a = talk_some(t), *const b = talk_some(t);
	struct talk_part kept;

	if (!a || a == b)
		return false;
	kept = *a;
	*a = *b;
	*b = kept;
	return true;
}

bool talk_duplicate(struct talking *t)
{
	const struct talk_part *const part = talk_some(t);
	const size_t at = part ? (size_t)(part - t->talk->parts) : 0;

	if (!part || !has_room(t))
		return false;
	return talk_insert(t->talk, random_one_in(&t->m, 4) ? t->talk->nparts : at + 1, part);
}

bool talk_leave_out(struct talking *t)
{
	const struct talk_part *const part = talk_some(t);

	if (!part)
		return false;
	talk_drop(t->talk, (size_t)(part - t->talk->parts), 1);
	return true;
}

/*
 * A reply that says what a device with nothing more to tell says, or a chain that was made for it.
 */
static bool fresh(struct talking *t)
{
	const size_t at = random_of(&t->m, t->talk->nparts + 1);
	struct talk_part *reply;

	if (!has_room(t))
		return false;
	reply = talk_new_reply(t, at);
	if (reply && !random_one_in(&t->m, 3))
		talk_mutate_reply(t, reply);
	return reply;
}

/* The call fails. */
static bool fails(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);

	if (!reply)
		return false;
	reply->how ^= REPLY_FAILS;
	return true;
}

/* The ends of what programs take for granted, and of what there is. */
static bool cut(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);
	const struct layout_info *const layout = talk_layout(t);
	const uint32_t ends[] = {0, 4, 8, layout->minsz, layout->end, layout->full};
	uint32_t size;

	if (!reply || !reply->size)
		return false;
	size = random_one_in(&t->m, 3) ? random_of(&t->m, reply->size) : ends[random_of(&t->m, 6)];
	return size < reply->size && talk_resize(t->talk, reply, size);
}

static bool extend(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);
	const uint8_t fill = random_one_in(&t->m, 2) ? 0 : (uint8_t)random_of(&t->m, 256);
	const size_t more = 1 + random_of(&t->m, LONGER_MAX), had = reply ? reply->size : 0;

	if (!reply || !talk_resize(t->talk, reply, had + more))
		return false;
	memset(reply->bytes + had, fill, more);
	return true;
}

/* One reply's chain is changed as the buffers of the other kinds are. */
static bool chain(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);

	return reply && talk_mutate_reply(t, reply);
}

static bool flip_caps(struct talking *t, struct talk_part *reply)
{
	return talk_set_field(t, reply, INFO_AT_DEVICE_flags,
			      talk_field(reply, INFO_AT_DEVICE_flags) ^ talk_layout(t)->caps_flag);
}

static bool flag(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);

	return reply && flip_caps(t, reply);
}

/* The same reply twice, but for the flag. */
static bool flag_between(struct talking *t)
{
	const struct talk_part *const reply = talk_some(t);
	struct talk_part *copy;

	if (!reply || !has_room(t))
		return false;
	copy = talk_insert(t->talk, (size_t)(reply - t->talk->parts) + 1, reply);
	return copy && flip_caps(t, copy);
}

/* The next reply claims the same capabilities, and ends with the fixed fields. */
static bool caps_vanish(struct talking *t)
{
	const struct talk_part *const reply = talk_some(t);
	const uint32_t full = talk_layout(t)->full;
	struct talk_part *copy;

	if (!reply || reply->size < full || !has_room(t))
		return false;
	copy = talk_insert(t->talk, (size_t)(reply - t->talk->parts) + 1, reply);
	if (!copy || !talk_resize(t->talk, copy, full))
		return false;
	talk_set_field(t, copy, INFO_AT_DEVICE_flags,
		       talk_field(copy, INFO_AT_DEVICE_flags) | talk_layout(t)->caps_flag);
	if (!talk_field(copy, talk_layout(t)->first.at))
		talk_set_field(t, copy, talk_layout(t)->first.at, full);
	return true;
}

/* Before a reply, what a kernel says to a caller who has no room for it yet. */
static bool asked_short(struct talking *t)
{
	const struct talk_part *const reply = talk_some(t);
	const struct layout_info *const layout = talk_layout(t);
	struct talk_part *copy;

	if (!reply || reply->size < layout->full || !has_room(t))
		return false;
	copy = talk_insert(t->talk, (size_t)(reply - t->talk->parts), reply);
	if (!copy || !talk_resize(t->talk, copy, layout->full))
		return false;
	talk_set_field(t, copy, 0, copy[1].size);
	talk_set_field(t, copy, layout->first.at, 0);
	return true;
}

static bool cap_offset(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);
	const struct layout_info *const layout = talk_layout(t);
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
		at = talk_field(reply, 0);
		break;
	default:
		at = (uint32_t)mutate_odd_value(&t->m);
	}
	return talk_set_field(t, reply, layout->first.at, at);
}

const struct talk_op talk_reply_ops[] = {
	{"reply-swap", talk_swap, 4, SIDE_REPLIES},
	{"reply-duplicate", talk_duplicate, 5, SIDE_REPLIES},
	{"reply-drop", talk_leave_out, 4, SIDE_REPLIES},
	{"reply-fresh", fresh, 5, SIDE_REPLIES},
	{"reply-fails", fails, 2, SIDE_REPLIES},
	{"reply-cut", cut, 4, SIDE_REPLIES},
	{"reply-extend", extend, 3, SIDE_REPLIES},
	{"reply-chain", chain, 10, SIDE_REPLIES},
	{"reply-flag", flag, 3, SIDE_REPLIES},
	{"flag-between", flag_between, 3, SIDE_REPLIES},
	{"caps-vanish", caps_vanish, 5, SIDE_REPLIES},
	{"asked-short", asked_short, 4, SIDE_REPLIES},
	{"cap-offset", cap_offset, 3, SIDE_REPLIES},
};
const size_t talk_reply_op_count = sizeof(talk_reply_ops) / sizeof(talk_reply_ops[0]);
