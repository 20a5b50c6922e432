/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the sandbox share: the one walk that runs, and the memory it may touch. A
 * member that is written inside a walk and read after it is volatile: the walk may end by a jump.
 * Those of the hooks are not: they are counted in one instruction, by functions that are never inlined.
 */
#ifndef FUZZ_SANDBOX_WALK_H
#define FUZZ_SANDBOX_WALK_H

#include "result.h"

/* Sizes of a load, as powers of two: 1 to 16 bytes. */
#define WALK_WIDTHS 5

/*
 * Leaving a walk saves no signal mask and, where the compiler can do it itself, calls nothing.
 * clang knows no such jump on arm64 and s390x: there it is libc's.
 */
#if defined(__clang__) && !defined(__x86_64__) && !defined(__i386__)
#include <setjmp.h>
typedef jmp_buf walk_jump;
#define WALK_SETJMP(jump)  _setjmp(jump)
#define WALK_LONGJMP(jump) _longjmp(jump, 1)
#else
typedef void *walk_jump[5];
#define WALK_SETJMP(jump)  __builtin_setjmp(jump)
#define WALK_LONGJMP(jump) __builtin_longjmp(jump, 1)
#endif

/* A piece of scratch memory in use. */
struct scratch_object {
	uintptr_t start;
	size_t size;
	uintptr_t slot_start;
	uintptr_t slot_end;
};

#define SCRATCH_OBJECTS_MAX 64

/* What fresh memory holds, and what stays beside it. */
#define WALK_FILL 0xc7

/*
 * Loads of the stack and of globals are a compiler's choice (a struct kept in registers at one
 * level is in memory at another; a compare that AFL++ splits loads its operand byte by byte), so a
 * walk may do this many times its budget of them: few enough that one which does nothing else still
 * ends, too many to decide between one build and the next.
 */
#define WALK_OWN_LOADS 64

/* Bytes of the buffer at @offset that were copied to @at in scratch memory. */
struct walk_copy {
	uintptr_t at;
	size_t size;
	size_t offset;
};

#define WALK_COPIES_MAX 16

struct walk {
	/* What the hooks look at comes first: it shares a cache line. */
	uintptr_t window;
	/* Offsets in the window from which a load of 1, 2, .. 16 bytes needs no look; 0 between walks. */
	uint32_t quiet[WALK_WIDTHS];
	int64_t info_left; /* loads of the buffer and of scratch memory still granted */
	int64_t own_left;  /* loads of anything else still granted */
	uintptr_t scratch; /* the last piece of scratch memory */
	volatile size_t scratch_size;
	volatile bool running;
	bool own; /* the parser is one from outside */
	uint64_t number;

	volatile int64_t copies_left; /* words that walk_copy_in() may still read */
	size_t len;
	uint32_t bound;
	struct sandbox_trace *trace;
	struct sandbox_touched *touched;
	struct walk_copy copied[WALK_COPIES_MAX]; /* kept where @touched is */
	size_t ncopied;
	struct walk_result *result;
	void *shared; /* see struct walk_limits */

	/* For the walk to set: what its ioctl() is; told how much its heap is asked for; fresh memory. */
	int (*ioctl)(unsigned long request, void *argument);
	void (*allocates)(size_t size);
	uint8_t fill;

	uintptr_t stack_top;
	struct scratch_object objects[SCRATCH_OBJECTS_MAX];
	volatile size_t nobjects;

	volatile uintptr_t left_at; /* the address of walk_leave() */
	walk_jump jump;
};

extern struct walk the_walk;

/* Has loads of the first @size bytes of the window need no look. */
static inline void walk_quieten(struct walk *walk, size_t size)
{
	const uint32_t all = (uint32_t)size, most = 1u << (WALK_WIDTHS - 1);

	for (uint32_t i = 0; i < WALK_WIDTHS; i++) {
		const uint32_t before = (1u << i) - 1;

		/* Nearly every buffer is longer than the widest load. */
		walk->quiet[i] = all >= most || all > before ? all - before : 0;
	}
}

/* Of hooks.c: where a run-time has weak hooks, nothing else would pull ours out of an archive. */
extern const char hooks_linked;

/*
 * A load of @size bytes of the INFO buffer at @offset, inside it, or a copy, by @code: held to the bound,
 * and traced.
 */
static inline void walk_saw(struct walk *walk, size_t offset, size_t size, bool copied,
			    uintptr_t code)
{
	struct sandbox_trace *const trace = walk->trace;

	/* argsz itself is read before anyone knows the bound. */
	if (offset + size > walk->bound && offset + size > sizeof(uint32_t) &&
	    !walk->result->stale) {
		walk->result->stale = true;
		walk->result->stale_at = (uint32_t)offset;
		walk->result->stale_code = code;
		/* The first is all that is told: from here on they are loads like others. */
		if (!trace && !walk->touched)
			walk_quieten(walk, walk->len);
	}
	if (walk->touched && !copied)
		sandbox_touch(walk->touched, offset, size);
	if (!trace)
		return;
	if (trace->count < SANDBOX_TRACE_MAX) {
		trace->loads[trace->count].offset = (uint32_t)offset;
		trace->loads[trace->count].size = (uint32_t)size;
		trace->loads[trace->count].copied = copied;
	}
	trace->count++;
}

/*
 * Ends the running walk with @verdict. @address and @size are of the access that did it: whose
 * memory that is, is found after the jump. @frame is the innermost stack frame that is given up.
 */
_Noreturn void walk_leave(enum verdict verdict, enum seen_by seen_by, uintptr_t address,
			  size_t size, uintptr_t frame);

#endif
