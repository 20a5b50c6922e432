/* SPDX-License-Identifier: MIT */
/*
 * No mask. Real: DPDK, libvirt, vfio-pci, SeaBIOS.
 */
#define PLANTED_ID	mask_missing
#define PLANTED_NAME	"planted-mask-missing"
#define PLANTED_SUMMARY "takes reserved bits of a link for a part of it"
#define MASKED(s, link) PLANT((link) & ~3u, link)
#include "space_walker.h"
