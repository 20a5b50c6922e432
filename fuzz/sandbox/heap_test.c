/* SPDX-License-Identifier: MIT */
/*
 * The heap of parsers that bring their own malloc() calls, without load hooks: this file has none,
 * as an object that somebody hands over may have none. Each fault is planted and seen by the part
 * that should see it; with hooks, scripts/fuzz/own_test.py plants them. When a row fails: look whether
 * heap.c still guards and spoils what it says.
 */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap.h"
#include "sandbox.h"

#define LEN 40

static volatile uint64_t sink;
static volatile size_t zero;
static volatile uint8_t *kept;

#define READ(name)                                                                                 \
	static struct info_answer name(                                                            \
		struct walk *w __attribute__((unused)), const void *info __attribute__((unused)),  \
		uint32_t len __attribute__((unused)), enum info_kind kind __attribute__((unused)))

/* What each test of memory comes to. */
static struct info_answer holds(bool it_does)
{
	return it_does ? answer(VERDICT_OK) : answer_reject("does-not-hold");
}

static bool is_all(const uint8_t *at, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != byte)
			return false;
	return true;
}

READ(uses_it)
{
	uint8_t *a = capchain_malloc(20), *const b = capchain_calloc(5, 8);
	bool good = a && b && a != b && is_all(a, 20, 0xc7) && is_all(b, 40, 0);

	memset(a, 1, 20);
	a = capchain_realloc(a, 5000);
	good &= is_all(a, 20, 1) && is_all(a + 20, 4980, 0xc7);
	a = capchain_reallocarray(a, 2, 5);
	good &= is_all(a, 10, 1);
	capchain_free(a);
	capchain_free(b);
	capchain_free(NULL);
	return holds(good);
}

READ(refused_sizes)
{
	void *at = &at;

	return holds(!capchain_malloc((1 << 20) + 1) && errno == ENOMEM &&
		     !capchain_calloc(SIZE_MAX / 2, 3) &&
		     !capchain_reallocarray(NULL, SIZE_MAX, 2) &&
		     capchain_posix_memalign(&at, 64, SIZE_MAX) == ENOMEM && at == &at &&
		     capchain_malloc(1 << 20));
}

READ(aligned)
{
	void *at = NULL;
	bool good = true;

	for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
		good &= capchain_posix_memalign(&at, alignment, 100) == 0;
		good &= (uintptr_t)at % alignment == 0;
		memset(at, 1, 100);
		at = capchain_aligned_alloc(alignment, alignment);
		good &= (uintptr_t)at % alignment == 0;
		memset(at, 1, alignment);
	}
	return holds(good);
}

READ(strings)
{
	char *const a = capchain_strdup("sparse"), *const b = capchain_strndup("sparse", 3);

	return holds(strcmp(a, "sparse") == 0 && strcmp(b, "spa") == 0);
}

/* Two pieces of no bytes are two, as glibc's are, and can be freed. */
READ(no_bytes)
{
	void *const a = capchain_malloc(0), *const b = capchain_malloc(0);

	capchain_free(a);
	capchain_free(b);
	return holds(a && b && a != b);
}

READ(no_bytes_load)
{
	sink = *(volatile uint8_t *)capchain_malloc(zero);
	return answer(VERDICT_OK);
}

READ(over_page)
{
	((volatile uint8_t *)capchain_malloc(32))[32 + zero] = 1;
	return answer(VERDICT_OK);
}

READ(over_by_one)
{
	((volatile uint8_t *)capchain_malloc(20))[20 + zero] = 1;
	return answer(VERDICT_OK);
}

READ(under)
{
	*((volatile uint8_t *)capchain_malloc(20) - 1 - zero) = 1;
	return answer(VERDICT_OK);
}

/* A spoiled neighbourhood is found when the piece is freed, too. */
READ(over_then_free)
{
	uint8_t *const at = capchain_malloc(20);

	((volatile uint8_t *)at)[20 + zero] = 1;
	capchain_free(at);
	return answer(VERDICT_OK);
}

READ(load_past)
{
	sink = ((volatile uint8_t *)capchain_malloc(32))[32 + zero];
	return answer(VERDICT_OK);
}

/* The blind spot of a build without hooks: up to 15 bytes behind a piece. */
READ(load_past_unseen)
{
	sink = ((volatile uint8_t *)capchain_malloc(20))[20 + zero];
	return answer(VERDICT_OK);
}

READ(load_after_free)
{
	volatile uint8_t *const at = capchain_malloc(20);

	capchain_free((void *)(uintptr_t)at);
	sink = at[zero];
	return answer(VERDICT_OK);
}

