/* SPDX-License-Identifier: MIT */
/* What came of a conversation, held to its calls; see fetch_answer.h. */
#include "fetch_answer.h"

#include <string.h>

#include "../../parsers/layout.h"
#include "../judge/own.h"

enum fetch_rule fetch_walk_rule(const struct walk_result *walk, const uint8_t *info, uint32_t len,
				enum info_kind kind)
{
	const struct layout_info *const layout = &layout_infos[kind];

	if (walk->verdict != VERDICT_OOB || walk->scratch)
		return FETCH_NONE;
	if (len < layout->end && walk->offset < layout->end)
		return FETCH_SHORT_FIXED;
	return len >= 4 && layout_load(info, 4) > len ? FETCH_PAST_ALLOCATION : FETCH_NONE;
}

struct fetch_outcome fetch_outcome(const struct walk_result *walk, enum fetch_rule rule)
{
	struct fetch_outcome outcome = {walk->no_answer != NULL, walk->verdict, rule, walk->reason,
					INFO_HASH_START};

	for (size_t i = 0; walk->verdict == VERDICT_OK && i < walk->ncaps; i++) {
		const struct info_cap *const cap = &walk->caps[i];

		outcome.caps =
			info_hash(outcome.caps, (uint64_t)cap->offset << 32 |
							(uint64_t)cap->id << 16 | cap->version);
		if (!cap->decoded)
			continue;
		outcome.caps = info_hash(info_hash(outcome.caps, cap->count), cap->hash);
		for (size_t f = 0; f < INFO_FIELDS; f++)
			outcome.caps = info_hash(outcome.caps, cap->field[f]);
	}
	return outcome;
}

bool fetch_differ(const struct fetch_outcome *a, const struct fetch_outcome *b)
{
	/* What becomes of one that does not come back is not the same each time. */
	if (a->none || b->none)
		return false;
	return a->verdict != b->verdict || a->rule != b->rule || a->reason != b->reason ||
	       a->caps != b->caps;
}

bool fetch_hands_earlier(const struct fetch_trial *trial, const struct fetch_loop *loop)
{
	const struct fetch_call *const calls = trial->calls;
	size_t call = trial->ncalls - 1;

	if (loop != own_loop)
		return memcmp(trial->info, trial->last, trial->len) != 0;
	if (calls[call].bytes == trial->bytes)
		return false;
	while (call && calls[call - 1].bytes != trial->bytes)
		call--;
	return call != 0;
}

enum disagreement fetch_refusal(const struct judged *judged, const struct fetch_trial *trial)
{
	const struct spec *const spec = judged->spec;

	if (judged->walk.verdict == VERDICT_ABSTAIN)
		return AGREES;
	if (judged->walk.verdict > VERDICT_ABSTAIN)
		return FAULT;
	if (spec->verdict == VERDICT_OK || spec->verdict == VERDICT_ABSENT) {
		/* A reply that wants more may be left, though what is there of it is whole. */
		if (judged->walk.verdict != VERDICT_ABSENT && spec->argsz > trial->last_asked)
			return AGREES;
		if (judged->walk.verdict != VERDICT_ABSENT)
			return REJECTS_VALID;
		return spec->verdict == VERDICT_OK ? WRONG_CAPS : AGREES;
	}
	return judged->walk.verdict == VERDICT_ABSENT ? ABSENT_FOR_UNREADABLE : AGREES;
}

enum verdict fetch_shown(enum fetch_rule rule, enum verdict verdict)
{
	return rule == FETCH_UNWRITTEN || rule == FETCH_EARLIER_REPLY ? VERDICT_STALE : verdict;
}

enum fetch_rule fetch_gives_up(const struct fetch_trial *trial, enum info_kind kind,
			       enum verdict verdict)
{
	const struct fetch_call *const last = &trial->calls[trial->ncalls - 1];

	if (verdict == VERDICT_OK || verdict == VERDICT_ABSTAIN || !trial->ncalls)
		return FETCH_NONE;
	if (last->error)
		return last->asked < layout_infos[kind].minsz ? FETCH_ASKED_SHORT : FETCH_NONE;
	return trial->replied && last->argsz > last->asked ? FETCH_NEVER_GROWN : FETCH_NONE;
}
