/* SPDX-License-Identifier: MIT */
/* The loop `fetch`: what a program gets that asks with parsers/include/fetch.h and reads with bounded.h. */
#include "../../../parsers/include/fetch.h"

#include "fetch_loops.h"

static int ask(void *context, void *info)
{
	return fetch_ask((struct fetch *)context, (uint8_t *)info);
}

static void *grant(void *context, vf_u32 size)
{
	return fetch_alloc((struct fetch *)context, size);
}

static void release(void *context, void *info)
{
	fetch_free((struct fetch *)context, (uint8_t *)info);
}

static struct info_answer reference_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	static const enum vf_kind kinds[INFO_IOCTL_KINDS] = {VF_DEVICE, VF_REGION, VF_IOMMU};
	const struct vf_caller caller = {fetch, ask, grant, release};
	struct vf_reply reply;

	if (vf_fetch(&reply, &caller, kinds[kind], REGION_INDEX, first, FETCH_ROOM) != VF_OK)
		return answer_reject(vf_name(reply.status));
	return fetch_hand(fetch, (uint8_t *)reply.info);
}

const struct fetch_loop fetch_fetch_loop = {
	.name = "fetch",
	.summary = "fetch.h, the loop that other programs can take as one file",
	.trust = INFO_HARDENED,
	.source = INFO_FROM_KERNEL,
	.walk = "bounded",
	.kinds = KIND_BIT(INFO_DEVICE) | KIND_BIT(INFO_REGION) | KIND_BIT(INFO_IOMMU),
	.run = reference_run,
};
