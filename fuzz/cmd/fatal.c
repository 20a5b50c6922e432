/* SPDX-License-Identifier: MIT */
/*
 * The last words of a replay that a signal ends: which input it was at. A reference that crashes or
 * never ends is a bug of ours, and without its input it would be one that nobody can look into.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGXCPU};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))
static struct sigaction before[SIGNALS];
static char words[PATH_MAX + 128];
static volatile size_t length;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	/* There is nobody left to tell that this failed. */
	if (write(STDOUT_FILENO, words, length) < 0)
		_exit(EXIT_CANNOT_WRITE);
	/*
	 * It is still that of whoever had it: a sanitizer reports, and the process ends as it
	 * would.
	 */
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	/* A fault comes back by itself when its instruction runs again; a sent signal does not. */
	if (info->si_code <= 0)
		raise(signal);
}

void fatal_watch(void)
{
	const struct sigaction action = {.sa_sigaction = on_signal,
					 .sa_flags = SA_SIGINFO | SA_ONSTACK};

	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, &before[i]);
}

void fatal_at(size_t number, const char *name)
{
	int used;

	length = 0;
	used = snprintf(words, sizeof(words),
			"not ok %zu - %s\n# a signal ended capchain at this input\nBail out!\n",
			number, name);
	/* A name is at most a path, so the words are whole. */
	length = used < (int)sizeof(words) ? (size_t)used : sizeof(words) - 1;
}
