/* SPDX-License-Identifier: MIT */
/* capchain list: what this build knows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../fetch/fetch_judge.h"
#include "../judge/own.h"
#include "../judge/relations.h"
#include "cmd.h"

struct list_options {
	bool json;
	bool fetch;
	bool classes;
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "one JSON object a thing", 0},
	{"fetch", 'f', NULL, 0,
	 "only the table of fetch loops and scripted producers: how each conversation ends", 0},
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct list_options *const o = state->input;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case 'f':
		o->fetch = true;
		return 0;
	case ARGP_KEY_ARG:
		if (strcmp(arg, "classes"))
			argp_error(state, "takes no argument but `classes`");
		o->classes = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"[classes]",
	"Lists parsers, fetch loops, kinds, rules, notes, relations, capabilities and known divergences.\v"
	"`capchain list classes` explains each class of a buffer and of a disagreement in a sentence.\n\n"
	"Exit status: 0; 4 no memory for the sandbox; 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

static const char *style_name(enum info_style style)
{
	static const char *const names[INFO_STYLES] = {
		[INFO_LIST] = "list", [INFO_LOOKUP] = "lookup", [INFO_OUTCOME] = "outcome"};

	return names[style];
}

/* "slack cut", "all" or "none" for the relations that a parser is held to. */
static void claims_words(const struct info_parser *parser, char *ret_words, size_t size)
{
	const uint32_t claims = relations_claimed(parser);
	size_t used = 0;

	snprintf(ret_words, size, "%s", claims == INFO_CLAIM_ALL ? "all" : "none");
	if (claims == INFO_CLAIM_ALL)
		return;
	for (unsigned int relation = 1; relation < RELATIONS && used < size; relation++)
		if (claims & 1u << (relation - 1))
			used += (size_t)snprintf(ret_words + used, size - used, "%s%s",
						 used ? " " : "",
						 relation_name((enum relation)relation));
}

/* "all" or "1 3" for a set of ids. */
static void ids_words(uint64_t ids, char *ret_words, size_t size)
{
	size_t used = 0;

	snprintf(ret_words, size, "%s", ids == INFO_ALL_IDS ? "all" : "");
	if (ids == INFO_ALL_IDS)
		return;
	for (unsigned int id = 0; id < 63 && used < size; id++)
		if (ids & INFO_ID(id))
			used += (size_t)snprintf(ret_words + used, size - used, "%s%u",
						 used ? " " : "", id);
}

static void print_parser(const struct info_parser *parser)
{
	char ids[256];

	printf("  %-14s %s, reads from the %s: %s\n", parser->name, promise_name(parser->trust),
	       source_name(parser->source), parser->summary);
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++) {
		const struct info_reads *const reads = &parser->reads[kind];

		if (!reads->ids)
			continue;
		ids_words(reads->ids, ids, sizeof(ids));
		printf("  %-14s   %s: %s, ids %s\n", "", info_kind_name(kind),
		       style_name(reads->style), ids);
	}
	claims_words(parser, ids, sizeof(ids));
	printf("  %-14s   relations: %s\n", "", ids);
	if (parser->open)
		printf("  %-14s   here: %s\n", "", parser->open() ? parser->open() : "it runs");
}

static void print_cap(const struct layout_cap *cap)
{
	printf("  %-6s %2u  %-16s", info_kind_name(cap->kind), cap->id, cap->name);
	for (uint16_t version = 1; version <= cap->newest; version++)
		printf(" v%u %u bytes", version, layout_fixed(cap, version));
	if (cap->elements)
		printf(" + %u for each of %s", (unsigned int)cap->elements, cap->array);
	putchar('\n');
}

static void print_entry(const struct ledger_entry *entry)
{
	const char *before = " of ";

	printf("  %s", entry->bucket);
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		if (entry->kinds & 1u << kind) {
			printf("%s%s", before, info_kind_name(kind));
			before = ", ";
		}
	printf(": %s (%s; holds for %s; upstream: %s; review by %s)\n", entry->reason,
	       entry->source, entry->versions, entry->upstream, entry->review);
}

