/* SPDX-License-Identifier: MIT */
/*
 * How an answer is classed. The reference's own answer is one of a set: odd notes widen it (a
 * duplicate may be taken first, last or all; a capability of a version that is not known may be
 * decoded, not decoded or left out; a misaligned or overlapping one, or one whose areas share bytes,
 * may be refused). Anything in the set agrees; what is in it but not the reference's own is a policy.
 */
#include "compare.h"

#include <string.h>

#include "../../parsers/layout.h"

/* What one comparison works on. taken[i]: capability i of the reference was delivered. */
struct matching {
	const struct spec *spec;
	const struct info_parser *parser;
	const struct info_reads *reads;
	uint32_t newest;
	const struct walk_result *walk;
	uint8_t *taken;
	bool own;
};

#define VERSION_NOTES (NOTE_BIT(NOTE_NEWER_VERSION) | NOTE_BIT(NOTE_VERSION_ZERO))
#define MAY_REFUSE                                                                                 \
	(NOTE_BIT(NOTE_MISALIGNED) | NOTE_BIT(NOTE_OVERLAP) | NOTE_BIT(NOTE_AREAS_OVERLAP) |       \
	 NOTE_BIT(NOTE_NO_DEVICE) | NOTE_BIT(NOTE_HEADER_TYPE) | NOTE_BIT(NOTE_RESERVED_BITS))
#define MAY_BE_ABSENT (NOTE_BIT(NOTE_HEADER_TYPE) | NOTE_BIT(NOTE_NO_EXPRESS))

/* Ids that info_reads can name. */
#define NAMED_IDS 63

const char *disagreement_name(enum disagreement disagreement)
{
	static const char *const names[DISAGREEMENTS] = {
		[AGREES] = "",
		[WRONG_CAPS] = "wrong-caps",
		[WRONG_PAYLOAD] = "wrong-payload",
		[REJECTS_VALID] = "rejects-valid",
		[ACCEPTS_MALFORMED] = "accepts-malformed",
		[ABSENT_FOR_UNREADABLE] = "absent-for-unreadable",
		[FAULT] = "fault",
		[WRONG_REFUSAL] = "wrong-refusal",
	};

	return names[disagreement];
}

/*
 * Not strcmp() and memcmp(): libFuzzer hooks them and would keep what the judge compares as hints
 * about the program under test.
 */
static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool same_fields(const struct info_cap *a, const struct info_cap *b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < INFO_FIELDS; i++)
		differ |= a->field[i] ^ b->field[i];
	return differ == 0;
}

static bool same_payload(const struct info_cap *a, const struct info_cap *b)
{
	if (!a->decoded || !b->decoded)
		return a->decoded == b->decoded;
	return a->count == b->count && a->hash == b->hash && same_fields(a, b);
}

/*
 * The same of a reader that knows no version above @newest: versions only append, so all that it
 * lacks are the fields that came later.
 */
static bool same_as_known(enum info_kind kind, uint32_t newest, const struct info_cap *want,
			  const struct info_cap *got)
{
	const struct layout_cap *const layout = layout_cap(kind, want->id);
	struct info_cap known = *want;
	size_t slot = 0;

	if (!newest || !want->decoded)
		return false;
	for (size_t i = 0; i < layout->nfields; i++) {
		if (layout->fields[i].role == ROLE_VALUE && layout->fields[i].version > newest)
			known.field[slot] = 0;
		slot += layout->fields[i].role == ROLE_VALUE;
	}
	return same_payload(&known, got);
}

/* The first half of pair @at, and how much it spans. */
static uint64_t span_of(enum info_kind kind, const uint8_t *at)
{
	const uint64_t first = layout_load(at, 8), second = layout_load(at + 8, 8);

	return kind == INFO_IOMMU ? second - first : second;
}

static uint64_t hash_pair(uint64_t hash, const uint8_t *at)
{
	return info_hash(info_hash(hash, layout_load(at, 8)), layout_load(at + 8, 8));
}

/*
 * Whether @count elements of @hash are those of @want without what the parser drops by intent. Of several
 * that are the largest it may keep any.
 */
static bool keeps_rest(const struct matching *m, const struct info_cap *want, uint32_t count,
		       uint64_t hash)
{
	const struct layout_cap *const layout = layout_cap(m->spec->kind, want->id);
	const bool one = m->parser->drops[m->spec->kind] & INFO_DROPS_SMALLER;
	/* A range has one address at least. */
	const bool empty =
		m->parser->drops[m->spec->kind] & INFO_DROPS_EMPTY && m->spec->kind == INFO_REGION;
	const uint8_t *const elements =
		m->spec->info + want->offset + layout_fixed(layout, want->version);
	uint64_t kept_hash = INFO_HASH_START, largest = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < want->count; i++) {
		const uint64_t span = span_of(m->spec->kind, elements + 16 * i);

		if (empty && !span)
			continue;
		kept++;
		kept_hash = hash_pair(kept_hash, elements + 16 * i);
		largest = span > largest ? span : largest;
	}
	if (!one || !kept)
		return count == kept && hash == kept_hash;
	for (uint32_t i = 0; count == 1 && i < want->count; i++)
		if (span_of(m->spec->kind, elements + 16 * i) == largest &&
		    hash_pair(INFO_HASH_START, elements + 16 * i) == hash)
			return true;
	return false;
}

