/* SPDX-License-Identifier: MIT */
/*
 * Known divergences: buckets in which a parser may break its promise. corpus/ledger.yaml is the
 * source; the build turns it into this table, so that a fuzz binary alone knows what is excused.
 */
#ifndef FUZZ_LEDGER_H
#define FUZZ_LEDGER_H

#include <stddef.h>

struct ledger_entry {
	const char *bucket; /* fnmatch(3) pattern */
	const char *reason;
	const char *source;
	const char *witness; /* file of the corpus that shows it */
};

extern const struct ledger_entry ledger_entries[];
extern const size_t ledger_count;

/* The first entry that matches @bucket, or NULL. */
const struct ledger_entry *ledger_find(const char *bucket);

#endif
