/* SPDX-License-Identifier: MIT */
/*
 * Knows version 1 alone, where R11 says that a newer one is read as the newest that is known. Real:
 * crosvm's IOMMU reader passes over any other version.
 */
#define PLANTED_ID	    version_one_only
#define PLANTED_NAME	    "planted-version-one-only"
#define PLANTED_SUMMARY	    "passes over the payload of any version but 1"
#define HAS_LAYOUT(version) PLANT((version) > 0, (version) == 1)
#include "walker.h"
