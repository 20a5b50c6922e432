/* SPDX-License-Identifier: MIT */
/*
 * Large memory of which few pages are ever used. From the heap, or as data, sanitizers would mark and
 * search all of it at each start and end, which takes longer than a whole run of `capchain check`.
 */
#ifndef FUZZ_SANDBOX_PAGES_H
#define FUZZ_SANDBOX_PAGES_H

#include <stddef.h>

/*
 * @size bytes of zeros with nothing behind them, aligned as @size is, to 16 bytes at most; NULL where memory
 * is short.
 */
void *pages_new(size_t size);

/* Gives back what pages_new(@size) gave, which may be NULL. */
void pages_free(void *at, size_t size);

#endif
