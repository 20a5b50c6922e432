/* SPDX-License-Identifier: MIT */
/*
 * Holds a count in an int, so that a loop over a huge one never runs. Real: QEMU's and rdma-core's
 * `for (int i = 0; i < nr_iovas; i++)`.
 */
#define PLANTED_ID	count_signed
#define PLANTED_NAME	"planted-count-signed"
#define PLANTED_SUMMARY "a count above 2^31 is none"
#define PAYLOAD_END(chain, at, fixed, count, size)                                                 \
	PLANT((uint64_t)(at) + (fixed) + (uint64_t)(count) * (size),                               \
	      (uint64_t)(at) + (fixed) +                                                           \
		      (uint64_t)((count) & ~(uint32_t)((int32_t)(count) >> 31)) * (size))
#include "walker.h"
