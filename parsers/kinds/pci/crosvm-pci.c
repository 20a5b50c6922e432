/* SPDX-License-Identifier: MIT */
/*
 * The model `crosvm-pci`: crosvm of late 2026 (f1e797a68), devices/src/pci/vfio_pci.rs, which looks for what it
 * emulates or hides of an assigned device; read. 0x34, no mask, no look at the status. The extended list is
 * entered after Express; a header of 0 ends it; ARI, SR-IOV and resizable BAR are skipped. A walk that would
 * come back to itself is not shown.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.mask = 0xff, .end = SPACE_ABSTAINS},
		  {.first_ones = true, .mask = 0xffc, .zero = true, .end = SPACE_ABSTAINS}},
	.ids = {INFO_ALL_IDS, INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_VSEC) |
				      INFO_ID(CAP_ID_ACS) | INFO_ID(CAP_ID_ATS) |
				      INFO_ID(CAP_ID_LTR) | INFO_ID(CAP_ID_PASID) |
				      INFO_ID(CAP_ID_DVSEC) | INFO_ID(CAP_ID_DOE)},
	.opens = INFO_ID(CAP_ID_EXP),
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser crosvm_pci_parser = {
	.name = "crosvm-pci",
	.summary = "crosvm 2026 (f1e797a68): no look at the status, ARI and SR-IOV skipped",
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
