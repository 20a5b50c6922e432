/* SPDX-License-Identifier: MIT */
/*
 * What a file that `capchain emit` writes says of its walk, and how its program ends. This header
 * and emit_host.c are written into every such file, after the parser's own source: they stand where
 * the sandbox and the judge stand here, and need nothing but libc.
 */
#ifndef FUZZ_TRIAGE_EMIT_HOST_H
#define FUZZ_TRIAGE_EMIT_HOST_H

#include "../../parsers/parser.h"

/* HOST_EXIT(name, status, words): how the program ends. 1 is AddressSanitizer's own. */
#define HOST_EXITS(HOST_EXIT)                                                                      \
	HOST_EXIT(AGREES, 0, "agrees with the reference")                                          \
	HOST_EXIT(NO_MEMORY, 2, "no address space to walk in")                                     \
	HOST_EXIT(WRONG_CAPS, 10, "wrong-caps")                                                    \
	HOST_EXIT(WRONG_PAYLOAD, 11, "wrong-payload")                                              \
	HOST_EXIT(REJECTS_VALID, 12, "rejects-valid")                                              \
	HOST_EXIT(ACCEPTS_MALFORMED, 13, "accepts-malformed")                                      \
	HOST_EXIT(ABSENT_FOR_UNREADABLE, 14, "absent-for-unreadable")                              \
	HOST_EXIT(WRONG_REFUSAL, 15, "wrong-refusal")                                              \
	HOST_EXIT(OOB, 20, "oob")                                                                  \
	HOST_EXIT(STALE, 21, "stale")                                                              \
	HOST_EXIT(RUNAWAY, 22, "runaway")                                                          \
	HOST_EXIT(WROTE, 23, "wrote")                                                              \
	HOST_EXIT(CRASH, 24, "crash")

enum host_exit {
#define HOST_EXIT(name, status, words) HOST_##name = (status),
	HOST_EXITS(HOST_EXIT)
#undef HOST_EXIT
};

/*
 * A capability of the reference that the parser has to deliver; @payload: its payload counts too.
 */
struct host_want {
	struct info_cap cap;
	bool payload;
};

/**
 * struct host_case - the walk in question, and what is right
 * @parser, @walk: whose walk, and the call
 * @info, @len: the buffer
 * @bound: min(len, argsz), past which a hardened parser must not read
 * @budget: loads of the buffer, or words copied in, after which the walk is a runaway
 * @shows: how the walk ended when the file was written
 * @reference, @need, @reason: what is right; @reason is "" but for a reject
 * @list: it delivers in chain order
 * @matches: what it delivers is held to @want: the chain can be read, or a lookup ends before the
 *	point from where on it cannot
 * @want, @nwant: the capabilities that the parser has to deliver
 * @rules, @nrules: reasons that are names of rules, so that a hardened parser must mean them
 */
struct host_case {
	const struct info_parser *parser;
	struct info_answer (*walk)(struct walk *walk, const void *info, uint32_t len);
	const uint8_t *info;
	uint32_t len;
	uint32_t bound;
	uint64_t budget;
	enum verdict shows;
	enum verdict reference;
	uint32_t need;
	const char *reason;
	bool list;
	bool matches;
	const struct host_want *want;
	size_t nwant;
	const char *const *rules;
	size_t nrules;
};

extern const struct host_case host_case;

#endif