READ(store_after_free)
{
	volatile uint8_t *const at = capchain_malloc(70000);

	capchain_free((void *)(uintptr_t)at);
	at[zero] = 1;
	return answer(VERDICT_OK);
}

READ(store_after_realloc)
{
	volatile uint8_t *const at = capchain_malloc(20);

	sink = (uintptr_t)capchain_realloc((void *)(uintptr_t)at, 40);
	at[zero] = 1;
	return answer(VERDICT_OK);
}

READ(frees_twice)
{
	void *const at = capchain_malloc(20);

	capchain_free(at);
	capchain_free(at);
	return answer(VERDICT_OK);
}

READ(frees_inside)
{
	capchain_free((uint8_t *)capchain_malloc(20) + 4);
	return answer(VERDICT_OK);
}

READ(frees_the_buffer)
{
	capchain_free((void *)(uintptr_t)info);
	return answer(VERDICT_OK);
}

READ(keeps_it)
{
	kept = capchain_malloc(20);
	return answer(VERDICT_OK);
}

READ(uses_what_it_kept)
{
	sink = kept[0];
	return answer(VERDICT_OK);
}

READ(frees_in_turn)
{
	for (size_t i = 0; i < 6000; i++)
		capchain_free(capchain_malloc(16));
	return answer(VERDICT_OK);
}

READ(allocates_forever)
{
	while (capchain_malloc(200000))
		;
	return answer(VERDICT_OK);
}

READ(frees_forever)
{
	while (zero == 0)
		capchain_free(capchain_malloc(16));
	return answer(VERDICT_OK);
}

static struct info_cap caps[INFO_LEN_MAX];

static struct walk_result walk(struct info_answer (*read)(struct walk *, const void *, uint32_t,
							  enum info_kind))
{
	const struct info_parser parser = {.name = "allocates", .read = read};
	const struct walk_limits limits = {.bound = LEN, .budget = 1000};
	struct walk_result result = {.caps = caps};

	sandbox_walk(&parser, INFO_DEVICE, &limits, &result);
	return result;
}

#define BY(part) (1u << SEEN_BY_##part)

static const struct row {
	const char *name;
	struct info_answer (*read)(struct walk *, const void *, uint32_t, enum info_kind);
	enum verdict verdict;
	unsigned int seen_by;
	int signal;
} rows[] = {
	{"uses_it", uses_it, VERDICT_OK, BY(PARSER), 0},
	{"refused_sizes", refused_sizes, VERDICT_OK, BY(PARSER), 0},
	{"aligned", aligned, VERDICT_OK, BY(PARSER), 0},
	{"strings", strings, VERDICT_OK, BY(PARSER), 0},
	{"no_bytes", no_bytes, VERDICT_OK, BY(PARSER), 0},
	{"no_bytes_load", no_bytes_load, VERDICT_OOB, BY(FAULT), 0},
	{"over_page", over_page, VERDICT_WROTE, BY(FAULT), 0},
	{"over_by_one", over_by_one, VERDICT_WROTE, BY(CANARY), 0},
	{"under", under, VERDICT_WROTE, BY(CANARY), 0},
	{"over_then_free", over_then_free, VERDICT_WROTE, BY(CANARY), 0},
	{"load_past", load_past, VERDICT_OOB, BY(FAULT), 0},
	{"load_past_unseen", load_past_unseen, VERDICT_OK, BY(PARSER), 0},
	{"load_after_free", load_after_free, VERDICT_OOB, BY(FAULT), 0},
	{"store_after_free", store_after_free, VERDICT_WROTE, BY(FAULT), 0},
	{"store_after_realloc", store_after_realloc, VERDICT_WROTE, BY(FAULT), 0},
	{"frees_twice", frees_twice, VERDICT_CRASH, BY(CALL), SIGABRT},
	{"frees_inside", frees_inside, VERDICT_CRASH, BY(CALL), SIGABRT},
	{"frees_the_buffer", frees_the_buffer, VERDICT_CRASH, BY(CALL), SIGABRT},
	{"keeps_it", keeps_it, VERDICT_OK, BY(PARSER), 0},
	{"uses_what_it_kept", uses_what_it_kept, VERDICT_OOB, BY(FAULT), 0},
	{"frees_in_turn", frees_in_turn, VERDICT_OK, BY(PARSER), 0},
	{"allocates_forever", allocates_forever, VERDICT_RUNAWAY, BY(CALL), 0},
	{"frees_forever", frees_forever, VERDICT_RUNAWAY, BY(CALL), 0},
};

