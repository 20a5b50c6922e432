/* SPDX-License-Identifier: MIT */
/*
 * The editable model of an INFO buffer: what the text form says, what mutator and shrinker edit.
 *
 * chain_read() takes any byte string and chain_write() gives exactly that string back, always: what
 * the model cannot say is kept as raw bytes laid over it. Nothing is held to a rule here. Offsets
 * may point anywhere, counts may lie, capabilities may overlap; chain_write() cuts everything at
 * the buffer's end.
 *
 * Edit the struct as you like, within the bounds its comments state. Not thread-safe.
 */
#ifndef FUZZ_CHAIN_CHAIN_H
#define FUZZ_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/layout.h"

/* Fields of the widest INFO struct and of the widest capability, bytes of the longest header. */
#define CHAIN_INFO_FIELDS 6
#define CHAIN_CAP_FIELDS  9
#define CHAIN_HEADER_MAX  8

/**
 * struct chain_cap - one capability
 * @at: where its header starts, from the start of the buffer; past the end is fine
 * @id, @version, @next: its header
 * @value: the fields of its layout, in that order (reserved and pad fields too), each within the
 *	field's width; value[0] is the count where the layout has elements, and need not be true
 * @elements: the elements that follow the fixed part, as they stand in the buffer; may be NULL
 * @elements_size: bytes at @elements, a multiple of the layout's element size
 *
 * Of an unknown id, and of version 0, only the header is written; of a known one the fields that
 * its version has, and the elements. A version above the newest known is taken for the newest.
 */
struct chain_cap {
	uint32_t at;
	uint16_t id;
	uint16_t version;
	uint32_t next;
	uint64_t value[CHAIN_CAP_FIELDS];
	uint8_t *elements;
	uint32_t elements_size;
};

/* @size bytes laid over everything else, at @at. */
struct chain_raw {
	uint32_t at;
	uint32_t size;
	uint8_t *bytes;
};

/**
 * struct chain - one INFO buffer
 * @kind: which INFO struct it starts with
 * @swapped: its bytes are of the byte order that this machine has not; all values here, elements
 *	too, are in the host's
 * @len: bytes in all, at most INFO_LEN_MAX
 * @fill: value of every byte that nothing else describes
 * @info: the fixed fields, in the order of layout_infos[kind].fields, each within its width
 * @caps, @ncaps: capabilities, in the order in which they are written, which need not be the order
 *	of their links
 * @raws, @nraws: overlays, in the order in which they are written
 *
 * All pointers come from malloc and belong to the chain. Only chain_add_*() may make caps and raws
 * longer: how much room they have follows from their counts.
 */
struct chain {
	enum info_kind kind;
	bool swapped;
	uint32_t len;
	uint8_t fill;
	uint64_t info[CHAIN_INFO_FIELDS];
	struct chain_cap *caps;
	size_t ncaps;
	struct chain_raw *raws;
	size_t nraws;
};

/* An empty chain of @kind: len 0, all fields 0. Frees nothing. */
void chain_init(struct chain *ret_chain, enum info_kind kind);

/* Frees what the chain owns and leaves it empty, of the same kind. */
void chain_free(struct chain *chain);

/*
 * Append a capability, all zero, or an overlay of @size zero bytes. The pointer holds until the
 * next append. NULL without memory; the chain is then as it was.
 */
struct chain_cap *chain_add_cap(struct chain *chain);
struct chain_raw *chain_add_raw(struct chain *chain, uint32_t at, uint32_t size);

/*
 * Makes room for @size bytes of elements; bytes that were there stay, new ones are zero. The count
 * field stays as it is. Returns 0, or -ENOMEM with nothing changed.
 */
int chain_resize_elements(struct chain_cap *cap, uint32_t size);

/* The layout that @cap is written by, NULL where it is only a header (unknown id, version 0). */
const struct layout_cap *chain_cap_layout(const struct chain *chain, const struct chain_cap *cap);

/* Bytes of @cap before its elements, header included. */
uint32_t chain_cap_fixed(const struct chain *chain, const struct chain_cap *cap);

/* Where @cap ends, elements included; may lie past len and past 32 bits. */
uint64_t chain_cap_end(const struct chain *chain, const struct chain_cap *cap);

/*
 * Lays the chain out: fill, fixed fields, capabilities in order, raws in order. Writes all of
 * @ret_bytes[0 .. len) and nothing else; what lies past len is dropped, byte by byte.
 */
void chain_write(const struct chain *chain, uint8_t *ret_bytes);

/*
 * Reads @len bytes at @bytes, any content, so that chain_write() gives them back. @ret_chain is
 * overwritten, not freed; free it with chain_free().
 *
 * The links are followed whatever the CAPS flag says, up to the first offset that points into the
 * fixed fields, whose header is not wholly inside len, or whose capability shares a byte with one
 * already taken (which ends every loop). Payload fields are read where the whole fixed part lies
 * inside len, elements as far as the count says and no taken byte or the end stands in the way.
 *
 * Returns 0, -EINVAL where @len is above INFO_LEN_MAX, or -ENOMEM.
 */
int chain_read(const uint8_t *bytes, size_t len, enum info_kind kind, struct chain *ret_chain);

/* The same of bytes that are @swapped; chain_read() takes them for the host's. */
int chain_read_as(const uint8_t *bytes, size_t len, enum info_kind kind, bool swapped,
		  struct chain *ret_chain);

#endif
