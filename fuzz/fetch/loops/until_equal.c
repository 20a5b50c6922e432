/* SPDX-License-Identifier: MIT */
/*
 * Loops that go on until argsz is what they asked with, in both directions and without a minimum.
 *
 * DPDK drivers/bus/pci/linux/pci_vfio.c pci_vfio_get_region_info(), 22.11 and of 2026: reallocates,
 * clears, and stores argsz and index, also into less than the 12 bytes that they take (measured);
 * to 0 bytes realloc() frees, which is taken for a failure and freed again. VPP
 * src/vlib/linux/pci.c does it with a vector, which keeps the memory that it has once had.
 */
#include <string.h>

#include "fetch_loops.h"

static struct info_answer dpdk_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint32_t argsz = REGION_INFO;
	uint8_t *info = fetch_alloc(fetch, argsz), *grown;

	(void)first;
	for (;;) {
		memset(info, 0, argsz);
		if (loop_ask(fetch, info, kind, argsz))
			return loop_give_up(fetch, info, "refused");
		if (overlay_argsz(info) == argsz)
			return fetch_hand(fetch, info);
		argsz = overlay_argsz(info);
		grown = fetch_realloc(fetch, info, argsz);
		if (!grown)
			return loop_give_up(fetch, info, "enomem");
		info = grown;
	}
}

const struct fetch_loop fetch_dpdk_loop = {
	.name = "dpdk",
	.summary = "DPDK 22.11: asks until argsz is its own, shrinks too",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "dpdk",
	.kinds = KIND_BIT(INFO_REGION),
	.run = dpdk_run,
};

const struct fetch_loop fetch_dpdk_new_loop = {
	.name = "dpdk-new",
	.summary = "DPDK of 2026: asks as 22.11 does",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "dpdk-new",
	.kinds = KIND_BIT(INFO_REGION),
	.run = dpdk_run,
};

static struct info_answer vpp_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint32_t argsz = REGION_INFO, room = argsz;
	uint8_t *info = fetch_zalloc(fetch, room);

	(void)first;
	for (;;) {
		if (loop_ask(fetch, info, kind, argsz))
			return loop_give_up(fetch, info, "refused");
		if (overlay_argsz(info) == argsz)
			return fetch_hand(fetch, info);
		argsz = overlay_argsz(info);
		if (argsz > room) {
			room = argsz;
			info = fetch_realloc(fetch, info, room);
		}
	}
}

const struct fetch_loop fetch_vpp_loop = {
	.name = "vpp",
	.summary = "VPP: asks until argsz is its own, shrinks too",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "vpp",
	.kinds = KIND_BIT(INFO_REGION),
	.run = vpp_run,
};
