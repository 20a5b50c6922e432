/* SPDX-License-Identifier: MIT */
/*
 * The client's memory, CPU time and processes, from outside. Nothing here trusts what the client
 * says: a bad address is a short count, a dead thread an error.
 */
#ifndef FUZZ_CLIENT_REMOTE_H
#define FUZZ_CLIENT_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct caller - a thread that waits for the answer to a system call
 * @tid: its id, which is another thread's once it was killed
 * @listener, @id: what tells whether it still waits; -1 as @listener where it is known to
 */
struct caller {
	pid_t tid;
	int listener;
	uint64_t id;
};

/* Whether @caller still waits, so that what was just read of its id was its own. */
bool caller_waits(const struct caller *caller);

/*
 * Up to @size bytes from or to @at in the memory of @caller: how many, which is less where the
 * memory ends before, and none where it does not wait any more.
 */
size_t remote_read(const struct caller *caller, uint64_t at, void *ret_bytes, size_t size);
size_t remote_write(const struct caller *caller, uint64_t at, const void *bytes, size_t size);

/*
 * The string at @at, with its end, in at most @size bytes; false where it is longer or not there.
 */
bool remote_string(const struct caller *caller, uint64_t at, char *ret_string, size_t size);

/* 0, or -errno where this process may not read and write @pid's memory at all. */
int remote_allowed(pid_t pid);

/*
 * Nanoseconds that thread @tid has had a CPU; false where it is gone. The second counts in clock
 * ticks, which every kernel does.
 */
bool remote_cpu(pid_t tid, uint64_t *ret_ns);
bool remote_cpu_ticks(pid_t tid, uint64_t *ret_ns);

/*
 * Kills every process that descends from this one, which has to be a child subreaper without
 * children of its starter's (apart.h), and waits for them. *@ret_status is @pid's wait status where that was still to be had.
 */
void remote_kill_all(pid_t pid, int *ret_status);

#endif
