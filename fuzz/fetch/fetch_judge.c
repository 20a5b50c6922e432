/* SPDX-License-Identifier: MIT */
/* Holds every loop to the last reply that it got; see judge.h. */
#include "fetch_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "fetch_loop_list.h"

#define LOOP(name) extern const struct fetch_loop fetch_##name##_loop;
FETCH_LOOPS(LOOP)
#undef LOOP

const struct fetch_loop *const fetch_loops[] = {
#define LOOP(name) &fetch_##name##_loop,
	FETCH_LOOPS(LOOP)
#undef LOOP
};
const size_t fetch_loop_count = sizeof(fetch_loops) / sizeof(fetch_loops[0]);

/* A loop, the parser that it is shown as, and the one that reads what it hands over. */
struct member {
	const struct fetch_loop *loop;
	const struct info_parser *walk;
	struct info_parser shown;
};

/* How a conversation ended, as far as two of them are compared. */
struct outcome {
	enum verdict verdict;
	enum fetch_rule rule;
	const char *reason;
	uint64_t caps;
};

static struct member *members;
static size_t reference;
static struct script script;
/* The trial that counts, and another that is held against it. */
static struct fetch_trial trial, second;
static struct info_cap *second_caps;
static uint8_t whole[INFO_LEN_MAX];

static const uint8_t fills[] = {0xc7, 0x00};

static const struct info_parser *parser_named(const char *name)
{
	for (size_t i = 0; i < info_parser_count; i++)
		if (strcmp(info_parsers[i]->name, name) == 0)
			return info_parsers[i];
	return NULL;
}

/* Fills in member @i; false where its walk is not registered. */
static bool make_member(struct member *member, const struct fetch_loop *loop)
{
	member->loop = loop;
	member->walk = parser_named(loop->walk);
	if (!member->walk)
		return false;
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

		if (judged->parser->reads[kind].ids)
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
	judge->caps = judge_map_caps(count);
	if (!second_caps)
		second_caps = judge_map_caps(1);
	if (!members || !judge->judged || !judge->hooked || !judge->readers || !judge->caps ||
	    !second_caps)
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
		judge->judged[i].parser = &members[i].shown;
		judge->hooked[i] = sandbox_has_hooks(members[i].walk, judge->caps);
		if (strcmp(loops[i]->name, "fetch") == 0)
			reference = i;
	}
	if (reference == count)
		return give_up(judge, "the loop `fetch` is not among them", ret_error, error_size);
	judge->spec = judge->judged[reference].spec;
	judge->reference =
		(struct judged){.parser = &members[reference].shown, .spec = judge->spec};
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

/* Past its allocation, by which rule. */
static enum fetch_rule rule_of_walk(const struct walk_result *walk, const uint8_t *info,
				    uint32_t len)
{
	const struct layout_info *const layout = &layout_infos[script.kind];

	if (walk->verdict != VERDICT_OOB || walk->scratch)
		return FETCH_NONE;
	if (len < layout->end && walk->offset < layout->end)
		return FETCH_SHORT_FIXED;
	return len >= 4 && layout_load(info, 4) > len ? FETCH_PAST_ALLOCATION : FETCH_NONE;
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

	if (!judge->hooked[i] && parser->trust == INFO_TRUSTING &&
	    judge_links_loop(script.kind, info, len))
		return false;
	spec_read(info, len, script.kind, spec);
	limits.bound = spec->bound;
	limits.budget =
		64 + spec->bound + judge_loads_per_byte(parser, script.kind) * spec->visited;
	sandbox_walk(parser, script.kind, &limits, walk);
	*ret_rule = rule_of_walk(walk, info, len);
	return true;
}

static struct outcome outcome_of(const struct walk_result *walk, enum fetch_rule rule)
{
	struct outcome outcome = {walk->verdict, rule, walk->reason, INFO_HASH_START};

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

/* Asks and walks another time, with other memory or other replies before the last. */
static struct outcome try_again(const struct judge *judge, size_t i, uint8_t fill, size_t flipped)
{
	struct walk_result walk = {.caps = second_caps};
	enum fetch_rule rule;

	second.fill = fill;
	second.flipped = flipped;
	second.result.caps = second_caps;
	fetch_try(members[i].loop, &script, &second);
	rule = second.rule;
	if (rule != FETCH_NONE || !second.handed)
		return outcome_of(&second.result, rule);
	walk_handed(judge, i, &second, judge->judged[i].spec, &walk, &rule);
	return outcome_of(&walk, rule);
}

static bool differ(const struct outcome *a, const struct outcome *b)
{
	return a->verdict != b->verdict || a->rule != b->rule || a->reason != b->reason ||
	       a->caps != b->caps;
}

/* What the loop's answer rests on that it should not. */
static enum fetch_rule rests_on(const struct judge *judge, size_t i, const struct outcome *outcome)
{
	struct outcome other;

