/* SPDX-License-Identifier: MIT */
/*
 * The host of one walk: what the parser may call, where its buffer lies, and what came of it.
 *
 * The buffer ends at a page's edge with nothing behind it and is mapped read-only, so a load past
 * it and a store to it are page faults, which this file names. Where the walk does not end, every
 * load is made to fault, and counted. Under AddressSanitizer a load or store past the buffer is
 * first done on a buffer from malloc(), for its report. No clock takes part, where a machine can
 * step: x86.
 */
#include "emit_host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HOST_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_HAS_ASAN 1
#endif
#endif
#ifndef HOST_HAS_ASAN
#define HOST_HAS_ASAN 0
#endif

/* Where a machine can run one instruction and stop, and says whether a fault was a store. */
#if defined(__x86_64__)
#define HOST_STEPS	    1
#define HOST_FLAGS(context) ((context)->uc_mcontext.gregs[REG_EFL])
#define HOST_STORE(context) (((context)->uc_mcontext.gregs[REG_ERR] & 2) != 0)
#elif defined(__i386__)
#define HOST_STEPS	    1
#define HOST_FLAGS(context) ((context)->uc_mcontext.gregs[REG_EFL])
#define HOST_STORE(context) (((context)->uc_mcontext.gregs[REG_ERR] & 2) != 0)
#else
#define HOST_STEPS	    0
#define HOST_STORE(context) ((void)(context), host_case.shows == VERDICT_WROTE)
#endif
#define HOST_TRAP 0x100

#define HOST_PAGE    ((size_t)65536) /* a multiple of every page size */
#define HOST_WINDOW  (3 * HOST_PAGE)
#define HOST_ALLOC   ((size_t)1 << 20)
#define HOST_OBJECTS 64
/* Whatever a 32-bit offset reaches from the buffer; a 32-bit program has no room for it. */
#define HOST_NOTHING (sizeof(void *) > 4 ? ((size_t)4 << 30 | 64 << 20) : (size_t)16 << 20)
#define HOST_SCRATCH 0xc7
/* Loops of a machine that cannot step end by this many seconds of processor time. */
#define HOST_SECONDS 20

struct host_object {
	uint8_t *start;
	size_t size;
	uint8_t *slot; /* its pages; NULL on the heap */
};

struct walk {
	bool on_heap;
	bool again; /* this is the second look for a load outside */
	const uint8_t *info;
	struct host_object objects[HOST_OBJECTS];
	size_t nobjects;
	uint64_t loads;
	uint64_t copied;
	struct info_cap caps[INFO_LEN_MAX];
	size_t ncaps;
};

/*
 * | nothing | scratch memory, with gaps | window: the buffer ends, or starts, at an edge | nothing |
 * Whatever a parser adds to either, it lands in there.
 */
static struct {
	uint8_t *start;
	uint8_t *end;
	uint8_t *window;
	uint8_t *stale; /* from here on, bytes of the buffer that this reply did not deliver */
	uint8_t *scratch;
} host_pages;

static struct walk host_walk;

static const char *host_verdict(enum verdict verdict)
{
	static const char *const names[VERDICTS] = {
		"ok",  "absent", "truncated", "reject", "abstain",
		"oob", "stale",	 "runaway",   "wrote",	"crash",
	};

	return names[verdict];
}

static const char *host_words(enum host_exit status)
{
	switch (status) {
#define HOST_EXIT(name, number, words)                                                             \
	case HOST_##name:                                                                          \
		return words;
		HOST_EXITS(HOST_EXIT)
#undef HOST_EXIT
	}
	return "";
}

/* Ends the program. Not by exit(): nothing that a sanitizer does there may change the status. */
static _Noreturn void host_finish(enum host_exit status)
{
	printf("the reference: %s%s%s", host_verdict(host_case.reference),
	       host_case.reason[0] ? " " : "", host_case.reason);
	if (host_case.reference == VERDICT_TRUNCATED)
		printf(", ask again with argsz %u", host_case.need);
	printf("; it expects %zu capabilities of this parser\n", host_case.nwant);
	printf("exit status %d: %s\n", status, host_words(status));
	fflush(stdout);
	_exit((int)status);
}

static _Noreturn void host_fault(enum host_exit status, const char *what, uint64_t value)
{
	printf("%s, after %zu capabilities: %s %llu\n", host_case.parser->name, host_walk.ncaps,
	       what, (unsigned long long)value);
	host_finish(status);
}

static _Noreturn void host_give_up(const char *what)
{
	perror(what);
	_exit(HOST_NO_MEMORY);
}

static void host_protect(uint8_t *at, size_t size, int rights)
{
	if (size && mprotect(at, size, rights))
		host_give_up("mprotect");
}

