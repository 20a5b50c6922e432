/* SPDX-License-Identifier: MIT */
/*
 * The reference reading: rules R1 to R14 of RULES.md, restated for the judge alone.
 *
 * It reads one INFO buffer and says which verdict, rule and notes are right, and which capabilities
 * stand before that point. It shares nothing with parsers/include/bounded.h but the UAPI: the two are
 * written apart, so that a line wrong in either shows as a disagreement of `bounded`.
 */
#ifndef FUZZ_JUDGE_SPEC_H
#define FUZZ_JUDGE_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "rules.h"

/*
 * One delivered capability, the header that linked to it (0: cap_offset), its bytes that were read, and its
 * own notes.
 */
struct spec_cap {
	struct info_cap cap;
	uint32_t from;
	uint32_t span;
	uint32_t notes;
};

/**
 * struct spec - what the reference says of one buffer
 * @kind: as which it was read
 * @info: the buffer, while its owner keeps it
 * @verdict: VERDICT_OK, _ABSENT, _TRUNCATED or _REJECT
 * @rule: the rule that rejects it, RULE_NONE otherwise
 * @need: argsz to ask for, with VERDICT_TRUNCATED; 0 otherwise
 * @at: with a reject, the offset the rule holds at (0 for short-buffer and short-argsz)
 * @from: with a reject, the header that holds the link to @at, 0 where that is cap_offset
 * @argsz: the reply's argsz field, 0 where the buffer is too short to have one
 * @bound: min(len, argsz): the bytes a reader may use
 * @notes: NOTE_BIT()s: those of the buffer, and those of all delivered capabilities
 * @class: plain or odd where @verdict is ok or absent, else truncated or malformed
 * @visited: header and payload bytes that the reading visited, counted each time
 * @last: the offset that the reading followed last, 0 where it followed none
 * @caps, @ncaps: the chain, or its prefix before the rejecting or truncated point
 */
struct spec {
	enum info_kind kind;
	const uint8_t *info;
	enum verdict verdict;
	enum rule rule;
	uint32_t need;
	uint32_t at;
	uint32_t from;
	uint32_t argsz;
	uint32_t bound;
	uint32_t notes;
	enum buffer_class class;
	uint64_t visited;
	uint32_t last;
	struct spec_cap *caps;
	size_t ncaps;
};

/* Capabilities that every reader of a configuration space takes; behind them note many-caps holds. */
#define SPEC_MANY 480

/*
 * Allocates a reading with room for every chain of INFO_LEN_MAX bytes (about 6 MiB of address
 * space, touched as used). Returns NULL without memory. spec_free() takes NULL too.
 */
struct spec *spec_new(void);
void spec_free(struct spec *spec);

/*
 * Reads @len bytes (0 to INFO_LEN_MAX) at @info, any alignment, and fills all of @ret_spec. Touches
 * nothing past @len, whatever the bytes say. Two readings may be in use at once; not thread-safe.
 */
void spec_read(const uint8_t *info, size_t len, enum info_kind kind, struct spec *ret_spec);

/*
 * The loads that a walk may make of what @spec read, with that K. Of a configuration space its size
 * stands for the bound, however much of it a dump has: who counts steps counts those of a whole one.
 */
uint64_t spec_budget(const struct spec *spec, uint64_t loads_per_byte);

#endif
