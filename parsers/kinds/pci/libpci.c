/* SPDX-License-Identifier: MIT */
/*
 * The model `libpci`: pciutils 3.9.0 to 3.15.0 (Debian 12, 13, sid), the library's scan (caps.c), which
 * setpci and `pci_find_cap` have, run by setpci on dumps. It begins at 0x34 whatever the header's type,
 * masks links and follows them wherever they point, each offset once; id ff ends it, so does a place that a
 * dump lacks, which reads so. The extended list is read after an Express capability alone.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xfc, .seen = true, .ones = true},
		  {.mask = 0xffc, .seen = true, .ones = true, .zero = true}},
	.ids = {INFO_ALL_IDS, INFO_ALL_IDS},
	.opens = INFO_ID(CAP_ID_EXP),
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser libpci_parser = {
	.name = "libpci",
	.summary =
		"pciutils 3.9 to 3.15, libpci: from 0x34 in any header; extended after Express alone",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_FILE,
	.reads = {[INFO_PCI] = {INFO_LIST, INFO_ALL_IDS, 0},
		  [INFO_PCIE] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = read_it,
};
