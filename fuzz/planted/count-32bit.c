/* SPDX-License-Identifier: MIT */
/*
 * Computes where the payload ends in 32 bits, so that a huge count wraps to an end inside the
 * bound. Real: rust-vmm vfio-user client (nr_areas * 16, PR 172), crosvm region info.
 */
#define PLANTED_ID	count_32bit
#define PLANTED_NAME	"planted-count-32bit"
#define PLANTED_SUMMARY "count times size wraps at 2^32"
#define PAYLOAD_END(chain, at, fixed, count, size)                                                 \
	PLANT((uint64_t)(at) + (fixed) + (uint64_t)(count) * (size),                               \
	      (uint32_t)((at) + (fixed) + (count) * (size)))
#include "walker.h"
