/* SPDX-License-Identifier: MIT */
/*
 * Takes an element that begins where the one before ends for a part of it, and keeps the first alone: half
 * of a merge. No reader known has just this.
 */
#define PLANTED_ID	elements_met
#define PLANTED_NAME	"planted-elements-met"
#define PLANTED_SUMMARY "leaves out an element that the one before meets"
#define READS		INFO_ROW([INFO_REGION] = READS_ALL, [INFO_IOMMU] = READS_ALL)
#define TAKES(chain, element)                                                                      \
	PLANT(true, !(element)->i || (element)->first != (element)->before_last + 1)
#include "../walker.h"
