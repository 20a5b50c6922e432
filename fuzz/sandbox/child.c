/* SPDX-License-Identifier: MIT */
/* The child that walks for its parent; see child.h. */
#include "child.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"
#include "walk.h"
#include "where.h"

/*
 * Milliseconds of CPU time, and of waiting, that a walk may take; those of a parser that has gone on for
 * ever FOREVER times already.
 */
enum { CPU_MAX = 2000, WAIT_MAX = 4000, CPU_SOON = 200, WAIT_SOON = 400, FOREVER = 2, SLICE = 20 };

/* What both processes have. @turn is odd while it is the child's. */
struct share {
	uint32_t turn;
	const struct info_parser *parser;
	enum info_kind kind;
	uintptr_t window;
	size_t len;
	struct walk_limits limits;
	bool traces;
	struct walk_result result;
	struct where_frames frames;
	char reason[INFO_REASON_MAX];
	char said[512];
	struct sandbox_trace trace;
	struct info_cap caps[INFO_LEN_MAX];
	uint8_t shared[WALK_SHARED_MAX];
};

static struct share *share;

static pid_t child; /* 0: none */
static bool is_child;
static unsigned int gone_on; /* walks that went on for ever */

unsigned int child_gone_on(void)
{
	return gone_on;
}

bool child_is_this(void)
{
	return is_child;
}

/* Gives the other its turn, and returns which that is. */
static uint32_t give_turn(void)
{
	const uint32_t turn = __atomic_add_fetch(&share->turn, 1, __ATOMIC_SEQ_CST);

	syscall(SYS_futex, &share->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
	return turn;
}

/* Waits for a turn that is no longer @turn, for a slice at most where @limited. Whether it came. */
static bool await(uint32_t turn, bool limited)
{
	const struct timespec slice = {.tv_nsec = SLICE * 1000000L};

	do {
		if (__atomic_load_n(&share->turn, __ATOMIC_SEQ_CST) != turn)
			return true;
		syscall(SYS_futex, &share->turn, FUTEX_WAIT, turn, limited ? &slice : NULL, NULL,
			0);
	} while (!limited);
	return __atomic_load_n(&share->turn, __ATOMIC_SEQ_CST) != turn;
}

/* What @text is in the parent: a reason is a static string, which a parser may have written only here. */
static const char *kept_text(const char *text)
{
	static char *kept[256];
	static size_t next;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i] && strcmp(kept[i], text) == 0)
			return kept[i];
	next = (next + 1) % (sizeof(kept) / sizeof(kept[0]));
	free(kept[next]);
	kept[next] = strdup(text);
	return kept[next];
}

static void copy_trace(struct sandbox_trace *to, const struct sandbox_trace *from)
{
	const size_t kept = from->count < SANDBOX_TRACE_MAX ? from->count : SANDBOX_TRACE_MAX;

	to->count = from->count;
	memcpy(to->loads, from->loads, kept * sizeof(from->loads[0]));
}

static void copy_text(char *ret_text, size_t size, const char *text)
{
	snprintf(ret_text, size, "%s", text ? text : "");
}

/* Shows the parent what came of a walk. */
static void show(const struct walk_result *result, const struct sandbox_trace *trace)
{
	share->result = *result;
	memcpy(share->caps, result->caps, result->ncaps * sizeof(*result->caps));
	copy_text(share->reason, sizeof(share->reason), result->reason);
	copy_text(share->said, sizeof(share->said), result->said);
	share->frames = *where_frames();
	if (share->traces)
		copy_trace(&share->trace, trace);
}

/* What a walk leaves is this process's until it has come back: the parser may have forked another. */
static _Noreturn void serve(child_walker *walk)
{
	struct info_cap *const caps = pages_new(INFO_LEN_MAX * sizeof(*caps));
	static struct sandbox_trace trace;
	const pid_t pid = getpid();

	if (!caps)
		_exit(EXIT_ARENA);
	for (;;) {
		struct walk_result result = {.caps = caps};
		struct walk_limits limits;
		uint32_t turn;

		while (!((turn = __atomic_load_n(&share->turn, __ATOMIC_SEQ_CST)) & 1))
			await(turn, false);
		the_walk.window = share->window;
		the_walk.len = share->len;
		limits = share->limits;
		limits.trace = share->traces ? &trace : NULL;
		limits.shared = share->shared;
		walk(share->parser, share->kind, &limits, &result);
		if (getpid() != pid)
			_exit(0);
		show(&result, &trace);
		give_turn();
	}
}

