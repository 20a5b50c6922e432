/* SPDX-License-Identifier: MIT */
/* The buffer so far, and how a smaller one is tried. */
#ifndef FUZZ_TRIAGE_SHRINK_TRY_H
#define FUZZ_TRIAGE_SHRINK_TRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../chain/chain.h"

/* Whether @len bytes at @bytes still show it. Says the same of the same bytes every time. */
typedef bool shrink_keeps(void *context, const uint8_t *bytes, size_t len);

/* A number in the buffer that the model knows; @plain counts where @has_plain. */
struct shrink_field {
	uint32_t at;
	uint8_t width;
	bool has_plain;
	uint64_t plain;
};

/* Fields of a chain of the most capabilities there can be: header and payload of each. */
#define SHRINK_FIELDS_MAX                                                                          \
	(CHAIN_INFO_FIELDS + INFO_LEN_MAX / CAP_HEADER_SIZE * (3 + CHAIN_CAP_FIELDS))

/* A buffer with what its size is measured by. */
struct shrink_buffer {
	uint8_t bytes[INFO_LEN_MAX];
	size_t len;
	struct chain chain;
	struct shrink_field *fields;
	size_t nfields;
	size_t unplain;
};

/**
 * struct shrinking - one run
 * @now: the smallest buffer so far
 * @next: the one that is tried; steps write its bytes and len
 * @gone: by byte of @now, whether a step removes it; all false between steps
 */
struct shrinking {
	enum info_kind kind;
	struct shrink_buffer now;
	struct shrink_buffer next;
	bool gone[INFO_LEN_MAX];

	shrink_keeps *keeps;
	void *context;
	size_t calls;
	size_t calls_max;
	bool spent;
	int error;
	uint64_t *refused;
	size_t refused_size;
};

/* Reads what the bytes of @b are. Returns 0 or -ENOMEM, with no chain. */
int shrink_measure(struct shrink_buffer *b, enum info_kind kind);

/* Puts a copy of @now into @next. */
void shrink_start(struct shrinking *s);

/* Takes @next as @now where it is smaller and keeps what is to be kept: true. */
bool shrink_try(struct shrinking *s);

/* Marks the bytes of @now in [@start, @end) as gone, as far as there are any. */
void shrink_mark(struct shrinking *s, uint64_t start, uint64_t end);

/* The largest power of two that is at most @n, 0 of 0. */
size_t shrink_top_bit(size_t n);

#endif
