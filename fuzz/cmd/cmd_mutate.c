/* SPDX-License-Identifier: MIT */
/* capchain mutate: one call of the mutator, as an engine makes it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fetch/fetch_judge.h"
#include "../mutator/mutate.h"
#include "cmd.h"

struct mutate_options {
	struct one_file file;
	const char *splice;
	const char *out;
	uint64_t seed;
	uint64_t limit;
};

enum { OPTION_SEED = 's', OPTION_LIMIT = 'l', OPTION_SPLICE = 'x' };

static const struct argp_option options[] = {
	KIND_OPTION,
	ENDIAN_OPTION,
	{"seed", OPTION_SEED, "N", 0, "which mutation: 0 by default", 0},
	{"limit", OPTION_LIMIT, "N", 0, "bytes that it may have: 65536, the most, by default", 0},
	{"splice", OPTION_SPLICE, "OTHER", 0, "the chain of OTHER behind that of FILE", 0},
	{"output", 'o', "OUT", 0, "where the bytes go; - for standard output", 0},
	{0}};

static uint64_t number(const char *arg, uint64_t most, const char *name, struct argp_state *state)
{
	unsigned long long value;
	char *rest;

	errno = 0;
	value = strtoull(arg, &rest, 10);
	if (*arg < '0' || *arg > '9' || *rest || errno || value > most)
		argp_error(state, "--%s %s: want a number up to %llu", name, arg,
			   (unsigned long long)most);
	return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mutate_options *const o = state->input;

	switch (key) {
	case OPTION_SEED:
		o->seed = number(arg, UINT64_MAX, "seed", state);
		return 0;
	case OPTION_LIMIT:
		o->limit = number(arg, INFO_LEN_MAX, "limit", state);
		return 0;
	case OPTION_SPLICE:
		o->splice = arg;
		return 0;
	case 'o':
		o->out = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->out)
			argp_error(state, "say where the bytes go with -o OUT");
		return file_option(key, arg, state, &o->file);
	default:
		return file_option(key, arg, state, &o->file);
	}
}

static const struct argp argp = {
	options,
	parse,
	"FILE",
	"Writes what the mutator makes of FILE, and says by which operators: the same for the same bytes, limit and "
	"seed, in every build and engine. A target that dies in the mutator names the command that "
	"repeats it.\v"
	"Exit status: 0; 2 an unusable FILE; 5 OUT could not be written.",
	NULL,
	NULL,
	NULL};

static size_t make(const struct mutate_options *o, const struct input *input,
		   const struct input *other, uint8_t *ret_bytes, struct mutated *ret_how)
{
	if (input->kind == KIND_FETCH)
		return other ? mutate_script_splice(input->bytes, input->len, other->bytes,
						    other->len, o->limit, o->seed, ret_bytes,
						    ret_how)
			     : mutate_script(input->bytes, input->len, o->limit, o->seed, ret_bytes,
					     ret_how);
	return other ? mutate_splice(input->bytes, input->len, other->bytes, other->len,
				     input->kind, o->limit, o->seed, ret_bytes, ret_how)
		     : mutate(input->bytes, input->len, input->kind, o->limit, o->seed, ret_bytes,
			      ret_how);
}

int cmd_mutate(int argc, char **argv)
{
	struct mutate_options o = {.file.endian = ENDIAN_HOST, .limit = INFO_LEN_MAX};
	static struct input input, other;
	static uint8_t bytes[INFO_LEN_MAX];
	struct mutated how;
	char words[256];
	int status;
	size_t len;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (input_load_as(o.file.path, o.file.kind, o.file.endian, &input))
		return EXIT_UNUSABLE;
	if (o.splice && input_load_as(o.splice, &input.kind, o.file.endian, &other)) {
		input_free(&input);
		return EXIT_UNUSABLE;
	}
	len = make(&o, &input, o.splice ? &other : NULL, bytes, &how);
	(input.kind == KIND_FETCH ? mutate_script_describe : mutate_describe)(&how, words,
									      sizeof(words));
	fprintf(stderr, "capchain: %zu bytes, by %s\n", len, how.nsteps ? words : "nothing");
	status = output_put(o.out, bytes, len);
	input_free(&input);
	input_free(&other);
	return status;
}
