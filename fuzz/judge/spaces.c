/* SPDX-License-Identifier: MIT */
/* Configuration spaces beside their lists; see spaces.h. */
#include "spaces.h"

#include "rules.h"

/* Bytes of the space that conventional PCI has, and where its list may stand. */
#define CONVENTIONAL 256u
#define HEADER	     64u

/* C1: no device answers: what tells it is all ones. A virtual function's vendor alone is so too. */
static bool is_absent(const uint8_t *info)
{
	return layout_load(info, 4) == UINT32_MAX && layout_load(info + 6, 2) == UINT16_MAX &&
	       info[0x0e] == UINT8_MAX;
}

/*
 * C3: whether an Express capability stands in the sound part of the conventional list, and every reader comes
 * to it: reserved bits of a link some follow.
 */
static bool has_express(const uint8_t *info, size_t len)
{
	const struct layout_info *const pci = &layout_infos[INFO_PCI];
	const size_t end = len < CONVENTIONAL ? len : CONVENTIONAL;
	const struct layout_bits *const first = layout_first(pci, info);
	uint64_t visited = 0;
	uint32_t at;

	if (!(layout_get(&pci->flags, info) & pci->caps_flag) || layout_reserved(first, info))
		return false;
	at = layout_get(first, info);
	/* Links are multiples of 4: the space has 64 places for one. */
	while (at >= HEADER && at + 2 <= end && !(visited & UINT64_C(1) << at / 4)) {
		visited |= UINT64_C(1) << at / 4;
		if (info[at] == CAP_ID_EXP)
			return true;
		if (info[at] == UINT8_MAX || layout_reserved(&pci->next, info + at))
			return false;
		at = layout_get(&pci->next, info + at);
	}
	return false;
}

/* C3: something stands where the extended list begins. */
static bool has_extended(const uint8_t *info, size_t len)
{
	const uint64_t word = len < CONVENTIONAL + 4 ? 0 : layout_load(info + CONVENTIONAL, 4);

	return word != 0 && word != UINT32_MAX;
}

uint32_t space_notes(enum info_kind kind, const uint8_t *info, size_t len)
{
	uint32_t notes = 0;

	if (kind < INFO_IOCTL_KINDS)
		return 0;
	if (is_absent(info))
		return NOTE_BIT(NOTE_NO_DEVICE);
	if (kind == INFO_PCIE && !has_extended(info, len))
		return 0;
	if (kind == INFO_PCIE && !has_express(info, len))
		notes |= NOTE_BIT(NOTE_NO_EXPRESS);
	if ((info[0x0e] & 0x7f) > 1)
		notes |= NOTE_BIT(NOTE_HEADER_TYPE);
	return notes;
}

bool space_header_is_ones(enum info_kind kind, const uint8_t *info, uint32_t at)
{
	return kind == INFO_PCI ? info[at] == UINT8_MAX
				: kind == INFO_PCIE && layout_load(info + at, 4) == UINT32_MAX;
}

bool space_header_is_zero(enum info_kind kind, const uint8_t *info, uint32_t at)
{
	return kind == INFO_PCIE && layout_load(info + at, 4) == 0;
}

/* Where the length of a capability is what the row says, whatever its fields hold. */
static const struct {
	uint8_t kind;
	uint8_t id;
	uint8_t length;
} lengths[] = {
	{INFO_PCI, CAP_ID_PM, 8},      {INFO_PCI, CAP_ID_VPD, 8},
	{INFO_PCI, CAP_ID_SLOTID, 4},  {INFO_PCI, CAP_ID_PCIX, 8},
	{INFO_PCI, CAP_ID_MSIX, 12},   {INFO_PCI, CAP_ID_SHPC, 8},
	{INFO_PCI, CAP_ID_SSVID, 8},   {INFO_PCI, CAP_ID_SATA, 8},
	{INFO_PCI, CAP_ID_AF, 6},      {INFO_PCIE, CAP_ID_AER, 0x2c},
	{INFO_PCIE, CAP_ID_DSN, 12},   {INFO_PCIE, CAP_ID_ARI, 8},
	{INFO_PCIE, CAP_ID_ATS, 8},    {INFO_PCIE, CAP_ID_SRIOV, 0x40},
	{INFO_PCIE, CAP_ID_LTR, 8},    {INFO_PCIE, CAP_ID_PASID, 8},
	{INFO_PCIE, CAP_ID_REBAR, 12},
};

/* An address of 32 or 64 bits, then data, and where the function masks, two words more. */
static uint32_t msi_length(uint16_t control)
{
	const uint32_t address = control & 1u << 7 ? 14 : 10;

	return control & 1u << 8 ? address + 10 : address;
}

/* Version 1 has what its type needs: an integrated endpoint no link, others no slot unless they say so. */
static uint32_t express_length(uint16_t flags)
{
	const uint32_t type = flags >> 4 & 0xf;

	if ((flags & 0xf) > 1)
		return 0x3c;
	if (type == 9)
		return 0x0c;
	return 0x14;
}

uint32_t space_cap_length(enum info_kind kind, uint16_t id, const uint8_t *cap)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (lengths[i].kind == kind && lengths[i].id == id)
			return lengths[i].length;
	if (kind == INFO_PCI && id == CAP_ID_MSI)
		return msi_length((uint16_t)layout_load(cap + 2, 2));
	if (kind == INFO_PCI && id == CAP_ID_EXP)
		return express_length((uint16_t)layout_load(cap + 2, 2));
	if (kind == INFO_PCI && id == CAP_ID_VNDR)
		return cap[2];
	if (kind == INFO_PCIE && (id == CAP_ID_VSEC || id == CAP_ID_DVSEC))
		return (uint32_t)layout_load(cap + 4, 4) >> 20;
	return 0;
}
