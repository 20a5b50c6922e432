/* SPDX-License-Identifier: MIT */
/* See apart.h. */
#include "apart.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDS (sizeof(ends) / sizeof(ends[0]))

volatile sig_atomic_t apart_stopped;
static volatile pid_t worker;

static void stop(int signal)
{
	apart_stopped = signal;
	if (worker > 0)
		kill(worker, signal);
}

/* What the starter has ignored, as nohup does, stays so. */
static void handle(void)
{
	const struct sigaction handler = {.sa_handler = stop};
	struct sigaction before;

	for (size_t i = 0; i < ENDS; i++)
		if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(ends[i], &handler, NULL);
}

__attribute__((noreturn)) static void be_worker(int (*work)(void *with), void *with, pid_t parent,
						const sigset_t *mask)
{
	/* So that it cleans up, however the other dies; which may have happened by now. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		_exit(127);
	sigprocmask(SIG_SETMASK, mask, NULL);
	exit(work(with));
}

/* Ends this process as the other one was ended. */
__attribute__((noreturn)) static void die_of(int number)
{
	signal(number, SIG_DFL);
	raise(number);
	_exit(128 + number);
}

int apart(int (*work)(void *with), void *with)
{
	const pid_t self = getpid();
	sigset_t blocked, mask;
	int status = 0;
	pid_t pid;

	sigemptyset(&blocked);
	for (size_t i = 0; i < ENDS; i++)
		sigaddset(&blocked, ends[i]);
	sigprocmask(SIG_BLOCK, &blocked, &mask);
	handle();
	pid = fork();
	if (pid == 0)
		be_worker(work, with, self, &mask);
	worker = pid;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	worker = 0;
	if (apart_stopped)
		die_of(apart_stopped);
	if (WIFSIGNALED(status))
		die_of(WTERMSIG(status));
	return WEXITSTATUS(status);
}
