/* SPDX-License-Identifier: MIT */
/*
 * Whose bytes an input's are. Parsers and judge read in host order, so an INFO buffer from a
 * machine of the other order is turned over first, field by field.
 *
 * Turned over are the fixed fields, the headers that the reference reaches and the fields of their
 * known payloads, each byte once; and, where no other field has its bytes, what a reader finds that
 * goes on along the links where the reference stops. A field that crosses the buffer's end nobody
 * reads whole: it stays.
 */
#ifndef FUZZ_CHAIN_ENDIAN_H
#define FUZZ_CHAIN_ENDIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"

enum endian { ENDIAN_LITTLE, ENDIAN_BIG };

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ENDIAN_HOST  ENDIAN_BIG
#define ENDIAN_OTHER ENDIAN_LITTLE
#else
#define ENDIAN_HOST  ENDIAN_LITTLE
#define ENDIAN_OTHER ENDIAN_BIG
#endif

/* "little" or "big". */
const char *endian_name(enum endian endian);

/* Bytes in a file whose name ends so are big-endian, whoever reads it. */
#define ENDIAN_BIG_NAME ".be.bin"

/* The order of the bytes in file @path: what its name says, else @otherwise. */
enum endian endian_of_name(const char *path, enum endian otherwise);

/* How the name of a file ends that has this machine's bytes. */
static inline const char *endian_suffix(void)
{
	return ENDIAN_HOST == ENDIAN_BIG ? ENDIAN_BIG_NAME : ".bin";
}

/* The value of @width bytes, 1, 2, 4 or 8, in the other order. */
static inline uint64_t endian_swap(uint64_t value, unsigned int width)
{
	return __builtin_bswap64(value) >> (64 - 8 * width);
}

/*
 * Turns over @len bytes (at most INFO_LEN_MAX) at @bytes, which are in the order @from, to the other
 * one; a second time gives them back. False where two fields that the reference reads share bytes:
 * nothing is turned then, and one of the two is at *@ret_shared.
 */
bool endian_turn(uint8_t *bytes, size_t len, enum info_kind kind, enum endian from,
		 uint32_t *ret_shared);

/*
 * The same of a payload, the @size bytes that a driver hands over for a capability: all but its
 * header, so that no field is another's.
 */
void endian_turn_payload(uint8_t *bytes, uint32_t size, enum info_kind kind, uint16_t id,
			 uint16_t version, enum endian from);

#endif
