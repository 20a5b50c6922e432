/* SPDX-License-Identifier: MIT */
/* Scratch memory: slots of a few sizes in the arena, with canaries beside what is handed out. */
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"

/*
 * Slots by size: small tables, whole buffers, the largest that walk_alloc() grants; each in whole
 * pages, and a page of this kernel may have 64 KiB.
 */
static struct {
	size_t size;
	size_t count;
} classes[] = {{4096, 32}, {65536 + 4096, 16}, {1 << 20, 8}};

#define CLASSES	   (sizeof(classes) / sizeof(classes[0]))
#define ALLOC_MAX  ((size_t)1 << 20)
/* What scratch memory holds before a parser writes, and what must stay beside it. */
#define SCRATCH	   WALK_FILL
#define CANARY_LEN 16

static uintptr_t class_start[CLASSES];
static size_t class_used[CLASSES];

static size_t scratch_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < CLASSES; i++)
		size += classes[i].count * (classes[i].size + ARENA_AFTER_OBJECT);
	return size;
}

static int map_scratch(uintptr_t at)
{
	for (size_t i = 0; i < CLASSES; i++) {
		class_start[i] = at;
		for (size_t n = 0; n < classes[i].count;
		     n++, at += classes[i].size + ARENA_AFTER_OBJECT)
			if (mprotect((void *)at, classes[i].size, PROT_READ | PROT_WRITE))
				return -errno;
	}
	return 0;
}

int scratch_open(enum sandbox_part *ret_part)
{
	uintptr_t at;
	size_t size;
	int error;

	for (size_t i = 0; i < CLASSES; i++)
		classes[i].size = arena_pages(classes[i].size);
	size = scratch_size();
	error = arena_open(size + heap_size() + ARENA_AFTER_OBJECT, &at, ret_part);
	if (error)
		return error;
	heap_open(at + size);
	*ret_part = SANDBOX_SCRATCH;
	return map_scratch(at);
}

struct scratch_object *scratch_find(uintptr_t address)
{
	for (size_t i = 0; i < the_walk.nobjects; i++)
		if (address - the_walk.objects[i].start < the_walk.objects[i].size)
			return &the_walk.objects[i];
	return heap_pieces ? heap_find(address) : NULL;
}

const struct scratch_object *scratch_nearest(uintptr_t address)
{
	for (size_t i = 0; i < the_walk.nobjects; i++) {
		const struct scratch_object *const object = &the_walk.objects[i];

		/* A store below or a wild load above the object is its own, not the buffer's. */
		if (address >= object->slot_start - ARENA_MARGIN &&
		    address < object->slot_end + ARENA_AFTER_OBJECT - ARENA_MARGIN)
			return object;
	}
	return heap_pieces ? heap_nearest(address) : NULL;
}

/* Where the canaries of @object are: up to 16 bytes before it, and the rest of its slot after it.
 */
static uintptr_t canary_before(const struct scratch_object *object)
{
	return object->start - object->slot_start < CANARY_LEN ? object->slot_start
							       : object->start - CANARY_LEN;
}

/*
 * The first of @size bytes at @at that changed, or @size. Words first: this runs after each walk.
 */
static size_t first_changed(uintptr_t at, size_t size)
{
	size_t i = 0;

	for (uint64_t word; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)at + i, sizeof(word));
		if (word != SCRATCH * UINT64_C(0x0101010101010101))
			break;
	}
	while (i < size && ((const uint8_t *)at)[i] == SCRATCH)
		i++;
	return i;
}

bool scratch_spoiled(uint64_t *ret_at)
{
	for (size_t i = 0; i < the_walk.nobjects; i++) {
		const struct scratch_object *const object = &the_walk.objects[i];
		const uintptr_t before = canary_before(object);
		const uintptr_t after = object->start + object->size;
		const size_t low = first_changed(before, object->start - before);
		const size_t high = first_changed(after, object->slot_end - after);

		if (low == object->start - before && high == object->slot_end - after)
			continue;
		*ret_at = (low < object->start - before ? before + low : after + high) -
			  object->start;
		return true;
	}
	return heap_pieces && heap_spoiled(ret_at);
}

/* Takes the next free slot that holds @size bytes: its number in @ret_class, or -1 with none. */
static int take_slot(size_t size, struct scratch_object *ret_object)
{
	for (size_t i = 0; i < CLASSES; i++) {
		if (size > classes[i].size || class_used[i] == classes[i].count)
			continue;
		ret_object->slot_start =
			class_start[i] + class_used[i]++ * (classes[i].size + ARENA_AFTER_OBJECT);
		ret_object->slot_end = ret_object->slot_start + classes[i].size;
		return 0;
	}
	return -1;
}

void *walk_alloc(struct walk *walk, size_t size)
{
	struct scratch_object *const object = &walk->objects[walk->nobjects];
	uintptr_t before;

	if (walk->nobjects == 0)
		memset(class_used, 0, sizeof(class_used));
	if (size == 0 || size > ALLOC_MAX)
		return NULL;
	if (walk->nobjects == SCRATCH_OBJECTS_MAX || take_slot(size, object))
		walk_leave(VERDICT_RUNAWAY, SEEN_BY_CALL, 0, 0,
			   (uintptr_t)__builtin_frame_address(0));
	object->size = size;
	object->start = (object->slot_end - size) & ~(uintptr_t)15;
	before = canary_before(object);
	memset((void *)before, SCRATCH, object->slot_end - before);
	walk->scratch = object->start;
	/* Where bytes are marked, no load is passed over. */
	walk->scratch_size = walk->touched ? 0 : size;
	walk->nobjects++;
	return (void *)object->start;
}
