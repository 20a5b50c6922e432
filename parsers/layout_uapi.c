/* SPDX-License-Identifier: MIT */
/*
 * Holds layout.h to the installed <linux/vfio.h> and <linux/vfio_zdev.h>. Only assertions, made
 * from layout.h's own lists, so a line added there is held from then on; this file adds no code.
 *
 * When one fails, the header is right: mend the line of layout.h that the message names. A struct
 * that grew fails at its sizeof; `scripts/gen/uapi.py` then says which fields are new.
 *
 * A field hidden in a struct's tail padding, an id or a flag that layout.h does not list: these
 * no assertion can see, and uapi.py does.
 */
#include <linux/version.h>
#include <linux/vfio.h>
#include <stddef.h>

#include "layout.h"

#define HOLD(claim)		_Static_assert(claim, #claim)
#define HOLD_VALUE(text, claim) _Static_assert(claim, text)

#define UAPI_SIZEOF(type, name) sizeof(((type *)NULL)->name)
#define UAPI_END(type, name)	(offsetof(type, name) + UAPI_SIZEOF(type, name))
#define ROUND_UP(bytes, to)	((((bytes) + (to)) - 1) / (to) * (to))

/* UNLESS(LACKS_x, held) is @held, and nothing where LACKS_x is defined, as a comma. */
#define SECOND(first, second, ...) second
#define SECOND_OF(...)		   SECOND(__VA_ARGS__)
#define UNLESS(lacks, held)	   SECOND_OF(lacks, held, )

/* Linux 6.6 added the pads; that they are there shows in the sizeof of their structs alone. */
#define LACKS_DEVICE_pad ,
#define LACKS_IOMMU_pad	 ,

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define LACKS_ZPCI_BASE_fh	  ,
#define LACKS_ZPCI_GROUP_reserved ,
#define LACKS_ZPCI_GROUP_imaxstbl ,
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#define LACKS_ZPCI_BASE_ccdf_err_length ,
#endif

#ifndef VFIO_DEVICE_FLAGS_CDX
#define LACKS_DEVICE_CDX ,
#endif

#ifndef VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP
#define LACKS_PCI_ATOMIC_COMP ,
#endif

/*
 * On i386 a __u64 in a struct is aligned to 4 bytes, so the hole after MIGRATION's flags closes up.
 * layout.h says what 64-bit kernels write, for i386 callers too. No other struct moves.
 */
#ifdef __i386__
#define LACKS_MIGRATION_pgsize_bitmap	      ,
#define LACKS_MIGRATION_max_dirty_bitmap_size ,
#define LACKS_MIGRATION_sizeof		      ,
#endif

HOLD(offsetof(struct vfio_info_cap_header, id) == CAP_HEADER_id);
HOLD(UAPI_SIZEOF(struct vfio_info_cap_header, id) == 2);
HOLD(offsetof(struct vfio_info_cap_header, version) == CAP_HEADER_version);
HOLD(UAPI_SIZEOF(struct vfio_info_cap_header, version) == 2);
HOLD(offsetof(struct vfio_info_cap_header, next) == CAP_HEADER_next);
HOLD(UAPI_SIZEOF(struct vfio_info_cap_header, next) == 4);
HOLD(sizeof(struct vfio_info_cap_header) == CAP_HEADER_SIZE);

/* VFIO_DEVICE_GET_INFO has a chain from Linux 5.10 on: an older header has little to hold. */
#ifdef VFIO_DEVICE_FLAGS_CAPS
#include <linux/vfio_zdev.h>

#define HOLD_FIELD(type, name, at, width)                                                          \
	HOLD(offsetof(type, name) == (at));                                                        \
	HOLD(UAPI_SIZEOF(type, name) == (width));

/* The last field of a struct's first release: the kernel's minsz is offsetofend() of it. */
#define FIRST_END_DEVICE num_irqs
#define FIRST_END_REGION offset
#define FIRST_END_IOMMU	 iova_pgsizes

