/* SPDX-License-Identifier: MIT */
/* malloc() and its family for parsers that have their own; see heap.h. */
#include "heap.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "where.h"

#define PIECE_MAX  ((size_t)1 << 20)
#define FILL	   WALK_FILL
#define CANARY_LEN 16

/* The smallest slots are as many as an INFO buffer has room for headers, twice. */
#if UINTPTR_MAX > UINT32_MAX
enum { SMALL = 16384, MIDDLE = 512, LARGE = 64 };
#else
enum { SMALL = 64, MIDDLE = 8, LARGE = 2 };
#endif

/* A piece, live or freed. freed_next is 1 + the number of the piece that was freed after it. */
struct piece {
	struct scratch_object object;
	bool live;
	uintptr_t code; /* that asked for it */
	uint32_t freed_next;
};

size_t heap_pieces, heap_live;

static struct piece small[SMALL], middle[MIDDLE], large[LARGE];

/* Slots of one size: [0, used) have been handed out in this walk, and all else is inaccessible. */
static struct slots {
	size_t size;
	const size_t count;
	struct piece *const pieces;
	uintptr_t start;
	size_t used;
	uint32_t freed_first, freed_last;
} classes[] = {
	{.size = 4096, .count = SMALL, .pieces = small},
	{.size = 65536 + 4096, .count = MIDDLE, .pieces = middle},
	{.size = PIECE_MAX, .count = LARGE, .pieces = large},
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static size_t stride(const struct slots *slots)
{
	return slots->size + the_arena.page;
}

size_t heap_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < CLASSES; i++) {
		classes[i].size = arena_pages(classes[i].size);
		size += classes[i].count * stride(&classes[i]);
	}
	return size;
}

void heap_open(uintptr_t at)
{
	for (size_t i = 0; i < CLASSES; i++) {
		classes[i].start = at;
		at += classes[i].count * stride(&classes[i]);
	}
}

/* Only a limit on mappings makes this fail, and then no verdict would be worth anything. */
static void protect(uintptr_t at, size_t size, int how)
{
	if (mprotect((void *)at, size, how) == 0)
		return;
	the_walk.running = false;
	fprintf(stderr, "capchain: cannot guard a parser's memory: %s; raise vm.max_map_count\n",
		strerror(errno));
	_exit(EXIT_ARENA);
}

void heap_reset(void)
{
	heap_pieces = heap_live = 0;
	for (size_t i = 0; i < CLASSES; i++) {
		struct slots *const slots = &classes[i];

		if (!slots->used)
			continue;
		protect(slots->start, slots->used * stride(slots), PROT_NONE);
		memset(slots->pieces, 0, slots->used * sizeof(*slots->pieces));
		slots->used = slots->freed_first = slots->freed_last = 0;
	}
}

/* The piece whose slot, or the page behind it, @address is in. */
static struct piece *piece_at(uintptr_t address, struct slots **ret_slots)
{
	for (size_t i = 0; i < CLASSES; i++) {
		struct slots *const slots = &classes[i];

		if (address - slots->start >= slots->used * stride(slots))
			continue;
		*ret_slots = slots;
		return &slots->pieces[(address - slots->start) / stride(slots)];
	}
	return NULL;
}

struct scratch_object *heap_find(uintptr_t address)
{
	struct slots *slots;
	struct piece *const piece = piece_at(address, &slots);

	/* The address lies inside a live piece. */
	if (piece && piece->live && address - piece->object.start < piece->object.size)
		return &piece->object;
	return NULL;
}

const struct scratch_object *heap_nearest(uintptr_t address)
{
	struct slots *slots;
	const struct piece *const piece = piece_at(address, &slots);

	return piece ? &piece->object : NULL;
}

uintptr_t heap_leak(void)
{
	for (size_t i = 0; i < CLASSES; i++)
		for (size_t n = 0; n < classes[i].used; n++)
			if (classes[i].pieces[n].live)
				return classes[i].pieces[n].code;
	return 0;
}

static uintptr_t canary_before(const struct scratch_object *object)
{
	return object->start - object->slot_start < CANARY_LEN ? object->slot_start
							       : object->start - CANARY_LEN;
}

static size_t unchanged(uintptr_t at, uintptr_t end)
{
	size_t i = 0;

	while (at + i < end && ((const uint8_t *)at)[i] == FILL)
		i++;
	return i;
}

/* Whether a byte beside the piece changed, and where, counted from its start. */
static bool spoiled(const struct scratch_object *object, uint64_t *ret_at)
{
	const uintptr_t before = canary_before(object), after = object->start + object->size;
	const uintptr_t low = before + unchanged(before, object->start);
	const uintptr_t high = after + unchanged(after, object->slot_end);

	if (low == object->start && high == object->slot_end)
		return false;
	*ret_at = (low < object->start ? low : high) - object->start;
	return true;
}

bool heap_spoiled(uint64_t *ret_at)
{
	for (size_t i = 0; i < CLASSES; i++)
		for (size_t n = 0; n < classes[i].used; n++)
			if (classes[i].pieces[n].live &&
			    spoiled(&classes[i].pieces[n].object, ret_at))
				return true;
	return false;
}

