/* SPDX-License-Identifier: MIT */
/* The loads of a walk, the ladder of a conversation, and all of an input; see draw.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../fetch/fetch_judge.h"
#include "draw.h"

/* ---- loads ---- */

#define LOADS_WIDTH 200
#define RUNS_MAX    120

/* Loads that go on where the one before ended are one run; what is past RUNS_MAX runs is not drawn. */
static size_t put_runs(FILE *out, const struct sandbox_trace *trace)
{
	const size_t kept = trace->count < SANDBOX_TRACE_MAX ? trace->count : SANDBOX_TRACE_MAX;
	size_t runs = 0, end;

	fputs("<path class=\"load\" d=\"", out);
	for (size_t i = 0; i < kept && runs < RUNS_MAX; runs++) {
		const uint32_t start = trace->loads[i].offset;

		end = start;
		for (; i < kept && trace->loads[i].offset == end; i++)
			end += trace->loads[i].size;
		/* Loads of size 0 and the like go on. */
		i += end == start;
		fprintf(out, "M%u %zu.5H%zu", start, runs, end > start ? end : start + 1);
	}
	fputs("\"/>", out);
	return runs;
}

/* Where the walk left, on a line of its own below all others; past the buffer as far as there is room. */
static void put_left(FILE *out, const struct judge *judge, const struct walk_result *walk,
		     size_t runs, size_t wide)
{
	uint64_t at = walk->offset;

	switch (walk->verdict) {
	case VERDICT_OOB:
	case VERDICT_WROTE:
		if (walk->scratch || at >= wide)
			at = wide - 1;
		break;
	case VERDICT_STALE:
		at = walk->stale_at < wide ? walk->stale_at : wide - 1;
		break;
	case VERDICT_RUNAWAY:
		/* Back to the start, for ever. */
		fprintf(out, "<path class=\"left\" d=\"M0 %zu.5H%zu\"/>", runs, judge->len);
		return;
	default:
		return;
	}
	fprintf(out, "<path class=\"left\" d=\"M%" PRIu64 " %zu.5h%zu\"/>", at, runs,
		wide / 40 + 1);
}

struct picture draw_loads(const struct judge *judge, size_t i, const struct sandbox_trace *trace)
{
	const struct walk_result *const walk = &judge->judged[i].walk;
	/* Behind the buffer is room to show where a reader goes that leaves it. */
	const size_t wide = judge->len + judge->len / 8 + 1;
	char *svg = NULL, *body = NULL;
	size_t size, body_size, runs;
	unsigned int height;
	FILE *out = picture_begin(&body, &body_size);

	runs = put_runs(out, trace);
	put_left(out, judge, walk, runs, wide);
	picture_end(out, &body, 0, 0);
	height = (unsigned int)(runs + 1) * 3;
	height = height < 15 ? 15 : height > 90 ? 90 : height;
	out = picture_begin(&svg, &size);
	fprintf(out,
		DRAW_SVG "viewBox=\"0 0 %zu %zu\" preserveAspectRatio=\"none\">"
			 "<path class=\"edge\" d=\"M%zu 0V%zuM%u 0V%zu\"/>%s</svg>",
		"loads", LOADS_WIDTH, height, wide, runs + 1, judge->len, runs + 1,
		judge->spec->bound, runs + 1, body);
	free(body);
	return picture_end(out, &svg, LOADS_WIDTH, height);
}

/* ---- conversations ---- */

#define CALLS_SHOWN 12
#define LADDER_LEFT 6
#define RUNG_TEXT   14

static void put_rung(FILE *out, unsigned int y, bool back)
{
	const unsigned int right = DRAW_WIDTH - LADDER_LEFT;

	fprintf(out, "<path class=\"link\" d=\"M%u %uH%u\"/>", LADDER_LEFT, y, right);
	if (back)
		fprintf(out, "<path class=\"head\" d=\"M%u %ul7 -3v6z\"/>", LADDER_LEFT, y);
	else
		fprintf(out, "<path class=\"head\" d=\"M%u %ul-7 -3v6z\"/>", right, y);
}

