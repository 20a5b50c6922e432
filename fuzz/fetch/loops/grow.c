/* SPDX-License-Identifier: MIT */
/*
 * QEMU 7.2 and 10: hw/vfio/helpers.c vfio_get_region_info(), device.c and container.c likewise.
 * Asks again for as long as a reply wants more than it got, and takes one that wants less as it is.
 * A reply may grow eight bytes at a time up to 4 GiB. realloc() does not clear what it adds.
 */
#include "fetch_loops.h"

static struct info_answer qemu_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	static const uint32_t sizes[INFO_IOCTL_KINDS] = {DEVICE_INFO, REGION_INFO, IOMMU_INFO};
	uint32_t argsz = sizes[kind];
	uint8_t *info = fetch_zalloc(fetch, argsz);

	(void)first;
	for (;;) {
		if (loop_ask(fetch, info, kind, argsz))
			return loop_give_up(fetch, info, "refused");
		if (overlay_argsz(info) <= argsz)
			return fetch_hand(fetch, info);
		argsz = overlay_argsz(info);
		info = fetch_realloc(fetch, info, argsz);
	}
}

const struct fetch_loop fetch_qemu_loop = {
	.name = "qemu",
	.summary = "QEMU: asks again for as long as a reply wants more",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "qemu",
	.kinds = KIND_BIT(INFO_DEVICE) | KIND_BIT(INFO_REGION) | KIND_BIT(INFO_IOMMU),
	.run = qemu_run,
};
