/* SPDX-License-Identifier: MIT */
/*
 * Takes the first capability to stand right behind the fixed struct, where drivers put it, and does
 * not look at cap_offset. Real: StratoVirt's region_mmap_info().
 */
#define PLANTED_ID	cap_offset_ignored
#define PLANTED_NAME	"planted-cap-offset-ignored"
#define PLANTED_SUMMARY "starts behind the fixed struct, whatever cap_offset says"
#define FIRST(chain)	PLANT(load32(chain, (chain)->layout->first.at), (chain)->layout->full)
#include "walker.h"
