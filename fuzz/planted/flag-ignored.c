/* SPDX-License-Identifier: MIT */
/*
 * Takes cap_offset at its word whether or not the CAPS flag is set. Real: QEMU util/vfio-helpers.c,
 * OPAE opaevfio.c, rust-vmm vfio-user client.
 */
#define PLANTED_ID	flag_ignored
#define PLANTED_NAME	"planted-flag-ignored"
#define PLANTED_SUMMARY "cap_offset counts without the CAPS flag"
#define HAS_FLAG(chain)                                                                            \
	PLANT(!!(load32(chain, INFO_AT_DEVICE_flags) & (chain)->layout->caps_flag), 1)
#include "walker.h"
