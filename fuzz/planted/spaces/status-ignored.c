/* SPDX-License-Identifier: MIT */
/*
 * No look at bit 4. Real: lshw, crosvm, SPDK.
 */
#define PLANTED_ID	status_ignored
#define PLANTED_NAME	"planted-status-ignored"
#define PLANTED_SUMMARY "reads a list that the status says is none"
#define READS		INFO_ROW([INFO_PCI] = READS_ALL)
#define HAS_LIST(s)	PLANT(STATUS(s), 1)
#include "space_walker.h"
