/* SPDX-License-Identifier: MIT */
/*
 * Messages on a connected socket, with the descriptors that come beside them. Nothing here waits: what is not
 * there yet is asked for again, and what the other side does not take stays here. Never more than one message
 * is read, so that descriptors belong to it.
 */
#ifndef FUZZ_VFIO_USER_STREAM_H
#define FUZZ_VFIO_USER_STREAM_H

#include "protocol.h"

/**
 * struct vu_stream - one side's end
 * @fd: the socket; -1 none
 * @in, @have, @in_room: bytes of the message that is being read; it has memory for what came, not for what its
 *	header says
 * @fds, @nfds: descriptors that came beside it, those past VU_FDS_MAX closed and counted
 * @out, @left, @sent, @out_room: what is still to be sent
 * @out_fds, @nout_fds: beside its first byte; the stream's own, closed once they are sent
 */
struct vu_stream {
	int fd;
	uint8_t *in;
	size_t have, in_room;
	int fds[VU_FDS_MAX];
	size_t nfds;
	uint8_t *out;
	size_t left, sent, out_room;
	int out_fds[VU_FDS_MAX];
	size_t nout_fds;
};

/* Takes over the connected socket @fd. Returns 0 or -errno, and @fd is closed then. */
int vu_stream_open(struct vu_stream *stream, int fd);
void vu_stream_close(struct vu_stream *stream);

/*
 * Reads on. Returns 1 where a message is whole, in @in with its size from the header, until
 * vu_stream_done(); 0 where more has to come; -EPIPE at the end of the stream, -EPROTO where it ends inside a
 * message, or where a header is impossible (vu_header_wrong()); -ENOMEM; another -errno of the socket.
 */
int vu_stream_read(struct vu_stream *stream);

/* The message that was read is done with: its descriptors are closed. */
void vu_stream_done(struct vu_stream *stream);

/*
 * Takes a copy of @size bytes at @bytes, and of @nfds descriptors, at most VU_FDS_MAX,
 * and sends what goes at once. Only where nothing is left of an earlier one. Returns 0 or -errno.
 */
int vu_stream_send(struct vu_stream *stream, const uint8_t *bytes, size_t size, const int *fds,
		   size_t nfds);

/* Sends on where something is left. Returns 0 or -errno. */
int vu_stream_flush(struct vu_stream *stream);

#endif
