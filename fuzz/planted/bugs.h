/* SPDX-License-Identifier: MIT */
/*
 * Planted bugs: parsers that claim to be hardened, each with exactly one real bug put back. A fuzz
 * run that does not find one has shown nothing about the parsers that it did not fault.
 *
 * They are linked into the planted targets alone (build/CONFIG/planted_KIND_info), never into a
 * fuzz target, the command or a unit test of another thing. A planted target runs every registered
 * parser and one bug, chosen by its environment:
 *
 *	CAPCHAIN_PLANTED	name of the bug; `list` prints all with their kinds; `asan`, `ubsan`
 *				and `msan` commit a fault that only that sanitizer sees
 *	CAPCHAIN_MARKS		file for struct planted_marks; without it they are kept in memory
 */
#ifndef FUZZ_PLANTED_BUGS_H
#define FUZZ_PLANTED_BUGS_H

#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "../judge/judge.h"
#include "marks.h"

/* Every planted bug, sorted by name. */
extern const struct info_parser *const planted_bugs[];
extern const size_t planted_bug_count;

/*
 * The registered parsers with the chosen bug among them, sorted by name. Returns 0, or -1 with one
 * line in @ret_error; does not return where the environment asks for a list or a sanitizer's fault.
 */
int planted_open(const struct info_parser *const **ret_parsers, size_t *ret_count, char *ret_error,
		 size_t error_size);

/* Marks the bug as detected where the judge blames its parser. */
void planted_watch(const struct judge *judge);

/*
 * Commits the fault that sanitizer @name should see. Returns 0 where nothing stopped it, -1 where
 * there is no such name.
 */
int planted_fault(const char *name);

#endif
