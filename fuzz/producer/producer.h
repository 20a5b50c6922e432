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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/layout.h"
#include "../../parsers/parser.h"

/*
 * One capability as a driver hands it over: @size bytes of @payload stand after the 8 bytes of its
 * header, padding that the driver's C struct ends with included.
 */
struct producer_cap {
	uint16_t id;
	uint16_t version;
	uint32_t size;
	const uint8_t *payload;
};

/**
 * struct producer_state - what a producer has to tell
 * @flags: as the reply carries them, without CAPS: producers set that themselves
 * @num_regions, @num_irqs: of a device
 * @region_size, @region_offset: of a region. Its index is the caller's, who wrote it into the
 *	buffer
 * @iova_pgsizes: of an iommu
 * @stack: four bytes, over and over, of the memory that a producer copies out without having
 *	written it; 0 where the kernel was built to clear its stack
 * @caps, @ncaps: the capabilities, in the order of the reply
 *
 * Fields of other kinds are not looked at.
 */
struct producer_state {
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
	uint64_t region_size;
	uint64_t region_offset;
	uint64_t iova_pgsizes;
	uint32_t stack;
	const struct producer_cap *caps;
	size_t ncaps;
};

/**
 * struct producer - one program that answers
 * @name: unique, lower case with dashes, ends in the first release where releases differ
 * @summary: one line for lists
 * @kind: which INFO struct it fills
 * @source: whether the kernel or a peer process answers
 * @ids: the capabilities that the real one writes, as INFO_ID() bits. A model writes whatever it is
 *	given, so that producers build arbitrary chains too
 * @least, @most: how many capabilities the real one can have. With others a model does what the
 *	code of the real one would do; one that has none whatever happens (@most 0) leaves @caps out
 * @minsz: below it, an argsz is -EINVAL
 * @base: where its chain starts, in bytes: sizeof of the INFO struct in its release
 * @fixed: bytes of the INFO struct that it writes, where argsz has room for them
 * @wholly: it writes the field after minsz wholly or not at all; else as much of it as argsz has
 * @align: what each capability's size is rounded up to; 1 before Linux 6.6, 0 without capabilities
 * @all_or_none: a peer whose message ends after the INFO struct where the capabilities do not fit;
 *	that of others is cut at argsz
 * @captured: fnmatch patterns of the names in corpus/captured/ that are its replies, NULL at the
 *	end
 * @answer: use producer_answer()
 */
struct producer {
	const char *name;
	const char *summary;
	enum info_kind kind;
	enum info_source source;
	uint64_t ids;
	size_t least;
	size_t most;
	uint32_t minsz;
	uint32_t base;
	uint32_t fixed;
	bool wholly;
	uint32_t align;
	bool all_or_none;
	const char *const *captured;
	int (*answer)(const struct producer *producer, const struct producer_state *state,
		      uint8_t *buffer, uint32_t argsz);
};

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

/* Bytes of a full reply: the argsz that a short one asks for. 0 where an argsz cannot say it. */
uint32_t producer_need(const struct producer *producer, const struct producer_state *state);

/*
 * A capability chain while it is put together, as the kernel's helpers do it: `next` counts from
 * the start of the chain until it is shifted to where the chain stands in the reply. @bytes has
 * @room bytes, of which @size are used.
 */
struct producer_chain {
	uint8_t *bytes;
	uint32_t room;
	uint32_t size;
	uint32_t align;
};

/*
 * Appends a capability of @size bytes, header included, rounded up to the chain's align, every byte
 * after the header zero, and links the last one before it to it. Returns where its header is, or
 * NULL where there is no room or @size has no header in it; then nothing changed. Source:
 * vfio_info_cap_add(), 4.6 and 6.6.
 */
uint8_t *producer_chain_add(struct producer_chain *chain, uint16_t id, uint16_t version,
			    uint32_t size);

/* Adds @offset to every link but the last, which stays 0. Source: vfio_info_cap_shift(). */
void producer_chain_shift(struct producer_chain *chain, uint32_t offset);

/*
 * sizeof the C struct with which a driver hands over capability @cap of version @version, 1 to the
 * newest, with @count elements: header and trailing padding included. 0 where it is 2^32 or more.
 */
uint32_t producer_cap_size(const struct layout_cap *cap, uint16_t version, uint32_t count);

#endif
