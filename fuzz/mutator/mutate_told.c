/* SPDX-License-Identifier: MIT */
/*
 * Operators on what a producer has to tell, on which producer it is, and the way from one to
 * replies.
 */
#include <string.h>

#include "mutate_talk_ops.h"

/* Elements of a capability that is made here, at most. */
#define ELEMENTS_MAX 3

static const struct producer *producer_of(const struct talk *talk)
{
	return script_producer(talk->key);
}

static bool other_producer(struct talking *t)
{
	const uint16_t was = t->talk->key;

	if (random_one_in(&t->m, 16))
		t->talk->key = (uint16_t)random_of(&t->m, UINT16_MAX + 1);
	else
		t->talk->key = script_key(&producers[random_of(&t->m, producer_count)]);
	return t->talk->key != was;
}

static bool flags(struct talking *t)
{
	t->talk->flags ^= random_one_in(&t->m, 4) ? (uint32_t)mutate_odd_value(&t->m)
						  : 1u << random_of(&t->m, 8);
	return true;
}

/* A layout of the kind, mostly of an id that the producer writes; NULL where it has none. */
static const struct layout_cap *some_layout(struct talking *t)
{
	const struct producer *const producer = producer_of(t->talk);
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
static bool shape(struct talking *t, struct talk_part *part, const struct layout_cap *cap,
		  uint32_t count)
{
	const uint32_t size = producer_cap_size(cap, cap->newest, count);

	if (size < CAP_HEADER_SIZE || !talk_resize(t->talk, part, size - CAP_HEADER_SIZE))
		return false;
	part->id = cap->id;
	part->version = cap->newest;
	if (cap->elements && part->size >= 4)
		layout_store(part->bytes + CAP_COUNT_AT - CAP_HEADER_SIZE, 4, count);
	return true;
}

static bool insert(struct talking *t)
{
	const struct layout_cap *const cap = some_layout(t);
	const size_t at = random_of(&t->m, t->talk->nparts + 1);
	struct talk_part *part;

	if (!cap || t->talk->nparts >= TALK_PARTS_MAX)
		return false;
	part = talk_insert(t->talk, at, &(struct talk_part){0});
	return part && shape(t, part, cap, cap->elements ? random_of(&t->m, ELEMENTS_MAX + 1) : 0);
}

/* Makes it a producer's, if it is not: with one capability to tell, or none. */
static bool produce(struct talking *t)
{
	struct talk *const talk = t->talk;

	talk->head |= SCRIPT_PRODUCED;
	talk->named = true;
	talk->key = script_key(&producers[random_of(&t->m, producer_count)]);
	talk->flags = 0;
	talk->nparts = 0;
	/* As a program that knows its struct begins. */
	talk->first = (uint16_t)talk_layout(t)->full;
	if (!random_one_in(&t->m, 4))
		insert(t);
	return true;
}

static bool id(struct talking *t)
{
	struct talk_part *const part = talk_some(t);
	const struct layout_cap *const cap = some_layout(t);
	const uint16_t was = part ? part->id : 0;

	if (!part)
		return false;
	part->id = cap && !random_one_in(&t->m, 4) ? cap->id : (uint16_t)mutate_odd_value(&t->m);
	return part->id != was;
}

static bool version(struct talking *t)
{
	static const uint16_t versions[] = {0, 1, 2, 3, UINT16_MAX};
	struct talk_part *const part = talk_some(t);
	const uint16_t to = versions[random_of(&t->m, sizeof(versions) / sizeof(versions[0]))];

	if (!part || part->version == to)
		return false;
	part->version = to;
	return true;
}

/* A word of what is told: a count, for one. */
static bool word(struct talking *t)
{
	struct talk_part *const part = talk_some(t);
	uint32_t at;

	if (!part || part->size < 4)
		return false;
	at = random_one_in(&t->m, 2) ? 0 : 4 * random_of(&t->m, part->size / 4u);
	layout_store(part->bytes + at, 4, mutate_odd_value(&t->m));
	return true;
}

static bool size(struct talking *t)
{
	struct talk_part *const part = talk_some(t);
	const size_t to = random_of(&t->m, 65);

	return part && to != part->size && talk_resize(t->talk, part, to);
}

/* The reply that @producer gives to @argsz, behind those that are there. */
static bool play_one(struct talking *t, const struct producer *producer,
		     const struct producer_state *state, uint32_t argsz)
{
	struct talk_part *const reply =
		talk_insert(t->talk, t->talk->nparts, &(struct talk_part){0});

	if (!reply || !talk_resize(t->talk, reply, argsz))
		return false;
	layout_store(reply->bytes, 4, argsz);
	if (producer_answer(producer, state, reply->bytes, argsz))
		reply->how = REPLY_FAILS;
	return true;
}

bool talk_play(struct talking *t)
{
	struct talk *const talk = t->talk;
	const struct producer *const producer = producer_of(talk);
	struct producer_cap caps[SCRIPT_PARTS];
	const struct producer_state state = {.flags = talk->flags,
					     .num_regions = 9,
					     .num_irqs = 5,
					     .region_size = 0x100000,
					     .caps = caps,
					     .ncaps = talk->nparts};
	uint32_t need;

	if (!talk_produced(talk) || !talk->named)
		return false;
	for (size_t i = 0; i < talk->nparts; i++)
		caps[i] = (struct producer_cap){talk->parts[i].id, talk->parts[i].version,
						talk->parts[i].size, talk->parts[i].bytes};
	need = producer_need(producer, &state);
	if (need < layout_infos[producer->kind].full || need > SCRIPT_NEED_MAX ||
	    TALK_POOL - talk->used < layout_infos[producer->kind].full + need)
		return false;
	talk->nparts = 0;
	talk->head = (uint8_t)(producer->kind == INFO_DEVICE   ? 0
			       : producer->kind == INFO_REGION ? 1
							       : 2);
	talk->named = false;
	return play_one(t, producer, &state, layout_infos[producer->kind].full) &&
	       play_one(t, producer, &state, need);
}

/* A capability of which the producer has too many, or none that it can write. */
static bool is_foreign(const struct talk *talk, const struct talk_part *part)
{
	const struct producer *const producer = producer_of(talk);

	for (const struct talk_part *before = talk->parts; before < part; before++)
		if (before->id == part->id)
			return true;
	return !info_has_id(producer->ids, part->id) || !layout_cap(producer->kind, part->id);
}

/* The size that its layout has, of the elements that are there, and a count of those. */
static void repair_cap(struct talking *t, struct talk_part *part)
{
	const struct layout_cap *const cap = layout_cap(talk_kind(t->talk), part->id);
	const uint32_t fixed = producer_cap_size(cap, cap->newest, 0) - CAP_HEADER_SIZE;

	shape(t, part, cap,
	      cap->elements && part->size > fixed ? (part->size - fixed) / (uint32_t)cap->elements
						  : 0);
}

void talk_repair_told(struct talking *t)
{
	struct talk *const talk = t->talk;
	const struct producer *producer;

	if (!talk->named)
		produce(t);
	producer = producer_of(talk);
	talk->key = script_key(producer);
	for (size_t i = 0; i < talk->nparts;) {
		if (i >= producer->most || is_foreign(talk, &talk->parts[i]))
			talk_drop(talk, i, 1);
		else
			repair_cap(t, &talk->parts[i++]);
	}
	for (size_t i = 0; talk->nparts < producer->least && i < layout_cap_count; i++) {
		struct talk_part made = {.id = layout_caps[i].id};
		struct talk_part *part = NULL;

		if (layout_caps[i].kind == producer->kind && info_has_id(producer->ids, made.id) &&
		    talk->nparts < SCRIPT_PARTS)
			part = talk_insert(talk, talk->nparts, &made);
		if (part && is_foreign(talk, part))
			talk_drop(talk, talk->nparts - 1, 1);
		else if (part)
			repair_cap(t, part);
	}
	if (talk->first < layout_infos[producer->kind].full)
		talk->first = (uint16_t)layout_infos[producer->kind].full;
}

const struct talk_op talk_told_ops[] = {
	{"produce", produce, 1, SIDE_REPLIES},
	{"play", talk_play, 4, SIDE_TOLD},
	{"producer", other_producer, 5, SIDE_TOLD},
	{"told-flags", flags, 2, SIDE_TOLD},
	{"told-insert", insert, 8, SIDE_TOLD},
	{"told-drop", talk_leave_out, 3, SIDE_TOLD},
	{"told-duplicate", talk_duplicate, 2, SIDE_TOLD},
	{"told-swap", talk_swap, 2, SIDE_TOLD},
	{"told-id", id, 2, SIDE_TOLD},
	{"told-version", version, 2, SIDE_TOLD},
	{"told-word", word, 4, SIDE_TOLD},
	{"told-size", size, 3, SIDE_TOLD},
};
const size_t talk_told_op_count = sizeof(talk_told_ops) / sizeof(talk_told_ops[0]);
