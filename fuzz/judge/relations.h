/* SPDX-License-Identifier: MIT */
/*
 * Metamorphic relations: oracles that need no second parser. A judged buffer is changed in a way
 * that changes nothing of what a right reader says (variant.h), each parser that claims the
 * relation walks the changed copy, and an answer that changed all the same is a broken promise of
 * the class
 * `unstable`. The witness is the buffer itself, not the copy.
 *
 *	slack	the buffer is longer, and argsz too where the reply was read to its end: same answer
 *	shift	the chain stands a multiple of 8 bytes further on: same answer, offsets apart
 *	order	capabilities stand in reverse in memory, links as they were: same list
 *	cut	the buffer is shorter: what is delivered, and what is called absent, was so before
 *	unread	bytes that the reference's answer does not rest on are turned over: same answer
 *	again	nothing is changed; the walk comes after all the others: same answer
 *
 * Held are hardened parsers that agree with the reference, on every buffer; others that
 * claim it and agree, on plain buffers; and the reference itself, on every buffer. A parser with a
 * buffer of fixed size is held to unread and again alone: its length is its own.
 *
 * When a parser breaks one, it uses what it should not (the buffer's length or place, bytes of
 * nobody, what an earlier walk left). When the reference does, see variant.c.
 */
#ifndef FUZZ_JUDGE_RELATIONS_H
#define FUZZ_JUDGE_RELATIONS_H

#include "judged.h"

/* One buffer in so many is held to the relations where judge->relate is RELATE_SHARE. */
#define RELATIONS_SHARE 512

/* The INFO_CLAIM_* bits that @parser is held to. */
uint32_t relations_claimed(const struct info_parser *parser);

/* Whether these bytes are in the share: by their hash, so the same everywhere. */
bool relations_chosen(const uint8_t *info, size_t len);

/*
 * Makes room for relations_hold(), once; false where there is no memory. Every judge_new() does so:
 * done at the first buffer that is held, it would run code there that no later buffer runs, which
 * AFL++ takes for a target that is not stable.
 */
bool relations_open(void);

/*
 * Walks the changed copies of the buffer that was judged last, and fills in .relation and .became
 * of each parser, and of the reference, that broke one; the first in the order of enum relation.
 * The walks on the buffer itself stay as they were found.
 */
void relations_hold(struct judge *judge);

#endif