/* A union is as long as its longest member, so that its sizeof is where the last field ends. */
#define INFO_FIELD(info, name, at, width)                                                          \
	UNLESS(LACKS_##info##_##name, HOLD_FIELD(uapi_##info, name, at, width))
#define INFO_END(info, name, at, width)	 UNLESS(LACKS_##info##_##name, char name[(at) + (width)];)
#define INFO_FULL(info, name, at, width) char name[(at) + (width)];
#define INFO(kind, name, minsz, end, full, ctype)                                                  \
	typedef struct ctype uapi_##kind;                                                          \
	union end_##kind {                                                                         \
		LAYOUT_##kind(INFO_END)                                                            \
	};                                                                                         \
	union full_##kind {                                                                        \
		LAYOUT_##kind(INFO_FULL)                                                           \
	};                                                                                         \
	HOLD((minsz) == UAPI_END(uapi_##kind, FIRST_END_##kind));                                  \
	HOLD((end) == sizeof(union end_##kind));                                                   \
	HOLD((full) == sizeof(union full_##kind));                                                 \
	HOLD(sizeof(uapi_##kind) == (end) || sizeof(uapi_##kind) == (full));                       \
	LAYOUT_##kind(INFO_FIELD)
LAYOUT_INFOS(INFO)

#define FLAG(kind, name, bit, cname)                                                               \
	UNLESS(LACKS_##kind##_##name,                                                              \
	       HOLD_VALUE(#cname " is not bit " #bit, (cname) == FLAG_##kind##_##name);)
LAYOUT_FLAGS(FLAG)

/*
 * Elements stand right after the fixed fields. A struct without any ends where the last field ends
 * that this header has, padding aside.
 */
#define HOLD_NONE(name, array, one, two)                                                           \
	UNLESS(LACKS_##name##_sizeof,                                                              \
	       HOLD(sizeof(uapi_##name) ==                                                         \
		    ROUND_UP(sizeof(union end_##name), _Alignof(uapi_##name)));)
#define HOLD_BYTES(name, array, one, two)                                                          \
	HOLD(offsetof(uapi_##name, array) == sizeof(union end_##name));                            \
	HOLD(UAPI_SIZEOF(uapi_##name, array[0]) == ELEMENTS_BYTES);
#define HOLD_PAIRS(name, array, one, two)                                                          \
	typedef __typeof__(((uapi_##name *)NULL)->array[0]) uapi_##name##_element;                 \
	HOLD(offsetof(uapi_##name, array) == sizeof(union end_##name));                            \
	HOLD(sizeof(uapi_##name##_element) == ELEMENTS_PAIRS);                                     \
	HOLD_FIELD(uapi_##name##_element, one, 0, 8)                                               \
	HOLD_FIELD(uapi_##name##_element, two, 8, 8)

#define CAP_FIELD(cap, name, at, width, role, version)                                             \
	HOLD(ROLE_##role != ROLE_COUNT || ((at) == CAP_COUNT_AT && (width) == 4));                 \
	UNLESS(LACKS_##cap##_##name, HOLD_FIELD(uapi_##cap, name, at, width))
#define CAP_END(cap, name, at, width, role, version)                                               \
	UNLESS(LACKS_##cap##_##name, char name[(at) + (width)];)

#define HOLD_CAP(name, id, elements, array, one, two, ctype, cid, text)                            \
	typedef struct ctype uapi_##name;                                                          \
	union end_##name {                                                                         \
		char header[CAP_HEADER_SIZE];                                                      \
		LAYOUT_##name(CAP_END)                                                             \
	};                                                                                         \
	HOLD_VALUE(text " is not " #id, (cid) == (id));                                            \
	HOLD_##elements(name, array, one, two) LAYOUT_##name(CAP_FIELD)
#define CAP(kind, id, name, elements, array, one, two, ctype, cid)                                 \
	UNLESS(LACKS_##name, HOLD_CAP(name, id, elements, array, one, two, ctype, cid, #cid))
LAYOUT_CAPS(CAP)
#endif
