/* SPDX-License-Identifier: MIT */
/* Runs walks: how one starts, how it is left, and what a signal inside it means. See sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../../parsers/layout.h"
#include "context.h"
#include "child.h"
#include "heap.h"
#include "heard.h"
#include "scratch.h"
#include "where.h"

#define STACK_OF_SIGNALS ((size_t)1 << 16)

static bool opened;
/* What sandbox_open() failed with, as a command ends with it. */
static int exit_status = EXIT_ARENA;
/* Whether a signal's context tells a store from a load; while that is tried out. */
static volatile bool tells_stores, trying;
/* SIGTRAP: arm64's __builtin_trap(), and an int3 of x86, which a debugger sees before the process. */
static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
#define FATAL_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))
static struct sigaction before[FATAL_SIGNALS];

void (*sandbox_last_words)(void);

/* Once, since what it says it of may be met again on the way out. */
static void say_last_words(void)
{
	void (*const say)(void) = sandbox_last_words;

	sandbox_last_words = NULL;
	if (say)
		say();
}

/*
 * A sanitizer's report is a bug of ours, never a verdict: from here on signals are not the walk's,
 * and the report goes its usual way.
 */
void __asan_on_error(void);
void __asan_on_error(void)
{
	if (!the_walk.running)
		say_last_words();
	the_walk.running = false;
}

void __ubsan_on_report(void);
void __ubsan_on_report(void)
{
	the_walk.running = false;
}

/* Hands a signal that is not the walk's to whoever had it before. */
static void pass_on(int signal, const siginfo_t *info)
{
	say_last_words();
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		if (fatal_signals[i] == signal)
			sigaction(signal, &before[i], NULL);
	/* A fault comes back by itself when its instruction runs again; a sent signal does not. */
	if (info->si_code <= 0)
		raise(signal);
}

/*
 * The verdict of a fault in the arena. Where the context does not tell, only a store can fault in
 * the window, which is readable; elsewhere it is taken for the load that it nearly always is.
 */
__attribute__((no_sanitize_address)) static enum verdict fault_verdict(uintptr_t address,
								       enum access access)
{
	if (access == ACCESS_UNTOLD)
		access = the_arena.window_end - address - 1 < INFO_LEN_MAX ? ACCESS_STORE
									   : ACCESS_LOAD;
	return access == ACCESS_STORE ? VERDICT_WROTE : VERDICT_OOB;
}

/* Not instrumented, as walk_leave(): on a signal's stack ASan reads /proc/self/maps before it. */
__attribute__((no_sanitize_address)) static void on_signal(int signal, siginfo_t *info,
							   void *context_)
{
	const ucontext_t *const context = context_;
	const uintptr_t address = (uintptr_t)info->si_addr;
	const bool fault = signal == SIGSEGV && info->si_code > 0;

	if (trying) {
		tells_stores = context_access(context) == ACCESS_STORE;
		/* The store is made again, and done. */
		mprotect((void *)the_arena.window_end, the_arena.page, PROT_READ | PROT_WRITE);
		trying = false;
		return;
	}
	if (!the_walk.running) {
		pass_on(signal, info);
		return;
	}
	if (the_walk.own && where_is_own(context_pc(context)))
		the_walk.result->code = context_pc(context);
	/* The bytes past the bound, which the walk of a parser that promises not to read them has not. */
	if (fault && address >= the_arena.window_end && address - the_walk.window < the_walk.len &&
	    context_access(context) != ACCESS_STORE) {
		the_walk.result->stale_at = (uint32_t)(address - the_walk.window);
		walk_leave(VERDICT_STALE, SEEN_BY_FAULT, address, 0, context_sp(context));
	}
	if (fault && arena_has(address))
		walk_leave(fault_verdict(address, context_access(context)), SEEN_BY_FAULT, address,
			   0, context_sp(context));
	the_walk.result->signal = signal;
	walk_leave(VERDICT_CRASH, SEEN_BY_FAULT, address, 0, context_sp(context));
}

