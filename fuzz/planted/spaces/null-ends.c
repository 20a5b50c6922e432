/* SPDX-License-Identifier: MIT */
/*
 * The Null capability is an entry. Real: lshw.
 */
#define PLANTED_ID	 null_ends
#define PLANTED_NAME	 "planted-null-ends"
#define PLANTED_SUMMARY	 "ends at an id of 0"
#define READS		 INFO_ROW([INFO_PCI] = READS_ALL)
#define IS_ZERO(s, word) PLANT(0, ID_OF(s, word) == 0)
#include "space_walker.h"
