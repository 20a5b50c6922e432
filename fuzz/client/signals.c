/* SPDX-License-Identifier: MIT */
/* See signals.h. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

static const struct {
	int number;
	void (*as)(int);
} wanted[] = {{SIGCHLD, SIG_DFL}, {SIGXFSZ, SIG_IGN}};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static struct sigaction before[WANTED];
static sigset_t mask;

void signals_take(void)
{
	sigset_t none;

	for (size_t i = 0; i < WANTED; i++) {
		const struct sigaction action = {.sa_handler = wanted[i].as};

		sigaction(wanted[i].number, &action, &before[i]);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &mask);
}

void signals_give_back(void)
{
	for (size_t i = 0; i < WANTED; i++)
		sigaction(wanted[i].number, &before[i], NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}
