/* SPDX-License-Identifier: MIT */
/* Writes one walk as a C file; see emit.h. What is the same in every file is emit_host.c. */
#include "emit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../judge/own.h"
#include "../text/text.h"

/* Lines of text form in the head: a longer chain is better looked at with `capchain explain`. */
#define HEAD_LINES 60

/* Ids that info_reads can name. */
#define NAMED_IDS 63

const struct emit_source *emit_find(const struct info_parser *parser)
{
	for (size_t i = 0; i < emit_source_count; i++) {
		const char *symbol = emit_sources[i].symbol, *name = parser->name;

		/* A symbol has an underscore where the name has a dash. */
		for (; *symbol && (*symbol == *name || (*symbol == '_' && *name == '-')); symbol++)
			name++;
		if (!*symbol && !*name)
			return &emit_sources[i];
	}
	return emit_own(parser);
}

enum host_exit emit_exit(const struct judged *judged)
{
	static const enum host_exit faults[VERDICTS] = {
		[VERDICT_OOB] = HOST_OOB,	  [VERDICT_STALE] = HOST_STALE,
		[VERDICT_RUNAWAY] = HOST_RUNAWAY, [VERDICT_WROTE] = HOST_WROTE,
		[VERDICT_CRASH] = HOST_CRASH,
	};
	static const enum host_exit differs[DISAGREEMENTS] = {
		[WRONG_CAPS] = HOST_WRONG_CAPS,
		[WRONG_PAYLOAD] = HOST_WRONG_PAYLOAD,
		[REJECTS_VALID] = HOST_REJECTS_VALID,
		[ACCEPTS_MALFORMED] = HOST_ACCEPTS_MALFORMED,
		[ABSENT_FOR_UNREADABLE] = HOST_ABSENT_FOR_UNREADABLE,
		[WRONG_REFUSAL] = HOST_WRONG_REFUSAL,
	};

	return judged->disagreement == FAULT ? faults[judged->walk.verdict]
					     : differs[judged->disagreement];
}

/* What one file is about. The buffer is what the parser's program holds: of a fixed size or not. */
struct emitting {
	FILE *out;
	const struct judge *judge;
	const struct judged *judged;
	const struct emit_source *source;
	const char *name;
	const uint8_t *info;
	size_t len;
};

static void put_words(FILE *out, enum verdict verdict, const char *reason)
{
	fprintf(out, "%s%s%s", verdict_name(verdict), reason[0] ? " " : "", reason);
}

/* The chain as text form, a comment's line each. Returns 0, or -1 without memory. */
static int put_chain(const struct emitting *e)
{
	char *text = NULL, *line, *rest;
	struct chain chain;
	size_t size = 0;
	FILE *memory;

	if (chain_read(e->info, e->len, e->judge->kind, &chain))
		return -1;
	memory = open_memstream(&text, &size);
	if (memory) {
		text_dump(memory, &chain);
		if (fclose(memory)) {
			free(text);
			text = NULL;
		}
	}
	chain_free(&chain);
	if (!text)
		return -1;
	rest = text;
	for (size_t lines = 0; lines < HEAD_LINES && (line = strsep(&rest, "\n")) && *line; lines++)
		fprintf(e->out, " *\t%s\n", line);
	if (rest && *rest)
		fputs(" *\t... `capchain dis` shows the rest\n", e->out);
	free(text);
	return 0;
}

/* What the file's reader has to know of how its program ends. */
static void put_ends(const struct emitting *e)
{
	const struct judged *const judged = e->judged;
	const enum verdict verdict = judged->walk.verdict;

	fprintf(e->out, " *\n *\tcc THIS.c -o walk && ./walk; echo $?\n *\n * ends with status %d.",
		(int)emit_exit(judged));
	if (judged->disagreement != FAULT)
		fputs(" It says what the walk concluded, and what the reference says.\n", e->out);
	else if (verdict == VERDICT_OOB || verdict == VERDICT_WROTE)
		fputs(" With -fsanitize=address AddressSanitizer reports it, with\n"
		      " * status 1; where it cannot see the access, the status is the same as "
		      "without.\n",
		      e->out);
	else if (verdict == VERDICT_STALE)
		fputs(" AddressSanitizer cannot see it: the bytes are there, past\n"
		      " * argsz, where this reply wrote nothing.\n",
		      e->out);
	else
		fputs(" AddressSanitizer does not see it; the status is the same.\n", e->out);
	fputs(" * Mend the walk and it ends with 0.\n", e->out);
	fputs(judged->parser->source != INFO_FROM_KERNEL
		      ? " * What it reads another process, a device or a file has chosen: tell the program's maintainers "
			"first.\n *\n"
		      : " * What it reads the kernel writes, which programs trust: a fault is "
			"fragility, no hole.\n *\n",
	      e->out);
}

