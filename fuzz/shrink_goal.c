/* SPDX-License-Identifier: MIT */
/* Buckets and sets of verdicts as goals of a shrink; see shrink_goal.h. */
#include "shrink_goal.h"

#include <errno.h>
#include <string.h>

const struct judged *shrink_leading(const struct judge *all)
{
	const struct judged *const broken = judge_broken(all);

	for (size_t i = 0; !broken && i < all->count; i++)
		if (judged_breaks(&all->judged[i]))
			return &all->judged[i];
	for (size_t i = 0; !broken && i < all->count; i++)
		if (judged_differs(&all->judged[i]))
			return &all->judged[i];
	return broken;
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

bool shrink_goal_keeps(void *context, const uint8_t *bytes, size_t len)
{
	struct shrink_goal *const goal = context;

	if (goal->goal != GOAL_VERDICTS) {
		judge_read(goal->one, bytes, len, goal->kind);
		if (!has_bucket(&goal->one->judged[0], goal->bucket))
			return false;
		if (goal->goal == GOAL_BUCKET)
			return true;
	}
	judge_read(goal->all, bytes, len, goal->kind);
	if (goal->goal == GOAL_VERDICTS)
		return judge_signature(goal->all) == goal->signature;
	return has_bucket(shrink_leading(goal->all), goal->bucket);
}
