/* SPDX-License-Identifier: MIT */
/*
 * Runs an unmodified program on given INFO replies and says how it ended.
 *
 * A retry storm is a count of calls, and a hang is CPU time: what a thread that has read an INFO
 * reply has spent since its last call that is seen here. What does neither, as a program that
 * sleeps, is waited for until it has not asked for an INFO for so long: the one outcome that rests
 * on a wall clock.
 */
#ifndef FUZZ_CLIENT_SUPERVISE_H
#define FUZZ_CLIENT_SUPERVISE_H

#include <poll.h>
#include <signal.h>

#include "mapping.h"
#include "filter.h"

/* Calls of one INFO ioctl for one index. Of `make clients`, QEMU makes most: 6 that end. */
#define STORM_CALLS 64
/*
 * Milliseconds of a thread's CPU time after a reply. The longest that a program was seen to go on
 * for before its next call, with good replies, was 234 ms of wall time (DPDK 22.11).
 */
#define HANG_MS	    800
/* Seconds after the last INFO call, or the start. */
#define IDLE_S	    60

enum outcome {
	OUTCOME_EXIT,	/* it ended by itself, with a status */
	OUTCOME_SIGNAL, /* it died of a signal */
	OUTCOME_STORM,	/* it asked for the same INFO again and again */
	OUTCOME_HANG,	/* a thread that read an INFO reply computes and calls nothing */
	OUTCOME_IDLE,	/* it did not ask any more, and did not end */
	OUTCOMES
};

/* "exit" and so on. */
const char *outcome_name(enum outcome outcome);

#define MAPPINGS_MAX 256

/**
 * struct supervised - one run
 * @outcome, @status, @signal: how it ended; status of an exit, signal of a death by one
 * @info: of a storm and a hang, which INFO ioctl: index in vfio.calls; else that of the last reply,
 *	CALLS where there was none
 * @cpu_ns: of a hang, the CPU time since the thread's last call
 * @idle_s: of OUTCOME_IDLE, how long it was waited for
 * @foreign: it made a 32-bit call, and nothing is said of it
 * @notifications: system calls that were looked at
 * @dma_maps: IOVA ranges mapped on the container
 * @mappings, @nmappings: all of the device; those past MAPPINGS_MAX are counted alone
 * @exec_errno: the program could not be run at all
 * @failed: what supervise() could not do, where it returns -errno
 */
struct supervised {
	enum outcome outcome;
	int status;
	int signal;
	size_t info;
	uint64_t cpu_ns;
	uint64_t idle_s;
	bool foreign;
	uint64_t notifications;
	uint64_t dma_maps;
	size_t nmappings;
	struct mapping mappings[MAPPINGS_MAX];
	int exec_errno;
	const char *failed;
};

/**
 * struct supervise_peer - another way for the program to ask for an INFO, beside its system calls: a socket
 * @polls: what there is to wait for, at most SUPERVISE_PEER_FDS; returns how many
 * @take: takes what has come, and answers. *@ret_info: the INFO that was answered, index in vfio.calls, else
 *	CALLS; *@ret_pid: the process that asked. False where nothing was asked
 * @end: the program has ended; what it had said before is still there to be taken
 */
#define SUPERVISE_PEER_FDS 2
struct supervise_peer {
	size_t (*polls)(struct supervise_peer *peer, struct pollfd *ret_polled);
	bool (*take)(struct supervise_peer *peer, size_t *ret_info, pid_t *ret_pid);
	void (*end)(struct supervise_peer *peer);
};

struct limits {
	uint64_t storm_calls;
	uint64_t hang_ns;
	uint64_t idle_s; /* 0: for ever */
};

/*
 * Runs @argv to its end, in a process that apart() made, and kills what it leaves behind. The caller's
 * @vfio is filled anew. Returns 0; -errno where programs cannot be supervised here; -EINTR where
 * *@stop was set by a signal handler. @peer: NULL, or where it may ask too.
 */
int supervise(struct vfio *vfio, char *const argv[], struct filter_streams streams,
	      struct limits limits, struct supervise_peer *peer, const volatile sig_atomic_t *stop,
	      struct supervised *ret_run);

#endif
