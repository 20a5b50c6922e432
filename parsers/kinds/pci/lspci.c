/* SPDX-License-Identifier: MIT */
/*
 * The model `lspci`: pciutils 3.9.0 to 3.15.0 (Debian 12, 13, sid), lspci's own printing walks (ls-caps.c,
 * ls-ecaps.c), run on dumps (-F) with one result in all three. Links are masked and followed wherever they
 * point, the header too; each offset is shown once (a table of what was seen, no count); id ff is `chain
 * broken`, a place that a dump lacks `access denied`. The extended list is entered after an Express or
 * PCI-X capability, and ends silently. Header types other than 0, 1 and 2 have no list.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true,
		   .cardbus = true,
		   .types = true,
		   .mask = 0xfc,
		   .seen = true,
		   .ones = true,
		   .end = SPACE_STOPS},
		  {.mask = 0xffc, .seen = true, .ones = true, .zero = true}},
	.ids = {INFO_ALL_IDS, INFO_ALL_IDS},
	.opens = INFO_ID(CAP_ID_EXP) | INFO_ID(CAP_ID_PCIX),
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser lspci_parser = {
	.name = "lspci",
	.summary =
		"pciutils 3.9 to 3.15, lspci: each offset once, no bound; extended after Express or PCI-X",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_FILE,
	.reads = {[INFO_PCI] = {INFO_LIST, INFO_ALL_IDS, 0},
		  [INFO_PCIE] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = read_it,
};
