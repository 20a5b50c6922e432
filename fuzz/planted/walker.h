/* SPDX-License-Identifier: MIT */
/*
 * A hardened reading of every kind, with each check a macro that a planted bug may put its own line
 * in place of: define PLANTED_ID, PLANTED_NAME, PLANTED_SUMMARY and one of the checks below, and
 * include this file. Without a bug it agrees with the reference on every buffer; planted_test.c
 * holds it to that, so whatever a planted parser gets wrong is its one line's doing.
 *
 * A bug is written as PLANT(right, wrong), see planted_choose(); keep @right free of branches, so
 * that it makes no edges which guide an engine.
 */
#include <signal.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../../parsers/parser.h"
#include "bugs.h"

#define PLANT(right, wrong) planted_choose((uint64_t)(right), (uint64_t)(wrong))

/* R2: the reply says that cap_offset means something. */
#ifndef HAS_FLAG
#define HAS_FLAG(chain) (load32(chain, INFO_AT_DEVICE_flags) & (chain)->layout->caps_flag)
#endif
/* R1: the reply is shorter than the struct that every reader of the kind knows. */
#ifndef SHORT_ARGSZ
#define SHORT_ARGSZ(chain) ((chain)->argsz < (chain)->layout->minsz)
#endif
/* R5: the bytes that a reader may use. */
#ifndef BOUND
#define BOUND(argsz, len) ((argsz) < (len) ? (argsz) : (len))
#endif
/* R2 to R4: the reply says that it was longer. */
#ifndef CUT
#define CUT(argsz, len) ((argsz) > (len))
#endif
/* R4: where the first capability is. */
#ifndef FIRST
#define FIRST(chain) load32(chain, (chain)->layout->first.at)
#endif
/* R4, and a next: there is no capability there. */
#ifndef ENDS
#define ENDS(chain, at) ((at) == 0)
#endif
/* R4: the same of cap_offset. */
#ifndef NO_CHAIN
#define NO_CHAIN(chain, at) ENDS(chain, at)
#endif
/* R5: a range that ends at @end may be read. */
#ifndef INSIDE
#define INSIDE(end, bound) ((end) <= (bound))
#endif
/* R6: the offset is inside the known fixed fields. */
#ifndef INTO_HEADER
#define INTO_HEADER(chain, at) ((at) < (chain)->layout->end)
#endif
/* R7: where the header ends, which has to be readable. */
#ifndef HEADER_END
#define HEADER_END(chain, at) ((uint64_t)(at) + CAP_HEADER_SIZE)
#endif
/* R9: the chain was at this offset before. */
#ifndef IS_LOOP
#define IS_LOOP(chain, at) was_here(chain, at)
#endif
/* R11: which capability it is. */
#ifndef ID
#define ID(chain, at) load16(chain, (at) + CAP_HEADER_id)
#endif
/* R11: a known capability of this version has a payload that is known too. */
#ifndef HAS_LAYOUT
#define HAS_LAYOUT(version) ((version) > 0)
#endif
/* R11: bytes of the payload's fixed part, header included. */
#ifndef FIXED
#define FIXED(layout, version) layout_fixed(layout, version)
#endif
/* R10: how many elements follow, as the program holds it. */
#ifndef COUNT
#define COUNT(chain, at) load32(chain, (at) + CAP_COUNT_AT)
#endif
/* R10: where the payload ends, which has to be readable. */
#ifndef PAYLOAD_END
#define PAYLOAD_END(chain, at, fixed, count, size)                                                 \
	((uint64_t)(at) + (fixed) + (uint64_t)(count) * (size))
#endif
/* R10: the bytes that a payload may use. */
#ifndef PAYLOAD_BOUND
#define PAYLOAD_BOUND(chain) ((chain)->bound)
#endif
/* R10: the verdict on a payload that is not readable. */
#ifndef UNREADABLE
#define UNREADABLE(chain, verdict) (verdict)
#endif
/* R12: what was read counts; @elements: of its layout, @count: how many it has. */
#ifndef COUNTS
#define COUNTS(elements, count) true
#endif
/* R8: an offset that is refused for where it is. */
#ifndef MISALIGNED
#define MISALIGNED(at) false
#endif
/* R11: a capability without a layout is refused. */
#ifndef REFUSED_ID
#define REFUSED_ID(layout) false
#endif
/* R10: what an element's half is read as; @i: which half. */
#ifndef ELEMENT
#define ELEMENT(value, i) (value)
#endif
/* R10: the half of an element is refused for the one before it. */
#ifndef CLASHES
#define CLASHES(before, value, i) ((void)(before), false)
#endif
/* R9: the chain is given up, with all that it had, because the next is at @at. */
#ifndef GIVES_UP
#define GIVES_UP(chain, at) false
#endif
/* The verdict on a chain that was read to its end. */
#ifndef VERDICT
#define VERDICT(chain) VERDICT_OK
#endif
/* Where the next capability is. */
#ifndef NEXT
#define NEXT(chain, at) load32(chain, (at) + CAP_HEADER_next)
#endif

