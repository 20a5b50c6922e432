/* SPDX-License-Identifier: MIT */
/* The steps of a shrink. */
#ifndef FUZZ_TRIAGE_SHRINK_STEPS_H
#define FUZZ_TRIAGE_SHRINK_STEPS_H

#include "shrink_try.h"

/* Steps that change values, tried wherever they can be: whether one was taken. */
bool shrink_fields(struct shrinking *s);
bool shrink_zero_bytes(struct shrinking *s);
bool shrink_lower_bytes(struct shrinking *s);

/*
 * Every step there is, each tried wherever it can be; true where one was taken. The order is that
 * of the issue: structure, then fields, then bytes.
 */
bool shrink_all_steps(struct shrinking *s);

#endif
