/* SPDX-License-Identifier: MIT */
/* Buckets and sets of verdicts as goals of a shrink; see shrink_goal.h. */
#include "shrink_goal.h"

#include <errno.h>
#include <string.h>

#include "../fetch/fetch_judge.h"

/* The lower, the further in front: by what it breaks, then by how bad that is. */
static unsigned int leads(const struct judged *judged)
{
	const unsigned int rank = !judged_breaks(judged) ? 2 : judged_excuse(judged) ? 1 : 0;

	return 16 * rank + judged_badness(judged);
}

const struct judged *shrink_leading(const struct judge *all)
{
	const struct judged *leading = NULL;

	for (size_t i = 0; i <= all->count; i++) {
		const struct judged *const judged =
			i < all->count ? &all->judged[i] : &all->reference;

		if (judged_differs(judged) && (!leading || leads(judged) < leads(leading)))
			leading = judged;
	}
	return leading;
}

static bool has_bucket(const struct judged *judged, const char *bucket)
{
	char found[BUCKET_MAX];

	if (!judged || !judged_differs(judged))
		return false;
	judged_bucket(judged, found);
	return strcmp(found, bucket) == 0;
}

static const struct judged *find_bucket(const struct judge *all, const char *bucket)
{
	for (size_t i = 0; i < all->count; i++)
		if (has_bucket(&all->judged[i], bucket))
			return &all->judged[i];
	return NULL;
}

int shrink_goal_open(struct shrink_goal *ret_goal, enum shrink_goal_kind goal, const char *bucket,
		     struct judge *all)
{
	struct shrink_goal made = {.goal = goal, .kind = all->kind, .all = all};
	const struct judged *judged;
	char error[256];

	if (goal == GOAL_VERDICTS) {
		made.signature = judge_signature(all);
		*ret_goal = made;
		return 0;
	}
	judged = goal == GOAL_BUCKET ? find_bucket(all, bucket) : shrink_leading(all);
	if (!judged)
		return -ENOENT;
	judged_bucket(judged, made.bucket);
	/* There is one judge of conversations a process, and it asks by all loops. */
	if (all->converses) {
		*ret_goal = made;
		return 0;
	}
	made.one = judge_new(&judged->parser, 1, error, sizeof(error));
	if (!made.one)
		return -ENOMEM;
	made.one->relate = all->relate;
	*ret_goal = made;
	return 0;
}

void shrink_goal_close(struct shrink_goal *goal)
{
	judge_free(goal->one);
	goal->one = NULL;
}

static void read_by_all(const struct shrink_goal *goal, const uint8_t *bytes, size_t len)
{
	if (goal->all->converses)
		fetch_judge_read(goal->all, bytes, len);
	else
		judge_read(goal->all, bytes, len, goal->kind);
}

bool shrink_goal_keeps(void *context, const uint8_t *bytes, size_t len)
{
	struct shrink_goal *const goal = context;

	if (goal->one) {
		judge_read(goal->one, bytes, len, goal->kind);
		if (!has_bucket(&goal->one->judged[0], goal->bucket))
			return false;
		if (goal->goal == GOAL_BUCKET)
			return true;
	}
	read_by_all(goal, bytes, len);
	if (goal->goal == GOAL_VERDICTS)
		return judge_signature(goal->all) == goal->signature;
	if (goal->goal == GOAL_BUCKET)
		return find_bucket(goal->all, goal->bucket);
	return has_bucket(shrink_leading(goal->all), goal->bucket);
}
