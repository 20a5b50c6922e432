/* SPDX-License-Identifier: MIT */
/* Inside the mutator of scripts: what its operators share. See mutate.h. */
#ifndef FUZZ_MUTATOR_MUTATE_SCRIPT_OPS_H
#define FUZZ_MUTATOR_MUTATE_SCRIPT_OPS_H

#include "../fetch/script_model.h"
#include "mutate.h"
#include "mutate_ops.h"

/* Replies or capabilities that operators add up to; what has more keeps them. */
#define MUTATE_PARTS_MAX 12

/**
 * struct script_mutation - one call while it runs
 * @m: its random numbers and limit; the chain of it is that of the reply that is worked on
 * @model: what is edited
 * @how: what was done
 */
struct script_mutation {
	struct mutation m;
	struct script_model *model;
	struct mutated *how;
};

/* Which scripts an operator has a use for. */
enum script_side { SIDE_REPLIES = 1, SIDE_STATE = 2, SIDE_BOTH = 3 };

/* As struct mutate_op is for chains: false where it changed nothing. */
struct script_op {
	const char *name;
	bool (*apply)(struct script_mutation *t);
	unsigned int weight;
	enum script_side side;
};

extern const struct script_op script_reply_ops[];
extern const size_t script_reply_op_count;
extern const struct script_op script_argsz_ops[];
extern const size_t script_argsz_op_count;
extern const struct script_op script_state_ops[];
extern const size_t script_state_op_count;

/* One of the parts; NULL where there are none. */
static inline struct script_part *script_some(struct script_mutation *t)
{
	return t->model->nparts ? &t->model->parts[random_of(&t->m, t->model->nparts)] : NULL;
}

static inline const struct layout_info *script_layout(const struct script_mutation *t)
{
	return &layout_infos[script_model_kind(t->model)];
}

/* Operators that take replies and capabilities alike. */
bool script_swap(struct script_mutation *t);
bool script_duplicate(struct script_mutation *t);
bool script_leave_out(struct script_mutation *t);

/* A field of a reply: 0 where the reply ends before. Storing makes the reply that long. */
uint32_t script_field(const struct script_part *reply, uint32_t at);
bool script_set_field(struct script_mutation *t, struct script_part *reply, uint32_t at,
		      uint32_t value);

/* A reply at @at that is the fixed struct, zero but for its argsz. */
struct script_part *script_new_reply(struct script_mutation *t, size_t at);

/* Notes that operator @number was applied: one of mutate()'s has the number that it has there. */
void script_note(struct script_mutation *t, size_t number);

/* Puts @reply's bytes through mutate(), and notes by which of its operators. */
bool script_mutate_reply(struct script_mutation *t, struct script_part *reply);

/*
 * Makes a producer's script one of the replies that it gives: to a short call and to a whole.
 */
bool script_play(struct script_mutation *t);

/* Makes all that a producer tells true of it: as steady as scripts get. */
void script_repair_state(struct script_mutation *t);

#endif
