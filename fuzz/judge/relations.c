/* SPDX-License-Identifier: MIT */
/* Walks changed copies of a buffer and holds each answer to the one before; see relations.h. */
#include "relations.h"

#include <string.h>

#include "../sandbox/pages.h"
#include "../sandbox/sandbox.h"
#include "own.h"
#include "share.h"
#include "variant.h"

#define CLAIM(relation)                                                                            \
	_Static_assert(INFO_CLAIM_##relation == 1 << (RELATION_##relation - 1),                    \
		       "claims and relations stand in the same order");
#define RELATION(relation, name, words) CLAIM(relation)
RELATION_LIST(RELATION)
#undef RELATION
_Static_assert(INFO_CLAIM_ALL == (1 << (RELATIONS - 1)) - 1, "every relation can be claimed");

/* The reading of a changed copy, and a walk of it. */
static struct spec *reading;
static struct walk_result walk;
static struct info_cap *caps_before;

uint32_t relations_claimed(const struct info_parser *parser)
{
	if (parser->claims)
		return parser->claims;
	if (parser->trust == INFO_HARDENED)
		return INFO_CLAIM_ALL;
	return parser == own_parser ? INFO_CLAIM_AGAIN : 0;
}

bool relations_chosen(const uint8_t *info, size_t len)
{
	return (share_hash(info, len) >> 16) % RELATIONS_SHARE == 0;
}

bool relations_open(void)
{
	if (!reading)
		reading = spec_new();
	if (!walk.caps)
		walk.caps = pages_new(INFO_LEN_MAX * sizeof(*walk.caps));
	if (!caps_before)
		caps_before = pages_new(INFO_LEN_MAX * sizeof(*caps_before));
	return reading && walk.caps && caps_before;
}

/* Whether what @judged answered on the buffer may not change on a copy of it. */
static bool is_held(const struct judged *judged)
{
	if (judged->disagreement != AGREES || judged->walk.verdict == VERDICT_ABSTAIN)
		return false;
	return judged->parser->trust == INFO_HARDENED || judged->spec->class == CLASS_PLAIN;
}

