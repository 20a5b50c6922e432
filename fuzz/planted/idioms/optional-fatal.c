/* SPDX-License-Identifier: MIT */
/*
 * Takes a reply that lacks one capability for an error, though each may be absent. Real: libblkio, which
 * wants DMA_AVAIL, id 3 among those of an IOMMU.
 */
#define PLANTED_ID	optional_fatal
#define PLANTED_NAME	"planted-optional-fatal"
#define PLANTED_SUMMARY "a chain without id 3 is an error"
#define VERDICT(chain)	PLANT(VERDICT_OK, (chain)->ids >> 3 & 1 ? VERDICT_OK : VERDICT_REJECT)
#include "../walker.h"
