/* SPDX-License-Identifier: MIT */
/* capchain shrink: the smallest buffer that still shows what this one shows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fetch/fetch_judge.h"
#include "../text/text_fetch.h"
#include "../triage/shrink.h"
#include "../triage/shrink_goal.h"
#include "../triage/shrink_script.h"
#include "../text/text.h"
#include "cmd.h"

struct shrink_options {
	struct one_file file;
	const char *bucket;
	bool verdicts;
	const char *out;
	struct own_options own;
};

enum { OPTION_OUT = 'o', OPTION_BUCKET = 'b', OPTION_VERDICTS = 'v' };

static const struct argp_option options[] = {
	{"output", OPTION_OUT, "OUT", 0,
	 "where the result goes: text form where OUT ends in .yaml, bytes otherwise; - is standard "
	 "output",
	 0},
	KIND_OPTION,
	{"bucket", OPTION_BUCKET, "BUCKET", 0,
	 "keep this one, parser:verdict:class:cause, as `capchain check` prints it", 0},
	{"verdicts", OPTION_VERDICTS, NULL, 0,
	 "keep the whole set of verdicts: verdict, reason and class of every parser", 0},
	OWN_OPTIONS,
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct shrink_options *const o = state->input;

	switch (key) {
	case OPTION_OUT:
		o->out = arg;
		return 0;
	case OPTION_BUCKET:
		o->bucket = arg;
		return 0;
	case OPTION_VERDICTS:
		o->verdicts = true;
		return 0;
	case ARGP_KEY_END:
		file_option(key, arg, state, &o->file);
		if (!o->out)
			argp_error(state, "say where the result goes with -o OUT");
		if (o->bucket && o->verdicts)
			argp_error(state, "--bucket keeps one bucket, --verdicts all; say one");
		return 0;
	default:
		return own_parse(key, arg, state, &o->own) == 0
			       ? 0
			       : file_option(key, arg, state, &o->file);
	}
}

static const struct argp argp = {
	options,
	parse,
	"FILE -o OUT",
	"Writes the smallest buffer that still shows what FILE shows.\v"
	"One bucket is kept. --bucket says which; without it that is the leading one, which leads "
	"in the result too: the worst of a broken promise that the ledger does not excuse, else of a "
	"broken promise, else of all; worst is wrote, then oob, crash, runaway, stale, a wrong answer, "
	"a refusal; of two the first by parser name. The others are named. Where no parser "
	"disagrees, the whole set of verdicts is kept, as with --verdicts. With --parser, that "
	"parser's buckets are all there are, and one in which it has none is refused.\n\n"
	"A result is smaller if it has fewer bytes; then fewer capabilities in the chain; then "
	"fewer fields that are not plain; then lower values; then fewer bytes that are not 0.\n\n"
	"Three kinds of steps are tried, over and over, until none helps. On the chain: repack it, "
	"drop capabilities, shorten the end, unlink, leave the header alone, drop elements, cut out "
	"ranges with every link moved along. On fields (argsz, flags, cap_offset, next, version, "
	"counts, payloads): plain, 0, lower by a power of two. On bytes: cut out, zero, lower. In "
	"the end no single step makes the result smaller and keeps what is kept. The same FILE "
	"gives the same bytes, and shrinking the result gives it again.\n\n"
	"A conversation loses replies first, and long ones get shorter. Then the first argsz, and "
	"all that says how replies come, are made plain; then each reply goes through the steps "
	"above. What a producer tells loses capabilities, and the others get shorter and lower.\n\n"
	"At most 100000 buffers are judged. Where that was not enough, the last line says so: the "
	"result is good, but it may not be the smallest.\n\n"
	"OUT appears whole or not at all; what was there stays until then. Text form starts with a "
	"comment that names what was kept. With `-o -` the summary goes to standard error.\n\n"
	"Exit status: 0; 2 an unusable FILE, or it has no such bucket; 4 no memory for the "
	"sandbox; 5 OUT could not be written.",
	NULL,
	NULL,
	NULL};

_Static_assert(SHRINK_CALLS_MAX == 100000, "the manual above says how many");

/* The buckets of the judged buffer but @but, a line each after @before. */
static void print_buckets(FILE *out, const struct judge *judge, const char *but, const char *before)
{
	char bucket[BUCKET_MAX];

	for (size_t i = 0; i < judge->count; i++) {
		if (judge->judged[i].disagreement == AGREES)
			continue;
		judged_bucket(&judge->judged[i], bucket);
		if (strcmp(bucket, but))
			fprintf(out, "%s%s\n", before, bucket);
	}
}

