/* SPDX-License-Identifier: MIT */
/*
 * Holds a count in an int, so that a loop over a huge one never runs. Real: QEMU's and rdma-core's
 * `for (int i = 0; i < nr_iovas; i++)`.
 */
#define PLANTED_ID	count_signed
#define PLANTED_NAME	"planted-count-signed"
#define PLANTED_SUMMARY "a count above 2^31 is none"
#define COUNT(chain, at)                                                                           \
	PLANT(load32(chain, (at) + CAP_COUNT_AT),                                                  \
	      load32(chain, (at) + CAP_COUNT_AT) *                                                 \
		      ((int32_t)load32(chain, (at) + CAP_COUNT_AT) >= 0))
#include "walker.h"
