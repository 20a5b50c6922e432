/* SPDX-License-Identifier: MIT */
/*
 * Holds the number of elements in 8 bits. Real: QEMU util/vfio-helpers.c (uint8_t nb_iova_ranges).
 */
#define PLANTED_ID	count_8bit
#define PLANTED_NAME	"planted-count-8bit"
#define PLANTED_SUMMARY "holds a count in 8 bits"
#define COUNT(chain, at)                                                                           \
	PLANT(load32(chain, (at) + CAP_COUNT_AT), load8(chain, (at) + CAP_COUNT_AT))
#include "walker.h"
