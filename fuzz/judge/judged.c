/* SPDX-License-Identifier: MIT */
/* Names what was found; see judged.h. */
#include "judged.h"

#include <stdio.h>

#include "../../parsers/layout.h"
#include "own.h"

const char *judge_kind_name(const struct judge *judge)
{
	return judge->converses ? "fetch" : info_kind_name(judge->kind);
}

const char *judged_reason(const struct judged *judged)
{
	return judged->walk.reason ? judged->walk.reason : "";
}

/* What a bucket blames: the rule, else the first odd note, else the reference's verdict. */
size_t judged_cause(const struct judged *judged)
{
	const struct spec *const spec = judged->spec;
	const uint32_t odd = spec->notes & NOTES_ODD;

	if (spec->rule != RULE_NONE)
		return spec->rule;
	return RULE_COUNT + (odd ? (size_t)__builtin_ctz(odd) : NOTE_COUNT + (size_t)spec->verdict);
}

static const char *cause(const struct judged *judged)
{
	const size_t number = judged_cause(judged);

	if (number < RULE_COUNT)
		return rule_name((enum rule)number);
	if (number - RULE_COUNT < NOTE_COUNT)
		return note_name((enum note)(number - RULE_COUNT));
	return verdict_name((enum verdict)(number - RULE_COUNT - NOTE_COUNT));
}

const char *judged_class(const struct judged *judged)
{
	if (judged->conversation)
		return "conversation";
	if (judged->walk.no_answer)
		return "no-answer";
	if (judged->model_differs)
		return "model-differs";
	return judged->relation ? "unstable" : disagreement_name(judged->disagreement);
}

/* What the bucket of @judged blames. */
static const char *blamed(const struct judged *judged)
{
	if (judged->conversation)
		return judged->conversation;
	if (judged->walk.no_answer)
		return judged->walk.no_answer;
	return judged->relation ? relation_name(judged->relation) : cause(judged);
}

void judged_bucket(const struct judged *judged, char ret_bucket[BUCKET_MAX])
{
	snprintf(ret_bucket, BUCKET_MAX, "%s:%s:%s:%s", judged->parser->name,
		 judged->walk.no_answer ? "none" : verdict_name(judged->walk.verdict),
		 judged_class(judged), blamed(judged));
}

/* Reasons are static strings, so each is hashed once, or again when another took its place. */
static uint64_t reason_hash(const char *reason)
{
	static struct {
		const char *reason;
		uint64_t hash;
	} known[256], *slot;

	if (!reason)
		return 0;
	slot = &known[(uintptr_t)reason / 4 % 256];
	if (slot->reason == reason)
		return slot->hash;
	slot->reason = reason;
	slot->hash = INFO_HASH_START;
	for (const char *at = reason; *at; at++)
		slot->hash = info_hash(slot->hash, (unsigned char)*at);
	return slot->hash;
}

uint64_t judge_signature(const struct judge *judge)
{
	uint64_t hash = INFO_HASH_START;

	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];

		if (judged->parser->open)
			continue;
		hash = info_hash(hash, (uint64_t)judged->walk.verdict << 8 | judged->disagreement |
					       (uint64_t)judged->model_differs << 16);
		hash += reason_hash(judged->walk.reason);
	}
	return hash;
}

bool judged_differs(const struct judged *judged)
{
	return judged->disagreement != AGREES || judged->relation != RELATION_NONE ||
	       judged->walk.no_answer || judged->model_differs;
}

unsigned int judged_badness(const struct judged *judged)
{
	static const enum verdict worst[] = {VERDICT_WROTE, VERDICT_OOB, VERDICT_CRASH,
					     VERDICT_RUNAWAY, VERDICT_STALE};
	unsigned int i = 0;

	while (i < sizeof(worst) / sizeof(worst[0]) && judged->walk.verdict != worst[i])
		i++;
	return i + (judged->disagreement == REJECTS_VALID || judged->disagreement == WRONG_REFUSAL);
}

/* Whether it is a fault of who trusts its replies, too: of a fetch loop not all rules are. */
static bool faults_anyway(const struct judged *judged)
{
	const enum verdict verdict = judged->walk.verdict;

	return (verdict > VERDICT_ABSTAIN && verdict != VERDICT_STALE) || judged->walk.leaked;
}

bool judged_breaks(const struct judged *judged)
{
	const struct info_parser *const parser = judged->parser;

	/* No verdict, and nothing to go on with; or its model is not what it is. */
	if (judged->walk.no_answer || judged->model_differs)
		return true;
	if (judged->disagreement == AGREES)
		return judged->relation != RELATION_NONE;
	if (parser->trust == INFO_HARDENED || judged->spec->class == CLASS_PLAIN)
		return true;
	return judged->disagreement == FAULT &&
	       (parser->trust == INFO_SAFE || (own_faults_count(parser) && faults_anyway(judged)));
}

const char *promise_name(enum info_trust trust)
{
	static const char *const names[INFO_TRUSTS] = {
		[INFO_TRUSTING] = "trusting",
		[INFO_SAFE] = "safe",
		[INFO_HARDENED] = "hardened",
	};

	return names[trust];
}

const char *promise_words(enum info_trust trust)
{
	static const char *const words[INFO_TRUSTS] = {
		[INFO_TRUSTING] = "right on plain buffers",
		[INFO_SAFE] = "right on plain buffers, and never a fault on any",
		[INFO_HARDENED] = "a safe and right answer on every buffer",
	};

	return words[trust];
}

/* What the ledger was asked, and its answer: it is asked once a bucket and its notes. */
struct excuse {
	const struct info_parser *parser;
	const char *cause;
	enum verdict verdict;
	enum disagreement disagreement;
	enum relation relation;
	bool model_differs;
	enum info_kind kind;
	uint32_t notes;
	const struct ledger_entry *entry;
};

const struct ledger_entry *judged_excuse(const struct judged *judged)
{
	static struct excuse known[256];
	const struct spec *const spec = judged->spec;
	const struct excuse asked = {judged->parser,
				     judged->conversation ? judged->conversation : cause(judged),
				     judged->walk.verdict,
				     judged->disagreement,
				     judged->relation,
				     judged->model_differs,
				     spec->kind,
				     spec->notes,
				     NULL};
	struct excuse *const slot = &known[((uintptr_t)asked.parser / 16 + (uintptr_t)asked.cause +
					    spec->notes * 7 + asked.verdict) %
					   256];
	char bucket[BUCKET_MAX];

	/* The ledger is of our models. */
	if (asked.parser == own_parser)
		return NULL;
	if (slot->parser == asked.parser && slot->cause == asked.cause &&
	    slot->verdict == asked.verdict && slot->disagreement == asked.disagreement &&
	    slot->relation == asked.relation && slot->model_differs == asked.model_differs &&
	    slot->kind == asked.kind && slot->notes == asked.notes)
		return slot->entry;
	*slot = asked;
	judged_bucket(judged, bucket);
	slot->entry = ledger_find(bucket, spec->kind, spec->notes);
	return slot->entry;
}

const struct judged *judge_broken(const struct judge *judge)
{
	if (judged_breaks(&judge->reference) && !judged_excuse(&judge->reference))
		return &judge->reference;
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];

		if (judged_breaks(judged) && !judged_excuse(judged))
			return judged;
	}
	return NULL;
}
