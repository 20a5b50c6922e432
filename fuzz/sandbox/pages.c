/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <stdint.h>
#include <sys/mman.h>

#include "arena.h"

/* One page more, which nobody may touch. */
static size_t with_edge(size_t size)
{
	return arena_pages(size) + arena_pages(1);
}

void *pages_new(size_t size)
{
	const size_t room = arena_pages(size);
	uint8_t *const start =
		mmap(NULL, with_edge(size), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		return NULL;
	if (mprotect(start, room, PROT_READ | PROT_WRITE)) {
		munmap(start, with_edge(size));
		return NULL;
	}
	return start + (room - size);
}

void pages_free(void *at, size_t size)
{
	if (at)
		munmap((uint8_t *)at - (arena_pages(size) - size), with_edge(size));
}
