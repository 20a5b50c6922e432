/* SPDX-License-Identifier: MIT */
/*
 * The producer's side of a conversation, decoded from the bytes of an input. Every byte string is
 * one.
 *
 *	0	head: bits 0-1 the kind (0 device, 1 region, 2 iommu, 3 region); bit 2 a producer of
 *		fuzz/producer/ answers; bit 3 after the last reply comes the first again, otherwise
 *		the last one stays; bits 4-7 mean nothing
 *	1	u16: the caller's first argsz
 *
 * A free script goes on with replies, each:
 *
 *	0	how: bit 0 it fails with EINVAL and writes nothing; bit 1 its argsz is what was asked with,
 *		plus delta; bit 2 it is a peer's message, which nobody cuts: where it is longer than what
 *		was asked with, the call fails with EINVAL, as QEMU's client does; bits 3-7 mean nothing
 *	1	s8: delta
 *	2	u16: bytes that follow, and are written; where the input ends before, those that are there
 *
 * A producer's goes on with
 *
 *	0	u16: the low half of the FNV-1a hash of its name; one that is no producer's is taken modulo
 *		their number
 *	2	u32: flags
 *
 * and its capabilities, each id u16, version u16, bytes that follow u16, and those (the payload).
 * The producer's kind is the conversation's. All numbers are little-endian; a part that the input
 * has not enough bytes for is no part, and an input without its first three bytes is one of three
 * zeros. At most SCRIPT_PARTS replies or capabilities count. What then stands at the end means
 * nothing.
 *
 * A reply never writes past the argsz that it was asked with, as no kernel does.
 */
#ifndef FUZZ_FETCH_SCRIPT_H
#define FUZZ_FETCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../producer/producer.h"

#define SCRIPT_PARTS 64

/* Bytes of a reply that any program has room for: qatlib and SPDK have a page. */
#define SCRIPT_NEED_MAX 4064

enum {
	SCRIPT_KIND = 3,
	SCRIPT_PRODUCED = 1 << 2,
	SCRIPT_CYCLES = 1 << 3,
	SCRIPT_HEAD_SPARE = 0xf0,
	REPLY_FAILS = 1 << 0,
	REPLY_RELATIVE = 1 << 1,
	REPLY_MESSAGE = 1 << 2,
	REPLY_SPARE = 0xf8,
};

/* As a kind of input, beside those of enum info_kind. */
#define KIND_FETCH INFO_KINDS

/* One reply as the input has it; @said bytes were announced, @size are there, at @bytes. */
struct script_reply {
	uint8_t how;
	int8_t delta;
	uint16_t said;
	size_t size;
	const uint8_t *bytes;
};

/**
 * struct script - an input, decoded; it points into the input's bytes
 * @bytes, @size: those
 * @head, @first: as above
 * @kind: that the conversation is about
 * @replies, @nreplies: of a free script
 * @producer, @key, @state, @caps, @said: with SCRIPT_PRODUCED; @said are announced sizes. @producer
 *	is NULL where the input ends before it is named: then every call fails
 * @rest, @nrest: what means nothing at the end
 */
struct script {
	const uint8_t *bytes;
	size_t size;
	uint8_t head;
	uint16_t first;
	enum info_kind kind;
	struct script_reply replies[SCRIPT_PARTS];
	size_t nreplies;
	const struct producer *producer;
	uint16_t key;
	struct producer_state state;
	uint32_t need; /* bytes of that producer's whole reply, 0 without one */
	struct producer_cap caps[SCRIPT_PARTS];
	uint16_t said[SCRIPT_PARTS];
	const uint8_t *rest;
	size_t nrest;
};

/* Writes a number of a script: little-endian on every machine. */
static inline void script_put(uint8_t *at, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Decodes @size bytes at @bytes, which have to stay. */
void script_read(const uint8_t *bytes, size_t size, struct script *ret_script);

/* The kind that an input's @head names; with a producer the kind is the producer's. */
enum info_kind script_kind(uint8_t head);

/* The key that names @producer in an input. */
uint16_t script_key(const struct producer *producer);

/* The producer that an input names by @key, exact where it is one's own. */
const struct producer *script_producer(uint16_t key);

/*
 * Answers call number @call (from 0), made with @argsz bytes at @buffer. Returns how far it wrote,
 * in bytes, and for each of those whether it did in @ret_written; or a negative errno, and then
 * nothing is written.
 *
 * @flipped: for a question to the loop, not an answer: with it every byte that is written, but
 * argsz, has all its bits turned over.
 */
int script_answer(const struct script *script, size_t call, uint8_t *buffer, uint32_t argsz,
		  bool flipped, uint8_t *ret_written);

/*
 * Whether one producer that a program may expect answers each call alike, in a reply that fits,
 * about capabilities that its drivers could have handed over.
 */
bool script_is_steady(const struct script *script);

#endif
