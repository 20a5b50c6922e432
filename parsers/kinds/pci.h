/* SPDX-License-Identifier: MIT */
/*
 * Kind `pci`: the 256 bytes of a function's configuration space, whose header is 64 bytes long, and
 * the list of capabilities in it. Terms and offsets are those of the PCI Local Bus Specification, as
 * Linux's pci_regs.h has them.
 *
 * A header is {u8 id; u8 next}. Of a capability the fields are listed that every version has: what
 * is longer (the address of MSI, the link of Express) says so in one of them.
 */
#ifndef PARSERS_KINDS_PCI_H
#define PARSERS_KINDS_PCI_H

#define LAYOUT_PCI(FIELD)                                                                          \
	FIELD(PCI, vendor, 0x00, 2)                                                                \
	FIELD(PCI, device, 0x02, 2)                                                                \
	FIELD(PCI, status, 0x06, 2)                                                                \
	FIELD(PCI, header_type, 0x0e, 1)                                                           \
	FIELD(PCI, cardbus_first, 0x14, 1)                                                         \
	FIELD(PCI, first, 0x34, 1)

#define LAYOUT_PCI_FLAGS(FLAG) FLAG(PCI, CAP_LIST, 4, PCI_STATUS_CAP_LIST)

/* A space has 256 bytes, however few of them a dump has. The low two bits of a link are reserved. */
#define LAYOUT_FORM_PCI                                                                            \
	.argsz = LAYOUT_BITS(0, 0, 0, 256), .flags = LAYOUT_BITS(0x06, 2, 0, UINT16_MAX),          \
	.caps_flag = 1 << 4, .first = LAYOUT_BITS(0x34, 1, 0, 0xfc),                               \
	.type = LAYOUT_BITS(0x0e, 1, 0, 0x7f), .turned = 2,                                        \
	.turned_first = LAYOUT_BITS(0x14, 1, 0, 0xfc), .header = 2,                                \
	.id = LAYOUT_BITS(0, 1, 0, UINT8_MAX), .version = LAYOUT_BITS(0, 0, 0, 1),                 \
	.next = LAYOUT_BITS(1, 1, 0, 0xfc)

#define LAYOUT_PM(FIELD)                                                                           \
	FIELD(PM, abilities, 2, 2, VALUE, 1)                                                       \
	FIELD(PM, control, 4, 2, VALUE, 1)                                                         \
	FIELD(PM, bridge, 6, 2, SPACE, 1)

#define LAYOUT_VPD(FIELD)                                                                          \
	FIELD(VPD, address, 2, 2, VALUE, 1)                                                        \
	FIELD(VPD, data, 4, 4, VALUE, 1)

#define LAYOUT_SLOTID(FIELD)                                                                       \
	FIELD(SLOTID, slots, 2, 1, VALUE, 1)                                                       \
	FIELD(SLOTID, chassis, 3, 1, VALUE, 1)

#define LAYOUT_MSI(FIELD) FIELD(MSI, control, 2, 2, VALUE, 1)

#define LAYOUT_PCIX(FIELD)                                                                         \
	FIELD(PCIX, command, 2, 2, VALUE, 1)                                                       \
	FIELD(PCIX, status, 4, 4, VALUE, 1)

#define LAYOUT_HT(FIELD)   FIELD(HT, command, 2, 2, VALUE, 1)
#define LAYOUT_VNDR(FIELD) FIELD(VNDR, length, 2, 1, VALUE, 1)
#define LAYOUT_SHPC(FIELD) FIELD(SHPC, select, 2, 1, VALUE, 1)

#define LAYOUT_SSVID(FIELD)                                                                        \
	FIELD(SSVID, reserved, 2, 2, SPACE, 1)                                                     \
	FIELD(SSVID, vendor, 4, 2, VALUE, 1)                                                       \
	FIELD(SSVID, device, 6, 2, VALUE, 1)

#define LAYOUT_EXP(FIELD)                                                                          \
	FIELD(EXP, flags, 2, 2, VALUE, 1)                                                          \
	FIELD(EXP, device_abilities, 4, 4, VALUE, 1)                                               \
	FIELD(EXP, device_control, 8, 2, VALUE, 1)                                                 \
	FIELD(EXP, device_status, 10, 2, VALUE, 1)

#define LAYOUT_MSIX(FIELD)                                                                         \
	FIELD(MSIX, control, 2, 2, VALUE, 1)                                                       \
	FIELD(MSIX, table, 4, 4, VALUE, 1)                                                         \
	FIELD(MSIX, pending, 8, 4, VALUE, 1)

#define LAYOUT_SATA(FIELD)                                                                         \
	FIELD(SATA, revision, 2, 2, VALUE, 1)                                                      \
	FIELD(SATA, place, 4, 4, VALUE, 1)

#define LAYOUT_AF(FIELD)                                                                           \
	FIELD(AF, length, 2, 1, VALUE, 1)                                                          \
	FIELD(AF, abilities, 3, 1, VALUE, 1)                                                       \
	FIELD(AF, control, 4, 1, VALUE, 1)                                                         \
	FIELD(AF, status, 5, 1, VALUE, 1)

#define LAYOUT_EA(FIELD) FIELD(EA, entries, 2, 1, VALUE, 1)

#define LAYOUT_PCI_CAPS(CAP)                                                                       \
	CAP(PCI, 0x01, PM, NONE, -, -, -, -, PCI_CAP_ID_PM)                                        \
	CAP(PCI, 0x03, VPD, NONE, -, -, -, -, PCI_CAP_ID_VPD)                                      \
	CAP(PCI, 0x04, SLOTID, NONE, -, -, -, -, PCI_CAP_ID_SLOTID)                                \
	CAP(PCI, 0x05, MSI, NONE, -, -, -, -, PCI_CAP_ID_MSI)                                      \
	CAP(PCI, 0x07, PCIX, NONE, -, -, -, -, PCI_CAP_ID_PCIX)                                    \
	CAP(PCI, 0x08, HT, NONE, -, -, -, -, PCI_CAP_ID_HT)                                        \
	CAP(PCI, 0x09, VNDR, NONE, -, -, -, -, PCI_CAP_ID_VNDR)                                    \
	CAP(PCI, 0x10, EXP, NONE, -, -, -, -, PCI_CAP_ID_EXP)                                      \
	CAP(PCI, 0x11, MSIX, NONE, -, -, -, -, PCI_CAP_ID_MSIX)                                    \
	CAP(PCI, 0x0c, SHPC, NONE, -, -, -, -, PCI_CAP_ID_SHPC)                                    \
	CAP(PCI, 0x0d, SSVID, NONE, -, -, -, -, PCI_CAP_ID_SSVID)                                  \
	CAP(PCI, 0x12, SATA, NONE, -, -, -, -, PCI_CAP_ID_SATA)                                    \
	CAP(PCI, 0x13, AF, NONE, -, -, -, -, PCI_CAP_ID_AF)                                        \
	CAP(PCI, 0x14, EA, NONE, -, -, -, -, PCI_CAP_ID_EA)

#endif
