/* SPDX-License-Identifier: MIT */
/*
 * A reader of all kinds that is right, and planted readers with one fault each: -DFAULT=NAME, and
 * -DTRUST=INFO_HARDENED and its like for what it promises. `make check-own` shows what every tool
 * says of each; scripts/fuzz/check_own.py has the faults in words.
 */
#include <stdlib.h>
#include <string.h>

#include "capchain/parser.h"
#include "../../bounded_take.h"

enum fault {
	RIGHT,
	LOOP_SELF,    /* no guard at all */
	LOOP_GUARD,   /* one that sees a link to itself, and none of two steps */
	COUNT_ARGSZ,  /* elements are held to argsz, not to what there is */
	MISSED_FLAG,  /* follows cap_offset whatever the flag says */
	ABSENT_TRUNC, /* absent, where the chain is cut off */
	STATIC_STATE, /* drops what it takes first, every second time */
	LEAK,
	MISALIGNED, /* a 64-bit load at an odd multiple of 4 */
	WRITES,	    /* ends the chain in the buffer itself */
	STALE,	    /* bounds are len, whatever argsz says */
	ABSTAINS,
	FIRST_ONLY, /* and says that it lists them */
	END_PLUS_1, /* a header may begin one byte too late */
	FILTERS,    /* leaves out SPARSE_MMAP without areas, as it declares, and is right */
};

#ifndef FAULT
#define FAULT RIGHT
#endif
#ifndef TRUST
#define TRUST INFO_HARDENED
#endif

struct header {
	uint16_t id, version;
	uint32_t next;
};

static volatile uint64_t sum;

static uint32_t word(const void *info, uint32_t at)
{
	uint32_t value;

	memcpy(&value, (const char *)info + at, sizeof(value));
	return value;
}

/* Raw: whatever the links say. */
static struct info_answer follow(struct walk *walk, const char *info, uint32_t len, uint32_t next)
{
	for (uint32_t from = 0, at = next; at; from = at, at = next) {
		const volatile struct header *const header =
			(const volatile struct header *)(const void *)(info + at);
		struct info_cap cap = {.offset = at};

		if ((FAULT == LOOP_SELF || FAULT == LOOP_GUARD) && (at > len || len - at < 8))
			return answer_reject("next-oob");
		if (FAULT == END_PLUS_1 && at + 8 > len + 1)
			return answer_reject("next-oob");
		if (FAULT == LOOP_GUARD && at == from)
			return answer_reject("loop");
		cap.id = header->id;
		cap.version = header->version;
		next = header->next;
		if (FAULT == COUNT_ARGSZ && cap.id == 1 && at + 16 <= len) {
			const uint64_t count = word(info, at + 8);

			if (at + 16 + 16 * count <= word(info, 0))
				for (uint64_t i = 0; i < count; i++)
					sum += *(const volatile uint64_t *)(info + at + 16 +
									    16 * i);
		}
		if (FAULT == WRITES)
			((volatile struct header *)(uintptr_t)header)->next = 0;
		if (FAULT == END_PLUS_1 && next && next <= at)
			return answer_reject("loop");
		walk_deliver(walk, &cap);
	}
	return answer(VERDICT_OK);
}

static bool leaves_out(const struct vb_cap *cap, enum info_kind kind, size_t taken)
{
	static size_t walks;

	if (FAULT == STATIC_STATE && !taken)
		return walks++ % 2;
	/* Of what it does not decode it cannot know that it has no areas. */
	return (FAULT == FIRST_ONLY && taken) ||
	       (FAULT == FILTERS && kind == INFO_REGION && cap->id == VB_SPARSE_MMAP &&
		cap->layout && !cap->count);
}

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	static const uint32_t flags[] = {128, 8, 2}, offsets[] = {16, 12, 16};
	const bool raw = FAULT == LOOP_SELF || FAULT == LOOP_GUARD || FAULT == COUNT_ARGSZ ||
			 FAULT == WRITES || FAULT == END_PLUS_1;
	struct vb_chain chain;
	struct vb_cap cap;
	enum vb_status status;
	size_t taken = 0;

	if (FAULT == ABSTAINS)
		return answer(VERDICT_ABSTAIN);
	status = vb_begin(&chain, info, len, take_kinds[kind]);
	if (FAULT == LEAK)
		sum += (uintptr_t)malloc(64);
	if (FAULT == STALE && len >= 40)
		sum += word(info, len - 4);
	if (FAULT == MISSED_FLAG && status == VB_ABSENT && len >= 32 && word(info, offsets[kind]))
		return follow(walk, info, len, word(info, offsets[kind]));
	if (FAULT == ABSENT_TRUNC && status == VB_TRUNCATED)
		return answer(VERDICT_ABSENT);
	/* What a raw reader looks at first, it reads right. */
	if (raw && status != VB_SHORT_BUFFER && status != VB_ABSENT && len >= 24 &&
	    word(info, 4) & flags[kind] && word(info, offsets[kind]))
		return follow(walk, info, len, word(info, offsets[kind]));
	while (vb_next(&chain, &cap)) {
		if (FAULT == MISALIGNED && cap.offset % 8 == 0 && cap.offset + 12 <= chain.bound)
			sum += *(const volatile uint64_t *)((const char *)info + cap.offset + 4);
		if (!leaves_out(&cap, kind, taken++))
			take_cap(walk, &chain, &cap, kind);
	}
	return take_answer(chain.status, chain.argsz);
}

#define EXACT (FAULT == RIGHT ? INFO_ALL_IDS : 0)

const struct info_parser capchain_parser = {
	.name = "mine",
	.summary = "planted, of make check-own",
	.trust = TRUST,
	.reads = {{INFO_LIST, INFO_ALL_IDS, EXACT},
		  {INFO_LIST, INFO_ALL_IDS, EXACT},
		  {INFO_LIST, INFO_ALL_IDS, EXACT}},
	.drops = {[INFO_REGION] = FAULT == FILTERS ? INFO_DROPS_EMPTY : 0},
	.read = read_info,
};
