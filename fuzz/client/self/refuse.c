/* SPDX-License-Identifier: MIT */
/*
 * refuse CALL=ERRNO... -- COMMAND...: runs COMMAND with those system calls refused, as containers do.
 * It needs no privilege and gives none: COMMAND gets no new privileges.
 *
 * Exit status: COMMAND's; 2 wrong usage; 77 where there can be no filter here.
 */
#include "../../sandbox/refuse.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) #name, SYS_##name
static const struct {
	const char *name;
	long number;
} known[] = {
	{CALL(bpf)},
	{CALL(clone3)},
	{CALL(epoll_wait)},
	{CALL(epoll_pwait)},
	{CALL(io_uring_setup)},
	{CALL(keyctl)},
	{CALL(memfd_create)},
	{CALL(mremap)},
	{CALL(perf_event_open)},
	{CALL(personality)},
	{CALL(pidfd_open)},
	{CALL(process_vm_readv)},
	{CALL(process_vm_writev)},
	{CALL(ptrace)},
	{CALL(seccomp)},
	{CALL(shmget)},
	{CALL(unshare)},
	{CALL(userfaultfd)},
};

static int take(const char *arg, struct refused_call *ret_call)
{
	const char *const sign = strchr(arg, '=');
	const size_t len = sign ? (size_t)(sign - arg) : 0;

	ret_call->number = -1;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (sign && strlen(known[i].name) == len && !strncmp(known[i].name, arg, len))
			ret_call->number = known[i].number;
	/* As many numbers as Linux has for errors. */
	for (int error = 1; error < 134 && sign; error++) {
		const char *const name = strerrorname_np(error);

		if (name && !strcmp(name, sign + 1))
			ret_call->error = error;
	}
	return ret_call->number < 0 || !ret_call->error ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct refused_call calls[REFUSE_MAX] = {0};
	int count = 0, error;

	for (; count + 1 < argc && strcmp(argv[count + 1], "--"); count++)
		if (count == REFUSE_MAX || take(argv[count + 1], &calls[count])) {
			fprintf(stderr, "refuse: %s: want CALL=ERRNO\n", argv[count + 1]);
			return 2;
		}
	if (count + 2 >= argc) {
		fputs("usage: refuse CALL=ERRNO... -- COMMAND...\n", stderr);
		return 2;
	}
	error = refuse(calls, (size_t)count);
	if (error) {
		fprintf(stderr, "refuse: no system call can be refused here: %s\n",
			strerror(-error));
		return 77;
	}
	execvp(argv[count + 2], argv + count + 2);
	perror(argv[count + 2]);
	return 2;
}