	if (trial.gaps) {
		other = try_again(judge, i, fills[1], 0);
		if (differ(&other, outcome))
			return FETCH_UNWRITTEN;
	}
	if (trial.ncalls < 2 || outcome->verdict > VERDICT_ABSTAIN)
		return FETCH_NONE;
	/* What it handed over is what it got. */
	if (trial.handed && memcmp(trial.info, trial.last, trial.len) != 0)
		return FETCH_EARLIER_REPLY;
	other = try_again(judge, i, fills[0], trial.ncalls - 1);
	return second.ncalls == trial.ncalls && differ(&other, outcome) ? FETCH_EARLIER_REPLY
									: FETCH_NONE;
}

/* What is right of the last reply that member @i got, into its spec. */
static void read_last(struct judge *judge, size_t i)
{
	uint32_t len = trial.last_asked;
	const uint8_t *const info = place(&members[i], trial.last, &len);

	/* No reply, no byte of it. */
	spec_read(info, trial.replied ? len : 0, script.kind, judge->judged[i].spec);
}

/* The class of a loop that gave up without a walk. */
static enum disagreement class_of_refusal(const struct judged *judged)
{
	const struct spec *const spec = judged->spec;

	if (judged->walk.verdict == VERDICT_ABSTAIN)
		return AGREES;
	if (judged->walk.verdict > VERDICT_ABSTAIN)
		return FAULT;
	if (spec->verdict == VERDICT_OK || spec->verdict == VERDICT_ABSENT) {
		/* A reply that wants more may be left, though what is there of it is whole. */
		if (judged->walk.verdict != VERDICT_ABSENT && spec->argsz > trial.last_asked)
			return AGREES;
		if (judged->walk.verdict != VERDICT_ABSENT)
			return REJECTS_VALID;
		return spec->verdict == VERDICT_OK ? WRONG_CAPS : AGREES;
	}
	return judged->walk.verdict == VERDICT_ABSENT ? ABSENT_FOR_UNREADABLE : AGREES;
}

/* A peer's faults are not published: such a loop abstains before it. */
static void abstain(struct judged *judged)
{
	judged->walk = (struct walk_result){.verdict = VERDICT_ABSTAIN, .caps = judged->walk.caps};
	judged->disagreement = AGREES;
	judged->conversation = NULL;
}

static enum verdict shown_verdict(enum fetch_rule rule, enum verdict verdict)
{
	return rule == FETCH_UNWRITTEN || rule == FETCH_EARLIER_REPLY ? VERDICT_STALE : verdict;
}

static void judge_loop(struct judge *judge, size_t i)
{
	struct judged *const judged = &judge->judged[i];
	struct info_cap *const caps = judged->walk.caps;
	enum fetch_rule rule;
	struct outcome outcome;

	trial.fill = fills[0];
	trial.flipped = 0;
	trial.result.caps = caps;
	fetch_try(members[i].loop, &script, &trial);
	judged->walk = trial.result;
	rule = trial.rule;
	if (rule == FETCH_NONE && trial.handed &&
	    !walk_handed(judge, i, &trial, judged->spec, &judged->walk, &rule)) {
		abstain(judged);
		judged->skipped = true;
		read_last(judge, i);
		return;
	}
	outcome = outcome_of(&judged->walk, rule);
	if (rule == FETCH_NONE)
		rule = rests_on(judge, i, &outcome);
	read_last(judge, i);
	if (rule == FETCH_NONE && outcome.verdict == VERDICT_ABSENT &&
	    judged->spec->verdict == VERDICT_TRUNCATED)
		rule = FETCH_ABSENT_FOR_TRUNCATED;
	/* To the last reply, as the program's own parser is held to a buffer. */
	if (trial.handed && rule == FETCH_NONE)
		judged_stand(judged, compare(members[i].walk, judged->spec, &judged->walk));
	else
		judged->disagreement = class_of_refusal(judged);
	if (rule != FETCH_NONE) {
		judged->walk.verdict = shown_verdict(rule, judged->walk.verdict);
		judged->walk.reason = judged->conversation = fetch_rules[rule].name;
		judged->disagreement = FAULT;
	}
	if (members[i].loop->source == INFO_FROM_PEER &&
	    (rule != FETCH_NONE || judged->disagreement == FAULT))
		abstain(judged);
}

/* Whether the whole reply of a steady producer is plain. */
static bool is_plain(struct judge *judge)
{
	const struct producer *const producer = script.producer;
	const uint32_t need =
		script_is_steady(&script) ? producer_need(producer, &script.state) : 0;
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
		const bool asks = plain && judged->parser->source == script.producer->source;

		if (asks)
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
		judge_loop(judge, judge->readers[r]);
	classify(judge, plain);
}

const struct fetch_trial *fetch_judge_trial(struct judge *judge, size_t i)
{
	if (!judge->judged[i].parser->reads[script.kind].ids)
		return NULL;
	trial.fill = fills[0];
	trial.flipped = 0;
	trial.result.caps = second_caps;
	fetch_try(members[i].loop, &script, &trial);
	return &trial;
}
