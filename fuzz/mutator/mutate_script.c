/* SPDX-License-Identifier: MIT */
/*
 * The order of events of a script's mutation; see mutate.h. What is done stands in
 * mutate_*.c.
 */
#include <string.h>

#include "mutate_script_ops.h"

static const struct {
	const struct script_op *ops;
	const size_t *count;
} tables[] = {
	{script_reply_ops, &script_reply_op_count},
	{script_argsz_ops, &script_argsz_op_count},
	{script_state_ops, &script_state_op_count},
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))
/*
 * Numbers are those of mutate(), which replies and bytes go through, then the tables', then those of
 * what is done here.
 */
enum { OWN_SHORTEN, OWN_SPLICE, OWN_REPAIR, OWN_REPAIR_FIXED, OWN_AGREE, OWN_COUNT };
static const char *const own_names[OWN_COUNT] = {
	[OWN_SHORTEN] = "script-shorten",    [OWN_SPLICE] = "script-splice",
	[OWN_REPAIR] = "script-repair",	     [OWN_REPAIR_FIXED] = "script-repair-fixed",
	[OWN_AGREE] = "script-repair-sizes",
};
/* Draws before a script for which no operator has a use is left to the operators on bytes. */
#define DRAWS	     32
/* One mutation in so many that was not repaired has its bytes changed too, anywhere. */
#define BYTES_ONE_IN 6
/*
 * What is longer, in bytes, is first made short but for one mutation in so many: every loop asks
 * all of it, some of them three times, and walks what comes of it.
 */
#define LONG	     384
#define LONG_ONE_IN  16
#define SHORT_PARTS  4
#define SHORT_BYTES  96

static size_t script_ops(void)
{
	size_t count = 0;

	for (size_t i = 0; i < TABLES; i++)
		count += *tables[i].count;
	return count;
}

static const struct script_op *op_of(size_t number)
{
	size_t i = 0;

	while (number >= *tables[i].count)
		number -= *tables[i++].count;
	return &tables[i].ops[number];
}

/* The number of operator @own of those that are done here. */
static size_t number_of_own(size_t own)
{
	return mutate_names() + script_ops() + own;
}

size_t mutate_script_names(void)
{
	return number_of_own(OWN_COUNT);
}

const char *mutate_script_name(size_t number)
{
	if (number < mutate_names())
		return mutate_name(number);
	if (number < number_of_own(0))
		return op_of(number - mutate_names())->name;
	return own_names[number - number_of_own(0)];
}

void mutate_script_describe(const struct mutated *how, char *ret_text, size_t size)
{
	mutate_describe_by(mutate_script_name, how, ret_text, size);
}

/* An operator of the side that the script is on, by weight. */
static size_t draw(struct script_mutation *t)
{
	const enum script_side side = script_model_produced(t->model) ? SIDE_STATE : SIDE_REPLIES;
	unsigned int sum = 0;
	uint32_t at;

	for (size_t i = 0; i < script_ops(); i++)
		sum += op_of(i)->side & side ? op_of(i)->weight : 0;
	at = random_of(&t->m, sum);
	for (size_t i = 0;; i++) {
		const unsigned int weight = op_of(i)->side & side ? op_of(i)->weight : 0;

		if (at < weight)
			return i;
		at -= weight;
	}
}

/* One to four operators, each half as often as one less. */
static void change(struct script_mutation *t)
{
	unsigned int left = 1;

	while (left < 4 && random_one_in(&t->m, 2))
		left++;
	for (unsigned int draws = 0; left && draws < DRAWS; draws++) {
		const size_t number = draw(t);

		if (op_of(number)->apply(t)) {
			script_note(t, mutate_names() + number);
			left--;
		}
	}
}

static size_t change_bytes(struct script_mutation *t, uint8_t *bytes, size_t size)
{
	const size_t byte_ops = mutate_names() - mutate_byte_op_count;

	for (unsigned int left = 1 + random_of(&t->m, 3); left; left--) {
		const size_t op = random_of(&t->m, mutate_byte_op_count);

		size = mutate_byte_ops[op].apply(&t->m, bytes, size);
		script_note(t, byte_ops + op);
	}
	return size;
}

