/* SPDX-License-Identifier: MIT */
/* Trusting loads of INFO structs and capabilities; see overlay.h. */
#include "overlay.h"

#include <string.h>

struct overlay_pair {
	overlay_u64 first, second;
};

typedef uint8_t overlay_u8;
typedef uint16_t overlay_u16;
typedef uint32_t overlay_u32;

/* struct overlay_ZPCI_BASE and so on: each field of layout.h's lists, in their order. */
#define TYPE_1 overlay_u8
#define TYPE_2 overlay_u16
#define TYPE_4 overlay_u32
#define TYPE_8 overlay_u64
#define ELEMENTS_OF_NONE
#define ELEMENTS_OF_BYTES			    overlay_u8 elements[];
#define ELEMENTS_OF_PAIRS			    struct overlay_pair elements[];
#define MEMBER(cap, name, at, width, role, version) TYPE_##width name;
#define STRUCT(kind, id, name, held, array, one, two, ctype, cid)                                  \
	struct overlay_##name {                                                                    \
		struct overlay_header header;                                                      \
		LAYOUT_##name(MEMBER) ELEMENTS_OF_##held                                           \
	};
LAYOUT_CAPS(STRUCT)

_Static_assert(INFO_AT_REGION_argsz == INFO_AT_DEVICE_argsz &&
		       INFO_AT_IOMMU_argsz == INFO_AT_DEVICE_argsz &&
		       INFO_AT_REGION_flags == INFO_AT_DEVICE_flags &&
		       INFO_AT_IOMMU_flags == INFO_AT_DEVICE_flags &&
		       INFO_AT_IOMMU_cap_offset == INFO_AT_DEVICE_cap_offset,
	       "one offset serves the kinds that share it");
/* A hole that layout.h has and the compiler leaves none for, or the other way round, shows here. */
#define SAME_PLACE(type, member, at, width)                                                        \
	_Static_assert(offsetof(type, member) == (at) && sizeof(((type *)0)->member) == (width),   \
		       #type "." #member)
#define SAME_FIELD(cap, name, at, width, role, version)                                            \
	SAME_PLACE(struct overlay_##cap, name, at, width);
#define SAME_CAP(kind, id, name, elements, array, one, two, ctype, cid) LAYOUT_##name(SAME_FIELD)
LAYOUT_CAPS(SAME_CAP)

SAME_PLACE(struct overlay_header, id, CAP_HEADER_id, 2);
SAME_PLACE(struct overlay_header, version, CAP_HEADER_version, 2);
SAME_PLACE(struct overlay_header, next, CAP_HEADER_next, 4);
_Static_assert(sizeof(struct overlay_header) == CAP_HEADER_SIZE, "payloads follow the header");
_Static_assert(sizeof(struct overlay_pair) == ELEMENTS_PAIRS, "pairs follow one another");

/* Elements follow the last field; there are as many as the count said. */
static void read_pairs(const volatile struct overlay_pair *pairs, struct info_cap *ret_cap)
{
	ret_cap->hash = INFO_HASH_START;
	for (uint32_t i = 0; i < ret_cap->count; i++) {
		ret_cap->hash = info_hash(ret_cap->hash, pairs[i].first);
		ret_cap->hash = info_hash(ret_cap->hash, pairs[i].second);
	}
}

static void read_bytes(const volatile overlay_u8 *bytes, struct info_cap *ret_cap)
{
	ret_cap->hash = INFO_HASH_START;
	for (uint32_t i = 0; i < ret_cap->count; i++)
		ret_cap->hash = info_hash(ret_cap->hash, bytes[i]);
}

/* read_ZPCI_BASE() and so on: every field in its order, those of a later version where there. */
#define READ_VALUE(name, since)                                                                    \
	if ((since) == 1 || version >= (since))                                                    \
		ret_cap->field[slot] = cap->name;                                                  \
	slot++;
#define READ_COUNT(name, since) ret_cap->count = cap->name;
#define READ_SPACE(name, since)
#define READ_FIELD(of, name, at, width, role, since) READ_##role(name, since)
#define READ_NONE
#define READ_BYTES read_bytes(cap->elements, ret_cap);
#define READ_PAIRS read_pairs(cap->elements, ret_cap);
#define READ(kind, id, name, held, array, one, two, ctype, cid)                                    \
	static void read_##name(const volatile void *at, uint16_t version,                         \
				struct info_cap *ret_cap)                                          \
	{                                                                                          \
		const volatile struct overlay_##name *const cap = at;                              \
		size_t slot = 0;                                                                   \
                                                                                                   \
		(void)cap, (void)version, (void)ret_cap, (void)slot;                               \
		LAYOUT_##name(READ_FIELD) READ_##held                                              \
	}
LAYOUT_CAPS(READ)

typedef void (*read_payload)(const volatile void *at, uint16_t version, struct info_cap *ret_cap);

static const read_payload payloads[INFO_IOCTL_KINDS][CAP_ID_END] = {
#define ROW(kind, id, name, elements, array, one, two, ctype, cid) [INFO_##kind][id] = read_##name,
	LAYOUT_CAPS(ROW)
#undef ROW
};

/* Not instrumented: AddressSanitizer's check of this one memset costs more than the rest of it. */
__attribute__((no_sanitize_address)) void overlay_cap_of(const void *info, uint32_t offset,
							 enum info_kind kind, uint16_t newest,
							 struct info_cap *ret_cap)
{
	const volatile struct overlay_header *const header = overlay_header(info, offset);

	ret_cap->offset = offset;
	ret_cap->id = header->id;
	ret_cap->version = header->version;
	ret_cap->decoded = ret_cap->id < CAP_ID_END && payloads[kind][ret_cap->id];
	if (!ret_cap->decoded)
		return;
	ret_cap->count = 0;
	ret_cap->hash = 0;
	memset(ret_cap->field, 0, sizeof(ret_cap->field));
	payloads[kind][ret_cap->id](header, ret_cap->version < newest ? ret_cap->version : newest,
				    ret_cap);
}
