/* SPDX-License-Identifier: MIT */
/*
 * The parser `qemu-s390`: QEMU 10.0 to 11.1 (Debian 13's 1:10.0.13+ds-0+deb13u1, sid's 1:11.1.3+ds-1),
 * the device chain on s390: hw/s390x/s390-pci-vfio.c. Measured against the unmodified binaries;
 * qemu.h has the quirks. It looks up the four zPCI capabilities and not PCI_ATOMIC_COMP, which x86
 * alone does; `qemu-10` and `qemu-11` are its other chains. ZPCI_BASE of version 3 is read as 2.
 */
#include "qemu.h"

static const struct qemu_lookups lookups = {QEMU_ZPCI_LOOKUPS, NULL};

static struct info_answer qemu_s390_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	return qemu_read_kind(walk, info, len, kind, &lookups);
}

const struct info_parser qemu_s390_parser = {
	.name = "qemu-s390",
	.summary = "QEMU 10.0 to 11.1, s390: the zPCI capabilities of a device",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that order is nothing: a short ZPCI_UTIL is read on into what follows it. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_ORDER,
	.reads = {[INFO_DEVICE] = {INFO_LOOKUP, QEMU_ZPCI_IDS, QEMU_ZPCI_IDS}},
	.read = qemu_s390_read,
	.newest = QEMU_NEWEST,
};