/* Makes a reply's chain plain, or only its fixed fields true; it then fits what it wants. */
static void repair_reply(struct script_mutation *t, struct script_part *reply, bool whole)
{
	static uint8_t made[INFO_LEN_MAX];
	const uint32_t max = t->m.max;
	size_t size;

	if (chain_read(reply->bytes, reply->size, script_model_kind(t->model), &t->m.chain))
		return;
	t->m.max = max < UINT16_MAX ? max : UINT16_MAX;
	mutate_repair(&t->m, whole);
	size = t->m.chain.len < t->m.max ? t->m.chain.len : t->m.max;
	t->m.chain.len = (uint32_t)size;
	chain_write(&t->m.chain, made);
	chain_free(&t->m.chain);
	t->m.max = max;
	if (script_model_resize(t->model, reply, size) && size)
		memcpy(reply->bytes, made, size);
	/* One that wants more than it was asked with does so still. */
	reply->how &= REPLY_RELATIVE;
}

/* Every reply wants what the longest of them has, as those of one producer do. */
static void agree(struct script_mutation *t)
{
	uint16_t longest = 0;

	for (size_t i = 0; i < t->model->nparts; i++)
		if (t->model->parts[i].size > longest)
			longest = t->model->parts[i].size;
	for (size_t i = 0; i < t->model->nparts; i++) {
		t->model->parts[i].how = 0;
		script_set_field(t, &t->model->parts[i], 0, longest);
	}
	t->model->head = (uint8_t)(t->model->head & ~SCRIPT_CYCLES);
}

static void repair(struct script_mutation *t)
{
	const bool whole = random_one_in(&t->m, 2);

	t->model->nrest = 0;
	if (script_model_produced(t->model)) {
		script_repair_state(t);
		script_note(t, number_of_own(OWN_REPAIR));
		return;
	}
	/* Sizes alone: what a reply brings stays as odd as it is. */
	if (random_one_in(&t->m, 3)) {
		agree(t);
		script_note(t, number_of_own(OWN_AGREE));
		return;
	}
	for (size_t i = 0; i < t->model->nparts; i++)
		repair_reply(t, &t->model->parts[i], whole);
	if (random_one_in(&t->m, 2))
		agree(t);
	script_note(t, number_of_own(whole ? OWN_REPAIR : OWN_REPAIR_FIXED));
}

static void shorten(struct script_mutation *t)
{
	struct script_model *const model = t->model;

	if (model->nparts > SHORT_PARTS)
		script_model_drop(model, SHORT_PARTS, model->nparts - SHORT_PARTS);
	for (size_t i = 0; i < model->nparts; i++)
		if (model->parts[i].size > SHORT_BYTES)
			script_model_resize(model, &model->parts[i], SHORT_BYTES);
	model->nrest = 0;
	script_note(t, number_of_own(OWN_SHORTEN));
}

/* Reads the input; one without a head gets one, so that there is something to work on. */
static struct script_mutation begin(struct script_model *model, const uint8_t *bytes, size_t size,
				    size_t max, uint64_t seed, struct mutated *how)
{
	struct script_mutation t = {.m = {.random = seed}, .model = model, .how = how};

	how->nsteps = 0;
	t.m.max = max < INFO_LEN_MAX ? (uint32_t)max : INFO_LEN_MAX;
	script_model_read(bytes, size, model);
	if (!model->headed) {
		model->headed = true;
		model->head = (uint8_t)random_of(&t.m, 3);
		model->first = (uint16_t)script_layout(&t)->full;
		model->nrest = 0;
	}
	if (size > LONG && !random_one_in(&t.m, LONG_ONE_IN))
		shorten(&t);
	return t;
}

