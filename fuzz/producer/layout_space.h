/* SPDX-License-Identifier: MIT */
/*
 * What lays the lists of a configuration space out: QEMU for its own devices, and vfio-pci for the user of an
 * assigned one. Spaces are of 256 or 4096 bytes, little-endian.
 */
#ifndef FUZZ_PRODUCER_LAYOUT_SPACE_H
#define FUZZ_PRODUCER_LAYOUT_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * QEMU, pci_add_capability(): puts the capability @id at @at, a multiple of 4 from 0x40 on, first in the list, and
 * sets the bit of the status. What it holds beside its header stays as it is.
 */
void space_add(uint8_t *space, uint8_t id, uint8_t at);

/*
 * QEMU, pcie_add_capability(): appends the extended capability @id to those that there are. The first one is at 0x100;
 * a header of 0 there is none. False where @at is not 0x100 for the first.
 */
bool space_add_extended(uint8_t *space, uint16_t id, uint8_t version, uint16_t at);

/*
 * vfio-pci, vfio_cap_init() and vfio_ecap_init(): cuts what it hides out of both lists of the @len bytes, which are
 * sound lists, each by the next of the one before it. The first extended one cannot be cut out: its id and version
 * become 0, and where no other is left the whole header. Bytes of what is hidden stay.
 */
void space_hide(uint8_t *space, uint32_t len);

#endif
