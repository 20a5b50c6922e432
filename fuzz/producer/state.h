/* SPDX-License-Identifier: MIT */
/* What a producer has to tell, and what is known of each; producer.h has them answer. */
#ifndef FUZZ_PRODUCER_STATE_H
#define FUZZ_PRODUCER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * Captured replies of the devices that an fnmatch pattern names, as Linux @since and later wrote them, and
 * before @before, where that is not 0.
 */
struct producer_claim {
	const char *devices;
	uint32_t since;
	uint32_t before;
};
#define PRODUCER_LINUX(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

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
 * @captured: which files of corpus/captured/ are its replies, up to one without @devices
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
	const struct producer_claim *captured;
	int (*answer)(const struct producer *producer, const struct producer_state *state,
		      uint8_t *buffer, uint32_t argsz);
};

/* How many of the state's capabilities this producer has to tell. */
size_t producer_ncaps(const struct producer *producer, const struct producer_state *state);

/*
 * Bytes in the reply of capability @cap, header included: what its driver hands over, rounded up.
 * In 64 bits, since a payload may have up to 2^32 - 1 of them.
 */
uint64_t producer_cap_bytes(const struct producer *producer, const struct producer_cap *cap);

/* Bytes of a full reply: the argsz that a short one asks for. 0 where an argsz cannot say it. */
uint32_t producer_need(const struct producer *producer, const struct producer_state *state);

#endif
