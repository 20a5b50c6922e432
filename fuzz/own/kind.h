/* SPDX-License-Identifier: MIT */
/* The kind of a target that is linked elsewhere, against libcapchain-fuzz.a. */
#ifndef FUZZ_OWN_KIND_H
#define FUZZ_OWN_KIND_H

#include "../../parsers/parser.h"

/*
 * What CAPCHAIN_KIND says (device, region or iommu), else the one kind that stands in the program's
 * name, as in fuzz_region_info. Ends the process with one line and status 2 where neither does.
 */
enum info_kind own_kind(void);

#endif
