/* SPDX-License-Identifier: MIT */
/*
 * A read that failed gives ones, which are an id of ff. Real: SPDK, crosvm and libpciaccess do
 * not test them.
 */
#define PLANTED_ID	 ones_taken
#define PLANTED_NAME	 "planted-ones-taken"
#define PLANTED_SUMMARY	 "takes a header of all ones for a capability"
#define IS_ONES(s, word) PLANT(ONES(s, word), 0)
#include "space_walker.h"
