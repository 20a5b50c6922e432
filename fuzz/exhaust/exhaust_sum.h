/* SPDX-License-Identifier: MIT */
/*
 * What a run found, and how it is counted and added up. A job keeps its sets and buckets in tables by their
 * keys; a sum keeps sets in such a table and buckets in a list, until it is sorted.
 */
#ifndef FUZZ_EXHAUST_EXHAUST_SUM_H
#define FUZZ_EXHAUST_EXHAUST_SUM_H

#include "../judge/judge.h"

/* Sets and buckets that a run can tell apart; each many times what a run has. */
#define EXHAUST_SETS_MAX    65536
#define EXHAUST_BUCKETS_MAX 4096

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
 * Counts what @judge found of the buffer with number @index, which stands for @same buffers. False where
 * there is no room for another set or bucket.
 */
bool exhaust_count(struct exhaust_result *result, const struct judge *judge, uint64_t index,
		   uint64_t same);

/* Adds what one job counted; false where there is no room. */
bool exhaust_add(struct exhaust_result *sum, const struct exhaust_result *from);

/* Puts a sum into the order that is stated above. */
void exhaust_sort(struct exhaust_result *sum);

#endif
