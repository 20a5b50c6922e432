/* SPDX-License-Identifier: MIT */
/*
 * Puts the parser `capchain_parser` of an adapter into the table, in the order of names, before
 * main(). What does not keep the contract is refused here, in one line and with status 2: from then
 * on it is a parser like any other, but that its faults break its promise on every buffer.
 *
 * Environment:
 *
 *	CAPCHAIN_ALLOW	faults: where it promises to be trusting, its faults on what is not plain are
 *			shown, and break nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sandbox/sandbox.h"
#include "../judge/own.h"
#include "name.h"

#define UNUSABLE 2

extern const struct own_facts own_facts __attribute__((weak));
extern const struct fetch_loop capchain_loop __attribute__((weak));

/* What joins the tables: the adapter's. */
static struct info_parser entry;
static struct fetch_loop loop;

static _Noreturn void refuse(const char *what)
{
	fprintf(stderr, "capchain: capchain_parser: %s; parsers/parser.h is the contract\n", what);
	_exit(UNUSABLE);
}

static _Noreturn void refuse_loop(const char *what)
{
	fprintf(stderr, "capchain: capchain_loop: %s; parsers/fetch_loop.h is the contract\n",
		what);
	_exit(UNUSABLE);
}

static bool reads_something(const struct info_parser *parser)
{
	uint64_t ids = 0;

	for (size_t kind = 0; kind < INFO_KINDS; kind++)
		ids |= parser->reads[kind].ids;
	return ids != 0;
}

static bool has_styles(const struct info_parser *parser)
{
	for (size_t kind = 0; kind < INFO_KINDS; kind++) {
		const struct info_reads *const reads = &parser->reads[kind];

		/* Lookups are counted by their ids, so those have to be named. */
		if (reads->style >= INFO_STYLES ||
		    (reads->style == INFO_LOOKUP && reads->ids == INFO_ALL_IDS))
			return false;
	}
	return true;
}

static void hold_to_contract(const struct info_parser *parser)
{
	if (!parser->name || !own_is_name(parser->name))
		refuse(OWN_NAME_WORDS);
	if (!parser->summary || !parser->summary[0] || strchr(parser->summary, '\n'))
		refuse("its .summary is one line");
	if (parser->trust >= INFO_TRUSTS || parser->source >= INFO_SOURCES)
		refuse("its .trust or .source is none there is");
	if (parser->fixed_size > INFO_LEN_MAX)
		refuse("its .fixed_size is above 65536");
	if (!has_styles(parser))
		refuse("a .style is INFO_LIST, INFO_OUTCOME, or INFO_LOOKUP with the .ids it looks up");
	if (!reads_something(parser))
		refuse("no kind has .ids in .reads, so it reads nothing");
	if (!parser->read)
		refuse("it has no .read");
}

/* Its loop asks for what its parser reads. */
static void enter_loop(const struct fetch_loop *given)
{
	uint32_t reads = 0;

	for (unsigned int kind = 0; kind < INFO_IOCTL_KINDS; kind++)
		if (entry.reads[kind].ids)
			reads |= UINT32_C(1) << kind;
	if (!given->run)
		refuse_loop("it has no .run");
	if (!given->kinds || given->kinds & ~reads)
		refuse_loop(
			"its .kinds are bits of kinds that capchain_parser's .reads has, one at least");
	loop = (struct fetch_loop){
		.name = entry.name,
		.summary = entry.summary,
		.trust = entry.trust,
		.source = entry.source,
		.walk = entry.name,
		.kinds = given->kinds,
		.run = given->run,
	};
	own_loop = &loop;
}

/* What CAPCHAIN_ALLOW asks for. */
static void allow(const char *what)
{
	const char *why;

	if (!what || !what[0])
		return;
	why = strcmp(what, "faults") ? "what is allowed is `faults` or nothing"
				     : own_allow_faults();
	if (!why)
		return;
	fprintf(stderr, "capchain: %s\n", why);
	_exit(UNUSABLE);
}

/* Runs before AFL++'s constructor, which opens the judge. */
static __attribute__((constructor(101))) void enter(void)
{
	const struct info_parser **const table = calloc(info_parser_count + 1, sizeof(*table));
	size_t at = 0;

	hold_to_contract(&capchain_parser);
	if (!table)
		refuse("out of memory");
	entry = capchain_parser;
	while (at < info_parser_count && strcmp(info_parsers[at]->name, entry.name) < 0)
		at++;
	if (at < info_parser_count && strcmp(info_parsers[at]->name, entry.name) == 0)
		refuse("its .name is taken by a parser of capchain's own");
	memcpy(table, info_parsers, at * sizeof(*table));
	table[at] = &entry;
	memcpy(table + at + 1, info_parsers + at, (info_parser_count - at) * sizeof(*table));
	info_parsers = table;
	info_parser_count++;
	own_parser = &entry;
	if (&capchain_loop)
		enter_loop(&capchain_loop);
	/* Until the judge knows whether it has hooks, in a child. */
	sandbox_is_own(&entry, false);
	own_known = &own_facts;
	allow(getenv(OWN_ALLOW));
}
