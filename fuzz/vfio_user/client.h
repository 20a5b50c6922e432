/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user client that asks, and holds what answers to the rules of the protocol (vu_rules.h). Nothing that
 * a server sends holds it up for longer than it waits for a message, and a server that is gone stays gone.
 */
#ifndef FUZZ_VFIO_USER_CLIENT_H
#define FUZZ_VFIO_USER_CLIENT_H

#include "../client/reply.h"
#include "../probe/probe.h"
#include "vu_rules.h"
#include "stream.h"
#include "negotiate.h"

const char *vu_rule_name(enum vu_rule rule);
const char *vu_rule_words(enum vu_rule rule);

typedef const uint8_t *(*vu_place)(const uint8_t *bytes, size_t size);

/* One rule that was broken: in how many messages, and what the first of them was. */
struct vu_violation {
	uint64_t count;
	char words[160];
};

/**
 * struct vu_client - one connection
 * @device: for vu_client_device()
 * @wait_ms: how long a message is waited for
 * @place: NULL, or where a message is taken from: a copy that ends where it ends, for a fuzz target
 * @messages: sent
 * @gone: 0, or -errno since when nothing is sent any more
 */
struct vu_client {
	struct probe_device device;
	struct vu_stream stream;
	int wait_ms;
	vu_place place;
	uint16_t id;
	uint64_t messages;
	int gone;
	struct vu_version version;
	struct vu_violation violations[VU_RULE_COUNT];
};

/* What came: @size bytes at @bytes behind the header, until the next call, and the header's error, or 0. */
struct vu_heard {
	int error;
	const uint8_t *bytes;
	size_t size;
	const int *fds;
	size_t nfds;
};

/* Connects to the socket at @path. Returns its descriptor or -errno. */
int vu_connect(const char *path);

/* Takes over the connected socket @fd, and negotiates the version. Returns 0, or -errno. */
int vu_client_open(struct vu_client *client, int fd, int wait_ms, vu_place place);
void vu_client_close(struct vu_client *client);

/*
 * Sends @size bytes at @payload as @command, which may be none of the table's, and waits for the reply. Returns
 * 0, also where that is an error; -errno where none came, and then the server is gone.
 */
int vu_client_call(struct vu_client *client, uint16_t command, const void *payload, size_t size,
		   struct vu_heard *ret_heard);

/* Says that a message broke @rule. */
__attribute__((format(printf, 3, 4))) void vu_client_broke(struct vu_client *client,
							   enum vu_rule rule, const char *format,
							   ...);

/*
 * Holds the reply to an INFO of @subject, which was asked with @argsz, to the rules of messages.
 */
void vu_client_hold_info(struct vu_client *client, const struct probe_subject *subject,
			 uint32_t argsz, const struct vu_heard *heard);

/* Its INFO replies as probe_sweep() asks for them: each is held to the rules of messages too. */
struct probe_device *vu_client_device(struct vu_client *client);

/* What no sweep of INFO replies asks: the protocol's other commands, and what has to be refused. */
void vu_client_ask_rest(struct vu_client *client);

/* Rules that were broken. */
size_t vu_client_broken(const struct vu_client *client);

/*
 * A stand-in: a server of our own in a process of its own, sound or breaking @fault (VU_RULE_COUNT: none), with
 * @replies, or good ones where that is NULL. Returns a socket that is connected to it, or -errno. It ends with that
 * socket.
 */
int vu_fake(enum vu_rule fault, struct replies *replies);

#endif
