/* SPDX-License-Identifier: MIT */
/*
 * The parser `cloud-hypervisor`: cloud-hypervisor of mid-2026 with vfio-ioctls 0.8.1, pci/src/vfio.rs
 * generate_sparse_areas(). Read, not measured; a release build. region-map.h says how the chain is
 * read; of what that keeps, the first SPARSE_MMAP or MSIX_MAPPABLE decides, and the other is not
 * looked at: with MSIX_MAPPABLE before it, the areas of a SPARSE_MMAP are not used.
 */
#include "region-map.h"

static bool take(struct walk *walk, const struct info_cap *cap, void *state)
{
	bool *const decided = state;

	if (*decided || (cap->id != CAP_ID_SPARSE_MMAP && cap->id != CAP_ID_MSIX_MAPPABLE))
		return false;
	walk_deliver(walk, cap);
	*decided = true;
	return true;
}

static struct info_answer cloud_hypervisor_read(struct walk *walk, const void *info, uint32_t len,
						enum info_kind kind)
{
	bool decided = false;

	(void)kind;
	return region_map_read(walk, info, len, take, &decided);
}

#define TAKEN (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_MSIX_MAPPABLE))

const struct info_parser cloud_hypervisor_parser = {
	.name = "cloud-hypervisor",
	.summary = "cloud-hypervisor of 2026: the first SPARSE_MMAP or MSIX_MAPPABLE decides alone",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, TAKEN, TAKEN}},
	.read = cloud_hypervisor_read,
};
