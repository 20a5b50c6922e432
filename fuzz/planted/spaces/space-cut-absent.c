/* SPDX-License-Identifier: MIT */
/*
 * What a process without rights reads is 64 bytes. Real: libpci and hwloc, where a missing byte
 * reads ff.
 */
#define PLANTED_ID	space_cut_absent
#define PLANTED_NAME	"planted-space-cut-absent"
#define PLANTED_SUMMARY "takes a space that was cut for one without a list"
#define CUT(s)		PLANT(VERDICT_TRUNCATED, VERDICT_ABSENT)
#include "space_walker.h"