static int own_signal_stack(void)
{
	const stack_t stack = {.ss_sp = mmap(NULL, STACK_OF_SIGNALS, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			       .ss_size = STACK_OF_SIGNALS};

	return stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) ? -errno : 0;
}

/* sigaction() fails for a bad signal number only. */
void sandbox_take_signals(void)
{
	struct sigaction action = {.sa_sigaction = on_signal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	for (size_t i = 0; i < FATAL_SIGNALS; i++) {
		struct sigaction now;

		sigaction(fatal_signals[i], NULL, &now);
		if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_signal)
			continue;
		before[i] = now;
		sigaction(fatal_signals[i], &action, NULL);
	}
}

void sandbox_give_signals_back(void)
{
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &before[i], NULL);
}

#if UINTPTR_MAX > UINT32_MAX
#define SPACE "the 232 GiB of address space"
#else
#define SPACE "the address space"
#endif

/* What cannot be done, and what to do about it. */
static const struct {
	const char *what;
	const char *mend;
} parts[SANDBOX_PARTS] = {
	[SANDBOX_SPACE] = {"reserve " SPACE " that walks run in",
			   "lift the limit (ulimit -v unlimited)"},
	[SANDBOX_WINDOW] =
		{"map the buffer twice, by memfd_create() or by mremap()",
		 "have the container's seccomp profile allow one of them, or make room in "
		 "memory"},
	[SANDBOX_SCRATCH] =
		{"make parsers' own memory accessible",
		 "lift the limit (ulimit -d unlimited), set vm.overcommit_memory to 0 or "
		 "1, or raise vm.max_map_count"},
	[SANDBOX_STACK] = {"make a stack for signals",
			   "lift the limits (ulimit -d unlimited, ulimit -v unlimited)"},
};

#define FORBIDDEN "a container's seccomp profile or a security module forbids it"

/* Of x86 it is known; a debugger would stop at every start for nothing. */
static void try_store(void)
{
#if defined(__x86_64__) || defined(__i386__)
	tells_stores = true;
#else
	trying = true;
	*(volatile uint8_t *)the_arena.window_end = 0;
	mprotect((void *)the_arena.window_end, the_arena.page, PROT_NONE);
#endif
}

/* Walks @read over four bytes that are zero. */
static struct walk_result try_hook(struct info_answer (*read)(struct walk *, const void *, uint32_t,
							      enum info_kind))
{
	static const char *const volatile pulled = &hooks_linked;
	static struct info_cap cap;
	const struct info_parser parser = {.name = "heard", .read = read};
	const struct walk_limits limits = {.bound = 4, .budget = 64};
	struct walk_result result = {.caps = &cap};

	(void)pulled;
	sandbox_place((const uint8_t[4]){0}, 4);
	sandbox_walk(&parser, INFO_DEVICE, &limits, &result);
	return result;
}

/* The hooks that parsers of this build were compiled for, and that do not hear them; or NULL. */
static const char *silent_hooks(void)
{
	if (loads_meant && try_hook(heard_load).loads == 0)
		return "load";
	if (stores_meant && try_hook(heard_store).seen_by != SEEN_BY_HOOK)
		return "store";
	return NULL;
}

int sandbox_exit(void)
{
	return exit_status;
}

int sandbox_open(char *ret_error, size_t error_size)
{
	enum sandbox_part part;
	const char *silent;
	int error;

	if (opened)
		return 0;
	error = scratch_open(&part);
	if (!error) {
		part = SANDBOX_STACK;
		error = own_signal_stack();
	}
	if (error) {
		snprintf(ret_error, error_size, "cannot %s: %s; %s", parts[part].what,
			 strerror(-error),
			 error == -EPERM || error == -EACCES || error == -ENOSYS
				 ? FORBIDDEN
				 : parts[part].mend);
		return -1;
	}
	sandbox_take_signals();
	try_store();
	silent = silent_hooks();
	if (silent) {
		exit_status = EXIT_MISSING;
		snprintf(ret_error, error_size,
			 "oracles: %s hooks were compiled in and are not heard: another library's "
			 "functions of their names were linked; link fuzz/sandbox/hooks.c",
			 silent);
		return -1;
	}
	opened = true;
	return 0;
}

