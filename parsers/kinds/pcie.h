/* SPDX-License-Identifier: MIT */
/*
 * Kind `pcie`: the 4096 bytes of an Express function's configuration space, and the extended list
 * that begins behind the first 256. Terms and offsets are those of the PCI Express Base
 * Specification, as Linux's pci_regs.h has them.
 *
 * A header is a u32 {id: 16, version: 4, next: 12}. What opens the list is an Express capability in
 * the first 256 bytes: the fields have what a plain space shows of it.
 */
#ifndef PARSERS_KINDS_PCIE_H
#define PARSERS_KINDS_PCIE_H

#define LAYOUT_PCIE(FIELD)                                                                         \
	FIELD(PCIE, vendor, 0x00, 2)                                                               \
	FIELD(PCIE, status, 0x06, 2)                                                               \
	FIELD(PCIE, header_type, 0x0e, 1)                                                          \
	FIELD(PCIE, first, 0x34, 1)                                                                \
	FIELD(PCIE, at_40, 0x40, 4)

#define LAYOUT_PCIE_FLAGS(FLAG)

/*
 * No bit says that there is a list, and none where: a space of more than 256 bytes has one, at 256.
 * What a text leaves out of the fields: an Express endpoint of version 2 at 0x40, the only one.
 */
#define LAYOUT_FORM_PCIE                                                                           \
	.argsz = LAYOUT_BITS(0, 0, 0, 4096), .flags = LAYOUT_BITS(0, 0, 0, 1), .caps_flag = 1,     \
	.first = LAYOUT_BITS(0, 0, 0, 256), .header = 4, .id = LAYOUT_BITS(0, 2, 0, UINT16_MAX),   \
	.version = LAYOUT_BITS(2, 2, 0, 0xf), .next = LAYOUT_BITS(2, 2, 4, 0xffc),                 \
	.usual = INFO_ROW(0, 0x10, 0, 0x40, 0x00020010)

#define LAYOUT_AER(FIELD)                                                                          \
	FIELD(AER, uncorrectable, 0x04, 4, VALUE, 1)                                               \
	FIELD(AER, uncorrectable_mask, 0x08, 4, VALUE, 1)                                          \
	FIELD(AER, severity, 0x0c, 4, VALUE, 1)                                                    \
	FIELD(AER, correctable, 0x10, 4, VALUE, 1)                                                 \
	FIELD(AER, correctable_mask, 0x14, 4, VALUE, 1)                                            \
	FIELD(AER, control, 0x18, 4, VALUE, 1)                                                     \
	FIELD(AER, header_log, 0x1c, 8, SPACE, 1)                                                  \
	FIELD(AER, header_log_end, 0x24, 8, SPACE, 1)

#define LAYOUT_DSN(FIELD)                                                                          \
	FIELD(DSN, low, 4, 4, VALUE, 1)                                                            \
	FIELD(DSN, high, 8, 4, VALUE, 1)

/* Revision and length stand behind the vendor's id of a structure. */
#define LAYOUT_VSEC(FIELD) FIELD(VSEC, structure, 4, 4, VALUE, 1)

#define LAYOUT_ACS(FIELD)                                                                          \
	FIELD(ACS, abilities, 4, 2, VALUE, 1)                                                      \
	FIELD(ACS, control, 6, 2, VALUE, 1)

#define LAYOUT_ARI(FIELD)                                                                          \
	FIELD(ARI, abilities, 4, 2, VALUE, 1)                                                      \
	FIELD(ARI, control, 6, 2, VALUE, 1)

#define LAYOUT_ATS(FIELD)                                                                          \
	FIELD(ATS, abilities, 4, 2, VALUE, 1)                                                      \
	FIELD(ATS, control, 6, 2, VALUE, 1)

#define LAYOUT_SRIOV(FIELD)                                                                        \
	FIELD(SRIOV, abilities, 0x04, 4, VALUE, 1)                                                 \
	FIELD(SRIOV, control, 0x08, 2, VALUE, 1)                                                   \
	FIELD(SRIOV, initial_vfs, 0x0c, 2, VALUE, 1)                                               \
	FIELD(SRIOV, total_vfs, 0x0e, 2, VALUE, 1)                                                 \
	FIELD(SRIOV, num_vfs, 0x10, 2, VALUE, 1)                                                   \
	FIELD(SRIOV, vf_offset, 0x14, 2, VALUE, 1)                                                 \
	FIELD(SRIOV, vf_stride, 0x16, 2, VALUE, 1)                                                 \
	FIELD(SRIOV, migration, 0x3c, 4, SPACE, 1)

#define LAYOUT_REBAR(FIELD)                                                                        \
	FIELD(REBAR, sizes, 4, 4, VALUE, 1)                                                        \
	FIELD(REBAR, control, 8, 4, VALUE, 1)

#define LAYOUT_LTR(FIELD)                                                                          \
	FIELD(LTR, snoop, 4, 2, VALUE, 1)                                                          \
	FIELD(LTR, no_snoop, 6, 2, VALUE, 1)

#define LAYOUT_PASID(FIELD)                                                                        \
	FIELD(PASID, abilities, 4, 2, VALUE, 1)                                                    \
	FIELD(PASID, control, 6, 2, VALUE, 1)

#define LAYOUT_DVSEC(FIELD)                                                                        \
	FIELD(DVSEC, structure, 4, 4, VALUE, 1)                                                    \
	FIELD(DVSEC, dvsec_id, 8, 2, VALUE, 1)

#define LAYOUT_DOE(FIELD) FIELD(DOE, abilities, 4, 4, VALUE, 1)

#define LAYOUT_PCIE_CAPS(CAP)                                                                      \
	CAP(PCIE, 0x01, AER, NONE, -, -, -, -, PCI_EXT_CAP_ID_ERR)                                 \
	CAP(PCIE, 0x03, DSN, NONE, -, -, -, -, PCI_EXT_CAP_ID_DSN)                                 \
	CAP(PCIE, 0x0b, VSEC, NONE, -, -, -, -, PCI_EXT_CAP_ID_VNDR)                               \
	CAP(PCIE, 0x0d, ACS, NONE, -, -, -, -, PCI_EXT_CAP_ID_ACS)                                 \
	CAP(PCIE, 0x0e, ARI, NONE, -, -, -, -, PCI_EXT_CAP_ID_ARI)                                 \
	CAP(PCIE, 0x0f, ATS, NONE, -, -, -, -, PCI_EXT_CAP_ID_ATS)                                 \
	CAP(PCIE, 0x10, SRIOV, NONE, -, -, -, -, PCI_EXT_CAP_ID_SRIOV)                             \
	CAP(PCIE, 0x15, REBAR, NONE, -, -, -, -, PCI_EXT_CAP_ID_REBAR)                             \
	CAP(PCIE, 0x18, LTR, NONE, -, -, -, -, PCI_EXT_CAP_ID_LTR)                                 \
	CAP(PCIE, 0x1b, PASID, NONE, -, -, -, -, PCI_EXT_CAP_ID_PASID)                             \
	CAP(PCIE, 0x23, DVSEC, NONE, -, -, -, -, PCI_EXT_CAP_ID_DVSEC)                             \
	CAP(PCIE, 0x2e, DOE, NONE, -, -, -, -, PCI_EXT_CAP_ID_DOE)

#endif
