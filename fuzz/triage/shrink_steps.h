/* SPDX-License-Identifier: MIT */
/* What shrink.c and its steps share: the buffer so far, and how a smaller one is tried. */
#ifndef FUZZ_TRIAGE_SHRINK_STEPS_H
#define FUZZ_TRIAGE_SHRINK_STEPS_H

#include "../chain/chain.h"
#include "shrink.h"

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

/* Puts a copy of @now into @next. */
void shrink_start(struct shrinking *s);

/* Takes @next as @now where it is smaller and keeps what is to be kept: true. */
bool shrink_try(struct shrinking *s);

/* Marks the bytes of @now in [@start, @end) as gone, as far as there are any. */
void shrink_mark(struct shrinking *s, uint64_t start, uint64_t end);

/* The largest power of two that is at most @n, 0 of 0. */
size_t shrink_top_bit(size_t n);

/* Steps that change values, tried wherever they can be: whether one was taken. */
bool shrink_fields(struct shrinking *s);
bool shrink_zero_bytes(struct shrinking *s);
bool shrink_lower_bytes(struct shrinking *s);

/*
 * Every step there is, each tried wherever it can be; true where one was taken. The order is that
 * of the issue: structure, then fields, then bytes.
 */
bool shrink_all_steps(struct shrinking *s);

#endif
