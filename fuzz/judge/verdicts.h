/* SPDX-License-Identifier: MIT */
/* The verdicts of a buffer as one line, the same on every build and engine; and what a build sees.
 */
#ifndef FUZZ_JUDGE_VERDICTS_H
#define FUZZ_JUDGE_VERDICTS_H

#include <stdio.h>

#include "judged.h"

/*
 * Prints one line: a hash of the bytes, kind, len, the reference's verdict and reason, then for
 * every parser name:verdict:reason:class. No offsets, no load counts.
 */
void verdicts_print(FILE *file, const struct judge *judge);

/* Room for the line of oracles, with a reason for each that is not there. */
#define ORACLES_SIZE 1024

/* "load hooks in 4 of 4 parsers, arena, canaries, AddressSanitizer": the oracles active here. */
void verdicts_oracles(const struct judge *judge, char *ret_text, size_t size);

#endif
