/* SPDX-License-Identifier: MIT */
/* Which kind a target is of; see kind.h. */
#include "kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../status.h"

/*
 * The one kind whose name is @text, or stands in it where @inside; INFO_KINDS where none or two do.
 */
static enum info_kind kind_in(const char *text, bool inside)
{
	enum info_kind found = INFO_KINDS;

	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++) {
		const char *const name = info_kind_name(kind);

		if (inside ? !strstr(text, name) : strcmp(text, name) != 0)
			continue;
		if (found != INFO_KINDS)
			return INFO_KINDS;
		found = kind;
	}
	return found;
}

enum info_kind own_kind(void)
{
	static enum info_kind kind = INFO_KINDS;
	const char *said;

	if (kind != INFO_KINDS)
		return kind;
	said = getenv("CAPCHAIN_KIND");
	kind = said ? kind_in(said, false) : kind_in(program_invocation_short_name, true);
	if (kind != INFO_KINDS)
		return kind;
	fprintf(stderr, "capchain: which kind? set CAPCHAIN_KIND, or name the program after it "
			"(fuzz_region_info): " LAYOUT_KIND_WORDS "\n");
	exit(EXIT_UNUSABLE);
}
