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
bool paths_answer(const struct fake *fake, const struct seccomp_notif *call,
		  struct path_answer *ret_answer);

#endif
