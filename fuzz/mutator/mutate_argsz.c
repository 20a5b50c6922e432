/* SPDX-License-Identifier: MIT */
/* Operators on what replies ask for, one at a time and from reply to reply, and on who answers. */
#include <string.h>

#include "mutate_talk_ops.h"

/* A step from one argsz to the next: a capability header's 8 bytes, mostly. */
static uint32_t step(struct talking *t)
{
	static const uint32_t steps[] = {8, 8, 8, 1, 4, 16, 24, 64};

	return steps[random_of(&t->m, sizeof(steps) / sizeof(steps[0]))];
}

/* What a loop has to be ready for; the first are those of the table of scripts. */
static uint32_t some_argsz(struct talking *t, const struct talk_part *reply)
{
	const struct layout_info *const layout = talk_layout(t);
	/* Draws stand in statements of their own: an initializer has no order. */
	const uint32_t by = step(t), odd = (uint32_t)mutate_odd_value(&t->m);
	const uint32_t values[] = {
		4,
		20,
		0,
		UINT32_MAX,
		reply->size,
		reply->size + 8u,
		layout->full,
		layout->minsz,
		layout->minsz - 1u,
		t->talk->first,
		talk_field(reply, 0) + by,
		talk_field(reply, 0) - by,
		odd,
	};

	return values[random_of(&t->m, sizeof(values) / sizeof(values[0]))];
}

/* The reply says so itself. */
static bool say(struct talking *t, struct talk_part *reply, uint32_t argsz)
{
	const bool relative = reply->how & REPLY_RELATIVE;

	reply->how = (uint8_t)(reply->how & ~REPLY_RELATIVE);
	return talk_set_field(t, reply, 0, argsz) || relative;
}

static bool value(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);

	return reply && say(t, reply, some_argsz(t, reply));
}

/* It wants so many more, or less, than whatever it was asked with. */
static bool relative(struct talking *t)
{
	static const int8_t deltas[] = {8, 8, 8, 1, 4, -1, -4, -8, 0, INT8_MAX, INT8_MIN};
	struct talk_part *const reply = talk_some(t);
	const int8_t delta = deltas[random_of(&t->m, sizeof(deltas) / sizeof(deltas[0]))];

	if (!reply || (reply->how & REPLY_RELATIVE && reply->delta == delta))
		return false;
	reply->how |= REPLY_RELATIVE;
	reply->delta = delta;
	return true;
}

static bool absolute(struct talking *t)
{
	struct talk_part *const reply = talk_some(t);

	if (!reply || !(reply->how & REPLY_RELATIVE))
		return false;
	reply->how = (uint8_t)(reply->how & ~REPLY_RELATIVE);
	reply->delta = 0;
	return true;
}

/* From the first reply on each wants one step more than the one before, or one less. */
static bool stairs(struct talking *t, bool up)
{
	struct talk *const talk = t->talk;
	uint32_t argsz, by = step(t);

	if (talk->nparts < 2)
		return false;
	argsz = talk_field(&talk->parts[0], 0);
	if (argsz < talk_layout(t)->full)
		argsz = talk_layout(t)->full;
	if (!up)
		argsz += by * (uint32_t)talk->nparts;
	for (size_t i = 0; i < talk->nparts; i++, argsz += up ? by : 0 - by)
		say(t, &talk->parts[i], argsz);
	return true;
}

/* Each one step more than the one before, or for ever a step more than it was asked with. */
static bool grow(struct talking *t)
{
	struct talk *const talk = t->talk;
	const int8_t by = (int8_t)step(t);

	if (!talk->nparts || random_one_in(&t->m, 2))
		return stairs(t, true);
	for (size_t i = 0; i < talk->nparts; i++) {
		talk->parts[i].how = REPLY_RELATIVE;
		talk->parts[i].delta = by;
	}
	return true;
}

static bool shrink(struct talking *t)
{
	return stairs(t, false);
}

/* All want what one wants. */
static bool repeat(struct talking *t)
{
	const struct talk_part *const reply = talk_some(t);
	const uint32_t argsz = reply ? talk_field(reply, 0) : 0;
	bool any = false;

	for (size_t i = 0; i < t->talk->nparts; i++)
		any |= say(t, &t->talk->parts[i], argsz);
	return any;
}

/* Two sizes in turn, for ever. */
static bool oscillate(struct talking *t)
{
	struct talk *const talk = t->talk;
	struct talk_part *const reply = talk_some(t);
	uint32_t argsz[2];

	if (!reply || talk->nparts == TALK_PARTS_MAX ||
	    (talk->nparts == 1 && !talk_insert(talk, 1, reply)))
		return false;
	argsz[0] = some_argsz(t, reply);
	argsz[1] = argsz[0] + step(t);
	for (size_t i = 0; i < talk->nparts; i++)
		say(t, &talk->parts[i], argsz[i % 2]);
	talk->head |= SCRIPT_CYCLES;
	return true;
}

/* Whether after the last reply comes the first. */
static bool cycles(struct talking *t)
{
	t->talk->head ^= SCRIPT_CYCLES;
	return true;
}

static bool about(struct talking *t)
{
	const uint8_t kind = (uint8_t)random_of(&t->m, 3);

	if ((t->talk->head & SCRIPT_KIND) == kind)
		return false;
	t->talk->head = (uint8_t)((t->talk->head & ~SCRIPT_KIND) | kind);
	return true;
}

/* The caller's first argsz. */
static bool first(struct talking *t)
{
	const struct talk_part *const reply = talk_some(t);
	const struct layout_info *const layout = talk_layout(t);
	const uint32_t by = step(t), odd = (uint32_t)mutate_odd_value(&t->m);
	const uint32_t values[] = {
		0,
		4,
		16,
		20,
		layout->full,
		layout->full,
		layout->minsz,
		layout->minsz - 1u,
		layout->full + by,
		reply && !talk_produced(t->talk) ? talk_field(reply, 0) : 4096,
		SCRIPT_NEED_MAX,
		odd,
	};
	const uint16_t was = t->talk->first;

	t->talk->first = (uint16_t)values[random_of(&t->m, sizeof(values) / sizeof(values[0]))];
	return t->talk->first != was;
}

const struct talk_op talk_argsz_ops[] = {
	{"reply-argsz", value, 10, SIDE_REPLIES},
	{"argsz-relative", relative, 6, SIDE_REPLIES},
	{"argsz-absolute", absolute, 2, SIDE_REPLIES},
	{"argsz-grow", grow, 4, SIDE_REPLIES},
	{"argsz-shrink", shrink, 3, SIDE_REPLIES},
	{"argsz-repeat", repeat, 3, SIDE_REPLIES},
	{"argsz-oscillate", oscillate, 4, SIDE_REPLIES},
	{"cycles", cycles, 2, SIDE_REPLIES},
	{"about", about, 2, SIDE_REPLIES},
	{"first-argsz", first, 4, SIDE_BOTH},
};
const size_t talk_argsz_op_count = sizeof(talk_argsz_ops) / sizeof(talk_argsz_ops[0]);
