/* SPDX-License-Identifier: MIT */
/* Runs every parser on one buffer and names what came of it; see judge.h. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../sandbox/child.h"
#include "../sandbox/pages.h"
#include "held.h"
#include "relations.h"
#include "share.h"
#include "own.h"

/* The reading that parser @i is held to: the buffer's, or one shared by all of its fixed size. */
static struct spec *spec_for(struct judge *judge, size_t i)
{
	const uint32_t size = judge->judged[i].parser->fixed_size;

	if (!size)
		return judge->spec;
	for (size_t j = 0; j < i; j++)
		if (judge->judged[j].parser->fixed_size == size)
			return judge->judged[j].spec;
	return spec_new();
}

uint64_t judge_loads_per_byte(const struct info_parser *parser, enum info_kind kind)
{
	const struct info_reads *const reads = &parser->reads[kind];

	const uint64_t lookups =
		reads->style == INFO_LOOKUP ? (uint64_t)__builtin_popcountll(reads->ids) : 1;

	if (parser->trust == INFO_TRUSTING || lookups > JUDGE_K_HARDENED)
		return lookups;
	return JUDGE_K_HARDENED;
}

static void abstain(struct judged *judged)
{
	judged->walk = (struct walk_result){.verdict = VERDICT_ABSTAIN, .caps = judged->walk.caps};
	judged->relation = RELATION_NONE;
	judged->became = VERDICT_ABSTAIN;
	judged->conversation = NULL;
	judged->model_differs = false;
}

/* The model of @kind that parser @i is the truth of, where it is a program's own reader. */
static const struct judged *model_of(const struct judge *judge, size_t i, enum info_kind kind)
{
	const struct held *const held = held_of(judge->judged[i].parser);
	const char *const name = held && kind < INFO_IOCTL_KINDS ? held->models[kind] : NULL;

	for (size_t j = 0; name && j < judge->count; j++)
		if (strcmp(judge->judged[j].parser->name, name) == 0)
			return &judge->judged[j];
	return NULL;
}

/* Lists the parsers that read @kind; the others abstain once, until the kind changes. */
static void select_readers(struct judge *judge, enum info_kind kind)
{
	judge->kind = kind;
	judge->nreaders = judge->nfixed = 0;
	for (size_t i = 0; i < judge->count; i++) {
		struct judged *const judged = &judge->judged[i];

		if (judged_reads(judged, kind)) {
			judged->model = held_count ? model_of(judge, i, kind) : NULL;
			judged->loads_per_byte = judge_loads_per_byte(judged->parser, kind);
			judge->readers[judge->nreaders++] = i;
			if (judged->parser->fixed_size)
				judge->nfixed++;
			else
				judge->walks[judge->nreaders - judge->nfixed - 1] = i;
			continue;
		}
		abstain(judged);
		judged->skipped = false;
		judged_stand(judged, compare(judged->parser, judged->spec, &judged->walk));
	}
	for (size_t r = 0, w = judge->nreaders - judge->nfixed; r < judge->nreaders; r++)
		if (judge->judged[judge->readers[r]].parser->fixed_size)
			judge->walks[w++] = judge->readers[r];
}

/* Parsers that read no kind in common share a place for capabilities: a buffer is of one kind. */
static size_t place_parsers(const struct info_parser *const *parsers, size_t count,
			    size_t *ret_places)
{
	size_t next[INFO_KINDS] = {0}, places = 0;

	for (size_t i = 0; i < count; i++) {
		size_t place = 0;

		for (size_t kind = 0; kind < INFO_KINDS; kind++)
			if (parsers[i]->reads[kind].ids && next[kind] > place)
				place = next[kind];
		for (size_t kind = 0; kind < INFO_KINDS; kind++)
			if (parsers[i]->reads[kind].ids)
				next[kind] = place + 1;
		ret_places[i] = place;
		if (place >= places)
			places = place + 1;
	}
	return places;
}

struct info_cap *judge_map_caps(size_t count)
{
	return pages_new(count * CAPS_STRIDE * sizeof(struct info_cap));
}

/* Stands for the reference where that is held to relations. */
static const struct info_parser reference_parser = {
	.name = "reference",
	.summary = "the reference reading",
	.trust = INFO_HARDENED,
};

