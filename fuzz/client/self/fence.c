/* SPDX-License-Identifier: MIT */
/*
 * fence.so: puts 4 GiB of nothing behind each INFO buffer of a dynamic program, so that an
 * over-read which a heap would forgive is a SIGSEGV, the same on every machine:
 *
 *	capchain run ... -- env LD_PRELOAD=$PWD/build/client/fence.so FENCE_SIZE=48 COMMAND...
 *
 * FENCE_SIZE is the length that the program asks with. Fenced is what malloc, calloc and realloc
 * are asked for with just that size once the program has made its first VFIO ioctl: buffers of
 * another size, and all that was there before, stay as they are, and so do programs that
 * electric-fence is too much for. A fenced buffer ends where the page ends, whatever alignment that
 * leaves it; when it is freed its page becomes unreadable too. glibc alone: what is not fenced goes
 * to its __libc_*, and it is loaded into older ones than it was compiled with, so it takes nothing
 * new of it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void __libc_free(void *at);

#define PAGE	  ((size_t)4096)
#define VFIO_TYPE ';'
/* Each in its own mappings, of which a process may have 65530. */
#define SLOTS	  4096u
/* Behind them nothing, as far as a 32-bit offset and the size of a read can go. */
#define NOTHING	  ((size_t)4 << 30)

static uint8_t *slots;
static size_t slot_size, fenced;
static unsigned int used;
static bool active;

/* The first VFIO ioctl turns it on: until then nothing is an INFO buffer. */
static void turn_on(void)
{
	const char *size = getenv("FENCE_SIZE");
	size_t wanted = 0;
	void *at;

	/* strtoul() is another function from glibc 2.38 on. */
	for (; size && *size >= '0' && *size <= '9' && wanted <= 65536; size++)
		wanted = wanted * 10 + (size_t)(*size - '0');
	if (wanted == 0 || wanted > 65536)
		return;
	slot_size = (wanted + PAGE - 1) / PAGE * PAGE + PAGE;
	at = mmap(NULL, SLOTS * slot_size + NOTHING + PAGE, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return;
	slots = at;
	fenced = wanted;
	active = true;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	long arg;

	va_start(rest, request);
	arg = va_arg(rest, long);
	va_end(rest);
	if (!active && ((request >> 8) & 0xff) == VFIO_TYPE)
		turn_on();
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static bool is_ours(const void *at)
{
	return slots && (const uint8_t *)at >= slots &&
	       (const uint8_t *)at < slots + SLOTS * slot_size;
}

/* Zeros behind a fence; NULL where there is no slot left. */
static void *fence(void)
{
	const unsigned int slot = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
	uint8_t *const at = slots + (size_t)slot * slot_size;

	if (slot >= SLOTS || mprotect(at, slot_size - PAGE, PROT_READ | PROT_WRITE))
		return NULL;
	return at + slot_size - PAGE - fenced;
}

void *malloc(size_t size)
{
	void *const at = active && size == fenced ? fence() : NULL;

	return at ? at : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	size_t whole;
	void *const at = active && !__builtin_mul_overflow(count, size, &whole) && whole == fenced
				 ? fence()
				 : NULL;

	return at ? at : __libc_calloc(count, size);
}

void free(void *at)
{
	if (is_ours(at))
		mprotect((void *)((uintptr_t)at & ~(PAGE - 1)), PAGE, PROT_NONE);
	else
		__libc_free(at);
}

void *realloc(void *at, size_t size)
{
	void *made;

	if (!is_ours(at) && !(active && size == fenced))
		return __libc_realloc(at, size);
	made = malloc(size);
	if (!made || !at)
		return made;
	/* A piece of the heap is grown there first, so that all of it is there to be copied. */
	if (is_ours(at)) {
		memcpy(made, at, size < fenced ? size : fenced);
	} else {
		void *const grown = __libc_realloc(at, size);

		if (!grown)
			return NULL;
		memcpy(made, grown, size);
		at = grown;
	}
	free(at);
	return made;
}
