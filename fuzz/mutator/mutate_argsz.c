/* SPDX-License-Identifier: MIT */
/* Operators on what replies ask for, one at a time and from reply to reply, and on who answers. */
#include <string.h>

#include "mutate_script_ops.h"

/* A step from one argsz to the next: a capability header's 8 bytes, mostly. */
static uint32_t step(struct script_mutation *t)
{
	static const uint32_t steps[] = {8, 8, 8, 1, 4, 16, 24, 64};

	return steps[random_of(&t->m, sizeof(steps) / sizeof(steps[0]))];
}

/* What a loop has to be ready for; the first are those of the table of scripts. */
static uint32_t some_argsz(struct script_mutation *t, const struct script_part *reply)
{
	const struct layout_info *const layout = script_layout(t);
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
		t->model->first,
		script_field(reply, 0) + by,
		script_field(reply, 0) - by,
		odd,
	};

	return values[random_of(&t->m, sizeof(values) / sizeof(values[0]))];
}

/* The reply says so itself. */
static bool say(struct script_mutation *t, struct script_part *reply, uint32_t argsz)
{
	const bool relative = reply->how & REPLY_RELATIVE;

	reply->how = (uint8_t)(reply->how & ~REPLY_RELATIVE);
	return script_set_field(t, reply, 0, argsz) || relative;
}

static bool value(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);

	return reply && say(t, reply, some_argsz(t, reply));
}

/* It wants so many more, or less, than whatever it was asked with. */
static bool relative(struct script_mutation *t)
{
	static const int8_t deltas[] = {8, 8, 8, 1, 4, -1, -4, -8, 0, INT8_MAX, INT8_MIN};
	struct script_part *const reply = script_some(t);
	const int8_t delta = deltas[random_of(&t->m, sizeof(deltas) / sizeof(deltas[0]))];

	if (!reply || (reply->how & REPLY_RELATIVE && reply->delta == delta))
		return false;
	reply->how |= REPLY_RELATIVE;
	reply->delta = delta;
	return true;
}

static bool absolute(struct script_mutation *t)
{
	struct script_part *const reply = script_some(t);

	if (!reply || !(reply->how & REPLY_RELATIVE))
		return false;
	reply->how = (uint8_t)(reply->how & ~REPLY_RELATIVE);
	reply->delta = 0;
	return true;
}

/* From the first reply on each wants one step more than the one before, or one less. */
static bool stairs(struct script_mutation *t, bool up)
{
	struct script_model *const model = t->model;
	uint32_t argsz, by = step(t);

	if (model->nparts < 2)
		return false;
	argsz = script_field(&model->parts[0], 0);
	if (argsz < script_layout(t)->full)
		argsz = script_layout(t)->full;
	if (!up)
		argsz += by * (uint32_t)model->nparts;
	for (size_t i = 0; i < model->nparts; i++, argsz += up ? by : 0 - by)
		say(t, &model->parts[i], argsz);
	return true;
}

/* Each one step more than the one before, or for ever a step more than it was asked with. */
static bool grow(struct script_mutation *t)
{
	struct script_model *const model = t->model;
	const int8_t by = (int8_t)step(t);

	if (!model->nparts || random_one_in(&t->m, 2))
		return stairs(t, true);
	for (size_t i = 0; i < model->nparts; i++) {
		model->parts[i].how = REPLY_RELATIVE;
		model->parts[i].delta = by;
	}
	return true;
}

static bool shrink(struct script_mutation *t)
{
	return stairs(t, false);
}

/* All want what one wants. */
static bool repeat(struct script_mutation *t)
{
	const struct script_part *const reply = script_some(t);
	const uint32_t argsz = reply ? script_field(reply, 0) : 0;
	bool any = false;

	for (size_t i = 0; i < t->model->nparts; i++)
		any |= say(t, &t->model->parts[i], argsz);
	return any;
}

/* Two sizes in turn, for ever. */
static bool oscillate(struct script_mutation *t)
{
	struct script_model *const model = t->model;
	struct script_part *const reply = script_some(t);
	uint32_t argsz[2];

	if (!reply || model->nparts == MUTATE_PARTS_MAX ||
	    (model->nparts == 1 && !script_model_insert(model, 1, reply)))
		return false;
	argsz[0] = some_argsz(t, reply);
	argsz[1] = argsz[0] + step(t);
	for (size_t i = 0; i < model->nparts; i++)
		say(t, &model->parts[i], argsz[i % 2]);
	model->head |= SCRIPT_CYCLES;
	return true;
}

/* Whether after the last reply comes the first. */
static bool cycles(struct script_mutation *t)
{
	t->model->head ^= SCRIPT_CYCLES;
	return true;
}

static bool about(struct script_mutation *t)
{
	const uint8_t kind = (uint8_t)random_of(&t->m, 3);

	if ((t->model->head & SCRIPT_KIND) == kind)
		return false;
	t->model->head = (uint8_t)((t->model->head & ~SCRIPT_KIND) | kind);
	return true;
}

/* The caller's first argsz. */
static bool first(struct script_mutation *t)
{
	const struct script_part *const reply = script_some(t);
	const struct layout_info *const layout = script_layout(t);
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
		reply && !script_model_produced(t->model) ? script_field(reply, 0) : 4096,
		SCRIPT_NEED_MAX,
		odd,
	};
	const uint16_t was = t->model->first;

	t->model->first = (uint16_t)values[random_of(&t->m, sizeof(values) / sizeof(values[0]))];
	return t->model->first != was;
}

const struct script_op script_argsz_ops[] = {
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
const size_t script_argsz_op_count = sizeof(script_argsz_ops) / sizeof(script_argsz_ops[0]);
