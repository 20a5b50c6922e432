/* SPDX-License-Identifier: MIT */
/*
 * Known divergences: buckets in which a parser may break its promise. corpus/ledger.yaml is the
 * source; the build turns it into this table, so that a fuzz binary alone knows what is excused.
 */
#ifndef FUZZ_JUDGE_LEDGER_H
#define FUZZ_JUDGE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"

/**
 * struct ledger_entry - one known divergence
 * @bucket: fnmatch(3) pattern of buckets
 * @kinds: 1 << kind of each INFO struct that it is about, also as the reply of a conversation; 0:
 *	any
 * @notes: NOTE_BIT()s that a buffer must all have; 0: any buffer
 * @reason: why the parser may do this
 * @source: the file that shows it
 * @versions: the versions of the program that it holds for
 * @upstream: where it was reported or is discussed, or "none"
 * @review: the day by which to look again, YYYY-MM-DD
 * @witness: file of the corpus that shows it
 */
struct ledger_entry {
	const char *bucket;
	uint32_t kinds;
	uint32_t notes;
	const char *reason;
	const char *source;
	const char *versions;
	const char *upstream;
	const char *review;
	const char *witness;
};

extern const struct ledger_entry ledger_entries[];
extern const size_t ledger_count;

/* The first entry that excuses @bucket on a buffer of @kind with @notes, or NULL. */
const struct ledger_entry *ledger_find(const char *bucket, enum info_kind kind, uint32_t notes);

/* Long enough for the entry of any bucket and a witness of ordinary length. */
#define LEDGER_TEXT_MAX 1536

/*
 * The entry to add for @bucket on a buffer of @kind with @notes, ready to paste, shown by @witness
 * (a path below corpus/). What only its author knows is left empty, and scripts/gen/ledger.py refuses
 * it so.
 */
void ledger_suggest(const char *bucket, enum info_kind kind, uint32_t notes, const char *witness,
		    char ret_text[LEDGER_TEXT_MAX]);

#endif
