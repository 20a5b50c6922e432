/* SPDX-License-Identifier: MIT */
/*
 * The hooks: what the compiler calls before every load and store of a parser's object file.
 *
 * clang calls __sanitizer_cov_loadN with -fsanitize-coverage=trace-loads (which needs a base level
 * beside it, or is silently nothing); gcc has no such option, but -fsanitize=thread calls
 * __tsan_readN, and linking without that flag leaves the calls to us. Both names are here, so one
 * file serves both compilers. This file itself is built without hooks.
 */
#include "scratch.h"
#include "where.h"

const char hooks_linked = 0;

#if UINTPTR_MAX > UINT32_MAX
/* Stack, globals and code are outside the arena: counted, and otherwise the parser's own. */
static inline bool is_own(uintptr_t address)
{
	return !arena_has(address);
}
#else
/* The linker's names for where the section lies that the Makefile puts parsers' data into. */
extern const char __start_parsers_own, __stop_parsers_own;

/*
 * Without an arena, what is neither this walk's stack nor data of parsers is not the parser's: a
 * wild offset may land in ours, of which there is much more.
 */
static inline bool is_own(uintptr_t address)
{
	return (address >= (uintptr_t)&__start_parsers_own &&
		address < (uintptr_t)&__stop_parsers_own) ||
	       (address >= (uintptr_t)__builtin_frame_address(0) && address < the_walk.stack_top);
}
#endif

/* What is behind the call of a hook: the instruction that loads or stores. A byte of the call stands for it. */
#define HOOKED ((uintptr_t)__builtin_return_address(0))

static _Noreturn void leave(enum verdict verdict, uintptr_t address, size_t size, uintptr_t frame,
			    uintptr_t behind)
{
	const uintptr_t code = behind - 1;

	/* That of an atomic access is ours. */
	the_walk.result->code = !the_walk.own || where_is_own(code) ? code : 0;
	walk_leave(verdict, SEEN_BY_HOOK, address, size, frame);
}

static __attribute__((noinline, cold)) void on_load_too_many(uintptr_t address, size_t size,
							     uintptr_t behind)
{
	if (the_walk.running)
		leave(VERDICT_RUNAWAY, address, size, (uintptr_t)__builtin_frame_address(0),
		      behind);
}

/* A load of scratch memory is one of the buffer where a copy of it stands. */
static void touch_copied(struct walk *walk, uintptr_t address, size_t size)
{
	for (size_t i = 0; i < walk->ncopied; i++) {
		const struct walk_copy *const copy = &walk->copied[i];
		const uintptr_t start = address > copy->at ? address : copy->at;
		const uintptr_t end = address + size < copy->at + copy->size
					      ? address + size
					      : copy->at + copy->size;

		if (start < end)
			sandbox_touch(walk->touched, copy->offset + (start - copy->at),
				      end - start);
	}
}

/* Every load of the arena but the plainest: outside the buffer, past the bound, traced. */
static __attribute__((noinline)) void on_other_load(uintptr_t address, size_t size,
						    uintptr_t behind)
{
	const uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	struct walk *const walk = &the_walk;
	const uintptr_t offset = address - walk->window;
	const struct scratch_object *object;

	if (!walk->running)
		return;
	if (--walk->info_left < 0)
		leave(VERDICT_RUNAWAY, address, size, frame, behind);
	/* The whole load lies inside the buffer. */
	if (offset < walk->len && size <= walk->len - offset) {
		walk_saw(walk, offset, size, false, behind - 1);
		return;
	}
	object = scratch_find(address);
	/* The whole load lies inside one piece of scratch memory. */
	if (object && size <= object->start + object->size - address) {
		if (walk->touched)
			touch_copied(walk, address, size);
		return;
	}
	leave(VERDICT_OOB, address, size, frame, behind);
}

static inline bool lies_in(uintptr_t address, size_t size, uintptr_t start, size_t length)
{
	return address - start < length && size <= length - (address - start);
}

/* Whether the whole load lies inside the bound. Of a size that the compiler knows, one comparison tells. */
static inline __attribute__((always_inline)) bool is_quiet(uintptr_t address, size_t size)
{
	const struct walk *const walk = &the_walk;

	if (__builtin_constant_p(size))
		return address - walk->window < walk->quiet[__builtin_ctzl(size)];
	return lies_in(address, size, walk->window, walk->quiet[0]);
}

/* Takes one load off an account; false where none was left. */
static inline __attribute__((always_inline)) bool take(int64_t *left)
{
	/* So that it is one instruction on memory, and a jump. */
	return !__builtin_sub_overflow(*(uint64_t *)left, (uint64_t)1, (uint64_t *)left);
}

/*
 * The path of nearly every load, and so of most of a fuzz run's time: a handful of instructions. The whole load
 * lies inside the bound; or it is the parser's own; or it lies in the last scratch memory; and is in the budget.
 */
static inline __attribute__((always_inline)) void on_load(uintptr_t address, size_t size,
							  uintptr_t behind)
{
	struct walk *const walk = &the_walk;

	if (is_quiet(address, size)) {
		if (!take(&walk->info_left))
			on_load_too_many(address, size, behind);
	} else if (is_own(address)) {
		if (!take(&walk->own_left))
			on_load_too_many(address, size, behind);
	} else if (lies_in(address, size, walk->scratch, walk->scratch_size)) {
		if (!take(&walk->info_left))
			on_load_too_many(address, size, behind);
	} else {
		on_other_load(address, size, behind);
	}
}

/*
 * A store into the arena that is not wholly inside one piece of scratch memory: it could land in a
 * slot that no guard page or canary is near to. Stores that no hook hears (struct copies, memset)
 * are left to those.
 */
