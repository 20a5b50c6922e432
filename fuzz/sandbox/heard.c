/* SPDX-License-Identifier: MIT */
/*
 * One load and one store that the hooks have to hear: sandbox_open() has them made before anything
 * else. Compiled as parsers are, with the hooks that they have. From clang 19 on the sanitizers'
 * run-times bring hooks of the same names, which do nothing: a link that takes those is silent, and
 * every loop of a parser would have no end.
 */
#include "heard.h"

#ifndef LOADS_MEANT
#define LOADS_MEANT false
#endif
#ifndef STORES_MEANT
#define STORES_MEANT false
#endif

const bool loads_meant = LOADS_MEANT;
const bool stores_meant = STORES_MEANT;

struct info_answer heard_load(struct walk *walk, const void *info, uint32_t len,
			      enum info_kind kind)
{
	const volatile uint8_t *const at = info;

	(void)walk, (void)len, (void)kind;
	return answer(*at ? VERDICT_OK : VERDICT_ABSENT);
}

/* Past the end of its memory, where a canary hears it too, but later. */
struct info_answer heard_store(struct walk *walk, const void *info, uint32_t len,
			       enum info_kind kind)
{
	volatile uint8_t *const at = walk_alloc(walk, 1);

	(void)info, (void)len, (void)kind;
	if (at)
		at[1] = 0;
	return answer(VERDICT_OK);
}
