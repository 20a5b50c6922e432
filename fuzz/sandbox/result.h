/* SPDX-License-Identifier: MIT */
/* How one walk ended, and what its caller allowed. */
#ifndef FUZZ_SANDBOX_RESULT_H
#define FUZZ_SANDBOX_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "../status.h"

/* "runaway" and so on. */
const char *verdict_name(enum verdict verdict);

/* Which part of the sandbox gave the verdict. */
enum seen_by {
	SEEN_BY_PARSER, /* its own answer */
	SEEN_BY_HOOK,	/* a load hook: oob, stale, runaway */
	SEEN_BY_FAULT,	/* a page fault in the arena (oob, wrote) or another fatal signal (crash) */
	SEEN_BY_CANARY, /* bytes beside scratch memory: wrote */
	SEEN_BY_CALL,	/* walk_alloc, walk_copy_in, walk_deliver: runaway; walk_crash: crash */
};

/* Loads of the INFO buffer in order, for explain. @count goes on past SANDBOX_TRACE_MAX. */
#define SANDBOX_TRACE_MAX 4096
struct sandbox_trace {
	size_t count;
	struct {
		uint32_t offset;
		uint32_t size;
		bool copied; /* by walk_copy_in(), which reads no value */
	} loads[SANDBOX_TRACE_MAX];
};

/*
 * Which bytes of the INFO buffer were read, a bit each, of the first SANDBOX_TOUCHED_MAX. Bytes of a copy
 * in scratch memory count when the copy is read.
 */
#define SANDBOX_TOUCHED_MAX 512
struct sandbox_touched {
	uint64_t bits[SANDBOX_TOUCHED_MAX / 64];
};

/* Marks @size bytes at @offset. */
static inline void sandbox_touch(struct sandbox_touched *touched, size_t offset, size_t size)
{
	while (size && offset < SANDBOX_TOUCHED_MAX) {
		const size_t room = 64 - offset % 64, now = size < room ? size : room;

		touched->bits[offset / 64] |= UINT64_MAX >> (64 - now) << (offset % 64);
		offset += now;
		size -= now;
	}
}

static inline bool sandbox_touch_meets(const struct sandbox_touched *a,
				       const struct sandbox_touched *b)
{
	for (size_t i = 0; i < SANDBOX_TOUCHED_MAX / 64; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

/**
 * struct walk_result - how one walk ended
 * @verdict: the parser's own, or what the sandbox saw
 * @seen_by: who said so
 * @reason: with VERDICT_REJECT, the parser's static string
 * @need: with VERDICT_TRUNCATED
 * @signal: with VERDICT_CRASH
 * @offset, @size: with VERDICT_OOB and VERDICT_WROTE, the access, counted from the start of the
 *	INFO buffer (wraps below it) or, where @scratch, of the scratch memory nearest to it; size 0
 *	where a fault did not tell
 * @loads: loads that the hooks counted, wherever they pointed; 0 where the parser has none
 * @stale: it read at @stale_at, between the bound and the length: not delivered by this reply
 * @code, @stale_code: of a parser from outside, the instruction that ended the walk, and the one of
 *	@stale; 0 where that is not known. where.h names them
 * @said: what it said before it ended the walk itself: the message of a panic; or NULL. Valid until
 *	another walk
 * @no_answer: what became of a walk, in a child, that did not come back: "does-not-end", "waits",
 *	"ended-with-status-0"; or why what came back is none: "no-such-verdict", "no-such-reason". That is
 *	no verdict; @verdict is abstain. NULL of every other walk
 * @budget: the loads of buffer and scratch that it could make
 * @spent: where bytes were marked: the least budget with which this walk would have been the same; of a
 *	runaway, all of it
 * @leaked, @leaked_code: pieces of its heap that a walk which came back had not freed, and the call that took
 *	the first of them
 * @unaligned, @unaligned_code: accesses that a processor which checks alignment would refuse, as far as the
 *	compiler told, and the first of them
 * @caps, @ncaps: what it delivered; @caps is the caller's array of INFO_LEN_MAX, set before the
 *	walk
 */
struct walk_result {
	enum verdict verdict;
	enum seen_by seen_by;
	const char *reason;
	uint32_t need;
	int signal;
	uint64_t offset;
	uint32_t size;
	bool scratch;
	uint64_t loads;
	uint64_t budget;
	uint64_t spent;
	bool stale;
	uint32_t stale_at;
	uintptr_t code;
	uintptr_t stale_code;
	const char *said;
	const char *no_answer;
	uint32_t leaked;
	uintptr_t leaked_code;
	uint32_t unaligned;
	uintptr_t unaligned_code;
	struct info_cap *caps;
	size_t ncaps;
};

/* What the caller of a walk allows. */
struct walk_limits {
	uint32_t bound;		     /* min(len, argsz): loads past it are stale */
	uint64_t budget;	     /* loads of buffer and scratch, after which it is a runaway */
	struct sandbox_trace *trace; /* or NULL */
	struct sandbox_touched *touched; /* or NULL: where the bytes that it reads are marked too */
	/* What the walk reads and writes besides, in a child too: @shared_size bytes, or NULL. */
	void *shared;
	size_t shared_size;
};

/* The most that may be. */
#define WALK_SHARED_MAX ((size_t)1 << 18)

#endif
