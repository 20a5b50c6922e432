/* SPDX-License-Identifier: MIT */
/*
 * capchain emit --report: a bug report for the maintainers of a program, in Markdown, from what
 * `capchain run --json` saw that program do. A model's verdict is no ground for one, nor is a run
 * whose program was not first seen to pass good replies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../client/vfio.h"
#include "../target/file.h"
#include "../text/text.h"
#include "cmd.h"
#include "run.h"

/*
 * What a report is made of. @held: the bytes of the reply as the program had them, @kind their
 * INFO.
 */
struct observed {
	const char *path;
	const json_t *run;
	const json_t *call;
	const char *version;
	enum info_kind kind;
	size_t len;
	uint8_t buffer[INFO_LEN_MAX];
};

static int refuse(const char *path, const char *what)
{
	fprintf(stderr, "capchain: %s: %s\n", path, what);
	return EXIT_UNUSABLE;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const json_t *wrong_mapping(const json_t *run)
{
	json_t *mapping;
	size_t i;

	json_array_foreach (json_object_get(run, "mappings"), i, mapping)
		if (json_is_true(json_object_get(mapping, "wrong")))
			return mapping;
	return NULL;
}

/* The INFO that the outcome is of: that of the region that was mapped, else the last. */
static void info_of(const json_t *run, char *ret_name, size_t size)
{
	const json_t *const mapping = wrong_mapping(run);
	const json_int_t region = json_integer_value(json_object_get(mapping, "region"));

	if (strcmp(text_of(run, "outcome"), "exit") == 0 && mapping && region < FAKE_REGIONS)
		snprintf(ret_name, size, "region %d", (int)region);
	else
		snprintf(ret_name, size, "%s", text_of(run, "info"));
}

static bool read_hex(const char *hex, struct observed *o)
{
	unsigned int byte;

	for (o->len = 0; hex[0] && hex[1] && o->len < sizeof(o->buffer); hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			return false;
		o->buffer[o->len++] = (uint8_t)byte;
	}
	return o->len > 0 && !*hex;
}

/* Fills @o's call and bytes; NULL, or why not. */
static const char *find_call(struct observed *o)
{
	char name[64];
	json_t *call;
	size_t i;

	info_of(o->run, name, sizeof(name));
	json_array_foreach (json_object_get(o->run, "calls"), i, call)
		if (strcmp(text_of(call, "info"), name) == 0)
			o->call = call;
	if (!o->call || !read_hex(text_of(o->call, "buffer"), o))
		return "does not hold the reply that its program had";
	o->kind = !strcmp(name, "device")  ? INFO_DEVICE
		  : !strcmp(name, "iommu") ? INFO_IOMMU
					   : INFO_REGION;
	return NULL;
}

/* Whether a line of JSON is an observation that a report may rest on; NULL, or why not. */
static const char *take(const json_t *line, struct observed *o)
{
	const json_t *const nested = json_object_get(line, "run");

	o->run = nested ? nested : line;
	o->version = text_of(line, "version");
	if (!json_is_array(json_object_get(o->run, "command")) || !*text_of(o->run, "outcome"))
		return "is not what `capchain run --json` writes";
	if (!json_is_true(json_object_get(o->run, "faulty")))
		return "its program did nothing wrong: there is nothing to report";
	if (!json_is_object(json_object_get(o->run, "good")))
		return "its program was not tried with good replies: run it without --no-good";
	return find_call(o);
}

/* A word as a shell takes it. */
static void print_word(FILE *out, const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-_./,:=+@%";

	if (*word && strspn(word, safe) == strlen(word)) {
		fprintf(out, " %s", word);
		return;
	}
	fputs(" '", out);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, out);
	fputc('\'', out);
}

static void print_words(FILE *out, const json_t *words)
{
	json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		print_word(out, json_string_value(word) ? json_string_value(word) : "");
}

static const char *what_it_does(const json_t *run)
{
	static const struct {
		const char *outcome, *does;
	} words[] = {{"signal", "crashes"},
		     {"hang", "hangs"},
		     {"storm", "asks without end"},
		     {"idle", "does not end"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text_of(run, "outcome"), words[i].outcome) == 0)
			return words[i].does;
	return "maps what the reply does not hold";
}

