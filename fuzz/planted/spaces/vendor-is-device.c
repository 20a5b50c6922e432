/* SPDX-License-Identifier: MIT */
/*
 * Virtual functions read so by the specification. Real: scans that test the vendor alone.
 */
#define PLANTED_ID	vendor_is_device
#define PLANTED_NAME	"planted-vendor-is-device"
#define PLANTED_SUMMARY "takes a vendor of all ones for no device"
#define IS_NO_DEVICE(s) PLANT(ALL_ONES(s), load(s, 0, 2) == UINT16_MAX)
#include "space_walker.h"
