/* SPDX-License-Identifier: MIT */
/* The fixed list of truncations that targets and `capchain replay --truncate` judge of a buffer. */
#ifndef FUZZ_JUDGE_TRUNCATIONS_H
#define FUZZ_JUDGE_TRUNCATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "../../parsers/parser.h"

#define TRUNCATIONS_MAX 3

/* Under AFL++ one buffer in so many is truncated, chosen by its bytes. */
#define TRUNCATIONS_SHARE 4

/*
 * The lengths, in bytes, to cut a buffer of @len bytes to: the last byte gone, half, and 4 bytes
 * into the first header where today's kernels put it; those below @len. Few, since each costs a
 * walk of every parser. Two of them may be the same. Returns how many @ret_lens has.
 */
size_t truncations(enum info_kind kind, size_t len, size_t ret_lens[TRUNCATIONS_MAX]);

/* Whether this buffer is of that share. */
bool truncations_chosen(const uint8_t *info, size_t len);

#endif
