/* SPDX-License-Identifier: MIT */
/* Trusting loads of INFO structs and capabilities; see overlay.h. */
#include "overlay.h"

#include <string.h>

struct overlay_pair {
	overlay_u64 first, second;
};

struct overlay_counted {
	struct overlay_header header;
	uint32_t count, reserved;
	struct overlay_pair pairs[];
};

struct overlay_string {
	struct overlay_header header;
	uint32_t size;
	uint8_t bytes[];
};

struct overlay_zpci_base {
	struct overlay_header header;
	overlay_u64 start_dma, end_dma;
	uint16_t pchid, vfn, fmb_length;
	uint8_t pft, gid;
	uint32_t fh;
};

struct overlay_zpci_group {
	struct overlay_header header;
	overlay_u64 dasm, msi_addr, flags;
	uint16_t mui, noi, maxstbl;
	uint8_t version, reserved;
	uint16_t imaxstbl;
};

struct overlay_words {
	struct overlay_header header;
	uint32_t first, second;
};

struct overlay_tgt {
	struct overlay_header header;
	overlay_u64 tgt;
};

struct overlay_migration {
	struct overlay_header header;
	uint32_t flags;
	overlay_u64 pgsize_bitmap, max_dirty_bitmap_size;
};

#define SAME_CAP(type, member, cap, name)                                                          \
	_Static_assert(offsetof(struct overlay_##type, member) == CAP_AT_##cap##_##name, #name)

_Static_assert(INFO_AT_REGION_argsz == INFO_AT_DEVICE_argsz &&
		       INFO_AT_IOMMU_argsz == INFO_AT_DEVICE_argsz &&
		       INFO_AT_REGION_flags == INFO_AT_DEVICE_flags &&
		       INFO_AT_IOMMU_flags == INFO_AT_DEVICE_flags &&
		       INFO_AT_IOMMU_cap_offset == INFO_AT_DEVICE_cap_offset,
	       "one offset serves the kinds that share it");
SAME_CAP(counted, count, SPARSE_MMAP, nr_areas);
SAME_CAP(counted, count, IOVA_RANGE, nr_iovas);
SAME_CAP(counted, reserved, SPARSE_MMAP, reserved);
SAME_CAP(string, size, ZPCI_UTIL, size);
SAME_CAP(string, size, ZPCI_PFIP, size);
SAME_CAP(zpci_base, start_dma, ZPCI_BASE, start_dma);
SAME_CAP(zpci_base, gid, ZPCI_BASE, gid);
SAME_CAP(zpci_base, fh, ZPCI_BASE, fh);
SAME_CAP(zpci_group, dasm, ZPCI_GROUP, dasm);
SAME_CAP(zpci_group, version, ZPCI_GROUP, version);
SAME_CAP(zpci_group, imaxstbl, ZPCI_GROUP, imaxstbl);
SAME_CAP(words, first, TYPE, type);
SAME_CAP(words, second, TYPE, subtype);
SAME_CAP(words, first, PCI_ATOMIC_COMP, flags);
SAME_CAP(words, first, NVLINK2_LNKSPD, link_speed);
SAME_CAP(words, first, DMA_AVAIL, avail);
SAME_CAP(tgt, tgt, NVLINK2_SSATGT, tgt);
SAME_CAP(migration, flags, MIGRATION, flags);
SAME_CAP(migration, pgsize_bitmap, MIGRATION, pgsize_bitmap);
SAME_CAP(migration, max_dirty_bitmap_size, MIGRATION, max_dirty_bitmap_size);
_Static_assert(offsetof(struct overlay_counted, pairs) == 16, "pairs follow the reserved word");
_Static_assert(offsetof(struct overlay_string, bytes) == 12, "bytes follow the size");

static void read_pairs(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_counted *const cap = at;

	ret_cap->count = cap->count;
	ret_cap->hash = INFO_HASH_START;
	for (uint32_t i = 0; i < ret_cap->count; i++) {
		ret_cap->hash = info_hash(ret_cap->hash, cap->pairs[i].first);
		ret_cap->hash = info_hash(ret_cap->hash, cap->pairs[i].second);
	}
}

static void read_string(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_string *const cap = at;

	ret_cap->count = cap->size;
	ret_cap->hash = INFO_HASH_START;
	for (uint32_t i = 0; i < ret_cap->count; i++)
		ret_cap->hash = info_hash(ret_cap->hash, cap->bytes[i]);
}

static void read_base(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_zpci_base *const cap = at;

	ret_cap->field[0] = cap->start_dma;
	ret_cap->field[1] = cap->end_dma;
	ret_cap->field[2] = cap->pchid;
	ret_cap->field[3] = cap->vfn;
	ret_cap->field[4] = cap->fmb_length;
	ret_cap->field[5] = cap->pft;
	ret_cap->field[6] = cap->gid;
	if (ret_cap->version >= 2)
		ret_cap->field[7] = cap->fh;
}

static void read_group(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_zpci_group *const cap = at;

	ret_cap->field[0] = cap->dasm;
	ret_cap->field[1] = cap->msi_addr;
	ret_cap->field[2] = cap->flags;
	ret_cap->field[3] = cap->mui;
	ret_cap->field[4] = cap->noi;
	ret_cap->field[5] = cap->maxstbl;
	ret_cap->field[6] = cap->version;
	if (ret_cap->version >= 2)
		ret_cap->field[7] = cap->imaxstbl;
}

static void read_two_words(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_words *const cap = at;

	ret_cap->field[0] = cap->first;
	ret_cap->field[1] = cap->second;
}

static void read_word(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_words *const cap = at;

	ret_cap->field[0] = cap->first;
}

static void read_tgt(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_tgt *const cap = at;

	ret_cap->field[0] = cap->tgt;
}

static void read_migration(const volatile void *at, struct info_cap *ret_cap)
{
	const volatile struct overlay_migration *const cap = at;

	ret_cap->field[0] = cap->flags;
	ret_cap->field[1] = cap->pgsize_bitmap;
	ret_cap->field[2] = cap->max_dirty_bitmap_size;
}

static void read_nothing(const volatile void *at, struct info_cap *ret_cap)
{
	(void)at;
	(void)ret_cap;
}

typedef void (*read_payload)(const volatile void *at, struct info_cap *ret_cap);

static const read_payload payloads[INFO_KINDS][6] = {
	[INFO_DEVICE] = {[CAP_ID_ZPCI_BASE] = read_base,
			 [CAP_ID_ZPCI_GROUP] = read_group,
			 [CAP_ID_ZPCI_UTIL] = read_string,
			 [CAP_ID_ZPCI_PFIP] = read_string,
			 [CAP_ID_PCI_ATOMIC_COMP] = read_word},
	[INFO_REGION] = {[CAP_ID_SPARSE_MMAP] = read_pairs,
			 [CAP_ID_TYPE] = read_two_words,
			 [CAP_ID_MSIX_MAPPABLE] = read_nothing,
			 [CAP_ID_NVLINK2_SSATGT] = read_tgt,
			 [CAP_ID_NVLINK2_LNKSPD] = read_word},
	[INFO_IOMMU] = {[CAP_ID_IOVA_RANGE] = read_pairs,
			[CAP_ID_MIGRATION] = read_migration,
			[CAP_ID_DMA_AVAIL] = read_word},
};

/* Not instrumented: AddressSanitizer's check of this one memset costs more than the rest of it. */
__attribute__((no_sanitize_address)) void overlay_cap(const void *info, uint32_t offset,
						      enum info_kind kind, struct info_cap *ret_cap)
{
	const volatile struct overlay_header *const header = overlay_header(info, offset);

	ret_cap->offset = offset;
	ret_cap->id = header->id;
	ret_cap->version = header->version;
	ret_cap->decoded = ret_cap->id < 6 && payloads[kind][ret_cap->id];
	if (!ret_cap->decoded)
		return;
	ret_cap->count = 0;
	ret_cap->hash = 0;
	memset(ret_cap->field, 0, sizeof(ret_cap->field));
	payloads[kind][ret_cap->id](header, ret_cap);
}
