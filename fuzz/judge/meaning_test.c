/* SPDX-License-Identifier: MIT */
/*
 * What lists say, element by element: rows worked out by hand from R14 of RULES.md, and random lists held
 * to a map of every byte that they name.
 */
#include "meaning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ELEMENTS_MAX	6
#define N(note)		NOTE_BIT(NOTE_##note)

/* An element and its notes. */
struct element {
	uint64_t one;
	uint64_t two;
	uint32_t notes;
};

struct row {
	const char *name;
	enum info_kind kind;
	uint64_t size;
	size_t count;
	struct element elements[ELEMENTS_MAX];
};

/* Of a region of 64 KiB, one of @size_ bytes, and ranges. */
#define AREAS(count_, ...) AREAS_OF(0x10000, count_, __VA_ARGS__)
#define AREAS_OF(size_, count_, ...)                                                               \
	.kind = INFO_REGION, .size = (size_), .count = (count_), .elements = {__VA_ARGS__}
#define RANGES(count_, ...)	  .kind = INFO_IOMMU, .count = (count_), .elements = {__VA_ARGS__}
#define ONE(one_, two_)		  INFO_ROW(one_, two_, 0)
#define NOTED(one_, two_, notes_) INFO_ROW(one_, two_, notes_)
#define SHARES(one_, two_)	  INFO_ROW(one_, two_, N(AREAS_OVERLAP))
#define FALLS(one_, two_)	  INFO_ROW(one_, two_, N(AREAS_UNSORTED))
#define BOTH(one_, two_)	  INFO_ROW(one_, two_, N(AREAS_OVERLAP) | N(AREAS_UNSORTED))
#define EMPTY(offset_)		  INFO_ROW(offset_, 0, N(AREA_EMPTY))
#define PAST(one_, two_)	  INFO_ROW(one_, two_, N(AREA_PAST_REGION))

static const struct row rows[] = {
	{"one", AREAS(1, ONE(0x1000, 0x1000))},
	{"two apart", AREAS(2, ONE(0, 0x1000), ONE(0x2000, 0x1000))},
	{"two that meet", AREAS(2, ONE(0, 0x1000), ONE(0x1000, 0x1000))},
	{"two that meet, the higher first", AREAS(2, ONE(0x1000, 0x1000), FALLS(0, 0x1000))},
	{"last byte", AREAS(2, ONE(0, 0x1000), SHARES(0xfff, 0x1000))},
	{"first byte", AREAS(2, ONE(0xfff, 0x1000), BOTH(0, 0x1000))},
	{"the same", AREAS(2, ONE(0x1000, 0x1000), SHARES(0x1000, 0x1000))},
	{"one inside the other", AREAS(2, ONE(0, 0x4000), SHARES(0x1000, 0x1000))},
	{"the other inside", AREAS(2, ONE(0x1000, 0x1000), BOTH(0, 0x4000))},
	{"without bytes", AREAS(4, ONE(0, 0x2000), EMPTY(0x1000), EMPTY(0), EMPTY(0x20000))},
	{"without bytes between two", AREAS(3, ONE(0x1000, 0x1000), EMPTY(0), ONE(0x3000, 0x1000))},
	{"with one that is no neighbour",
	 AREAS(3, ONE(0x8000, 1), FALLS(0, 0x1000), SHARES(0x8000, 0x1000))},
	{"with several, which are one from then on",
	 AREAS(5, ONE(0, 0x1000), ONE(0x2000, 0x1000), ONE(0x8000, 0x1000), BOTH(0x800, 0x1801),
	       SHARES(0x1800, 1))},
	{"behind several",
	 AREAS(4, ONE(0, 0x1000), ONE(0x2000, 0x1000), BOTH(0x800, 0x1801), ONE(0x3000, 0x1000))},
	{"below the one before, not below the first",
	 AREAS(3, ONE(0, 1), ONE(0x2000, 1), FALLS(0x1000, 1))},
	{"past 2^64", AREAS_OF(UINT64_MAX, 2, PAST(0xfffffffffffff000, 0x2000),
			       NOTED(UINT64_MAX, 1, N(AREAS_OVERLAP) | N(AREA_PAST_REGION)))},
	{"what passes 2^64 has no low bytes",
	 AREAS_OF(UINT64_MAX, 2, PAST(0xfffffffffffff000, 0x2000), FALLS(0, 0x1000))},
	{"all bytes but the last",
	 AREAS_OF(UINT64_MAX, 2, ONE(0, UINT64_MAX), PAST(UINT64_MAX, 1))},
	{"all bytes",
	 AREAS_OF(UINT64_MAX, 2, PAST(1, UINT64_MAX),
		  NOTED(UINT64_MAX, UINT64_MAX, N(AREAS_OVERLAP) | N(AREA_PAST_REGION)))},
	{"up to the region's end", AREAS(2, ONE(0, 0x10000), SHARES(0xffff, 1))},
	{"one byte past it", AREAS(1, PAST(0, 0x10001))},
	{"behind it", AREAS(1, PAST(0x10000, 1))},
	{"of a region without bytes", AREAS_OF(0, 2, EMPTY(0), PAST(0, 1))},

	{"ranges", RANGES(2, ONE(0, 0xfff), ONE(0x1000, 0x1fff))},
	{"ranges that share an address",
	 RANGES(2, ONE(0, 0xfff), NOTED(0xfff, 0x1fff, N(RANGES_OVERLAP)))},
	{"ranges, the higher first",
	 RANGES(2, ONE(0x1000, 0x1fff), NOTED(0, 0xfff, N(RANGES_UNSORTED)))},
	{"one address", RANGES(2, ONE(5, 5), NOTED(5, 5, N(RANGES_OVERLAP)))},
	{"all addresses",
	 RANGES(2, ONE(0, UINT64_MAX), NOTED(UINT64_MAX, UINT64_MAX, N(RANGES_OVERLAP)))},
	{"backwards, and nowhere",
	 RANGES(3, NOTED(0x1000, 0xfff, N(RANGE_BACKWARDS)),
		NOTED(0, UINT64_MAX, N(RANGES_UNSORTED)), NOTED(2, 1, N(RANGE_BACKWARDS)))},
	{"of a device nothing", .kind = INFO_DEVICE, .count = 2,
	 .elements = {ONE(0, 0), ONE(2, 1)}},
};

