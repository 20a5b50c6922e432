/* SPDX-License-Identifier: MIT */
/* Looks up the ledger; the table itself is made from corpus/ledger.yaml. */
#include "ledger.h"

#include <fnmatch.h>

const struct ledger_entry *ledger_find(const char *bucket)
{
	for (size_t i = 0; i < ledger_count; i++)
		if (fnmatch(ledger_entries[i].bucket, bucket, 0) == 0)
			return &ledger_entries[i];
	return NULL;
}
