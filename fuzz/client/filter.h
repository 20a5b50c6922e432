/* SPDX-License-Identifier: MIT */
/*
 * Starts a program under a seccomp filter that hands us the system calls a VFIO client makes: opens
 * and look-ups by path, ioctls of VFIO's letter, mappings of files. All others run as they would.
 *
 * Needs no privilege: the filter comes with no_new_privs, so that set-user-id programs run as
 * nobody else. Linux 5.14 and x86-64. A 32-bit call is handed over too, for the supervisor to end the
 * run; there is no io_uring, which opens files without a call.
 */
#ifndef FUZZ_CLIENT_FILTER_H
#define FUZZ_CLIENT_FILTER_H

#include <stdbool.h>
#include <sys/types.h>

/* What the program has as its standard input and output; -1: ours. */
struct filter_streams {
	int input;
	int output;
};

/* Whether system calls of this machine are the ones that the filter knows: x86-64's. */
bool filter_knows_machine(void);

/*
 * Runs @argv. Returns 0 with the child and the fd its notifications come from, and in *@ret_exec
 * what filter_exec_error() asks; -errno where the filter could not be put on (a container, another
 * supervisor's filter) or its memory is not ours to read, with the words for what failed.
 */
int filter_start(char *const argv[], struct filter_streams streams, pid_t *ret_pid,
		 int *ret_listener, int *ret_exec, const char **ret_failed);

/* The errno of a failed execve, 0 where it ran; to be asked once the child is dead. */
int filter_exec_error(int exec_fd);

#endif
