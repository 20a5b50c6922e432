/* SPDX-License-Identifier: MIT */
/*
 * Memory that walks are given: pieces of walk_alloc(), and of the heap of a parser from outside.
 */
#ifndef FUZZ_SANDBOX_SCRATCH_H
#define FUZZ_SANDBOX_SCRATCH_H

#include "arena.h"
#include "walk.h"

/* Opens the arena with that memory in it. 0, or -errno and which part cannot be had. */
int scratch_open(enum sandbox_part *ret_part);

/* Scratch memory of the running walk; see walk_alloc(). */
struct scratch_object *scratch_find(uintptr_t address);
/* The live object that @address is in or nearest to, NULL where there is none. */
const struct scratch_object *scratch_nearest(uintptr_t address);
/* Looks at the canaries of all objects: true and @ret_at (from the object's start) if one changed.
 */
bool scratch_spoiled(uint64_t *ret_at);

#endif
