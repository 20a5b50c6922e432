/* SPDX-License-Identifier: MIT */
/* capchain check: every parser on every file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../fetch/fetch_judge.h"
#include "../judge/ledger.h"
#include "../judge/own.h"
#include "cmd.h"

struct check_options {
	const enum info_kind *kind;
	enum info_kind kind_value;
	enum endian endian;
	bool fails_on[BUFFER_CLASSES];
	bool json;
	bool bytes;
	bool pictures;
	const char *html;
	struct own_options own;
	int nfiles;
	char **files;
};

enum {
	OPTION_JSON = 'j',
	OPTION_FAIL_ON = 'f',
	OPTION_BYTES = 'b',
	OPTION_HTML = 'w',
	OPTION_PICTURES = 'p',
};

static const struct argp_option options[] = {
	KIND_OPTION,
	ENDIAN_OPTION,
	{"fail-on", OPTION_FAIL_ON, "CLASS", 0,
	 "exit 1 also where a buffer is `odd` (or malformed) or `malformed`; truncated never counts",
	 0},
	{"json", OPTION_JSON, NULL, 0, "one JSON object a file", 0},
	{"bytes", OPTION_BYTES, NULL, 0, "with --json, the bytes of each input too, in hexadecimal",
	 0},
	{"pictures", OPTION_PICTURES, NULL, 0,
	 "with --json: each object has its pictures, as SVG, and its text form", 0},
	{"html", OPTION_HTML, "PAGE", 0, "write all of it as a page to PAGE, in place of lines", 0},
	OWN_OPTIONS,
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_options *const o = state->input;

	switch (key) {
	case KIND_KEY:
		kind_option(state, arg, &o->kind_value, &o->kind);
		return 0;
	case ENDIAN_KEY:
		endian_option(state, arg, &o->endian);
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
	case OPTION_BYTES:
		o->bytes = true;
		return 0;
	case OPTION_PICTURES:
		o->pictures = true;
		return 0;
	case OPTION_HTML:
		o->html = arg;
		o->json = o->pictures = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->nfiles = state->argc - state->next;
		o->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	default:
		return own_parse(key, arg, state, &o->own);
	}
}

static const struct argp argp = {
	options,
	parse,
	"FILE...",
	"Runs every parser on every FILE (folders wholly) and prints what the reference says of the "
	"buffer, each parser's verdict, and where it differs.\v"
	"A parser that differs is named with its bucket, parser:verdict:class:cause. `promise broken` "
	"stands where a hardened parser differs, a safe one (or any that --parser names) faults, or any "
	"parser differs on a plain buffer, and the ledger of "
	"known divergences does not excuse it. The last line names the oracles of this build: what it "
	"can see of a fault. With --json each object has them, a broken promise is `broken`, one that the "
	"ledger excuses has the reason as `excused`, and an `offset` of `scratch` memory counts from the "
	"parser's own copy or table.\n\n"
	"With --html the same is a page: which reader fails on which cause, and each input drawn. Inputs that "
	"differ in nothing that is said of them are shown once. An older page in PAGE is what it is compared with. "
	"More than one page's worth of inputs makes a file a cause beside PAGE.\n\n"
	"With --endian each FILE is of that byte order: its fields are turned over to this machine's. "
	"A FILE in which two fields share bytes has no meaning but on a machine of its order, and is "
	"refused.\n\n"
	"With --parser only the files that FILE's parser differs on are shown, its own line alone, "
	"then what it came to; the exit status is of its promise alone, 1 also where it has no answer "
	"or abstains on all inputs of the kinds that it reads, 2 where there are none. A bucket that does "
	"not come again in a fresh process is marked `not-reproducible`; leaks and unaligned loads are told, "
	"and break nothing. The first time builds what "
	"is needed, which takes a moment.\n\n"
	"Exit status: 0; 1 where a promise is broken or --fail-on is met; 2 an unusable FILE; 3 "
	"a compiler that --parser wants, or python3-jinja2, which --html wants, is missing; 4 no "
	"memory for the sandbox; 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

/* As many as one line has. */
#define NOTES_SHOWN 16

