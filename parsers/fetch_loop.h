/* SPDX-License-Identifier: MIT */
/*
 * The contract between a fetch loop and whatever runs it.
 *
 * A fetch loop is one program's way of asking for an INFO reply, restated: it takes memory, asks
 * with it, looks at what came, and asks again or hands a buffer to its walk. It may follow raw
 * pointers into its memory as carelessly as the program does. It runs in the sandbox, as a parser
 * does: it may be stopped at any load, at any call below, and never resumed; it must not call
 * libc's malloc.
 *
 * A loop from outside this tree, an adapter's, is the program's own code, as it is: its ioctl() of
 * VFIO's three INFO requests is fetch_ask(), any other fails with ENOTTY; its malloc() and its kin are
 * the sandbox's; its buffer may be on the heap, on its stack or static.
 */
#ifndef PARSERS_FETCH_LOOP_H
#define PARSERS_FETCH_LOOP_H

#include "parser.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The conversation that runs. Opaque to loops. */
struct fetch;

/**
 * struct fetch_loop - one way to ask
 * @name: of the program, as its parser is called where there is one
 * @summary: one line for lists
 * @trust: trusting: right where one producer answers each call alike, and what it has to say is
 *	plain; hardened: safe and right whatever the replies say
 * @source: who answers. A loop that asks a peer abstains where it would fault
 * @walk: the registered parser that reads what it hands over
 * @kinds: bit KIND of each INFO struct that it asks for
 * @run: asks, and answers as a parser does; VERDICT_OK means that fetch_hand() was called and the
 *	walk decides. @first is the input's first argsz: for a loop that leaves it to its caller, as
 *	fetch.h does. One that restates a program starts with what the program starts with
 *
 * An adapter's has @kinds and @run; all else of it is said of capchain_parser, which is its walk.
 */
struct fetch_loop {
	const char *name;
	const char *summary;
	enum info_trust trust;
	enum info_source source;
	const char *walk;
	uint32_t kinds;
	struct info_answer (*run)(struct fetch *fetch, enum info_kind kind, uint32_t first);
};

/*
 * malloc() and calloc(): @size bytes, 16-byte aligned. Above FETCH_ROOM the conversation ends with
 * `absurd-alloc`.
 */
uint8_t *fetch_alloc(struct fetch *fetch, uint32_t size);
uint8_t *fetch_zalloc(struct fetch *fetch, uint32_t size);

/*
 * realloc(): the old bytes are kept, the old pointer is gone. To 0 bytes it frees, and is NULL, as
 * glibc's.
 */
uint8_t *fetch_realloc(struct fetch *fetch, uint8_t *old, uint32_t size);

/*
 * free(); what is neither freed nor handed over when the loop ends is a `leak`. Twice is a crash.
 */
void fetch_free(struct fetch *fetch, uint8_t *info);

/*
 * The ioctl: answers into @info, of which the first word says how many bytes it has. Returns 0 or a
 * negative errno. One call more than FETCH_CALLS ends the conversation with `unbounded`; a reply
 * that is written past the allocation, with `overrun`. Memory of an adapter that is on no heap is
 * taken to have as many bytes as it says.
 */
int fetch_ask(struct fetch *fetch, uint8_t *info);

/*
 * Gives the allocation at @info to the loop's walk, and returns the answer to end with. It is freed,
 * where it is on a heap.
 */
struct info_answer fetch_hand(struct fetch *fetch, uint8_t *info);

/*
 * Calls that a conversation may take. What a driver has to tell changes as devices come and go, so
 * two or three are to be expected and eight are generous; at sixteen nobody bounds it.
 */
#define FETCH_CALLS 16

/*
 * Bytes of the largest allocation: ours, of the harness, and no limit of any kernel or program. No
 * reply that is known needs a fourth of it, so a loop that takes more on a reply's word is taken to
 * take anything. The loop `fetch` is given it as its limit; fetch.h's own default, VF_LIMIT, is
 * four times that, which changes where it says `too-large` and nothing else. Loops from outside are
 * granted that much.
 */
#define FETCH_ROOM     16384u
#define FETCH_ROOM_OWN INFO_LEN_MAX

/* What an adapter defines beside capchain_parser, where it has a loop. */
extern const struct fetch_loop capchain_loop;

#ifdef __cplusplus
}
#endif

#endif