struct judge *judge_new(const struct info_parser *const *parsers, size_t count, char *ret_error,
			size_t error_size)
{
	size_t places[INFO_PARSERS_MAX];
	struct judge *judge;
	bool whole = relations_open();

	if (count > INFO_PARSERS_MAX) {
		snprintf(ret_error, error_size, "more than %d parsers", INFO_PARSERS_MAX);
		return NULL;
	}
	judge = calloc(1, sizeof(*judge));

	if (!judge || sandbox_open(ret_error, error_size)) {
		if (!judge)
			snprintf(ret_error, error_size, "out of memory");
		free(judge);
		return NULL;
	}
	judge->count = count;
	judge->judged = calloc(count, sizeof(*judge->judged));
	judge->hooked = calloc(count, 1);
	judge->readers = calloc(2 * count, sizeof(*judge->readers));
	judge->spec = spec_new();
	judge->reference = (struct judged){.parser = &reference_parser, .spec = judge->spec};
	judge->places = place_parsers(parsers, count, places);
	judge->caps = judge_map_caps(judge->places);
	for (size_t i = 0; judge->judged && judge->hooked && judge->caps && i < count; i++) {
		judge->judged[i].parser = parsers[i];
		judge->judged[i].closed = parsers[i]->open ? parsers[i]->open() : NULL;
		judge->judged[i].spec = spec_for(judge, i);
		judge->judged[i].walk.caps = judge->caps + places[i] * CAPS_STRIDE;
		/* One that is closed has nothing to run on. */
		judge->hooked[i] = !judge->judged[i].closed && !own_lacks_hooks(parsers[i]) &&
				   sandbox_has_hooks(parsers[i], judge->judged[i].walk.caps);
		if (parsers[i] == own_parser)
			sandbox_is_own(own_parser, judge->hooked[i]);
		whole &= judge->judged[i].spec != NULL;
	}
	if (whole && judge->judged && judge->hooked && judge->caps && judge->readers &&
	    judge->spec) {
		judge->walks = judge->readers + count;
		select_readers(judge, INFO_DEVICE);
		return judge;
	}
	snprintf(ret_error, error_size, "out of memory: %zu parsers need about %zu MiB", count,
		 8 * (judge->places + 3));
	judge_free(judge);
	return NULL;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	for (size_t i = 0; judge->judged && i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];
		bool shared = judged->spec == judge->spec;

		for (size_t j = 0; j < i; j++)
			shared |= judge->judged[j].spec == judged->spec;
		if (!shared)
			spec_free(judged->spec);
	}
	pages_free(judge->caps, judge->places * CAPS_STRIDE * sizeof(*judge->caps));
	spec_free(judge->spec);
	free(judge->hooked);
	free(judge->readers);
	free(judge->judged);
	free(judge);
}

bool judge_links_loop(enum info_kind kind, const uint8_t *info, size_t len)
{
	const struct layout_info *const form = &layout_infos[kind];
	const struct layout_bits *const first =
		len >= form->minsz ? layout_first(form, info) : &form->first;
	uint64_t at = (size_t)first->at + first->width <= len ? layout_get(first, info) : 0;
	size_t steps = 0;

	/*
	 * As many different headers as there are bytes, then one is there again. A cap_offset of 0
	 * is an offset too: some readers do not test it.
	 */
	while (steps <= len && at + form->header <= len) {
		at = layout_get(&form->next, info + at);
		steps++;
		if (!at)
			break;
	}
	return steps > len;
}

/* Walks of a parser from outside that are seen to go on for ever, before none is that may. */
#define TOLD 8

bool judge_must_skip(const struct judge *judge, size_t i, const struct info_parser *parser,
		     const uint8_t *info, size_t len)
{
	/* One from outside walks in a child then: what it does with such chains is told, and once known. */
	if (judge->hooked[i] ||
	    (parser == own_parser ? child_gone_on() < TOLD : parser->trust != INFO_TRUSTING))
		return false;
	return judge_links_loop(judge->kind, info, len);
}

/* Whether the last walk of parser @i is that of this buffer too, with @budget. */
static bool is_as_before(const struct judge *judge, size_t i, uint64_t budget)
{
	const struct judged *const judged = &judge->judged[i];

	if (sandbox_touch_meets(&judged->touched, judge->changed))
		return false;
	if (judged->walk.verdict == VERDICT_RUNAWAY)
		return budget <= judged->walk.budget;
	return judged->walk.spent <= budget;
}

/*
 * Whether all loads of parser @i's walk were seen: by hooks, or it told them. Those of a parser from outside
 * may be in a library.
 */
static bool is_seen_whole(const struct judge *judge, size_t i)
{
	static const struct sandbox_touched nothing;
	const struct judged *const judged = &judge->judged[i];

	return judged->parser != own_parser &&
	       (judge->hooked[i] || memcmp(&judged->touched, &nothing, sizeof(nothing)));
}

/* Has parser @i, which is not to walk @len bytes at @info, abstain. */
static bool is_passed_over(struct judge *judge, size_t i, const uint8_t *info, size_t len)
{
	struct judged *const judged = &judge->judged[i];

	judged->skipped = !judge->hooked[i] && judge_must_skip(judge, i, judged->parser, info, len);
	if (!judged->skipped && !(judge->spared && judged->parser->open))
		return false;
	abstain(judged);
	if (judge->touching)
		memset(&judged->touched, 0xff, sizeof(judged->touched));
	if (judge->trace && i == judge->traced)
		judge->trace->count = 0;
	return true;
}

