/* SPDX-License-Identifier: MIT */
/* Holds one walk to the reference: the table of classes, and the answers that odd notes allow. */
#ifndef FUZZ_JUDGE_COMPARE_H
#define FUZZ_JUDGE_COMPARE_H

#include "../sandbox/result.h"
#include "spec.h"

/*
 * How a walk differs from the reference. WRONG_REFUSAL is for hardened parsers alone: they refuse
 * with another verdict, need or rule than the reference.
 */
enum disagreement {
	AGREES,
	WRONG_CAPS,
	WRONG_PAYLOAD,
	REJECTS_VALID,
	ACCEPTS_MALFORMED,
	ABSENT_FOR_UNREADABLE,
	FAULT,
	WRONG_REFUSAL,
	DISAGREEMENTS
};

/* "wrong-caps"; "" for AGREES. */
const char *disagreement_name(enum disagreement disagreement);

/**
 * struct comparison - how a walk stands to the reference
 * @disagreement: AGREES, or the class of its answer
 * @policy: it agrees, with an answer that is not the reference's own
 * @after_match: a lookup was right although the chain is bad further on
 */
struct comparison {
	enum disagreement disagreement;
	bool policy;
	bool after_match;
};

/*
 * Holds @walk to @spec, the reference of the bytes that were walked, by what @parser declares to
 * deliver of their kind.
 */
struct comparison compare(const struct info_parser *parser, const struct spec *spec,
			  const struct walk_result *walk);

#endif
