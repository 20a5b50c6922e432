/* SPDX-License-Identifier: MIT */
/* Looks up the ledger; the table itself is made from corpus/ledger.yaml. */
#include "ledger.h"

#include <fnmatch.h>
#include <stdio.h>

#include "../../parsers/layout.h"
#include "rules.h"

const struct ledger_entry *ledger_find(const char *bucket, enum info_kind kind, uint32_t notes)
{
	for (size_t i = 0; i < ledger_count; i++) {
		const struct ledger_entry *const entry = &ledger_entries[i];

		if ((!entry->kinds || entry->kinds & 1u << kind) &&
		    (entry->notes & notes) == entry->notes &&
		    fnmatch(entry->bucket, bucket, 0) == 0)
			return entry;
	}
	return NULL;
}

void ledger_suggest(const char *bucket, enum info_kind kind, uint32_t notes, const char *witness,
		    char ret_text[LEDGER_TEXT_MAX])
{
	char listed[512] = "";
	size_t used = 0;

	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (notes & NOTE_BIT(note))
			used += (size_t)snprintf(listed + used, sizeof(listed) - used, "%s%s",
						 used ? ", " : "", note_name((enum note)note));
	snprintf(
		ret_text, LEDGER_TEXT_MAX,
		"- bucket: %s\n"
		"  kind: %s\n"
		"%s%s%s"
		"  reason: \"\"    # why the parser may do this\n"
		"  source: \"\"    # the file that shows it\n"
		"  versions: \"\"  # of the program, that it holds for\n"
		"  upstream: none  # or where it was reported\n"
		"  review: \"\"    # the day by which to look again, YYYY-MM-DD\n"
		"  witness: %s\n",
		bucket, info_kind_name(kind), used ? "  notes: [" : "", listed,
		used ? "]    # holds where a buffer has all of these; drop those that do not matter\n"
		     : "",
		witness);
}
