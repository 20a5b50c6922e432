/* SPDX-License-Identifier: MIT */
/*
 * Where in its source a parser from outside did what ended its walk: the address of the instruction,
 * and its function, file and line, with those that it was inlined into.
 *
 * The address comes from a hook's return address, a signal's context, or, where the instruction is
 * libc's or the sandbox's own, the innermost frame that is the parser's. Its names come from its debug
 * information, which llvm-symbolizer reads, or addr2line where that is not here.
 */
#ifndef FUZZ_SANDBOX_WHERE_H
#define FUZZ_SANDBOX_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether @code is of the parser from outside: what own.py links stands in a section of its own. */
bool where_is_own(uintptr_t code);

/*
 * Notes the frames that are the parser's, of those that called this: where_find() of what this returns,
 * the innermost, or 0 where there is none, is of the first of them that is its author's and no language's
 * run-time; after a @panic, of the first behind such a run-time. Until the next call.
 */
uintptr_t where_called(bool panic);

/* Those frames, which another process may have noted. */
struct where_frames {
	uintptr_t code[32];
	size_t count;
	bool panic;
};
struct where_frames *where_frames(void);

/*
 * Starts @argv with nothing to read, and what it prints to be read from *@ret_out, which the caller closes
 * before it waits. -1 where it cannot be started.
 */
pid_t where_start(const char *const argv[], int *ret_out);

struct where {
	char function[160];
	char file[512];
	unsigned int line; /* 0: not known */
};

/* What stands at @code of this program, the innermost of what was inlined first. How many; they stay. */
size_t where_find(uintptr_t code, const struct where **ret_where);

/* "read_areas at mine.c:47, in read_info at mine.c:83"; NULL where nothing is known. Until the next call. */
const char *where_words(uintptr_t code);

/* Whether a function was found whose line is not known: built without -g. */
bool where_lacks_lines(void);

#endif
