/* SPDX-License-Identifier: MIT */
/* Holds every loop to the last reply that it got; see judge.h. */
#include "fetch_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../judge/own.h"
#include "../judge/relations.h"
#include "fetch_answer.h"

/*
 * A loop, the parser that it is shown as, and the one that reads what it hands over. One from outside is
 * shown as what it is, as everywhere.
 */
struct member {
	const struct fetch_loop *loop;
	const struct info_parser *walk, *parser;
	struct info_parser shown;
};

static struct member *members;
static size_t reference;
static struct script script;
/* The trial that counts, and another that is held against it. */
static struct fetch_trial trial, second;
static struct info_cap *second_caps;
static struct spec *second_spec;
static uint8_t whole[INFO_LEN_MAX];

static const uint8_t fills[] = {0xc7, 0x00};

/* Fills in member @i; false where its walk is not registered. */
static bool make_member(struct member *member, const struct fetch_loop *loop)
{
	member->loop = loop;
	member->walk = fetch_walk(loop);
	if (!member->walk)
		return false;
	member->parser = loop == own_loop ? own_parser : &member->shown;
	member->shown = (struct info_parser){
		.name = loop->name,
		.summary = loop->summary,
		.trust = loop->trust,
		.source = loop->source,
	};
	for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++)
		if (loop->kinds & UINT32_C(1) << kind)
			member->shown.reads[kind] = member->walk->reads[kind];
	return true;
}

static void select_loops(struct judge *judge, enum info_kind kind)
{
	judge->kind = kind;
	judge->nreaders = 0;
	for (size_t i = 0; i < judge->count; i++) {
		struct judged *const judged = &judge->judged[i];

		if (members[i].loop->kinds & UINT32_C(1) << kind)
			judge->readers[judge->nreaders++] = i;
		judged->walk =
			(struct walk_result){.verdict = VERDICT_ABSTAIN, .caps = judged->walk.caps};
		judged->skipped = judged->policy = judged->after_match = false;
		judged->disagreement = AGREES;
		judged->relation = RELATION_NONE;
		judged->conversation = NULL;
	}
}

/* Memory of a judge over @count loops; false without. */
static bool allocate(struct judge *judge, size_t count)
{
	/* Those of a judge before, which is gone: there is one a process. */
	free(members);
	members = calloc(count, sizeof(*members));
	judge->count = count;
	judge->judged = calloc(count, sizeof(*judge->judged));
	judge->hooked = calloc(count, 1);
	judge->readers = calloc(count, sizeof(*judge->readers));
	judge->places = count;
	judge->caps = judge_map_caps(count);
	if (!second_caps)
		second_caps = judge_map_caps(1);
	if (!second_spec)
		second_spec = spec_new();
	if (!members || !judge->judged || !judge->hooked || !judge->readers || !judge->caps ||
	    !second_caps || !second_spec)
		return false;
	for (size_t i = 0; i < count; i++) {
		judge->judged[i].walk.caps = judge->caps + i * CAPS_STRIDE;
		judge->judged[i].spec = spec_new();
		if (!judge->judged[i].spec)
			return false;
	}
	return true;
}

static struct judge *give_up(struct judge *judge, const char *error, char *ret_error,
			     size_t error_size)
{
	if (error)
		snprintf(ret_error, error_size, "%s", error);
	free(members);
	members = NULL;
	judge_free(judge);
	return NULL;
}

struct judge *fetch_judge_new(const struct fetch_loop *const *loops, size_t count, char *ret_error,
			      size_t error_size)
{
	struct judge *const judge = calloc(1, sizeof(*judge));

	if (sandbox_open(ret_error, error_size))
		return give_up(judge, NULL, ret_error, error_size);
	if (!judge || !allocate(judge, count))
		return give_up(judge, "out of memory", ret_error, error_size);
	reference = count;
	for (size_t i = 0; i < count; i++) {
		if (!make_member(&members[i], loops[i]))
			return give_up(judge, "a fetch loop's walk is not registered", ret_error,
				       error_size);
		judge->judged[i].parser = members[i].parser;
		judge->hooked[i] = !own_lacks_hooks(members[i].walk) &&
				   sandbox_has_hooks(members[i].walk, judge->caps);
		if (loops[i] == own_loop)
			sandbox_is_own(own_parser, judge->hooked[i]);
		if (strcmp(loops[i]->name, FETCH_REFERENCE) == 0)
			reference = i;
	}
	if (reference == count)
		return give_up(judge, "the loop `fetch` is not among them", ret_error, error_size);
	judge->spec = judge->judged[reference].spec;
	judge->reference =
		(struct judged){.parser = members[reference].parser, .spec = judge->spec};
	judge->converses = true;
	select_loops(judge, INFO_DEVICE);
	return judge;
}

