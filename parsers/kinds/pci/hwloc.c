/* SPDX-License-Identifier: MIT */
/*
 * The model `hwloc`: hwloc 2.9 to 2.12 and master of late 2026, pci-common.c, read, and 2.12.0 run. It looks
 * for Express alone, in the 256 bytes that sysfs gives: status, 0x34, masked, each offset once, in the header
 * too; id ff ends it, and what could not be read is ff. Id 0 goes on.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xfc, .seen = true, .ones = true}, {0}},
	.ids = {INFO_ID(CAP_ID_EXP), 0},
	.lookup = true,
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser hwloc_parser = {
	.name = "hwloc",
	.summary = "hwloc 2.9 to 2.12: Express, each offset once",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_FILE,
	.reads = {[INFO_PCI] = {INFO_LOOKUP, INFO_ID(CAP_ID_EXP), 0}},
	.read = read_it,
};
