/* SPDX-License-Identifier: MIT */
/* See stream.h. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes that are read at once. */
#define PIECE ((size_t)65536)

static void close_all(int *fds, size_t *count)
{
	while (*count)
		close(fds[--*count]);
}

int vu_stream_open(struct vu_stream *stream, int fd)
{
	int error;

	*stream = (struct vu_stream){.fd = fd};
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return 0;
	error = errno;
	vu_stream_close(stream);
	return -error;
}

/* Room for @size bytes at *@bytes, which has some for *@room. */
static bool reserve(uint8_t **bytes, size_t *room, size_t size)
{
	uint8_t *longer;

	if (size <= *room)
		return true;
	longer = realloc(*bytes, size);
	if (!longer)
		return false;
	*bytes = longer;
	*room = size;
	return true;
}

void vu_stream_close(struct vu_stream *stream)
{
	close_all(stream->fds, &stream->nfds);
	close_all(stream->out_fds, &stream->nout_fds);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream->in);
	free(stream->out);
	*stream = (struct vu_stream){.fd = -1};
}

/* Keeps the descriptors of one part of a message; those for which there is no room are closed. */
static void keep_fds(struct vu_stream *stream, struct msghdr *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head;
	     head = CMSG_NXTHDR(message, head)) {
		size_t count;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(fd), sizeof(fd));
			if (stream->nfds < VU_FDS_MAX)
				stream->fds[stream->nfds++] = fd;
			else
				close(fd);
		}
	}
}

/* What more of the message may be asked for, by its header. 0: it is whole. */
static size_t wanted(const struct vu_stream *stream)
{
	if (stream->have < VU_HEADER)
		return VU_HEADER - stream->have;
	return vu_header_read(stream->in).size - stream->have;
}

int vu_stream_read(struct vu_stream *stream)
{
	/* As many as one sendmsg() may bring, SCM_MAX_FD, so that none is lost unseen. */
	char room[CMSG_SPACE(253 * sizeof(int))];
	struct vu_header header;

	while (wanted(stream)) {
		const size_t want = wanted(stream), piece = want < PIECE ? want : PIECE;
		struct iovec data = {NULL, piece};
		struct msghdr message = {.msg_iov = &data,
					 .msg_iovlen = 1,
					 .msg_control = room,
					 .msg_controllen = sizeof(room)};
		ssize_t got;

		if (!reserve(&stream->in, &stream->in_room, stream->have + piece))
			return -ENOMEM;
		data.iov_base = stream->in + stream->have;
		got = recvmsg(stream->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		keep_fds(stream, &message);
		if (got == 0)
			return stream->have ? -EPROTO : -EPIPE;
		stream->have += (size_t)got;
		if (stream->have < VU_HEADER)
			continue;
		header = vu_header_read(stream->in);
		/* What is still wanted follows from the size, so that is one that can be. */
		if (vu_header_wrong(&header))
			return -EPROTO;
	}
	return 1;
}

void vu_stream_done(struct vu_stream *stream)
{
	close_all(stream->fds, &stream->nfds);
	stream->have = 0;
}

int vu_stream_flush(struct vu_stream *stream)
{
	char room[CMSG_SPACE(VU_FDS_MAX * sizeof(int))] = {0};

	while (stream->left) {
		struct iovec data = {stream->out + stream->sent, stream->left};
		struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
		ssize_t sent;

		if (stream->nout_fds) {
			const size_t size = stream->nout_fds * sizeof(int);
			struct cmsghdr *head;

			message.msg_control = room;
			message.msg_controllen = CMSG_SPACE(size);
			head = CMSG_FIRSTHDR(&message);
			head->cmsg_level = SOL_SOCKET;
			head->cmsg_type = SCM_RIGHTS;
			head->cmsg_len = CMSG_LEN(size);
			memcpy(CMSG_DATA(head), stream->out_fds, size);
		}
		sent = sendmsg(stream->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		close_all(stream->out_fds, &stream->nout_fds);
		stream->sent += (size_t)sent;
		stream->left -= (size_t)sent;
	}
	return 0;
}

int vu_stream_send(struct vu_stream *stream, const uint8_t *bytes, size_t size, const int *fds,
		   size_t nfds)
{
	if (stream->left)
		return -EBUSY;
	if (nfds > VU_FDS_MAX)
		return -E2BIG;
	if (!reserve(&stream->out, &stream->out_room, size))
		return -ENOMEM;
	if (size)
		memcpy(stream->out, bytes, size);
	stream->left = size;
	stream->sent = 0;
	for (size_t i = 0; i < nfds; i++) {
		const int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			close_all(stream->out_fds, &stream->nout_fds);
			stream->left = 0;
			return -errno;
		}
		stream->out_fds[stream->nout_fds++] = fd;
	}
	return vu_stream_flush(stream);
}
