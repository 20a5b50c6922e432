/* SPDX-License-Identifier: MIT */
/*
 * Operators on what a producer has to tell, on which producer it is, and the way from one to
 * replies.
 */
#include <string.h>

#include "mutate_script_ops.h"

/* Elements of a capability that is made here, at most. */
#define ELEMENTS_MAX 3

static const struct producer *producer_of(const struct script_model *model)
{
	return script_producer(model->key);
}

static bool other_producer(struct script_mutation *t)
{
	const uint16_t was = t->model->key;

	if (random_one_in(&t->m, 16))
		t->model->key = (uint16_t)random_of(&t->m, UINT16_MAX + 1);
	else
		t->model->key = script_key(&producers[random_of(&t->m, producer_count)]);
	return t->model->key != was;
}

static bool flags(struct script_mutation *t)
{
	t->model->flags ^= random_one_in(&t->m, 4) ? (uint32_t)mutate_odd_value(&t->m)
						   : 1u << random_of(&t->m, 8);
	return true;
}

/* A layout of the kind, mostly of an id that the producer writes; NULL where it has none. */
static const struct layout_cap *some_layout(struct script_mutation *t)
{
	const struct producer *const producer = producer_of(t->model);
	const size_t from = random_of(&t->m, layout_cap_count);
	const bool any = random_one_in(&t->m, 8);

	for (size_t i = 0; i < layout_cap_count; i++) {
		const struct layout_cap *const cap = &layout_caps[(from + i) % layout_cap_count];

		if (cap->kind == producer->kind && (any || info_has_id(producer->ids, cap->id)))
			return cap;
	}
	return NULL;
}

/* Makes @part what a driver hands over as @cap, with @count elements, all zero but the count. */
static bool shape(struct script_mutation *t, struct script_part *part, const struct layout_cap *cap,
		  uint32_t count)
{
	const uint32_t size = producer_cap_size(cap, cap->newest, count);

	if (size < CAP_HEADER_SIZE || !script_model_resize(t->model, part, size - CAP_HEADER_SIZE))
		return false;
	part->id = cap->id;
	part->version = cap->newest;
	if (cap->elements && part->size >= 4)
		layout_store(part->bytes + CAP_COUNT_AT - CAP_HEADER_SIZE, 4, count);
	return true;
}

static bool insert(struct script_mutation *t)
{
	const struct layout_cap *const cap = some_layout(t);
	const size_t at = random_of(&t->m, t->model->nparts + 1);
	struct script_part *part;

	if (!cap || t->model->nparts >= MUTATE_PARTS_MAX)
		return false;
	part = script_model_insert(t->model, at, &(struct script_part){0});
	return part && shape(t, part, cap, cap->elements ? random_of(&t->m, ELEMENTS_MAX + 1) : 0);
}

/* Makes it a producer's, if it is not: with one capability to tell, or none. */
static bool produce(struct script_mutation *t)
{
	struct script_model *const model = t->model;

	model->head |= SCRIPT_PRODUCED;
	model->named = true;
	model->key = script_key(&producers[random_of(&t->m, producer_count)]);
	model->flags = 0;
	model->nparts = 0;
	/* As a program that knows its struct begins. */
	model->first = (uint16_t)script_layout(t)->full;
	if (!random_one_in(&t->m, 4))
		insert(t);
	return true;
}

static bool id(struct script_mutation *t)
{
	struct script_part *const part = script_some(t);
	const struct layout_cap *const cap = some_layout(t);
	const uint16_t was = part ? part->id : 0;

	if (!part)
		return false;
	part->id = cap && !random_one_in(&t->m, 4) ? cap->id : (uint16_t)mutate_odd_value(&t->m);
	return part->id != was;
}

static bool version(struct script_mutation *t)
{
	static const uint16_t versions[] = {0, 1, 2, 3, UINT16_MAX};
	struct script_part *const part = script_some(t);
	const uint16_t to = versions[random_of(&t->m, sizeof(versions) / sizeof(versions[0]))];

	if (!part || part->version == to)
		return false;
	part->version = to;
	return true;
}

/* A word of what is told: a count, for one. */
static bool word(struct script_mutation *t)
{
	struct script_part *const part = script_some(t);
	uint32_t at;

	if (!part || part->size < 4)
		return false;
	at = random_one_in(&t->m, 2) ? 0 : 4 * random_of(&t->m, part->size / 4u);
	layout_store(part->bytes + at, 4, mutate_odd_value(&t->m));
	return true;
}

static bool size(struct script_mutation *t)
{
	struct script_part *const part = script_some(t);
	const size_t to = random_of(&t->m, 65);

	return part && to != part->size && script_model_resize(t->model, part, to);
}

