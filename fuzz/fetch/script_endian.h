/* SPDX-License-Identifier: MIT */
/* Scripts from a machine of the other byte order; see chain/endian.h. */
#ifndef FUZZ_FETCH_SCRIPT_ENDIAN_H
#define FUZZ_FETCH_SCRIPT_ENDIAN_H

#include "../chain/endian.h"

/*
 * As endian_turn(), of a script, whose own numbers are little-endian on every machine: of each
 * reply, and of the payloads that a producer is given. *@ret_shared counts from the start of the
 * input.
 */
bool script_turn(uint8_t *bytes, size_t len, enum endian from, uint32_t *ret_shared);

#endif
