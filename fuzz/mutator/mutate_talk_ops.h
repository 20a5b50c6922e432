/* SPDX-License-Identifier: MIT */
/* Inside the mutator of conversations: what its operators share. See mutate.h. */
#ifndef FUZZ_MUTATOR_MUTATE_TALK_OPS_H
#define FUZZ_MUTATOR_MUTATE_TALK_OPS_H

#include "../fetch/talk.h"
#include "mutate.h"
#include "mutate_ops.h"

/* Replies or capabilities that operators add up to; what has more keeps them. */
#define TALK_PARTS_MAX 12

/**
 * struct talking - one call while it runs
 * @m: its random numbers and limit; the chain of it is that of the reply that is worked on
 * @talk: what is edited
 * @how: what was done
 */
struct talking {
	struct mutation m;
	struct talk *talk;
	struct mutated *how;
};

/* Which conversations an operator has a use for. */
enum talk_side { SIDE_REPLIES = 1, SIDE_TOLD = 2, SIDE_BOTH = 3 };

/* As struct mutate_op is for chains: false where it changed nothing. */
struct talk_op {
	const char *name;
	bool (*apply)(struct talking *t);
	unsigned int weight;
	enum talk_side side;
};

extern const struct talk_op talk_reply_ops[];
extern const size_t talk_reply_op_count;
extern const struct talk_op talk_argsz_ops[];
extern const size_t talk_argsz_op_count;
extern const struct talk_op talk_told_ops[];
extern const size_t talk_told_op_count;

/* One of the parts; NULL where there are none. */
static inline struct talk_part *talk_some(struct talking *t)
{
	return t->talk->nparts ? &t->talk->parts[random_of(&t->m, t->talk->nparts)] : NULL;
}

static inline const struct layout_info *talk_layout(const struct talking *t)
{
	return &layout_infos[talk_kind(t->talk)];
}

/* Operators that take replies and capabilities alike. */
bool talk_swap(struct talking *t);
bool talk_duplicate(struct talking *t);
bool talk_leave_out(struct talking *t);

/* A field of a reply: 0 where the reply ends before. Storing makes the reply that long. */
uint32_t talk_field(const struct talk_part *reply, uint32_t at);
bool talk_set_field(struct talking *t, struct talk_part *reply, uint32_t at, uint32_t value);

/* A reply at @at that is the fixed struct, zero but for its argsz. */
struct talk_part *talk_new_reply(struct talking *t, size_t at);

/* Notes that operator @number was applied: one of mutate()'s has the number that it has there. */
void talk_note(struct talking *t, size_t number);

/* Puts @reply's bytes through mutate(), and notes by which of its operators. */
bool talk_mutate_reply(struct talking *t, struct talk_part *reply);

/*
 * Makes a producer's conversation one of the replies that it gives: to a short call and to a whole.
 */
bool talk_play(struct talking *t);

/* Makes all that a producer tells true of it: as steady as conversations get. */
void talk_repair_told(struct talking *t);

#endif
