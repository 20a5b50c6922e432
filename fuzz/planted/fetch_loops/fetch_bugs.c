/* SPDX-License-Identifier: MIT */
/* Six loops with one bug each, on one frame; and the choice of one. See fetch_bugs.h. */
#include "fetch_bugs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../marks.h"
#include "../../fetch/loops/fetch_loops.h"

/* What a loop does otherwise than the sound frame; each of the planted ones sets one. */
struct bug {
	bool no_attempt_limit;
	bool no_size_limit;
	bool no_minimum;
	bool reuses_memory;
	bool forgets_to_free;
	bool keeps_flags;
};

#define ATTEMPTS 8
#define LIMIT	 FETCH_ROOM

/* A check of the frame, in place of which the bug has another; marked where it is planted. */
static bool holds(bool planted, bool right, bool wrong)
{
	return planted ? planted_choose(right, wrong) : right;
}

/* Memory to ask with: new and zeroed, or in the one case what there is, longer. */
static uint8_t *memory(struct fetch *fetch, uint8_t *old, uint32_t size, const struct bug *bug)
{
	if (old && holds(bug->reuses_memory, false, true))
		return fetch_realloc(fetch, old, size);
	if (old)
		fetch_free(fetch, old);
	return fetch_zalloc(fetch, size);
}

/* The flags to go on with, into the buffer where they are not its own. */
static uint32_t keep_flags(uint8_t *info, uint32_t flags, const struct bug *bug,
			   unsigned int attempt)
{
	const uint32_t own = overlay_flags(info);

	if (bug->keeps_flags && attempt)
		loop_store(info, INFO_AT_DEVICE_flags, (uint32_t)planted_choose(own, flags));
	return bug->keeps_flags && attempt ? flags : own;
}

static struct info_answer ask_with(struct fetch *fetch, enum info_kind kind, const struct bug *bug)
{
	static const uint32_t fixed[INFO_IOCTL_KINDS] = {DEVICE_INFO, REGION_INFO, IOMMU_INFO};
	uint32_t argsz = fixed[kind], flags = 0;
	uint8_t *info = NULL;

	for (unsigned int attempt = 0; holds(bug->no_attempt_limit, attempt < ATTEMPTS, true);
	     attempt++) {
		const uint32_t asked = argsz;

		info = memory(fetch, info, asked, bug);
		if (loop_ask(fetch, info, kind, asked)) {
			if (holds(bug->forgets_to_free, true, !attempt))
				fetch_free(fetch, info);
			return answer_reject("refused");
		}
		argsz = overlay_argsz(info);
		if (holds(bug->no_minimum, argsz < layout_infos[kind].minsz, false))
			return loop_give_up(fetch, info, "short-argsz");
		flags = keep_flags(info, flags, bug, attempt);
		if (argsz == asked || holds(bug->no_minimum, argsz < asked, false))
			return fetch_hand(fetch, info);
		if (holds(bug->no_size_limit, argsz > LIMIT, false))
			return loop_give_up(fetch, info, "too-large");
	}
	return loop_give_up(fetch, info, "unsteady");
}

#define PLANTED(symbol, loop_name, says, member)                                                   \
	static struct info_answer symbol##_run(struct fetch *fetch, enum info_kind kind,           \
					       uint32_t first)                                     \
	{                                                                                          \
		static const struct bug bug = {.member = true};                                    \
                                                                                                   \
		(void)first;                                                                       \
		return ask_with(fetch, kind, &bug);                                                \
	}                                                                                          \
                                                                                                   \
	static const struct fetch_loop symbol##_loop = {                                           \
		.name = loop_name,                                                                 \
		.summary = says,                                                                   \
		.trust = INFO_HARDENED,                                                            \
		.source = INFO_FROM_KERNEL,                                                        \
		.walk = "bounded",                                                                 \
		.kinds = KIND_BIT(INFO_DEVICE) | KIND_BIT(INFO_REGION) | KIND_BIT(INFO_IOMMU),     \
		.run = symbol##_run,                                                               \
	}

PLANTED(forgets, "planted-forgets", "does not free where a later call fails", forgets_to_free);
PLANTED(keeps, "planted-keeps-flags", "keeps the first reply's flags", keeps_flags);
PLANTED(any_size, "planted-any-size", "allocates whatever argsz says", no_size_limit);
PLANTED(any_less, "planted-any-less", "shrinks to whatever argsz says", no_minimum);
PLANTED(endless, "planted-endless", "asks for as long as argsz grows", no_attempt_limit);
PLANTED(reuse, "planted-reuse", "asks again with memory that was not cleared", reuses_memory);

const struct fetch_loop *const fetch_planted_loops[] = {
	&any_less_loop, &any_size_loop, &endless_loop, &forgets_loop, &keeps_loop, &reuse_loop,
};
const size_t fetch_planted_count = sizeof(fetch_planted_loops) / sizeof(fetch_planted_loops[0]);

static _Noreturn void print_list(void)
{
	for (size_t i = 0; i < fetch_planted_count; i++)
		printf("%s fetch: %s\n", fetch_planted_loops[i]->name,
		       fetch_planted_loops[i]->summary);
	exit(fflush(stdout) ? 5 : 0);
}

static const struct fetch_loop *find(const char *name)
{
	for (size_t i = 0; name && i < fetch_planted_count; i++)
		if (strcmp(fetch_planted_loops[i]->name, name) == 0)
			return fetch_planted_loops[i];
	return NULL;
}

int fetch_planted_open(const struct fetch_loop *const **ret_loops, size_t *ret_count,
		       char *ret_error, size_t error_size)
{
	static const struct fetch_loop *loops[64];
	const char *const name = getenv("CAPCHAIN_PLANTED");
	const struct fetch_loop *const chosen = find(name);
	size_t at = 0;

	if (name && strcmp(name, "list") == 0)
		print_list();
	if (!chosen) {
		snprintf(ret_error, error_size,
			 "which planted loop? set CAPCHAIN_PLANTED to one that "
			 "`CAPCHAIN_PLANTED=list` prints");
		return -1;
	}
	while (at < fetch_loop_count && strcmp(fetch_loops[at]->name, name) < 0)
		at++;
	memcpy(loops, fetch_loops, at * sizeof(loops[0]));
	loops[at] = chosen;
	memcpy(loops + at + 1, fetch_loops + at, (fetch_loop_count - at) * sizeof(loops[0]));
	if (planted_marks_open(ret_error, error_size))
		return -1;
	*ret_loops = loops;
	*ret_count = fetch_loop_count + 1;
	return 0;
}

void fetch_planted_watch(const struct judge *judge)
{
	for (size_t i = 0; i < judge->count; i++)
		if (find(judge->judged[i].parser->name))
			planted_marks->detected += judged_breaks(&judge->judged[i]);
}
