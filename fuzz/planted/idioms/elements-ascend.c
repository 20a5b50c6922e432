/* SPDX-License-Identifier: MIT */
/*
 * Holds ranges against each other as they come, and refuses one that is not above the one before: no
 * kernel promises an order. Real: none known, since libblkio, rdma-core and the kernel's selftest
 * sort them first.
 */
#define PLANTED_ID		  elements_ascend
#define PLANTED_NAME		  "planted-elements-ascend"
#define PLANTED_SUMMARY		  "refuses ranges that are not in rising order"
#define READS			  INFO_ROW([INFO_IOMMU] = READS_ALL)
#define CLASHES(before, value, i) PLANT(false, (i) > 0 && (value) <= (before) && (i) % 2 == 0)
#include "../walker.h"
