/* SPDX-License-Identifier: MIT */
/*
 * Leaves out an element that begins inside the one before. Real, in part: rdma-core refuses such ranges,
 * QEMU 11 such areas.
 */
#define PLANTED_ID	elements_shared
#define PLANTED_NAME	"planted-elements-shared"
#define PLANTED_SUMMARY "leaves out an element that shares bytes with the one before"
#define READS		INFO_ROW([INFO_REGION] = READS_ALL, [INFO_IOMMU] = READS_ALL)
#define TAKES(chain, element)                                                                      \
	PLANT(true, !(element)->i || (element)->first < (element)->before_first ||                 \
			    (element)->first > (element)->before_last)
#include "../walker.h"