static _Noreturn void leave(enum verdict verdict, enum seen_by seen_by, uintptr_t address)
{
	walk_leave(verdict, seen_by, address, 0, (uintptr_t)__builtin_frame_address(0));
}

/* Each call counts as a load of the parser's own: a walk that only allocates has an end too. */
static void count_call(void)
{
	if (--the_walk.own_left < 0)
		leave(VERDICT_RUNAWAY, SEEN_BY_CALL, 0);
}

/* A slot of @slots that nobody has, by number, or -1. */
static long take_fresh(struct slots *slots)
{
	return slots->used < slots->count ? (long)slots->used++ : -1;
}

static long take_freed(struct slots *slots)
{
	const uint32_t first = slots->freed_first;

	if (!first)
		return -1;
	slots->freed_first = slots->pieces[first - 1].freed_next;
	return (long)first - 1;
}

static struct piece *take(size_t size, long (*take_from)(struct slots *slots))
{
	for (size_t i = 0; i < CLASSES; i++) {
		struct slots *const slots = &classes[i];
		const long n = size <= slots->size ? take_from(slots) : -1;

		if (n < 0)
			continue;
		slots->pieces[n].object.slot_start = slots->start + (size_t)n * stride(slots);
		slots->pieces[n].object.slot_end = slots->pieces[n].object.slot_start + slots->size;
		return &slots->pieces[n];
	}
	return NULL;
}

static void *allocate(size_t size, size_t alignment)
{
	struct scratch_object *object;
	struct piece *piece;
	uintptr_t before;

	count_call();
	if (the_walk.allocates)
		the_walk.allocates(size);
	/* Only what is no larger than the largest slot, whatever the alignment takes of it. */
	if (size > PIECE_MAX - (alignment > 16 ? 4096 : 0) || alignment > 4096) {
		errno = ENOMEM;
		return NULL;
	}
	alignment = alignment < 16 ? 16 : alignment;
	piece = take(size + (alignment > 16 ? alignment : 0), take_fresh);
	if (!piece)
		piece = take(size + (alignment > 16 ? alignment : 0), take_freed);
	if (!piece)
		leave(VERDICT_RUNAWAY, SEEN_BY_CALL, 0);
	object = &piece->object;
	object->size = size;
	object->start = (object->slot_end - size) & ~(uintptr_t)(alignment - 1);
	piece->live = true;
	piece->code = the_walk.allocates ? where_called(false) : 0;
	heap_pieces++;
	heap_live++;
	protect(object->slot_start, object->slot_end - object->slot_start, PROT_READ | PROT_WRITE);
	before = canary_before(object);
	memset((void *)before, FILL, object->slot_end - before);
	if (the_walk.fill != FILL)
		memset((void *)object->start, the_walk.fill, size);
	the_walk.scratch = object->start;
	the_walk.scratch_size = size;
	return (void *)object->start;
}

/* The live piece that starts at @at. glibc aborts where there is none, and so does the walk. */
static struct piece *live_piece(void *at, struct slots **ret_slots)
{
	struct piece *const piece = piece_at((uintptr_t)at, ret_slots);

	if (piece && piece->live && piece->object.start == (uintptr_t)at)
		return piece;
	the_walk.result->signal = SIGABRT;
	leave(VERDICT_CRASH, SEEN_BY_CALL, (uintptr_t)at);
}

static bool in_arena(const void *at)
{
	return arena_has((uintptr_t)at);
}

void *capchain_malloc(size_t size)
{
	return the_walk.running ? allocate(size, 16) : malloc(size);
}

void capchain_free(void *at)
{
	struct slots *slots;
	struct piece *piece;
	uint64_t where;
	uint32_t number;

	/* What libc gave out before the walk, or through a call of its own, is libc's to free. */
	if (!in_arena(at)) {
		free(at);
		return;
	}
	/* Of a walk that is over: gone already. */
	if (!the_walk.running)
		return;
	count_call();
	piece = live_piece(at, &slots);
	if (spoiled(&piece->object, &where))
		leave(VERDICT_WROTE, SEEN_BY_CANARY, piece->object.start + (uintptr_t)where);
	piece->live = false;
	heap_live--;
	piece->freed_next = 0;
	number = (uint32_t)(piece - slots->pieces) + 1;
	if (slots->freed_first)
		slots->pieces[slots->freed_last - 1].freed_next = number;
	else
		slots->freed_first = number;
	slots->freed_last = number;
	protect(piece->object.slot_start, slots->size, PROT_NONE);
	if (the_walk.scratch == piece->object.start)
		the_walk.scratch_size = 0;
}

void *capchain_calloc(size_t count, size_t size)
{
	size_t product;
	void *at;

	if (!the_walk.running)
		return calloc(count, size);
	if (__builtin_mul_overflow(count, size, &product))
		product = SIZE_MAX;
	at = allocate(product, 16);
	return at ? memset(at, 0, product) : NULL;
}

