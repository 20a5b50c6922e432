/* SPDX-License-Identifier: MIT */
/*
 * Leaves out an area that ends past the region's size. No reader known has just this; DPDK maps such an
 * area where it says.
 */
#define PLANTED_ID	      area_past_dropped
#define PLANTED_NAME	      "planted-area-past-dropped"
#define PLANTED_SUMMARY	      "leaves out what is past the region"
#define READS		      INFO_ROW([INFO_REGION] = READS_ALL)
#define TAKES(chain, element) PLANT(true, (element)->last + 1 <= load64(chain, INFO_AT_REGION_size))
#include "../walker.h"
