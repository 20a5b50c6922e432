/* SPDX-License-Identifier: MIT */
/*
 * The parser `dpdk-new`: DPDK 23.11 to 26.11-rc0 (Debian 13's 24.11.8-0+deb13u1, sid's 25.11.4-1),
 * drivers/bus/pci/linux/pci_vfio.c pci_vfio_map_resource_primary(). Its lookups were sliced and run
 * beside this, and both programs of Debian measured; that they do the same was.
 *
 * Against 22.11 it also looks up SPARSE_MMAP, after MSIX_MAPPABLE: of no areas at all it makes an
 * absent capability and maps the whole BAR; otherwise it takes memory for as many areas as the
 * count says (an error where there is none to have), copies them whole, and maps each one that has a
 * size at its place inside room for the BAR. mmap() refuses a place that does not begin a page, and one
 * that ends past what a process can address: an error, and the device is not used. A size need not be of
 * whole pages. Which reply is read: dpdk.h. The region is taken to be mappable, and the BAR that holds
 * the MSI-X table.
 */
#include "dpdk.h"

/* Bytes that a process can address. */
#define ADDRESSES (UINT64_C(1) << 47)

/* Whether mmap() takes an area at its place. */
static bool is_mapped(uint64_t offset, uint64_t size)
{
	return !size ||
	       (!(offset & MODEL_PAGE_MASK) && offset < ADDRESSES && size < ADDRESSES - offset);
}

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
		dpdk_take_mappable(walk, reply, at);
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
	for (uint32_t i = 0; i < count; i++)
		if (!is_mapped(model_pair(reply, at, i)->first, model_pair(reply, at, i)->second))
			return answer_reject("unmapped-area");
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define LOOKED_UP (INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_MSIX_MAPPABLE))

const struct info_parser dpdk_new_parser = {
	.name = "dpdk-new",
	.summary = "DPDK 23.11 to 26.11-rc0: looks up SPARSE_MMAP too, and maps its areas",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, LOOKED_UP, LOOKED_UP}},
	.read = dpdk_new_read,
};
