/* SPDX-License-Identifier: MIT */
/*
 * Walks of a parser from outside in a process of their own, which it may end, block or change: one
 * child serves walk after walk, and another is started where it is gone.
 *
 * The buffer, what a walk may do and how it ended are in memory that both share; they take turns by a
 * futex, so that no descriptor is needed that the parser may have closed. A walk that does not come
 * back has no verdict, but a word for what became of it. The clocks that limit it decide that alone.
 */
#ifndef FUZZ_SANDBOX_CHILD_H
#define FUZZ_SANDBOX_CHILD_H

#include "result.h"

/* What walks in the child: sandbox.c's, in this process. */
typedef void child_walker(const struct info_parser *parser, enum info_kind kind,
			  const struct walk_limits *limits, struct walk_result *result);

/* Walks the placed buffer in the child, by @walk; @result->no_answer says where it did not come back. */
void child_walk(child_walker *walk, const struct info_parser *parser, enum info_kind kind,
		const struct walk_limits *limits, struct walk_result *result);

/* How many walks had to be ended, since they went on or waited for ever. */
unsigned int child_gone_on(void);

/* Whether this process is such a child. */
bool child_is_this(void);

/*
 * A parser from outside that has load hooks walks in this process, until it once calls what ends, blocks or
 * changes a process, or is in one walk for seconds: such a walk is left, and walked anew in a child
 * (process.c). This is set where the last one was.
 */
extern volatile bool process_moves;

/* Before such a walk in this process: from here on one that stays too long is left. */
void process_watch(void);

#endif
