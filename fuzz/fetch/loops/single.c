/* SPDX-License-Identifier: MIT */
/*
 * Loops that ask once, with a zeroed buffer of a page: SPDK lib/vfio_user/host/vfio_user_pci.c
 * (which says 32 bytes less than it has) and qatlib's qae_mem_utils_vfio.c.
 */
#include "fetch_loops.h"

#define PAGE_BUFFER 4096

static struct info_answer ask_once(struct fetch *fetch, enum info_kind kind, uint32_t argsz)
{
	uint8_t *const info = fetch_zalloc(fetch, PAGE_BUFFER);

	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	return fetch_hand(fetch, info);
}

static struct info_answer spdk_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	(void)first;
	return ask_once(fetch, kind, PAGE_BUFFER - REGION_INFO);
}

const struct fetch_loop fetch_spdk_loop = {
	.name = "spdk",
	.summary = "SPDK's vfio-user host: one call with 4064 bytes",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.walk = "spdk",
	.kinds = KIND_BIT(INFO_REGION),
	.run = spdk_run,
};

static struct info_answer qatlib_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	(void)first;
	return ask_once(fetch, kind, PAGE_BUFFER);
}

const struct fetch_loop fetch_qatlib_loop = {
	.name = "qatlib",
	.summary = "Intel's qatlib: one call with a page",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "qatlib",
	.kinds = KIND_BIT(INFO_IOMMU),
	.run = qatlib_run,
};