/* A process that this one forks, an engine's or a job, has a child and memory of its own. */
static void forget(void)
{
	child = 0;
	share = NULL;
}

static struct share *map_share(void)
{
	static bool follows;
	void *const at = mmap(NULL, sizeof(*share), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!follows)
		follows = pthread_atfork(NULL, NULL, forget) == 0;
	return at == MAP_FAILED ? NULL : at;
}

static bool start(child_walker *walk)
{
	struct share *const mine = share ? share : map_share();
	const pid_t parent = getpid();

	share = mine;
	if (!share)
		return false;
	share->turn = 0;
	/* What is in buffers would be written twice. */
	fflush(NULL);
	child = fork();
	if (child < 0)
		child = 0;
	if (child || getpid() == parent)
		return child != 0;
	is_child = true;
	share = mine;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	serve(walk);
}

static void end_child(void)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	child = 0;
}

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether the child waits for something, and not for a processor; true where /proc does not tell. */
static bool child_waits(void)
{
	char path[64], stat[512];
	const char *state;
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)child);
	file = fopen(path, "re");
	if (!file)
		return true;
	got = fread(stat, 1, sizeof(stat) - 1, file);
	fclose(file);
	stat[got] = '\0';
	/* Behind its name, which may hold anything. */
	state = strrchr(stat, ')');
	return !state || state[1] != ' ' || state[2] != 'R';
}

/* What became of a child that has ended with @status. */
static const char *ended(int status)
{
	static char words[64];

	if (WIFSIGNALED(status))
		snprintf(words, sizeof(words), "ended-by-signal-%d", WTERMSIG(status));
	else
		snprintf(words, sizeof(words), "ended-with-status-%d", WEXITSTATUS(status));
	child = 0;
	return kept_text(words);
}

/* Waits for the child to give back turn @turn: NULL, or what became of it. */
static const char *await_answer(uint32_t turn)
{
	const bool soon = gone_on >= FOREVER;
	const int64_t cpu_max = soon ? CPU_SOON : CPU_MAX, wait_max = soon ? WAIT_SOON : WAIT_MAX;
	int64_t began, last, waited = 0;
	clockid_t clock;
	int status;

	if (clock_getcpuclockid(child, &clock))
		clock = CLOCK_MONOTONIC;
	began = milliseconds(clock);
	last = milliseconds(CLOCK_MONOTONIC);
	while (!await(turn, true)) {
		const int64_t now = milliseconds(CLOCK_MONOTONIC);

		if (waitpid(child, &status, WNOHANG) == child)
			return ended(status);
		waited += child_waits() ? now - last : 0;
		last = now;
		if (milliseconds(clock) - began < cpu_max && waited < wait_max)
			continue;
		gone_on++;
		end_child();
		return waited < wait_max ? "does-not-end" : "waits";
	}
	return NULL;
}

/* Takes what the child left: its pointers are of its own memory. */
static void take_result(const struct walk_limits *limits, struct walk_result *result)
{
	struct info_cap *const caps = result->caps;

	*result = share->result;
	result->caps = caps;
	memcpy(caps, share->caps, result->ncaps * sizeof(*caps));
	result->reason = share->reason[0] ? kept_text(share->reason) : NULL;
	result->said = share->said[0] ? kept_text(share->said) : NULL;
	*where_frames() = share->frames;
	if (limits->trace)
		copy_trace(limits->trace, &share->trace);
}

void child_walk(child_walker *walk, const struct info_parser *parser, enum info_kind kind,
		const struct walk_limits *limits, struct walk_result *result)
{
	struct info_cap *const caps = result->caps;
	const char *why = "cannot-start-a-child";

	if (child || start(walk)) {
		share->parser = parser;
		share->kind = kind;
		share->window = the_walk.window;
		share->len = the_walk.len;
		share->limits = *limits;
		share->traces = limits->trace != NULL;
		if (limits->shared)
			memcpy(share->shared, limits->shared, limits->shared_size);
		why = await_answer(give_turn());
		/* What it did before it did not come back is there too. */
		if (limits->shared)
			memcpy(limits->shared, share->shared, limits->shared_size);
		if (!why) {
			take_result(limits, result);
			return;
		}
	}
	*result = (struct walk_result){.verdict = VERDICT_ABSTAIN,
				       .seen_by = SEEN_BY_CALL,
				       .caps = caps,
				       .no_answer = why};
	if (limits->trace)
		limits->trace->count = 0;
}
