/* SPDX-License-Identifier: MIT */
/* Holds one walk to the reference: the table of classes, and the answers that odd notes allow. */
#ifndef FUZZ_JUDGE_COMPARE_H
#define FUZZ_JUDGE_COMPARE_H

#include "judge.h"

/*
 * Fills @judged's disagreement, policy and after_match from its walk, its spec and what its parser
 * declares to deliver for @kind.
 */
void compare(enum info_kind kind, struct judged *judged);

#endif
