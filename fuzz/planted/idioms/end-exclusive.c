/* SPDX-License-Identifier: MIT */
/*
 * Reads the last address of a range as the first behind it. Real: libblkio.
 */
#define PLANTED_ID	  end_exclusive
#define PLANTED_NAME	  "planted-end-exclusive"
#define PLANTED_SUMMARY	  "takes a range's inclusive end for an exclusive one"
#define READS		  INFO_ROW([INFO_IOMMU] = READS_ALL)
#define ELEMENT(value, i) PLANT(value, (value) - (i) % 2)
#include "../walker.h"
