/* SPDX-License-Identifier: MIT */
/*
 * Where every byte of an INFO buffer lives: the three INFO structs and their capabilities.
 *
 * All offsets and sizes are in bytes and the same on every ABI; read by them and an i386 build sees
 * what the kernel wrote (the C struct of MIGRATION, overlaid on i386, does not: its __u64 are not
 * aligned there). Integers are in host order; fuzz/chain/endian.h turns
 * over what is not. layout_uapi.c holds this file to <linux/vfio.h>
 * wherever the installed header has the struct; `make uapi HDR=FILE` compares it with another
 * vfio.h. When either fails, the header is right: mend the line here.
 *
 * A capability id belongs to one kind only. Versions append fields: a field's last column is the
 * first version that has it. bounded.h restates what it needs of this file, because other programs
 * take it alone; fuzz/parsers/bounded_test.c compares the two.
 */
#ifndef PARSERS_LAYOUT_H
#define PARSERS_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "kinds/pci.h"
#include "kinds/pcie.h"
#include "parser.h"

/* struct vfio_info_cap_header { __u16 id; __u16 version; __u32 next; } */
enum {
	CAP_HEADER_id = 0,
	CAP_HEADER_version = 2,
	CAP_HEADER_next = 4,
	CAP_HEADER_SIZE = 8,
};

/*
 * The INFO structs. FIELD(struct, name, offset, width). The kernel fills at least `minsz` bytes or
 * fails; `end` is where the known fixed fields end, so no capability starts before it; `full` is
 * sizeof in the newest header, where today's kernels put the first capability.
 */
#define LAYOUT_DEVICE(FIELD)                                                                       \
	FIELD(DEVICE, argsz, 0, 4)                                                                 \
	FIELD(DEVICE, flags, 4, 4)                                                                 \
	FIELD(DEVICE, num_regions, 8, 4)                                                           \
	FIELD(DEVICE, num_irqs, 12, 4)                                                             \
	FIELD(DEVICE, cap_offset, 16, 4)                                                           \
	FIELD(DEVICE, pad, 20, 4)

#define LAYOUT_REGION(FIELD)                                                                       \
	FIELD(REGION, argsz, 0, 4)                                                                 \
	FIELD(REGION, flags, 4, 4)                                                                 \
	FIELD(REGION, index, 8, 4)                                                                 \
	FIELD(REGION, cap_offset, 12, 4)                                                           \
	FIELD(REGION, size, 16, 8)                                                                 \
	FIELD(REGION, offset, 24, 8)

#define LAYOUT_IOMMU(FIELD)                                                                        \
	FIELD(IOMMU, argsz, 0, 4)                                                                  \
	FIELD(IOMMU, flags, 4, 4)                                                                  \
	FIELD(IOMMU, iova_pgsizes, 8, 8)                                                           \
	FIELD(IOMMU, cap_offset, 16, 4)                                                            \
	FIELD(IOMMU, pad, 20, 4)

/* INFO(kind, its name in texts, minsz, end, full, uapi struct) */
#define LAYOUT_INFOS(INFO)                                                                         \
	INFO(DEVICE, device, 16, 20, 24, vfio_device_info)                                         \
	INFO(REGION, region, 32, 32, 32, vfio_region_info)                                         \
	INFO(IOMMU, iommu, 16, 20, 24, vfio_iommu_type1_info)

/*
 * How the lists of a kind are written, as members of struct layout_info: all that the ioctls answer
 * have one form.
 */
