/* SPDX-License-Identifier: MIT */
/*
 * What the models of real programs share: the loops and loads that most of them have in common, as
 * unchecked as there. Each is inline, so that a model is one object with its own load hooks, and
 * each loads what the program would and nothing else, through overlay.h's volatile views.
 *
 * Every model reads one reply, in a buffer of the length that its program asked with. Where a
 * program asks once more for a larger reply and then takes whatever comes, a buffer no longer than
 * its first request is the first reply, and a longer one the last. The two replies of such a
 * program are taken to carry the same flags, and a first argsz that was the last one's length.
 */
#ifndef PARSERS_MODELS_MODEL_H
#define PARSERS_MODELS_MODEL_H

#include "../overlay.h"

/*
 * A table above this many bytes is one that no allocator gives. Where malloc really gives up
 * depends on the machine; a program that was measured has a limit of its own (qemu.h).
 */
#define MODEL_HEAP (UINT64_C(1) << 32)

static inline bool model_heap_has(uint64_t count, uint64_t size)
{
	return count * size <= MODEL_HEAP;
}

/* One sparse area or IOVA range. */
struct model_pair {
	overlay_u64 first, second;
};

/* Pair @i of the capability at @at. */
static inline const volatile struct model_pair *model_pair(const void *info, uint32_t at,
							   uint32_t i)
{
	return (const volatile struct model_pair *)((const uint8_t *)info + at + 16) + i;
}

/* The count that a capability with elements has behind its header. */
static inline uint32_t model_count(const void *info, uint32_t at)
{
	return *(const volatile uint32_t *)((const uint8_t *)info + at + CAP_COUNT_AT);
}

/* Loads the header at @at, and makes a capability of it whose payload is still to be filled in. */
static inline void model_head(const void *info, uint32_t at, struct info_cap *ret_cap)
{
	ret_cap->offset = at;
	ret_cap->id = overlay_header(info, at)->id;
	ret_cap->version = overlay_header(info, at)->version;
	ret_cap->decoded = true;
	ret_cap->count = 0;
	ret_cap->hash = INFO_HASH_START;
	for (size_t i = 0; i < INFO_FIELDS; i++)
		ret_cap->field[i] = 0;
}

/* Reads all of the capability at @at, unchecked, and delivers it. */
static inline void model_take(struct walk *walk, const void *info, uint32_t at, enum info_kind kind)
{
	struct info_cap cap;

	overlay_cap(info, at, kind, &cap);
	walk_deliver(walk, &cap);
}

/* From @at on, the offset of the first header with @id; 0 where a next of 0 came first. */
static inline uint32_t model_find(const void *info, uint32_t at, uint16_t id)
{
	while (at && overlay_header(info, at)->id != id)
		at = overlay_header(info, at)->next;
	return at;
}

static inline bool model_has_caps(const void *info, enum info_kind kind)
{
	return overlay_flags(info) & layout_infos[kind].caps_flag;
}

/* The first @size bytes of the buffer in memory of their own, NULL where there is none to have. */
static inline void *model_copy(struct walk *walk, uint32_t size)
{
	void *const copy = walk_alloc(walk, size);

	return copy && !walk_copy_in(walk, copy, 0, size) ? copy : NULL;
}

#endif