static void print_outcome(FILE *out, const struct observed *o)
{
	const json_t *const mapping = wrong_mapping(o->run);
	const char *const outcome = text_of(o->run, "outcome");

	if (!strcmp(outcome, "signal"))
		fprintf(out, "It dies of %s.\n", text_of(o->run, "signal"));
	else if (!strcmp(outcome, "hang"))
		fprintf(out,
			"It spends CPU time (%lld ms, when it was stopped) and makes no system call "
			"that opens, maps or asks VFIO for anything.\n",
			(long long)json_integer_value(json_object_get(o->run, "cpu_ms")));
	else if (!strcmp(outcome, "idle"))
		fprintf(out, "It had not ended %lld s after its last INFO call.\n",
			(long long)json_integer_value(json_object_get(o->run, "idle_s")));
	else if (!strcmp(outcome, "storm"))
		fprintf(out,
			"It was stopped after %lld calls of this one ioctl; the last asked with argsz %lld "
			"and was answered %lld. No bound was seen.\n",
			(long long)json_integer_value(json_object_get(o->call, "calls")),
			(long long)json_integer_value(json_object_get(o->call, "asked")),
			(long long)json_integer_value(json_object_get(o->call, "answered")));
	if (mapping)
		fprintf(out,
			"It maps 0x%llx bytes at 0x%llx of region %lld, which is %s by the reply.\n",
			(long long)json_integer_value(json_object_get(mapping, "length")),
			(long long)json_integer_value(json_object_get(mapping, "offset")),
			(long long)json_integer_value(json_object_get(mapping, "region")),
			text_of(mapping, "is"));
	fprintf(out, "With good replies the same command ends with status %lld.\n\n",
		(long long)json_integer_value(
			json_object_get(json_object_get(o->run, "good"), "status")));
}

static void print_reply(FILE *out, const struct observed *o)
{
	struct spec *const spec = spec_new();
	struct chain chain;

	fprintf(out, "## The reply\n\nThe `struct %s` that it held after its last call, %zu bytes",
		layout_infos[o->kind].uapi, o->len);
	if (spec) {
		spec_read(o->buffer, o->len, o->kind, spec);
		if (spec->rule != RULE_NONE)
			fprintf(out, "; its chain is wrong: %s at offset %u", rule_name(spec->rule),
				spec->at);
		else
			fprintf(out, "; its right reading is `%s`", verdict_name(spec->verdict));
	}
	fputs(".\n\n```yaml\n", out);
	if (chain_read(o->buffer, o->len, o->kind, &chain) == 0) {
		text_dump(out, &chain);
		chain_free(&chain);
	}
	fputs("```\n\n", out);
	spec_free(spec);
}

static void print_report(FILE *out, const struct observed *o)
{
	const json_t *const command = json_object_get(o->run, "command");
	const char *const program = json_string_value(json_array_get(command, 0));

	fprintf(out, "# %s %s on a reply to VFIO_%s_GET_%sINFO\n\n", program ? program : "?",
		what_it_does(o->run), o->kind == INFO_IOMMU ? "IOMMU" : "DEVICE",
		o->kind == INFO_REGION ? "REGION_" : "");
	fprintf(out, "Version: %s\n\n## What happens\n\n",
		*o->version ? o->version : "(say here which; `dpkg -S` names a package)");
	fputs("The unmodified program, on a VFIO device that answers with the reply below:\n\n   ",
	      out);
	print_words(out, command);
	fputs("\n\n", out);
	print_outcome(out, o);
	print_reply(out, o);
	fputs("## To see it again\n\nWith capchain, and the text above as reply.yaml where the options "
	      "name another file:\n\n    build/capchain run",
	      out);
	print_words(out, json_object_get(o->run, "options"));
	fputs(" --", out);
	print_words(out, command);
	fputs("\n\n## What it means\n\nThe kernel is trusted by contract, so this is no vulnerability: a "
	      "program that trusts it is fragile, and one producer with a bug (a new driver, an emulated "
	      "one) hangs or crashes it. Where the same code reads replies of another process "
	      "(vfio-user), it is a question of security.\n",
	      out);
}

/* The first line of @path that a report may rest on; else why the last one may not. */
static int load(const char *path, json_t **ret_line, struct observed *ret)
{
	FILE *const file = file_open(path);
	const char *why = "is empty";
	json_error_t error;
	json_t *line;

	if (!file)
		return refuse(path, file_why(errno));
	while (why && (line = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error))) {
		ret->call = NULL;
		why = take(line, ret);
		if (why)
			json_decref(line);
		else
			*ret_line = line;
	}
	fclose(file);
	return why ? refuse(path, why) : 0;
}

int emit_report(const char *path, const char *to)
{
	static struct observed observed;
	json_t *line = NULL;
	char *made = NULL;
	size_t size = 0;
	FILE *memory;
	int status = load(path, &line, &observed);

	if (status)
		return status;
	memory = open_memstream(&made, &size);
	if (memory)
		print_report(memory, &observed);
	if (!memory || fclose(memory))
		status = refuse(path, strerror(ENOMEM));
	else
		status = output_put(to, made, size);
	free(made);
	json_decref(line);
	return status;
}
