/* SPDX-License-Identifier: MIT */
/*
 * The parser `naive-pci`: trusts everything. Where the status bit is set it starts at the pointer and
 * follows next until 0, on raw memory: no mask, no bound, no count, no look at the header's type. The
 * extended list it takes to be there.
 */
#include "space.h"

static struct info_answer naive_read(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	const struct space space = {info, UINT32_MAX};
	const uint32_t header = kind == INFO_PCI ? 2 : 4;
	bool any = false;
	uint32_t at = 256, word;

	if (kind == INFO_PCI)
		at = space_load(&space, 6, 2) & 0x10 ? space_load(&space, 0x34, 1) : 0;
	/* One that ends there has no extended list. */
	if (kind == INFO_PCIE && len <= 256)
		at = 0;
	for (; at; at = kind == INFO_PCI ? word >> 8 : word >> 20) {
		struct info_cap cap;

		word = space_load(&space, at, header);
		/* An empty list of the extended kind is one header of 0, or of all ones. */
		if (kind == INFO_PCIE && (!word || word == UINT32_MAX))
			break;
		cap = space_cap(kind, at, word);
		space_decode(&space, kind, &cap);
		walk_deliver(walk, &cap);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser naive_pci_parser = {
	.name = "naive-pci",
	.summary = "raw pointers until next is 0, no checks",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_CUT,
	.reads = {[INFO_PCI] = READS_ALL, [INFO_PCIE] = READS_ALL},
	.read = naive_read,
};
