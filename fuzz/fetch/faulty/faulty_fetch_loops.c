/* SPDX-License-Identifier: MIT */
/* One fault a loop, as plainly as it can be committed; see faulty.h. All ask about a region. */
#include "faulty_fetch_loops.h"

#include "../loops/fetch_loops.h"

static struct info_answer asks_for_ever(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	while (!loop_ask(fetch, info, kind, REGION_INFO))
		;
	return loop_give_up(fetch, info, "refused");
}

static struct info_answer takes_any_size(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, REGION_INFO);
	info = fetch_realloc(fetch, info, overlay_argsz(info));
	return fetch_hand(fetch, info);
}

static struct info_answer stores_past(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, 4);

	(void)first;
	loop_question(info, kind, 4);
	return fetch_hand(fetch, info);
}

/* The reply does it: the argsz says more than the buffer has. */
static struct info_answer asks_past(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, 4096);
	return fetch_hand(fetch, info);
}

static struct info_answer reads_short(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, INFO_AT_REGION_cap_offset);

	(void)first;
	loop_ask(fetch, info, kind, INFO_AT_REGION_cap_offset);
	if (overlay_cap_offset(info, kind))
		return fetch_hand(fetch, info);
	return loop_give_up(fetch, info, "no-chain");
}

static struct info_answer walks_short(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, INFO_AT_REGION_cap_offset);

	(void)first;
	loop_ask(fetch, info, kind, INFO_AT_REGION_cap_offset);
	return fetch_hand(fetch, info);
}

static struct info_answer hands_the_first(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, REGION_INFO);
	return fetch_hand(fetch, info);
}

static struct info_answer forgets_memory(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, REGION_INFO);
	return answer_reject("tired");
}

static struct info_answer takes_for_absent(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, REGION_INFO);
	fetch_free(fetch, info);
	return answer(VERDICT_ABSENT);
}

static struct info_answer clears_nothing(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_alloc(fetch, 4096);

	(void)first;
	loop_ask(fetch, info, kind, 4096);
	loop_ask(fetch, info, kind, 4096);
	return fetch_hand(fetch, info);
}

static struct info_answer keeps_flags(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, 4096);
	uint32_t flags;

	(void)first;
	loop_ask(fetch, info, kind, 4096);
	flags = overlay_flags(info);
	loop_ask(fetch, info, kind, 4096);
	loop_store(info, INFO_AT_REGION_flags, flags);
	return fetch_hand(fetch, info);
}

/*
 * Two replies into one buffer: where the second writes less, capabilities of the first are there.
 */
static struct info_answer keeps_caps(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, 4096);

	(void)first;
	for (int i = 0; i < 3; i++)
		loop_ask(fetch, info, kind, 4096);
	loop_ask(fetch, info, kind, REGION_INFO);
	return fetch_hand(fetch, info);
}

static struct info_answer decides_by_flags(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, 4096);
	bool had_caps;

	(void)first;
	loop_ask(fetch, info, kind, 4096);
	had_caps = loop_has_caps(info, kind);
	loop_ask(fetch, info, kind, 4096);
	fetch_free(fetch, info);
	return had_caps ? answer_reject("too-much") : answer(VERDICT_ABSENT);
}

static struct info_answer asks_with_nothing(struct fetch *fetch, enum info_kind kind,
					    uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, 0);
	return loop_give_up(fetch, info, "refused");
}

static struct info_answer grows_never(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *const info = fetch_zalloc(fetch, REGION_INFO);

	(void)first;
	loop_ask(fetch, info, kind, REGION_INFO);
	return loop_give_up(fetch, info, "too-large");
}

#define FAULTY(rule, script, function, walk)                                                       \
	INFO_ROW(rule, script,                                                                     \
		 INFO_ROW(#function, "for the test", INFO_TRUSTING, INFO_FROM_KERNEL, walk,        \
			  KIND_BIT(INFO_REGION), function))

const struct fetch_faulty fetch_faulty[] = {
	FAULTY(FETCH_UNBOUNDED, "constant", asks_for_ever, "naive"),
	FAULTY(FETCH_ABSURD_ALLOC, "0xffffffff", takes_any_size, "naive"),
	FAULTY(FETCH_OVERRUN, "constant", stores_past, "naive"),
	FAULTY(FETCH_OVERRUN, "alternating", asks_past, "naive"),
	FAULTY(FETCH_SHORT_FIXED, "constant", reads_short, "naive"),
	FAULTY(FETCH_SHORT_FIXED, "constant", walks_short, "naive"),
	FAULTY(FETCH_PAST_ALLOCATION, "alternating", hands_the_first, "naive"),
	FAULTY(FETCH_LEAK, "constant", forgets_memory, "naive"),
	FAULTY(FETCH_ABSENT_FOR_TRUNCATED, "constant", takes_for_absent, "naive"),
	FAULTY(FETCH_UNWRITTEN, "caps vanish", clears_nothing, "naive"),
	FAULTY(FETCH_EARLIER_REPLY, "flags change", keeps_flags, "naive"),
	FAULTY(FETCH_EARLIER_REPLY, "grows once more", keeps_caps, "naive"),
	FAULTY(FETCH_EARLIER_REPLY, "flags change", decides_by_flags, "naive"),
	FAULTY(FETCH_ASKED_SHORT, FETCH_FAULTY_PLAIN, asks_with_nothing, "naive"),
	FAULTY(FETCH_NEVER_GROWN, FETCH_FAULTY_PLAIN, grows_never, "naive"),
};
const size_t fetch_faulty_count = sizeof(fetch_faulty) / sizeof(fetch_faulty[0]);
