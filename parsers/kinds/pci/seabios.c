/* SPDX-License-Identifier: MIT */
/*
 * The model `seabios`: SeaBIOS of late 2026 (41514a7a), hw/pcidevice.c, pci_find_capability(), read. Status,
 * 0x34, no mask, 256 steps. Its callers look for vendor-specific ones, and for Express.
 */
#include "space.h"

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xff, .steps = 256}, {0}},
	.ids = {INFO_ID(CAP_ID_VNDR) | INFO_ID(CAP_ID_EXP), 0},
	.lookup = true,
};

static struct info_answer read_it(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser seabios_parser = {
	.name = "seabios",
	.summary = "SeaBIOS 1.17 (41514a7a): 256 steps, no mask",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_DEVICE,
	.reads = {[INFO_PCI] = {INFO_LOOKUP, INFO_ID(CAP_ID_VNDR) | INFO_ID(CAP_ID_EXP), 0}},
	.read = read_it,
};
