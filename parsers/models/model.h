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

/* sizeof the INFO structs in today's headers: what programs ask with first. */
enum { MODEL_REGION = 32, MODEL_IOMMU = 24 };

/* Whether this is the first reply to a program that asked with @first bytes and asks once more. */
static inline bool model_asks_again(const void *info, uint32_t len, uint32_t first)
{
	return len <= first && overlay_argsz(info) > len;
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

/*
 * Delivers the capability at @at, which a program looks up and of which it reads nothing but the id: what it is
 * besides is told where the whole of it, @size bytes, lies inside the buffer, and is not decoded where not.
 */
static inline void model_take_found(struct walk *walk, const void *info, uint32_t len, uint32_t at,
				    enum info_kind kind, uint32_t size)
{
	struct info_cap cap = {.offset = at};

	if (at <= len && size <= len - at) {
		model_take(walk, info, at, kind);
		return;
	}
	cap.id = overlay_header(info, at)->id;
	walk_deliver(walk, &cap);
}

/* From @at on, the offset of the first header with @id; 0 where a next of 0 came first. */
static inline uint32_t model_find(const void *info, uint32_t at, uint16_t id)
{
	while (at && overlay_header(info, at)->id != id)
		at = overlay_header(info, at)->next;
	return at;
}

/*
 * The same for a program that looks at the first header wherever @at is: 0 is the INFO struct itself.
 * False where a header that does not match has next 0.
 */
static inline bool model_find_anywhere(const void *info, uint32_t at, uint16_t id, uint32_t *ret_at)
{
	while (overlay_header(info, at)->id != id) {
		at = overlay_header(info, at)->next;
		if (!at)
			return false;
	}
	*ret_at = at;
	return true;
}

/* Whether a program goes on with one pair; NULL in its place: with every one. */
typedef bool (*model_likes)(uint64_t first, uint64_t second);

/* Reads and delivers @count pairs of the capability at @at; false at the first that is not liked. */
static inline bool model_take_pairs(struct walk *walk, const void *info, uint32_t at,
				    uint32_t count, model_likes likes)
{
	struct info_cap cap;

	model_head(info, at, &cap);
	cap.count = count;
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t first = model_pair(info, at, i)->first;
		const uint64_t second = model_pair(info, at, i)->second;

		if (likes && !likes(first, second))
			return false;
		cap.hash = info_hash(info_hash(cap.hash, first), second);
	}
	walk_deliver(walk, &cap);
	return true;
}

#define MODEL_PAGE_MASK UINT64_C(4095)

/* An area that mmap() takes page by page, or one without a size, of which nobody asks it. */
static inline bool model_area_is_paged(uint64_t offset, uint64_t size)
{
	return !size || !((offset | size) & MODEL_PAGE_MASK);
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

/*
 * What a program does that takes memory of the @argsz bytes of a first reply and copies its whole
 * struct of @size to it, of which there may be more.
 */
static inline void model_copy_struct(struct walk *walk, uint32_t argsz, uint32_t size)
{
	volatile uint32_t *const copy = walk_alloc(walk, argsz ? argsz : 1);

	for (uint32_t i = 0; copy && i < size / 4; i++)
		copy[i] = 0;
}

#endif
