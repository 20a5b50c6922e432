/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-vfio-user-11`: QEMU 11.0 and 11.1 (sid's 1:11.1.3+ds-1), the vfio-user client: as
 * `qemu-vfio-user`, but areas of a SPARSE_MMAP that overlap are refused: qemu-areas.h. Read; 11.1.3 was
 * run against a server, with good replies alone.
 */
#include "qemu-areas.h"
#include "qemu-peer.h"

static const struct qemu_lookups lookups = {QEMU_REGION_LOOKUPS, qemu_areas_refused};

static struct info_answer qemu_vfio_user_11_read(struct walk *walk, const void *info, uint32_t len,
						 enum info_kind kind)
{
	(void)kind;
	return qemu_peer_read(walk, info, len, &lookups);
}

const struct info_parser qemu_vfio_user_11_parser = {
	.name = "qemu-vfio-user-11",
	.summary = "QEMU 11.0 and 11.1, vfio-user client: checks cap_offset, then reads as qemu-11",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, QEMU_REGION_IDS, QEMU_REGION_IDS}},
	.read = qemu_vfio_user_11_read,
};
