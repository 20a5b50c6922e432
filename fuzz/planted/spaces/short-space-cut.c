/* SPDX-License-Identifier: MIT */
/*
 * An Express function behind a conventional bus has 256. No reader known has just this.
 */
#define PLANTED_ID	short_space_cut
#define PLANTED_NAME	"planted-short-space-cut"
#define PLANTED_SUMMARY "takes a whole space of 256 bytes for one that was cut"
#define READS		INFO_ROW([INFO_PCIE] = READS_ALL)
#define SIZE(s)		PLANT((s)->len == 256 ? 256 : 4096, 4096)
#include "space_walker.h"