/**
 * struct chain - one reading while it runs
 * @from: the header that holds the link, 0 where that is cap_offset
 * @taken: capabilities so far
 * @ids: one bit for each id below 64 that was taken
 * @visited: one bit for each offset below the bound
 */
struct chain {
	struct walk *walk;
	const uint8_t *info;
	const struct layout_info *layout;
	enum info_kind kind;
	uint32_t len, argsz, bound, from, taken;
	uint64_t ids;
	uint8_t *visited;
	struct info_answer answer;
};

/* Loads stand in this file, not behind layout_load(), so that the sandbox hears them. */
#define LOAD(width, type)                                                                          \
	typedef type __attribute__((aligned(1), may_alias)) unaligned##width;                      \
	static inline type load##width(const struct chain *chain, uint64_t at)                     \
	{                                                                                          \
		return *(const volatile unaligned##width *)(chain->info + at);                     \
	}
LOAD(8, uint8_t)
LOAD(16, uint16_t)
LOAD(32, uint32_t)
LOAD(64, uint64_t)

static uint64_t load(const struct chain *chain, uint64_t at, unsigned int width)
{
	if (width == 1)
		return load8(chain, at);
	if (width == 2)
		return load16(chain, at);
	return width == 4 ? load32(chain, at) : load64(chain, at);
}

static inline bool was_here(const struct chain *chain, uint32_t at)
{
	return chain->visited[at / 8] >> (at % 8) & 1;
}

static bool refuse(struct chain *chain, const char *rule)
{
	chain->answer = answer_reject(rule);
	return false;
}

/* The ladder of R5 for a range that ends at @end. */
static bool fits(struct chain *chain, uint64_t end, uint64_t bound, const char *rule)
{
	if (INSIDE(end, bound))
		return true;
	if (end > chain->argsz)
		return refuse(chain, rule);
	chain->answer = answer_truncated(chain->argsz);
	return false;
}

/* R1 to R4: from the fixed fields to the first offset. */
static bool find_first(struct chain *chain, uint32_t *ret_first)
{
	const bool cut = CUT(chain->argsz, chain->len);

	if (chain->len < chain->layout->minsz)
		return refuse(chain, "short-buffer");
	if (SHORT_ARGSZ(chain))
		return refuse(chain, "short-argsz");
	chain->answer = cut ? answer_truncated(chain->argsz) : answer(VERDICT_ABSENT);
	if (!HAS_FLAG(chain))
		return false;
	if (chain->layout->first.at + 4 > chain->bound)
		return cut ? false : refuse(chain, "short-argsz");
	*ret_first = (uint32_t)FIRST(chain);
	return !NO_CHAIN(chain, *ret_first);
}

/* R6, R7, R9: a header may be read at @at. */
static bool is_sound(struct chain *chain, uint32_t at)
{
	const char *const outside = chain->from ? "next-oob" : "offset-oob";

	if (INTO_HEADER(chain, at))
		return refuse(chain, "into-header");
	if (!fits(chain, HEADER_END(chain, at), chain->bound,
		  at < chain->bound ? "header-straddle" : outside))
		return false;
	if (IS_LOOP(chain, at))
		return refuse(chain, "loop");
	if (MISALIGNED(at))
		return refuse(chain, "misaligned");
	chain->visited[at / 8] |= (uint8_t)(1u << (at % 8));
	return true;
}

/* R10: the payload is readable; fills in the count. */
static bool payload_fits(struct chain *chain, const struct layout_cap *layout, uint32_t fixed,
			 struct info_cap *cap)
{
	const uint32_t at = cap->offset;
	uint64_t end;

	if (layout->elements != ELEMENTS_NONE) {
		if (!fits(chain, (uint64_t)at + CAP_COUNT_AT + 4, PAYLOAD_BOUND(chain),
			  "payload-oob"))
			return false;
		cap->count = (uint32_t)COUNT(chain, at);
	}
	end = PAYLOAD_END(chain, at, fixed, cap->count, (uint32_t)layout->elements);
	return fits(chain, end, PAYLOAD_BOUND(chain),
		    end > UINT32_MAX ? "count-overflow" : "payload-oob");
}

/* False where an element is refused. */
static bool decode(const struct chain *chain, const struct layout_cap *layout, uint32_t fixed,
		   struct info_cap *cap)
{
	const unsigned int width = layout->elements == ELEMENTS_BYTES ? 1 : 8;
	const uint64_t elements = (uint64_t)cap->offset + fixed;
	uint64_t value, before = 0;
	size_t slot = 0;

	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];

		if (field->role != ROLE_VALUE)
			continue;
		if (field->version <= cap->version)
			cap->field[slot] = load(chain, cap->offset + field->at, field->width);
		slot++;
	}
	if (layout->elements == ELEMENTS_NONE)
		return true;
	cap->hash = INFO_HASH_START;
	for (uint64_t i = 0; i < (uint64_t)cap->count * layout->elements; i += width) {
		value = load(chain, elements + i, width);
		if (CLASHES(before, value, i / width))
			return false;
		cap->hash = info_hash(cap->hash, ELEMENT(value, i / width));
		before = value;
	}
	return true;
}

