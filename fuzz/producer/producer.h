/* SPDX-License-Identifier: MIT */
/*
 * Producers: every program that is known to write an INFO reply, each restated as a function that
 * answers any argsz as the real one does, byte for byte.
 *
 * A producer keeps nothing between two answers and allocates nothing. It writes into the caller's
 * buffer what the real one writes, and leaves every other byte as the caller filled it: what a
 * reply does not write, the caller reads back. (To learn which bytes those are, let it answer
 * twice, over two fills that differ in every byte but the caller's own argsz and index.) It reads
 * and writes nothing at or past argsz.
 *
 * conformance.c holds the models to the captured replies of real kernels, and producer_test.c every
 * chain that they build to every parser. Where the first fails, the model is wrong; where a new
 * capture is claimed by no producer, give it to one, or write one: README.md here says how.
 */
#ifndef FUZZ_PRODUCER_PRODUCER_H
#define FUZZ_PRODUCER_PRODUCER_H

#include "caps.h"
#include "state.h"

/* Every producer, sorted by kind, then name. */
extern const struct producer producers[];
extern const size_t producer_count;

/* The producer with this name, or NULL. */
const struct producer *producer_named(const char *name);

/*
 * Answers a caller whose @buffer has @argsz bytes, filled as the caller fills it; for a region its
 * index has to stand there. Returns 0, or what the real one fails with and then nothing is written:
 * -EINVAL for an argsz that it refuses, -ENOMEM where the reply would have more bytes than an argsz
 * can say.
 */
int producer_answer(const struct producer *producer, const struct producer_state *state,
		    uint8_t *buffer, uint32_t argsz);

/*
 * How many bytes at the start of the caller's buffer were sent: the length of a peer's message,
 * which its client knows. The kernel tells no length, so for it this is argsz. For an answer that
 * was given.
 */
uint32_t producer_sent(const struct producer *producer, const struct producer_state *state,
		       uint32_t argsz);

#endif
