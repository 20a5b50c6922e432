/* SPDX-License-Identifier: MIT */
/* capchain emit: one walk as a C file of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../triage/emit.h"
#include "../triage/shrink_goal.h"
#include "cmd.h"

struct emit_options {
	struct one_file file;
	const char *parser;
	const char *out;
	const char *report;
	struct own_options own;
};

static const struct argp_option options[] = {
	{"output", 'o', "OUT", 0, "where the C file goes; standard output by default", 0},
	{"kind", KIND_KEY, "KIND", 0, "the INFO struct that FILE starts with: " LAYOUT_KIND_WORDS,
	 0},
	{"parser", 'p', "PARSER", 0,
	 "whose walk; by default that of the leading bucket. A name of `capchain list`, or a FILE with a "
	 "parser of yours, as for `check --parser`",
	 0},
	{"joined", OPTION_JOINED, NULL, OPTION_HIDDEN, NULL, 0},
	{"report", 'r', "RUN", 0,
	 "instead, a bug report from RUN, a file that `capchain run --json` wrote", 0},
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct emit_options *const o = state->input;

	switch (key) {
	case KIND_KEY:
		if (!kind_parse(arg, &o->file.kind_value))
			argp_error(state, "no kind `%s`: " LAYOUT_KIND_WORDS, arg);
		o->file.kind = &o->file.kind_value;
		return 0;
	case 'o':
		o->out = arg;
		return 0;
	case 'p':
		/* No parser has a dot or a slash in its name, and every FILE that can be built has. */
		if (strpbrk(arg, "./"))
			own_parse(OPTION_PARSER, arg, state, &o->own);
		else
			o->parser = arg;
		return 0;
	case OPTION_JOINED:
		return own_parse(key, arg, state, &o->own);
	case 'r':
		o->report = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->report)
			argp_error(state, "--report takes no FILE: RUN holds the reply");
		return file_option(key, arg, state, &o->file);
	case ARGP_KEY_END:
		return o->report ? 0 : file_option(key, arg, state, &o->file);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The table of statuses, as the manual shows it. */
#define STATUS(name, status, words) "  " #status "  " words "\n"

static const struct argp argp = {
	options,
	parse,
	"FILE\n--report RUN",
	"Writes a C file that shows one parser's walk over the buffer in FILE: the buffer as an array, "
	"the parser's source, the walk as a call. It needs no other file and compiles with plain "
	"`cc`.\v"
	"Without --parser the walk is the one of the leading bucket: the first of a broken promise that "
	"the ledger does not excuse, else the first of a broken promise, else the first, by parser "
	"name. Shrink FILE first and the array is short. What restates a program says MODEL ONLY in "
	"its first line: it is not that program's own code. Of a parser of yours its source stands in the "
	"file, where that is one file of C; what it includes with quotes is included from where it is, and it wants the same flags.\n\n"
	"The program prints what the walk and the reference say. A load outside the buffer and a store "
	"to it are page faults; a walk that does not end is stepped through and its loads are counted "
	"(on x86; elsewhere processor time ends it). With -fsanitize=address AddressSanitizer reports "
	"what it can see, oob and wrote, and the status is its own, 1. The program's exit "
	"statuses:\n\n" HOST_EXITS(
		STATUS) "\n"
			"With --report it writes a bug report in Markdown, for whoever maintains "
			"the program that RUN is of. It tells what that program was seen to do. Of "
			"several lines in RUN the first is taken that has a fault and was not made "
			"with --no-good; where there is none, RUN is refused. Read the report "
			"before you send it.\n\n"
			"Exit status: 0; 2 an unusable FILE or a conversation, no disagreement in it and no "
			"--parser, or no such parser; 4 no memory for the sandbox; 5 OUT could not be "
			"written.",
	NULL,
	NULL,
	NULL};

static int unusable(const struct input *input, const char *what, const char *whose)
{
	fprintf(stderr, "capchain: %s: %s%s\n", input->path, whose, what);
	return EXIT_UNUSABLE;
}

static const struct judged *find_parser(const struct judge *judge, const char *name)
{
	for (size_t i = 0; i < judge->count; i++)
		if (strcmp(judge->judged[i].parser->name, name) == 0)
			return &judge->judged[i];
	return NULL;
}

static int run(const struct emit_options *o, const struct judge *judge, const struct input *input)
{
	const struct judged *const judged = o->parser	    ? find_parser(judge, o->parser)
					    : o->own.joined ? own_judged(judge)
							    : shrink_leading(judge);
	/* A name must not end the comment it stands in. */
	char *const name = path_shown(o->file.path, "*\\");
	char *made = NULL;
	size_t size = 0;
	FILE *memory;
	int status;

	if (!judged && o->parser)
		return unusable(input, ": no such parser; `capchain list` names them", o->parser);
	if (!judged)
		return unusable(input, "no parser disagrees; say whose walk with --parser", "");
	if (!judged->parser->reads[judge->kind].ids)
		return unusable(input, " does not read this kind", judged->parser->name);
	memory = name ? open_memstream(&made, &size) : NULL;
	status = memory ? emit_write(memory, judge, (size_t)(judged - judge->judged), name)
			: -ENOMEM;
	if (memory && fclose(memory))
		status = -ENOMEM;
	if (status)
		status = unusable(
			input,
			status == -EINVAL && o->own.joined
				? ": is not given as one file of C, which alone can stand in "
				  "a file with the buffer; `capchain explain --parser` shows "
				  "this walk"
			: status == -EINVAL
				? ": what runs in the kernel is no C that stands alone; "
				  "--parser bounded reads the same way"
				: ": out of memory",
			judged->parser->name);
	else
		status = output_put(o->out, made, size);
	free(made);
	free(name);
	return status;
}

int cmd_emit(int argc, char **argv)
{
	static struct input input;
	struct emit_options o = {0};
	struct judge *judge;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!own_begin("emit", &o.own, argv, &status))
		return status;
	own_alone(&o.own);
	if (o.report)
		return emit_report(o.report, o.out);
	if (input_load(o.file.path, o.file.kind, &input))
		return EXIT_UNUSABLE;
	if (input_no_fetch(&input, "emit"))
		return EXIT_UNUSABLE;
	judge = judge_or_exit();
	judge_read(judge, input.bytes, input.len, input.kind);
	status = run(&o, judge, &input);
	judge_free(judge);
	input_free(&input);
	return status;
}
