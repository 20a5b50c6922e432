/* SPDX-License-Identifier: MIT */
/* Counts what is found, and adds up what jobs have counted; see exhaust_sum.h. */
#include "exhaust_sum.h"

#include <stdlib.h>
#include <string.h>

static bool is_smaller(const struct exhaust_group *a, const struct exhaust_group *b)
{
	return a->len < b->len || (a->len == b->len && a->index < b->index);
}

/* Adds the buffers of @from; true where its smallest is now the smallest. */
static bool add_group(struct exhaust_group *to, const struct exhaust_group *from)
{
	const bool first = to->buffers == 0 || is_smaller(from, to);

	to->buffers += from->buffers;
	if (first) {
		to->index = from->index;
		to->len = from->len;
	}
	return first;
}

/*
 * The entry of @signature in the table of a job, made where it is new; NULL where there is no room.
 */
static struct exhaust_set *find_set(struct exhaust_result *result, uint64_t signature)
{
	for (uint64_t probe = 0; probe < EXHAUST_SETS_MAX; probe++) {
		struct exhaust_set *const set =
			&result->sets[(signature + probe) % EXHAUST_SETS_MAX];

		if (set->group.buffers && set->signature != signature)
			continue;
		set->signature = signature;
		return set;
	}
	return NULL;
}

/* The same of a broken promise; @key stands for all that its name and its excuse depend on. */
static struct exhaust_bucket *find_bucket(struct exhaust_result *result, uint64_t key)
{
	for (uint64_t probe = 0; probe < EXHAUST_BUCKETS_MAX; probe++) {
		struct exhaust_bucket *const bucket =
			&result->buckets[(key + probe) % EXHAUST_BUCKETS_MAX];

		if (bucket->group.buffers && bucket->key != key)
			continue;
		bucket->key = key;
		return bucket;
	}
	return NULL;
}

static bool count_broken(struct exhaust_result *result, const struct judged *judged, uint64_t who,
			 const struct exhaust_group *buffer)
{
	uint64_t key = info_hash(INFO_HASH_START, who);
	struct exhaust_bucket *bucket;

	key = info_hash(key, (uint64_t)judged->walk.verdict << 32 | judged->disagreement);
	key = info_hash(key, (uint64_t)judged->relation << 32 | judged->spec->verdict);
	key = info_hash(key, (uint64_t)judged->spec->notes << 32 | judged->spec->rule);
	for (const char *at = judged->walk.no_answer; at && *at; at++)
		key = info_hash(key, (unsigned char)*at);
	bucket = find_bucket(result, key);
	if (!bucket)
		return false;
	if (bucket->group.buffers == 0) {
		judged_bucket(judged, bucket->name);
		bucket->excused = judged_excuse(judged) != NULL;
		bucket->notes = judged->spec->notes;
	}
	add_group(&bucket->group, buffer);
	return true;
}

bool exhaust_count(struct exhaust_result *result, const struct judge *judge, uint64_t index,
		   uint64_t same)
{
	const struct exhaust_group buffers = {same, index, (uint32_t)judge->len};
	const struct exhaust_group one = {1, index, (uint32_t)judge->len};
	struct exhaust_set *const set = find_set(result, judge_signature(judge));
	bool room = set != NULL;

	if (set)
		add_group(&set->group, &buffers);
	result->buffers += same;
	result->judged++;
	result->classes[judge->spec->class] += same;
	if (judged_breaks(&judge->reference))
		room &= count_broken(result, &judge->reference, judge->count, &one);
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];
		struct exhaust_parser *const parser = &result->parsers[judge->readers[r]];
		const bool unstable = judged->relation != RELATION_NONE;

		parser->disagreements[judged->disagreement] += same;
		parser->policies += judged->policy ? same : 0;
		parser->skipped += judged->skipped ? same : 0;
		parser->abstained += judged->walk.verdict == VERDICT_ABSTAIN ? same : 0;
		parser->unstable += unstable;
		/* A relation was held on this buffer alone. */
		if (judged_breaks(judged))
			room &= count_broken(result, judged, judge->readers[r],
					     unstable ? &one : &buffers);
	}
	return room;
}

static int by_size(const void *a, const void *b)
{
	const struct exhaust_set *const first = a, *const second = b;

	return is_smaller(&first->group, &second->group) ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct exhaust_bucket *const first = a, *const second = b;
	const int order = strcmp(first->name, second->name);

	return order ? order : (int)first->excused - (int)second->excused;
}

/* Adds the numbers of @from, and its sets to the table of @to. */
static bool add_counts(struct exhaust_result *to, const struct exhaust_result *from)
{
	to->buffers += from->buffers;
	to->judged += from->judged;
	for (size_t i = 0; i < BUFFER_CLASSES; i++)
		to->classes[i] += from->classes[i];
	for (size_t i = 0; i < RELATIONS; i++)
		to->related[i] += from->related[i];
	for (size_t i = 0; i < INFO_PARSERS_MAX; i++) {
		struct exhaust_parser *const sum = &to->parsers[i];

		for (size_t n = 0; n < DISAGREEMENTS; n++)
			sum->disagreements[n] += from->parsers[i].disagreements[n];
		sum->policies += from->parsers[i].policies;
		sum->unstable += from->parsers[i].unstable;
		sum->skipped += from->parsers[i].skipped;
		sum->abstained += from->parsers[i].abstained;
	}
	for (size_t i = 0; i < EXHAUST_SETS_MAX; i++) {
		struct exhaust_set *set;

		if (!from->sets[i].group.buffers)
			continue;
		set = find_set(to, from->sets[i].signature);
		if (!set)
			return false;
		add_group(&set->group, &from->sets[i].group);
	}
	return true;
}

/* Adds the buckets of @from to the list of @to, by name: keys are finer than names. */
static bool add_buckets(struct exhaust_result *to, const struct exhaust_result *from)
{
	for (size_t i = 0; i < EXHAUST_BUCKETS_MAX; i++) {
		const struct exhaust_bucket *const bucket = &from->buckets[i];
		struct exhaust_bucket *known = to->buckets;

		if (!bucket->group.buffers)
			continue;
		while (known < to->buckets + to->nbuckets &&
		       (known->excused != bucket->excused || strcmp(known->name, bucket->name)))
			known++;
		if (known == to->buckets + EXHAUST_BUCKETS_MAX)
			return false;
		if (known == to->buckets + to->nbuckets) {
			*known = *bucket;
			to->nbuckets++;
		} else if (add_group(&known->group, &bucket->group)) {
			known->notes = bucket->notes;
		}
	}
	return true;
}

bool exhaust_add(struct exhaust_result *sum, const struct exhaust_result *from)
{
	return add_counts(sum, from) && add_buckets(sum, from);
}

void exhaust_sort(struct exhaust_result *sum)
{
	size_t kept = 0;

	for (size_t i = 0; i < EXHAUST_SETS_MAX; i++)
		if (sum->sets[i].group.buffers)
			sum->sets[kept++] = sum->sets[i];
	sum->nsets = kept;
	qsort(sum->sets, sum->nsets, sizeof(*sum->sets), by_size);
	qsort(sum->buckets, sum->nbuckets, sizeof(*sum->buckets), by_name);
}