/* The bytes that member's walk reads: @len at @info, or the fixed buffer that its program has. */
static const uint8_t *place(const struct member *member, const uint8_t *info, uint32_t *len)
{
	const uint32_t size = member->walk->fixed_size;

	if (!size)
		return sandbox_place_padded(info, *len, *len);
	if (*len > size)
		*len = size;
	info = sandbox_place_padded(info, *len, size);
	*len = size;
	return info;
}

/*
 * Walks what was handed over in @tried. @spec becomes the reading of that buffer. False where
 * nothing could stop the walk.
 */
static bool walk_handed(const struct judge *judge, size_t i, const struct fetch_trial *tried,
			struct spec *spec, struct walk_result *walk, enum fetch_rule *ret_rule)
{
	const struct info_parser *const parser = members[i].walk;
	uint32_t len = tried->len;
	const uint8_t *const info = place(&members[i], tried->info, &len);
	struct walk_limits limits = {0};

	if (judge_must_skip(judge, i, parser, info, len))
		return false;
	spec_read(info, len, script.kind, spec);
	limits.bound = spec->bound;
	limits.budget =
		64 + spec->bound + judge_loads_per_byte(parser, script.kind) * spec->visited;
	sandbox_walk(parser, script.kind, &limits, walk);
	*ret_rule = fetch_walk_rule(walk, info, len, script.kind);
	return true;
}

/* Asks and walks another time, with other memory or other replies before the last. */
static struct fetch_outcome try_again(const struct judge *judge, size_t i, uint8_t fill,
				      size_t flipped)
{
	struct walk_result walk = {.caps = second_caps};
	enum fetch_rule rule;

	second.fill = fill;
	second.flipped = flipped;
	second.result.caps = second_caps;
	fetch_try(members[i].loop, &script, &second);
	rule = second.rule;
	if (rule != FETCH_NONE || !second.handed || second.result.no_answer)
		return fetch_outcome(&second.result, rule);
	walk_handed(judge, i, &second, second_spec, &walk, &rule);
	return fetch_outcome(&walk, rule);
}

/* What the loop's answer rests on that it should not. */
static enum fetch_rule rests_on(const struct judge *judge, size_t i,
				const struct fetch_outcome *outcome)
{
	struct fetch_outcome other;

	if (trial.gaps) {
		other = try_again(judge, i, fills[1], 0);
		if (fetch_differ(&other, outcome))
			return FETCH_UNWRITTEN;
	}
	/* No reply came, or the last failed. */
	if (trial.handed && !trial.replied)
		return FETCH_EARLIER_REPLY;
	if (trial.ncalls < 2 || outcome->verdict > VERDICT_ABSTAIN)
		return FETCH_NONE;
	if (trial.handed && fetch_hands_earlier(&trial, members[i].loop))
		return FETCH_EARLIER_REPLY;
	other = try_again(judge, i, fills[0], trial.ncalls - 1);
	return second.ncalls == trial.ncalls && fetch_differ(&other, outcome) ? FETCH_EARLIER_REPLY
									      : FETCH_NONE;
}

/*
 * What is right of the last reply that member @i got, into its spec: which has that already where the buffer
 * that it handed over was @read, and is this reply.
 */
static void read_last(struct judge *judge, size_t i, bool read)
{
	uint32_t len = trial.last_asked;
	const uint8_t *const info = place(&members[i], trial.last, &len);

	if (read && trial.replied && trial.len == trial.last_asked &&
	    memcmp(trial.info, trial.last, trial.len) == 0)
		return;
	/* No reply, no byte of it. */
	spec_read(info, trial.replied ? len : 0, script.kind, judge->judged[i].spec);
}

/* A peer's faults are not published: such a loop abstains before it. */
static void abstain(struct judged *judged)
{
	judged->walk = (struct walk_result){.verdict = VERDICT_ABSTAIN, .caps = judged->walk.caps};
	judged->disagreement = AGREES;
	judged->conversation = NULL;
}

/* Whether member @i asks whom the script has for its producer. */
static bool asks(size_t i)
{
	return members[i].loop->source == script.producer->source;
}

/* No answer is no verdict, and agrees with everything. */
static bool has_no_answer(struct judged *judged)
{
	judged->disagreement = AGREES;
	return judged->walk.no_answer != NULL;
}

/* Asks another time, in the same words: a loop from outside that keeps state answers otherwise. */
static bool keeps_state(const struct judge *judge, size_t i, const struct fetch_outcome *outcome,
			enum verdict *ret_became)
{
	struct fetch_outcome other;

	if (members[i].loop != own_loop || !(relations_claimed(own_parser) & INFO_CLAIM_AGAIN))
		return false;
	other = try_again(judge, i, fills[0], 0);
	*ret_became = other.verdict;
	return fetch_differ(&other, outcome);
}

