/* SPDX-License-Identifier: MIT */
/* Finds and reads inputs, and says in one line what is wrong with one. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../fetch/fetch_judge.h"
#include "../fetch/script_endian.h"
#include "../text/text_fetch.h"
#include "../target/file.h"
#include "cmd.h"

/* No text form of INFO_LEN_MAX bytes is longer. */
#define TEXT_MAX ((size_t)4 << 20)

char *path_shown(const char *path, const char *also)
{
	json_t *const text = json_string(path);
	const bool is_utf8 = text != NULL;
	char *const shown = malloc(3 * strlen(path) + 1), *to = shown;

	json_decref(text);
	for (; shown && *path; path++) {
		const unsigned char byte = (unsigned char)*path;

		if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_utf8) || strchr(also, byte))
			to += sprintf(to, "%%%02X", byte);
		else
			*to++ = *path;
	}
	if (shown)
		*to = '\0';
	return shown;
}

static int unusable(const char *path, const char *what)
{
	char *const shown = path_shown(path, "");

	fprintf(stderr, "capchain: %s: %s\n", shown ? shown : "?", what);
	free(shown);
	return EXIT_UNUSABLE;
}

bool kind_parse(const char *name, enum info_kind *ret_kind)
{
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		if (strcmp(name, info_kind_name(kind)) == 0) {
			*ret_kind = kind;
			return true;
		}
	return false;
}

void kind_option(struct argp_state *state, const char *arg, enum info_kind *value,
		 const enum info_kind **ret_kind)
{
	if (strcmp(arg, "fetch") == 0)
		*value = KIND_FETCH;
	else if (!kind_parse(arg, value))
		argp_error(state, "no kind `%s`: " LAYOUT_KIND_WORDS "; or fetch", arg);
	*ret_kind = value;
}

void endian_option(const struct argp_state *state, const char *arg, enum endian *ret_endian)
{
	if (strcmp(arg, "little") && strcmp(arg, "big"))
		argp_error(state, "no byte order `%s`: little or big", arg);
	*ret_endian = strcmp(arg, "big") ? ENDIAN_LITTLE : ENDIAN_BIG;
}

