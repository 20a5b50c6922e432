/* SPDX-License-Identifier: MIT */
/*
 * A reader that does to its process what the id of the first capability says, 100 + the number of a way, and
 * is right otherwise. scripts/fuzz/own_oracles_test.py has what names each.
 */
#include "capchain/parser.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int zero;
static sigjmp_buf back;

static void leaves(int signal)
{
	(void)signal;
	_exit(0);
}

static void jumps(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void *waits(void *unused)
{
	pause();
	return unused;
}

static void faults(void)
{
	*(volatile char *)(uintptr_t)zero = 1;
}

static void exits(void)
{
	exit(0);
}

static void exits_in_handler(void)
{
	signal(SIGSEGV, leaves);
	faults();
}

static void exits_by_system_call(void)
{
	syscall(SYS_exit_group, 0);
}

static void handles_its_fault(void)
{
	signal(SIGSEGV, jumps);
	if (!sigsetjmp(back, 1))
		faults();
}

static void blocks_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	faults();
}

static void starts_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, waits, NULL);
}

static void traps(void)
{
	raise(SIGTRAP);
}

static void forks(void)
{
	if (fork() > 0)
		wait(NULL);
}

static void closes_all(void)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
}

static void goes_on(void)
{
	for (;;)
		__asm__ volatile("");
}

static void pauses(void)
{
	pause();
}

static void (*const ways[])(void) = {
	exits,
	exits_in_handler,
	exits_by_system_call,
	handles_its_fault,
	blocks_signals,
	starts_a_thread,
	traps,
	forks,
	closes_all,
	goes_on,
	pauses,
};

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const volatile unsigned char *const bytes = info;
	struct info_cap cap = {.offset = 32, .version = 1};

	(void)kind;
	if (len < 40)
		return answer_reject("short-buffer");
	cap.id = bytes[32];
	if (cap.id >= 100 && cap.id < 100 + sizeof(ways) / sizeof(ways[0]))
		ways[cap.id - 100]();
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "planted-process",
	.summary = "does to its process what no parser should",
	.reads = {[INFO_REGION] = {.style = INFO_LIST, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
