/* SPDX-License-Identifier: MIT */
/*
 * Counts capabilities instead of remembering them, and allows as many as headers fit behind the
 * fixed struct: an odd chain, of headers that overlap, may have more. Real: Linux' selftests/vfio.
 */
#define PLANTED_ID	depth_by_length
#define PLANTED_NAME	"planted-depth-by-length"
#define PLANTED_SUMMARY "takes a chain of more headers than fit side by side for a loop"
#define IS_LOOP(chain, at)                                                                         \
	PLANT(was_here(chain, at),                                                                 \
	      (chain)->taken >= ((chain)->bound - (chain)->layout->end) / CAP_HEADER_SIZE)
#include "walker.h"
