/* SPDX-License-Identifier: MIT */
/*
 * What the tests of chain.c and of the text form share: texts said in two ways, and the round trip
 * bytes -> chain -> text -> chain -> bytes, which has to be exact.
 */
#ifndef FUZZ_TEXT_TEXT_TRIP_H
#define FUZZ_TEXT_TEXT_TRIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t random_state;

/* xorshift64*: the same numbers in every run. */
static inline uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % limit;
}

static inline uint8_t random_byte(void)
{
	return (uint8_t)random_below(256);
}

static inline void load(const char *text, struct chain *ret_chain)
{
	char error[TEXT_ERROR_SIZE] = "";

	if (text_load("t", text, strlen(text), ret_chain, error))
		fail_msg("%s\n%s", error, text);
}

static inline char *dump(const struct chain *chain)
{
	char *text;
	size_t size;
	FILE *const out = open_memstream(&text, &size);

	assert_non_null(out);
	text_dump(out, chain);
	assert_false(ferror(out));
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The bytes of a chain, in memory that ends where they end. */
static inline uint8_t *bytes_of(const struct chain *chain)
{
	uint8_t *const bytes = malloc(chain->len);

	assert_true(bytes || !chain->len);
	chain_write(chain, bytes);
	return bytes;
}

static inline void assert_bytes(const char *what, const uint8_t *bytes, const uint8_t *again,
				size_t len)
{
	if (!len || memcmp(bytes, again, len) == 0)
		return;
	print_error("%s: %zu bytes: ", what, len);
	for (size_t i = 0; i < len; i++)
		print_error("%02x", bytes[i]);
	fail_msg("%s: not the same bytes again", what);
}

/* The chain as chain_read() gives it, text of it, and text of what that text says. */
static inline void trip_chain(const char *what, const struct chain *chain)
{
	uint8_t *const bytes = bytes_of(chain);
	char *const text = dump(chain);
	struct chain loaded;
	char *text_again;
	uint8_t *again;

	load(text, &loaded);
	assert_int_equal(loaded.kind, chain->kind);
	assert_int_equal(loaded.len, chain->len);
	assert_int_equal(loaded.ncaps, chain->ncaps);
	again = bytes_of(&loaded);
	assert_bytes(what, bytes, again, chain->len);
	text_again = dump(&loaded);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	free(bytes);
	free(again);
	chain_free(&loaded);
}

static inline void trip(const char *what, const uint8_t *bytes, size_t len, enum info_kind kind)
{
	uint8_t *const exact = malloc(len);
	struct chain chain;
	uint8_t *again;

	assert_true(exact || !len);
	if (len)
		memcpy(exact, bytes, len);
	assert_int_equal(chain_read(exact, len, kind, &chain), 0);
	assert_int_equal(chain.kind, kind);
	assert_int_equal(chain.len, len);
	again = bytes_of(&chain);
	assert_bytes(what, exact, again, len);
	trip_chain(what, &chain);
	free(exact);
	free(again);
	chain_free(&chain);
}

/* A text and the same buffer said in full, as text_dump() says it. */
struct said {
	const char *name;
	const char *text;
	const char *full;
};

/* Buffers whose argsz is their len, given as strings; @rest is what follows the fixed fields. */
#define DEVICE(len, fill, flags, cap_offset, rest)                                                 \
	"kind: device\nlen: " len "\nfill: " fill "\ninfo:\n  argsz: " len "\n  flags: " flags     \
	"\n  num_regions: 0\n  num_irqs: 0\n  cap_offset: " cap_offset "\n  pad: 0\n" rest
#define REGION(len, fill, flags, cap_offset, rest)                                                 \
	"kind: region\nlen: " len "\nfill: " fill "\ninfo:\n  argsz: " len "\n  flags: " flags     \
	"\n  index: 0\n  cap_offset: " cap_offset "\n  size: 0\n  offset: 0\n" rest
#define IOMMU(len, fill, flags, cap_offset, rest)                                                  \
	"kind: iommu\nlen: " len "\nfill: " fill "\ninfo:\n  argsz: " len "\n  flags: " flags      \
	"\n  iova_pgsizes: 0\n  cap_offset: " cap_offset "\n  pad: 0\n" rest

static inline struct CMUnitTest row_test(const char *name, CMUnitTestFunction test, const void *row)
{
	/* cmocka's state is not const; the tests only read it. */
	return (struct CMUnitTest){
		.name = name, .test_func = test, .initial_state = (void *)(uintptr_t)row};
}

#endif
