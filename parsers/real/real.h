/* SPDX-License-Identifier: MIT */
/*
 * What every slice stands on: functions that are cut out of a program's own source (scripts/real/) run as a
 * parser. A slice is compiled as one file: the program's shim, its functions, its adapter; so all of this is
 * static in it.
 *
 * The program asks as it does, by ioctl(), and real_ioctl() answers with the input: a reply that is longer than
 * what was asked for is told first, as the kernel tells it, by its fixed bytes and an argsz; where the program
 * asks for more than there is, the walk ends as truncated. An abort is a crash, one for lack of memory reject
 * `enomem`.
 */
#ifndef PARSERS_REAL_REAL_H
#define PARSERS_REAL_REAL_H

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "../layout.h"
#include "../parser.h"

#define REAL_FOUND_MAX	64
#define REAL_PIECES_MAX 64
/* The sandbox's heap gives no larger piece: a program's own limit is real_large()'s. */
#define REAL_PIECE_MAX	((size_t)1 << 20)
#ifndef REAL_HEAP
#define REAL_HEAP ((size_t)1 << 32)
#endif

/* A capability that a lookup found. */
struct real_found {
	uint32_t at;
	uint16_t id;
	uint16_t version;
};

/* Memory that is a reply's. */
struct real_piece {
	void *at;
	size_t size;
	bool live;
};

/**
 * real - the one walk that runs
 * @request: the INFO ioctl of its kind; @first: bytes that the program asks with first
 * @calls: how many it has made since real_begin()
 * @reply: where its last reply stands
 * @no_memory: it was refused some
 * @said: what real_leave() was given
 */
static struct {
	struct walk *walk;
	const uint8_t *info;
	uint32_t len;
	enum info_kind kind;
	unsigned long request;
	uint32_t first;
	unsigned int calls;
	const uint8_t *reply;
	struct real_found found[REAL_FOUND_MAX];
	size_t nfound;
	struct real_piece pieces[REAL_PIECES_MAX];
	size_t npieces;
	uint8_t *large;
	size_t large_used;
	bool no_memory;
	struct info_answer said;
	void *jump[5];
} real;

/* The program begins to ask anew: of a region a second time, say. */
static void real_begin(void)
{
	real.calls = 0;
}

/* What the program has put at @at somebody might read: the compiler leaves out no load for it. */
static inline __attribute__((unused)) void real_keep(const void *at)
{
	__asm__ volatile("" : : "r"(at) : "memory");
}

/* Ends the program where it stands. */
static _Noreturn void real_leave(struct info_answer said)
{
	real.said = said;
	__builtin_longjmp(real.jump, 1);
}

static _Noreturn __attribute__((unused)) void real_abort(void)
{
	walk_crash(real.walk, SIGABRT);
}

static uint32_t real_least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Four bytes of the input at @at, zeros where it has less. */
static uint32_t real_word(uint32_t at)
{
	uint32_t word = 0;

	if (at < real.len)
		memcpy(&word, real.info + at, real_least(sizeof(word), real.len - at));
	return word;
}

static bool real_grows(void)
{
	return real_word(4) & layout_infos[real.kind].caps_flag;
}

/* The reply to an INFO ioctl that asked with the argsz at @argument. 0, or -1 with errno. */
static int real_info(uint8_t *argument)
{
	const struct layout_info *const form = &layout_infos[real.kind];
	uint32_t asked;

	memcpy(&asked, argument, sizeof(asked));
	real.calls++;
	real.reply = argument;
	if (asked < form->minsz) {
		errno = EINVAL;
		return -1;
	}
	/* Only capabilities make a reply grow. A longer one without is the answer to nothing that it asks. */
	if (real.calls > 1 && asked > real.len && real.len > real.first && !real_grows())
		real_leave(answer(VERDICT_ABSTAIN));
	/* It asks for more than what it was told: the input was a reply that is not whole. */
	if (real.calls > 1 && asked > real.len)
		real_leave(answer_truncated(asked));
	walk_copy_in(real.walk, argument, 0, real_least(asked, real.len));
	if (real.calls == 1 && asked < real.len && real_grows()) {
		memcpy(argument, &real.len, sizeof(real.len));
		if (form->first.at + 4u <= asked)
			memset(argument + form->first.at, 0, 4);
	}
	return 0;
}

/* Every ioctl() of the program. Those that are not of its kind have nothing to say, and succeed. */
static __attribute__((unused)) int real_ioctl(int fd, unsigned long request, void *argument)
{
	(void)fd;
	return request == real.request ? real_info(argument) : 0;
}

/* A lookup found @header in the last reply, or nothing. Returns it. */
static __attribute__((unused)) void *real_note(void *header)
{
	struct real_found *const found = &real.found[real.nfound];
	const uint32_t at = (uint32_t)((const uint8_t *)header - real.reply);

	if (!header || real.nfound == REAL_FOUND_MAX)
		return header;
	*found = (struct real_found){at, (uint16_t)real_word(at), (uint16_t)(real_word(at) >> 16)};
	real.nfound++;
	return header;
}

/*
 * For a program that walks in line, and came back: the first capability with @id in its last reply, if it had
 * one. The way there is the one that the program has just gone without a fault.
 */
static __attribute__((unused)) void real_find(uint16_t id)
{
	uint32_t at = real_grows() ? real_word(layout_infos[real.kind].first.at) : 0;

	while (at && at < real.len && (uint16_t)real_word(at) != id)
		at = real_word(at + 4);
	if (at && at < real.len)
		real.found[real.nfound++] =
			(struct real_found){at, id, (uint16_t)(real_word(at) >> 16)};
}

