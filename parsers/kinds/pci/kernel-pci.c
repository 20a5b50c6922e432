/* SPDX-License-Identifier: MIT */
/*
 * The parser `kernel-pci`, kernel-copied in both senses. It copies the space in once, what is not there
 * all ones as a failed read gives, and walks the copy as Linux's core walks registers (7.3.4): 48 and 480
 * entries, links masked after those below the start have ended a list, id ff an end, a header of 0 an end
 * wherever it stands. All that it meets is handed over.
 */
#include <string.h>

#include "space.h"

static const struct space_walk conventional = {
	.status = true,
	.cardbus = true,
	.types = true,
	.mask = 0xfc,
	.below = 0x40,
	.unmasked_low = true,
	.steps = 48,
	.ones = true,
};

static const struct space_walk extended = {
	.mask = 0xffc,
	.below = 0x100,
	.steps = 480,
	.zero = true,
	.first_ones = true,
};

static struct info_answer kernel_read(struct walk *walk, const void *info, uint32_t len,
				      enum info_kind kind)
{
	const uint32_t size = kind == INFO_PCI || len <= 256 ? 256 : 4096;
	struct space space = {NULL, size};
	uint8_t *copy;

	(void)info;
	copy = walk_alloc(walk, size);
	if (!copy)
		return answer_reject("enomem");
	if (walk_copy_in(walk, copy, 0, len < size ? len : size))
		return answer_reject("efault");
	if (len < 64)
		return answer_reject("einval");
	if (len < size)
		memset(copy + len, 0xff, size - len);
	space.bytes = copy;
	if (kind == INFO_PCIE && size == 256)
		return answer(VERDICT_ABSENT);
	return space_list(walk, &space, kind, kind == INFO_PCI ? &conventional : &extended,
			  INFO_ALL_IDS, false, true);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser kernel_pci_parser = {
	.name = "kernel-pci",
	.summary = "copies the space in, then walks the copy with Linux's counts",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that a cut delivers no more: past it stand ones. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_CUT | INFO_CLAIM_SLACK),
	.reads = {[INFO_PCI] = READS_ALL, [INFO_PCIE] = READS_ALL},
	.read = kernel_read,
};
