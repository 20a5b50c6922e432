/* SPDX-License-Identifier: MIT */
/*
 * Planted fetch loops: the reference loop's way of asking, each with one bug that real loops have
 * had, in its one line marked so. They claim to be hardened, so that the target has to stop at
 * them; each has to be found by fuzzing, from an empty corpus. CAPCHAIN_PLANTED names the one that
 * the target planted_fetch judges beside the registered loops; `list` prints them all.
 * CAPCHAIN_MARKS is as for planted parsers (../planted/marks.h): the line with the bug marks what
 * becomes of it.
 *
 * fetch_test.c holds each to a conversation that shows it; scripts/fuzz/fetch_planted.py has libFuzzer
 * find it.
 */
#ifndef FUZZ_PLANTED_FETCH_LOOPS_FETCH_BUGS_H
#define FUZZ_PLANTED_FETCH_LOOPS_FETCH_BUGS_H

#include "../../fetch/fetch_judge.h"

extern const struct fetch_loop *const fetch_planted_loops[];
extern const size_t fetch_planted_count;

/* Marks the bug as detected where the judge blames its loop. */
void fetch_planted_watch(const struct judge *judge);

/*
 * The registered loops with the chosen one among them, sorted by name. Returns 0, or -1 with one
 * line in @ret_error; does not return where a list is asked for.
 */
int fetch_planted_open(const struct fetch_loop *const **ret_loops, size_t *ret_count,
		       char *ret_error, size_t error_size);

#endif