/* One of them; those past NOTES_SHOWN are counted alone. */
static void print_note(size_t *count, enum note note, const struct info_cap *cap)
{
	if ((*count)++ >= NOTES_SHOWN)
		return;
	printf("%s%s", *count == 1 ? "  notes          " : ", ", note_name(note));
	if (cap)
		printf(" at %u", cap->offset);
}

static void print_notes(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	size_t count = 0;

	if (spec->notes & NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN))
		print_note(&count, NOTE_FLAG_WITHOUT_CHAIN, NULL);
	for (size_t i = 0; i < spec->ncaps; i++)
		for (unsigned int note = 0; note < NOTE_COUNT; note++)
			if (spec->caps[i].notes & NOTE_BIT(note))
				print_note(&count, (enum note)note, &spec->caps[i].cap);
	if (count > NOTES_SHOWN)
		printf(" and %zu more", count - NOTES_SHOWN);
	if (count)
		putchar('\n');
}

/* Prints its bucket, and whether that breaks a promise. */
static void print_difference(const struct judged *judged)
{
	const struct ledger_entry *const entry = judged_excuse(judged);
	char bucket[BUCKET_MAX];

	if (!judged_differs(judged))
		return;
	judged_bucket(judged, bucket);
	printf("  %s", bucket);
	if (judged->relation)
		printf(" (%s; changed so it is %s)", relation_words(judged->relation),
		       verdict_name(judged->became));
	if (judged->walk.no_answer)
		fputs("  NO ANSWER", stdout);
	else if (judged_breaks(judged))
		printf("  %s%s", entry ? "in the ledger: " : "PROMISE BROKEN",
		       entry ? entry->reason : "");
}

static void print_reference(const struct judge *judge, const char *path)
{
	const struct spec *const spec = judge->spec;
	char words[64];

	printf("%s: %s, %zu bytes, argsz %u: %s\n", path, judge_kind_name(judge), judge->len,
	       spec->argsz, buffer_class_name(spec->class));
	verdict_words(spec->verdict, rule_name(spec->rule), words, sizeof(words));
	printf("  %-14s %s", "reference", words);
	if (spec->rule != RULE_NONE && spec->at)
		printf(" at %u, linked from %u", spec->at, spec->from);
	if (spec->verdict == VERDICT_TRUNCATED)
		printf(", ask again with argsz %u", spec->need);
	if (spec->ncaps)
		printf(", %zu capabilit%s%s", spec->ncaps, spec->ncaps == 1 ? "y" : "ies",
		       spec->verdict == VERDICT_OK ? "" : " before that");
	putchar('\n');
	print_notes(judge);
	if (judged_differs(&judge->reference)) {
		fputs("  reference     ", stdout);
		print_difference(&judge->reference);
		putchar('\n');
	}
}

/* Prints one parser's line. */
static void print_parser(const struct judged *judged)
{
	char words[64];

	answer_said(judged, words, sizeof(words));
	printf("  %-14s %s", judged->parser->name, words);
	if (judged->skipped)
		fputs(" (skipped: no load hooks in this build, and this may loop)", stdout);
	if (judged->policy)
		fputs(" (a policy: the UAPI leaves it open)", stdout);
	if (judged->after_match)
		fputs(" (malformed-after-match)", stdout);
	print_difference(judged);
	putchar('\n');
}

/* One line for those that have nothing to say of this kind. */
static void print_others(const struct judge *judge)
{
	const char *before = "  not their kind ";

	for (size_t i = 0; i < judge->count; i++) {
		if (judge->judged[i].parser->reads[judge->kind].ids)
			continue;
		printf("%s%s", before, judge->judged[i].parser->name);
		before = ", ";
	}
	if (before[0] == ',')
		putchar('\n');
	for (size_t i = 0; i < judge->count; i++)
		if (judge->judged[i].closed)
			printf("  %-14s abstain: %s\n", judge->judged[i].parser->name,
			       judge->judged[i].closed);
}

