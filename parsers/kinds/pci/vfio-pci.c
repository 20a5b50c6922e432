/* SPDX-License-Identifier: MIT */
/*
 * The model `vfio-pci`: Linux 7.3.4, vfio_pci_config.c, which makes the list that the user of an assigned
 * device sees; read, and run in a guest. From 0x34 in any header, no mask, no lower bound, 48 entries, no
 * table. Id 0, ids above 0x14 and those without a length of their own are cut out. The extended list is
 * entered after Express, or PCI-X with a version (the model takes any), 960 entries; hidden are id 0, PASID
 * and what has no length. A read that fails fails the open.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xff, .steps = 48, .end = SPACE_FAILS},
		  {.first_ones = true,
		   .mask = 0xffc,
		   .below = 0x100,
		   .steps = 960,
		   .first_zero = true,
		   .end = SPACE_ENDS}},
	.ids = {INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_VPD) | INFO_ID(CAP_ID_MSI) |
			INFO_ID(CAP_ID_PCIX) | INFO_ID(CAP_ID_HT) | INFO_ID(CAP_ID_VNDR) |
			INFO_ID(CAP_ID_EXP) | INFO_ID(CAP_ID_MSIX) | INFO_ID(CAP_ID_SATA) |
			INFO_ID(CAP_ID_AF),
		INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_VSEC) |
			INFO_ID(CAP_ID_ACS) | INFO_ID(CAP_ID_ARI) | INFO_ID(CAP_ID_ATS) |
			INFO_ID(CAP_ID_SRIOV) | INFO_ID(CAP_ID_REBAR) | INFO_ID(CAP_ID_LTR) |
			INFO_ID(CAP_ID_DVSEC)},
	.opens = INFO_ID(CAP_ID_EXP) | INFO_ID(CAP_ID_PCIX),
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser vfio_pci_parser = {
	.name = "vfio-pci",
	.summary = "Linux 7.3, vfio-pci: the virtual list, without what it hides",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LIST,
				INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_VPD) | INFO_ID(CAP_ID_MSI) |
					INFO_ID(CAP_ID_PCIX) | INFO_ID(CAP_ID_HT) |
					INFO_ID(CAP_ID_VNDR) | INFO_ID(CAP_ID_EXP) |
					INFO_ID(CAP_ID_MSIX) | INFO_ID(CAP_ID_SATA) |
					INFO_ID(CAP_ID_AF),
				0},
		  [INFO_PCIE] = {INFO_LIST,
				 INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_VSEC) |
					 INFO_ID(CAP_ID_ACS) | INFO_ID(CAP_ID_ARI) |
					 INFO_ID(CAP_ID_ATS) | INFO_ID(CAP_ID_SRIOV) |
					 INFO_ID(CAP_ID_REBAR) | INFO_ID(CAP_ID_LTR) |
					 INFO_ID(CAP_ID_DVSEC),
				 0}},
	.read = read_it,
};
