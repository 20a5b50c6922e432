/* SPDX-License-Identifier: MIT */
/*
 * Operators on bytes, which know nothing of chains: havoc of our own, since AFL++'s driver has an
 * LLVMFuzzerMutate that does nothing. Each returns the new size; one that has no use for the bytes
 * returns the old one and has changed nothing.
 */
#include <string.h>

#include "mutate_ops.h"

/* The longest piece that is put in, taken out or copied. */
#define PIECE_MAX 24

/* Draws stand in statements of their own: of one expression each compiler has its own order. */
static size_t flip_bit(struct mutation *m, uint8_t *bytes, size_t size)
{
	const uint8_t bit = (uint8_t)(1u << random_of(m, 8));

	if (size)
		bytes[random_of(m, size)] ^= bit;
	return size;
}

static size_t set_byte(struct mutation *m, uint8_t *bytes, size_t size)
{
	const uint8_t byte = (uint8_t)random_of(m, 256);

	if (size)
		bytes[random_of(m, size)] = byte;
	return size;
}

/* A little more or less, of 1, 2, 4 or 8 bytes at a multiple of their number, or of 1. */
static size_t add(struct mutation *m, uint8_t *bytes, size_t size)
{
	const unsigned int width = 1u << random_of(m, 4);
	size_t at;

	if (size < width)
		return size;
	at = random_of(m, size - width + 1);
	if (!random_one_in(m, 4))
		at -= at % width;
	layout_store(bytes + at, width, layout_load(bytes + at, width) + random_of(m, 33) - 16);
	return size;
}

static size_t set_word(struct mutation *m, uint8_t *bytes, size_t size)
{
	const unsigned int width = 2u << random_of(m, 3);
	size_t at;

	if (size < width)
		return size;
	at = random_of(m, size - width + 1);
	if (!random_one_in(m, 4))
		at -= at % 2;
	layout_store(bytes + at, width, mutate_odd_value(m));
	return size;
}

static size_t insert_bytes(struct mutation *m, uint8_t *bytes, size_t size)
{
	const size_t piece = 1 + random_of(m, PIECE_MAX), at = random_of(m, size + 1);

	if (size + piece > m->max)
		return size;
	memmove(bytes + at + piece, bytes + at, size - at);
	memset(bytes + at, random_one_in(m, 2) ? 0 : (int)random_of(m, 256), piece);
	return size + piece;
}

static size_t erase_bytes(struct mutation *m, uint8_t *bytes, size_t size)
{
	const size_t piece = 1 + random_of(m, PIECE_MAX);
	size_t at;

	if (size < piece)
		return size;
	at = random_of(m, size - piece + 1);
	memmove(bytes + at, bytes + at + piece, size - at - piece);
	return size - piece;
}

static size_t copy_bytes(struct mutation *m, uint8_t *bytes, size_t size)
{
	const size_t piece = 1 + random_of(m, PIECE_MAX);
	size_t from;

	if (size < piece)
		return size;
	from = random_of(m, size - piece + 1);
	memmove(bytes + random_of(m, size - piece + 1), bytes + from, piece);
	return size;
}

const struct mutate_byte_op mutate_byte_ops[] = {
	{"bit", flip_bit},
	{"byte", set_byte},
	{"add", add},
	{"word", set_word},
	{"bytes-insert", insert_bytes},
	{"bytes-erase", erase_bytes},
	{"bytes-copy", copy_bytes},
};
const size_t mutate_byte_op_count = sizeof(mutate_byte_ops) / sizeof(mutate_byte_ops[0]);