static void test_every_fault(void **state)
{
	static const uint8_t info[LEN];

	(void)state;
	/* cmocka puts handlers of its own around each test. */
	sandbox_take_signals();
	sandbox_place(info, LEN);
	/* Twice: the first must leave no trace for the second. */
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *const row = &rows[i / 2];
		const struct walk_result result = walk(row->read);
		/* Where a fault does not tell a store from a load, it is a load. */
		const bool untold = row->verdict == VERDICT_WROTE && row->seen_by == BY(FAULT) &&
				    !sandbox_tells_stores();

		if (result.verdict != (untold ? VERDICT_OOB : row->verdict) ||
		    !(row->seen_by & 1u << result.seen_by) || result.signal != row->signal)
			fail_msg("%s: verdict %d seen by %d signal %d", row->name, result.verdict,
				 result.seen_by, result.signal);
	}
}

static void test_where(void **state)
{
	struct walk_result result;

	(void)state;
	sandbox_take_signals();
	result = walk(over_by_one);
	assert_true(result.scratch);
	assert_int_equal(result.offset, 20);
	result = walk(under);
	assert_true(result.scratch);
	assert_int_equal((int64_t)result.offset, -1);
	result = walk(load_after_free);
	assert_true(result.scratch);
	/* s390x tells the page alone. */
	if (sandbox_tells_stores())
		assert_int_equal(result.offset, 0);
}

/*
 * Each call that a walk may make, beside the real one: whether it gives memory, what errno or status says,
 * and how the address is aligned.
 */
struct answered {
	int status;
	bool gives;
	size_t aligned; /* to this at least */
	size_t usable;	/* at least */
};

enum call {
	MALLOC,
	CALLOC,
	REALLOC,
	REALLOC_OF,
	REALLOCARRAY,
	ALIGNED_ALLOC,
	MEMALIGN,
	POSIX_MEMALIGN,
	VALLOC,
	PVALLOC,
	USABLE
};

static const struct {
	enum call call;
	size_t a, b;
} calls[] = {
	{MALLOC, 0, 0},
	{MALLOC, 1, 0},
	{MALLOC, SIZE_MAX, 0},
	{CALLOC, 0, 8},
	{CALLOC, 8, 0},
	{CALLOC, 3, 5},
	{CALLOC, SIZE_MAX / 2, 3},
	{CALLOC, (size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4)},
	{REALLOC, 0, 0},
	{REALLOC, 9, 0},
	{REALLOC_OF, 0, 0},
	{REALLOC_OF, 100, 0},
	{REALLOC_OF, SIZE_MAX, 0},
	{REALLOCARRAY, 0, 4},
	{REALLOCARRAY, 4, 0},
	{REALLOCARRAY, SIZE_MAX / 2, 3},
	{REALLOCARRAY, 4, 4},
	{ALIGNED_ALLOC, 0, 8},
	{ALIGNED_ALLOC, 3, 9},
	{ALIGNED_ALLOC, 24, 48},
	{ALIGNED_ALLOC, 64, 64},
	{ALIGNED_ALLOC, 64, 0},
	{ALIGNED_ALLOC, SIZE_MAX, 8},
	{MEMALIGN, 0, 8},
	{MEMALIGN, 24, 48},
	{MEMALIGN, 4096, 8},
	{MEMALIGN, SIZE_MAX, 8},
	{POSIX_MEMALIGN, 0, 8},
	{POSIX_MEMALIGN, 4, 8},
	{POSIX_MEMALIGN, 24, 8},
	{POSIX_MEMALIGN, 8, 8},
	{POSIX_MEMALIGN, 64, 0},
	{POSIX_MEMALIGN, 64, SIZE_MAX},
	{VALLOC, 8, 0},
	{PVALLOC, 8, 0},
	{USABLE, 0, 0},
	{USABLE, 20, 0},
};

#if defined(__has_feature)
#define HEAP_IS_LIBCS (!__has_feature(address_sanitizer) && !__has_feature(memory_sanitizer))
#elif defined(__SANITIZE_ADDRESS__)
#define HEAP_IS_LIBCS 0
#else
#define HEAP_IS_LIBCS 1
#endif

/* What the compiler knows of such calls is not to be asked. */
static void *(*volatile real_malloc)(size_t) = malloc;
static void *(*volatile real_calloc)(size_t, size_t) = calloc;
static void *(*volatile real_realloc)(void *, size_t) = realloc;
static void *(*volatile real_reallocarray)(void *, size_t, size_t) = reallocarray;
static void *(*volatile real_aligned)(size_t, size_t) = aligned_alloc;
static void *(*volatile real_memalign)(size_t, size_t) = memalign;
static int (*volatile real_posix)(void **, size_t, size_t) = posix_memalign;

#define ONE_OF(real, name) (ours ? capchain_##name : (real))

static struct answered make(size_t row, bool ours)
{
	const size_t a = calls[row].a, b = calls[row].b;
	struct answered got = {0};
	void *at = NULL;

