/* SPDX-License-Identifier: MIT */
/*
 * Adds up where a header ends in 32 bits, so that one at the end of them ends inside. Real: crosvm's
 * region reader, whose overflow checks make a panic of it.
 */
#define PLANTED_ID	header_end_32bit
#define PLANTED_NAME	"planted-header-end-32bit"
#define PLANTED_SUMMARY "adds up the end of a header in 32 bits"
#define HEADER_END(chain, at)                                                                      \
	PLANT((uint64_t)(at) + CAP_HEADER_SIZE, (uint32_t)((at) + CAP_HEADER_SIZE))
#include "walker.h"
