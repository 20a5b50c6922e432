/* SPDX-License-Identifier: MIT */
/* The address space that walks run in, and the window onto the buffer; arena.c draws it. */
#ifndef FUZZ_SANDBOX_ARENA_H
#define FUZZ_SANDBOX_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX > UINT32_MAX
/* Past what an int32_t takes away and what a uint32_t adds, with a margin on either side. */
#define ARENA_MARGIN	    ((size_t)16 << 20)
#define ARENA_BEFORE_WINDOW (((size_t)2 << 30) + ARENA_MARGIN)
#define ARENA_AFTER_OBJECT  (((size_t)4 << 30) + 2 * ARENA_MARGIN)
#else
#define ARENA_MARGIN	    ((size_t)4096)
#define ARENA_BEFORE_WINDOW ((size_t)4096)
#define ARENA_AFTER_OBJECT  ((size_t)1 << 20)
#endif

struct placed {
	size_t at;
	size_t len;
};

/* Where the arena is, and the only part of it that is ever mapped beside scratch: the window. */
struct arena {
	uintptr_t start;
	size_t size;
	uintptr_t window_end;
	size_t page; /* of this kernel, bytes: 4096 to 65536 */
	uint8_t *shadow;
	/*
	 * Which bytes of .shadow are not zero. In the same shared memory as these: AFL++ forks a
	 * target anew after each stop, and what the last one placed is still there.
	 */
	struct placed *placed;
};

extern struct arena the_arena;

static inline bool arena_has(uintptr_t address)
{
	return address - the_arena.start < the_arena.size;
}

/* What has to be had before the first walk. */
enum sandbox_part {
	SANDBOX_SPACE,
	SANDBOX_WINDOW,
	SANDBOX_SCRATCH,
	SANDBOX_STACK,
	SANDBOX_PARTS,
};

/*
 * Reserves the arena, maps the window read-only at its place and writable at .shadow, and leaves
 * @room bytes behind it, from *@ret_room on, to who asks. 0, or -errno and which part cannot be had.
 */
int arena_open(size_t room, uintptr_t *ret_room, enum sandbox_part *ret_part);

/* @size rounded up to whole pages. */
size_t arena_pages(size_t size);

#endif
