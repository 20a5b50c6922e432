/* SPDX-License-Identifier: MIT */
/*
 * libc's functions on memory and strings, under the names that heap.syms gives them in the objects of a
 * parser from outside: what they load and store is shown to the hooks first, as a range, and then done.
 */
#include <stdint.h>
#include <string.h>

#include "scratch.h"

void __tsan_read_range(const void *address, size_t size);
void __tsan_write_range(const void *address, size_t size);

void *capchain_memcpy(void *to, const void *from, size_t size);
void *capchain_memmove(void *to, const void *from, size_t size);
void *capchain_mempcpy(void *to, const void *from, size_t size);
void *capchain_memset(void *to, int byte, size_t size);
int capchain_memcmp(const void *a, const void *b, size_t size);
void *capchain_memchr(const void *at, int byte, size_t size);
size_t capchain_strlen(const char *at);
size_t capchain_strnlen(const char *at, size_t max);
int capchain_strncmp(const char *a, const char *b, size_t max);
int capchain_strcmp(const char *a, const char *b);
char *capchain_strchr(const char *at, int byte);
char *capchain_strcpy(char *to, const char *from);
char *capchain_strncpy(char *to, const char *from, size_t max);

static inline void loads(const void *at, size_t size)
{
	if (size)
		__tsan_read_range(at, size);
}

static inline void stores(const void *at, size_t size)
{
	if (size)
		__tsan_write_range(at, size);
}

/* Bytes that may be read from @at on: to the end of the buffer or of the piece it lies in. */
static size_t extent(const void *at)
{
	const uintptr_t address = (uintptr_t)at;
	const struct scratch_object *object;

	if (!the_walk.running || !arena_has(address))
		return SIZE_MAX;
	if (address - the_walk.window < the_walk.len)
		return the_walk.len - (address - the_walk.window);
	object = scratch_find(address);
	return object ? object->start + object->size - address : 0;
}

/* strnlen(), shown: up to what ends it, or to the first byte that may not be read. */
static size_t length(const char *at, size_t max)
{
	const size_t room = extent(at);
	const size_t found = strnlen(at, max < room ? max : room);

	loads(at, found < max ? found + 1 : max);
	return found;
}

void *capchain_memcpy(void *to, const void *from, size_t size)
{
	loads(from, size);
	stores(to, size);
	return memcpy(to, from, size);
}

void *capchain_memmove(void *to, const void *from, size_t size)
{
	loads(from, size);
	stores(to, size);
	return memmove(to, from, size);
}

void *capchain_mempcpy(void *to, const void *from, size_t size)
{
	return (char *)capchain_memcpy(to, from, size) + size;
}

void *capchain_memset(void *to, int byte, size_t size)
{
	stores(to, size);
	return memset(to, byte, size);
}

int capchain_memcmp(const void *a, const void *b, size_t size)
{
	loads(a, size);
	loads(b, size);
	return memcmp(a, b, size);
}

void *capchain_memchr(const void *at, int byte, size_t size)
{
	const size_t room = extent(at);
	/* glibc 2.43 gives back what is const as const. */
	void *const found = (void *)(uintptr_t)memchr(at, byte, size < room ? size : room);

	loads(at, found ? (size_t)((const char *)found - (const char *)at) + 1 : size);
	return found;
}

size_t capchain_strlen(const char *at)
{
	return length(at, SIZE_MAX);
}

size_t capchain_strnlen(const char *at, size_t max)
{
	return length(at, max);
}

int capchain_strncmp(const char *a, const char *b, size_t max)
{
	const size_t room_a = extent(a), room_b = extent(b);
	size_t i = 0;

	while (i < max && i < room_a && i < room_b && a[i] == b[i] && a[i])
		i++;
	loads(a, i < max ? i + 1 : max);
	loads(b, i < max ? i + 1 : max);
	return i < max ? (unsigned char)a[i] - (unsigned char)b[i] : 0;
}

int capchain_strcmp(const char *a, const char *b)
{
	return capchain_strncmp(a, b, SIZE_MAX);
}

char *capchain_strchr(const char *at, int byte)
{
	const size_t len = length(at, SIZE_MAX);

	return (char *)(uintptr_t)memchr(at, byte, len + 1);
}

char *capchain_strcpy(char *to, const char *from)
{
	return capchain_memcpy(to, from, length(from, SIZE_MAX) + 1);
}

char *capchain_strncpy(char *to, const char *from, size_t max)
{
	const size_t len = length(from, max);

	stores(to, max);
	memcpy(to, from, len);
	memset(to + len, 0, max - len);
	return to;
}

/* With _FORTIFY_SOURCE, the room at @to comes last: libc's own look at it is not needed. */
void *capchain___memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *capchain___memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	(void)room;
	return capchain_memcpy(to, from, size);
}

void *capchain___memmove_chk(void *to, const void *from, size_t size, size_t room);
void *capchain___memmove_chk(void *to, const void *from, size_t size, size_t room)
{
	(void)room;
	return capchain_memmove(to, from, size);
}

void *capchain___memset_chk(void *to, int byte, size_t size, size_t room);
void *capchain___memset_chk(void *to, int byte, size_t size, size_t room)
{
	(void)room;
	return capchain_memset(to, byte, size);
}

#define SAME(name, as) extern __typeof__(as) name __attribute__((alias(#as)))
SAME(capchain_bcmp, capchain_memcmp);
