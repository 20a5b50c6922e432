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
#include "../judge/judge.h"

#define EXHAUST_JOBS_MAX 64

/* Sets and buckets that a run can tell apart; each many times what a run has. */
#define EXHAUST_SETS_MAX    65536
#define EXHAUST_BUCKETS_MAX 4096

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

/* Buffers that have something in common, and the smallest: of the shortest the lowest number. */
struct exhaust_group {
	uint64_t buffers;
	uint64_t index;
	uint32_t len;
};

struct exhaust_set {
	uint64_t signature;
	struct exhaust_group group;
};

/* A broken promise, and whether the ledger excuses it. */
struct exhaust_bucket {
	uint64_t key;
	struct exhaust_group group;
	uint32_t notes; /* of the smallest */
	bool excused;
	char name[BUCKET_MAX];
};

struct exhaust_parser {
	uint64_t disagreements[DISAGREEMENTS];
	uint64_t policies; /* of those that agree */
	uint64_t unstable;
	uint64_t skipped;
	uint64_t abstained; /* those that were skipped too */
};

/**
 * struct exhaust_result - what a run found
 * @buffers: how many there are: all of the space
 * @judged: how many of them were judged; the others differ from one of these where nobody reads
 * @classes: of them, by what the reference says
 * @related: changed copies walked, by relation
 * @parsers: in the order of the options; one that does not read the kind has zeros
 * @sets, @nsets: every set of verdicts, the shortest witness first
 * @buckets, @nbuckets: every broken promise, in the order of their names
 * @seconds: how long it took; no part of any verdict
 */
struct exhaust_result {
	uint64_t buffers;
	uint64_t judged;
	uint64_t classes[BUFFER_CLASSES];
	uint64_t related[RELATIONS];
	struct exhaust_parser parsers[INFO_PARSERS_MAX];
	struct exhaust_set sets[EXHAUST_SETS_MAX];
	size_t nsets;
	struct exhaust_bucket buckets[EXHAUST_BUCKETS_MAX];
	size_t nbuckets;
	double seconds;
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
