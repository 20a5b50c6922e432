/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user server of the fake device, as a function from a message to its answer: no socket, no clock, no
 * wait. Whatever a client sends has an answer or ends the connection; listen.c is its socket, and
 * server_target.c fuzzes it.
 */
#ifndef FUZZ_VFIO_USER_SERVER_H
#define FUZZ_VFIO_USER_SERVER_H

#include "../client/vfio.h"
#include "protocol.h"

/**
 * struct vu_server - one device
 * @device: the file that fake_fill() made; descriptors of regions are of it
 * @vfio: its replies, and a record of each INFO that was asked for
 * @seen: messages taken, by command; the last are of none that is known
 * @refused: of those, which were answered with an error, or ended the connection
 * @first: what the first of these was refused for
 * @dma_maps: ranges that were mapped
 * @negotiated: of this connection
 * @short_file: what a script's file= stands for, or -1
 */
struct vu_server {
	int device;
	struct vfio *vfio;
	uint64_t seen[VU_COMMAND_COUNT + 1];
	uint64_t refused;
	char first[128];
	uint64_t dma_maps;
	bool negotiated;
	int short_file;
};

/**
 * struct vu_answer - what to send
 * @bytes, @len: a message, header included; @len 0: nothing is to be sent
 * @fds, @nfds: descriptors beside it, the server's own, to be sent before the next answer is made
 * @ends: the connection is to be closed after it
 * @info: the INFO that was answered, index in vfio.calls; CALLS: none
 */
struct vu_answer {
	uint8_t *bytes;
	size_t len;
	int fds[VU_FDS_MAX];
	size_t nfds;
	bool ends;
	size_t info;
};

/* @device stays the caller's. */
void vu_server_start(struct vu_server *server, struct vfio *vfio, int device);
void vu_server_stop(struct vu_server *server);

/* A new connection: its version is to be negotiated. */
void vu_server_connect(struct vu_server *server);

/*
 * Answers the message at @bytes, of which the header's size has come, with @nfds descriptors, which stay the
 * caller's. @ret_answer's bytes are good until the next answer of any server.
 */
void vu_server_take(struct vu_server *server, const uint8_t *bytes, size_t nfds,
		    struct vu_answer *ret_answer);

/* Messages that were taken. */
uint64_t vu_server_messages(const struct vu_server *server);

#endif
