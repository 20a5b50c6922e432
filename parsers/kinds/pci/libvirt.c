/* SPDX-License-Identifier: MIT */
/*
 * The model `libvirt`: libvirt of late 2025 (0003f5808f), virpci.c, read. Status, 0x34, no mask; a link below
 * 0x40 ends it, so does a pointer of ff. A read that fails is 0. The extended list is 480 entries: masked,
 * below 0x100 ends it, 0 and all ones are not tested.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xff, .below = 0x40, .end = SPACE_ENDS},
		  {.first_ones = true,
		   .mask = 0xffc,
		   .below = 0x100,
		   .steps = 480,
		   .end = SPACE_ENDS}},
	.ids = {INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_EXP) | INFO_ID(CAP_ID_AF), INFO_ID(CAP_ID_ACS)},
	.lookup = true,
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser libvirt_parser = {
	.name = "libvirt",
	.summary = "libvirt 11 (0003f5808f): no mask, links below 0x40 and 0x100 end a list",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_FILE,
	.reads = {[INFO_PCI] = {INFO_LOOKUP,
				INFO_ID(CAP_ID_PM) | INFO_ID(CAP_ID_EXP) | INFO_ID(CAP_ID_AF), 0},
		  [INFO_PCIE] = {INFO_LOOKUP, INFO_ID(CAP_ID_ACS), 0}},
	.read = read_it,
};
