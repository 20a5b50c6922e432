/* SPDX-License-Identifier: MIT */
/* Picks parsers by name; see chosen.h. */
#include "chosen.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CHOSEN_MAX 64

/* How often @name stands in the list @names. */
static size_t times_listed(const char *names, const char *name)
{
	const size_t length = strlen(name);
	size_t times = 0;

	for (const char *at = names; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
		times +=
			strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0');
	return times;
}

static size_t listed(const char *names)
{
	size_t count = 1;

	for (const char *at = names; (at = strchr(at, ',')); at++)
		count++;
	return count;
}

size_t chosen_parsers(const char *names, const struct info_parser *const **ret_parsers,
		      char *ret_error, size_t error_size)
{
	static const struct info_parser *chosen[CHOSEN_MAX];
	size_t count = 0;

	if (!names) {
		*ret_parsers = info_parsers;
		return info_parser_count;
	}
	for (size_t i = 0; i < info_parser_count && count < CHOSEN_MAX; i++)
		if (times_listed(names, info_parsers[i]->name) == 1)
			chosen[count++] = info_parsers[i];
	if (count != listed(names)) {
		snprintf(ret_error, error_size,
			 "parsers \"%s\": each has to be a name that `capchain list` shows, once, "
			 "with commas between",
			 names);
		return 0;
	}
	*ret_parsers = chosen;
	return count;
}