/* R10 to R13: takes the capability at @at. */
static bool take(struct chain *chain, uint32_t at)
{
	struct info_cap cap = {.offset = at,
			       .id = (uint16_t)ID(chain, at),
			       .version = load16(chain, at + CAP_HEADER_version)};
	const struct layout_cap *const layout = layout_cap(chain->kind, cap.id);
	bool counts = true;

	if (REFUSED_ID(layout))
		return refuse(chain, "unknown-id");
	chain->ids |= UINT64_C(1) << (cap.id % 64);
	cap.decoded = layout && HAS_LAYOUT(cap.version);
	if (cap.decoded) {
		const uint32_t fixed = (uint32_t)FIXED(layout, cap.version);

		if (!payload_fits(chain, layout, fixed, &cap)) {
			chain->answer.verdict =
				(enum verdict)UNREADABLE(chain, chain->answer.verdict);
			return false;
		}
		if (!decode(chain, layout, fixed, &cap))
			return refuse(chain, "elements");
		counts = COUNTS(layout->elements, cap.count);
	}
	if (counts)
		walk_deliver(chain->walk, &cap);
	return true;
}

static struct info_answer planted_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	struct chain chain = {.walk = walk,
			      .info = info,
			      .layout = &layout_infos[kind],
			      .kind = kind,
			      .len = len};
	uint32_t at = 0;

	if (len >= INFO_AT_DEVICE_argsz + 4)
		chain.argsz = load32(&chain, INFO_AT_DEVICE_argsz);
	chain.bound = (uint32_t)BOUND(chain.argsz, len);
	if (!find_first(&chain, &at))
		return chain.answer;
	chain.visited = walk_alloc(walk, chain.bound / 8 + 1);
	/* One that takes argsz for the bound asks for what no one grants. */
	if (!chain.visited)
		walk_crash(walk, SIGSEGV);
	memset(chain.visited, 0, chain.bound / 8 + 1);
	do {
		if (!is_sound(&chain, at) || !take(&chain, at))
			return chain.answer;
		chain.from = at;
		chain.taken++;
		at = (uint32_t)NEXT(&chain, at);
		if (GIVES_UP(&chain, at))
			return answer(VERDICT_ABSENT);
	} while (!ENDS(&chain, at));
	return answer((enum verdict)VERDICT(&chain));
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)
/* Where a bug is of one kind alone, it says so. */
#ifndef READS
#define READS INFO_ROW(READS_ALL, READS_ALL, READS_ALL)
#endif
#define PARSER_OF(id)  PARSER_OF_(id)
#define PARSER_OF_(id) planted_##id##_parser

extern const struct info_parser PARSER_OF(PLANTED_ID);
const struct info_parser PARSER_OF(PLANTED_ID) = {
	.name = PLANTED_NAME,
	.summary = PLANTED_SUMMARY,
	.trust = INFO_HARDENED,
	.source = INFO_FROM_PEER,
	.reads = READS,
	.read = planted_read,
};
