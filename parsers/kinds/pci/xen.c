/* SPDX-License-Identifier: MIT */
/*
 * The model `xen`: Xen of late 2026 (c447b7308b), drivers/pci/pci.c, read. Status, 0x34, a link below 0x40 ends
 * it before it is masked, 48 entries, id ff ends it. The extended list is 480 entries; 0 and all ones are
 * tested at the first header alone, a link below 0x100 ends it.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true,
		   .mask = 0xfc,
		   .below = 0x40,
		   .unmasked_low = true,
		   .steps = 48,
		   .ones = true},
		  {.mask = 0xffc,
		   .below = 0x100,
		   .steps = 480,
		   .first_zero = true,
		   .first_ones = true}},
	.ids = {INFO_ID(CAP_ID_MSI) | INFO_ID(CAP_ID_MSIX) | INFO_ID(CAP_ID_EXP),
		INFO_ID(CAP_ID_ATS) | INFO_ID(CAP_ID_SRIOV)},
	.lookup = true,
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser xen_parser = {
	.name = "xen",
	.summary =
		"Xen 4.21 (c447b7308b): 48 and 480 entries, 0 and all ones end an empty list alone",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LOOKUP,
				INFO_ID(CAP_ID_MSI) | INFO_ID(CAP_ID_MSIX) | INFO_ID(CAP_ID_EXP),
				0},
		  [INFO_PCIE] = {INFO_LOOKUP, INFO_ID(CAP_ID_ATS) | INFO_ID(CAP_ID_SRIOV), 0}},
	.read = read_it,
};
