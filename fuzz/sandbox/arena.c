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

#include "../../parsers/parser.h"
#include "arena.h"

/* The buffer, and a page that says which of its bytes are not zero. */
#define SHADOW_SIZE (INFO_LEN_MAX + the_arena.page)

struct arena the_arena;

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

/*
 * Containers refuse memfd_create(), a process may have no descriptor left, and its limit of files
 * (ulimit -f) is one of such a file too.
 */
static int map_window(uintptr_t at)
{
	const int fd = memfd_create("capchain-window", MFD_CLOEXEC);
	int error = fd < 0 ? -errno : map_file(at, fd);

	if (error)
		error = map_without_file(at);
	if (fd >= 0)
		close(fd);
	the_arena.placed = (void *)(the_arena.shadow + INFO_LEN_MAX);
	the_arena.window_end = at + INFO_LEN_MAX;
	return error;
}

size_t arena_pages(size_t size)
{
	if (!the_arena.page)
		the_arena.page = (size_t)sysconf(_SC_PAGESIZE);
	return (size + the_arena.page - 1) & ~(the_arena.page - 1);
}

int arena_open(size_t room, uintptr_t *ret_room, enum sandbox_part *ret_part)
{
	const size_t before = ARENA_BEFORE_WINDOW + INFO_LEN_MAX + ARENA_AFTER_OBJECT;
	const size_t size = before + room;
	uint8_t *at;

	*ret_part = SANDBOX_SPACE;
	at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	the_arena.start = (uintptr_t)at;
	the_arena.size = size;
	*ret_room = (uintptr_t)at + before;
	*ret_part = SANDBOX_WINDOW;
	return map_window((uintptr_t)at + ARENA_BEFORE_WINDOW);
}
