/* SPDX-License-Identifier: MIT */
/*
 * Whether a parser from outside can walk in this process. One that has load hooks does, until it once calls
 * what ends, blocks or changes a process, or is in one walk for seconds: such a walk is left, and walked
 * anew in a child.
 */
#ifndef FUZZ_SANDBOX_PROCESS_H
#define FUZZ_SANDBOX_PROCESS_H

#include <stdbool.h>

/* Set where the last walk of a parser from outside was left for that. */
extern volatile bool process_moves;

/* Before such a walk in this process: from here on one that stays too long is left. */
void process_watch(void);

#endif