static void judge_loop(struct judge *judge, size_t i, bool plain)
{
	struct judged *const judged = &judge->judged[i];
	struct info_cap *const caps = judged->walk.caps;
	enum fetch_rule rule;
	struct fetch_outcome outcome;
	bool walks, read;

	trial.fill = fills[0];
	trial.flipped = 0;
	trial.result.caps = caps;
	fetch_try(members[i].loop, &script, &trial);
	judged->walk = trial.result;
	rule = trial.rule;
	walks = rule == FETCH_NONE && trial.handed;
	read = walks && walk_handed(judge, i, &trial, judged->spec, &judged->walk, &rule);
	if (walks && !read) {
		abstain(judged);
		judged->skipped = true;
		read_last(judge, i, false);
		return;
	}
	if (has_no_answer(judged)) {
		read_last(judge, i, read);
		return;
	}
	outcome = fetch_outcome(&judged->walk, rule);
	if (rule == FETCH_NONE && !keeps_state(judge, i, &outcome, &judged->became))
		rule = rests_on(judge, i, &outcome);
	else if (rule == FETCH_NONE && (plain || judged->parser->trust == INFO_HARDENED))
		judged->relation = RELATION_AGAIN;
	read_last(judge, i, read);
	if (rule == FETCH_NONE && plain)
		rule = fetch_gives_up(&trial, script.kind, judged->walk.verdict);
	if (rule == FETCH_NONE && outcome.verdict == VERDICT_ABSENT &&
	    judged->spec->verdict == VERDICT_TRUNCATED)
		rule = FETCH_ABSENT_FOR_TRUNCATED;
	/* To the last reply, as the program's own parser is held to a buffer. */
	if (trial.handed && rule == FETCH_NONE)
		judged_stand(judged, compare(members[i].walk, judged->spec, &judged->walk));
	else
		judged->disagreement = fetch_refusal(judged, &trial);
	if (rule != FETCH_NONE) {
		judged->walk.verdict = fetch_shown(rule, judged->walk.verdict);
		judged->walk.reason = judged->conversation = fetch_rules[rule].name;
		judged->disagreement = FAULT;
	}
	if (judged->disagreement != AGREES)
		judged->relation = RELATION_NONE;
	if (members[i].loop->source == INFO_FROM_PEER && members[i].loop != own_loop &&
	    (rule != FETCH_NONE || judged->disagreement == FAULT))
		abstain(judged);
}

/* Whether the whole reply of a steady producer is plain. */
static bool is_plain(struct judge *judge)
{
	const struct producer *const producer = script.producer;
	const uint32_t need = script_is_steady(&script) ? script.need : 0;
	struct spec *const spec = judge->spec;

	if (need < layout_infos[script.kind].minsz)
		return false;
	memset(whole, 0, need);
	layout_store(whole, 4, need);
	if (producer_answer(producer, &script.state, whole, need))
		return false;
	spec_read(whole, need, script.kind, spec);
	return spec->class == CLASS_PLAIN;
}

/* How far each loop's promise goes; the reference of the conversation is that of `fetch`. */
static void classify(struct judge *judge, bool plain)
{
	struct judged *const fetch = &judge->judged[reference];

	for (size_t r = 0; r < judge->nreaders; r++) {
		struct judged *const judged = &judge->judged[judge->readers[r]];

		if (plain && asks(judge->readers[r]))
			judged->spec->class = CLASS_PLAIN;
		else if (judged->spec->class == CLASS_PLAIN)
			judged->spec->class = CLASS_ODD;
	}
	if (plain)
		judge->spec->class = CLASS_PLAIN;
	if (fetch->disagreement != AGREES || fetch->walk.verdict != VERDICT_REJECT ||
	    fetch->spec->rule)
		return;
	/* It gave up, and is right to: there is no reply to have a rule. */
	judge->spec->verdict = VERDICT_REJECT;
	judge->spec->class = CLASS_MALFORMED;
	judge->spec->need = 0;
	judge->spec->ncaps = 0;
}

void fetch_judge_read(struct judge *judge, const uint8_t *bytes, size_t len)
{
	bool plain;

	judge->info = bytes;
	judge->len = len;
	script_read(bytes, len, &script);
	select_loops(judge, script.kind);
	plain = is_plain(judge);
	for (size_t r = 0; r < judge->nreaders; r++)
		judge_loop(judge, judge->readers[r], plain && asks(judge->readers[r]));
	classify(judge, plain);
}

const struct fetch_trial *fetch_judge_trial(size_t i)
{
	if (!(members[i].loop->kinds & UINT32_C(1) << script.kind))
		return NULL;
	trial.fill = fills[0];
	trial.flipped = 0;
	trial.result.caps = second_caps;
	fetch_try(members[i].loop, &script, &trial);
	return &trial;
}
