/* SPDX-License-Identifier: MIT */
/*
 * The parser `dpdk-new`: DPDK from mid-2026, drivers/bus/pci/linux/pci_vfio.c
 * pci_vfio_map_resource_primary(). Read, not measured.
 *
 * Against 22.11 it also looks up SPARSE_MMAP, after MSIX_MAPPABLE: of no areas at all it makes an
 * absent capability and maps the whole BAR; otherwise it takes memory for as many areas as the
 * count says (an error where there is none to have), and copies them whole. Which reply is read:
 * dpdk.h. The region is taken to be mappable, and the BAR that holds the MSI-X table.
 */
#include "dpdk.h"

static struct info_answer dpdk_new_read(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	struct info_answer none;
	const void *const reply = dpdk_reply(walk, info, len, &none);
	uint32_t at, count;
	bool any = false;

	if (!reply)
		return none;
	if (!model_has_caps(reply, kind))
		return answer(VERDICT_ABSENT);
	at = model_find(reply, overlay_cap_offset(reply, kind), CAP_ID_MSIX_MAPPABLE);
	if (at) {
		model_take(walk, reply, at, kind);
		any = true;
	}
	at = model_find(reply, overlay_cap_offset(reply, kind), CAP_ID_SPARSE_MMAP);
	count = at ? model_count(reply, at) : 0;
	if (!model_heap_has(count, ELEMENTS_PAIRS))
		return answer_reject("enomem");
	if (count) {
		model_take(walk, reply, at, kind);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define LOOKED_UP (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_MSIX_MAPPABLE))

const struct info_parser dpdk_new_parser = {
	.name = "dpdk-new",
	.summary =
		"DPDK of 2026: looks up SPARSE_MMAP too, none of whose areas means the whole BAR",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, LOOKED_UP, LOOKED_UP}},
	.read = dpdk_new_read,
};
