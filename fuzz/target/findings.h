/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz run leaves behind: one smallest witness for each set of verdicts, the input that
 * broke a promise, and running counts of what every parser did.
 *
 * Everything is in files at the moment it happens: a run that is killed has lost nothing. A witness
 * appears whole or not at all, and only ever shrinks, also with several runs on one folder. Where
 * the folder cannot be written, one line says so and the run goes on; fuzz.py ends with status 5.
 *
 *	DIR/sets/KIND-SIGNATURE		smallest input with that set of verdicts
 *	DIR/broken/KIND-BUCKET		input that broke a promise, `:` as `_`
 *	DIR/buckets/KIND-BUCKET		the same of a run that goes on: of every bucket
 *	DIR/counts/KIND-PID		struct findings_counts, in host order: one of each process that was started,
 *					and of all that it starts in turn, as libFuzzer's -fork=N does
 */
#ifndef FUZZ_TARGET_FINDINGS_H
#define FUZZ_TARGET_FINDINGS_H

#include "counts.h"

/*
 * Starts keeping findings of @kind (INFO_KINDS: of conversations) under @dir, which is made; NULL
 * keeps the counts in memory only. Returns 0, or -1 with one line in @ret_error.
 */
int findings_open(const char *dir, enum info_kind kind, const struct judge *judge, char *ret_error,
		  size_t error_size);

/*
 * Counts what @judge found, and keeps its buffer if it is the smallest of its set of verdicts, which
 * has @signature. A parser that does not read the kind abstains uncounted.
 */
void findings_keep(const struct judge *judge, uint64_t signature);

/*
 * For a run that goes on, under `make fuzz PARSER=` alone: counts the buckets of the parser that
 * joined, and those in which any other breaks a promise, and keeps the smallest witness of each.
 */
void findings_go_on(const struct judge *judge);

/* Keeps the buffer that broke @broken's promise, names the bucket for every engine, and aborts. */
_Noreturn void findings_stop(const struct judge *judge, const struct judged *broken);

/* How many findings could not be kept. */
uint64_t findings_lost(void);

/*
 * Writes @len bytes to @path: whole, under its name only when complete. A device or a pipe, and a
 * descriptor of ours that it names (/dev/stdout), is written to; a link to a file is replaced.
 * Returns 0 or -errno, with nothing left behind.
 */
int findings_write(const char *path, const void *bytes, size_t len);

#endif