/* What to put into the ledger for each promise that is broken and not in it. */
static void print_suggestions(const struct judge *judge, const char *path)
{
	suggest_entry(&judge->reference, path);
	for (size_t r = 0; r < judge->nreaders; r++)
		suggest_entry(&judge->judged[judge->readers[r]], path);
}

/* @report, with the bytes of @input where it is not NULL. */
static json_t *with_bytes(json_t *report, const struct input *input)
{
	static char hex[2 * INFO_LEN_MAX + 1];

	if (!input)
		return report;
	for (size_t i = 0; i < input->len; i++)
		sprintf(hex + 2 * i, "%02x", input->bytes[i]);
	json_object_set_new(report, "bytes", json_stringn(hex, 2 * input->len));
	return report;
}

static int check_file(struct judge *parsers, const struct check_options *o, const char *path)
{
	static struct input input;
	struct judge *judge;
	bool found;

	if (input_load_as(path, o->kind, o->endian, &input))
		return EXIT_UNUSABLE;
	if (input_hold(&input)) {
		input_free(&input);
		return EXIT_UNUSABLE;
	}
	/* One that joined may have no loop that asks. */
	if (o->own.joined && input.kind == KIND_FETCH && !own_reads(KIND_FETCH)) {
		own_count_unasked();
		input_free(&input);
		return EXIT_FINE;
	}
	if (input.endian != ENDIAN_HOST)
		order_watch(&input);
	judge = judge_input(parsers, &input);
	if (order_mattered())
		fprintf(stderr,
			"capchain: %s: a parser reads fields across one another: on a %s-endian "
			"machine its verdict may be another\n",
			input.path, endian_name(input.endian));
	found = o->own.joined ? own_broke(own_judged(judge)) : judge_broken(judge) != NULL;
	if (o->own.joined)
		own_count(judge, path);
	if (o->json) {
		json_t *const json =
			with_bytes(report_json(judge, input.path), o->bytes ? &input : NULL);

		if (o->pictures)
			add_pictures(json, judge, &input);
		put_json(json);
	} else if (o->own.joined) {
		if (judged_differs(own_judged(judge)) || own_judged(judge)->walk.leaked ||
		    own_judged(judge)->walk.unaligned) {
			print_reference(judge, input.path);
			print_parser(own_judged(judge));
			print_place(&own_judged(judge)->walk);
		}
	} else {
		print_reference(judge, input.path);
		for (size_t r = 0; r < judge->nreaders; r++)
			print_parser(&judge->judged[judge->readers[r]]);
		print_others(judge);
		print_suggestions(judge, path);
	}
	found |= o->fails_on[judge->spec->class];
	input_free(&input);
	return found ? EXIT_FOUND : EXIT_FINE;
}

int cmd_check(int argc, char **argv)
{
	struct check_options o = {.endian = ENDIAN_HOST};
	int worst, status;
	struct judge *judge;
	size_t count;
	char **files;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.html && (worst = page_find()))
		return worst;
	if (!own_begin("check", &o.own, argv, &worst))
		return worst;
	worst = EXIT_FINE;
	own_alone(&o.own);
	if (inputs_find(o.nfiles, o.files, &files, &count))
		return EXIT_UNUSABLE;
	judge = judge_or_exit();
	if (o.html && count && (status = page_begin(o.html)))
		return status;
	for (size_t i = 0; i < count; i++) {
		status = check_file(judge, &o, files[i]);
		worst = status > worst ? status : worst;
	}
	/* Without its page the run has shown nothing. */
	if (o.html && count && (status = page_end()))
		worst = status;
	if (count && !o.json)
		print_oracles("", judge);
	if (count == 0) {
		fprintf(stderr, "capchain: no input under %s\n", o.files[0]);
		worst = EXIT_UNUSABLE;
	}
	if (o.own.joined && !o.json && count) {
		status = own_print_account(o.endian);
		worst = status > worst ? status : worst;
	}
	where_say_lacking();
	judge_free(judge);
	inputs_free(files, count);
	return worst;
}
