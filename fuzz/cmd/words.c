/* SPDX-License-Identifier: MIT */
/* Verdicts and what stands beside them, in the words of expected verdicts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../fetch/host.h"
#include "../judge/relations.h"
#include "../target/file.h"
#include "cmd.h"

int cannot_write(const char *path, int error)
{
	fprintf(stderr, "capchain: cannot write %s: %s\n", file_word(path), strerror(error));
	return EXIT_CANNOT_WRITE;
}

void verdict_words(enum verdict verdict, const char *reason, char *ret_words, size_t size)
{
	snprintf(ret_words, size, "%s%s%s", verdict_name(verdict), reason[0] ? " " : "", reason);
}

void answer_words(const struct judged *judged, char *ret_words, size_t size)
{
	const enum disagreement found = judged->disagreement;
	const bool delivered = found == WRONG_CAPS || found == WRONG_PAYLOAD;

	verdict_words(judged->walk.verdict,
		      delivered && judged->walk.verdict == VERDICT_OK ? disagreement_name(found)
								      : judged_reason(judged),
		      ret_words, size);
}

void answer_said(const struct judged *judged, char *ret_words, size_t size)
{
	if (judged->walk.no_answer)
		snprintf(ret_words, size, "no answer (%s)", judged->walk.no_answer);
	else
		verdict_words(judged->walk.verdict, judged_reason(judged), ret_words, size);
}

/* " NOTE@OFFSET" for each of @notes. */
static void print_notes(FILE *out, uint32_t notes, uint32_t at)
{
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (notes & NOTE_BIT(note))
			fprintf(out, " %s@%" PRIu32, note_name((enum note)note), at);
}

char *reference_words(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	char *words = NULL;
	size_t size = 0;
	FILE *const out = open_memstream(&words, &size);

	if (!out) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	if (spec->verdict == VERDICT_TRUNCATED)
		fprintf(out, " need=%" PRIu32, spec->need);
	if (spec->verdict == VERDICT_REJECT)
		fprintf(out, " at=%" PRIu32 " from=%" PRIu32, spec->at, spec->from);
	if (spec->class == CLASS_ODD)
		fprintf(out, " odd");
	print_notes(out, spec->notes & NOTES_OF_BUFFER, layout_infos[judge->kind].first.at);
	for (size_t i = 0; i < spec->ncaps; i++)
		print_notes(out, spec->caps[i].notes, spec->caps[i].cap.offset);
	if (fclose(out) || !words) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	/* Without the first space. */
	if (size)
		memmove(words, words + 1, size);
	return words;
}

static size_t cap_words(const struct info_cap *cap, enum info_kind kind, char *ret_words,
			size_t size)
{
	const struct layout_cap *const layout = layout_cap(kind, cap->id);

	if (layout)
		return (size_t)snprintf(ret_words, size, "%s at %" PRIu32, layout->name,
					cap->offset);
	return (size_t)snprintf(ret_words, size, "id %u at %" PRIu32, cap->id, cap->offset);
}

/* The first value of @cap that is another in @other: "nr_areas 2", "pasid 0x1"; what it is of. */
static void payload_words(const struct info_cap *cap, const struct info_cap *other,
			  enum info_kind kind, char *ret_words, size_t size)
{
	const struct layout_cap *const layout = layout_cap(kind, cap->id);
	size_t used = cap_words(cap, kind, ret_words, size), value = 0;

	if (used >= size || !layout)
		return;
	if (!cap->decoded || !other->decoded) {
		snprintf(ret_words + used, size - used, cap->decoded ? " decoded" : " undecoded");
		return;
	}
	for (size_t i = 0; i < layout->nfields; i++) {
		if (layout->fields[i].role != ROLE_VALUE)
			continue;
		if (cap->field[value] != other->field[value]) {
			snprintf(ret_words + used, size - used, " with %s 0x%" PRIx64,
				 layout->fields[i].name, cap->field[value]);
			return;
		}
		value++;
	}
	if (cap->count != other->count)
		snprintf(ret_words + used, size - used, " with %" PRIu32 " %s", cap->count,
			 layout->array);
	else
		snprintf(ret_words + used, size - used, " with other %s",
			 layout->elements ? layout->array : "values");
}

/* Where @cap is among those that were delivered, from @from on; their number where it is not. */
static size_t find_delivered(const struct walk_result *walk, const struct info_cap *cap,
			     size_t from)
{
	while (from < walk->ncaps && walk->caps[from].offset != cap->offset)
		from++;
	return from;
}

static bool same_header(const struct info_cap *a, const struct info_cap *b)
{
	return a->offset == b->offset && a->id == b->id && a->version == b->version;
}

/* Whether the reader leaves capability @i of the reference out by what it declares. */
static bool is_left_out(const struct judged *judged, size_t i)
{
	const struct info_reads *const reads = &judged->parser->reads[judged->spec->kind];
	const struct spec_cap *const caps = judged->spec->caps;

	for (size_t before = 0; reads->style == INFO_LOOKUP && before < i; before++)
		if (caps[before].cap.id == caps[i].cap.id)
			return true;
	return !info_has_id(reads->ids, caps[i].cap.id);
}

/*
 * The first capability in which @judged differs: of the reference in *@ret_want, what was delivered
 * in its place in *@ret_got; NULL is nothing.
 */
