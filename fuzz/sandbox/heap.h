/* SPDX-License-Identifier: MIT */
/*
 * A heap for parsers that bring malloc() calls of their own: memory of the arena, each piece in a
 * slot of its own between pages that fault.
 *
 * What it guarantees, with load hooks or without: a store past either end of a piece, a load past
 * its last 16 bytes' boundary and any access after free() end the walk; with hooks the first byte
 * outside does. Freed memory is not handed out again while a slot is left that this walk has not
 * used, then the longest freed first. All of it is gone when the walk ends: there are no leaks, and
 * what a parser keeps from one call to the next it may not use. Outside a walk these functions are
 * libc's. heap_test.c plants each fault: when it fails, look there first.
 */
#ifndef FUZZ_SANDBOX_HEAP_H
#define FUZZ_SANDBOX_HEAP_H

#include "walk.h"

/* Bytes of address space that the heap wants in the arena, and where it gets them. */
size_t heap_size(void);
void heap_open(uintptr_t at);

/*
 * Pieces that this walk has had: while it is 0, as for all parsers of ours, nothing else is asked.
 */
extern size_t heap_pieces;

/* Those of them that it has not freed. */
extern size_t heap_live;

/* Where the first of those was asked for, of a fetch loop; 0 where it is not known. */
uintptr_t heap_leak(void);

/* Takes back what the last walk had. */
void heap_reset(void);

/* As scratch_find(), scratch_nearest() and scratch_spoiled() do for scratch memory. */
struct scratch_object *heap_find(uintptr_t address);
const struct scratch_object *heap_nearest(uintptr_t address);
bool heap_spoiled(uint64_t *ret_at);

/*
 * malloc() and its family, under the names that own.py and heap.syms give them in an adapter's
 * objects. Fresh memory is 0xc7 throughout. Above 1 MiB, and where a product overflows, NULL with
 * ENOMEM; 0 bytes are a piece without bytes. Otherwise each answers as glibc's does, realloc() to 0 bytes and
 * alignments that are none among them, but that malloc_usable_size() is what was asked for. free() of anything that is not a live piece ends the
 * walk with VERDICT_CRASH, as glibc's abort() does; more live pieces than there are slots, or more
 * calls than the walk's budget, with VERDICT_RUNAWAY.
 */
void *capchain_malloc(size_t size);
void *capchain_calloc(size_t count, size_t size);
void *capchain_realloc(void *at, size_t size);
void *capchain_reallocarray(void *at, size_t count, size_t size);
void capchain_free(void *at);
void *capchain_aligned_alloc(size_t alignment, size_t size);
void *capchain_memalign(size_t alignment, size_t size);
void *capchain_valloc(size_t size);
void *capchain_pvalloc(size_t size);
size_t capchain_malloc_usable_size(void *at);
int capchain_posix_memalign(void **ret_at, size_t alignment, size_t size);
char *capchain_strdup(const char *text);
char *capchain_strndup(const char *text, size_t max);

/* operator new: throws std::bad_alloc, or without libstdc++ aborts, where malloc() is NULL. */
void *capchain_new(size_t size);
void *capchain_new_aligned(size_t size, size_t alignment);

#endif
