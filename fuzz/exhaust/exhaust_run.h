/* SPDX-License-Identifier: MIT */
/*
 * Judges a whole space of small chains and keeps what was found: how often each parser did what,
 * every set of verdicts and every broken promise with its smallest witness.
 *
 * Jobs are processes, each with a sandbox of its own, that share out the numbers of the space in a
 * fixed way; what they found is added up so that it is the same for any number of jobs. The calling
 * process must not have a sandbox open: its window would be one for all of them.
 */
#ifndef FUZZ_EXHAUST_EXHAUST_RUN_H
#define FUZZ_EXHAUST_EXHAUST_RUN_H

#include <stdio.h>

#include "exhaust.h"
#include "exhaust_sum.h"

#define EXHAUST_JOBS_MAX 64

/**
 * struct exhaust_options - what to run
 * @parsers, @count: as for judge_new()
 * @kind, @caps: the space
 * @jobs: 1 to EXHAUST_JOBS_MAX processes
 * @relate: which of the buffers that are judged are held to relations too
 * @whole: every buffer is judged; else, of those that differ where nobody reads, one (exhaust_cursor.h).
 *	What is found is the same, but for relations, which are held on what is judged
 * @progress: where a progress bar is drawn, or NULL
 */
struct exhaust_options {
	const struct info_parser *const *parsers;
	size_t count;
	enum info_kind kind;
	unsigned int caps;
	unsigned int jobs;
	enum relating relate;
	bool whole;
	FILE *progress;
};

/*
 * Runs a space. Returns 0 with a result for exhaust_result_free(); else an exit status with one
 * line in @ret_error: EXIT_ARENA without memory, 1 where a job died or where
 * there is more than a result can hold.
 */
int exhaust_run(const struct exhaust_options *options, struct exhaust_result **ret_result,
		char *ret_error, size_t error_size);
void exhaust_result_free(struct exhaust_result *result);

/*
 * Whether the run shows something, and all promises were kept or excused: no buffers show nothing.
 */
bool exhaust_is_clean(const struct exhaust_result *result);

#endif
