/* SPDX-License-Identifier: MIT */
/*
 * Changed copies of a buffer, of which a right reader says what it said of the buffer.
 *
 * Each is made from the bytes and from where the reference found headers and payloads, never by
 * asking it anew: so the reference can be held to them too. Where a change would touch what the
 * reading rests on (a link inside another capability's payload, an offset that would pass 2^32, no
 * room left) there is no such copy. The same buffer always gives the same copies.
 */
#ifndef FUZZ_JUDGE_VARIANT_H
#define FUZZ_JUDGE_VARIANT_H

#include <stdbool.h>

#include "spec.h"

/* A buffer, its reading, and a hash of its bytes that settles what a variant leaves open. */
struct variant_base {
	const uint8_t *info;
	size_t len;
	enum info_kind kind;
	const struct spec *spec;
	uint64_t hash;
};

/**
 * struct variant - one changed copy
 * @info, @len: the copy; valid until the next one is made
 * @shift: bytes by which every capability moved, and by which the argsz to ask for grew
 * @moved: NULL, or for each capability of the reference the offset it has now
 */
struct variant {
	const uint8_t *info;
	size_t len;
	uint32_t shift;
	const uint32_t *moved;
};

/*
 * Makes the copy for @relation. Returns false where it has none for this buffer. Of a buffer whose
 * length is @fixed, and cannot change, only RELATION_UNREAD and RELATION_AGAIN have one.
 */
bool variant_make(enum relation relation, const struct variant_base *base, bool fixed,
		  struct variant *ret_variant);

#endif