static void print_all(const struct judge *judge)
{
	puts("parsers");
	for (size_t i = 0; i < info_parser_count; i++)
		print_parser(info_parsers[i]);
	fetch_list();
	puts("kinds");
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		printf("  %-14s struct %s: at least %u bytes, capabilities from %u on\n",
		       info_kind_name(kind), layout_infos[kind].uapi, layout_infos[kind].minsz,
		       layout_infos[kind].end);
	puts("rules");
	for (unsigned int rule = 1; rule < RULE_COUNT; rule++)
		printf("  %-20s %s\n", rule_name((enum rule)rule), rule_words((enum rule)rule));
	puts("notes");
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		printf("  %-20s %-6s %s\n", note_name((enum note)note),
		       NOTE_BIT(note) & NOTES_ODD ? "odd" : "plain", note_words((enum note)note));
	puts("relations");
	for (unsigned int relation = 1; relation < RELATIONS; relation++)
		printf("  %-14s %s\n", relation_name((enum relation)relation),
		       relation_words((enum relation)relation));
	puts("capabilities");
	for (size_t i = 0; i < layout_cap_count; i++)
		print_cap(&layout_caps[i]);
	puts("known divergences");
	for (size_t i = 0; i < ledger_count; i++)
		print_entry(&ledger_entries[i]);
	print_oracles("", judge);
}

static void json_parser(const struct info_parser *parser)
{
	json_t *const kinds = json_object();
	char ids[256];

	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++) {
		const struct info_reads *const reads = &parser->reads[kind];

		if (!reads->ids)
			continue;
		ids_words(reads->ids, ids, sizeof(ids));
		json_object_set_new(
			kinds, info_kind_name(kind),
			json_pack("{s:s,s:s}", "style", style_name(reads->style), "ids", ids));
	}
	claims_words(parser, ids, sizeof(ids));
	put_json(json_pack("{s:s,s:s,s:s,s:s,s:i,s:b,s:b,s:b,s:s,s:o}", "parser", parser->name,
			   "summary", parser->summary, "trust", promise_name(parser->trust),
			   "source", source_name(parser->source), "fixed_size",
			   (int)parser->fixed_size, "everywhere", !parser->open, "own",
			   parser == own_parser, "loop", parser == own_parser && own_loop,
			   "relations", ids, "kinds", kinds));
}

static void json_cap(const struct layout_cap *cap)
{
	for (uint16_t version = 1; version <= cap->newest; version++)
		put_json(json_pack("{s:s,s:s,s:i,s:i,s:i,s:i}", "capability", cap->name, "kind",
				   info_kind_name(cap->kind), "id", cap->id, "version", version,
				   "fixed", (int)layout_fixed(cap, version), "element",
				   (int)cap->elements));
}

static void json_entry(const struct ledger_entry *entry)
{
	json_t *const notes = json_array(), *const kinds = json_array();

	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		if (entry->kinds & 1u << kind)
			json_array_append_new(kinds, json_string(info_kind_name(kind)));
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (entry->notes & NOTE_BIT(note))
			json_array_append_new(notes, json_string(note_name((enum note)note)));
	put_json(json_pack("{s:s,s:o,s:o,s:s,s:s,s:s,s:s,s:s,s:s}", "divergence", entry->bucket,
			   "kinds", kinds, "notes", notes, "reason", entry->reason, "source",
			   entry->source, "versions", entry->versions, "upstream", entry->upstream,
			   "review", entry->review, "witness", entry->witness));
}

static void json_all(void)
{
	for (size_t i = 0; i < info_parser_count; i++)
		json_parser(info_parsers[i]);
	for (size_t i = 0; i < fetch_loop_count; i++)
		put_json(json_pack("{s:s,s:s,s:s,s:s,s:s}", "loop", fetch_loops[i]->name, "summary",
				   fetch_loops[i]->summary, "trust",
				   promise_name(fetch_loops[i]->trust), "source",
				   source_name(fetch_loops[i]->source), "walk",
				   fetch_loops[i]->walk));
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		put_json(json_pack("{s:s,s:s,s:i,s:i}", "kind", info_kind_name(kind), "struct",
				   layout_infos[kind].uapi, "minsz", (int)layout_infos[kind].minsz,
				   "end", (int)layout_infos[kind].end));
	for (unsigned int rule = 1; rule < RULE_COUNT; rule++)
		put_json(json_pack("{s:s}", "rule", rule_name((enum rule)rule)));
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		put_json(json_pack("{s:s,s:b}", "note", note_name((enum note)note), "odd",
				   (NOTE_BIT(note) & NOTES_ODD) != 0));
	for (unsigned int relation = 1; relation < RELATIONS; relation++)
		put_json(json_pack("{s:s}", "relation", relation_name((enum relation)relation)));
	classes_say(true);
	for (size_t i = 0; i < layout_cap_count; i++)
		json_cap(&layout_caps[i]);
	for (size_t i = 0; i < ledger_count; i++)
		json_entry(&ledger_entries[i]);
}

int cmd_list(int argc, char **argv)
{
	struct list_options o = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.classes) {
		classes_say(o.json);
	} else if (o.fetch) {
		fetch_print_table(o.json);
	} else if (o.json) {
		json_all();
	} else {
		struct judge *const judge = judge_or_exit();

		print_all(judge);
		judge_free(judge);
	}
	return EXIT_FINE;
}
