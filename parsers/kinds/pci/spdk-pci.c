/* SPDX-License-Identifier: MIT */
/*
 * The model `spdk-pci`: SPDK of late 2026 (3230130e), lib/virtio/virtio_pci.c, read. It goes through all
 * vendor-specific capabilities for virtio's five: 0x34, no look at the status, no mask; a read that fails
 * ends it. A walk that would come back to itself is not shown.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.mask = 0xff, .end = SPACE_ENDS}, {0}},
	.ids = {INFO_ID(CAP_ID_VNDR), 0},
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser spdk_pci_parser = {
	.name = "spdk-pci",
	.summary =
		"SPDK 26.09 (3230130e), virtio: every vendor-specific one, no look at the status",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LIST, INFO_ID(CAP_ID_VNDR), 0}},
	.read = read_it,
};