static void put_head(const struct emitting *e)
{
	const struct judged *const judged = e->judged;
	char bucket[BUCKET_MAX];

	judged_bucket(judged, bucket);
	if (e->source->model)
		fprintf(e->out,
			"/* MODEL ONLY: %s restates how a program reads; it is not its code. */\n",
			e->source->path);
	/* The licence of another's source is that other's affair. */
	fprintf(e->out, "%s/*\n * %s\n *\n",
		judged->parser == own_parser ? "" : "/* SPDX-License-Identifier: MIT */\n",
		judged->disagreement == AGREES ? "nothing disagrees" : bucket);
	fprintf(e->out, " * parser     %s: %s\n * input      %s\n * walk       ",
		judged->parser->name, judged->parser->summary, e->name);
	put_words(e->out, judged->walk.verdict, judged_reason(judged));
	fputs("\n * reference  ", e->out);
	put_words(e->out, judged->spec->verdict, rule_name(judged->spec->rule));
	fputc('\n', e->out);
	put_ends(e);
}

static void put_buffer(const struct emitting *e)
{
	fprintf(e->out, "\nstatic const uint8_t case_reply[%zu] = {", e->len ? e->len : 1);
	for (size_t i = 0; i < e->len; i++) {
		if (i % 8 == 0)
			fprintf(e->out, "\n\t/* %5zu */", i);
		fprintf(e->out, " 0x%02x,", e->info[i]);
	}
	fputs(e->len ? "\n};\n" : "0};\n", e->out);
}

static void put_want(FILE *out, const struct info_cap *cap, bool payload)
{
	fprintf(out,
		"\t{{.offset = %u, .id = %u, .version = %u, .decoded = %s, .count = %u,\n"
		"\t  .hash = 0x%" PRIx64 "u, .field = {",
		cap->offset, cap->id, cap->version, cap->decoded ? "true" : "false",
		cap->decoded ? cap->count : 0, cap->decoded ? cap->hash : 0);
	for (size_t i = 0; i < INFO_FIELDS; i++)
		fprintf(out, "%s0x%" PRIx64 "u", i ? ", " : "", cap->decoded ? cap->field[i] : 0);
	fprintf(out, "}},\n\t %s},\n", payload ? "true" : "false");
}

/*
 * What the reference hands to a reader of these ids: all in chain order, or for lookups the first
 * of each. Where another answer is a policy that the UAPI leaves open, what the walk took is right
 * too.
 */
static size_t put_wants(const struct emitting *e)
{
	const struct judged *const judged = e->judged;
	const struct info_reads *const reads = &judged->parser->reads[e->judge->kind];
	const size_t ncaps = judged->policy ? judged->walk.ncaps : judged->spec->ncaps;
	uint64_t seen = 0;
	size_t wanted = 0;

	fputs("\nstatic const struct host_want case_want[] = {\n", e->out);
	for (size_t i = 0; i < ncaps; i++) {
		const struct info_cap *const cap =
			judged->policy ? &judged->walk.caps[i] : &judged->spec->caps[i].cap;
		const uint64_t bit = cap->id < NAMED_IDS ? INFO_ID(cap->id) : 0;

		if (!info_has_id(reads->ids, cap->id) ||
		    (reads->style == INFO_LOOKUP && !judged->policy && (seen & bit)))
			continue;
		seen |= bit;
		put_want(e->out, cap, info_has_id(reads->decodes, cap->id));
		wanted++;
	}
	fputs(wanted ? "};\n" : "\t{{.offset = 0}, false},\n};\n", e->out);
	return wanted;
}

/* Whether a lookup has all its matches before the point that rejects or truncates the chain. */
static bool finds_all(const struct spec *spec, const struct info_reads *reads)
{
	uint64_t found = 0;

	for (size_t i = 0; i < spec->ncaps; i++)
		if (spec->caps[i].cap.id < NAMED_IDS)
			found |= INFO_ID(spec->caps[i].cap.id);
	return reads->style == INFO_LOOKUP && (reads->ids & ~found) == 0;
}

