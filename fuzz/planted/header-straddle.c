/* SPDX-License-Identifier: MIT */
/*
 * Holds the first byte of a header to the bound, not its last one. Real: fpga_sio
 * (display_vfio_information.c), the CXL selftests: `off < argsz` and no more.
 */
#define PLANTED_ID	header_straddle
#define PLANTED_NAME	"planted-header-straddle"
#define PLANTED_SUMMARY "a header only has to start inside the bound"
#define HEADER_END(chain, at)                                                                      \
	PLANT((uint64_t)(at) + CAP_HEADER_SIZE,                                                    \
	      (uint64_t)(at) + CAP_HEADER_SIZE -                                                   \
		      (uint64_t)(CAP_HEADER_SIZE - 1) *                                            \
			      (uint64_t)(((at) < (chain)->bound) &                                 \
					 ((uint64_t)(at) + CAP_HEADER_SIZE > (chain)->bound)))
#include "walker.h"
