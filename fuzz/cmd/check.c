/* SPDX-License-Identifier: MIT */
/* capchain check: every parser on every file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../ledger.h"
#include "../own/own.h"
#include "cmd.h"

struct check_options {
	const enum info_kind *kind;
	enum info_kind kind_value;
	bool fails_on[BUFFER_CLASSES];
	bool json;
	const char *parser;
	bool joined;
	int nfiles;
	char **files;
};

enum { OPTION_KIND = 'k', OPTION_JSON = 'j', OPTION_FAIL_ON = 'f' };

static const struct argp_option options[] = {
	{"kind", OPTION_KIND, "KIND", 0,
	 "the INFO struct that byte files start with: device, "
	 "region or iommu",
	 0},
	{"fail-on", OPTION_FAIL_ON, "CLASS", 0,
	 "exit 1 also where a buffer is `odd` (or malformed) or `malformed`; truncated never counts",
	 0},
	{"json", OPTION_JSON, NULL, 0, "one JSON object a file", 0},
	OWN_OPTIONS,
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_options *const o = state->input;

	switch (key) {
	case OPTION_KIND:
		if (!kind_parse(arg, &o->kind_value))
			argp_error(state, "no kind `%s`: device, region or iommu", arg);
		o->kind = &o->kind_value;
		return 0;
	case OPTION_FAIL_ON:
		o->fails_on[CLASS_MALFORMED] = true;
		o->fails_on[CLASS_ODD] = strcmp(arg, "odd") == 0;
		if (strcmp(arg, "odd") && strcmp(arg, "malformed"))
			argp_error(state, "no class `%s`: odd or malformed", arg);
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_PARSER:
		own_option(arg, state, &o->parser);
		return 0;
	case OPTION_JOINED:
		o->joined = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->nfiles = state->argc - state->next;
		o->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"FILE...",
	"Runs every parser on every FILE (folders wholly) and prints what the reference says of the "
	"buffer, each parser's verdict, and where it differs.\v"
	"A parser that differs is named with its bucket, parser:verdict:class:cause. `promise broken` "
	"stands where a hardened parser differs, or any parser on a plain buffer, and the ledger of "
	"known divergences does not excuse it.\n\n"
	"With --parser only the files that FILE's parser differs on are shown, its own line alone, "
	"then what it came to; the exit status is of its promise alone. The first time builds what "
	"is needed, which takes a moment.\n\n"
	"Exit status: 0; 1 where a promise is broken or --fail-on is met; 2 an unusable FILE; 3 "
	"a compiler that --parser wants is missing; 4 no "
	"address space for the sandbox; 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

static void print_notes(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	const char *before = "  notes      ";

	if (spec->notes & NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN)) {
		printf("%s%s", before, note_name(NOTE_FLAG_WITHOUT_CHAIN));
		before = ", ";
	}
	for (size_t i = 0; i < spec->ncaps; i++)
		for (unsigned int note = 0; note < NOTE_COUNT; note++)
			if (spec->caps[i].notes & NOTE_BIT(note)) {
				printf("%s%s at %u", before, note_name((enum note)note),
				       spec->caps[i].cap.offset);
				before = ", ";
			}
	if (before[0] == ',')
		putchar('\n');
}

static void print_reference(const struct judge *judge, const char *path)
{
	const struct spec *const spec = judge->spec;
	char words[64];

	printf("%s: %s, %zu bytes, argsz %u: %s\n", path, info_kind_name(judge->kind), judge->len,
	       spec->argsz, buffer_class_name(spec->class));
	verdict_words(spec->verdict, rule_name(spec->rule), words, sizeof(words));
	printf("  reference  %s", words);
	if (spec->rule != RULE_NONE && spec->at)
		printf(" at %u, linked from %u", spec->at, spec->from);
	if (spec->verdict == VERDICT_TRUNCATED)
		printf(", ask again with argsz %u", spec->need);
	if (spec->ncaps)
		printf(", %zu capabilit%s%s", spec->ncaps, spec->ncaps == 1 ? "y" : "ies",
		       spec->verdict == VERDICT_OK ? "" : " before that");
	putchar('\n');
	print_notes(judge);
}

/* Prints one parser's line. */
static void print_parser(const struct judged *judged)
{
	const struct ledger_entry *entry = NULL;
	const bool breaks = judged_breaks(judged);
	char words[64], bucket[BUCKET_MAX];

	verdict_words(judged->walk.verdict, judged_reason(judged), words, sizeof(words));
	printf("  %-10s %s", judged->parser->name, words);
	if (judged->skipped)
		fputs(" (skipped: no load hooks in this build, and this may loop)", stdout);
	if (judged->policy)
		fputs(" (a policy: the UAPI leaves it open)", stdout);
	if (judged->after_match)
		fputs(" (malformed-after-match)", stdout);
	if (judged->disagreement != AGREES) {
		judged_bucket(judged, bucket);
		printf("  %s", bucket);
		entry = ledger_find(bucket);
	}
	if (breaks)
		printf("  %s%s", entry ? "in the ledger: " : "PROMISE BROKEN",
		       entry ? entry->reason : "");
	putchar('\n');
}

static int check_file(struct judge *judge, const struct check_options *o, const char *path)
{
	static struct input input;
	bool found;

	if (input_load(path, o->kind, &input))
		return EXIT_UNUSABLE;
	own_watch(path);
	judge_read(judge, input.bytes, input.len, input.kind);
	found = o->joined ? own_broke(own_judged(judge)) : judge_broken(judge) != NULL;
	if (o->joined)
		own_count(judge, input.path);
	if (o->json) {
		json_t *const json = report_json(judge, input.path);

		report_print(json);
		json_decref(json);
	} else if (o->joined) {
		if (own_judged(judge)->disagreement != AGREES) {
			print_reference(judge, input.path);
			print_parser(own_judged(judge));
		}
	} else {
		print_reference(judge, input.path);
		for (size_t i = 0; i < judge->count; i++)
			if (judge->judged[i].parser->reads[judge->kind].ids)
				print_parser(&judge->judged[i]);
	}
	found |= o->fails_on[judge->spec->class];
	input_free(&input);
	return found ? EXIT_FOUND : EXIT_FINE;
}

int cmd_check(int argc, char **argv)
{
	struct check_options o = {0};
	int worst = EXIT_FINE;
	struct judge *judge;
	size_t count;
	char **files;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.parser)
		return own_run("check", o.parser, argv);
	if (o.joined && !own_parser) {
		fprintf(stderr, "capchain: no parser joined this command; --parser FILE is how\n");
		return EXIT_UNUSABLE;
	}
	if (inputs_find(o.nfiles, o.files, &files, &count))
		return EXIT_UNUSABLE;
	judge = judge_or_exit();
	for (size_t i = 0; i < count; i++) {
		const int status = check_file(judge, &o, files[i]);

		worst = status > worst ? status : worst;
	}
	if (count == 0) {
		fprintf(stderr, "capchain: no input under %s\n", o.files[0]);
		worst = EXIT_UNUSABLE;
	}
	if (o.joined && !o.json && count)
		own_print_account();
	judge_free(judge);
	inputs_free(files, count);
	return worst;
}
