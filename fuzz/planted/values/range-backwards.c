/* SPDX-License-Identifier: MIT */
/*
 * Leaves out a range that ends below its start. Real, in part: QEMU 10 aborts at one, rdma-core refuses it.
 */
#define PLANTED_ID	      range_backwards
#define PLANTED_NAME	      "planted-range-backwards"
#define PLANTED_SUMMARY	      "leaves out a range that ends below its start"
#define READS		      INFO_ROW([INFO_IOMMU] = READS_ALL)
#define TAKES(chain, element) PLANT(true, (element)->last >= (element)->first)
#include "../walker.h"
