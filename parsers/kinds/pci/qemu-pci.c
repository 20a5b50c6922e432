/* SPDX-License-Identifier: MIT */
/*
 * The model `qemu-pci`: QEMU 10.0 and 11.1, hw/vfio/pci.c, how it rebuilds the lists of an assigned device
 * (vfio-pci, vfio-user-pci); read, and 11.1.3 run. All of the conventional list is shown, in its order, no
 * mask. The extended list is that of an Express function whose dword at 0x100 is not 0; ARI, SR-IOV and id
 * 0 are dropped. Where capabilities touch, where a type of Express is not an endpoint's, and where a walk
 * would come back to itself or goes below 0x100, the model does not say: realize fails, or that is not shown.
 */
#include "space.h"

#define KEPT                                                                                       \
	(INFO_ID(CAP_ID_AER) | INFO_ID(CAP_ID_DSN) | INFO_ID(CAP_ID_VSEC) | INFO_ID(CAP_ID_ACS) |  \
	 INFO_ID(CAP_ID_ATS) | INFO_ID(CAP_ID_LTR) | INFO_ID(CAP_ID_PASID) |                       \
	 INFO_ID(CAP_ID_DVSEC) | INFO_ID(CAP_ID_DOE))

static const struct space_reader reader = {
	.walks = {{.status = true, .mask = 0xff, .end = SPACE_ABSTAINS},
		  {.first_ones = true, .mask = 0xffc, .first_zero = true, .end = SPACE_ABSTAINS}},
	.ids = {INFO_ALL_IDS, KEPT},
	.opens = INFO_ID(CAP_ID_EXP),
};

/* Whether a bridge or a port stands in the list, of which realize says an error. */
static bool is_endpoint(const struct space *space)
{
	struct space_cursor cursor = space_begin(space, INFO_PCI, &reader.walks[0]);
	struct info_cap cap;
	uint32_t type = 0;

	while (space_next(space, &cursor, &cap) == SPACE_CAP)
		if (cap.id == CAP_ID_EXP)
			type = space_load(space, cap.offset + 2, 2) >> 4 & 0xf;
	return type == 0 || type == 1 || type == 9;
}

static struct info_answer qemu_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const struct space space = space_of(info, len, INFO_PCI);

	if (len < 64 || !is_endpoint(&space))
		return answer(VERDICT_ABSTAIN);
	if (kind == INFO_PCIE && len <= 256)
		return answer(VERDICT_ABSENT);
	return space_read(walk, info, len, kind, &reader);
}

const struct info_parser qemu_pci_parser = {
	.name = "qemu-pci",
	.summary = "QEMU 10.0 to 11.1, an assigned device: all but ARI and SR-IOV, no mask",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.reads = {[INFO_PCI] = {INFO_LIST, INFO_ALL_IDS, 0}, [INFO_PCIE] = {INFO_LIST, KEPT, 0}},
	.read = qemu_read,
};
