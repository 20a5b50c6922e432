/* SPDX-License-Identifier: MIT */
/* capchain asm and dis: the text form to bytes and back, exactly. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../target/findings.h"
#include "../fetch/fetch_judge.h"
#include "../text/text_fetch.h"
#include "cmd.h"

struct text_options {
	struct one_file file;
	const char *out;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct text_options *const o = state->input;

	switch (key) {
	case 'o':
		o->out = arg;
		return 0;
	default:
		return file_option(key, arg, state, &o->file);
	}
}

/* The n-th FILE goes to the n-th OUT: each of the two lists has room for all arguments. */
struct asm_options {
	struct one_file file;
	const char **files;
	const char **outs;
	size_t nfiles;
	size_t nouts;
};

static error_t parse_asm(int key, char *arg, struct argp_state *state)
{
	struct asm_options *const o = state->input;

	switch (key) {
	case 'o':
		o->outs[o->nouts++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		o->file.path = o->files[o->nfiles++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->nfiles && o->nouts != o->nfiles && o->nouts + o->nfiles > 1)
			argp_error(state, "one -o OUT for each FILE");
		break;
	}
	return file_option(key, arg, state, &o->file);
}

static const struct argp_option asm_options[] = {
	ENDIAN_OPTION,
	{"output", 'o', "OUT", 0, "where the bytes go; - is standard output", 0},
	{0}};

static const struct argp asm_argp = {
	asm_options,
	parse_asm,
	"FILE.yaml -o OUT [FILE.yaml -o OUT...]",
	"Writes the bytes that a text form describes.\v"
	"OUT appears whole or not at all. The first FILE goes to the first OUT and so on, up to one "
	"that fails. corpus/README.md describes the text form.\n\n"
	"A text says what fields mean, so --endian makes bytes of either order of it; what it has "
	"as raw bytes stays as it is. A text in which two fields that a reader reads share bytes "
	"means nothing in the order that this machine has not, and is refused there.\n\n"
	"Exit status: 0; 2 an unusable FILE; 5 OUT could not be written.",
	NULL,
	NULL,
	NULL};

static const struct argp_option dis_options[] = {
	KIND_OPTION,
	ENDIAN_OPTION,
	{"output", 'o', "OUT", 0, "where the text goes; standard output by default", 0},
	{0}};

static const struct argp dis_argp = {
	dis_options,
	parse,
	"--kind KIND FILE",
	"Writes the text form of any buffer; `capchain asm` gives back the same bytes.\v"
	"KIND may be left out where the name of FILE starts with it and a dash.\n\n"
	"Exit status: 0; 2 an unusable FILE; 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

int output_put(const char *path, const void *bytes, size_t len)
{
	int error;

	if (!path || strcmp(path, "-") == 0) {
		fwrite(bytes, 1, len, stdout);
		return EXIT_FINE;
	}
	error = findings_write(path, bytes, len);
	return error ? cannot_write(path, -error) : EXIT_FINE;
}

/* The input as it was given, once it is known to have a meaning. 0 or EXIT_UNUSABLE. */
static int load_given(const struct one_file *file, struct input *ret_input)
{
	if (input_load_as(file->path, file->kind, file->endian, ret_input))
		return EXIT_UNUSABLE;
	if (input_hold(ret_input)) {
		input_free(ret_input);
		return EXIT_UNUSABLE;
	}
	input_turn_back(ret_input);
	return 0;
}

static int assemble(const struct one_file *as, const char *path, const char *out)
{
	static struct input input;
	struct one_file file = *as;
	const size_t len = strlen(path);
	int status;

	if (!out || len < 5 || strcmp(path + len - 5, ".yaml")) {
		fprintf(stderr, "capchain asm: %s\n",
			out ? "FILE has to end in .yaml; it is the text form"
			    : "say where the bytes go with -o OUT");
		return EXIT_UNUSABLE;
	}
	file.path = path;
	/* Whoever reads OUT goes by its name. */
	file.endian = endian_of_name(out, as->endian);
	if (load_given(&file, &input))
		return EXIT_UNUSABLE;
	status = output_put(out, input.bytes, input.len);
	input_free(&input);
	return status;
}

int cmd_asm(int argc, char **argv)
{
	struct asm_options o = {.file.endian = ENDIAN_HOST};
	int status = EXIT_FINE;

	o.files = calloc((size_t)argc, sizeof(*o.files));
	o.outs = calloc((size_t)argc, sizeof(*o.outs));
	if (!o.files || !o.outs) {
		fprintf(stderr, "capchain asm: out of memory\n");
		status = EXIT_UNUSABLE;
	} else {
		argp_parse(&asm_argp, argc, argv, 0, NULL, &o);
	}
	for (size_t i = 0; i < o.nfiles && status == EXIT_FINE; i++)
		status = assemble(&o.file, o.files[i], o.outs[i]);
	free(o.files);
	free(o.outs);
	return status;
}

int input_text(FILE *out, const struct input *input)
{
	struct chain chain;

	if (input->kind == KIND_FETCH)
		return fetch_text_dump(out, input->bytes, input->len, input->endian != ENDIAN_HOST);
	if (chain_read_as(input->bytes, input->len, input->kind, input->endian != ENDIAN_HOST,
			  &chain))
		return -ENOMEM;
	text_dump(out, &chain);
	chain_free(&chain);
	return 0;
}

int cmd_dis(int argc, char **argv)
{
	static struct input input;
	struct text_options o = {.file.endian = ENDIAN_HOST};
	char *text = NULL;
	size_t size = 0;
	FILE *memory;
	int status;

	argp_parse(&dis_argp, argc, argv, 0, NULL, &o);
	if (load_given(&o.file, &input))
		return EXIT_UNUSABLE;
	memory = open_memstream(&text, &size);
	if (!memory || input_text(memory, &input)) {
		fprintf(stderr, "capchain: %s: out of memory\n", o.file.path);
		return EXIT_UNUSABLE;
	}
	fclose(memory);
	status = output_put(o.out, text, size);
	free(text);
	input_free(&input);
	return status;
}
