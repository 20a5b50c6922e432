/* SPDX-License-Identifier: MIT */
/* See listen.h. */
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int vu_listen_open(struct vu_listen *listener, const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct stat what;
	mode_t mask;
	int status = 0;

	*listener =
		(struct vu_listen){.fd = -1, .stream = {.fd = -1}, .server = {.short_file = -1}};
	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path) + 1);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	/* Who may talk to it is who started this. */
	mask = umask(077);
	if (bind(listener->fd, (const struct sockaddr *)&name, sizeof(name)))
		status = -errno;
	umask(mask);
	if (!status && (lstat(path, &what) || listen(listener->fd, 8)))
		status = -errno;
	if (status) {
		close(listener->fd);
		listener->fd = -1;
		return status;
	}
	listener->path = path;
	listener->dev = what.st_dev;
	listener->ino = what.st_ino;
	return 0;
}

static void hang_up(struct vu_listen *listener)
{
	if (listener->connected)
		vu_stream_close(&listener->stream);
	listener->connected = false;
}

void vu_listen_close(struct vu_listen *listener)
{
	struct stat what;

	hang_up(listener);
	vu_server_stop(&listener->server);
	if (listener->fd < 0)
		return;
	close(listener->fd);
	if (lstat(listener->path, &what) == 0 && what.st_dev == listener->dev &&
	    what.st_ino == listener->ino)
		unlink(listener->path);
}

static size_t polls(struct supervise_peer *peer, struct pollfd *ret_polled)
{
	const struct vu_listen *const listener = (const struct vu_listen *)peer;

	if (!listener->connected)
		ret_polled[0] = (struct pollfd){.fd = listener->fd, .events = POLLIN};
	else
		ret_polled[0] = (struct pollfd){
			.fd = listener->stream.fd,
			.events = listener->stream.left ? POLLOUT : POLLIN,
		};
	return 1;
}

/* False where nobody waits to be connected. */
static bool take_connection(struct vu_listen *listener)
{
	const int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred who = {0};
	socklen_t size = sizeof(who);

	if (fd < 0)
		return false;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
	if (vu_stream_open(&listener->stream, fd))
		return false;
	listener->pid = who.pid;
	listener->connected = true;
	listener->connections++;
	vu_server_connect(&listener->server);
	return true;
}

/* Answers one message; false where none is whole. */
static bool take_message(struct vu_listen *listener, size_t *ret_info)
{
	const int status = vu_stream_read(&listener->stream);
	struct vu_answer answer;

	if (status == 0)
		return false;
	if (status < 0) {
		/* What a client leaves unread when it ends is no message. */
		listener->broken += status == -EPROTO;
		hang_up(listener);
		return false;
	}
	vu_server_take(&listener->server, listener->stream.in, listener->stream.nfds, &answer);
	vu_stream_done(&listener->stream);
	*ret_info = answer.info;
	if ((answer.len && vu_stream_send(&listener->stream, answer.bytes, answer.len, answer.fds,
					  answer.nfds)) ||
	    answer.ends)
		hang_up(listener);
	return true;
}

static bool take(struct supervise_peer *peer, size_t *ret_info, pid_t *ret_pid)
{
	struct vu_listen *const listener = (struct vu_listen *)peer;

	*ret_info = CALLS;
	if (!listener->connected) {
		take_connection(listener);
		return false;
	}
	*ret_pid = listener->pid;
	/* The next message waits until the answer to this one is gone. */
	if (listener->stream.left) {
		if (vu_stream_flush(&listener->stream))
			hang_up(listener);
		return false;
	}
	return take_message(listener, ret_info);
}

/* What it sent last, and did not wait for: nobody is left to read an answer. */
static void end(struct supervise_peer *peer)
{
	struct vu_listen *const listener = (struct vu_listen *)peer;
	struct vu_answer answer;
	int status;

	do {
		while (listener->connected && (status = vu_stream_read(&listener->stream)) != 0) {
			listener->broken += status == -EPROTO;
			if (status < 0)
				break;
			vu_server_take(&listener->server, listener->stream.in,
				       listener->stream.nfds, &answer);
			vu_stream_done(&listener->stream);
		}
		hang_up(listener);
	} while (take_connection(listener));
}

void vu_listen_start(struct vu_listen *listener, struct vfio *vfio, int device)
{
	vu_server_stop(&listener->server);
	vu_server_start(&listener->server, vfio, device);
	listener->peer = (struct supervise_peer){polls, take, end};
	listener->connections = 0;
	listener->broken = 0;
}
