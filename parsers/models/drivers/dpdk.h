/* SPDX-License-Identifier: MIT */
/*
 * What both DPDK models share, drivers/bus/pci/linux/pci_vfio.c: pci_vfio_get_region_info(), which
 * decides which reply is read, and the lookup of pci_vfio_info_cap() is model_find().
 *
 * It asks again for as long as argsz is not what it asked with, in both directions: memory is
 * reallocated to the reply's argsz, cleared, and argsz and index are stored into it. So a reply
 * that names less than 12 bytes makes it write past its own memory (measured), one that names 0
 * makes realloc() free what is then freed again, and one below 32 is refused by the kernel. For a
 * shorter argsz from 32 on, the kernel is taken to give the same bytes again, cut to it.
 */
#ifndef PARSERS_MODELS_DPDK_H
#define PARSERS_MODELS_DPDK_H

#include "../model.h"

/* Delivers the MSIX_MAPPABLE at @at of @reply: that it is there is all that is asked. */
static inline void dpdk_take_mappable(struct walk *walk, const void *reply, uint32_t at)
{
	/* The reply that is read is as long as its argsz says. */
	model_take_found(walk, reply, overlay_argsz(reply), at, INFO_REGION,
			 sizeof(struct overlay_header));
}

/* The reply that is read: @info itself, or its cut copy. NULL with the answer where none is. */
static inline const void *dpdk_reply(struct walk *walk, const void *info, uint32_t len,
				     struct info_answer *ret_answer)
{
	const uint32_t argsz = overlay_argsz(info);
	const uint32_t minsz = layout_infos[INFO_REGION].minsz;
	volatile uint32_t *request;

	if (argsz == len)
		return info;
	*ret_answer = answer_truncated(argsz);
	if (argsz > len)
		return NULL;
	if (argsz >= minsz)
		return model_copy(walk, argsz);
	*ret_answer = answer_reject(argsz ? "einval" : "double-free");
	request = walk_alloc(walk, argsz);
	if (!request)
		return NULL;
	request[INFO_AT_REGION_argsz / 4] = argsz;
	request[INFO_AT_REGION_index / 4] = 0;
	return NULL;
}

#endif
