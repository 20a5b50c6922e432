/* SPDX-License-Identifier: MIT */
/*
 * The parser `vfio-ioctls`: rust-vmm's vfio-ioctls (96c82d1d of 2026; 0.6.0 and 0.8.1 alike),
 * get_region_map(), which cloud-hypervisor, Kata's dragonball and Firecracker's older VFIO branch
 * read through. Read, not measured; a release build. region-map.h has the quirks.
 */
#include "region-map.h"

static bool take(struct walk *walk, const struct info_cap *cap, void *state)
{
	(void)state;
	walk_deliver(walk, cap);
	return true;
}

static struct info_answer vfio_ioctls_read(struct walk *walk, const void *info, uint32_t len,
					   enum info_kind kind)
{
	(void)kind;
	return region_map_read(walk, info, len, take, NULL);
}

const struct info_parser vfio_ioctls_parser = {
	.name = "vfio-ioctls",
	.summary =
		"vfio-ioctls 0.6.0 to 96c82d1d: an offset below 32 ends the chain, nothing else does",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, REGION_MAP_IDS, REGION_MAP_IDS}},
	.read = vfio_ioctls_read,
};