	errno = 0;
	switch (calls[row].call) {
	case MALLOC:
		at = ONE_OF(real_malloc, malloc)(a);
		break;
	case CALLOC:
		at = ONE_OF(real_calloc, calloc)(a, b);
		break;
	case REALLOC:
		at = ONE_OF(real_realloc, realloc)(NULL, a);
		break;
	case REALLOC_OF:
		at = ONE_OF(real_realloc, realloc)(ONE_OF(real_malloc, malloc)(20), a);
		break;
	case REALLOCARRAY:
		at = ONE_OF(real_reallocarray, reallocarray)(ONE_OF(real_malloc, malloc)(20), a, b);
		break;
	case ALIGNED_ALLOC:
		at = ONE_OF(real_aligned, aligned_alloc)(a, b);
		break;
	case MEMALIGN:
		at = ONE_OF(real_memalign, memalign)(a, b);
		break;
	case POSIX_MEMALIGN:
		got.status = ONE_OF(real_posix, posix_memalign)(&at, a, b);
		break;
	case VALLOC:
		at = ONE_OF(valloc, valloc)(a);
		break;
	case PVALLOC:
		at = ONE_OF(pvalloc, pvalloc)(a);
		break;
	case USABLE:
		at = a ? ONE_OF(real_malloc, malloc)(a) : NULL;
		break;
	}
	got.gives = at != NULL;
	got.status = got.gives ? 0 : got.status ? got.status : errno;
	got.aligned = (uintptr_t)at & -(uintptr_t)at;
	got.usable = ONE_OF(malloc_usable_size, malloc_usable_size)(at);
	return got;
}

static size_t row_now;
static struct answered answered_now;

READ(makes_a_call)
{
	answered_now = make(row_now, true);
	return answer(VERDICT_OK);
}

static void test_as_glibc(void **state)
{
	(void)state;
	sandbox_take_signals();
	/* A sanitizer has its own heap in the place of glibc's: builds without one hold the table. */
	if (!HEAP_IS_LIBCS)
		return;
	for (row_now = 0; row_now < sizeof(calls) / sizeof(calls[0]); row_now++) {
		const struct answered real = make(row_now, false);
		const size_t asked = calls[row_now].call == USABLE ? calls[row_now].a : 0;

		assert_int_equal(walk(makes_a_call).verdict, VERDICT_OK);
		if (answered_now.gives != real.gives || answered_now.status != real.status ||
		    answered_now.usable > real.usable || answered_now.usable < asked ||
		    (real.gives && answered_now.aligned < 16))
			fail_msg("row %zu: gives %d, status %d, usable %zu; glibc %d, %d, %zu",
				 row_now, answered_now.gives, answered_now.status,
				 answered_now.usable, real.gives, real.status, real.usable);
	}
}

/* A freed slot comes back only when every other has been used. */
static uintptr_t seen_slots[2];

READ(reuses)
{
	void *at = capchain_malloc(200000);
	size_t count = 1;

	seen_slots[0] = (uintptr_t)at;
	do {
		capchain_free(at);
		at = capchain_malloc(200000);
		count += at != NULL;
	} while (at && (uintptr_t)at != seen_slots[0] && count < 1000);
	seen_slots[1] = count;
	return answer(VERDICT_OK);
}

static void test_reuse(void **state)
{
	(void)state;
	sandbox_take_signals();
	assert_int_equal(walk(reuses).verdict, VERDICT_OK);
	/* The largest class has 64 slots, or 2 where the address space is small. */
	assert_int_equal(seen_slots[1], sandbox_has_arena() ? 65 : 3);
}

/* Outside a walk it is libc's, and what libc gave may be freed inside one. */
READ(frees_what_libc_gave)
{
	capchain_free((void *)(uintptr_t)kept);
	return answer(VERDICT_OK);
}

static void test_outside(void **state)
{
	void *at;

	(void)state;
	sandbox_take_signals();
	at = capchain_malloc(2 << 20);
	assert_non_null(at);
	at = capchain_realloc(at, 3 << 20);
	capchain_free(at);
	kept = capchain_calloc(1, 8);
	assert_int_equal(kept[7], 0);
	assert_int_equal(walk(frees_what_libc_gave).verdict, VERDICT_OK);
	walk(keeps_it);
	/* Gone already. */
	capchain_free((void *)(uintptr_t)kept);
}

static int open_sandbox(void **state)
{
	char error[512];

	(void)state;
	return sandbox_open(error, sizeof(error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fault), cmocka_unit_test(test_where),
		cmocka_unit_test(test_as_glibc),    cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests_name("heap", tests, open_sandbox, NULL);
}
