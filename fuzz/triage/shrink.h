/* SPDX-License-Identifier: MIT */
/*
 * The smallest input that still shows something, by steps on the chain and then on bytes.
 *
 * What is smaller: fewer bytes; of as many, fewer capabilities that can be reached; then fewer
 * fields that are not plain (argsz is len, flags are CAPS alone, a next is the capability behind
 * it, version 1, a count of the elements that are there, everything else 0, capabilities packed as
 * kernels pack them); then lower values, field by field; then fewer bytes that are not 0; then
 * lower bytes. Every step that is taken makes it smaller, so it ends, and the result is one that no
 * single step of shrink_steps.c or shrink_values.c makes smaller while what is to be kept is there.
 * The same input gives the same result, and the result gives itself. No clock takes part.
 *
 * It knows nothing of the judge: what is to be kept is the caller's. shrink_goal.h has the usual
 * ones.
 */
#ifndef FUZZ_TRIAGE_SHRINK_H
#define FUZZ_TRIAGE_SHRINK_H

#include "shrink_try.h"

/* Buffers that one run judges at most. */
#define SHRINK_CALLS_MAX 100000

/* @calls: how often it was asked; @minimal: false where that was as often as it may be. */
struct shrink_result {
	size_t calls;
	bool minimal;
};

/*
 * Shrinks the *@len bytes (0 to INFO_LEN_MAX) at @bytes, of @kind, in place; @keeps has to hold of
 * them, and is asked at most @calls_max times. Returns 0 or -ENOMEM; whatever it returns, @keeps
 * holds of *@len bytes at @bytes.
 */
int shrink(uint8_t *bytes, size_t *len, enum info_kind kind, shrink_keeps *keeps, void *context,
	   size_t calls_max, struct shrink_result *ret_result);

#endif
