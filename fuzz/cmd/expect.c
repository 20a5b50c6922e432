/* SPDX-License-Identifier: MIT */
/*
 * Expected verdicts: corpus/expect/reference.txt has a line for every input, <parser>.txt one for
 * each input where that parser's verdict or reason is not the reference's, or where it says `ok`
 * to other capabilities: their reason is then wrong-caps or wrong-payload. A parser added or changed
 * is a diff in its own file. notes.txt is the reference's too: what it says of an input
 * beside its verdict, which nobody else is held to and no parser could show.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fetch/fetch_judge.h"
#include "../target/file.h"
#include "../target/findings.h"
#include "cmd.h"

#define REFERENCE "reference"
#define BESIDE	  "notes"
#define WORDS_MAX 128

/* lists: file name without .txt -> input name -> words. */
struct expected {
	json_t *lists;
};

bool expect_root(const char *path, char *ret_root, size_t size)
{
	char real[PATH_MAX], below[PATH_MAX + 8];
	struct stat what;
	char *slash;

	if (!realpath(path, real))
		return false;
	do {
		snprintf(below, sizeof(below), "%s/expect", real);
		if (stat(below, &what) == 0 && S_ISDIR(what.st_mode)) {
			snprintf(ret_root, size, "%s", real);
			return true;
		}
		slash = strrchr(real, '/');
		if (slash)
			*slash = '\0';
	} while (slash && real[0]);
	return false;
}

static json_t *list_of(const struct expected *expected, const char *file)
{
	json_t *list = json_object_get(expected->lists, file);

	if (!list) {
		list = json_object();
		json_object_set_new(expected->lists, file, list);
	}
	return list;
}

static int load_list(struct expected *expected, const char *root, const char *file)
{
	json_t *const list = list_of(expected, file);
	char path[PATH_MAX + 64], *line = NULL, *words;
	int error = 0;
	size_t room = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/expect/%s.txt", root, file);
	in = file_open(path);
	/* No list is an empty one; a list that cannot be read is not. */
	if (!in)
		return errno == ENOENT ? 0 : -errno;
	while (!error && getline(&line, &room, in) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		words = strchr(line, ' ');
		if (line[0] == '#' || !line[0])
			continue;
		if (words) {
			*words = '\0';
			json_object_set_new(list, line, json_string(words + 1));
		} else {
			error = -EINVAL;
		}
	}
	if (!error && !feof(in))
		error = -(errno ? errno : EIO);
	free(line);
	fclose(in);
	return error;
}

struct expected *expect_load(const char *root)
{
	struct expected *const expected = calloc(1, sizeof(*expected));
	const char *file = REFERENCE;
	int error;

	if (!expected) {
		fprintf(stderr, "capchain: out of memory\n");
		return NULL;
	}
	expected->lists = json_object();
	error = load_list(expected, root, file);
	if (!error)
		error = load_list(expected, root, file = BESIDE);
	for (size_t i = 0; !error && i < info_parser_count; i++) {
		file = info_parsers[i]->name;
		error = load_list(expected, root, file);
	}
	/*
	 * Nearly every loop shares the list of the parser that it is called like: names tell
	 * inputs.
	 */
	for (size_t i = 0; !error && i < fetch_loop_count; i++) {
		file = fetch_loops[i]->name;
		if (!json_object_get(expected->lists, file))
			error = load_list(expected, root, file);
	}
	if (!error)
		return expected;
	fprintf(stderr, "capchain: %s/expect/%s.txt: %s\n", root, file, file_why(-error));
	expect_free(expected);
	return NULL;
}

void expect_free(struct expected *expected)
{
	if (expected)
		json_decref(expected->lists);
	free(expected);
}

const char *expect_parser(const struct expected *expected, const char *parser, const char *name)
{
	return json_string_value(json_object_get(json_object_get(expected->lists, parser), name));
}

const char *expect_reference(const struct expected *expected, const char *name)
{
	return expect_parser(expected, REFERENCE, name);
}

const char *expect_notes(const struct expected *expected, const char *name)
{
	const char *const notes = expect_parser(expected, BESIDE, name);

	return notes ? notes : "";
}

void expect_drop(struct expected *expected, const char *name)
{
	const char *file;
	json_t *list;

	json_object_foreach (expected->lists, file, list)
		json_object_del(list, name);
}

void expect_set(struct expected *expected, const char *name, const struct judge *judge)
{
	char words[WORDS_MAX], reference[WORDS_MAX], *const notes = reference_words(judge);

	expect_drop(expected, name);
	verdict_words(judge->spec->verdict, rule_name(judge->spec->rule), reference,
		      sizeof(reference));
	json_object_set_new(list_of(expected, REFERENCE), name, json_string(reference));
	if (notes[0])
		json_object_set_new(list_of(expected, BESIDE), name, json_string(notes));
	free(notes);
	for (size_t i = 0; i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		if (!judged_reads(judged, judge->kind))
			continue;
		answer_words(judged, words, sizeof(words));
		if (strcmp(words, reference))
			json_object_set_new(list_of(expected, judged->parser->name), name,
					    json_string(words));
	}
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int expect_names(const struct expected *expected, char ***ret_names, size_t *ret_count)
{
	json_t *const all = json_object();
	const char *file, *name;
	json_t *list, *words;
	size_t n = 0;
	char **names;

	json_object_foreach (expected->lists, file, list)
		json_object_foreach (list, name, words)
			json_object_set(all, name, words);
	names = calloc(json_object_size(all) + 1, sizeof(*names));
	json_object_foreach (all, name, words)
		if (names && (names[n] = strdup(name)))
			n++;
	if (!names || n != json_object_size(all)) {
		fprintf(stderr, "capchain: out of memory\n");
		inputs_free(names, n);
		json_decref(all);
		return EXIT_UNUSABLE;
	}
	json_decref(all);
	qsort(names, n, sizeof(*names), by_string);
	*ret_names = names;
	*ret_count = n;
	return 0;
}

const char *expect_list(const struct expected *expected, const char *name)
{
	const char *file;
	json_t *list;

	json_object_foreach (expected->lists, file, list)
		if (json_object_get(list, name))
			return file;
	return REFERENCE;
}

static int print_list(FILE *out, json_t *list)
{
	const size_t count = json_object_size(list);
	const char **const names = calloc(count + 1, sizeof(*names));
	const char *name;
	json_t *words;
	size_t n = 0;

	if (!names)
		return -ENOMEM;
	json_object_foreach (list, name, words)
		names[n++] = name;
	qsort(names, count, sizeof(*names), by_string);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s %s\n", names[i],
			json_string_value(json_object_get(list, names[i])));
	free(names);
	return 0;
}

static int save_list(const char *root, const char *file, json_t *list)
{
	char path[PATH_MAX + 64], *text = NULL;
	size_t size = 0;
	FILE *const memory = open_memstream(&text, &size);
	int error = memory ? 0 : -ENOMEM;

	snprintf(path, sizeof(path), "%s/expect/%s.txt", root, file);
	if (memory) {
		error = print_list(memory, list);
		fclose(memory);
		if (error)
			size = 0;
		else if (size)
			error = findings_write(path, text, size);
		else if (unlink(path) && errno != ENOENT)
			error = -errno;
	}
	free(text);
	return error ? cannot_write(path, -error) : 0;
}

int expect_save(const struct expected *expected, const char *root)
{
	const char *file;
	json_t *list;
	int status = 0;

	json_object_foreach (expected->lists, file, list)
		if (!status)
			status = save_list(root, file, list);
	return status;
}
