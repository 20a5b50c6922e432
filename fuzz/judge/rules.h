/* SPDX-License-Identifier: MIT */
/*
 * The names of everything a buffer can be: rules reject it, notes do not. The order of the odd
 * notes is the order in which the first one becomes the cause of a bucket.
 */
#ifndef FUZZ_JUDGE_RULES_H
#define FUZZ_JUDGE_RULES_H

#include <stdint.h>

#include "../../parsers/parser.h"

#define RULES(RULE)                                                                                \
	RULE(NONE, "", "")                                                                         \
	RULE(SHORT_BUFFER, "short-buffer", "len is below what the kernel always fills")            \
	RULE(SHORT_ARGSZ, "short-argsz",                                                           \
	     "argsz is, or does not reach cap_offset though the flag is set")                      \
	RULE(INTO_HEADER, "into-header", "an offset points into the fixed struct")                 \
	RULE(OFFSET_OOB, "offset-oob", "cap_offset points past the reply")                         \
	RULE(NEXT_OOB, "next-oob", "a next points past the reply")                                 \
	RULE(HEADER_STRADDLE, "header-straddle",                                                   \
	     "a header begins inside the reply and ends outside")                                  \
	RULE(LOOP, "loop", "a next comes back to a capability of this chain")                      \
	RULE(COUNT_OVERFLOW, "count-overflow", "a count times its element size passes 2^32")       \
	RULE(PAYLOAD_OOB, "payload-oob", "a capability ends past the reply")                       \
	RULE(ALL_ONES, "all-ones", "a header is what a read that failed gives")

enum rule {
#define RULE(rule, name, words) RULE_##rule,
	RULES(RULE)
#undef RULE
		RULE_COUNT
};

/* Odd notes first, in the order of causes; the plain ones after them. */
#define NOTES(NOTE)                                                                                \
	NOTE(FLAG_WITHOUT_CHAIN, "flag-without-chain",                                             \
	     "CAPS is set, and cap_offset is 0 in a reply that is whole")                          \
	NOTE(MISALIGNED, "misaligned", "a capability is not 4-byte aligned")                       \
	NOTE(NEWER_VERSION, "newer-version",                                                       \
	     "a version above the newest known: read as the newest")                               \
	NOTE(VERSION_ZERO, "version-zero", "version 0 of a known id: not decoded")                 \
	NOTE(DUPLICATE_ID, "duplicate-id", "a known id for the second time")                       \
	NOTE(OVERLAP, "overlap", "a capability shares bytes with one before it")                   \
	NOTE(AREAS_OVERLAP, "areas-overlap",                                                       \
	     "an area of SPARSE_MMAP shares bytes with one before it")                             \
	NOTE(NO_DEVICE, "no-device", "all ones, as where no device answers")                       \
	NOTE(HEADER_TYPE, "header-type",                                                           \
	     "a header type above 1: many begin at 0x34 all the same, or read none")               \
	NOTE(NO_EXPRESS, "no-express",                                                             \
	     "no Express capability that all find opens the extended list")                        \
	NOTE(RESERVED_BITS, "reserved-bits", "reserved bits of a link are set, and masked")        \
	NOTE(ZERO_HEADER, "zero-header", "a next points to a header of 0, where the list ends")    \
	NOTE(MANY_CAPS, "many-caps", "more than 480 capabilities: some count, and stop")           \
	NOTE(ALIGN4, "align4", "4- but not 8-byte aligned, as kernels before 6.6 wrote")           \
	NOTE(BACKWARD, "backward", "a next points to a lower offset, which is legal")              \
	NOTE(UNKNOWN_ID, "unknown-id", "an id that no layout has: delivered undecoded")            \
	NOTE(CHAIN_WITHOUT_FLAG, "chain-without-flag",                                             \
	     "CAPS is clear, and a whole chain stands at cap_offset")                              \
	NOTE(NULL_CAP, "null-cap", "id 0 of a configuration space: an entry, not an end")          \
	NOTE(REPEATED_ID, "repeated-id", "an id of a configuration space once more")               \
	NOTE(LENGTHS_OVERLAP, "lengths-overlap",                                                   \
	     "capabilities of a configuration space share bytes that one does not decode")         \
	NOTE(AREA_PAST_REGION, "area-past-region", "an area ends past the region's size")          \
	NOTE(AREA_EMPTY, "area-empty", "an area without bytes")                                    \
	NOTE(AREAS_UNSORTED, "areas-unsorted", "an area begins below the one before it")           \
	NOTE(RANGES_OVERLAP, "ranges-overlap",                                                     \
	     "an IOVA range shares addresses with one before it")                                  \
	NOTE(RANGES_UNSORTED, "ranges-unsorted", "an IOVA range begins below the one before it")   \
	NOTE(RANGE_BACKWARDS, "range-backwards", "an IOVA range ends below its start")

