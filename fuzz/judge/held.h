/* SPDX-License-Identifier: MIT */
/*
 * Programs' own readers, cut out of their source, and the models that are held to them. own/join.c, which only
 * the builds of `make real` have, puts them into the table before main(); in every other build there are none.
 */
#ifndef FUZZ_JUDGE_HELD_H
#define FUZZ_JUDGE_HELD_H

#include "judged.h"

/* A program's own reader, and by kind the model of it, or NULL. */
struct held {
	const struct info_parser *reader;
	const char *models[INFO_IOCTL_KINDS];
};

extern const struct held *held_readers;
extern size_t held_count;

/* The entry of @parser where it is such a reader, or NULL. */
const struct held *held_of(const struct info_parser *parser);

/*
 * What a walk may load where such readers are, and elsewhere may load @budget, on a buffer of @len bytes: they ask more than once, have each reply copied, and may keep elements in a sorted list. Models
 * have as much beside them, so that both reach the same end.
 */
uint64_t held_budget(uint64_t budget, uint64_t len);

/*
 * Whether @reader did on a buffer what @model did: the same verdict, with the same need, and of ok and absent
 * the same capabilities, by offset and id. A program that aborts, for another reason than lack of memory, has
 * refused: models say reject of that. Where one of them abstains there is nothing to hold.
 */
bool held_same(const struct walk_result *reader, const struct walk_result *model);

#endif
