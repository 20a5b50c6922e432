/* SPDX-License-Identifier: MIT */
/*
 * What a parser from outside may call that ends, blocks or changes its process, under the names that
 * heap.syms gives them in its objects; see child.h. What does that otherwise (a loop without loads, a lock
 * that nobody opens) a timer sees, and what ends it by a system call of its own nobody does.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "child.h"
#include "context.h"
#include "walk.h"

/* Seconds after which a walk that is still the same one is left; twice that at most. */
#define STAYS 2

volatile bool process_moves;

static bool has_to_move(void)
{
	return the_walk.running && the_walk.own && !child_is_this();
}

static void move_out(uintptr_t frame)
{
	if (!has_to_move())
		return;
	process_moves = true;
	walk_leave(VERDICT_ABSTAIN, SEEN_BY_CALL, 0, 0, frame);
}

/* Their arguments are integers and pointers, seven at most. */
#define CHANGES(name)                                                                              \
	long real_##name(long, long, long, long, long, long, long) __asm__(#name);                 \
	long capchain_##name(long a, long b, long c, long d, long e, long f, long g);              \
	long capchain_##name(long a, long b, long c, long d, long e, long f, long g)               \
	{                                                                                          \
		move_out((uintptr_t)__builtin_frame_address(0));                                   \
		return real_##name(a, b, c, d, e, f, g);                                           \
	}

CHANGES(fork)
CHANGES(pthread_create)
CHANGES(thrd_create)
CHANGES(signal)
CHANGES(sigaction)
CHANGES(sigprocmask)
CHANGES(pthread_sigmask)
CHANGES(sigsuspend)
CHANGES(sigwait)
CHANGES(raise)
CHANGES(kill)
CHANGES(alarm)
CHANGES(setitimer)
CHANGES(close)
CHANGES(close_range)
CHANGES(dup2)
CHANGES(pause)
CHANGES(sleep)
CHANGES(usleep)
CHANGES(nanosleep)
CHANGES(poll)
CHANGES(select)
CHANGES(read)
CHANGES(wait)
CHANGES(waitpid)
CHANGES(execve)
CHANGES(prctl)
CHANGES(setrlimit)
CHANGES(chdir)
CHANGES(syscall)

/* What is to run at exit is this program's. */
#define ENDS(name)                                                                                 \
	_Noreturn void capchain_##name(int status);                                                \
	_Noreturn void capchain_##name(int status)                                                 \
	{                                                                                          \
		move_out((uintptr_t)__builtin_frame_address(0));                                   \
		_exit(status);                                                                     \
	}

ENDS(exit)
ENDS(_exit)
ENDS(_Exit)
ENDS(quick_exit)

/* A function in whose frame nobody returns twice. */
extern __typeof__(capchain_fork) capchain_vfork __attribute__((alias("capchain_fork")));

/* A fetch loop's is answered by whom it asks. */
int capchain_ioctl(int fd, unsigned long request, void *argument);
int capchain_ioctl(int fd, unsigned long request, void *argument)
{
	return the_walk.running && the_walk.ioctl ? the_walk.ioctl(request, argument)
						  : ioctl(fd, request, argument);
}

/* Which walk the last tick saw. */
static uint64_t seen;
static bool armed;

static __attribute__((no_sanitize_address)) void on_tick(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	if (has_to_move() && the_walk.number == seen)
		move_out(context_sp(context));
	seen = the_walk.number;
}

/* A timer is of one process. */
static void disarm(void)
{
	armed = false;
}

void process_watch(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 5};
	const struct itimerspec every = {{.tv_sec = STAYS}, {.tv_sec = STAYS}};
	static bool follows;
	struct sigaction action = {.sa_sigaction = on_tick,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
	timer_t timer;

	if (armed)
		return;
	armed = true;
	if (!follows)
		follows = pthread_atfork(NULL, NULL, disarm) == 0;
	sigaction(event.sigev_signo, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		timer_settime(timer, 0, &every, NULL);
}
