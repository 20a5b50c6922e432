/* SPDX-License-Identifier: MIT */
/*
 * The memory a walk may touch, and the emptiness around it.
 *
 *	| nothing | window | nothing | scratch slot | nothing | scratch slot | ... | heap | nothing |
 *
 * Every nothing is over 4 GiB wide (2 GiB before the window), so whatever 32-bit offset a parser
 * adds to the start of the buffer or of a copy, it lands in that same object's memory or faults: a
 * wild offset from a copy can never reach the buffer, nor another copy, and look like a legal load.
 * The pieces of the heap, which only a parser from outside has, are nearer to each other.
 * That takes 232 GiB of address space, where five would hold one object. All of it is PROT_NONE and
 * unreserved, so it costs page tables only for the slots that are used.
 *
 * The window is shared memory mapped twice: read-only here, where the parser sees it, and writable
 * elsewhere, where only the sandbox writes; a page behind it says which of its bytes are not zero.
 * The buffer ends where the window ends. 32-bit address spaces have no room for the emptiness:
 * there the hooks alone tell, and guard pages stand in.
 *
 * When sandbox_test.c's wild offsets are not `oob` any more, look at the distances here first.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"
#include "walk.h"

#if UINTPTR_MAX > UINT32_MAX
/* Past what an int32_t takes away and what a uint32_t adds, with a margin on either side. */
#define MARGIN	      ((size_t)16 << 20)
#define BEFORE_WINDOW (((size_t)2 << 30) + MARGIN)
#define AFTER_OBJECT  (((size_t)4 << 30) + 2 * MARGIN)
#else
#define MARGIN	      ((size_t)4096)
#define BEFORE_WINDOW ((size_t)4096)
#define AFTER_OBJECT  ((size_t)1 << 20)
#endif

/*
 * Slots by size: small tables, whole buffers, the largest that walk_alloc() grants; each in whole
 * pages, and a page of this kernel may have 64 KiB.
 */
static struct {
	size_t size;
	size_t count;
} classes[] = {{4096, 32}, {65536 + 4096, 16}, {1 << 20, 8}};

#define CLASSES	    (sizeof(classes) / sizeof(classes[0]))
#define ALLOC_MAX   ((size_t)1 << 20)
/* The buffer, and a page that says which of its bytes are not zero. */
#define SHADOW_SIZE (INFO_LEN_MAX + the_arena.page)
/* What scratch memory holds before a parser writes, and what must stay beside it. */
#define SCRATCH	    0xc7
#define CANARY_LEN  16

struct arena the_arena;

static uintptr_t class_start[CLASSES];
static size_t class_used[CLASSES];

static size_t scratch_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < CLASSES; i++)
		size += classes[i].count * (classes[i].size + AFTER_OBJECT);
	return size;
}

static int map_scratch(uintptr_t at)
{
	for (size_t i = 0; i < CLASSES; i++) {
		class_start[i] = at;
		for (size_t n = 0; n < classes[i].count; n++, at += classes[i].size + AFTER_OBJECT)
			if (mprotect((void *)at, classes[i].size, PROT_READ | PROT_WRITE))
				return -errno;
	}
	return 0;
}

static int map_file(uintptr_t at, int fd)
{
	if (ftruncate(fd, (off_t)SHADOW_SIZE))
		return -errno;
	the_arena.shadow = mmap(NULL, SHADOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (the_arena.shadow == MAP_FAILED ||
	    mmap((void *)at, INFO_LEN_MAX, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return -errno;
	return 0;
}

/* Shared memory that has no file: mremap() of 0 bytes of it maps it once more. */
static int map_without_file(uintptr_t at)
{
	the_arena.shadow =
		mmap(NULL, SHADOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (the_arena.shadow == MAP_FAILED ||
	    mremap(the_arena.shadow, 0, INFO_LEN_MAX, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)at) ==
		    MAP_FAILED ||
	    mprotect((void *)at, INFO_LEN_MAX, PROT_READ))
		return -errno;
	return 0;
}

/* Containers refuse memfd_create(), and a process may have no descriptor left. */
static int map_window(uintptr_t at)
{
	const int fd = memfd_create("capchain-window", MFD_CLOEXEC);
	const int error = fd < 0 ? map_without_file(at) : map_file(at, fd);

	if (fd >= 0)
		close(fd);
	the_arena.placed = (void *)(the_arena.shadow + INFO_LEN_MAX);
	the_arena.window_end = at + INFO_LEN_MAX;
	return error;
}

size_t arena_pages(size_t size)
{
	return (size + the_arena.page - 1) & ~(the_arena.page - 1);
}

int arena_open(enum sandbox_part *ret_part)
{
	const size_t scratch = BEFORE_WINDOW + INFO_LEN_MAX + AFTER_OBJECT;
	size_t heap, size;
	uint8_t *at;
	int error;

	*ret_part = SANDBOX_SPACE;
	the_arena.page = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < CLASSES; i++)
		classes[i].size = arena_pages(classes[i].size);
	heap = scratch + scratch_size();
	size = heap + heap_size() + AFTER_OBJECT;
	at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	the_arena.start = (uintptr_t)at;
	the_arena.end = (uintptr_t)at + size;
	heap_open((uintptr_t)at + heap);
	*ret_part = SANDBOX_WINDOW;
	error = map_window((uintptr_t)at + BEFORE_WINDOW);
	if (error)
		return error;
	*ret_part = SANDBOX_SCRATCH;
	return map_scratch((uintptr_t)at + scratch);
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
		if (address >= object->slot_start - MARGIN &&
		    address < object->slot_end + AFTER_OBJECT - MARGIN)
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
			class_start[i] + class_used[i]++ * (classes[i].size + AFTER_OBJECT);
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
	walk->scratch_size = size;
	walk->nobjects++;
	return (void *)object->start;
}
