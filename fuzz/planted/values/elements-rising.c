/* SPDX-License-Identifier: MIT */
/*
 * Takes elements for sorted, and leaves out one that begins below the one before. Real: qatlib leaves what
 * unsorted ranges allow out of its own (filter_range()).
 */
#define PLANTED_ID	elements_rising
#define PLANTED_NAME	"planted-elements-rising"
#define PLANTED_SUMMARY "takes elements for sorted"
#define READS		INFO_ROW([INFO_REGION] = READS_ALL, [INFO_IOMMU] = READS_ALL)
#define TAKES(chain, element)                                                                      \
	PLANT(true, !(element)->i || (element)->first >= (element)->before_first)
#include "../walker.h"
