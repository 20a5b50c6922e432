/* SPDX-License-Identifier: MIT */
/* Every fetch loop there is: ours, and an adapter's; see fetch_judge.h. */
#include <string.h>

#include "../judge/own.h"
#include "fetch_judge.h"
#include "fetch_loop_list.h"

#define LOOP(name) extern const struct fetch_loop fetch_##name##_loop;
FETCH_LOOPS(LOOP)
#undef LOOP

static const struct fetch_loop *const ours[] = {
#define LOOP(name) &fetch_##name##_loop,
	FETCH_LOOPS(LOOP)
#undef LOOP
};
#define OURS (sizeof(ours) / sizeof(ours[0]))
const struct fetch_loop *const *fetch_loops = ours;
size_t fetch_loop_count = OURS;

/* Every parser, also once one is made to stand alone (fetch_loops_alone()). */
static const struct info_parser *const *walks;
static size_t walk_count;

static const struct fetch_loop *loop_named(const char *name)
{
	for (size_t i = 0; i < OURS; i++)
		if (strcmp(ours[i]->name, name) == 0)
			return ours[i];
	return NULL;
}

const struct info_parser *fetch_walk(const struct fetch_loop *loop)
{
	for (size_t i = 0; i < walk_count; i++)
		if (strcmp(walks[i]->name, loop->walk) == 0)
			return walks[i];
	return NULL;
}

void fetch_loops_alone(void)
{
	static const struct fetch_loop *two[2];

	two[0] = own_loop;
	two[1] = loop_named(FETCH_REFERENCE);
	fetch_loops = two;
	fetch_loop_count = 2;
}

/* After own/register.c, which knows an adapter's, and before AFL++ opens the judge. */
static __attribute__((constructor(102))) void join_own(void)
{
	static const struct fetch_loop *all[OURS + 1];
	size_t at = 0;

	walks = info_parsers;
	walk_count = info_parser_count;
	if (!own_loop)
		return;
	while (at < OURS && strcmp(ours[at]->name, own_loop->name) < 0)
		at++;
	memcpy(all, ours, at * sizeof(all[0]));
	all[at] = own_loop;
	memcpy(all + at + 1, ours + at, (OURS - at) * sizeof(all[0]));
	fetch_loops = all;
	fetch_loop_count = OURS + 1;
}