void *capchain_realloc(void *at, size_t size)
{
	struct slots *slots;
	size_t kept;
	void *made;

	if (!the_walk.running || (at && !in_arena(at)))
		return realloc(at, size);
	if (!at)
		return allocate(size, 16);
	/* As glibc has it: freed, and no piece of 0 bytes. */
	if (size == 0) {
		capchain_free(at);
		return NULL;
	}
	kept = live_piece(at, &slots)->object.size;
	made = allocate(size, 16);
	if (!made)
		return NULL;
	memcpy(made, at, kept < size ? kept : size);
	capchain_free(at);
	the_walk.scratch = (uintptr_t)made;
	the_walk.scratch_size = size;
	return made;
}

void *capchain_reallocarray(void *at, size_t count, size_t size)
{
	size_t product;

	if (__builtin_mul_overflow(count, size, &product))
		product = SIZE_MAX;
	return capchain_realloc(at, product);
}

static bool is_power(size_t alignment)
{
	return alignment && !(alignment & (alignment - 1));
}

/* glibc takes any alignment for the next power of two. */
void *capchain_memalign(size_t alignment, size_t size)
{
	size_t power = 16;

	if (!the_walk.running)
		return memalign(alignment, size);
	if (alignment > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	while (power < alignment)
		power *= 2;
	return allocate(size, power);
}

/* From 2.38 on glibc refuses what is no power of two here. A sanitizer's would end the process. */
static bool refuses_alignments(void)
{
	unsigned int major = 0, minor = 0;

	return sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor) == 2 &&
	       (major > 2 || minor >= 38);
}

void *capchain_aligned_alloc(size_t alignment, size_t size)
{
	if (!the_walk.running)
		return aligned_alloc(alignment, size);
	if (!is_power(alignment) && refuses_alignments()) {
		errno = EINVAL;
		return NULL;
	}
	return capchain_memalign(alignment, size);
}

int capchain_posix_memalign(void **ret_at, size_t alignment, size_t size)
{
	void *at;

	if (!the_walk.running)
		return posix_memalign(ret_at, alignment, size);
	if (alignment % sizeof(void *) || !is_power(alignment))
		return EINVAL;
	at = capchain_memalign(alignment, size);
	if (!at)
		return ENOMEM;
	*ret_at = at;
	return 0;
}

void *capchain_valloc(size_t size)
{
	return capchain_memalign(arena_pages(1), size);
}

void *capchain_pvalloc(size_t size)
{
	return capchain_memalign(arena_pages(1), size > PIECE_MAX ? size : arena_pages(size));
}

/* What was asked for: glibc may say more, and that would be used. */
size_t capchain_malloc_usable_size(void *at)
{
	struct slots *slots;

	return in_arena(at) ? live_piece(at, &slots)->object.size : malloc_usable_size(at);
}

char *capchain_strndup(const char *text, size_t max)
{
	const size_t len = strnlen(text, max);
	char *const made = capchain_malloc(len + 1);

	if (!made)
		return NULL;
	memcpy(made, text, len);
	made[len] = '\0';
	return made;
}

char *capchain_strdup(const char *text)
{
	return capchain_strndup(text, strlen(text));
}

/* libstdc++'s, which the link has where the adapter is C++. */
__attribute__((weak)) void _ZSt17__throw_bad_allocv(void);

void *capchain_new_aligned(size_t size, size_t alignment)
{
	void *const at = capchain_aligned_alloc(alignment, size);

	if (at)
		return at;
	if (_ZSt17__throw_bad_allocv)
		_ZSt17__throw_bad_allocv();
	abort();
}

void *capchain_new(size_t size)
{
	return capchain_new_aligned(size, 16);
}

/* heap.syms wants a name for each: libc's other ones, then new and delete in all their forms. */
#define SAME(name, as) extern __typeof__(as) name __attribute__((alias(#as)))

SAME(capchain___strdup, capchain_strdup);
SAME(capchain___strndup, capchain_strndup);
SAME(capchain_Znam, capchain_new);
SAME(capchain_ZnwmSt11align_val_t, capchain_new_aligned);
SAME(capchain_ZnamSt11align_val_t, capchain_new_aligned);
SAME(capchain_ZnwmRKSt9nothrow_t, capchain_malloc);
SAME(capchain_ZnamRKSt9nothrow_t, capchain_malloc);
SAME(capchain_ZdlPv, capchain_free);
SAME(capchain_ZdaPv, capchain_free);
SAME(capchain_ZdlPvm, capchain_free);
SAME(capchain_ZdaPvm, capchain_free);
SAME(capchain_ZdlPvSt11align_val_t, capchain_free);
SAME(capchain_ZdaPvSt11align_val_t, capchain_free);
SAME(capchain_ZdlPvmSt11align_val_t, capchain_free);
SAME(capchain_ZdaPvmSt11align_val_t, capchain_free);
SAME(capchain_ZdlPvRKSt9nothrow_t, capchain_free);
SAME(capchain_ZdaPvRKSt9nothrow_t, capchain_free);
