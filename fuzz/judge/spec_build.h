/* SPDX-License-Identifier: MIT */
/*
 * What the tests of spec.c share: buffers built from a table's row, read where an unreadable page
 * begins, and what holds of every answer. spec_test.c says what to do when a test fails.
 */
#ifndef FUZZ_JUDGE_SPEC_BUILD_H
#define FUZZ_JUDGE_SPEC_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "../sandbox/result.h"
#include "spec.h"
#include "../within.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define CAPS_MAX	4

/* One capability to build, in chain order; @count goes to where elements are counted. */
struct link {
	uint32_t at;
	uint16_t id;
	uint16_t version;
	uint32_t next;
	uint32_t count;
};

/* A buffer to build. @clear leaves the CAPS flag out and sets all others, instead of it alone. */
struct image {
	enum info_kind kind;
	uint32_t len;
	uint32_t argsz;
	uint32_t cap_offset;
	bool clear;
	struct link caps[CAPS_MAX];
};

/* Buffers of each kind, then the same with the CAPS flag clear; the links of the chain follow. */
#define DEV(len_, argsz_, first, ...)                                                              \
	.image = {INFO_DEVICE, len_, argsz_, first, false, {__VA_ARGS__}}
#define REG(len_, argsz_, first, ...)                                                              \
	.image = {INFO_REGION, len_, argsz_, first, false, {__VA_ARGS__}}
#define IOM(len_, argsz_, first, ...)                                                              \
	.image = {INFO_IOMMU, len_, argsz_, first, false, {__VA_ARGS__}}
#define CLEAR(kind_, len_, argsz_, first) .image = {INFO_##kind_, len_, argsz_, first, true, {}}

#define COUNTED(at_, id_, version_, next_, count_) INFO_ROW(at_, id_, version_, next_, count_)
#define CAP(at_, id_, version_, next_)		   COUNTED(at_, id_, version_, next_, 0)

/* The answers. What reads no capability says so by leaving out how many and how many bytes. */
#define OK(ncaps_, visited_)	    .verdict = VERDICT_OK, .ncaps = (ncaps_), .visited = (visited_)
#define ABSENT			    .verdict = VERDICT_ABSENT
#define CUT			    .verdict = VERDICT_TRUNCATED
#define CUT_AFTER(ncaps_, visited_) CUT, .ncaps = (ncaps_), .visited = (visited_)
#define SHORT(what)		    .verdict = VERDICT_REJECT, .rule = RULE_SHORT_##what
#define BAD_FIRST(rule_, at_)	    .verdict = VERDICT_REJECT, .rule = RULE_##rule_, .at = (at_)
#define BAD(rule_, at_, from_, ncaps_, visited_)                                                   \
	BAD_FIRST(rule_, at_), .from = (from_), .ncaps = (ncaps_), .visited = (visited_)

#define N(note)	       NOTE_BIT(NOTE_##note)
#define NO_CHAIN       .buffer_notes = N(FLAG_WITHOUT_CHAIN)
#define CAP_NOTES(...) .cap_notes = {__VA_ARGS__}

/* Where the readable bytes end, and the readings that all tests share. */
static uint8_t *guard;
static struct spec *spec;
static struct spec *other;

/* Room to build a buffer in; what a link puts past INFO_LEN_MAX lands in the slack. */
static uint8_t built[INFO_LEN_MAX + 64];

/* Copies @len bytes of @from to right before the guard page. */
static inline const uint8_t *at_guard(const uint8_t *from, size_t len)
{
	if (len == 0)
		return guard;
	return memcpy(guard - len, from, len);
}

static inline void put(uint32_t at, unsigned int width, uint64_t value)
{
	layout_store(built + at, width, value);
}

