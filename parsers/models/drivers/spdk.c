/* SPDX-License-Identifier: MIT */
/*
 * The parser `spdk`: SPDK 3230130e of 2026, lib/vfio_user/host/vfio_user_pci.c
 * vfio_device_get_info_cap() and vfio_device_setup_sparse_mmaps(). Read, not measured.
 *
 * One request into a fixed buffer of 4096 bytes, never a second. It tests the flag and looks up
 * SPARSE_MMAP; an offset of 0 ends the chain. Areas with a size are kept, and there are 8 places.
 * It reads from a peer: replies that this model cannot answer for without a fault, it abstains
 * from.
 */
#include "../peer.h"

#define SPDK_BUFFER 4096
#define SPDK_AREAS  8

static struct info_answer spdk_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	struct peer peer = peer_begin(info, len);
	uint32_t at, areas, used = 0;

	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	if (!peer_find(&peer, overlay_cap_offset(info, kind), CAP_ID_SPARSE_MMAP, &at) ||
	    (at && !peer_areas(&peer, at, &areas)))
		return answer(VERDICT_ABSTAIN);
	if (!at)
		return answer(VERDICT_ABSENT);
	if (areas > SPDK_AREAS) {
		if (!peer_may_load(&peer, at, 16, areas))
			return answer(VERDICT_ABSTAIN);
		for (uint32_t i = 0; i < areas; i++)
			used += model_pair(info, at, i)->second != 0;
		if (used > SPDK_AREAS)
			return answer(VERDICT_ABSTAIN);
	}
	model_take(walk, info, at, kind);
	return answer(VERDICT_OK);
}

const struct info_parser spdk_parser = {
	.name = "spdk",
	.summary = "SPDK 3230130e, vfio-user host: one fixed buffer, looks up SPARSE_MMAP",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.fixed_size = SPDK_BUFFER,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = spdk_read,
};
