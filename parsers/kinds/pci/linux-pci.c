/* SPDX-License-Identifier: MIT */
/*
 * The model `linux-pci`: Linux 7.3.4, the core (pci.c, pci_find_capability() and pci_find_ext_capability()),
 * read. 48 entries; a link below 0x40 ends the list before its low bits are masked; id ff ends it, id 0 does
 * not. A header of type 2 begins at 0x14, one above has no list. The extended list is 480 entries of a space
 * that is 4096 bytes long: an Express function's whose first header is not all ones. A header of 0 ends it
 * anywhere, all ones nowhere. A read that fails gives ones.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true,
		   .cardbus = true,
		   .types = true,
		   .mask = 0xfc,
		   .below = 0x40,
		   .unmasked_low = true,
		   .steps = 48,
		   .ones = true},
		  {.mask = 0xffc, .below = 0x100, .steps = 480, .zero = true, .first_ones = true}},
	.ids = {INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_MSI) | INFO_ID(CAP_ID_EXP) |
			INFO_ID(CAP_ID_MSIX),
		INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_ARI) | INFO_ID(CAP_ID_ATS) |
			INFO_ID(CAP_ID_SRIOV)},
	.lookup = true,
	.opens = INFO_ID(CAP_ID_EXP),
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser linux_pci_parser = {
	.name = "linux-pci",
	.summary = "Linux 7.3, core: 48 and 480 entries, links below 0x40 and 0x100 end a list",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LOOKUP,
				INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_MSI) | INFO_ID(CAP_ID_EXP) |
					INFO_ID(CAP_ID_MSIX),
				0},
		  [INFO_PCIE] = {INFO_LOOKUP,
				 INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_ARI) | INFO_ID(CAP_ID_ATS) |
					 INFO_ID(CAP_ID_SRIOV),
				 0}},
	.read = read_it,
};