/* One line that names the buckets there are. */
static int no_such_bucket(const struct judge *judge, const struct input *input, const char *bucket)
{
	const char *before = "it has ";
	char found[BUCKET_MAX];

	fprintf(stderr, "capchain: %s: no bucket %s; ", input->path, bucket);
	for (size_t i = 0; i < judge->count; i++) {
		if (judge->judged[i].disagreement == AGREES)
			continue;
		judged_bucket(&judge->judged[i], found);
		fprintf(stderr, "%s%s", before, found);
		before = ", ";
	}
	fprintf(stderr, "%s\n", before[0] == ',' ? "" : "no parser disagrees on it");
	return EXIT_UNUSABLE;
}

static void write_kept(FILE *out, const struct shrink_goal *goal)
{
	fprintf(out, "# %s\n",
		goal->bucket[0] ? goal->bucket : "a set of verdicts; see `capchain check`");
}

/*
 * The result as OUT has it: bytes, or text with a comment. Freed by the caller; NULL without
 * memory.
 */
static char *render(const struct shrink_options *o, const struct shrink_goal *goal,
		    const struct input *input, size_t *ret_size)
{
	const size_t len = strlen(o->out);
	const bool text = len >= 5 && strcmp(o->out + len - 5, ".yaml") == 0;
	struct chain chain;
	char *made = NULL;
	FILE *const memory = open_memstream(&made, ret_size);

	if (!memory)
		return NULL;
	if (!text) {
		fwrite(input->bytes, 1, input->len, memory);
	} else if (input->kind == KIND_FETCH) {
		write_kept(memory, goal);
		fetch_text_dump(memory, input->bytes, input->len, false);
	} else if (chain_read(input->bytes, input->len, input->kind, &chain) == 0) {
		write_kept(memory, goal);
		text_dump(memory, &chain);
		chain_free(&chain);
	} else {
		fclose(memory);
		free(made);
		return NULL;
	}
	if (fclose(memory) == 0)
		return made;
	free(made);
	return NULL;
}

static void summarise(FILE *out, const struct input *input, size_t before,
		      const struct shrink_result *result)
{
	fprintf(out, "%s: %zu bytes to %zu, %zu buffers judged\n", input->path, before, input->len,
		result->calls);
	if (!result->minimal)
		fprintf(out,
			"  stopped there: smaller ones may be found by shrinking the result\n");
}

static int out_of_memory(const struct input *input)
{
	fprintf(stderr, "capchain: %s: out of memory\n", input->path);
	return EXIT_UNUSABLE;
}

static int shrink_input(struct shrink_goal *goal, struct input *input,
			struct shrink_result *ret_result)
{
	if (input->kind == KIND_FETCH)
		return shrink_script(input->bytes, &input->len, shrink_goal_keeps, goal,
				     SHRINK_CALLS_MAX, ret_result);
	return shrink(input->bytes, &input->len, input->kind, shrink_goal_keeps, goal,
		      SHRINK_CALLS_MAX, ret_result);
}

static int run(const struct shrink_options *o, struct shrink_goal *goal, struct input *input)
{
	FILE *const out = strcmp(o->out, "-") ? stdout : stderr;
	const size_t before = input->len;
	struct shrink_result result;
	char *made;
	size_t size;
	int status;

	if (goal->bucket[0])
		fprintf(out, "%s: keeps %s\n", input->path, goal->bucket);
	else
		fprintf(out, "%s: keeps its set of verdicts\n", input->path);
	if (goal->goal == GOAL_LEADING)
		print_buckets(out, goal->all, goal->bucket, "  also there, for --bucket: ");
	if (shrink_input(goal, input, &result) || !(made = render(o, goal, input, &size)))
		return out_of_memory(input);
	status = output_put(o->out, made, size);
	free(made);
	if (!status)
		summarise(out, input, before, &result);
	return status;
}

int cmd_shrink(int argc, char **argv)
{
	static struct input input;
	struct shrink_options o = {0};
	enum shrink_goal_kind kind;
	struct shrink_goal goal = {0};
	struct judge *parsers = NULL, *judge;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!own_begin("shrink", &o.own, argv, &status))
		return status;
	own_alone(&o.own);
	if (input_load(o.file.path, o.file.kind, &input))
		return EXIT_UNUSABLE;
	if (o.own.joined && !own_reads(input.kind) && input_no_fetch(&input, "--parser"))
		return EXIT_UNUSABLE;
	if (input.kind != KIND_FETCH)
		parsers = judge_or_exit();
	judge = judge_input(parsers, &input);
	kind = o.bucket ? GOAL_BUCKET : GOAL_LEADING;
	if (o.verdicts || (!o.bucket && !shrink_leading(judge)))
		kind = GOAL_VERDICTS;
	if (o.own.joined && kind == GOAL_VERDICTS && !o.verdicts)
		return own_agrees(judge, input.path);
	status = shrink_goal_open(&goal, kind, o.bucket, judge);
	if (status == -ENOENT)
		status = no_such_bucket(judge, &input, o.bucket);
	else if (status)
		status = out_of_memory(&input);
	else
		status = run(&o, &goal, &input);
	shrink_goal_close(&goal);
	judge_free(parsers);
	input_free(&input);
	return status;
}
