/* SPDX-License-Identifier: MIT */
/* What came of a conversation, held to its calls: each a question to one trial, of fetch_judge.c's. */
#ifndef FUZZ_FETCH_FETCH_ANSWER_H
#define FUZZ_FETCH_FETCH_ANSWER_H

#include "../judge/judged.h"
#include "host.h"

/* How a conversation ended, as far as two of them are compared. */
struct fetch_outcome {
	bool none; /* no answer */
	enum verdict verdict;
	enum fetch_rule rule;
	const char *reason;
	uint64_t caps;
};

struct fetch_outcome fetch_outcome(const struct walk_result *walk, enum fetch_rule rule);

/* What becomes of one that does not come back is not the same each time, and differs from nothing. */
bool fetch_differ(const struct fetch_outcome *a, const struct fetch_outcome *b);

/* Past its allocation of @len bytes at @info, by which rule. */
enum fetch_rule fetch_walk_rule(const struct walk_result *walk, const uint8_t *info, uint32_t len,
				enum info_kind kind);

/*
 * Whether @loop handed over other bytes than it got. A program may write into its own, so of one from outside
 * they are an earlier reply's.
 */
bool fetch_hands_earlier(const struct fetch_trial *trial, const struct fetch_loop *loop);

/* Why a loop, which ended with @verdict, has not got the whole reply of a producer that would have told it. */
enum fetch_rule fetch_gives_up(const struct fetch_trial *trial, enum info_kind kind,
			       enum verdict verdict);

/* The class of a loop that gave up without a walk. */
enum disagreement fetch_refusal(const struct judged *judged, const struct fetch_trial *trial);

/* The verdict of a loop that broke @rule and ended with @verdict. */
enum verdict fetch_shown(enum fetch_rule rule, enum verdict verdict);

#endif