#define LAYOUT_FORM_DEVICE LAYOUT_FORM_IOCTL(DEVICE)
#define LAYOUT_FORM_REGION LAYOUT_FORM_IOCTL(REGION)
#define LAYOUT_FORM_IOMMU  LAYOUT_FORM_IOCTL(IOMMU)
#define LAYOUT_FORM_IOCTL(kind)                                                                    \
	.argsz = LAYOUT_BITS(INFO_AT_##kind##_argsz, 4, 0, UINT32_MAX),                            \
	.flags = LAYOUT_BITS(INFO_AT_##kind##_flags, 4, 0, UINT32_MAX),                            \
	.caps_flag = FLAG_##kind##_CAPS,                                                           \
	.first = LAYOUT_BITS(INFO_AT_##kind##_cap_offset, 4, 0, UINT32_MAX),                       \
	.header = CAP_HEADER_SIZE, .id = LAYOUT_BITS(CAP_HEADER_id, 2, 0, UINT16_MAX),             \
	.version = LAYOUT_BITS(CAP_HEADER_version, 2, 0, UINT16_MAX),                              \
	.next = LAYOUT_BITS(CAP_HEADER_next, 4, 0, UINT32_MAX)

/* FLAG(kind, name, bit, uapi name) */
#define LAYOUT_FLAGS(FLAG)                                                                         \
	FLAG(DEVICE, RESET, 0, VFIO_DEVICE_FLAGS_RESET)                                            \
	FLAG(DEVICE, PCI, 1, VFIO_DEVICE_FLAGS_PCI)                                                \
	FLAG(DEVICE, PLATFORM, 2, VFIO_DEVICE_FLAGS_PLATFORM)                                      \
	FLAG(DEVICE, AMBA, 3, VFIO_DEVICE_FLAGS_AMBA)                                              \
	FLAG(DEVICE, CCW, 4, VFIO_DEVICE_FLAGS_CCW)                                                \
	FLAG(DEVICE, AP, 5, VFIO_DEVICE_FLAGS_AP)                                                  \
	FLAG(DEVICE, FSL_MC, 6, VFIO_DEVICE_FLAGS_FSL_MC)                                          \
	FLAG(DEVICE, CAPS, 7, VFIO_DEVICE_FLAGS_CAPS)                                              \
	FLAG(DEVICE, CDX, 8, VFIO_DEVICE_FLAGS_CDX)                                                \
	FLAG(REGION, READ, 0, VFIO_REGION_INFO_FLAG_READ)                                          \
	FLAG(REGION, WRITE, 1, VFIO_REGION_INFO_FLAG_WRITE)                                        \
	FLAG(REGION, MMAP, 2, VFIO_REGION_INFO_FLAG_MMAP)                                          \
	FLAG(REGION, CAPS, 3, VFIO_REGION_INFO_FLAG_CAPS)                                          \
	FLAG(IOMMU, PGSIZES, 0, VFIO_IOMMU_INFO_PGSIZES)                                           \
	FLAG(IOMMU, CAPS, 1, VFIO_IOMMU_INFO_CAPS)

/*
 * The capabilities. FIELD(cap, name, offset, width, role, version). Roles: VALUE is delivered in
 * info_cap.field[], COUNT is the number of elements that follow the fixed part, SPACE is a reserved
 * or pad field: the UAPI declares it, so the reply must contain it, and nobody reads it.
 */
#define LAYOUT_ZPCI_BASE(FIELD)                                                                    \
	FIELD(ZPCI_BASE, start_dma, 8, 8, VALUE, 1)                                                \
	FIELD(ZPCI_BASE, end_dma, 16, 8, VALUE, 1)                                                 \
	FIELD(ZPCI_BASE, pchid, 24, 2, VALUE, 1)                                                   \
	FIELD(ZPCI_BASE, vfn, 26, 2, VALUE, 1)                                                     \
	FIELD(ZPCI_BASE, fmb_length, 28, 2, VALUE, 1)                                              \
	FIELD(ZPCI_BASE, pft, 30, 1, VALUE, 1)                                                     \
	FIELD(ZPCI_BASE, gid, 31, 1, VALUE, 1)                                                     \
	FIELD(ZPCI_BASE, fh, 32, 4, VALUE, 2)                                                      \
	FIELD(ZPCI_BASE, ccdf_err_length, 36, 4, VALUE, 3)

#define LAYOUT_ZPCI_GROUP(FIELD)                                                                   \
	FIELD(ZPCI_GROUP, dasm, 8, 8, VALUE, 1)                                                    \
	FIELD(ZPCI_GROUP, msi_addr, 16, 8, VALUE, 1)                                               \
	FIELD(ZPCI_GROUP, flags, 24, 8, VALUE, 1)                                                  \
	FIELD(ZPCI_GROUP, mui, 32, 2, VALUE, 1)                                                    \
	FIELD(ZPCI_GROUP, noi, 34, 2, VALUE, 1)                                                    \
	FIELD(ZPCI_GROUP, maxstbl, 36, 2, VALUE, 1)                                                \
	FIELD(ZPCI_GROUP, version, 38, 1, VALUE, 1)                                                \
	FIELD(ZPCI_GROUP, reserved, 39, 1, SPACE, 2)                                               \
	FIELD(ZPCI_GROUP, imaxstbl, 40, 2, VALUE, 2)

#define LAYOUT_ZPCI_UTIL(FIELD) FIELD(ZPCI_UTIL, size, 8, 4, COUNT, 1)
#define LAYOUT_ZPCI_PFIP(FIELD) FIELD(ZPCI_PFIP, size, 8, 4, COUNT, 1)

#define LAYOUT_PCI_ATOMIC_COMP(FIELD)                                                              \
	FIELD(PCI_ATOMIC_COMP, flags, 8, 4, VALUE, 1)                                              \
	FIELD(PCI_ATOMIC_COMP, reserved, 12, 4, SPACE, 1)

#define LAYOUT_SPARSE_MMAP(FIELD)                                                                  \
	FIELD(SPARSE_MMAP, nr_areas, 8, 4, COUNT, 1)                                               \
	FIELD(SPARSE_MMAP, reserved, 12, 4, SPACE, 1)

#define LAYOUT_TYPE(FIELD)                                                                         \
	FIELD(TYPE, type, 8, 4, VALUE, 1)                                                          \
	FIELD(TYPE, subtype, 12, 4, VALUE, 1)

#define LAYOUT_MSIX_MAPPABLE(FIELD)

#define LAYOUT_NVLINK2_SSATGT(FIELD) FIELD(NVLINK2_SSATGT, tgt, 8, 8, VALUE, 1)

#define LAYOUT_NVLINK2_LNKSPD(FIELD)                                                               \
	FIELD(NVLINK2_LNKSPD, link_speed, 8, 4, VALUE, 1)                                          \
	FIELD(NVLINK2_LNKSPD, __pad, 12, 4, SPACE, 1)

#define LAYOUT_IOVA_RANGE(FIELD)                                                                   \
	FIELD(IOVA_RANGE, nr_iovas, 8, 4, COUNT, 1)                                                \
	FIELD(IOVA_RANGE, reserved, 12, 4, SPACE, 1)

#define LAYOUT_MIGRATION(FIELD)                                                                    \
	FIELD(MIGRATION, flags, 8, 4, VALUE, 1)                                                    \
	FIELD(MIGRATION, pgsize_bitmap, 16, 8, VALUE, 1)                                           \
	FIELD(MIGRATION, max_dirty_bitmap_size, 24, 8, VALUE, 1)

#define LAYOUT_DMA_AVAIL(FIELD) FIELD(DMA_AVAIL, avail, 8, 4, VALUE, 1)

/*
 * CAP(kind, id, name, elements, array, one, two, uapi struct, uapi id). How many versions there are
 * and how long each is, the fields say. Elements stand right after them: NONE, BYTES (one byte each)
 * or PAIRS (two u64 each); array is what the UAPI calls them, one and two the halves of a pair, `-`
 * where there is nothing to name.
 */
#define LAYOUT_CAPS(CAP)                                                                           \
	CAP(DEVICE, 1, ZPCI_BASE, NONE, -, -, -, vfio_device_info_cap_zpci_base,                   \
	    VFIO_DEVICE_INFO_CAP_ZPCI_BASE)                                                        \
	CAP(DEVICE, 2, ZPCI_GROUP, NONE, -, -, -, vfio_device_info_cap_zpci_group,                 \
	    VFIO_DEVICE_INFO_CAP_ZPCI_GROUP)                                                       \
	CAP(DEVICE, 3, ZPCI_UTIL, BYTES, util_str, -, -, vfio_device_info_cap_zpci_util,           \
	    VFIO_DEVICE_INFO_CAP_ZPCI_UTIL)                                                        \
	CAP(DEVICE, 4, ZPCI_PFIP, BYTES, pfip, -, -, vfio_device_info_cap_zpci_pfip,               \
	    VFIO_DEVICE_INFO_CAP_ZPCI_PFIP)                                                        \
	CAP(DEVICE, 5, PCI_ATOMIC_COMP, NONE, -, -, -, vfio_device_info_cap_pci_atomic_comp,       \
	    VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP)                                                  \
	CAP(REGION, 1, SPARSE_MMAP, PAIRS, areas, offset, size, vfio_region_info_cap_sparse_mmap,  \
	    VFIO_REGION_INFO_CAP_SPARSE_MMAP)                                                      \
	CAP(REGION, 2, TYPE, NONE, -, -, -, vfio_region_info_cap_type, VFIO_REGION_INFO_CAP_TYPE)  \
	CAP(REGION, 3, MSIX_MAPPABLE, NONE, -, -, -, vfio_info_cap_header,                         \
	    VFIO_REGION_INFO_CAP_MSIX_MAPPABLE)                                                    \
	CAP(REGION, 4, NVLINK2_SSATGT, NONE, -, -, -, vfio_region_info_cap_nvlink2_ssatgt,         \
	    VFIO_REGION_INFO_CAP_NVLINK2_SSATGT)                                                   \
	CAP(REGION, 5, NVLINK2_LNKSPD, NONE, -, -, -, vfio_region_info_cap_nvlink2_lnkspd,         \
	    VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD)                                                   \
	CAP(IOMMU, 1, IOVA_RANGE, PAIRS, iova_ranges, start, end,                                  \
	    vfio_iommu_type1_info_cap_iova_range, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)            \
	CAP(IOMMU, 2, MIGRATION, NONE, -, -, -, vfio_iommu_type1_info_cap_migration,               \
	    VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION)                                                   \
	CAP(IOMMU, 3, DMA_AVAIL, NONE, -, -, -, vfio_iommu_type1_info_dma_avail,                   \
	    VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)

/* The same as constants: INFO_AT_REGION_cap_offset is 12, CAP_AT_SPARSE_MMAP_nr_areas is 8. */
enum {
#define LAYOUT_AT(info, name, at, width) INFO_AT_##info##_##name = (at),
	LAYOUT_DEVICE(LAYOUT_AT) LAYOUT_REGION(LAYOUT_AT) LAYOUT_IOMMU(LAYOUT_AT)
#undef LAYOUT_AT
#define LAYOUT_AT(cap, name, at, width, role, version) CAP_AT_##cap##_##name = (at),
#define LAYOUT_CAP(kind, id, name, elements, array, one, two, ctype, cid)                          \
	LAYOUT_##name(LAYOUT_AT) CAP_ID_##name = (id),
		LAYOUT_CAPS(LAYOUT_CAP)
#undef LAYOUT_CAP
#undef LAYOUT_AT
#define LAYOUT_FLAG(kind, name, bit, cname) FLAG_##kind##_##name = (1 << (bit)),
			LAYOUT_FLAGS(LAYOUT_FLAG)
#undef LAYOUT_FLAG
};

/* Ids a kind, 0 included; no kind has one of this or above. A union is as long as its longest member. */
union layout_ids {
#define LAYOUT_CAP(kind, id, name, elements, array, one, two, ctype, cid) char name[(id) + 1];
	LAYOUT_CAPS(LAYOUT_CAP)
#undef LAYOUT_CAP
};
enum { CAP_ID_END = sizeof(union layout_ids) };

/* Where every capability with elements keeps their count, a u32. */
enum { CAP_COUNT_AT = 8 };

enum layout_role { ROLE_VALUE, ROLE_COUNT, ROLE_SPACE };
enum layout_elements { ELEMENTS_NONE = 0, ELEMENTS_BYTES = 1, ELEMENTS_PAIRS = 16 };

struct layout_field {
	const char *name;
	uint16_t at;
	uint8_t width;
	enum layout_role role;
	uint16_t version;
};

/*
 * A number among bytes: @width bytes at @at, 1, 2 or 4, from bit @shift on, without the bits that
 * @mask lacks: of a link those are reserved. Width 0: no byte says it, it is always @mask.
 */
struct layout_bits {
	uint32_t at;
	uint8_t width;
	uint8_t shift;
	uint32_t mask;
};
/* Fields of the widest struct. */
#define LAYOUT_FIELDS_MAX		    6
#define LAYOUT_BITS(at, width, shift, mask) INFO_ROW(at, width, shift, mask)

struct layout_flag {
	enum info_kind kind;
	const char *name;
	const char *uapi;
	uint32_t bit;
};

/*
 * One kind. @argsz of width 0: what is read has @argsz.mask bytes, however few of them the caller
 * got; with a mask of 0 it is never cut. @flags, @first: there is a list where @caps_flag is set, and
 * it begins at @first, which each names a field of @fields; where @type is @turned, at @turned_first.
 * @first of width 0: one that is as long as @end is whole, and has no list. @header: bytes of a
 * capability's header; @id, @version and @next count from its start. @usual: what a text that does not
 * say has in each field.
 */
struct layout_info {
	const char *name;
	const char *uapi;
	uint32_t minsz;
	uint32_t end;
	uint32_t full;
	const struct layout_field *fields;
	size_t nfields;
	struct layout_bits argsz;
	struct layout_bits flags;
	uint32_t caps_flag;
	struct layout_bits first;
	struct layout_bits type;
	uint32_t turned;
	struct layout_bits turned_first;
	uint32_t header;
	struct layout_bits id;
	struct layout_bits version;
	struct layout_bits next;
	uint64_t usual[LAYOUT_FIELDS_MAX];
};

/* @array and @pair name the elements and the two halves of one, where there are any. */
struct layout_cap {
	enum info_kind kind;
	uint16_t id;
	uint16_t newest;
	const char *name;
	const char *uapi;
	const char *uapi_id;
	enum layout_elements elements;
	const struct layout_field *fields;
	size_t nfields;
	const char *array;
	const char *pair[2];
};

/* The names of all kinds, as messages have them; fuzz/parsers/layout_test.c holds it to the list. */
#define LAYOUT_KIND_WORDS "device, region, iommu, pci or pcie"

/*
 * Every kind, flag and capability there is: what layout_uapi.c holds, and behind it the lists of
 * each kind that no ioctl answers.
 */
#define LAYOUT_KINDS(INFO)                                                                         \
	LAYOUT_INFOS(INFO)                                                                         \
	INFO(PCI, pci, 64, 64, 64, -)                                                              \
	INFO(PCIE, pcie, 64, 256, 256, -)
#define LAYOUT_ALL_FLAGS(FLAG) LAYOUT_FLAGS(FLAG) LAYOUT_PCI_FLAGS(FLAG) LAYOUT_PCIE_FLAGS(FLAG)
#define LAYOUT_ALL_CAPS(CAP)   LAYOUT_CAPS(CAP) LAYOUT_PCI_CAPS(CAP) LAYOUT_PCIE_CAPS(CAP)

/* Offsets and ids of those, as constants. */
enum {
#define LAYOUT_AT(info, name, at, width) INFO_AT_##info##_##name = (at),
	LAYOUT_PCI(LAYOUT_AT) LAYOUT_PCIE(LAYOUT_AT)
#undef LAYOUT_AT
#define LAYOUT_CAP(kind, id, name, ...) CAP_ID_##name = (id),
		LAYOUT_PCI_CAPS(LAYOUT_CAP) LAYOUT_PCIE_CAPS(LAYOUT_CAP)
#undef LAYOUT_CAP
};

extern const struct layout_info layout_infos[INFO_KINDS];
extern const struct layout_flag layout_flags[];
extern const size_t layout_flag_count;
extern const struct layout_cap layout_caps[];
extern const size_t layout_cap_count;

/* "device", "region", "iommu". */
const char *info_kind_name(enum info_kind kind);

/* The layout of capability @id of @kind, or NULL where the id is not known. */
const struct layout_cap *layout_cap(enum info_kind kind, uint16_t id);

/*
 * Bytes to the end of the last declared field that @version has, header included, elements not. A
 * version above the newest has what the newest has, version 0 a header.
 */
uint32_t layout_fixed(const struct layout_cap *layout, uint16_t version);

/* Little helpers for unaligned host-order loads and stores of 1, 2, 4 or 8 bytes. */
uint64_t layout_load(const uint8_t *at, unsigned int width);
void layout_store(uint8_t *at, unsigned int width, uint64_t value);

static inline uint32_t layout_get(const struct layout_bits *bits, const uint8_t *base)
{
	if (!bits->width)
		return bits->mask;
	return (uint32_t)(layout_load(base + bits->at, bits->width) >> bits->shift) & bits->mask;
}

/* Leaves the bits beside it as they are; what the mask lacks of @value is lost. */
static inline void layout_set(const struct layout_bits *bits, uint8_t *base, uint64_t value)
{
	const uint64_t mask = (uint64_t)bits->mask << bits->shift;

	if (bits->width)
		layout_store(base + bits->at, bits->width,
			     (layout_load(base + bits->at, bits->width) & ~mask) |
				     (value << bits->shift & mask));
}

/* Where the first link of @info stands in the struct at @base. */
static inline const struct layout_bits *layout_first(const struct layout_info *info,
						     const uint8_t *base)
{
	const bool turned = info->type.width && layout_get(&info->type, base) == info->turned;

	return turned ? &info->turned_first : &info->first;
}

/* The reserved bits below those of a link, as they stand at @base. */
static inline uint32_t layout_reserved(const struct layout_bits *link, const uint8_t *base)
{
	const struct layout_bits below = {link->at, link->width, link->shift,
					  (link->mask & -link->mask) - 1};

	return link->width ? layout_get(&below, base) : 0;
}

/*
 * What a reply of @len bytes says of its own length: 0 where it is too short for that. Of a kind that
 * does not say, what it always has, or @len.
 */
uint32_t layout_argsz(enum info_kind kind, const uint8_t *info, size_t len);

/*
 * Bytes of a delivered capability, to the end of its last declared field or element; those of its
 * header undecoded.
 */
uint32_t layout_span(enum info_kind kind, const struct info_cap *cap);

#endif
