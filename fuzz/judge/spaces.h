/* SPDX-License-Identifier: MIT */
/*
 * What the reference knows of configuration spaces beside their lists: rules C1 to C5 of RULES.md. It
 * shares nothing with parsers/include/pcicaps.h.
 */
#ifndef FUZZ_JUDGE_SPACES_H
#define FUZZ_JUDGE_SPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/layout.h"

/* Notes of a space whose list may be read, of @len bytes, of which the first 64 are there: C1, C2, C3. */
uint32_t space_notes(enum info_kind kind, const uint8_t *info, size_t len);

/* C4: the header at @at, which is there, is what a read that failed gives. */
bool space_header_is_ones(enum info_kind kind, const uint8_t *info, uint32_t at);

/* C4: the header at @at, which is there, is of a list that has ended; one of `pci` never is. */
bool space_header_is_zero(enum info_kind kind, const uint8_t *info, uint32_t at);

/*
 * C5: bytes of the capability @id whose decoded fields stand at @cap: what its specification gives it,
 * or what it says of itself; 0 where nobody knows.
 */
uint32_t space_cap_length(enum info_kind kind, uint16_t id, const uint8_t *cap);

#endif
