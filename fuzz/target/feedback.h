/* SPDX-License-Identifier: MIT */
/*
 * What the judge found, as coverage: an input is also interesting because the parsers' verdicts on
 * it are a set that was not there before, or because one of them answers a cause as it never did.
 * Without it engines see the branches of hardened parsers and of the reference alone; trusting ones
 * are not instrumented, and where two parsers part no branch of either need be new.
 *
 * Two kinds of outcomes, each a number: the set of verdicts, and the (verdict, cause) of each
 * reader. libFuzzer gets them as extra counters, AFL++ as edges of its own (FEEDBACK_GUARDS). The
 * same buffer has the same outcomes on every run; libFuzzer is told of one only where it is new to
 * the process, or the buffer shorter than all that had it, since it would do nothing with others.
 * feedback_test.py proves that both engines listen; when it fails, the compiler has dropped the
 * stores or the engine does not know of the counters.
 */
#ifndef FUZZ_TARGET_FEEDBACK_H
#define FUZZ_TARGET_FEEDBACK_H

#include "../judge/judged.h"

/* Tells the engine what @judge found of the buffer that the engine made; its judge_signature(). */
void feedback_give(const struct judge *judge, uint64_t signature);

#endif
