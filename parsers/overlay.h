/* SPDX-License-Identifier: MIT */
/*
 * The INFO structs and capabilities as C structs laid over the buffer, the way most programs read
 * them: nothing is checked, every field is one natural load. The structs are volatile, so that no
 * compiler drops or joins a load that decides a verdict, and held to layout.h's offsets on every
 * ABI (the UAPI's own struct for MIGRATION is not: its __u64 move on i386).
 */
#ifndef PARSERS_OVERLAY_H
#define PARSERS_OVERLAY_H

#include "layout.h"
#include "parser.h"

typedef uint64_t __attribute__((aligned(8))) overlay_u64;

struct overlay_header {
	uint16_t id;
	uint16_t version;
	uint32_t next;
};

/* The header at @offset of the buffer at @info, wherever that is. */
static inline const volatile struct overlay_header *overlay_header(const void *info,
								   uint32_t offset)
{
	return (const volatile void *)((const uint8_t *)info + offset);
}

/* One of the 32-bit fields of an INFO struct, by its offset. */
static inline uint32_t overlay_word(const void *info, uint32_t at)
{
	return *(const volatile uint32_t *)((const uint8_t *)info + at);
}

/* The fixed fields a reader of chains needs; each loads nothing else. */
static inline uint32_t overlay_argsz(const void *info)
{
	return overlay_word(info, INFO_AT_DEVICE_argsz);
}

static inline uint32_t overlay_flags(const void *info)
{
	return overlay_word(info, INFO_AT_DEVICE_flags);
}

static inline uint32_t overlay_cap_offset(const void *info, enum info_kind kind)
{
	return overlay_word(info, kind == INFO_REGION ? INFO_AT_REGION_cap_offset
						      : INFO_AT_DEVICE_cap_offset);
}

/*
 * Reads the capability at @offset as a program does that trusts it: the header, then the payload of
 * a known id, its elements as many as the count says. Fields of a later version only where the
 * version says so; a program that was written when @newest was the newest takes what came later for
 * that.
 */
void overlay_cap_of(const void *info, uint32_t offset, enum info_kind kind, uint16_t newest,
		    struct info_cap *ret_cap);

static inline void overlay_cap(const void *info, uint32_t offset, enum info_kind kind,
			       struct info_cap *ret_cap)
{
	overlay_cap_of(info, offset, kind, UINT16_MAX, ret_cap);
}

#endif
