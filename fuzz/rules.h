/* SPDX-License-Identifier: MIT */
/*
 * The names of everything a buffer can be: rules reject it, notes do not. The order of the odd
 * notes is the order in which the first one becomes the cause of a bucket.
 */
#ifndef FUZZ_RULES_H
#define FUZZ_RULES_H

#include <stdint.h>

#include "../parsers/parser.h"

#define RULES(RULE)                                                                                \
	RULE(NONE, "")                                                                             \
	RULE(SHORT_BUFFER, "short-buffer")                                                         \
	RULE(SHORT_ARGSZ, "short-argsz")                                                           \
	RULE(INTO_HEADER, "into-header")                                                           \
	RULE(OFFSET_OOB, "offset-oob")                                                             \
	RULE(NEXT_OOB, "next-oob")                                                                 \
	RULE(HEADER_STRADDLE, "header-straddle")                                                   \
	RULE(LOOP, "loop")                                                                         \
	RULE(COUNT_OVERFLOW, "count-overflow")                                                     \
	RULE(PAYLOAD_OOB, "payload-oob")

enum rule {
#define RULE(rule, name) RULE_##rule,
	RULES(RULE)
#undef RULE
		RULE_COUNT
};

/* Odd notes first, in the order of causes; the plain ones after them. */
#define NOTES(NOTE)                                                                                \
	NOTE(FLAG_WITHOUT_CHAIN, "flag-without-chain")                                             \
	NOTE(MISALIGNED, "misaligned")                                                             \
	NOTE(NEWER_VERSION, "newer-version")                                                       \
	NOTE(VERSION_ZERO, "version-zero")                                                         \
	NOTE(DUPLICATE_ID, "duplicate-id")                                                         \
	NOTE(OVERLAP, "overlap")                                                                   \
	NOTE(ALIGN4, "align4")                                                                     \
	NOTE(BACKWARD, "backward")                                                                 \
	NOTE(UNKNOWN_ID, "unknown-id")

enum note {
#define NOTE(note, name) NOTE_##note,
	NOTES(NOTE)
#undef NOTE
		NOTE_COUNT
};

#define NOTE_BIT(note) (1u << (note))
#define NOTES_ODD      (NOTE_BIT(NOTE_ALIGN4) - 1u)

/* What the reference makes of a buffer. */
enum buffer_class { CLASS_PLAIN, CLASS_ODD, CLASS_TRUNCATED, CLASS_MALFORMED, BUFFER_CLASSES };

/* "loop", "align4", "malformed", "runaway". */
const char *rule_name(enum rule rule);
const char *note_name(enum note note);
const char *buffer_class_name(enum buffer_class class);
const char *verdict_name(enum verdict verdict);

#endif
