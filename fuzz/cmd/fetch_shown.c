/* SPDX-License-Identifier: MIT */
/*
 * What the verbs do with a conversation: judge it, draw it as a ladder, and print the table of
 * loops and scripted producers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fetch/fetch_judge.h"
#include "../fetch/table.h"
#include "../judge/own.h"
#include "cmd.h"

struct judge *fetch_judge_or_exit(void)
{
	/* Made where it is needed: most inputs are buffers. */
	static struct judge *judge;
	char error[512];

	if (!judge)
		judge = fetch_judge_new(fetch_loops, fetch_loop_count, error, sizeof(error));
	if (judge)
		return judge;
	fprintf(stderr, "capchain: %s\n", error);
	exit(sandbox_exit());
}

struct judge *judge_input(struct judge *judge, const struct input *input)
{
	if (input->kind != KIND_FETCH) {
		judge_read(judge, input->bytes, input->len, input->kind);
		return judge;
	}
	judge = fetch_judge_or_exit();
	fetch_judge_read(judge, input->bytes, input->len);
	return judge;
}

int input_no_fetch(const struct input *input, const char *verb)
{
	if (input->kind != KIND_FETCH)
		return 0;
	fprintf(stderr,
		"capchain: %s: a conversation; %s works on one INFO buffer: take one of its "
		"replies\n",
		input->path, verb);
	return EXIT_UNUSABLE;
}

/* One call: the question to the right, the reply to the left. */
static void draw_call(const struct fetch_call *call, size_t number)
{
	printf("  %2zu |-- argsz %-10u %*s-->|", number, call->asked, 28, "");
	if (call->room != call->asked)
		printf("  of a buffer of %u", call->room);
	putchar('\n');
	if (call->error) {
		printf("     |<-- error %-10d %*s--|\n", -call->error, 28, "");
		return;
	}
	printf("     |<-- argsz %-10u %s cap_offset %-10u --|  %u bytes written%s\n", call->argsz,
	       call->has_caps ? "CAPS" : "    ", call->cap_offset, call->written,
	       call->argsz > call->asked   ? ", it wants more"
	       : call->argsz < call->asked ? ", it says less"
					   : "");
}

static void draw_ladder(const struct fetch_trial *trial)
{
	puts("     caller                                         producer");
	for (size_t i = 0; i < trial->ncalls; i++)
		draw_call(&trial->calls[i], i + 1);
	if (trial->handed)
		printf("     |  hands %u bytes to its walk\n", trial->len);
}

static void explain_loop(struct judge *judge, size_t i)
{
	const struct judged *const judged = &judge->judged[i];
	const struct ledger_entry *const entry = judged_excuse(judged);
	const struct fetch_trial *const trial = fetch_judge_trial(i);
	char words[64], bucket[BUCKET_MAX];

	answer_said(judged, words, sizeof(words));
	printf("\n%s (%s): %s%s\n", judged->parser->name, source_name(judged->parser->source),
	       words, judged->skipped ? " (skipped: no load hooks in this build)" : "");
	if (judged->conversation)
		printf("  here it parts from the reference: %s\n",
		       fetch_rule_says(judged->conversation));
	if (judged_differs(judged)) {
		judged_bucket(judged, bucket);
		printf("  differs: %s%s%s\n", bucket,
		       judged_breaks(judged) && !entry ? "  PROMISE BROKEN" : "",
		       judged_breaks(judged) && entry ? "  in the ledger" : "");
	}
	print_place(&judged->walk);
	/* What a peer's client does where it would fault is not shown. */
	if (judged->walk.verdict == VERDICT_ABSTAIN && !judged->walk.no_answer) {
		puts("  abstains here");
		return;
	}
	draw_ladder(trial);
	if (judged->walk.verdict == VERDICT_OK)
		printf("     |  takes %zu capabilit%s\n", judged->walk.ncaps,
		       judged->walk.ncaps == 1 ? "y" : "ies");
}

void fetch_explain(const struct input *input, bool all)
{
	struct judge *const judge = judge_input(NULL, input);

	printf("%s: fetch, %zu bytes, about a %s: %s\n", input->path, input->len,
	       info_kind_name(judge->kind), buffer_class_name(judge->spec->class));
	explain_reference(judge);
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct info_parser *const parser = judge->judged[judge->readers[r]].parser;

		if (all || !own_loop || parser == own_parser ||
		    strcmp(parser->name, FETCH_REFERENCE) == 0)
			explain_loop(judge, judge->readers[r]);
	}
	if (own_parser && !own_heard(judge))
		printf("\n%s: %s\n", own_parser->name,
		       own_loop ? "its loop does not ask for this kind"
				: "capchain_loop is missing beside capchain_parser: nothing asks");
	print_oracles("\n", judge);
}

void fetch_list(void)
{
	puts("fetch loops");
	for (size_t i = 0; i < fetch_loop_count; i++)
		printf("  %-14s %s, asks the %s: %s\n", fetch_loops[i]->name,
		       promise_name(fetch_loops[i]->trust), source_name(fetch_loops[i]->source),
		       fetch_loops[i]->summary);
	puts("rules of conversations");
	for (unsigned int rule = 1; rule < FETCH_RULES; rule++)
		printf("  %-20s %s\n", fetch_rules[rule].name, fetch_rules[rule].says);
}

static void json_conversations(struct judge *judge, size_t i, enum info_kind kind)
{
	json_t *const ends = json_object();
	uint8_t bytes[TABLE_BYTES];
	char words[64];

	for (size_t column = 0; column < TABLE_SCRIPTS; column++) {
		fetch_judge_read(judge, bytes, fetch_table_script(column, kind, bytes));
		verdict_words(judge->judged[i].walk.verdict, judged_reason(&judge->judged[i]),
			      words, sizeof(words));
		json_object_set_new(ends, fetch_table_name(column), json_string(words));
	}
	put_json(json_pack("{s:s,s:s,s:o}", "loop", judge->judged[i].parser->name, "kind",
			   info_kind_name(kind), "ends", ends));
}

void fetch_print_table(bool json)
{
	struct judge *const judge = fetch_judge_or_exit();

	if (!json) {
		fetch_table_print(stdout, judge);
		return;
	}
	for (size_t i = 0; i < judge->count; i++)
		for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++)
			if (judge->judged[i].parser->reads[kind].ids)
				json_conversations(judge, i, kind);
}