/* In the place of what only tells. */
static inline __attribute__((unused)) void real_nothing(int none, ...)
{
	(void)none;
}

#define REAL_NOTE(lookup, ...) real_note((lookup)(__VA_ARGS__))

/* Hands over what lookups found and @takes, where it is given, agrees to. ok, or absent where that is nothing. */
static __attribute__((unused)) struct info_answer real_answer(
	bool (*takes)(const struct real_found *found))
{
	bool any = false;

	for (size_t i = 0; i < real.nfound; i++) {
		const struct real_found *const found = &real.found[i];
		const struct info_cap cap = {
			.offset = found->at, .id = found->id, .version = found->version};

		if (takes && !takes(found))
			continue;
		walk_deliver(real.walk, &cap);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

/*
 * Memory above a piece of the sandbox's heap, of zeros, up to REAL_HEAP bytes in a walk, for a program whose
 * allocator gives that much; NULL above. It is taken once, untouched, and cleared where it was used. Loads and
 * stores in it are not held to the size of a piece.
 */
static void *real_large(size_t size)
{
	uint8_t *at;

	if (size > REAL_HEAP - real.large_used) {
		real.no_memory = true;
		return NULL;
	}
	if (!real.large) {
		at = mmap(NULL, REAL_HEAP, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			real_leave(answer(VERDICT_ABSTAIN));
		real.large = at;
	}
	at = real.large + real.large_used;
	real.large_used += (size + 15) & ~(size_t)15;
	return at;
}

static bool real_is_large(const void *at)
{
	return real.large && (const uint8_t *)at - real.large < (ptrdiff_t)real.large_used &&
	       (const uint8_t *)at >= real.large;
}

/*
 * Memory for replies: what a program takes before its first reply came, and what it makes of that. Behind each
 * piece is more nothing than a 32-bit offset reaches, which pieces of the heap do not have.
 */
static void *real_take(size_t size)
{
	struct real_piece *const piece = &real.pieces[real.npieces];

	if (real.npieces == REAL_PIECES_MAX)
		return NULL;
	piece->at = size ? walk_alloc(real.walk, size) : NULL;
	piece->size = size;
	piece->live = piece->at != NULL;
	real.npieces += piece->live;
	return piece->at;
}

static struct real_piece *real_piece_at(const void *at)
{
	for (size_t i = 0; i < real.npieces; i++)
		if (real.pieces[i].at == at)
			return &real.pieces[i];
	return NULL;
}

static __attribute__((unused)) void *real_malloc(size_t size)
{
	if (size > REAL_PIECE_MAX)
		return real_large(size);
	return real.calls || !size ? malloc(size) : real_take(size);
}

static __attribute__((unused)) void *real_calloc(size_t count, size_t size)
{
	const size_t all = count * size;
	void *const at = real_malloc(all);

	return at && !real_is_large(at) ? memset(at, 0, all) : at;
}

static __attribute__((unused)) void real_free(void *at)
{
	struct real_piece *const piece = at ? real_piece_at(at) : NULL;

	if (piece && !piece->live)
		real_abort();
	if (piece)
		piece->live = false;
	else if (!real_is_large(at))
		free(at);
}

/* A large one keeps its place where it shrinks; a larger one still is zeros, which nobody reads. */
static __attribute__((unused)) void *real_realloc(void *at, size_t size)
{
	struct real_piece *const piece = at ? real_piece_at(at) : NULL;
	void *made;

	if (real_is_large(at))
		return size > REAL_PIECE_MAX ? real_large(size) : at;
	if (!piece && size <= REAL_PIECE_MAX)
		return realloc(at, size);
	if (piece && !piece->live)
		real_abort();
	made = size > REAL_PIECE_MAX ? real_large(size) : size ? real_take(size) : NULL;
	if (made && at && piece)
		memcpy(made, at, piece->size < size ? piece->size : size);
	else if (made && at)
		memcpy(made, at, malloc_usable_size(at));
	/* Of 0 bytes it is freed, as glibc has it. */
	if (made || !size)
		real_free(at);
	return made;
}

/* Fresh large memory is zeros: gigabytes of them are not written. */
static __attribute__((unused)) void *real_memset(void *at, int byte, size_t size)
{
	return real_is_large(at) && !byte ? at : memset(at, byte, size);
}

/*
 * Runs @program on a buffer whose first request is @first bytes. It abstains on what no program that asks so
 * can be given: a buffer that is shorter than its first request.
 */
static struct info_answer real_run(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind, uint32_t first,
				   struct info_answer (*program)(void))
{
	static const unsigned long requests[] = {VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO,
						 VFIO_IOMMU_GET_INFO};

	if (real.large_used)
		madvise(real.large, real.large_used, MADV_DONTNEED);
	real.walk = walk;
	real.info = info;
	real.len = len;
	real.kind = kind;
	real.request = requests[kind];
	real.first = first;
	real_begin();
	real.reply = info;
	real.no_memory = false;
	real.nfound = real.npieces = 0;
	real.large_used = 0;
	if (len < first)
		return answer(VERDICT_ABSTAIN);
	if (!__builtin_setjmp(real.jump))
		real.said = program();
	/* Whatever it says of that. */
	if (real.said.verdict == VERDICT_REJECT && real.no_memory)
		real.said.reason = "enomem";
	return real.said;
}

#define ioctl(fd, request, ...) real_ioctl(fd, request, __VA_ARGS__)
#define malloc(size)		real_malloc(size)
#define calloc(count, size)	real_calloc(count, size)
#define realloc(at, size)	real_realloc(at, size)
#define free(at)		real_free(at)
#define memset(at, byte, size)	real_memset(at, byte, size)

#endif
