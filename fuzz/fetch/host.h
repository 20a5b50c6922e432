/* SPDX-License-Identifier: MIT */
/*
 * Runs one loop against one script, in the sandbox, and says how far it came: its memory, its
 * calls, the reply that it read last and the buffer that it handed over. It knows the rules that a
 * loop can break while it asks; those of the buffer it hands over are fetch_judge.c's.
 *
 * The same bytes and loop give the same trial in every build. No clock takes part.
 */
#ifndef FUZZ_FETCH_HOST_H
#define FUZZ_FETCH_HOST_H

#include "../../parsers/fetch_loop.h"
#include "../sandbox/sandbox.h"
#include "script.h"

/* Each is one way for a conversation to go wrong; fetch_rules says what is meant. */
enum fetch_rule {
	FETCH_NONE,
	FETCH_UNBOUNDED,
	FETCH_ABSURD_ALLOC,
	FETCH_OVERRUN,
	FETCH_SHORT_FIXED,
	FETCH_PAST_ALLOCATION,
	FETCH_LEAK,
	FETCH_ABSENT_FOR_TRUNCATED,
	FETCH_UNWRITTEN,
	FETCH_EARLIER_REPLY,
	FETCH_ASKED_SHORT,
	FETCH_NEVER_GROWN,
	FETCH_RULES
};

extern const struct fetch_rule_text {
	const char *name;
	const char *says;
} fetch_rules[FETCH_RULES];

/* What the rule that is called @name says; "" of none. */
const char *fetch_rule_says(const char *name);

/* One call of a conversation, for explain. */
struct fetch_call {
	uint32_t room;	/* bytes of the allocation */
	uint32_t asked; /* its argsz before */
	int error;
	uint32_t written; /* bytes that the reply wrote */
	/* As they stand in the buffer afterwards, 0 where it is shorter. */
	uint32_t argsz;
	uint32_t flags;
	uint32_t cap_offset;
	bool has_caps;
	uint64_t bytes; /* a hash of the buffer, but argsz */
};

/* The largest room of any loop. */
#define FETCH_ROOM_MAX FETCH_ROOM_OWN

/**
 * struct fetch_trial - what a trial is made of, and what came of it
 * @fill: what memory holds that nobody zeroed
 * @flipped: calls whose replies come with their bits turned over
 * @result: how the loop ended
 * @rule: what it broke while it asked
 * @calls, @ncalls: in order
 * @gaps: some allocation had bytes that neither a reply nor zeroing wrote, when it was asked with
 * @replied: its last call was answered; then @last has the @last_len bytes of the buffer after
 *	that, of which the reply was about @last_asked
 * @handed: with VERDICT_OK: it handed over the @len bytes at @info, whose hash is @bytes
 * @input, @ninput: of a loop from outside, which may run in a child: its script's bytes
 */
struct fetch_trial {
	uint8_t fill;
	size_t flipped;
	struct walk_result result;
	enum fetch_rule rule;
	struct fetch_call calls[FETCH_CALLS];
	size_t ncalls;
	bool gaps;
	bool replied;
	uint32_t last_len;
	uint32_t last_asked;
	uint8_t last[FETCH_ROOM_MAX];
	bool handed;
	uint32_t len;
	uint64_t bytes;
	uint8_t info[FETCH_ROOM_MAX];
	size_t ninput;
	uint8_t input[INFO_LEN_MAX];
};

/*
 * Runs @loop. @trial's fill, flipped and result.caps (an array of INFO_LEN_MAX) are the caller's.
 */
void fetch_try(const struct fetch_loop *loop, const struct script *script,
	       struct fetch_trial *trial);

#endif
