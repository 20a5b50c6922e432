/* SPDX-License-Identifier: MIT */
/*
 * The judge of conversations: every fetch loop against one script, each in the sandbox, then its
 * walk on the buffer that it handed over, and what came of it held to the reply that was the last.
 *
 * It fills a struct judge as judge_read() does, so that findings, verdicts and reports are the
 * same: its parsers are the loops, it converses, and its kind is the INFO struct that the
 * conversation is about. The reference is what is right of the last reply that the loop `fetch`
 * got; where that loop gave up it is a reject without a rule. A conversation is plain where one
 * producer, and one of those that the loop asks, answers each call alike, and what it has to say is
 * plain; any other is odd at best, and there a trusting loop promises nothing.
 *
 * What an answer rests on is found by asking again, not by watching loads, so that it is the same
 * in every build: a second trial over memory with other bytes in it shows `unwritten`, a third in
 * which all replies but the last are turned over shows `earlier-reply`.
 */
#ifndef FUZZ_FETCH_FETCH_JUDGE_H
#define FUZZ_FETCH_FETCH_JUDGE_H

#include "../judge/judge.h"
#include "host.h"

/* Every loop, sorted by name, that of an adapter among them. */
extern const struct fetch_loop *const *fetch_loops;
extern size_t fetch_loop_count;

/* The registered parser that reads what @loop hands over, or NULL. */
const struct info_parser *fetch_walk(const struct fetch_loop *loop);

/* Leaves an adapter's and the reference of them, before there is a judge. */
#define FETCH_REFERENCE "fetch"
void fetch_loops_alone(void);

/*
 * A judge over @count loops, of which one is `fetch`. One a process. NULL with one line in
 * @ret_error when memory is short, a loop's walk is not registered, or the sandbox cannot be
 * opened.
 */
struct judge *fetch_judge_new(const struct fetch_loop *const *loops, size_t count, char *ret_error,
			      size_t error_size);

/* Judges the conversation that @len bytes (0 to INFO_LEN_MAX) at @bytes are. */
void fetch_judge_read(struct judge *judge, const uint8_t *bytes, size_t len);

/* The trial of the loop that was judged last, for explain; NULL where @i does not read its kind. */
const struct fetch_trial *fetch_judge_trial(size_t i);

#endif
