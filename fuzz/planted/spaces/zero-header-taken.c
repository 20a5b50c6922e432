/* SPDX-License-Identifier: MIT */
/*
 * Tests it at the first header alone. Real: DPDK and Xen, which its next of 0 then ends.
 */
#define PLANTED_ID	 zero_header_taken
#define PLANTED_NAME	 "planted-zero-header-taken"
#define PLANTED_SUMMARY	 "takes a header of 0 behind others for a capability"
#define READS		 INFO_ROW([INFO_PCIE] = READS_ALL)
#define IS_ZERO(s, word) PLANT((word) == 0, (word) == 0 && (s)->taken == 0)
#include "space_walker.h"
