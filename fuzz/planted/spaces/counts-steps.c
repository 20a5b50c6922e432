/* SPDX-License-Identifier: MIT */
/*
 * A count in place of a table: what comes back is read over and over, and taken. Real: Linux,
 * DPDK, lshw, Xen.
 */
#define PLANTED_ID	counts_steps
#define PLANTED_NAME	"planted-counts-steps"
#define PLANTED_SUMMARY "ends a loop after 48 entries as if it were a list"
#define IS_LOOP(s, at)	PLANT(WAS_HERE(s, at), 0)
#define ENDS(s, at)	PLANT((at) == 0, (at) == 0 || ((s)->taken >= 48 && WAS_HERE(s, at)))
#include "space_walker.h"