static bool host_counts(void)
{
	return HOST_STEPS && host_case.shows == VERDICT_RUNAWAY;
}

static size_t host_room(const struct host_object *object)
{
	return (object->size + HOST_PAGE - 1) / HOST_PAGE * HOST_PAGE;
}

/* Where loads are counted: opens the walk's memory, or closes it so that its next load faults. */
static void host_open(bool open)
{
	if (!host_counts())
		return;
	host_protect(host_pages.window, HOST_PAGE, open ? PROT_READ : PROT_NONE);
	for (size_t i = 0; i < host_walk.nobjects; i++)
		host_protect(host_walk.objects[i].slot, host_room(&host_walk.objects[i]),
			     open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void walk_deliver(struct walk *walk, const struct info_cap *cap)
{
	if (walk->ncaps == INFO_LEN_MAX)
		host_fault(HOST_RUNAWAY, "it goes on delivering; capabilities", walk->ncaps);
	walk->caps[walk->ncaps] = *cap;
	walk->ncaps++;
}

/* For a program in which a later capability replaces an earlier one of its id. */
void walk_forget(struct walk *walk, uint16_t id)
{
	size_t at = walk->ncaps;

	while (at && walk->caps[at - 1].id != id)
		at--;
	if (!at)
		return;
	walk->ncaps--;
	memmove(&walk->caps[at - 1], &walk->caps[at],
		(walk->ncaps - (at - 1)) * sizeof(*walk->caps));
}

void walk_crash(struct walk *walk, int number)
{
	(void)walk;
	host_fault(HOST_CRASH, "signal", (uint64_t)number);
}

int walk_copy_in(struct walk *walk, void *dst, uint32_t offset, size_t size)
{
	walk->copied += 1 + size / 8;
	if (walk->copied > host_case.budget)
		host_fault(HOST_RUNAWAY, "it goes on copying in; words", walk->copied);
	/* The whole range lies inside the buffer. */
	if (offset > host_case.len || size > host_case.len - offset)
		return -1;
	if (host_case.shows == VERDICT_STALE && size && offset + size > host_case.bound &&
	    offset + size > sizeof(uint32_t))
		host_fault(HOST_STALE, "it copies in past argsz; offset", offset);
	if (size == 0)
		return 0;
	host_open(true);
	memcpy(dst, host_case.info + offset, size);
	host_open(false);
	return 0;
}

void *walk_alloc(struct walk *walk, size_t size)
{
	struct host_object *const object = &walk->objects[walk->nobjects];
	const size_t room = (size + HOST_PAGE - 1) / HOST_PAGE * HOST_PAGE;

	if (size == 0 || size > HOST_ALLOC)
		return NULL;
	if (walk->nobjects == HOST_OBJECTS)
		host_fault(HOST_RUNAWAY, "it goes on asking for memory; pieces", walk->nobjects);
	object->size = size;
	if (walk->on_heap) {
		object->start = malloc(size);
		if (!object->start)
			host_give_up("malloc");
		memset(object->start, HOST_SCRATCH, size);
	} else {
		object->slot = host_pages.scratch + walk->nobjects * (HOST_ALLOC + HOST_PAGE);
		host_protect(object->slot, room, PROT_READ | PROT_WRITE);
		memset(object->slot, HOST_SCRATCH, room);
		/* Aligned, the few bytes behind it are looked at when the walk is over. */
		object->start = object->slot + ((room - size) & ~(size_t)(walk->again ? 0 : 15));
	}
	walk->nobjects++;
	host_open(false);
	return object->start;
}

/* The piece of scratch memory that has @at, NULL where none has. */
static const struct host_object *host_find(const uint8_t *at)
{
	for (size_t i = 0; i < host_walk.nobjects; i++)
		if (at >= host_walk.objects[i].start &&
		    at < host_walk.objects[i].start + host_walk.objects[i].size)
			return &host_walk.objects[i];
	return NULL;
}

/* Says what an access outside missed: the memory that the parser asked for, or the buffer. */
static _Noreturn void host_outside(const uint8_t *at, bool store)
{
	const enum host_exit status = store ? HOST_WROTE : HOST_OOB;

	for (size_t i = host_walk.nobjects; i-- > 0;)
		if (at >= host_walk.objects[i].slot && at < host_pages.window - HOST_PAGE)
			host_fault(status, "it goes past its own memory; offset",
				   (uint64_t)(at - host_walk.objects[i].start));
	if (at < host_walk.info)
		host_fault(status, "it goes below the buffer; bytes",
			   (uint64_t)(host_walk.info - at));
	host_fault(status, "it goes past the buffer; offset", (uint64_t)(at - host_walk.info));
}

static void host_on_fault(int number, siginfo_t *info, void *context_)
{
	const ucontext_t *const context = context_;
	const uint8_t *const at = info->si_addr;
	const uint64_t offset = (uint64_t)(at - host_walk.info);
	const bool store = HOST_STORE(context);
	const bool inside = at >= host_walk.info && offset < host_case.len;

	if (number != SIGSEGV || info->si_code <= 0 || at < host_pages.start ||
	    at >= host_pages.end)
		host_fault(HOST_CRASH, "signal", (uint64_t)number);
	if (inside && !store && host_pages.stale && at >= host_pages.stale)
		host_fault(HOST_STALE, "it reads past argsz; offset", offset);
	/* A readable window faults for stores alone. */
	if (inside && (store || !host_counts()))
		host_fault(HOST_WROTE, "it writes to the buffer; offset", offset);
#if HOST_STEPS
	/* Counted first, wherever it goes, as the sandbox does. */
	host_walk.loads += !store;
	if (host_walk.loads > host_case.budget)
		host_fault(HOST_RUNAWAY, "it goes on; loads", host_walk.loads);
#endif
	if (!inside && !host_find(at))
		host_outside(at, store);
#if HOST_STEPS
	host_open(true);
	HOST_FLAGS((ucontext_t *)context_) |= HOST_TRAP;
#endif
}

#if HOST_STEPS
/* One instruction later. */
static void host_on_step(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	HOST_FLAGS((ucontext_t *)context) &= ~HOST_TRAP;
	host_open(false);
}
#endif

static void host_on_time(int number)
{
	(void)number;
	host_fault(HOST_RUNAWAY, "it goes on; seconds", HOST_SECONDS);
}

static void host_take_signals(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	static uint8_t alone[1 << 16];
	const stack_t stack = {.ss_sp = alone, .ss_size = sizeof(alone)};
	struct sigaction action = {.sa_sigaction = host_on_fault,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &action, NULL);
#if HOST_STEPS
	action.sa_sigaction = host_on_step;
	sigaction(SIGTRAP, &action, NULL);
#endif
}

/* Whatever cannot be counted ends too. */
static void host_limit_time(void)
{
	const struct rlimit limit = {HOST_SECONDS, HOST_SECONDS + 5};

	signal(SIGXCPU, host_on_time);
	setrlimit(RLIMIT_CPU, &limit);
}

static void host_reserve(void)
{
	const size_t scratch = HOST_OBJECTS * (HOST_ALLOC + HOST_PAGE);
	const size_t size = HOST_NOTHING + scratch + HOST_WINDOW + HOST_NOTHING;
	uint8_t *const start = mmap(NULL, size + HOST_PAGE, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		host_give_up("address space (lift `ulimit -v`)");
	host_pages.start = start + HOST_PAGE - (uintptr_t)start % HOST_PAGE;
	host_pages.end = host_pages.start + size - HOST_PAGE;
	host_pages.scratch = host_pages.start + HOST_NOTHING;
	host_pages.window = host_pages.scratch + scratch + HOST_PAGE;
}

/*
 * Lays the buffer into the window, so that it ends at an edge, or @again, so that it starts at one.
 * Where reading bytes that this reply did not deliver is the fault, they lie behind the edge.
 */
static void host_place(bool again)
{
	/* The first word is read before anyone knows argsz. */
	const uint32_t bound =
		host_case.bound < sizeof(uint32_t) ? sizeof(uint32_t) : host_case.bound;
	const bool stale = host_case.shows == VERDICT_STALE && bound < host_case.len;
	const uint32_t readable = stale ? bound : host_case.len;

	memset(&host_walk, 0, sizeof(host_walk));
	host_walk.again = again;
	host_walk.info = host_pages.window + (again ? 0 : HOST_PAGE - readable);
	host_pages.stale = stale ? host_pages.window + HOST_PAGE : NULL;
	host_protect(host_pages.window, HOST_PAGE, PROT_READ | PROT_WRITE);
	memcpy((uint8_t *)(uintptr_t)host_walk.info, host_case.info, readable);
	host_protect(host_pages.window, HOST_PAGE, PROT_READ);
}

/* A store past scratch memory that met no guard page. */
static void host_look_at_scratch(void)
{
	for (size_t i = 0; i < host_walk.nobjects; i++) {
		const struct host_object *const object = &host_walk.objects[i];

		for (size_t at = 0; at < host_room(object); at++)
			if (object->slot[at] != HOST_SCRATCH && !host_find(object->slot + at))
				host_fault(HOST_WROTE, "it writes past its own memory of bytes",
					   object->size);
	}
}

static bool host_same(const struct host_want *want, const struct info_cap *got)
{
	const struct info_cap *const cap = &want->cap;

	if (!want->payload)
		return true;
	if (!cap->decoded || !got->decoded)
		return cap->decoded == got->decoded;
	return cap->count == got->count && cap->hash == got->hash &&
	       memcmp(cap->field, got->field, sizeof(cap->field)) == 0;
}

/* Holds what was delivered to what the reference wants: a list in order, lookups in any. */
static enum host_exit host_match(void)
{
	static bool taken[INFO_LEN_MAX];
	enum host_exit worst = HOST_AGREES;
	size_t next = 0;

	if (host_walk.ncaps != host_case.nwant)
		return HOST_WRONG_CAPS;
	for (size_t i = 0; i < host_walk.ncaps; i++) {
		const struct info_cap *const got = &host_walk.caps[i];
		size_t at = host_case.list ? next : 0;

		while (at < host_case.nwant &&
		       (taken[at] || host_case.want[at].cap.offset != got->offset))
			at++;
		if (at == host_case.nwant || host_case.want[at].cap.id != got->id ||
		    host_case.want[at].cap.version != got->version)
			return HOST_WRONG_CAPS;
		if (!host_same(&host_case.want[at], got))
			worst = HOST_WRONG_PAYLOAD;
		taken[at] = true;
		next = at + 1;
	}
	return worst;
}

static bool host_refuses_otherwise(const struct info_answer *said)
{
	if (host_case.parser->trust != INFO_HARDENED)
		return false;
	if (said->verdict != host_case.reference || said->need != host_case.need)
		return true;
	for (size_t i = 0; said->reason && i < host_case.nrules; i++)
		if (strcmp(said->reason, host_case.rules[i]) == 0)
			return strcmp(said->reason, host_case.reason) != 0;
	return false;
}

static enum host_exit host_compare(const struct info_answer *said)
{
	const bool refuses = said->verdict == VERDICT_TRUNCATED || said->verdict == VERDICT_REJECT;
	const bool readable =
		host_case.reference == VERDICT_OK || host_case.reference == VERDICT_ABSENT;

	if (said->verdict == VERDICT_ABSTAIN)
		return HOST_AGREES;
	if (refuses && readable)
		return HOST_REJECTS_VALID;
	if (refuses)
		return host_refuses_otherwise(said) ? HOST_WRONG_REFUSAL : HOST_AGREES;
	if (readable && said->verdict == VERDICT_ABSENT && host_walk.ncaps)
		return HOST_WRONG_CAPS;
	if (host_case.matches)
		return host_match();
	return said->verdict == VERDICT_OK ? HOST_ACCEPTS_MALFORMED : HOST_ABSENT_FOR_UNREADABLE;
}

static void host_tell(const struct info_answer *said)
{
	printf("%s: %s%s%s", host_case.parser->name, host_verdict(said->verdict),
	       said->reason ? " " : "", said->reason ? said->reason : "");
	if (said->verdict == VERDICT_TRUNCATED)
		printf(", ask again with argsz %u", said->need);
	printf(", %zu capabilities\n", host_walk.ncaps);
	for (size_t i = 0; i < host_walk.ncaps; i++)
		printf("  at %u: id %u, version %u\n", host_walk.caps[i].offset,
		       host_walk.caps[i].id, host_walk.caps[i].version);
}

static struct info_answer host_run(void)
{
	struct info_answer said;

	host_open(false);
	said = host_case.walk(&host_walk, host_walk.info, host_case.len);
	host_open(true);
	return said;
}

/* AddressSanitizer knows the buffer's exact size, and ends the program where it sees the access. */
static void host_run_on_heap(void)
{
	uint8_t *const copy = malloc(host_case.len ? host_case.len : 1);

	if (!copy)
		host_give_up("malloc");
	memcpy(copy, host_case.info, host_case.len);
	host_walk.on_heap = true;
	/* Of no bytes, not one may be read. */
	host_walk.info = host_case.len ? copy : copy + 1;
	host_run();
	for (size_t i = 0; i < host_walk.nobjects; i++)
		free(host_walk.objects[i].start);
	free(copy);
}

int main(void)
{
	struct info_answer said;

	setvbuf(stdout, NULL, _IOLBF, 0);
	host_limit_time();
	if (HOST_HAS_ASAN && (host_case.shows == VERDICT_OOB || host_case.shows == VERDICT_WROTE))
		host_run_on_heap();
	host_reserve();
	host_take_signals();
	host_place(false);
	said = host_run();
	host_look_at_scratch();
	/* A load below the buffer, or of the few bytes behind scratch memory, met no edge yet. */
	if (host_case.shows == VERDICT_OOB) {
		host_place(true);
		said = host_run();
	}
	host_tell(&said);
	host_finish(host_compare(&said));
}
