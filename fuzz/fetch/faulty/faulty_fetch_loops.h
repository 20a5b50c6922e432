/* SPDX-License-Identifier: MIT */
/*
 * For the test of the rules: for each rule a loop that breaks it, and the script that shows it.
 * They are built as loops are, with hooks.
 */
#ifndef FUZZ_FETCH_FAULTY_FAULTY_FETCH_LOOPS_H
#define FUZZ_FETCH_FAULTY_FAULTY_FETCH_LOOPS_H

#include "../host.h"

#define FETCH_FAULTY_PLAIN NULL

extern const struct fetch_faulty {
	enum fetch_rule rule;
	const char *script; /* name of a column of the table, or a plain conversation */
	struct fetch_loop loop;
} fetch_faulty[];
extern const size_t fetch_faulty_count;

#endif