static unsigned int put_call(FILE *out, const struct fetch_call *call, size_t number,
			     unsigned int y)
{
	char words[128];

	if (call->room == call->asked)
		snprintf(words, sizeof(words), "%zu  argsz %u", number, call->asked);
	else
		snprintf(words, sizeof(words), "%zu  argsz %u of a buffer of %u", number,
			 call->asked, call->room);
	picture_line(out, RUNG_TEXT, y, "", words);
	put_rung(out, y + 4, false);
	y += DRAW_LINE + 6;
	if (call->error)
		snprintf(words, sizeof(words), "error %d", -call->error);
	else
		snprintf(words, sizeof(words), "argsz %u%s cap_offset %u, %u bytes written",
			 call->argsz, call->has_caps ? " CAPS" : "", call->cap_offset,
			 call->written);
	picture_line(out, RUNG_TEXT + 12, y, call->error ? "red" : "note", words);
	put_rung(out, y + 4, true);
	return y + DRAW_LINE + 6;
}

struct picture draw_ladder(const struct fetch_trial *trial)
{
	const size_t shown = trial->ncalls < CALLS_SHOWN ? trial->ncalls : CALLS_SHOWN;
	unsigned int y = 2 * DRAW_LINE + 4, height;
	char *svg = NULL, *body = NULL, words[64] = "asks nothing";
	size_t size, body_size;
	FILE *out = picture_begin(&body, &body_size);

	for (size_t i = 0; i < shown; i++)
		y = put_call(out, &trial->calls[i], i + 1, y);
	if (trial->ncalls > shown)
		snprintf(words, sizeof(words), "and %zu more calls", trial->ncalls - shown);
	else if (trial->handed)
		snprintf(words, sizeof(words), "hands %u bytes to its walk", trial->len);
	else if (trial->ncalls)
		snprintf(words, sizeof(words), "hands nothing to its walk");
	picture_line(out, RUNG_TEXT, y, "title", words);
	picture_end(out, &body, 0, 0);
	height = y + 6;
	out = picture_begin(&svg, &size);
	fprintf(out,
		DRAW_SVG "viewBox=\"0 0 %u %u\" role=\"img\"><title>%s</title>"
			 "<text x=\"%u\" y=\"%u\" class=\"at\">caller</text>"
			 "<text x=\"%u\" y=\"%u\" class=\"at\" text-anchor=\"end\">producer</text>"
			 "<path class=\"rung\" d=\"M%u %uV%uM%u %uV%u\"/>%s</svg>",
		"ladder", DRAW_WIDTH, height, DRAW_WIDTH, height, words, LADDER_LEFT, DRAW_LINE - 2,
		DRAW_WIDTH - LADDER_LEFT, DRAW_LINE - 2, LADDER_LEFT, DRAW_LINE, height,
		DRAW_WIDTH - LADDER_LEFT, DRAW_LINE, height, body);
	free(body);
	return picture_end(out, &svg, DRAW_WIDTH, height);
}

/* ---- all of an input ---- */

void draw_all(struct judge *judge, struct picture *ret_main, struct picture ret_readers[])
{
	static struct sandbox_trace trace;

	*ret_main = (struct picture){0};
	if (!judge->converses)
		*ret_main = draw_buffer(judge);
	for (size_t i = 0; i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		ret_readers[i] = (struct picture){0};
		/* What a peer's client does where it would fault is not shown. */
		if (!judged_reads(judged, judge->kind) || judged->skipped ||
		    judged->walk.verdict == VERDICT_ABSTAIN)
			continue;
		if (judge->converses) {
			const struct fetch_trial *const trial = fetch_judge_trial(i);

			if (trial)
				ret_readers[i] = draw_ladder(trial);
			continue;
		}
		judge_trace(judge, judge->info, judge->len, judge->kind, i, &trace);
		ret_readers[i] = draw_loads(judge, i, &trace);
	}
}
