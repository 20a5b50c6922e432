/* SPDX-License-Identifier: MIT */
/*
 * The model `cloud-hypervisor-pci`: cloud-hypervisor of late 2026 (ae44c2971), pci/src/vfio.rs, which patches
 * what a guest sees of an assigned device; read. Status, 0x34, masked. The extended list is entered where
 * the conventional one shows Express and power management both; ARI, resizable BAR and SR-IOV become id 0 in
 * place, and a next is not masked. A walk that would come back to itself is not shown.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xfc, .end = SPACE_ABSTAINS},
		  {.first_ones = true, .mask = 0xfff, .zero = true, .end = SPACE_ABSTAINS}},
	.ids = {INFO_ALL_IDS, INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_VSEC) |
				      INFO_ID(CAP_ID_ACS) | INFO_ID(CAP_ID_ATS) |
				      INFO_ID(CAP_ID_LTR) | INFO_ID(CAP_ID_PASID) |
				      INFO_ID(CAP_ID_DVSEC) | INFO_ID(CAP_ID_DOE)},
	.opens = INFO_ID(CAP_ID_EXP) | INFO_ID(CAP_ID_PM),
	.all = true,
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser cloud_hypervisor_pci_parser = {
	.name = "cloud-hypervisor-pci",
	.summary = "cloud-hypervisor 49 (ae44c2971): extended where Express and PM are both there",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LIST, INFO_ALL_IDS, 0},
		  [INFO_PCIE] = {INFO_LIST,
				 INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_VSEC) |
					 INFO_ID(CAP_ID_ACS) | INFO_ID(CAP_ID_ATS) |
					 INFO_ID(CAP_ID_LTR) | INFO_ID(CAP_ID_PASID) |
					 INFO_ID(CAP_ID_DVSEC) | INFO_ID(CAP_ID_DOE),
				 0}},
	.read = read_it,
};
