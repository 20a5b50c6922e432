/* SPDX-License-Identifier: MIT */
/*
 * The judge: runs every parser on one buffer, each in the sandbox, and holds its walk to the
 * reference.
 *
 * On a buffer with odd notes the reference is a set of answers; one of them that is not the
 * reference's own is a policy, never a disagreement. A parser that looks up ids is held to the
 * reference lookup: its first match before any rejecting point is right. The judge knows nothing of
 * engines, files or reports.
 */
#ifndef FUZZ_JUDGE_JUDGE_H
#define FUZZ_JUDGE_JUDGE_H

#include "../sandbox/sandbox.h"
#include "judged.h"

/*
 * A walk may take 64 + bound + K * (header and payload bytes that the reference visited) loads of
 * the buffer. One load a byte reads the finest payload there is, and half a load a byte passes a
 * header; so K is 1 for a reader that goes through the chain once, and the number of its lookups
 * for one that looks up ids. A safe or hardened parser ends on every chain, and may go over it again to
 * find a loop: 4 at least. A loop is caught in about one pass over the bound.
 */
#define JUDGE_K_HARDENED 4

/*
 * A judge over @count parsers. NULL with one line in @ret_error when memory is short or the sandbox
 * cannot be opened.
 */
struct judge *judge_new(const struct info_parser *const *parsers, size_t count, char *ret_error,
			size_t error_size);
void judge_free(struct judge *judge);

/*
 * Room for what one parser delivers, and some: were it a multiple of a page, the first capabilities
 * of all parsers would stand in the same few sets of the CPU's cache and drive each other out of
 * it.
 */
#define CAPS_STRIDE (INFO_LEN_MAX + 9)

/* That room for @count parsers, which judge_free() gives back; NULL when memory is short. */
struct info_cap *judge_map_caps(size_t count);

/*
 * Says which buffers judge_read() will be handed next, for parsers that read many at once. Findings
 * are the same without.
 */
void judge_ahead(struct judge *judge, enum info_kind kind, size_t count,
		 const uint8_t *const infos[], const uint32_t lens[]);

/* Judges @len bytes (0 to INFO_LEN_MAX) at @info. */
void judge_read(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind);

/*
 * The same, and says in @ret_touched which bytes were read: another buffer of this kind and length that
 * has the same bytes there is judged the same. Where @changed is given, this buffer differs from the last
 * one in those bytes alone, and who read none of them does not walk again. A parser whose loads the hooks
 * do not all see reads every byte, and walks each time.
 */
void judge_next(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind,
		const struct sandbox_touched *changed, struct sandbox_touched *ret_touched);

/* The same as judge_read(), with the loads of parser @traced noted in @ret_trace. */
void judge_trace(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind,
		 size_t traced, struct sandbox_trace *ret_trace);

/* The K of @parser's budget for @kind. */
uint64_t judge_loads_per_byte(const struct info_parser *parser, enum info_kind kind);

/*
 * Whether the links of the buffer come back to themselves, for a reader that tests nothing at all:
 * the reference may have stopped before it gets there.
 */
bool judge_links_loop(enum info_kind kind, const uint8_t *info, size_t len);

/*
 * Whether @parser, whose hooks are those of number @i, is not to walk @len bytes at @info: without hooks
 * nothing counts loads, so one that does not promise to end is not run where a walk may go on for ever.
 */
bool judge_must_skip(const struct judge *judge, size_t i, const struct info_parser *parser,
		     const uint8_t *info, size_t len);

#endif
