/* SPDX-License-Identifier: MIT */
/* Trusting loads of INFO structs and capabilities; see overlay.h. */
#include "overlay.h"

#include <string.h>

struct overlay_pair {
	overlay_u64 first, second;
};

struct overlay_counted {
	struct overlay_header header;
	union {
		uint32_t count, nr_areas, nr_iovas;
	};
	uint32_t reserved;
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
	union {
		uint32_t first, type, flags, link_speed, avail;
	};
	union {
		uint32_t second, subtype, reserved, __pad;
	};
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

_Static_assert(INFO_AT_REGION_argsz == INFO_AT_DEVICE_argsz &&
		       INFO_AT_IOMMU_argsz == INFO_AT_DEVICE_argsz &&
		       INFO_AT_REGION_flags == INFO_AT_DEVICE_flags &&
		       INFO_AT_IOMMU_flags == INFO_AT_DEVICE_flags &&
		       INFO_AT_IOMMU_cap_offset == INFO_AT_DEVICE_cap_offset,
	       "one offset serves the kinds that share it");
/*
 * Every field that layout.h has stands where it says, as wide as it says, in the struct laid over.
 */
#define SAME_PLACE(type, member, at, width)                                                        \
	_Static_assert(offsetof(type, member) == (at) && sizeof(((type *)0)->member) == (width),   \
		       #type "." #member)
#define SAME_FIELD(cap, name, at, width, role, version) SAME_PLACE(OVER_##cap, name, at, width);
#define SAME_CAP(kind, id, name, newest, bytes1, bytes, elements, array, one, two, ctype, cid)     \
	LAYOUT_##name(SAME_FIELD)

#define OVER_ZPCI_BASE	     struct overlay_zpci_base
#define OVER_ZPCI_GROUP	     struct overlay_zpci_group
#define OVER_ZPCI_UTIL	     struct overlay_string
#define OVER_ZPCI_PFIP	     struct overlay_string
#define OVER_PCI_ATOMIC_COMP struct overlay_words
#define OVER_SPARSE_MMAP     struct overlay_counted
#define OVER_TYPE	     struct overlay_words
#define OVER_NVLINK2_SSATGT  struct overlay_tgt
#define OVER_NVLINK2_LNKSPD  struct overlay_words
#define OVER_IOVA_RANGE	     struct overlay_counted
#define OVER_MIGRATION	     struct overlay_migration
#define OVER_DMA_AVAIL	     struct overlay_words

LAYOUT_CAPS(SAME_CAP)

SAME_PLACE(struct overlay_header, id, CAP_HEADER_id, 2);
SAME_PLACE(struct overlay_header, version, CAP_HEADER_version, 2);
SAME_PLACE(struct overlay_header, next, CAP_HEADER_next, 4);
_Static_assert(sizeof(struct overlay_header) == CAP_HEADER_SIZE, "payloads follow the header");
_Static_assert(sizeof(struct overlay_pair) == ELEMENTS_PAIRS, "pairs follow one another");
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
