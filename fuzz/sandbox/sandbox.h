/* SPDX-License-Identifier: MIT */
/*
 * Runs one parser on one INFO buffer and says how the walk ended, whatever the parser does.
 *
 * What it guarantees: the first load outside the buffer, the first store to it, an endless walk, a
 * store past scratch memory and a fatal signal each end the walk and become its verdict; the
 * process goes on, and the next walk sees no trace of this one. No clock takes part. What it needs:
 * a parser that keeps to parser.h. It knows nothing of rules.
 *
 * Three parts do the seeing, and every result names the one that did: load hooks that the compiler
 * puts into the parser's object file; page faults in a reserved arena, under what the hooks cannot
 * see; canaries beside scratch memory. sandbox_test.c plants each fault and checks that the right
 * part saw it: when it fails, look there first.
 *
 * One sandbox a process, one thread.
 */
#ifndef FUZZ_SANDBOX_H
#define FUZZ_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

/*
 * Reserves the arena, takes over the fatal signals, and proves the hooks that this build was
 * compiled for: one planted load and store have to be heard. Call before the first walk; again is a
 * no-op. Returns 0, or -1 with one line in @ret_error that says what failed and what to do.
 */
int sandbox_open(char *ret_error, size_t error_size);

/*
 * Takes the fatal signals over (again is harmless), or gives them back. A signal outside a walk
 * goes to whoever handled it before; an engine or test runner that installs handlers of its own has
 * to do it between giving back and taking.
 */
void sandbox_take_signals(void);
void sandbox_give_signals_back(void);

/* EXIT_MISSING or EXIT_ARENA, after sandbox_open() failed. */
int sandbox_exit(void);

/* Puts @len bytes (0 to INFO_LEN_MAX) where the next walks see them. */
void sandbox_place(const uint8_t *info, size_t len);

/*
 * The same with zeros after @len bytes, @size (0 to INFO_LEN_MAX, not below @len) in all. Returns
 * what the walks see, until the next placing.
 */
const uint8_t *sandbox_place_padded(const uint8_t *info, size_t len, size_t size);

/* The same at the front of a page: of a safe or hardened parser from outside, what is before it faults. */
void sandbox_place_front(const uint8_t *info, size_t len);

/* Runs @parser on the placed buffer. */
void sandbox_walk(const struct info_parser *parser, enum info_kind kind,
		  const struct walk_limits *limits, struct walk_result *result);

/*
 * Has @see shown every walk from here on: the buffer of @len bytes as it was placed, with zeros behind
 * it up to @size, and the parser's loads of it, which are told where its object file has load hooks.
 * NULL ends that.
 */
typedef void sandbox_watcher(const uint8_t *info, size_t len, size_t size,
			     const struct sandbox_trace *trace);
void sandbox_watch(sandbox_watcher *see);

/*
 * Whether @parser's object file has load hooks, found by running it on a small plain buffer. @caps is
 * room for what it delivers.
 */
bool sandbox_has_hooks(const struct info_parser *parser, struct info_cap *caps);

/*
 * Says which parser is one from outside; NULL: none, as at first. Where it is not @hooked its walks are made
 * in a child; where it is, from the one on that the child is needed for. Its fetch loop is run as a parser of
 * its own, which is from outside as well.
 */
void sandbox_is_own(const struct info_parser *parser, bool hooked);
void sandbox_is_own_loop(const struct info_parser *loop);

/* Whether an arena stands behind the window (64-bit builds). */
bool sandbox_has_arena(void);

/*
 * Whether this machine tells a store that faults from a load (x86; arm64 as its kernel or emulator
 * says it; not s390x). Where not, a store past scratch memory that no hook hears comes out as oob.
 */
bool sandbox_tells_stores(void);

/*
 * Called once, where a signal outside of a walk, or a sanitizer's report, ends this process; NULL at
 * first.
 */
extern void (*sandbox_last_words)(void);

#endif