/* Whether the parser says that it drops elements of such a capability. */
static bool drops(const struct matching *m, const struct info_cap *want)
{
	const struct layout_cap *const layout = m->parser->drops[m->spec->kind] && want->decoded
							? layout_cap(m->spec->kind, want->id)
							: NULL;

	return layout && layout->elements == ELEMENTS_PAIRS;
}

/* Whether @got is a right decoding of what the reference has, as far as the parser decodes its id.
 */
static bool payload_fits(struct matching *m, const struct spec_cap *want,
			 const struct info_cap *got)
{
	if (!info_has_id(m->reads->decodes, want->cap.id) || same_payload(&want->cap, got))
		return true;
	if (drops(m, &want->cap) && got->decoded && same_fields(&want->cap, got) &&
	    keeps_rest(m, &want->cap, got->count, got->hash))
		return true;
	if (same_as_known(m->spec->kind, m->newest, &want->cap, got)) {
		m->own = false;
		return true;
	}
	/* A newer version may stay undecoded; of version 0 nobody knows what it decodes to. */
	if (!(want->notes & VERSION_NOTES))
		return false;
	m->own = false;
	return (want->notes & NOTE_BIT(NOTE_VERSION_ZERO)) ? got->decoded : !got->decoded;
}

/*
 * Finds each delivered capability in the reference's chain, a list in chain order, and marks it as
 * taken.
 */
static enum disagreement match_delivered(struct matching *m)
{
	const bool list = m->reads->style == INFO_LIST;
	enum disagreement worst = AGREES;
	size_t next = 0;

	for (size_t i = 0; i < m->walk->ncaps; i++) {
		const struct info_cap *const got = &m->walk->caps[i];
		const struct spec_cap *want;
		size_t at = list ? next : 0;

		while (at < m->spec->ncaps && m->spec->caps[at].cap.offset != got->offset)
			at++;
		if (at == m->spec->ncaps || m->taken[at])
			return WRONG_CAPS;
		want = &m->spec->caps[at];
		if (want->cap.id != got->id || want->cap.version != got->version ||
		    !info_has_id(m->reads->ids, got->id))
			return WRONG_CAPS;
		if (!payload_fits(m, want, got))
			worst = WRONG_PAYLOAD;
		m->taken[at] = 1;
		next = at + 1;
	}
	return worst;
}

/* Whether the taken ones of known id @id are the first, the last or all of those not in @left_out.
 */
static bool one_way(const struct matching *m, uint16_t id, uint32_t left_out)
{
	size_t count = 0, taken = 0, stray = 0;
	bool first = false, last = false;

	for (size_t i = 0; i < m->spec->ncaps; i++) {
		const struct spec_cap *const want = &m->spec->caps[i];

		if (want->cap.id != id)
			continue;
		if (want->notes & left_out) {
			stray += m->taken[i];
			continue;
		}
		first = count++ == 0 ? m->taken[i] : first;
		last = m->taken[i];
		taken += m->taken[i];
	}
	return !stray && (taken == count || (taken == 1 && (first || last)));
}

static bool any_way(const struct matching *m, uint16_t id)
{
	return one_way(m, id, 0) || one_way(m, id, NOTE_BIT(NOTE_NEWER_VERSION)) ||
	       one_way(m, id, NOTE_BIT(NOTE_VERSION_ZERO)) || one_way(m, id, VERSION_NOTES);
}

/*
 * Whether nothing is missing: every capability the parser declares was taken, a lookup's first one,
 * save for what the notes allow to be taken otherwise.
 */
static bool complete(struct matching *m)
{
	const bool lookup = m->reads->style == INFO_LOOKUP;
	uint64_t seen = 0;
	for (size_t i = 0; i < m->spec->ncaps; i++) {
		const uint16_t id = m->spec->caps[i].cap.id;
		const bool repeated = id < NAMED_IDS && (seen & INFO_ID(id));

		if (id < NAMED_IDS)
			seen |= INFO_ID(id);
		if (!info_has_id(m->reads->ids, id) || m->taken[i] == !(lookup && repeated))
			continue;
		/* Who counts its steps counts this many at least. */
		if (i >= SPEC_MANY && !m->taken[i]) {
			m->own = false;
			continue;
		}
		/* Nothing of it was to be kept. */
		if (!m->taken[i] && drops(m, &m->spec->caps[i].cap) &&
		    keeps_rest(m, &m->spec->caps[i].cap, 0, INFO_HASH_START))
			continue;
		/* Only a known id can be a duplicate, or of a version that may be left out. */
		if (!(m->spec->notes & NOTES_ODD) || !layout_cap(m->spec->kind, id) ||
		    !any_way(m, id))
			return false;
		m->own = false;
	}
	return true;
}

