/* SPDX-License-Identifier: MIT */
/*
 * Guards its first three capabilities against a loop, as many as anybody had seen, and walks on
 * without. No reader known has just this one; tables of a fixed size are common (SPDK).
 */
#define PLANTED_ID	   loop_after_three
#define PLANTED_NAME	   "planted-loop-after-three"
#define PLANTED_SUMMARY	   "looks for loops among three capabilities only"
#define IS_LOOP(chain, at) PLANT(was_here(chain, at), was_here(chain, at) & ((chain)->taken <= 3))
#include "walker.h"