/* Builds @image in built[]; bytes that nothing names count up, so that none looks like another. */
static inline void build(const struct image *image)
{
	const struct layout_info *const layout = &layout_infos[image->kind];

	for (uint32_t i = 0; i < image->len + 64; i++)
		built[i] = (uint8_t)(i * 7 + 129);
	put(0, 4, image->argsz);
	put(4, 4, image->clear ? ~layout->caps_flag : layout->caps_flag);
	put(layout->first.at, 4, image->cap_offset);
	for (size_t i = 0; i < CAPS_MAX && image->caps[i].at; i++)
		put(image->caps[i].at + 8, 4, image->caps[i].count);
	for (size_t i = 0; i < CAPS_MAX && image->caps[i].at; i++) {
		put(image->caps[i].at, 2, image->caps[i].id);
		put(image->caps[i].at + 2, 2, image->caps[i].version);
		put(image->caps[i].at + 4, 4, image->caps[i].next);
	}
}

/* What holds of the answer to any bytes at all. */
static inline void assert_sound(const struct spec *read, size_t len, uint32_t argsz)
{
	uint32_t notes = read->notes & NOTES_OF_BUFFER;
	uint32_t from = 0;

	assert_int_equal(read->argsz, len < 4 ? 0 : argsz);
	assert_int_equal(read->bound, read->argsz < len ? read->argsz : len);
	assert_within(read->verdict, VERDICT_OK, VERDICT_REJECT);
	assert_int_equal(read->need, read->verdict == VERDICT_TRUNCATED ? argsz : 0);
	assert_true(read->verdict != VERDICT_TRUNCATED || read->need > len);
	assert_int_equal(read->rule != RULE_NONE, read->verdict == VERDICT_REJECT);
	assert_true(read->verdict == VERDICT_REJECT || (read->at == 0 && read->from == 0));
	assert_int_equal(read->verdict == VERDICT_OK && read->ncaps == 0, 0);
	assert_true(read->verdict != VERDICT_ABSENT || read->ncaps == 0);
	assert_true(read->visited >= 8 * read->ncaps);
	for (size_t i = 0; i < read->ncaps; i++) {
		assert_true((uint64_t)read->caps[i].cap.offset + 8 <= read->bound);
		assert_int_equal(read->caps[i].from, from);
		from = read->caps[i].cap.offset;
		notes |= read->caps[i].notes;
	}
	assert_int_equal(read->notes, notes);
}

/* Reads every shorter buffer, once with the reply's argsz and once with the length as argsz. */
static inline void read_all_truncations(enum info_kind kind, size_t len)
{
	const uint32_t argsz = (uint32_t)layout_load(built, 4);

	for (size_t cut = 0; cut < len; cut++) {
		put(0, 4, argsz);
		spec_read(at_guard(built, cut), cut, kind, spec);
		assert_sound(spec, cut, argsz);
		put(0, 4, cut);
		spec_read(at_guard(built, cut), cut, kind, spec);
		assert_sound(spec, cut, (uint32_t)cut);
	}
	put(0, 4, argsz);
}

static inline void assert_delivered(const struct spec *read, const struct link *links, size_t ncaps)
{
	assert_int_equal(read->ncaps, ncaps);
	for (size_t i = 0; i < ncaps; i++) {
		assert_int_equal(read->caps[i].cap.offset, links[i].at);
		assert_int_equal(read->caps[i].cap.id, links[i].id);
		assert_int_equal(read->caps[i].cap.version, links[i].version);
		assert_int_equal(read->caps[i].from, i ? links[i - 1].at : 0);
	}
}

static inline void assert_reject(enum rule rule, uint32_t at, uint32_t from)
{
	assert_string_equal(verdict_name(spec->verdict), "reject");
	assert_string_equal(rule_name(spec->rule), rule_name(rule));
	assert_int_equal(spec->at, at);
	assert_int_equal(spec->from, from);
}

static inline int set_up(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *const window = mmap(NULL, INFO_LEN_MAX + page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (window == MAP_FAILED || mprotect(window + INFO_LEN_MAX, page, PROT_NONE))
		return -1;
	guard = window + INFO_LEN_MAX;
	spec = spec_new();
	other = spec_new();
	return spec && other ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	spec_free(spec);
	spec_free(other);
	return 0;
}

static inline struct CMUnitTest row_test(const char *name, CMUnitTestFunction test, const void *row)
{
	/* cmocka's state is not const; the tests only read it. */
	return (struct CMUnitTest){
		.name = name, .test_func = test, .initial_state = (void *)(uintptr_t)row};
}

#endif
