/* SPDX-License-Identifier: MIT */
/*
 * What a shrink keeps: a bucket, or the whole set of verdicts. Which bucket of several is the same
 * for every run: the first of a broken promise that the ledger does not excuse, else the first of a
 * broken promise, else the first, by parser name.
 */
#ifndef FUZZ_TRIAGE_SHRINK_GOAL_H
#define FUZZ_TRIAGE_SHRINK_GOAL_H

#include "../judge/judge.h"

/* Which bucket: the one named; the leading one, which leads in the result too; all verdicts. */
enum shrink_goal_kind { GOAL_BUCKET, GOAL_LEADING, GOAL_VERDICTS };

/**
 * struct shrink_goal - what is kept
 * @all: a judge of every parser, or of conversations
 * @one: a judge of the bucket's parser alone, since most buffers fail there already; NULL for
 *	verdicts and conversations
 * @bucket: which; "" for verdicts
 * @signature: judge_signature() to keep, for verdicts
 */
struct shrink_goal {
	enum shrink_goal_kind goal;
	enum info_kind kind;
	struct judge *all;
	struct judge *one;
	char bucket[BUCKET_MAX];
	uint64_t signature;
};

/* The walk that leads among those that disagree, as @all has judged them; NULL where none does. */
const struct judged *shrink_leading(const struct judge *all);

/*
 * Sets out to keep @goal of the buffer that @all has just judged; @bucket names it for GOAL_BUCKET.
 * Returns 0; -ENOENT where the buffer has no such bucket, or for GOAL_LEADING none; or -ENOMEM.
 */
int shrink_goal_open(struct shrink_goal *ret_goal, enum shrink_goal_kind goal, const char *bucket,
		     struct judge *all);
void shrink_goal_close(struct shrink_goal *goal);

/* Whether the buffer has it: a shrink_keeps whose context is a struct shrink_goal. */
bool shrink_goal_keeps(void *goal, const uint8_t *bytes, size_t len);

#endif
