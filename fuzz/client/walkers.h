/* SPDX-License-Identifier: MIT */
/*
 * Threads that have read an INFO reply, and how long each has computed since its last call that is
 * seen, of any kind.
 */
#ifndef FUZZ_CLIENT_WALKERS_H
#define FUZZ_CLIENT_WALKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct walker;

/* @all: @count of them. All zero at first. */
struct walkers {
	struct walker *all;
	size_t count;
};

/* Thread @tid got the reply to INFO ioctl @info. False without memory. */
bool walkers_add(struct walkers *walkers, pid_t tid, size_t info);

/*
 * Process @pid got it over a socket, and which thread reads it nobody sees: each of its threads counts. One
 * for which there is no memory is not watched.
 */
void walkers_add_all(struct walkers *walkers, pid_t pid, size_t info);

/* It said something there, so whichever of its threads had read a reply goes on. */
void walkers_all_called(struct walkers *walkers);

/* Thread @tid made a call that is seen. */
void walkers_called(struct walkers *walkers, pid_t tid);

/*
 * Whether one of them has computed for @hang_ns and called nothing: since the reply to *@ret_info,
 * its last, for *@ret_cpu_ns. Those that are gone are forgotten.
 */
bool walkers_hang(struct walkers *walkers, uint64_t hang_ns, size_t *ret_info,
		  uint64_t *ret_cpu_ns);

void walkers_free(struct walkers *walkers);

#endif
