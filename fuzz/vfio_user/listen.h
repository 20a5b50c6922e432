/* SPDX-License-Identifier: MIT */
/*
 * The socket of a server, as supervise() waits for it: one connection at a time, and the next where that is
 * closed. Nothing here waits, so a client that sends half a message, or takes no answer, holds nobody up.
 */
#ifndef FUZZ_VFIO_USER_LISTEN_H
#define FUZZ_VFIO_USER_LISTEN_H

#include "../client/supervise.h"
#include "server.h"
#include "stream.h"

/**
 * struct vu_listen - a socket with a name, and who is connected
 * @peer: what supervise() is handed
 * @server: who answers, which a run sets
 * @connections: that were taken
 * @broken: connections that ended inside a message, or with a header that cannot be
 */
struct vu_listen {
	struct supervise_peer peer;
	struct vu_server server;
	int fd;
	const char *path;
	dev_t dev;
	ino_t ino;
	struct vu_stream stream;
	bool connected;
	pid_t pid;
	uint64_t connections;
	uint64_t broken;
};

/*
 * Makes the socket at @path, which stays the caller's and must not be there. Returns 0 or -errno: -ENAMETOOLONG
 * where it is longer than a socket's name can be.
 */
int vu_listen_open(struct vu_listen *listen, const char *path);

/* Removes it, where it is still the same. */
void vu_listen_close(struct vu_listen *listen);

/* Begins a run: counts from 0, with the replies of @vfio, on the file @device. */
void vu_listen_start(struct vu_listen *listen, struct vfio *vfio, int device);

#endif
