/* SPDX-License-Identifier: MIT */
/*
 * The model `lshw`: lshw 02.19, core/pci.cc, read. From 0x34 in any header, masked, 48 entries; id 0 and id ff
 * end it, and the status bit is not tested.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.mask = 0xfc, .steps = 48, .ones = true, .zero = true, .end = SPACE_ABSTAINS},
		  {0}},
	.ids = {INFO_ALL_IDS, INFO_ALL_IDS},
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser lshw_parser = {
	.name = "lshw",
	.summary = "lshw 02.19: 48 entries, id 0 ends the list, no look at the status",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_FILE,
	.reads = {[INFO_PCI] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = read_it,
};
