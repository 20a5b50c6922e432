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
#ifndef FUZZ_PLANTED_H
#define FUZZ_PLANTED_H

#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "../judge.h"

/**
 * struct planted_marks - how far a run got with its bug
 * @reached: how often the wrong line ran
 * @triggered: how often it gave another value than the right line would have
 * @detected: on how many buffers the judge blamed the bug's parser
 */
struct planted_marks {
	uint64_t reached;
	uint64_t triggered;
	uint64_t detected;
};

/* Every planted bug, sorted by name. */
extern const struct info_parser *const planted_bugs[];
extern const size_t planted_bug_count;

/* The marks of this process; one bug at a time. */
extern struct planted_marks *planted_marks;

/*
 * A bug's one wrong line: marks what happens, and is @wrong. Not instrumented, so that nothing of
 * @right guides an engine.
 */
uint64_t planted_choose(uint64_t right, uint64_t wrong);

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
