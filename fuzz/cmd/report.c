/* SPDX-License-Identifier: MIT */
/* The judge's findings as JSON Lines, and the ends that every verb shares. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../target/file.h"
#include "../judge/ledger.h"
#include "../judge/own.h"
#include "../judge/verdicts.h"
#include "../sandbox/where.h"
#include "cmd.h"

struct judge *judge_or_exit(void)
{
	char error[512];
	struct judge *const judge =
		judge_new(info_parsers, info_parser_count, error, sizeof(error));

	if (judge) {
		judge->relate = RELATE_ALL;
		return judge;
	}
	fprintf(stderr, "capchain: %s\n", error);
	exit(sandbox_exit());
}

void suggest_entry(const struct judged *judged, const char *path)
{
	char bucket[BUCKET_MAX], root[PATH_MAX], real[PATH_MAX], text[LEDGER_TEXT_MAX];
	const char *witness = "\"\"   # its place below corpus/";

	/* The ledger is for the readers of this tree. */
	if (!judged_breaks(judged) || judged_excuse(judged) || judged->parser == own_parser)
		return;
	if (expect_root(path, root, sizeof(root)) && realpath(path, real))
		witness = real + strlen(root) + 1;
	judged_bucket(judged, bucket);
	ledger_suggest(bucket, judged->spec->kind, judged->spec->notes, witness, text);
	printf("# mend %s, or where this is known and stays add to corpus/ledger.yaml:\n%s",
	       judged->parser->name, text);
}

