/* SPDX-License-Identifier: MIT */
/*
 * So the list of an assigned function whose first capability is hidden is empty. Real: a reader
 * that tests the id and not the word.
 */
#define PLANTED_ID	 null_header_ends
#define PLANTED_NAME	 "planted-null-header-ends"
#define PLANTED_SUMMARY	 "ends at an extended id of 0 that has a next"
#define READS		 INFO_ROW([INFO_PCIE] = READS_ALL)
#define IS_ZERO(s, word) PLANT((word) == 0, ID_OF(s, word) == 0)
#include "space_walker.h"
