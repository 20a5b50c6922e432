/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-vfio-user`: QEMU 10.1 and 10.2, the vfio-user client. Sliced from 10.2 and run beside
 * this; no program of Debian has it. qemu-peer.h says what it does.
 */
#include "qemu-peer.h"

static const struct qemu_lookups lookups = {QEMU_REGION_LOOKUPS, NULL};

static struct info_answer qemu_vfio_user_read(struct walk *walk, const void *info, uint32_t len,
					      enum info_kind kind)
{
	(void)kind;
	return qemu_peer_read(walk, info, len, &lookups);
}

const struct info_parser qemu_vfio_user_parser = {
	.name = "qemu-vfio-user",
	.summary = "QEMU 10.1 and 10.2, vfio-user client: checks cap_offset, then reads as qemu-10",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, QEMU_REGION_IDS, QEMU_REGION_IDS}},
	.read = qemu_vfio_user_read,
};
