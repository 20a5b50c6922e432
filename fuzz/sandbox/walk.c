/* SPDX-License-Identifier: MIT */
/* The one walk that runs, and how it is left before its end; see walk.h. */
#include "walk.h"

#include "where.h"

struct walk the_walk;

#if defined(__has_feature)
#define HAS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#else
#define HAS_ASAN 0
#endif

/*
 * ASan keeps redzones of stack frames in its shadow; frames that are jumped over leave theirs. Not
 * called where there is no ASan: OSS-Fuzz takes one such call for a build with mixed sanitizers.
 */
#if HAS_ASAN
void __asan_unpoison_memory_region(const volatile void *at, size_t size);
#else
#define __asan_unpoison_memory_region(at, size) ((void)(at), (void)(size))
#endif

/*
 * Not instrumented: AddressSanitizer would unpoison the whole stack, with a system call, before
 * every jump; what is jumped over is unpoisoned here.
 */
__attribute__((no_sanitize_address)) _Noreturn void walk_leave(enum verdict verdict,
							       enum seen_by seen_by,
							       uintptr_t address, size_t size,
							       uintptr_t frame)
{
	struct walk_result *const result = the_walk.result;

	the_walk.running = false;
	walk_quieten(&the_walk, 0);
	result->verdict = verdict;
	result->seen_by = seen_by;
	/* What is in libc or in the sandbox was called by the parser. */
	if (the_walk.own && !result->code)
		result->code = where_called(false);
	the_walk.left_at = address;
	result->size = (uint32_t)size;
	if (frame < the_walk.stack_top)
		__asan_unpoison_memory_region((const void *)frame, the_walk.stack_top - frame);
	WALK_LONGJMP(the_walk.jump);
}