/* Whether a list is the reference's chain to the last field: nearly every answer is. */
static bool same_list(const struct matching *m)
{
	if (m->reads->style != INFO_LIST || m->walk->ncaps != m->spec->ncaps)
		return false;
	for (size_t i = 0; i < m->walk->ncaps; i++) {
		const struct info_cap *const got = &m->walk->caps[i];
		const struct info_cap *const want = &m->spec->caps[i].cap;

		if (want->offset != got->offset || want->id != got->id ||
		    want->version != got->version || !info_has_id(m->reads->ids, want->id) ||
		    !same_payload(want, got))
			return false;
	}
	return true;
}

static enum disagreement match(struct matching *m)
{
	static uint8_t taken[INFO_LEN_MAX];
	enum disagreement found;

	m->own = true;
	if (same_list(m))
		return AGREES;
	m->taken = taken;
	memset(taken, 0, m->spec->ncaps);
	found = match_delivered(m);
	if (found != WRONG_CAPS && !complete(m))
		return WRONG_CAPS;
	return found;
}

/* Whether the reference's prefix has a match for every id that the parser looks up. */
static bool finds_all(const struct spec *spec, const struct info_reads *reads)
{
	uint64_t found = 0;

	if (reads->style != INFO_LOOKUP)
		return false;
	for (size_t i = 0; i < spec->ncaps; i++)
		if (spec->caps[i].cap.id < NAMED_IDS)
			found |= INFO_ID(spec->caps[i].cap.id);
	return (reads->ids & ~found) == 0;
}

static struct comparison compare_readable(struct matching *m)
{
	const enum verdict verdict = m->walk->verdict;
	struct comparison found = {.disagreement = AGREES};

	if (verdict == VERDICT_REJECT) {
		found.policy = (m->spec->notes & MAY_REFUSE) != 0;
		found.disagreement = found.policy ? AGREES : REJECTS_VALID;
	} else if (verdict == VERDICT_TRUNCATED) {
		found.policy = (m->spec->notes & NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN)) != 0;
		found.disagreement = found.policy ? AGREES : REJECTS_VALID;
	} else if (verdict == VERDICT_ABSENT && (m->spec->notes & MAY_BE_ABSENT) &&
		   m->spec->ncaps && !m->walk->ncaps) {
		found.policy = true;
	} else if (m->reads->style == INFO_OUTCOME) {
		/* What it took it does not say: empty and absent are one to it. */
	} else if (verdict == VERDICT_ABSENT && m->walk->ncaps) {
		found.disagreement = WRONG_CAPS;
	} else {
		found.disagreement = match(m);
		found.policy = found.disagreement == AGREES && !m->own;
	}
	return found;
}

/*
 * A hardened parser gives the right answer, also among refusals: a truncated reply that is called a
 * broken one is never fetched whole, and the reverse is asked for again for ever. Reasons of its
 * own are its own affair; one that is the name of a rule has to be the rule that holds.
 */
static bool refuses_otherwise(const struct spec *spec, const struct walk_result *walk)
{
	const char *const reason = walk->reason ? walk->reason : "";

	if (walk->verdict != spec->verdict || walk->need != spec->need)
		return true;
	if (same_text(reason, rule_name(spec->rule)))
		return false;
	for (unsigned int rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
		if (same_text(reason, rule_name((enum rule)rule)))
			return true;
	return false;
}

static struct comparison compare_unreadable(struct matching *m)
{
	const enum verdict verdict = m->walk->verdict;
	struct comparison found = {.disagreement = AGREES};

	if (verdict == VERDICT_TRUNCATED || verdict == VERDICT_REJECT) {
		if (m->parser->trust == INFO_HARDENED && refuses_otherwise(m->spec, m->walk))
			found.disagreement = WRONG_REFUSAL;
	} else if (finds_all(m->spec, m->reads)) {
		found.disagreement = match(m);
		found.after_match = found.disagreement == AGREES;
		found.policy = found.after_match && !m->own;
	} else {
		found.disagreement =
			verdict == VERDICT_OK ? ACCEPTS_MALFORMED : ABSENT_FOR_UNREADABLE;
	}
	return found;
}

struct comparison compare(const struct info_parser *parser, const struct spec *spec,
			  const struct walk_result *walk)
{
	struct matching m = {.spec = spec,
			     .parser = parser,
			     .reads = &parser->reads[spec->kind],
			     .newest = parser->newest,
			     .walk = walk};

	if (walk->verdict == VERDICT_ABSTAIN)
		return (struct comparison){.disagreement = AGREES};
	if (walk->verdict > VERDICT_ABSTAIN)
		return (struct comparison){.disagreement = FAULT};
	if (spec->verdict == VERDICT_OK || spec->verdict == VERDICT_ABSENT)
		return compare_readable(&m);
	return compare_unreadable(&m);
}
