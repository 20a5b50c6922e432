/* SPDX-License-Identifier: MIT */
/*
 * Takes the fixed struct off argsz before it looks at it: the difference has no sign, so no argsz is
 * too small. Real: openvmm (the review of its PR 3346), crosvm's IOMMU reader.
 */
#define PLANTED_ID	   argsz_underflow
#define PLANTED_NAME	   "planted-argsz-underflow"
#define PLANTED_SUMMARY	   "an argsz below the fixed struct passes"
#define SHORT_ARGSZ(chain) PLANT((chain)->argsz < (chain)->layout->minsz, false)
#include "walker.h"