/* Walks @len bytes at @info, which are placed, with parser @i. */
static void walk_one(struct judge *judge, size_t i, const uint8_t *info, size_t len,
		     uint64_t budget)
{
	struct judged *const judged = &judge->judged[i];
	const struct walk_limits limits = {
		.bound = judged->spec->bound,
		.budget = budget,
		.trace = judge->trace && i == judge->traced ? judge->trace : NULL,
		.touched = judge->touching ? &judged->touched : NULL,
	};

	if (judge->touching)
		judged->touched = (struct sandbox_touched){0};
	if (is_passed_over(judge, i, info, len))
		return;
	sandbox_walk(judged->parser, judge->kind, &limits, &judged->walk);
	if (judge->touching && !is_seen_whole(judge, i))
		memset(&judged->touched, 0xff, sizeof(judged->touched));
}

/* Judges parser @i on those bytes. */
static void judge_one(struct judge *judge, size_t i, const uint8_t *info, size_t len)
{
	struct judged *const judged = &judge->judged[i];
	const struct spec *const spec = judged->spec;
	const uint64_t of_model = spec_budget(spec, judged->loads_per_byte);
	const uint64_t budget = held_count ? held_budget(of_model, len) : of_model;

	judged->relation = RELATION_NONE;
	if (!judge->changed || !is_as_before(judge, i, budget))
		walk_one(judge, i, info, len, budget);
	else if (judged->parser->ahead)
		judged->parser->ahead(judge->kind, 0, NULL, NULL);
	/* A program's own reader is held to no reference: its model is held to it. */
	if (!judged->model)
		judged_stand(judged, compare(judged->parser, spec, &judged->walk));
}

/* Holds models to what their programs did with the buffer. */
static void hold_models(struct judge *judge)
{
	for (size_t r = 0; r < judge->nreaders; r++) {
		struct judged *const judged = &judge->judged[judge->readers[r]];

		judged->model_differs =
			judged->model && !held_same(&judged->walk, &judged->model->walk);
	}
}

/* Puts the zero-padded or cut copy that parser @i's program would hold, reads and returns it. */
static const uint8_t *place_fixed(struct judge *judge, size_t i)
{
	const uint32_t size = judge->judged[i].parser->fixed_size;
	const size_t kept = judge->len < size ? judge->len : size;
	const uint8_t *const placed = sandbox_place_padded(judge->info, kept, size);

	spec_read(placed, size, judge->kind, judge->judged[i].spec);
	return placed;
}

void judge_read(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind)
{
	size_t fixed;

	if (kind != judge->kind)
		select_readers(judge, kind);
	fixed = judge->nreaders - judge->nfixed;
	judge->info = info;
	judge->len = len;
	judge->reference.relation = RELATION_NONE;
	spec_read(info, len, kind, judge->spec);
	sandbox_place(info, len);
	judge->spared = judge->seldom && (share_hash(info, len) >> 8) % SELDOM_SHARE != 0;
	for (size_t w = 0; w < fixed; w++)
		judge_one(judge, judge->walks[w], info, len);
	for (size_t w = fixed; w < judge->nreaders; w++) {
		const size_t i = judge->walks[w];

		judge_one(judge, i, place_fixed(judge, i), judge->judged[i].parser->fixed_size);
	}
	if (held_count)
		hold_models(judge);
	if (judge->relate == RELATE_ALL ||
	    (judge->relate == RELATE_SHARE && relations_chosen(info, len)))
		relations_hold(judge);
}

/* The bytes that the reference read: what it delivered, and the header that it stopped at. */
static void touch_reading(const struct spec *spec, struct sandbox_touched *touched)
{
	const struct layout_info *const layout = &layout_infos[spec->kind];

	sandbox_touch(touched, 0, layout->end);
	for (size_t i = 0; i < spec->ncaps; i++)
		sandbox_touch(touched, spec->caps[i].cap.offset, spec->caps[i].span);
	if (spec->last)
		sandbox_touch(touched, spec->last, layout->header + 8);
}

void judge_next(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind,
		const struct sandbox_touched *changed, struct sandbox_touched *ret_touched)
{
	judge->changed = changed;
	judge->touching = true;
	judge_read(judge, info, len, kind);
	judge->touching = false;
	judge->changed = NULL;
	*ret_touched = (struct sandbox_touched){0};
	touch_reading(judge->spec, ret_touched);
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];

		if (judged->spec != judge->spec)
			touch_reading(judged->spec, ret_touched);
		for (size_t i = 0; i < sizeof(ret_touched->bits) / sizeof(ret_touched->bits[0]);
		     i++)
			ret_touched->bits[i] |= judged->touched.bits[i];
	}
}

void judge_trace(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind,
		 size_t traced, struct sandbox_trace *ret_trace)
{
	/* Of a parser that does not read this kind. */
	ret_trace->count = 0;
	judge->traced = traced;
	judge->trace = ret_trace;
	judge_read(judge, info, len, kind);
	judge->trace = NULL;
}

void judge_ahead(struct judge *judge, enum info_kind kind, size_t count,
		 const uint8_t *const infos[], const uint32_t lens[])
{
	for (size_t i = 0; count && i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		if (judged->parser->ahead && judged_reads(judged, kind))
			judged->parser->ahead(kind, count, infos, lens);
	}
}
