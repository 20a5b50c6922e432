/* SPDX-License-Identifier: MIT */
/*
 * Puts programs' own readers into the table, in the order of names, before main(). scripts/real/ makes the
 * table of them.
 */
#include "../judge/held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../judge/own.h"
#include "../status.h"
#include "name.h"

extern const struct held real_readers[];
extern const size_t real_reader_count;
extern const struct own_facts real_facts;

static _Noreturn void refuse(const char *name, const char *what)
{
	fprintf(stderr, "capchain: %s: %s\n", name, what);
	_exit(EXIT_UNUSABLE);
}

static void join(const struct info_parser **table, size_t count, const struct info_parser *reader)
{
	size_t at = 0;

	if (!own_is_name(reader->name))
		refuse(reader->name, OWN_NAME_WORDS);
	while (at < count && strcmp(table[at]->name, reader->name) < 0)
		at++;
	if (at < count && strcmp(table[at]->name, reader->name) == 0)
		refuse(reader->name, "two readers have this name");
	memmove(table + at + 1, table + at, (count - at) * sizeof(table[0]));
	table[at] = reader;
}

/* Runs before AFL++'s constructor, which opens the judge. */
static __attribute__((constructor(101))) void enter(void)
{
	const size_t all = info_parser_count + real_reader_count;
	const struct info_parser **const table = calloc(all, sizeof(*table));

	if (!table)
		refuse("readers", "out of memory");
	memcpy(table, info_parsers, info_parser_count * sizeof(*table));
	for (size_t i = 0; i < real_reader_count; i++)
		join(table, info_parser_count + i, real_readers[i].reader);
	info_parsers = table;
	info_parser_count = all;
	held_readers = real_readers;
	held_count = real_reader_count;
	own_known = &real_facts;
}