/* Too large for a stack. */
static struct meaning meaning;

static uint32_t notes_of(uint64_t one, uint64_t two)
{
	uint8_t bytes[16];

	layout_store(bytes, 8, one);
	layout_store(bytes + 8, 8, two);
	return meaning_notes(&meaning, bytes);
}

static void start(enum info_kind kind, uint64_t size)
{
	uint8_t info[32] = {0};

	layout_store(info + INFO_AT_REGION_size, 8, size);
	meaning_start(&meaning, info, kind);
}

static void test_row(void **state)
{
	const struct row *const row = *state;

	start(row->kind, row->size);
	for (size_t i = 0; i < row->count; i++)
		assert_int_equal(notes_of(row->elements[i].one, row->elements[i].two),
				 row->elements[i].notes);
}

/* A space of 64 bytes, and which of them are named. */
static void test_random(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned int list = 0; list < 20000; list++) {
		uint64_t named = 0;

		start(INFO_REGION, UINT64_MAX);
		for (unsigned int i = 0; i < 8; i++) {
			const uint64_t offset = seed >> 58, size = (seed >> 40) % (65 - offset) % 9;
			const uint64_t bytes = ((UINT64_C(1) << size) - 1) << offset;
			const uint32_t notes = named & bytes ? N(AREAS_OVERLAP) : 0;

			assert_int_equal(notes_of(offset, size) & N(AREAS_OVERLAP), notes);
			named |= bytes;
			seed = seed * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
		}
	}
}

/* As many as there is room for, the highest first; then one that finds none, and one that shares. */
static void test_room(void **state)
{
	const size_t room = COUNT_OF(meaning.taken);

	(void)state;
	start(INFO_REGION, UINT64_MAX);
	for (size_t i = room; i > 0; i--)
		assert_int_equal(notes_of(2 * i, 1) & N(AREAS_OVERLAP), 0);
	assert_int_equal(meaning.ntaken, room);
	assert_int_equal(notes_of(1, 1) & N(AREAS_OVERLAP), 0);
	assert_int_equal(meaning.ntaken, room);
	assert_int_equal(notes_of(2, 2) & N(AREAS_OVERLAP), N(AREAS_OVERLAP));
	assert_int_equal(notes_of(0, UINT64_MAX) & N(AREAS_OVERLAP), N(AREAS_OVERLAP));
	assert_int_equal(meaning.ntaken, 1);
}

/* What is below the one before is so in its own list; what shares bytes may be of another. */
static void test_lists(void **state)
{
	(void)state;
	start(INFO_REGION, 0x10000);
	assert_int_equal(notes_of(0x4000, 0x1000), 0);
	meaning_list(&meaning);
	assert_int_equal(notes_of(0, 0x1000), 0);
	assert_int_equal(notes_of(0x4000, 1), N(AREAS_OVERLAP));
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 3];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	tests[COUNT_OF(rows)] = (struct CMUnitTest)cmocka_unit_test(test_random);
	tests[COUNT_OF(rows) + 1] = (struct CMUnitTest)cmocka_unit_test(test_room);
	tests[COUNT_OF(rows) + 2] = (struct CMUnitTest)cmocka_unit_test(test_lists);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
