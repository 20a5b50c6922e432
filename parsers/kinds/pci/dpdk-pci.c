/* SPDX-License-Identifier: MIT */
/*
 * The model `dpdk-pci`: DPDK 23.11 to 26.11-rc0, drivers/bus/pci/pci_common.c, read. From 0x34 in any header,
 * no mask, no lower bound, 48 entries; id ff ends it. Its drivers ask for the status bit by another call
 * first. The extended list is 480 entries; 0 is tested at the first header alone, all ones never, and a link
 * below 0x100 ends it. What it does with a read that comes short is not shown.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xff, .steps = 48, .ones = true, .end = SPACE_ABSTAINS},
		  {.first_ones = true,
		   .mask = 0xffc,
		   .below = 0x100,
		   .steps = 480,
		   .first_zero = true,
		   .end = SPACE_ABSTAINS}},
	.ids = {INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_VNDR) | INFO_ID(CAP_ID_EXP) |
			INFO_ID(CAP_ID_MSIX),
		INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_SRIOV) | INFO_ID(CAP_ID_ACS) |
			INFO_ID(CAP_ID_PASID)},
	.lookup = true,
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser dpdk_pci_parser = {
	.name = "dpdk-pci",
	.summary = "DPDK 23.11 to 26.11, bus/pci: 48 and 480 entries, no mask",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LOOKUP,
				INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_VNDR) | INFO_ID(CAP_ID_EXP) |
					INFO_ID(CAP_ID_MSIX),
				0},
		  [INFO_PCIE] = {INFO_LOOKUP,
				 INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_SRIOV) | INFO_ID(CAP_ID_ACS) |
					 INFO_ID(CAP_ID_PASID),
				 0}},
	.read = read_it,
};
