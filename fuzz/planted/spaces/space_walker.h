/* SPDX-License-Identifier: MIT */
/*
 * A hardened reading of both lists of configuration space, rules C1 to C6 and R1 to R13 of RULES.md, with each
 * check a macro that a bug may replace by PLANT(right, wrong). It shares nothing with pcicaps.h.
 */
#include "../../../parsers/layout.h"
#include "../marks.h"

/* @bound: bytes that may be used; @size: of the space; @from: the header that holds the link at hand. */
struct space {
	const volatile uint8_t *bytes;
	enum info_kind kind;
	uint32_t len;
	uint32_t bound;
	uint32_t size;
	uint32_t from;
	uint32_t taken;
	uint64_t seen[4096 / 4 / 64];
};

#define PLANT(right, wrong) planted_choose((uint64_t)(right), (uint64_t)(wrong))

/* C1 */
#define ALL_ONES(s)                                                                                \
	(load(s, 0, 4) == UINT32_MAX && load(s, 6, 2) == UINT16_MAX && load(s, 14, 1) == 0xff)
#ifndef IS_NO_DEVICE
#define IS_NO_DEVICE(s) ALL_ONES(s)
#endif
#define STATUS(s) (load(s, 6, 2) >> 4 & 1)
#ifndef HAS_LIST
#define HAS_LIST(s) STATUS(s)
#endif
#define IS_CARDBUS(s) ((load(s, 14, 1) & 0x7f) == 2)
#ifndef START
#define START(s) (IS_CARDBUS(s) ? 0x14u : 0x34u)
#endif
/* C3 */
#ifndef SIZE
#define SIZE(s) ((s)->kind == INFO_PCI || (s)->len == 256 ? 256u : 4096u)
#endif
/* C2 */
#ifndef MASKED
#define MASKED(s, link) ((link) & ~3u)
#endif
#define LEAST(s) ((s)->kind == INFO_PCI ? 0x40u : 0x100u)
#ifndef IS_BELOW
#define IS_BELOW(s, at) ((at) < LEAST(s))
#endif
#define WAS_HERE(s, at) ((s)->seen[(at) / 256 % 16] >> ((at) / 4 % 64) & 1)
#ifndef IS_LOOP
#define IS_LOOP(s, at) WAS_HERE(s, at)
#endif
#ifndef ENDS
#define ENDS(s, at) ((at) == 0)
#endif
/* C4 */
#define ID_OF(s, word) ((s)->kind == INFO_PCI ? (word)&0xff : (word)&0xffff)
#ifndef IS_ZERO
#define IS_ZERO(s, word) ((s)->kind == INFO_PCIE && (word) == 0)
#endif
#define ONES(s, word) ((s)->kind == INFO_PCI ? ID_OF(s, word) == 0xff : (word) == UINT32_MAX)
#ifndef IS_ONES
#define IS_ONES(s, word) ONES(s, word)
#endif
#ifndef VERSION
#define VERSION(s, word) ((s)->kind == INFO_PCI ? 1u : (word) >> 16 & 0xf)
#endif
#ifndef PAYLOAD_SIZE
#define PAYLOAD_SIZE(s) ((s)->size)
#endif
#ifndef CUT
#define CUT(s) VERDICT_TRUNCATED
#endif

/* The number of @size bytes at @at, which lie inside len. */
static inline uint32_t load(const struct space *s, uint32_t at, uint32_t size)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < size; i++)
		value |= (uint32_t)s->bytes[at + i] << 8 * i;
	return value;
}

static inline struct info_answer cut(const struct space *s)
{
	(void)s;
	return (enum verdict)CUT(s) == VERDICT_TRUNCATED ? answer_truncated(s->size)
							 : answer((enum verdict)CUT(s));
}

/* Delivers the capability at @at; false where it passes what is there, with the answer to that. */
static inline bool take(struct walk *walk, const struct space *s, uint32_t at, uint32_t word,
			struct info_answer *ret_answer)
{
	struct info_cap cap = {.offset = at,
			       .id = (uint16_t)ID_OF(s, word),
			       .version = (uint16_t)VERSION(s, word)};
	const struct layout_cap *const layout = cap.version ? layout_cap(s->kind, cap.id) : NULL;
	const uint64_t end = at + (layout ? layout_fixed(layout, cap.version) : 0);
	size_t slot = 0;

	/* R10: the payload lies inside the space, and inside what was read of it. */
	if (end > s->bound) {
		*ret_answer = end > PAYLOAD_SIZE(s) ? answer_reject("payload-oob") : cut(s);
		return false;
	}
	cap.decoded = layout != NULL;
	for (size_t i = 0; layout && i < layout->nfields; i++)
		if (layout->fields[i].role == ROLE_VALUE)
			cap.field[slot++] =
				load(s, at + layout->fields[i].at, layout->fields[i].width);
	walk_deliver(walk, &cap);
	return true;
}

static inline struct info_answer follow(struct walk *walk, struct space *s, uint32_t at)
{
	const uint32_t header = s->kind == INFO_PCI ? 2 : 4;
	struct info_answer refused;
	uint32_t word;

	while (!ENDS(s, at)) {
		/* R6: no capability stands in the header, nor an extended one before 0x100. */
		if (IS_BELOW(s, at))
			return answer_reject("into-header");
		/* R7: the header lies inside what was read. */
		if (at + header > s->bound)
			return cut(s);
		/* R9: the list was not here before. */
		if (IS_LOOP(s, at))
			return answer_reject("loop");
		s->seen[at / 256 % 16] |= UINT64_C(1) << (at / 4 % 64);
		word = load(s, at, header);
		if (IS_ZERO(s, word))
			break;
		if (IS_ONES(s, word)) {
			if (!s->taken && s->kind == INFO_PCIE)
				break;
			return answer_reject("all-ones");
		}
		if (!take(walk, s, at, word, &refused))
			return refused;
		s->taken++;
		s->from = at;
		at = s->kind == INFO_PCI ? (uint32_t)MASKED(s, word >> 8)
					 : (uint32_t)MASKED(s, word >> 20);
	}
	return answer(s->taken ? VERDICT_OK : VERDICT_ABSENT);
}

static struct info_answer planted_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	struct space s = {.bytes = info, .kind = kind, .len = len};

	/* R1: the header is there. */
	if (len < 64)
		return answer_reject("short-buffer");
	s.size = (uint32_t)SIZE(&s);
	s.bound = len < s.size ? len : s.size;
	if (IS_NO_DEVICE(&s) || (kind == INFO_PCI && !HAS_LIST(&s)) ||
	    (kind == INFO_PCIE && s.size == 256))
		return answer(VERDICT_ABSENT);
	if (kind == INFO_PCIE)
		return follow(walk, &s, 256);
	return follow(walk, &s, (uint32_t)MASKED(&s, load(&s, (uint32_t)START(&s), 1)));
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)
/* Where a bug is of one list alone, it says so. */
#ifndef READS
#define READS INFO_ROW([INFO_PCI] = READS_ALL, [INFO_PCIE] = READS_ALL)
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
