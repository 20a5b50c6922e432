/* SPDX-License-Identifier: MIT */
/*
 * Which of a client's mappings the reply it was given contains, as the reference reads that reply.
 */
#ifndef FUZZ_CLIENT_AREAS_H
#define FUZZ_CLIENT_AREAS_H

#include "../judge/spec.h"
#include "vfio.h"

enum area {
	AREA_INSIDE,	 /* the region's, or one of its sparse areas, to the end of its last page */
	AREA_OUTSIDE,	 /* the reply holds sparse areas, and the mapping leaves them */
	AREA_UNREADABLE, /* the reply is truncated or malformed: nothing may be mapped */
	AREA_NOWHERE, /* outside of every region that the device has, and the last reply's size */
	AREAS
};

/* "inside" and so on. */
const char *area_name(enum area area);

/*
 * How @length bytes at @offset of the device stand to the last reply for their region. @spec is
 * room for a reading.
 */
enum area area_of(const struct vfio *vfio, uint64_t offset, uint64_t length, struct spec *spec);

#endif
