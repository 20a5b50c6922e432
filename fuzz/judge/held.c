/* SPDX-License-Identifier: MIT */
/* Holds models to their programs' own readers; see held.h. */
#include "held.h"

#include <signal.h>
#include <string.h>

const struct held *held_readers;
size_t held_count;

/* Loads for each that a model has. */
#define MORE	8
/* Bytes of the smallest element of a list. */
#define ELEMENT 16

const struct held *held_of(const struct info_parser *parser)
{
	for (size_t i = 0; i < held_count; i++)
		if (strcmp(held_readers[i].reader->name, parser->name) == 0)
			return &held_readers[i];
	return NULL;
}

uint64_t held_budget(uint64_t budget, uint64_t len)
{
	const uint64_t elements = len / ELEMENT;

	return MORE * (budget + elements * elements);
}

static bool is_memory(const struct walk_result *walk)
{
	return walk->reason && strcmp(walk->reason, "enomem") == 0;
}

/* A program that ends itself, by an assertion or in its allocator, refuses: models say reject of it. */
static bool is_abort(const struct walk_result *walk)
{
	return walk->verdict == VERDICT_CRASH && walk->signal == SIGABRT;
}

/* @a is the program's own, @b the model's. Nothing but the end is told: what was taken before is not compared. */
static bool same_end(const struct walk_result *a, const struct walk_result *b)
{
	if (a->verdict != b->verdict)
		return is_abort(a) && b->verdict == VERDICT_REJECT && !is_memory(b);
	if (a->verdict == VERDICT_TRUNCATED)
		return a->need == b->need;
	return a->verdict != VERDICT_REJECT || is_memory(a) == is_memory(b);
}

static bool same_caps(const struct walk_result *a, const struct walk_result *b)
{
	if (a->ncaps != b->ncaps)
		return false;
	for (size_t i = 0; i < a->ncaps; i++)
		if (a->caps[i].offset != b->caps[i].offset || a->caps[i].id != b->caps[i].id)
			return false;
	return true;
}

bool held_same(const struct walk_result *reader, const struct walk_result *model)
{
	if (reader->verdict == VERDICT_ABSTAIN || model->verdict == VERDICT_ABSTAIN)
		return true;
	if (!same_end(reader, model))
		return false;
	return (reader->verdict != VERDICT_OK && reader->verdict != VERDICT_ABSENT) ||
	       same_caps(reader, model);
}