/* The reply that @producer gives to @argsz, behind those that are there. */
static bool play_one(struct script_mutation *t, const struct producer *producer,
		     const struct producer_state *state, uint32_t argsz)
{
	struct script_part *const reply =
		script_model_insert(t->model, t->model->nparts, &(struct script_part){0});

	if (!reply || !script_model_resize(t->model, reply, argsz))
		return false;
	layout_store(reply->bytes, 4, argsz);
	if (producer_answer(producer, state, reply->bytes, argsz))
		reply->how = REPLY_FAILS;
	return true;
}

bool script_play(struct script_mutation *t)
{
	struct script_model *const model = t->model;
	const struct producer *const producer = producer_of(model);
	struct producer_cap caps[SCRIPT_PARTS];
	const struct producer_state state = {.flags = model->flags,
					     .num_regions = 9,
					     .num_irqs = 5,
					     .region_size = 0x100000,
					     .caps = caps,
					     .ncaps = model->nparts};
	uint32_t need;

	if (!script_model_produced(model) || !model->named)
		return false;
	for (size_t i = 0; i < model->nparts; i++)
		caps[i] = (struct producer_cap){model->parts[i].id, model->parts[i].version,
						model->parts[i].size, model->parts[i].bytes};
	need = producer_need(producer, &state);
	if (need < layout_infos[producer->kind].full || need > SCRIPT_NEED_MAX ||
	    SCRIPT_MODEL_POOL - model->used < layout_infos[producer->kind].full + need)
		return false;
	model->nparts = 0;
	model->head = (uint8_t)(producer->kind == INFO_DEVICE	? 0
				: producer->kind == INFO_REGION ? 1
								: 2);
	model->named = false;
	return play_one(t, producer, &state, layout_infos[producer->kind].full) &&
	       play_one(t, producer, &state, need);
}

/* A capability of which the producer has too many, or none that it can write. */
static bool is_foreign(const struct script_model *model, const struct script_part *part)
{
	const struct producer *const producer = producer_of(model);

	for (const struct script_part *before = model->parts; before < part; before++)
		if (before->id == part->id)
			return true;
	return !info_has_id(producer->ids, part->id) || !layout_cap(producer->kind, part->id);
}

/* The size that its layout has, of the elements that are there, and a count of those. */
static void repair_cap(struct script_mutation *t, struct script_part *part)
{
	const struct layout_cap *const cap = layout_cap(script_model_kind(t->model), part->id);
	const uint32_t fixed = producer_cap_size(cap, cap->newest, 0) - CAP_HEADER_SIZE;

	shape(t, part, cap,
	      cap->elements && part->size > fixed ? (part->size - fixed) / (uint32_t)cap->elements
						  : 0);
}

void script_repair_state(struct script_mutation *t)
{
	struct script_model *const model = t->model;
	const struct producer *producer;

	if (!model->named)
		produce(t);
	producer = producer_of(model);
	model->key = script_key(producer);
	for (size_t i = 0; i < model->nparts;) {
		if (i >= producer->most || is_foreign(model, &model->parts[i]))
			script_model_drop(model, i, 1);
		else
			repair_cap(t, &model->parts[i++]);
	}
	for (size_t i = 0; model->nparts < producer->least && i < layout_cap_count; i++) {
		struct script_part made = {.id = layout_caps[i].id};
		struct script_part *part = NULL;

		if (layout_caps[i].kind == producer->kind && info_has_id(producer->ids, made.id) &&
		    model->nparts < SCRIPT_PARTS)
			part = script_model_insert(model, model->nparts, &made);
		if (part && is_foreign(model, part))
			script_model_drop(model, model->nparts - 1, 1);
		else if (part)
			repair_cap(t, part);
	}
	if (model->first < layout_infos[producer->kind].full)
		model->first = (uint16_t)layout_infos[producer->kind].full;
}

const struct script_op script_state_ops[] = {
	{"produce", produce, 1, SIDE_REPLIES},
	{"play", script_play, 4, SIDE_STATE},
	{"producer", other_producer, 5, SIDE_STATE},
	{"state-flags", flags, 2, SIDE_STATE},
	{"state-insert", insert, 8, SIDE_STATE},
	{"state-drop", script_leave_out, 3, SIDE_STATE},
	{"state-duplicate", script_duplicate, 2, SIDE_STATE},
	{"state-swap", script_swap, 2, SIDE_STATE},
	{"state-id", id, 2, SIDE_STATE},
	{"state-version", version, 2, SIDE_STATE},
	{"state-word", word, 4, SIDE_STATE},
	{"state-size", size, 3, SIDE_STATE},
};
const size_t script_state_op_count = sizeof(script_state_ops) / sizeof(script_state_ops[0]);
