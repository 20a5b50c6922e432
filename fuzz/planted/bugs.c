/* SPDX-License-Identifier: MIT */
/* Chooses a planted bug, and sees when it is blamed; see bugs.h. */
#include "bugs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "bug_list.h"

#define BUG(name) extern const struct info_parser planted_##name##_parser;
PLANTED_BUGS(BUG)
#undef BUG

const struct info_parser *const planted_bugs[] = {
#define BUG(name) &planted_##name##_parser,
	PLANTED_BUGS(BUG)
#undef BUG
};
const size_t planted_bug_count = sizeof(planted_bugs) / sizeof(planted_bugs[0]);

static const struct info_parser *chosen;

static _Noreturn void print_list(void)
{
	for (size_t i = 0; i < planted_bug_count; i++) {
		printf("%s", planted_bugs[i]->name);
		for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
			if (planted_bugs[i]->reads[kind].ids)
				printf(" %s", info_kind_name(kind));
		printf(": %s\n", planted_bugs[i]->summary);
	}
	exit(fflush(stdout) ? 5 : 0);
}

static const struct info_parser *find(const char *name)
{
	for (size_t i = 0; i < planted_bug_count; i++)
		if (strcmp(planted_bugs[i]->name, name) == 0)
			return planted_bugs[i];
	return NULL;
}

int planted_open(const struct info_parser *const **ret_parsers, size_t *ret_count, char *ret_error,
		 size_t error_size)
{
	const char *const name = getenv("CAPCHAIN_PLANTED");
	/* Kept, so that no leak check takes it for lost. */
	static const struct info_parser **parsers;
	size_t at = 0;

	if (name && strcmp(name, "list") == 0)
		print_list();
	if (name && planted_fault(name) == 0) {
		fprintf(stderr, "capchain: nothing saw the fault planted for %s\n", name);
		exit(1);
	}
	chosen = name ? find(name) : NULL;
	if (!chosen) {
		snprintf(
			ret_error, error_size,
			"which planted bug? set CAPCHAIN_PLANTED to one that `CAPCHAIN_PLANTED=list` "
			"prints");
		return -1;
	}
	if (planted_marks_open(ret_error, error_size))
		return -1;
	if (!parsers)
		parsers = calloc(info_parser_count + 1, sizeof(*parsers));
	if (!parsers) {
		snprintf(ret_error, error_size, "out of memory");
		return -1;
	}
	while (at < info_parser_count && strcmp(info_parsers[at]->name, name) < 0)
		at++;
	memcpy(parsers, info_parsers, at * sizeof(*parsers));
	parsers[at] = chosen;
	memcpy(parsers + at + 1, info_parsers + at, (info_parser_count - at) * sizeof(*parsers));
	*ret_parsers = parsers;
	*ret_count = info_parser_count + 1;
	return 0;
}

void planted_watch(const struct judge *judge)
{
	for (size_t i = 0; i < judge->count; i++)
		if (judge->judged[i].parser == chosen)
			planted_marks->detected += judged_breaks(&judge->judged[i]);
}
