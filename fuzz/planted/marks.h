/* SPDX-License-Identifier: MIT */
/*
 * How far a run got with its planted bug: kept in memory, or in the file that CAPCHAIN_MARKS names.
 * Parsers (bugs.h) and fetch loops (fetch_loops/fetch_bugs.h) mark by the same calls.
 */
#ifndef FUZZ_PLANTED_MARKS_H
#define FUZZ_PLANTED_MARKS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct planted_marks - three counts
 * @reached: how often the wrong line ran
 * @triggered: how often it gave another value than the right line would have
 * @detected: on how many inputs the judge blamed the bug's parser or loop
 */
struct planted_marks {
	uint64_t reached;
	uint64_t triggered;
	uint64_t detected;
};

/* The marks of this process; one bug at a time. */
extern struct planted_marks *planted_marks;

/*
 * A bug's one wrong line: marks what happens, and is @wrong. Not instrumented, so that nothing of
 * @right guides an engine.
 */
uint64_t planted_choose(uint64_t right, uint64_t wrong);

/*
 * Keeps the marks in the file that the environment names, if it does, so that they outlive the
 * process however it ends; they add up. Returns 0, or -1 with one line in @ret_error.
 */
int planted_marks_open(char *ret_error, size_t error_size);

#endif