error_t file_option(int key, char *arg, struct argp_state *state, struct one_file *file)
{
	switch (key) {
	case KIND_KEY:
		kind_option(state, arg, &file->kind_value, &file->kind);
		return 0;
	case ENDIAN_KEY:
		endian_option(state, arg, &file->endian);
		return 0;
	case ARGP_KEY_ARG:
		if (file->path)
			argp_error(state, "one FILE at a time");
		file->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!file->path)
			argp_error(state, "which FILE?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *base_name(const char *path)
{
	const char *const slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool input_is_text(const char *path)
{
	const size_t len = strlen(path);

	return len >= 5 && strcmp(path + len - 5, ".yaml") == 0;
}

/* The kind that a file's name starts with, before a dash. */
static bool kind_of_name(const char *path, enum info_kind *ret_kind)
{
	const char *const name = base_name(path);
	const size_t len = strcspn(name, "-");
	char start[16];

	if (name[len] != '-' || len >= sizeof(start))
		return false;
	memcpy(start, name, len);
	start[len] = '\0';
	if (strcmp(start, "fetch") == 0) {
		*ret_kind = KIND_FETCH;
		return true;
	}
	return kind_parse(start, ret_kind);
}

/* Reads at most @max bytes of @path; a longer file is refused before it is read. */
static int read_file(const char *path, size_t max, char **ret_bytes, size_t *ret_len)
{
	FILE *const file = file_open(path);
	char *bytes;
	char line[128];

	if (!file)
		return unusable(path, file_why(errno));
	bytes = malloc(max + 1);
	if (!bytes) {
		fclose(file);
		return unusable(path, strerror(ENOMEM));
	}
	*ret_len = fread(bytes, 1, max + 1, file);
	if (ferror(file) || *ret_len > max) {
		snprintf(line, sizeof(line), "longer than %zu bytes, the most an input may have",
			 max);
		unusable(path, ferror(file) ? strerror(errno) : line);
		free(bytes);
		fclose(file);
		return EXIT_UNUSABLE;
	}
	fclose(file);
	*ret_bytes = bytes;
	return 0;
}

/* A buffer's text or a script's, to bytes. 0, or not with the line in @ret_error. */
static int assemble(const char *text, size_t size, struct input *ret_input,
		    char ret_error[TEXT_ERROR_SIZE])
{
	struct chain chain;
	int error;

	if (fetch_text_is(text, size)) {
		ret_input->kind = KIND_FETCH;
		return fetch_text_load(ret_input->path, text, size,
				       ret_input->endian != ENDIAN_HOST, ret_input->bytes,
				       &ret_input->len, ret_error);
	}
	error = text_load(ret_input->path, text, size, &chain, ret_error);
	if (error)
		return error;
	chain.swapped = ret_input->endian != ENDIAN_HOST;
	chain_write(&chain, ret_input->bytes);
	ret_input->kind = chain.kind;
	ret_input->len = chain.len;
	chain_free(&chain);
	return 0;
}

static int load_text(const char *path, const enum info_kind *kind, struct input *ret_input)
{
	char error[TEXT_ERROR_SIZE];
	char *text;
	size_t size;
	int failed;

	if (read_file(path, TEXT_MAX, &text, &size))
		return EXIT_UNUSABLE;
	failed = assemble(text, size, ret_input, error);
	free(text);
	if (failed) {
		fprintf(stderr, "capchain: %s\n", error);
		return EXIT_UNUSABLE;
	}
	if (kind && *kind != ret_input->kind)
		return unusable(path, "is of another kind than --kind says; leave --kind out");
	return 0;
}

static int load_bytes(const char *path, const enum info_kind *kind, struct input *ret_input)
{
	char *bytes;

	if (read_file(path, INFO_LEN_MAX, &bytes, &ret_input->len))
		return EXIT_UNUSABLE;
	memcpy(ret_input->bytes, bytes, ret_input->len);
	free(bytes);
	if (kind)
		ret_input->kind = *kind;
	else if (!kind_of_name(path, &ret_input->kind))
		return unusable(
			path, "of which kind? say --kind device, region, iommu or fetch, or start "
			      "its name with one and a dash");
	return 0;
}

/* Whether @input, whose bytes are in the order @from, could be turned over, or need not be. */
static bool turn(struct input *input, enum endian from, uint32_t *ret_shared)
{
	if (input->endian == ENDIAN_HOST)
		return true;
	if (input->kind == KIND_FETCH)
		return script_turn(input->bytes, input->len, from, ret_shared);
	return endian_turn(input->bytes, input->len, input->kind, from, ret_shared);
}

void input_turn_back(struct input *input)
{
	uint32_t shared;

	turn(input, ENDIAN_HOST, &shared);
}

int input_hold(const struct input *input)
{
	if (!input->shared)
		return 0;
	fprintf(stderr,
		"capchain: %s: two fields share the bytes at %u, so they have no %s-endian reading here: "
		"look at it on a %s-endian machine\n",
		input->path, input->shared_at, endian_name(input->endian),
		endian_name(input->endian));
	return EXIT_UNUSABLE;
}

int input_load(const char *path, const enum info_kind *kind, struct input *ret_input)
{
	return input_load_as(path, kind, ENDIAN_HOST, ret_input);
}

int input_load_as(const char *path, const enum info_kind *kind, enum endian endian,
		  struct input *ret_input)
{
	endian = endian_of_name(path, endian);
	ret_input->endian = endian;
	ret_input->path = path_shown(path, "");
	if (!ret_input->path)
		return unusable(path, strerror(ENOMEM));
	if ((input_is_text(path) ? load_text : load_bytes)(path, kind, ret_input) == 0) {
		ret_input->shared = !turn(ret_input, endian, &ret_input->shared_at);
		return 0;
	}
	input_free(ret_input);
	return EXIT_UNUSABLE;
}

void input_free(struct input *input)
{
	free(input->path);
	input->path = NULL;
}

/* Files of a corpus that are no inputs. */
static bool is_no_input(const char *name)
{
	static const char *const endings[] = {".md", ".dict", ".txt", ".replies", ".tmp"};
	const size_t len = strlen(name);

	if (name[0] == '.' || strcmp(name, "ledger.yaml") == 0)
		return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (len > strlen(endings[i]) &&
		    strcmp(name + len - strlen(endings[i]), endings[i]) == 0)
			return true;
	return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_file(const char *path, char ***files, size_t *count)
{
	char **const longer = realloc(*files, (*count + 1) * sizeof(**files));

	for (size_t i = 0; longer && i < *count; i++)
		if (strcmp(longer[i], path) == 0) {
			*files = longer;
			return 0;
		}
	if (!longer)
		return unusable(path, strerror(ENOMEM));
	*files = longer;
	longer[*count] = strdup(path);
	if (!longer[*count])
		return unusable(path, strerror(ENOMEM));
	++*count;
	return 0;
}

static int find_under(FTS *tree, char ***files, size_t *count)
{
	FTSENT *entry;

	while ((entry = fts_read(tree))) {
		switch (entry->fts_info) {
		case FTS_D:
			if (entry->fts_level > 0 &&
			    (entry->fts_name[0] == '.' || !strcmp(entry->fts_name, "expect")))
				fts_set(tree, entry, FTS_SKIP);
			break;
		case FTS_NS:
		case FTS_DNR:
		case FTS_ERR:
			return unusable(entry->fts_path, strerror(entry->fts_errno));
		case FTS_DP:
		case FTS_DC:
			break;
		default:
			/* A file that was named is taken as it is, one in a folder by its name. */
			if ((entry->fts_level == 0 || !is_no_input(entry->fts_name)) &&
			    add_file(entry->fts_path, files, count))
				return EXIT_UNUSABLE;
		}
	}
	return 0;
}

int inputs_find(int count, char *const paths[], char ***ret_files, size_t *ret_count)
{
	char **files = NULL;
	size_t found = 0;
	int status = 0;

	for (int i = 0; i < count && !status; i++) {
		char *const one[] = {paths[i], NULL};
		FTS *const tree = fts_open(one, FTS_LOGICAL | FTS_NOCHDIR, by_name);

		if (!tree) {
			status = unusable(paths[i], strerror(errno));
			break;
		}
		status = find_under(tree, &files, &found);
		fts_close(tree);
	}
	if (status) {
		inputs_free(files, found);
		return status;
	}
	*ret_files = files;
	*ret_count = found;
	return 0;
}

void inputs_free(char **files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(files[i]);
	free(files);
}
