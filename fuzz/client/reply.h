/* SPDX-License-Identifier: MIT */
/*
 * What the INFO ioctls answer: for each of them, and for each region, a list of replies that is
 * gone through call by call. Its last reply answers every further call.
 */
#ifndef FUZZ_CLIENT_REPLY_H
#define FUZZ_CLIENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "fake.h"
#include "reply_rule.h"

/* What is done with argsz after the rule: nothing, @argsz it is, or the caller's plus @argsz. */
enum reply_argsz { ARGSZ_KEPT, ARGSZ_IS, ARGSZ_GROWS };

struct reply_model;

/* Which of the below are said. */
enum {
	PEER_MESSAGE = 1 << 0,
	PEER_COMMAND = 1 << 1,
	PEER_ERROR = 1 << 2,
	PEER_FDS = 1 << 3,
	PEER_FILE = 1 << 4,
	PEER_ID = 1 << 5,
};

/**
 * struct reply_peer - what only a peer can say, in a message of its own beside the reply
 * @said: which of these are
 * @message: bytes of the message behind its header, whatever argsz says: of the reply, then of the file, then 0
 * @command, @id: of the header, in place of those that were asked with; @id is added to that
 * @error: an errno, in a header that says so
 * @fds: how many descriptors come with it
 * @file: they are of a file of that many bytes, and not of the device
 */
struct reply_peer {
	unsigned int said;
	uint32_t message;
	uint32_t command;
	uint32_t id;
	uint32_t error;
	uint32_t fds;
	uint64_t file;
};

/*
 * @fails: the errno that the call fails with, in place of a reply; 0 else. @model: what a producer
 * would have told with it, or NULL.
 */
struct reply {
	int fails;
	enum reply_rule rule;
	enum reply_argsz how;
	uint32_t argsz;
	size_t len;
	uint8_t *bytes;
	struct reply_model *model;
	struct reply_peer peer;
};

/* @again: after its last reply comes its first. */
struct reply_list {
	struct reply *replies;
	size_t count;
	size_t next;
	bool again;
};

/* One list a region, and one each for the device and the IOMMU: where in `lists`. */
enum { LIST_DEVICE = FAKE_REGIONS, LIST_IOMMU, LISTS };

struct replies {
	struct reply_list lists[LISTS];
};

/* The list of @kind, of a region its @index below FAKE_REGIONS. */
size_t reply_list_of(enum info_kind kind, uint32_t index);

/*
 * Adds a copy of @bytes to list @list. With @completes, the fixed fields beside argsz, cap_offset
 * and the CAPS flag become the fake device's own, so that a client goes on as far as the chain.
 * Returns 0 or -ENOMEM.
 */
int reply_add(struct replies *replies, size_t list, enum reply_rule rule, const uint8_t *bytes,
	      size_t len, bool completes, struct reply **ret_reply);

/*
 * Gives every list without replies a good one: the chains that kernels write, of a device that has
 * all of them, or where @rule is REPLY_VFIO_USER, what such a server does. Returns 0 or -ENOMEM.
 */
int replies_fill(struct replies *replies, enum reply_rule rule);

/* The reply of @list that the next call gets. */
const struct reply *reply_peek(const struct replies *replies, size_t list);

/* Every list's first reply is the next again. */
void replies_rewind(struct replies *replies);
void replies_free(struct replies *replies);

/*
 * The next reply of @list, which has one, to a caller with @argsz: up to min(argsz, INFO_LEN_MAX)
 * bytes into @bytes, which holds what the caller has there: not every byte before the last is
 * always written. Returns their number, or -errno: -EINVAL where argsz is below what the ioctl takes.
 */
int reply_next(struct replies *replies, size_t list, uint32_t argsz, uint8_t bytes[INFO_LEN_MAX]);

#endif
