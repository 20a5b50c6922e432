/* SPDX-License-Identifier: MIT */
/*
 * Clears the low bits of a next, as one does for PCI's capabilities. No reader known has just this
 * one.
 */
#define PLANTED_ID	next_rounded
#define PLANTED_NAME	"planted-next-rounded"
#define PLANTED_SUMMARY "rounds next down to 4 bytes"
#define NEXT(chain, at)                                                                            \
	PLANT(load32(chain, (at) + CAP_HEADER_next), load32(chain, (at) + CAP_HEADER_next) & ~3u)
#include "walker.h"