bool sandbox_has_arena(void)
{
	return UINTPTR_MAX > UINT32_MAX;
}

bool sandbox_tells_stores(void)
{
	return tells_stores;
}

const uint8_t *sandbox_place_padded(const uint8_t *info, size_t len, size_t size)
{
	uint8_t *const at = the_arena.shadow + INFO_LEN_MAX - size;

	/*
	 * Nothing of the buffer before it may be seen in this one, nor below it: all else is zero.
	 */
	memset(the_arena.shadow + the_arena.placed->at, 0, the_arena.placed->len);
	the_arena.placed->at = INFO_LEN_MAX - size;
	the_arena.placed->len = len;
	if (len)
		memcpy(at, info, len);
	the_walk.window = the_arena.window_end - size;
	the_walk.len = size;
	return at;
}

void sandbox_place(const uint8_t *info, size_t len)
{
	sandbox_place_padded(info, len, len);
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

void sandbox_place_front(const uint8_t *info, size_t len)
{
	/* All that follows it in its last page is zero. */
	sandbox_place_padded(info, len, arena_pages(len));
	the_walk.len = len;
}

/*
 * Leaves of the placed buffer what a walk may read, up to @bound, at the end of the window: what is behind
 * faults. argsz itself stays. The bytes are kept in @kept; how many, or 0 where all of it stays.
 */
static size_t cut_to(uint32_t bound, uint8_t kept[INFO_LEN_MAX])
{
	const size_t len = the_walk.len, left = bound < sizeof(uint32_t) ? sizeof(uint32_t) : bound;

	/* One that stands at the front of its page is not moved. */
	if (left >= len || the_walk.window + len != the_arena.window_end)
		return 0;
	memcpy(kept, the_arena.shadow + INFO_LEN_MAX - len, len);
	sandbox_place(kept, left);
	the_walk.len = len;
	return len;
}

/* Takes the pages before the buffer out of sight, or shows them again. */
static void hide_before(bool hidden)
{
	const uintptr_t start = the_arena.window_end - INFO_LEN_MAX;
	const uintptr_t end = the_walk.window & ~(uintptr_t)(the_arena.page - 1);

	if (end > start)
		mprotect((void *)start, end - start, hidden ? PROT_NONE : PROT_READ);
}

/* Whose memory the access was in that the walk was left at. */
static void place_access(struct walk_result *result)
{
	const struct scratch_object *const object = scratch_nearest(the_walk.left_at);

	result->scratch = object != NULL;
	result->offset = the_walk.left_at - (object ? object->start : the_walk.window);
}

/*
 * What @said lacks to be an answer, NULL where it is one. Part of the walk, as its reason may point anywhere,
 * and so not instrumented. A reason of a parser of this tree is a static string, which is looked at once.
 */
static __attribute__((no_sanitize_address)) const char *lack_of(const struct info_answer *said)
{
	static const char *known[64];
	const char **const slot = &known[(uintptr_t)said->reason / 4 % 64];
	size_t len = 0;

	/* What the sandbox alone can see is not for a parser to say. */
	if ((unsigned int)said->verdict > VERDICT_ABSTAIN)
		return "no-such-verdict";
	if (said->verdict != VERDICT_REJECT || !said->reason ||
	    (*slot == said->reason && !the_walk.own))
		return NULL;
	for (char at; len < INFO_REASON_MAX && (at = said->reason[len]); len++)
		if (at != '-' && (at < 'a' || at > 'z') && (at < '0' || at > '9'))
			return "no-such-reason";
	if (!len || len == INFO_REASON_MAX)
		return "no-such-reason";
	*slot = said->reason;
	return NULL;
}

/*
 * The frame that a walk is left to. Its own locals are given up with it. Not instrumented: on i386
 * clang keeps the place of ASan's redzones in a register that a jump does not bring back.
 */
static __attribute__((noinline, no_sanitize_address)) void run(const struct info_parser *parser,
							       enum info_kind kind)
{
	struct walk_result *const result = the_walk.result;
	struct info_answer said;

	the_walk.stack_top = (uintptr_t)__builtin_frame_address(0);
	if (WALK_SETJMP(the_walk.jump)) {
		place_access(the_walk.result);
		return;
	}
	if (!the_walk.trace && !the_walk.touched)
		walk_quieten(&the_walk, min_size(the_walk.bound, the_walk.len));
	the_walk.running = true;
	said = parser->read(&the_walk, (const void *)the_walk.window, (uint32_t)the_walk.len, kind);
	result->no_answer = lack_of(&said);
	the_walk.running = false;
	walk_quieten(&the_walk, 0);
	if (result->no_answer)
		said = answer(VERDICT_ABSTAIN);
	result->verdict = said.verdict;
	result->seen_by = SEEN_BY_PARSER;
	result->reason = said.verdict == VERDICT_REJECT ? said.reason : NULL;
	result->need = said.verdict == VERDICT_TRUNCATED ? said.need : 0;
}

/* Whoever abstains says nothing: how far it read would tell what its model does not. */
static void forget_all(struct walk_result *result, struct sandbox_trace *trace)
{
	result->ncaps = 0;
	result->stale = false;
	if (trace)
		trace->count = 0;
}

static const struct info_parser *own, *own_loop;
static bool own_moved;

static bool is_own(const struct info_parser *parser)
{
	return parser && (parser == own || parser == own_loop);
}

void sandbox_is_own(const struct info_parser *parser, bool hooked)
{
	own = parser;
	own_moved = parser && !hooked;
}

void sandbox_is_own_loop(const struct info_parser *loop)
{
	own_loop = loop;
}

static sandbox_watcher *watcher;

void sandbox_watch(sandbox_watcher *see)
{
	watcher = see;
}

/* The budget that the walk needed, which had @budget: each of three accounts was enough. */
static uint64_t need_of(int64_t budget)
{
	const int64_t info = budget - the_walk.info_left, copies = budget - the_walk.copies_left;
	const int64_t elsewhere =
		(budget * WALK_OWN_LOADS - the_walk.own_left + WALK_OWN_LOADS - 1) / WALK_OWN_LOADS;
	const int64_t most = info > copies ? info : copies;

	return (uint64_t)(most > elsewhere ? most : elsewhere);
}

/* Has @result tell what the sandbox saw, whatever the parser said. */
static void overrule(struct walk_result *result, enum verdict verdict, enum seen_by seen_by)
{
	result->verdict = verdict;
	result->seen_by = seen_by;
	result->reason = result->no_answer = NULL;
	result->need = 0;
}

/* Bytes beside the memory that the walk was given, which the hooks of stores did not hear of. */
static void look_at_canaries(struct walk_result *result)
{
	uint64_t at;

	if (result->verdict == VERDICT_WROTE || !scratch_spoiled(&at))
		return;
	overrule(result, VERDICT_WROTE, SEEN_BY_CANARY);
	result->scratch = true;
	result->offset = at;
}

/*
 * Walks in this process. Run for each parser on each buffer: where it is @plain, which the compiler knows,
 * nobody watches, marks or traces, the parser is one of this tree, and nothing has a heap.
 */
static inline __attribute__((always_inline)) void walk_with(const struct info_parser *parser,
							    enum info_kind kind,
							    const struct walk_limits *limits,
							    struct walk_result *result, bool plain)
{
	static struct sandbox_trace watched;
	struct sandbox_trace *const trace = plain			? NULL
					    : watcher && !limits->trace ? &watched
									: limits->trace;
	struct sandbox_touched *const touched = plain ? NULL : limits->touched;
	const int64_t budget = (int64_t)limits->budget;
	const int64_t own_budget = budget * WALK_OWN_LOADS;
	const bool own_walk = !plain && is_own(parser);
	const bool walls = own_walk && parser->trust != INFO_TRUSTING;

	*result = (struct walk_result){.caps = result->caps, .budget = limits->budget};
	the_walk.result = result;
	the_walk.info_left = the_walk.copies_left = budget;
	the_walk.own_left = own_budget;
	the_walk.bound = limits->bound;
	the_walk.own = own_walk;
	the_walk.number++;
	the_walk.trace = trace;
	the_walk.touched = touched;
	the_walk.ncopied = 0;
	the_walk.shared = limits->shared;
	the_walk.ioctl = NULL;
	the_walk.allocates = NULL;
	the_walk.fill = WALK_FILL;
	the_walk.nobjects = 0;
	the_walk.scratch_size = 0;
	if (!plain && heap_pieces)
		heap_reset();
	if (trace)
		trace->count = 0;
	if (walls)
		hide_before(true);
	run(parser, kind);
	if (walls)
		hide_before(false);
	if (!plain && watcher)
		watcher((const uint8_t *)the_walk.window, the_arena.placed->len,
			min_size(the_walk.len, the_arena.window_end - the_walk.window), trace);
	result->loads = (uint64_t)(budget - the_walk.info_left + own_budget - the_walk.own_left);
	if (touched)
		result->spent = need_of(budget);
	if (the_walk.nobjects || heap_pieces)
		look_at_canaries(result);
	if (result->stale && parser->trust != INFO_TRUSTING && result->verdict <= VERDICT_ABSTAIN) {
		overrule(result, VERDICT_STALE, SEEN_BY_HOOK);
		result->code = result->stale_code;
	}
	if (!own_walk)
		result->code = 0;
	if (heap_live && result->seen_by == SEEN_BY_PARSER) {
		result->leaked = (uint32_t)heap_live;
		result->leaked_code = heap_leak();
	}
	if (result->verdict == VERDICT_ABSTAIN)
		forget_all(result, plain ? NULL : limits->trace);
}

static __attribute__((noinline)) void walk_here(const struct info_parser *parser,
						enum info_kind kind,
						const struct walk_limits *limits,
						struct walk_result *result)
{
	walk_with(parser, kind, limits, result, false);
}

/* Of a parser from outside: here while it has hooks and keeps to itself, then in a child. */
static void walk_own(const struct info_parser *parser, enum info_kind kind,
		     const struct walk_limits *limits, struct walk_result *result)
{
	if (!own_moved) {
		process_watch();
		process_moves = false;
		walk_here(parser, kind, limits, result);
		own_moved = process_moves;
		if (!own_moved)
			return;
	}
	child_walk(walk_here, parser, kind, limits, result);
}

/* The same, of what a parser that promises not to read past the bound may read. */
static __attribute__((noinline)) void walk_cut(const struct info_parser *parser,
					       enum info_kind kind,
					       const struct walk_limits *limits,
					       struct walk_result *result)
{
	static uint8_t kept[INFO_LEN_MAX];
	size_t len = 0;

	if (parser->trust != INFO_TRUSTING)
		len = cut_to(limits->bound, kept);
	walk_own(parser, kind, limits, result);
	if (len)
		sandbox_place(kept, len);
}

void sandbox_walk(const struct info_parser *parser, enum info_kind kind,
		  const struct walk_limits *limits, struct walk_result *result)
{
	if (is_own(parser))
		walk_cut(parser, kind, limits, result);
	else if (watcher || limits->trace || limits->touched || heap_pieces)
		walk_here(parser, kind, limits, result);
	else
		walk_with(parser, kind, limits, result, true);
}

bool sandbox_has_hooks(const struct info_parser *parser, struct info_cap *caps)
{
	const struct walk_limits limits = {.bound = INFO_LEN_MAX, .budget = 4096};
	struct walk_result result = {.caps = caps};
	uint8_t info[512] = {0};
	enum info_kind kind = INFO_DEVICE;
	const struct layout_info *form;

	while (kind + 1 < INFO_KINDS && !parser->reads[kind].ids)
		kind++;
	form = &layout_infos[kind];
	layout_set(&form->argsz, info, sizeof(info));
	layout_set(&form->flags, info, form->caps_flag);
	layout_set(&form->first, info, form->full);
	sandbox_place(info, sizeof(info));
	sandbox_walk(parser, kind, &limits, &result);
	return result.loads != 0;
}
