/* SPDX-License-Identifier: MIT */
/*
 * System calls that name a file by its path, answered from the fake's folder where it holds that
 * path.
 */
#ifndef FUZZ_CLIENT_PATHS_H
#define FUZZ_CLIENT_PATHS_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "fake.h"

/*
 * CALL(name, which argument is the path, what answers it in paths.c); the filter traps them. Those
 * that the *at calls replaced are x86's alone.
 */
#ifdef __x86_64__
#define PATH_CALLS_OLD(CALL)                                                                       \
	CALL(open, 0, do_open)                                                                     \
	CALL(creat, 0, do_creat)                                                                   \
	CALL(stat, 0, do_stat)                                                                     \
	CALL(lstat, 0, do_lstat)                                                                   \
	CALL(access, 0, do_access)                                                                 \
	CALL(readlink, 0, do_readlink)                                                             \
	CALL(newfstatat, 1, do_newfstatat)
#else
#define PATH_CALLS_OLD(CALL)
#endif
#define PATH_CALLS(CALL)                                                                           \
	PATH_CALLS_OLD(CALL)                                                                       \
	CALL(openat, 1, do_open)                                                                   \
	CALL(openat2, 1, do_openat2)                                                               \
	CALL(statx, 1, do_statx)                                                                   \
	CALL(faccessat, 1, do_access)                                                              \
	CALL(faccessat2, 1, do_faccessat2)                                                         \
	CALL(readlinkat, 1, do_readlink)

/**
 * struct path_answer - how one of them is answered
 * @result: what it returns, or -errno
 * @fd: our descriptor of what it opens, to be put in the client's place for @result; -1 else
 * @closes_on_exec: whether the client's is to be close-on-exec
 */
struct path_answer {
	int64_t result;
	int fd;
	bool closes_on_exec;
};

/* False: it is none of ours, and goes on as the client made it. */
bool paths_answer(const struct fake *fake, const struct caller *caller,
		  const struct seccomp_data *call, struct path_answer *ret_answer);

#endif
