/* SPDX-License-Identifier: MIT */
/*
 * Sees a header that names itself, and no longer loop. Real: the iommufd selftest, whose only guard
 * compares a next with the header that holds it; most readers have none at all.
 */
#define PLANTED_ID	   two_step_loop
#define PLANTED_NAME	   "planted-two-step-loop"
#define PLANTED_SUMMARY	   "a loop is a next that names its own header"
#define IS_LOOP(chain, at) PLANT(was_here(chain, at), (at) == (chain)->from)
#include "walker.h"