enum note {
#define NOTE(note, name, words) NOTE_##note,
	NOTES(NOTE)
#undef NOTE
		NOTE_COUNT
};

#define NOTE_BIT(note) (1u << (note))
#define NOTES_ODD      (NOTE_BIT(NOTE_ALIGN4) - 1u)

/* Those of a buffer; all others are of a capability. */
#define NOTES_OF_BUFFER                                                                            \
	(NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN) | NOTE_BIT(NOTE_CHAIN_WITHOUT_FLAG) |                   \
	 NOTE_BIT(NOTE_NO_DEVICE) | NOTE_BIT(NOTE_HEADER_TYPE) | NOTE_BIT(NOTE_NO_EXPRESS) |       \
	 NOTE_BIT(NOTE_ZERO_HEADER) | NOTE_BIT(NOTE_MANY_CAPS))

/* Those of configuration spaces alone. */
#define NOTES_OF_SPACE                                                                             \
	((NOTE_BIT(NOTE_ALIGN4) - NOTE_BIT(NOTE_NO_DEVICE)) |                                      \
	 (NOTE_BIT(NOTE_AREA_PAST_REGION) - NOTE_BIT(NOTE_NULL_CAP)))

/* Those of one element of a list. */
#define NOTES_OF_ELEMENT                                                                           \
	(NOTE_BIT(NOTE_AREAS_OVERLAP) | (NOTE_BIT(NOTE_COUNT) - NOTE_BIT(NOTE_AREA_PAST_REGION)))

/*
 * Changes of a buffer that should change nothing; relations.h has their terms. The order is that of
 * enum info_claim.
 */
#define RELATION_LIST(RELATION)                                                                    \
	RELATION(SLACK, "slack", "bytes after the chain change nothing")                           \
	RELATION(SHIFT, "shift", "moving the chain by a multiple of 8 changes only offsets")       \
	RELATION(ORDER, "order", "another order in memory, with the same links, keeps the list")   \
	RELATION(CUT, "cut", "a shorter buffer never delivers more")                               \
	RELATION(UNREAD, "unread", "bytes that no right reading uses do not matter")               \
	RELATION(AGAIN, "again", "reading twice gives the same")

enum relation {
	RELATION_NONE,
#define RELATION(relation, name, words) RELATION_##relation,
	RELATION_LIST(RELATION)
#undef RELATION
		RELATIONS
};

/* What the reference makes of a buffer. */
enum buffer_class { CLASS_PLAIN, CLASS_ODD, CLASS_TRUNCATED, CLASS_MALFORMED, BUFFER_CLASSES };

/* "loop", "align4", "malformed", "slack". */
const char *rule_name(enum rule rule);
const char *note_name(enum note note);
const char *buffer_class_name(enum buffer_class class);
const char *relation_name(enum relation relation);

/* One sentence on what a rule or note says of a buffer, or a relation of a parser. */
const char *rule_words(enum rule rule);
const char *note_words(enum note note);
const char *relation_words(enum relation relation);

#endif
