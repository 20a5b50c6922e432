/* SPDX-License-Identifier: MIT */
/*
 * pcicaps.h as a program has it that took this one file: everything of it, in what C and C++ have in
 * common. Returns 0 where all was read right. scripts/test/vendored-builds.sh compiles it in many ways.
 */
#include "../../parsers/include/pcicaps.h"
#include "../../parsers/include/pcicaps.h"

static pc_u32 read_typed(const struct pc_list *list, const struct pc_cap *cap)
{
	struct pc_express express;
	struct pc_vendor vendor;
	struct pc_sriov sriov;
	struct pc_msix msix;
	struct pc_msi msi;
	pc_u32 value;

	if (pc_get_msi(list, cap, &msi))
		return msi.vectors + msi.size;
	if (pc_get_msix(list, cap, &msix))
		return msix.vectors + msix.table;
	if (pc_get_express(list, cap, &express))
		return express.version + express.type;
	if (pc_get_vendor(list, cap, &vendor))
		return vendor.vendor_id + vendor.size;
	if (pc_get_sriov(list, cap, &sriov))
		return sriov.total_vfs;
	return pc_read(list, cap, 2, 2, &value) ? value : 0;
}

static pc_u32 read_space(const void *space, pc_u32 len, enum pc_kind kind)
{
	struct pc_list list;
	struct pc_cap cap;
	pc_u32 sum = 0;

	if (pc_begin(&list, space, len, kind) != PC_OK)
		return (pc_u32)pc_name(list.status)[0];
	while (pc_next(&list, &cap))
		sum += read_typed(&list, &cap);
	return pc_find(&list, PC_MSI, &cap) ? sum + (pc_u32)pc_is_express(space, len) : 0;
}

/* A second unit that has the header too, to be linked with the first. */
#ifdef SECOND
int second(void);
#define main second
#endif

int main(void);
int main(void)
{
	/* MSI of 32 bits and one vector at 0x40, and behind it Express of version 2, or the first again. */
	pc_u8 space[256];
	pc_u32 i;

	for (i = 0; i < sizeof(space); i++)
		space[i] = 0;
	space[0x06] = 0x10;
	space[0x34] = 0x40;
	space[0x40] = PC_MSI;
	space[0x41] = 0x50;
	space[0x50] = PC_EXPRESS;
	space[0x52] = 2;
	if (read_space(space, sizeof(space), PC_CONVENTIONAL) != 1 + 10 + 2 + 1)
		return 1;
	if (read_space(space, sizeof(space), PC_EXTENDED) != 'a')
		return 2;
	space[0x51] = 0x40;
	return read_space(space, sizeof(space), PC_CONVENTIONAL) != 'l';
}
