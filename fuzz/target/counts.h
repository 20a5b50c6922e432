/* SPDX-License-Identifier: MIT */
/*
 * Running counts of what every parser did, in a file of the folder of findings, so that they outlive the
 * process however it ends.
 *
 * A process that an engine starts anew from this one, as libFuzzer's -fork, -jobs and -merge do hundreds of
 * times, counts in the file of this one: the environment names it.
 *
 *	CAPCHAIN_COUNTS		set for those; not for anybody else
 */
#ifndef FUZZ_TARGET_COUNTS_H
#define FUZZ_TARGET_COUNTS_H

#include "../judge/judged.h"

#define FINDINGS_MAGIC	     UINT64_C(0x32746e7563706163)
#define FINDINGS_NAME_MAX    32
/* Buckets that a run which goes on tells apart; what comes after those is counted in the last. */
#define FINDINGS_BUCKETS_MAX 512

struct findings_counts {
	uint64_t magic;
	uint64_t parsers;
	uint64_t walked; /* buffers judged, truncations included */
	uint64_t sets;	 /* distinct sets of verdicts, of each process that counted */
	uint64_t failed; /* witnesses that could not be kept, once for each buffer */
	uint64_t classes[BUFFER_CLASSES];
	struct {
		char name[FINDINGS_NAME_MAX];
		uint64_t verdicts[VERDICTS];
		uint64_t disagreements[DISAGREEMENTS];
		uint64_t skipped;
	} of[INFO_PARSERS_MAX];
	/* Of a run that goes on. A free row has no name. */
	struct findings_bucket {
		char name[BUCKET_MAX];
		uint64_t times;
		uint64_t size;	 /* of its smallest witness, plus one; 0: none is kept yet */
		uint64_t breaks; /* whether it breaks a promise that the ledger does not excuse */
	} buckets[FINDINGS_BUCKETS_MAX];
};

extern struct findings_counts *counts_kept;

/*
 * Backs the counts of @kind with DIR/counts/KIND-PID, or with that of who started this process. @judge has
 * what is counted. Returns 0, or -1 with one line in @ret_error.
 */
int counts_open(const char *dir, const char *kind, const struct judge *judge, char *ret_error,
		size_t error_size);

/* Names the parsers of @judge in counts that are of this process. */
void counts_name(const struct judge *judge);

/* Adds @n to one of the counts. */
void counts_add(uint64_t *to, uint64_t n);

/* Counts the walks of @judge. */
void counts_walks(const struct judge *judge);

/* The row of @bucket: rows are taken in turn from where its hash is, and the last has the rest. */
struct findings_bucket *counts_bucket(const char *bucket);

#endif
