/* SPDX-License-Identifier: MIT */
/*
 * Results of exhaust_run.h while they are counted. A job keeps its sets and buckets in tables by their
 * keys; a sum keeps sets in such a table and buckets in a list, until it is sorted.
 */
#ifndef FUZZ_EXHAUST_EXHAUST_SUM_H
#define FUZZ_EXHAUST_EXHAUST_SUM_H

#include "exhaust_run.h"

/*
 * Counts what @judge found of the buffer with number @index, which stands for @same buffers. False where
 * there is no room for another set or bucket.
 */
bool exhaust_count(struct exhaust_result *result, const struct judge *judge, uint64_t index,
		   uint64_t same);

/* Adds what one job counted; false where there is no room. */
bool exhaust_add(struct exhaust_result *sum, const struct exhaust_result *from);

/* Puts a sum into the order that exhaust_run.h states. */
void exhaust_sort(struct exhaust_result *sum);

#endif