static void find_difference(const struct judged *judged, const struct info_cap **ret_want,
			    const struct info_cap **ret_got)
{
	const bool list = judged->parser->reads[judged->spec->kind].style == INFO_LIST;
	const struct walk_result *const walk = &judged->walk;
	const bool payload = judged->disagreement == WRONG_PAYLOAD;
	size_t next = 0;

	for (size_t i = 0; i < judged->spec->ncaps; i++) {
		const struct info_cap *const want = &judged->spec->caps[i].cap;
		size_t at;

		if (is_left_out(judged, i))
			continue;
		at = list && !payload ? next : find_delivered(walk, want, 0);
		*ret_want = want;
		*ret_got = at < walk->ncaps ? &walk->caps[at] : NULL;
		if (!*ret_got || !same_header(want, *ret_got))
			return;
		if (payload &&
		    (want->decoded != (*ret_got)->decoded || want->count != (*ret_got)->count ||
		     want->hash != (*ret_got)->hash ||
		     memcmp(want->field, (*ret_got)->field, sizeof(want->field)) != 0))
			return;
		next = at + 1;
	}
	*ret_want = NULL;
	*ret_got = list && next < walk->ncaps ? &walk->caps[next]
		   : walk->ncaps	      ? &walk->caps[walk->ncaps - 1]
					      : NULL;
}

static void caps_words(const struct judged *judged, bool wanted, char *ret_words, size_t size)
{
	const struct info_cap *want = NULL, *got = NULL, *mine, *other;

	find_difference(judged, &want, &got);
	mine = wanted ? want : got;
	other = wanted ? got : want;
	if (!mine)
		snprintf(ret_words, size, "nothing");
	else if (other && same_header(mine, other))
		payload_words(mine, other, judged->spec->kind, ret_words, size);
	else
		cap_words(mine, judged->spec->kind, ret_words, size);
}

static bool is_of_caps(const struct judged *judged)
{
	return !judged->relation &&
	       (judged->disagreement == WRONG_CAPS || judged->disagreement == WRONG_PAYLOAD);
}

void expected_words(const struct judged *judged, char *ret_words, size_t size)
{
	const struct spec *const spec = judged->spec;
	size_t used;

	if (judged->relation) {
		snprintf(ret_words, size, "%s", relation_words(judged->relation));
		return;
	}
	if (judged->conversation) {
		snprintf(ret_words, size, "a loop that keeps the rules of conversations");
		return;
	}
	if (is_of_caps(judged)) {
		caps_words(judged, true, ret_words, size);
		return;
	}
	verdict_words(spec->verdict, rule_name(spec->rule), ret_words, size);
	used = strlen(ret_words);
	if (spec->verdict == VERDICT_TRUNCATED)
		snprintf(ret_words + used, size - used, ", argsz %" PRIu32, spec->need);
	else if (spec->rule != RULE_NONE && spec->at)
		snprintf(ret_words + used, size - used, " at %" PRIu32, spec->at);
	else if (spec->verdict == VERDICT_OK)
		snprintf(ret_words + used, size - used, " with %zu capabilit%s", spec->ncaps,
			 spec->ncaps == 1 ? "y" : "ies");
}

void fault_words(const struct walk_result *walk, size_t len, char *ret_words, size_t size)
{
	const char *const what = walk->verdict == VERDICT_WROTE ? "a store" : "a load";

	if (walk->scratch)
		snprintf(ret_words, size, "%s at %" PRId64 " of its own memory", what,
			 (int64_t)walk->offset);
	else if ((int64_t)walk->offset < 0)
		snprintf(ret_words, size, "%s %" PRIu64 " bytes before the buffer", what,
			 -walk->offset);
	else
		snprintf(ret_words, size, "%s at %" PRIu64 ", the buffer has %zu bytes", what,
			 walk->offset, len);
}

void got_words(const struct judged *judged, size_t len, char *ret_words, size_t size)
{
	const struct walk_result *const walk = &judged->walk;

	if (judged->relation) {
		snprintf(ret_words, size, "%s, and changed so %s", verdict_name(walk->verdict),
			 verdict_name(judged->became));
		return;
	}
	if (judged->conversation) {
		snprintf(ret_words, size, "one that %s", fetch_rule_says(judged->conversation));
		return;
	}
	if (walk->no_answer) {
		snprintf(ret_words, size, "no answer (%s)", walk->no_answer);
		return;
	}
	if (is_of_caps(judged) && walk->verdict == VERDICT_OK) {
		caps_words(judged, false, ret_words, size);
		return;
	}
	switch (walk->verdict) {
	case VERDICT_OOB:
	case VERDICT_WROTE:
		fault_words(walk, len, ret_words, size);
		return;
	case VERDICT_RUNAWAY:
		/* How many loads that took, compilers differ in. */
		snprintf(ret_words, size, "no end");
		return;
	case VERDICT_STALE:
		snprintf(ret_words, size, "a load at %" PRIu32 ", past argsz %" PRIu32,
			 walk->stale_at, judged->spec->bound);
		return;
	case VERDICT_CRASH:
		snprintf(ret_words, size, "signal %d (%s)", walk->signal, strsignal(walk->signal));
		return;
	case VERDICT_TRUNCATED:
		snprintf(ret_words, size, "truncated, argsz %" PRIu32, walk->need);
		return;
	case VERDICT_OK:
		snprintf(ret_words, size, "ok with %zu capabilit%s", walk->ncaps,
			 walk->ncaps == 1 ? "y" : "ies");
		return;
	default:
		verdict_words(walk->verdict, judged_reason(judged), ret_words, size);
	}
}

const char *source_name(enum info_source source)
{
	static const char *const names[INFO_SOURCES] = {
		[INFO_FROM_KERNEL] = "kernel",
		[INFO_FROM_PEER] = "peer",
		[INFO_FROM_DEVICE] = "device",
		[INFO_FROM_FILE] = "file",
	};

	return names[source];
}
