/* SPDX-License-Identifier: MIT */
/* Inside the mutator: what operators share. See mutate.h. */
#ifndef FUZZ_MUTATOR_MUTATE_OPS_H
#define FUZZ_MUTATOR_MUTATE_OPS_H

#include "../../parsers/layout.h"
#include "../chain/chain.h"

/* More capabilities or elements than this are only ever copied, never added. */
#define MUTATE_CAPS_MAX	    48
#define MUTATE_ELEMENTS_MAX 1024

/**
 * struct mutation - one call while it runs
 * @chain: what is edited
 * @max: bytes that the result may have
 * @random: state of random_of()
 * @nowhere: in the place of a field that the kind has not
 */
struct mutation {
	struct chain chain;
	uint32_t max;
	uint64_t random;
	uint64_t nowhere;
};

/*
 * An operator changes the chain, and returns whether it did: false where there is nothing for it to
 * change, and the chain is then as it was. @weight: how often it is drawn, against the others.
 */
struct mutate_op {
	const char *name;
	bool (*apply)(struct mutation *m);
	unsigned int weight;
};

/* One that works on bytes, after the chain was written; returns the new size. */
struct mutate_byte_op {
	const char *name;
	size_t (*apply)(struct mutation *m, uint8_t *bytes, size_t size);
};

extern const struct mutate_op mutate_link_ops[];
extern const size_t mutate_link_op_count;
extern const struct mutate_op mutate_cap_ops[];
extern const size_t mutate_cap_op_count;
extern const struct mutate_op mutate_field_ops[];
extern const size_t mutate_field_op_count;
extern const struct mutate_op mutate_value_ops[];
extern const size_t mutate_value_op_count;
extern const struct mutate_op mutate_space_ops[];
extern const size_t mutate_space_op_count;
extern const struct mutate_byte_op mutate_byte_ops[];
extern const size_t mutate_byte_op_count;

/* SplitMix64: any seed is a good one. */
static inline uint64_t random_next(struct mutation *m)
{
	uint64_t z = m->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to @limit - 1; @limit is not 0 and below 2^32. */
static inline uint32_t random_of(struct mutation *m, size_t limit)
{
	return (uint32_t)((random_next(m) >> 32) * limit >> 32);
}

static inline bool random_one_in(struct mutation *m, uint32_t n)
{
	return random_of(m, n) == 0;
}

/*
 * Fields of chain.info by what they are for. Of one that the kind has not, a place that nothing
 * reads.
 */
uint64_t *mutate_argsz(struct mutation *m);
uint64_t *mutate_flags(struct mutation *m);
uint64_t *mutate_first(struct mutation *m);

static inline const struct layout_info *layout_of(const struct mutation *m)
{
	return &layout_infos[m->chain.kind];
}

/* Links: number 0 is that to the first, number i the next of capability i - 1. */
uint32_t mutate_link(struct mutation *m, size_t link);
void mutate_set_link(struct mutation *m, size_t link, uint32_t at);

/* Every link that points to @from points to @to. */
void mutate_move_links(struct mutation *m, uint32_t from, uint32_t to);

/* Sets len, and argsz with it where that said the old len. */
void mutate_set_len(struct mutation *m, uint64_t len);

/* Whether @more bytes still fit. */
static inline bool mutate_has_room(const struct mutation *m, uint64_t more)
{
	return m->chain.len + more <= m->max;
}

/* One capability more, a copy with elements of its own, or less; links stay as they are. */
bool mutate_copy_cap(struct chain *chain, const struct chain_cap *cap);
void mutate_drop_cap(struct chain *chain, size_t cap);

/* A new known capability with likely values at the end of the buffer; not linked yet. */
struct chain_cap *mutate_new_cap(struct mutation *m);

/* A 32-bit or 64-bit value that programs stumble over. */
uint64_t mutate_odd_value(struct mutation *m);

/*
 * Puts the capabilities one behind the other where today's kernels put them, @align bytes aligned,
 * in their order or the reverse; what pointed to one points to it still. Returns where the last
 * ends.
 */
uint64_t mutate_pack(struct mutation *m, uint32_t align, bool reverse);

/*
 * Leaves the first few capabilities, with few elements, and nothing behind them; argsz follows
 * where it said @whole, the bytes that the buffer had.
 */
void mutate_shorten(struct mutation *m, size_t whole);

/* Makes the buffer plain, or with @whole false only the fixed fields true. */
void mutate_repair(struct mutation *m, bool whole);

#endif