void hold_descriptors(void)
{
	int fd;

	/* It is there without /dev, and its bytes are nobody's. A program that is started has none. */
	do
		fd = open("/", O_PATH | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* At exit, because a --help that argp prints ends the process there. */
static void check_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	fprintf(stderr, "capchain: cannot write the output: %s\n", strerror(errno));
	_exit(EXIT_CANNOT_WRITE);
}

void hold_to_output(void)
{
	atexit(check_output);
}

void put_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

void print_place(const struct walk_result *walk)
{
	const char *place = walk->code ? where_words(walk->code) : NULL;

	if (place)
		printf("  in %s\n", place);
	if (walk->said)
		printf("  said: %s\n", walk->said);
	if (walk->leaked)
		printf("  leaked %u pieces of its heap: not freed when it returned\n",
		       walk->leaked);
	if (!walk->unaligned)
		return;
	place = where_words(walk->unaligned_code);
	printf("  unaligned-load: %u of them, the first in %s\n", walk->unaligned,
	       place ? place : "code that is not known");
}

void where_say_lacking(void)
{
	if (where_lacks_lines())
		fputs("capchain: lines of the parser's source are not known: build it with -g\n",
		      stderr);
}

void print_oracles(const char *before, const struct judge *judge)
{
	char oracles[ORACLES_SIZE];

	verdicts_oracles(judge, oracles, sizeof(oracles));
	printf("%soracles: %s\n", before, oracles);
}

static json_t *cap_json(const struct info_cap *cap, enum info_kind kind)
{
	const struct layout_cap *const layout = layout_cap(kind, cap->id);
	json_t *const json = json_pack("{s:I,s:i,s:i}", "offset", (json_int_t)cap->offset, "id",
				       cap->id, "version", cap->version);

	if (cap->decoded && layout && layout->elements)
		json_object_set_new(json, "count", json_integer(cap->count));
	return json;
}

static json_t *reference_json(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	json_t *const caps = json_array();
	json_t *const json = json_pack("{s:s}", "verdict", verdict_name(spec->verdict));

	if (spec->rule != RULE_NONE)
		json_object_set_new(json, "reason", json_string(rule_name(spec->rule)));
	if (spec->verdict == VERDICT_TRUNCATED)
		json_object_set_new(json, "need", json_integer(spec->need));
	for (size_t i = 0; i < spec->ncaps; i++)
		json_array_append_new(caps, cap_json(&spec->caps[i].cap, judge->kind));
	json_object_set_new(json, "caps", caps);
	return json;
}

static json_t *rules_json(const struct spec *spec)
{
	json_t *const rules = json_array();

	if (spec->rule != RULE_NONE)
		json_array_append_new(
			rules, json_pack("{s:s,s:I,s:I}", "rule", rule_name(spec->rule), "at",
					 (json_int_t)spec->at, "from", (json_int_t)spec->from));
	return rules;
}

static void add_notes(json_t *list, uint32_t notes, uint32_t at)
{
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (notes & NOTE_BIT(note))
			json_array_append_new(list, json_pack("{s:s,s:I}", "note",
							      note_name((enum note)note), "at",
							      (json_int_t)at));
}

static json_t *notes_json(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	json_t *const notes = json_array();

	add_notes(notes, spec->notes & NOTES_OF_BUFFER, layout_infos[judge->kind].first.at);
	for (size_t i = 0; i < spec->ncaps; i++)
		add_notes(notes, spec->caps[i].notes, spec->caps[i].cap.offset);
	return notes;
}

/* The innermost first, then what it was inlined into. */
static json_t *place_json(uintptr_t code)
{
	json_t *const place = json_array();
	const struct where *frames;
	const size_t count = where_find(code, &frames);

	for (size_t i = 0; i < count; i++) {
		json_t *const frame = json_pack("{s:s}", "function", frames[i].function);

		if (frames[i].line) {
			json_object_set_new(frame, "file", json_string(frames[i].file));
			json_object_set_new(frame, "line", json_integer(frames[i].line));
		}
		json_array_append_new(place, frame);
	}
	return place;
}

static json_t *parser_json(const struct judged *judged, enum info_kind kind)
{
	const struct walk_result *const walk = &judged->walk;
	json_t *const caps = json_array();
	json_t *const json = json_pack("{s:s,s:s}", "name", judged->parser->name, "verdict",
				       verdict_name(walk->verdict));

	if (walk->reason)
		json_object_set_new(json, "reason", json_string(walk->reason));
	if (walk->verdict == VERDICT_TRUNCATED)
		json_object_set_new(json, "need", json_integer(walk->need));
	if (walk->verdict == VERDICT_OOB || walk->verdict == VERDICT_WROTE)
		json_object_set_new(json, "offset", json_integer((json_int_t)walk->offset));
	/* Of a copy or table that the parser made, not of the buffer. */
	if ((walk->verdict == VERDICT_OOB || walk->verdict == VERDICT_WROTE) && walk->scratch)
		json_object_set_new(json, "scratch", json_true());
	if (walk->verdict == VERDICT_CRASH)
		json_object_set_new(json, "signal", json_integer(walk->signal));
	if (walk->stale)
		json_object_set_new(json, "stale", json_integer(walk->stale_at));
	if (walk->code)
		json_object_set_new(json, "place", place_json(walk->code));
	if (walk->said)
		json_object_set_new(json, "said", json_string(walk->said));
	if (walk->leaked)
		json_object_set_new(json, "leaked", json_integer(walk->leaked));
	if (walk->unaligned)
		json_object_set_new(json, "unaligned", place_json(walk->unaligned_code));
	if (walk->no_answer)
		json_object_set_new(json, "no_answer", json_string(walk->no_answer));
	if (judged->skipped)
		json_object_set_new(json, "skipped", json_true());
	if (judged->policy)
		json_object_set_new(json, "policy", json_true());
	if (judged->after_match)
		json_object_set_new(json, "note", json_string("malformed-after-match"));
	/* What a walk took before it failed is not an answer. */
	for (size_t i = 0; walk->verdict == VERDICT_OK && i < walk->ncaps; i++)
		json_array_append_new(caps, cap_json(&walk->caps[i], kind));
	json_object_set_new(json, "caps", caps);
	return json;
}

static void add_disagreement(json_t *list, const struct judged *judged, size_t len)
{
	char bucket[BUCKET_MAX], expected[DIFFERS_SIZE], got[DIFFERS_SIZE];
	const struct ledger_entry *entry;
	json_t *json;

	if (!judged_differs(judged))
		return;
	judged_bucket(judged, bucket);
	expected_words(judged, expected, sizeof(expected));
	got_words(judged, len, got, sizeof(got));
	json = json_pack("{s:s,s:s,s:s,s:s,s:s}", "parser", judged->parser->name, "class",
			 judged_class(judged), "bucket", bucket, "expected", expected, "got", got);
	entry = judged_excuse(judged);
	/* A promise that the ledger excuses, and why; or one that it does not. */
	if (judged_breaks(judged) && entry)
		json_object_set_new(json, "excused", json_string(entry->reason));
	else if (judged_breaks(judged))
		json_object_set_new(json, "broken", json_true());
	json_array_append_new(list, json);
}

json_t *report_json(const struct judge *judge, const char *path)
{
	json_t *const parsers = json_array(), *const disagreements = json_array();
	char oracles[ORACLES_SIZE];

	verdicts_oracles(judge, oracles, sizeof(oracles));

	for (size_t i = 0; i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		json_array_append_new(parsers, parser_json(judged, judge->kind));
		add_disagreement(disagreements, judged, judge->len);
	}
	add_disagreement(disagreements, &judge->reference, judge->len);
	return json_pack("{s:s,s:s,s:I,s:I,s:s,s:o,s:o,s:o,s:o,s:o,s:s}", "file", path, "kind",
			 judge_kind_name(judge), "len", (json_int_t)judge->len, "argsz",
			 (json_int_t)judge->spec->argsz, "class",
			 buffer_class_name(judge->spec->class), "reference", reference_json(judge),
			 "rules", rules_json(judge->spec), "notes", notes_json(judge), "parsers",
			 parsers, "disagreements", disagreements, "oracles", oracles);
}