/* The budget that judge.h states. */
static uint64_t budget(const struct judged *judged, enum info_kind kind)
{
	const uint64_t k = judge_loads_per_byte(judged->parser, kind);

	return spec_budget(judged->spec, k);
}

static void put_case(const struct emitting *e, size_t wanted)
{
#define KIND(kind, ...) "INFO_" #kind,
	static const char *const kinds[INFO_KINDS] = {LAYOUT_KINDS(KIND)};
#undef KIND
	const struct judged *const judged = e->judged;
	const struct spec *const spec = judged->spec;
	const enum info_kind kind = e->judge->kind;
	/* Of a policy, the walk's own answer is right. */
	const enum verdict right = judged->policy ? judged->walk.verdict : spec->verdict;
	const bool readable = right == VERDICT_OK || right == VERDICT_ABSENT;

	fputs("\nstatic const char *const case_rules[] = {\n", e->out);
	for (unsigned int rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
		fprintf(e->out, "\t\"%s\",\n", rule_name((enum rule)rule));
	fprintf(e->out,
		"};\n\n/* The walk in question. */\n"
		"static struct info_answer case_walk(struct walk *walk, const void *info, uint32_t "
		"len)\n{\n\treturn %s_parser.read(walk, info, len, %s);\n}\n",
		e->source->symbol, kinds[kind]);
	fprintf(e->out,
		"\nconst struct host_case host_case = {\n"
		"\t.parser = &%s_parser,\n\t.walk = case_walk,\n\t.info = case_reply,\n\t.len = %zu,\n"
		"\t.bound = %u,\n\t.budget = %" PRIu64 ",\n\t.shows = %u, /* %s */\n"
		"\t.reference = %u, /* %s */\n\t.need = %u,\n\t.reason = \"%s\",\n"
		"\t.list = %s,\n\t.matches = %s,\n\t.want = case_want,\n\t.nwant = %zu,\n"
		"\t.rules = case_rules,\n\t.nrules = %u,\n};\n",
		e->source->symbol, e->len, spec->bound, budget(judged, kind),
		(unsigned int)judged->walk.verdict, verdict_name(judged->walk.verdict),
		(unsigned int)right, verdict_name(right),
		judged->policy ? judged->walk.need : spec->need,
		judged->policy ? judged_reason(judged) : rule_name(spec->rule),
		judged->parser->reads[kind].style == INFO_LIST && !judged->policy ? "true"
										  : "false",
		readable || finds_all(spec, &judged->parser->reads[kind]) ? "true" : "false",
		wanted, (unsigned int)RULE_COUNT - 1);
}

static void put_file(FILE *out, const struct emit_file *file)
{
	fprintf(out, "\n/* ---- %s ---- */\n\n%s", file->path, file->text);
}

static int put_all(const struct emitting *e)
{
	put_head(e);
	if (put_chain(e))
		return -1;
	fputs(" */\n#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n"
	      "/* Nothing here is to be left out of AddressSanitizer's sight. */\n"
	      "#define no_sanitize_address\n"
	      "/* A parser need not use all of its contract. */\n"
	      "#pragma GCC diagnostic ignored \"-Wunused-function\"\n\n#include <stdint.h>\n",
	      e->out);
	put_buffer(e);
	for (size_t i = 0; e->source->files[i]; i++)
		put_file(e->out, e->source->files[i]);
	put_file(e->out, emit_host_header);
	fputs("\n/* ---- the case ---- */\n", e->out);
	put_case(e, put_wants(e));
	put_file(e->out, emit_host);
	return 0;
}

int emit_write(FILE *out, const struct judge *judge, size_t i, const char *name)
{
	const struct judged *const judged = &judge->judged[i];
	const uint32_t size = judged->parser->fixed_size;
	struct emitting e = {.out = out,
			     .judge = judge,
			     .judged = judged,
			     .source = emit_find(judged->parser),
			     .name = name,
			     .info = judge->info,
			     .len = judge->len};
	uint8_t *fixed = NULL;
	int status;

	if (!e.source)
		return -EINVAL;
	if (size) {
		fixed = calloc(size, 1);
		if (!fixed)
			return -ENOMEM;
		memcpy(fixed, judge->info, judge->len < size ? judge->len : size);
		e.info = fixed;
		e.len = size;
	}
	status = put_all(&e) ? -ENOMEM : 0;
	free(fixed);
	return status;
}