static __attribute__((noinline)) void on_arena_store(uintptr_t address, size_t size,
						     uintptr_t behind)
{
	const struct scratch_object *const object = scratch_find(address);
	const uintptr_t end = object ? object->start + object->size : address;

	/* The whole store lies inside one piece of scratch memory. */
	if (!the_walk.running || (object && size <= end - address))
		return;
	/* Its first byte outside, as a canary tells it. */
	leave(VERDICT_WROTE, end, size - (end - address), (uintptr_t)__builtin_frame_address(0),
	      behind);
}

static inline __attribute__((always_inline)) void on_store(uintptr_t address, size_t size,
							   uintptr_t behind)
{
	/* The whole store lies inside the last scratch memory, or in no memory of walks. */
	if (!lies_in(address, size, the_walk.scratch, the_walk.scratch_size) && !is_own(address))
		on_arena_store(address, size, behind);
}

/* The compiler took the address for an aligned one. */
static void tell_unaligned(uintptr_t behind)
{
	struct walk *const walk = &the_walk;

	if (walk->running && walk->own && !walk->result->unaligned++)
		walk->result->unaligned_code = behind - 1;
}

#define COV_LOAD(size)                                                                             \
	void __sanitizer_cov_load##size(const void *address);                                      \
	void __sanitizer_cov_load##size(const void *address)                                       \
	{                                                                                          \
		on_load((uintptr_t)address, size, HOOKED);                                         \
	}
COV_LOAD(1)
COV_LOAD(2)
COV_LOAD(4)
COV_LOAD(8)
COV_LOAD(16)

#define COV_STORE(size)                                                                            \
	void __sanitizer_cov_store##size(const void *address);                                     \
	void __sanitizer_cov_store##size(const void *address)                                      \
	{                                                                                          \
		on_store((uintptr_t)address, size, HOOKED);                                        \
	}
COV_STORE(1)
COV_STORE(2)
COV_STORE(4)
COV_STORE(8)
COV_STORE(16)

/* gcc's names. */
#define TSAN_ALIGNED(suffix, size, on_access)                                                      \
	void __tsan_##suffix(const void *address);                                                 \
	void __tsan_##suffix(const void *address)                                                  \
	{                                                                                          \
		if (__builtin_expect((uintptr_t)address % size, 0))                                \
			tell_unaligned(HOOKED);                                                    \
		on_access((uintptr_t)address, size, HOOKED);                                       \
	}
#define TSAN_ACCESS(suffix, size, on_access)                                                       \
	void __tsan_##suffix(const void *address);                                                 \
	void __tsan_##suffix(const void *address)                                                  \
	{                                                                                          \
		on_access((uintptr_t)address, size, HOOKED);                                       \
	}
TSAN_ACCESS(read1, 1, on_load)
TSAN_ALIGNED(read2, 2, on_load)
TSAN_ALIGNED(read4, 4, on_load)
TSAN_ALIGNED(read8, 8, on_load)
TSAN_ACCESS(read16, 16, on_load)
TSAN_ACCESS(unaligned_read2, 2, on_load)
TSAN_ACCESS(unaligned_read4, 4, on_load)
TSAN_ACCESS(unaligned_read8, 8, on_load)
TSAN_ACCESS(unaligned_read16, 16, on_load)
TSAN_ACCESS(write1, 1, on_store)
TSAN_ALIGNED(write2, 2, on_store)
TSAN_ALIGNED(write4, 4, on_store)
TSAN_ALIGNED(write8, 8, on_store)
TSAN_ACCESS(write16, 16, on_store)
TSAN_ACCESS(unaligned_write2, 2, on_store)
TSAN_ACCESS(unaligned_write4, 4, on_store)
TSAN_ACCESS(unaligned_write8, 8, on_store)
TSAN_ACCESS(unaligned_write16, 16, on_store)

void __tsan_func_entry(const void *caller);
void __tsan_func_entry(const void *caller)
{
	(void)caller;
}

void __tsan_read_range(const void *address, size_t size);
void __tsan_read_range(const void *address, size_t size)
{
	on_load((uintptr_t)address, size, HOOKED);
}

void __tsan_write_range(const void *address, size_t size);
void __tsan_write_range(const void *address, size_t size)
{
	on_store((uintptr_t)address, size, HOOKED);
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/*
 * What clang's -fsanitize=kernel-address calls where it is told to call for each access, under the names that
 * heap.syms gives them. A size in a name is of an access that the compiler takes to be aligned.
 */
#define SIZED(does, size, on_access)                                                               \
	void capchain_##does##size(const void *address);                                           \
	void capchain_##does##size(const void *address)                                            \
	{                                                                                          \
		if (__builtin_expect((uintptr_t)address % (size < 8 ? size : 8), 0))               \
			tell_unaligned(HOOKED);                                                    \
		on_access((uintptr_t)address, size, HOOKED);                                       \
	}
#define ANY_SIZE(does, on_access)                                                                  \
	void capchain_##does##N(const void *address, size_t size);                                 \
	void capchain_##does##N(const void *address, size_t size)                                  \
	{                                                                                          \
		on_access((uintptr_t)address, size, HOOKED);                                       \
	}
SIZED(load, 1, on_load)
SIZED(load, 2, on_load)
SIZED(load, 4, on_load)
SIZED(load, 8, on_load)
SIZED(load, 16, on_load)
ANY_SIZE(load, on_load)
SIZED(store, 1, on_store)
SIZED(store, 2, on_store)
SIZED(store, 4, on_store)
SIZED(store, 8, on_store)
SIZED(store, 16, on_store)
ANY_SIZE(store, on_store)

void capchain_no_return(void);
void capchain_no_return(void)
{
}