/* Not strcmp(), which libFuzzer hooks. */
static bool same_text(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool same_payload(const struct info_cap *a, const struct info_cap *b)
{
	uint64_t differ = 0;

	if (!a->decoded || !b->decoded)
		return a->decoded == b->decoded;
	for (size_t i = 0; i < INFO_FIELDS; i++)
		differ |= a->field[i] ^ b->field[i];
	return differ == 0 && a->count == b->count && a->hash == b->hash;
}

/* Whether @after is @before, now at @offset. */
static bool same_cap(const struct info_cap *before, const struct info_cap *after, uint64_t offset)
{
	return after->offset == offset && before->id == after->id &&
	       before->version == after->version && same_payload(before, after);
}

/*
 * Where the capability at @offset stands in the copy. @near is where to look first, and is moved.
 */
static uint64_t place_of(const struct spec *spec, const struct variant *variant, uint32_t offset,
			 size_t *near)
{
	if (!variant->moved)
		return (uint64_t)offset + variant->shift;
	for (size_t n = 0; n < spec->ncaps; n++) {
		const size_t i = (*near + n) % spec->ncaps;

		if (spec->caps[i].cap.offset != offset)
			continue;
		*near = i;
		return variant->moved[i];
	}
	return UINT64_MAX;
}

/* Same answer, moved as @variant moved the chain. */
static bool is_same(const struct spec *spec, const struct walk_result *before,
		    const struct walk_result *after, const struct variant *variant)
{
	size_t near = 0;

	if (after->verdict != before->verdict)
		return false;
	if (before->verdict == VERDICT_TRUNCATED)
		return after->need == (uint64_t)before->need + variant->shift;
	if (before->verdict == VERDICT_REJECT)
		return same_text(before->reason, after->reason);
	if (before->verdict != VERDICT_OK)
		return true;
	if (after->ncaps != before->ncaps)
		return false;
	for (size_t i = 0; i < before->ncaps; i++)
		if (!same_cap(&before->caps[i], &after->caps[i],
			      place_of(spec, variant, before->caps[i].offset, &near)))
			return false;
	return true;
}

/*
 * Whether every capability of @after was delivered before, in this order, and nothing is newly
 * absent.
 */
static bool is_no_more(const struct walk_result *before, const struct walk_result *after)
{
	size_t at = 0;

	if (after->verdict == VERDICT_ABSENT)
		return before->verdict == VERDICT_ABSENT;
	for (size_t i = 0; after->verdict == VERDICT_OK && i < after->ncaps; i++) {
		while (at < before->ncaps && before->caps[at].offset != after->caps[i].offset)
			at++;
		if (at == before->ncaps ||
		    !same_cap(&before->caps[at], &after->caps[i], after->caps[i].offset))
			return false;
		at++;
	}
	return true;
}

/* A fault of a trusting parser on a cut buffer is what it is on any truncated one. */
static bool keeps_cut(const struct judged *judged, const struct walk_result *after)
{
	if (after->verdict > VERDICT_ABSTAIN)
		return judged->parser->trust == INFO_TRUSTING;
	return is_no_more(&judged->walk, after);
}

/* The reference's reading as a walk; @caps has room for it. */
static struct walk_result as_walk(const struct spec *spec, struct info_cap *caps)
{
	struct walk_result result = {
		.verdict = spec->verdict, .need = spec->need, .caps = caps, .ncaps = spec->ncaps};

	if (spec->rule != RULE_NONE)
		result.reason = rule_name(spec->rule);
	for (size_t i = 0; i < spec->ncaps; i++)
		caps[i] = spec->caps[i].cap;
	return result;
}

/*
 * The reference is held to more than parsers are: what stands before a refusal is the same too, and
 * so are the notes, but for the order in memory and those that rest on bytes which no answer does: where
 * a chain without a flag stands, and a region's size.
 */
static bool reference_keeps(enum relation relation, const struct spec *before,
			    const struct variant *variant)
{
	const struct walk_result first = as_walk(before, caps_before);
	const struct walk_result second = as_walk(reading, walk.caps);
	const uint32_t free = NOTE_BIT(NOTE_BACKWARD) | NOTE_BIT(NOTE_CHAIN_WITHOUT_FLAG) |
			      NOTE_BIT(NOTE_AREA_PAST_REGION) | NOTE_BIT(NOTE_LENGTHS_OVERLAP);
	size_t near = 0;

	if (relation == RELATION_CUT)
		return is_no_more(&first, &second);
	if (!is_same(before, &first, &second, variant) || first.ncaps != second.ncaps ||
	    (before->notes & ~free) != (reading->notes & ~free))
		return false;
	for (size_t i = 0; i < first.ncaps; i++)
		if (!same_cap(&first.caps[i], &second.caps[i],
			      place_of(before, variant, first.caps[i].offset, &near)))
			return false;
	return true;
}

static void note_broken(struct judged *judged, enum relation relation, enum verdict became)
{
	if (judged->relation != RELATION_NONE)
		return;
	judged->relation = relation;
	judged->became = became;
}

/* Has @fault be how the walk of @judged ended. */
static void take_fault(struct judged *judged, const struct walk_result *fault)
{
	struct info_cap *const caps = judged->walk.caps;

	judged->walk = *fault;
	judged->walk.caps = caps;
	judged->walk.ncaps = 0;
	judged_stand(judged, compare(judged->parser, judged->spec, &judged->walk));
}

/* Walks the placed copy with one parser. */
static void hold_parser(struct judge *judge, struct judged *judged, enum relation relation,
			const struct variant *variant)
{
	const struct walk_limits limits = {
		.bound = reading->bound,
		.budget = spec_budget(reading, judged->loads_per_byte),
	};
	const bool front = relation == RELATION_AGAIN && judged->parser == own_parser &&
			   judged->parser->trust != INFO_TRUSTING && !judged->parser->fixed_size;
	bool kept;

	if (front)
		sandbox_place_front(variant->info, variant->len);
	sandbox_walk(judged->parser, judge->kind, &limits, &walk);
	if (front)
		sandbox_place(variant->info, variant->len);
	/* What it read before the buffer can be seen there alone. */
	if (front && walk.verdict > VERDICT_ABSTAIN) {
		take_fault(judged, &walk);
		return;
	}
	if (walk.no_answer) {
		judged->walk.no_answer = walk.no_answer;
		return;
	}
	if (relation == RELATION_CUT)
		kept = keeps_cut(judged, &walk);
	else
		kept = is_same(judged->spec, &judged->walk, &walk, variant);
	if (!kept)
		note_broken(judged, relation, walk.verdict);
}

/* All relations on one buffer: the judge's, or the copy that parsers of @fixed_size hold. */
static void hold_buffer(struct judge *judge, const struct variant_base *base, uint32_t fixed_size)
{
	for (enum relation relation = RELATION_NONE + 1; relation < RELATIONS; relation++) {
		struct variant variant;

		if (!variant_make(relation, base, fixed_size != 0, &variant))
			continue;
		spec_read(variant.info, variant.len, base->kind, reading);
		judge->related[relation]++;
		if (!reference_keeps(relation, base->spec, &variant)) {
			judge->reference.walk.verdict = base->spec->verdict;
			note_broken(&judge->reference, relation, reading->verdict);
		}
		sandbox_place(variant.info, variant.len);
		for (size_t r = 0; r < judge->nreaders; r++) {
			struct judged *const judged = &judge->judged[judge->readers[r]];

			if (judged->parser->fixed_size == fixed_size && is_held(judged) &&
			    (relations_claimed(judged->parser) & 1u << (relation - 1)))
				hold_parser(judge, judged, relation, &variant);
		}
	}
}

/* The buffer that @judged's program would hold, as the judge made it. */
static void hold_fixed(struct judge *judge, const struct judged *judged)
{
	static uint8_t copy[INFO_LEN_MAX];
	const uint32_t size = judged->parser->fixed_size;
	const size_t kept = judge->len < size ? judge->len : size;
	const struct variant_base base = {copy, size, judge->kind, judged->spec,
					  share_hash(judge->info, judge->len)};

	if (kept)
		memcpy(copy, judge->info, kept);
	memset(copy + kept, 0, size - kept);
	hold_buffer(judge, &base, size);
}

/* Whether reader @r is the first of its fixed size that claims anything. */
static bool is_first_of_size(const struct judge *judge, size_t r)
{
	const struct info_parser *const parser = judge->judged[judge->readers[r]].parser;

	if (!parser->fixed_size || !relations_claimed(parser))
		return false;
	for (size_t other = 0; other < r; other++) {
		const struct info_parser *const before =
			judge->judged[judge->readers[other]].parser;

		if (before->fixed_size == parser->fixed_size && relations_claimed(before))
			return false;
	}
	return true;
}

void relations_hold(struct judge *judge)
{
	const struct variant_base base = {judge->info, judge->len, judge->kind, judge->spec,
					  share_hash(judge->info, judge->len)};

	hold_buffer(judge, &base, 0);
	for (size_t r = 0; judge->nfixed && r < judge->nreaders; r++)
		if (is_first_of_size(judge, r))
			hold_fixed(judge, &judge->judged[judge->readers[r]]);
}
