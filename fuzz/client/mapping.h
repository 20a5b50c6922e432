/* SPDX-License-Identifier: MIT */
/*
 * Which of a client's mappings the reply it was given contains, as the reference reads that reply.
 */
#ifndef FUZZ_CLIENT_MAPPING_H
#define FUZZ_CLIENT_MAPPING_H

#include "../judge/spec.h"
#include "vfio.h"

enum mapped {
	MAPPED_INSIDE,	/* the region's, or one of its sparse areas, to the end of its last page */
	MAPPED_OUTSIDE, /* the reply holds sparse areas, and the mapping leaves them */
	MAPPED_UNREADABLE, /* the reply is truncated or malformed: nothing may be mapped */
	MAPPED_PAST,	   /* past the size that the region's last reply says */
	MAPPED_NOWHERE,	   /* of no region, or of one that no reply told of */
	MAPPED_TWICE, /* inside, and bytes of it that two areas share were mapped before: a policy */
	MAPPED_COUNT
};

/* A mapping of the device that the client asked for, and how it stands to the region's last reply. */
struct mapping {
	uint64_t offset;
	uint64_t length;
	enum mapped mapped;
};

/* "inside", "past the region" and so on. */
const char *mapped_name(enum mapped mapped);

/*
 * How @length bytes at @offset of the device stand to the last reply for their region, and to the @count
 * mappings @before it. @spec is room for a reading.
 */
enum mapped mapped_of(const struct vfio *vfio, const struct mapping *before, size_t count,
		      uint64_t offset, uint64_t length, struct spec *spec);

#endif