/* Repairs half of all, and writes. */
static size_t finish(struct script_mutation *t, uint8_t *ret_bytes)
{
	const bool repaired = random_one_in(&t->m, 2);
	size_t size;

	if (repaired)
		repair(t);
	size = script_model_write(t->model, t->m.max, ret_bytes);
	if (!t->how->nsteps || (!repaired && random_one_in(&t->m, BYTES_ONE_IN)))
		size = change_bytes(t, ret_bytes, size);
	return size;
}

/* One of each, as there is one engine a process. */
static struct script_model one, two;

size_t mutate_script(const uint8_t *bytes, size_t size, size_t max, uint64_t seed,
		     uint8_t *ret_bytes, struct mutated *ret_how)
{
	struct mutated how;
	struct script_mutation t = begin(&one, bytes, size, max, seed, &how);

	change(&t);
	size = finish(&t, ret_bytes);
	if (ret_how)
		*ret_how = how;
	return size;
}

/* Some of @from's parts behind some of ours. What is on the other side is played out first. */
static bool splice(struct script_mutation *t, struct script_model *from)
{
	struct script_mutation other = {
		.m = {.random = random_next(&t->m), .max = t->m.max}, .model = from, .how = t->how};
	bool any = false;
	size_t keep, start;

	if (script_model_produced(t->model) != script_model_produced(from)) {
		struct script_mutation *const produced = script_model_produced(from) ? &other : t;

		if (!script_play(produced))
			return false;
	}
	if (!from->nparts)
		return false;
	keep = random_of(&t->m, t->model->nparts + 1);
	start = random_of(&t->m, from->nparts);
	script_model_drop(t->model, keep, t->model->nparts - keep);
	t->model->nrest = 0;
	for (size_t i = start; i < from->nparts && t->model->nparts < MUTATE_PARTS_MAX; i++)
		any |= script_model_insert(t->model, t->model->nparts, &from->parts[i]) != NULL;
	return any;
}

size_t mutate_script_splice(const uint8_t *bytes, size_t size, const uint8_t *other,
			    size_t other_size, size_t max, uint64_t seed, uint8_t *ret_bytes,
			    struct mutated *ret_how)
{
	struct mutated how;
	struct script_mutation t = begin(&one, bytes, size, max, seed, &how);

	script_model_read(other, other_size, &two);
	if (splice(&t, &two))
		script_note(&t, number_of_own(OWN_SPLICE));
	if (!how.nsteps || random_one_in(&t.m, 2))
		change(&t);
	size = finish(&t, ret_bytes);
	if (ret_how)
		*ret_how = how;
	return size;
}

/* Each part less, each part's bytes less by half, and the fixed struct alone. */
#define TRIMS_OF_PART 3

size_t mutate_script_trims(const uint8_t *bytes, size_t size)
{
	if (size > INFO_LEN_MAX)
		return 0;
	script_model_read(bytes, size, &one);
	/* And one for what means nothing at the end. */
	return TRIMS_OF_PART * one.nparts + 1;
}

static void trim_part(struct script_model *model, size_t i, size_t way)
{
	struct script_part *const part = &model->parts[i];
	const uint16_t full = (uint16_t)layout_infos[script_model_kind(model)].full;

	if (way == 0)
		script_model_drop(model, i, 1);
	else if (way == 1)
		script_model_resize(model, part, part->size / 2u);
	else if (part->size > full)
		script_model_resize(model, part, full);
}

size_t mutate_script_trim(const uint8_t *bytes, size_t size, size_t step, uint8_t *ret_bytes)
{
	size_t trimmed = size;

	if (size <= INFO_LEN_MAX) {
		script_model_read(bytes, size, &one);
		if (step < TRIMS_OF_PART * one.nparts)
			trim_part(&one, step / TRIMS_OF_PART, step % TRIMS_OF_PART);
		else
			one.nrest = 0;
		trimmed = script_model_write(&one, size, ret_bytes);
	}
	if (trimmed < size)
		return trimmed;
	if (size)
		memmove(ret_bytes, bytes, size);
	return size;
}
