/* SPDX-License-Identifier: MIT */
/*
 * Tests of shrink.c and its steps and goals, with things to keep that are made up here and with
 * real buckets. What must hold of every result is looked at without the steps' help: it keeps what
 * is to be kept, no byte of it can be missed, and it shrinks to itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "../../parsers/layout.h"
#include "shrink.h"
#include "shrink_goal.h"
#include "../text/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Random buffers that the last test shrinks, and the most bytes of one. */
#define NOISES	  150
#define NOISE_MAX 160

static uint8_t bytes[INFO_LEN_MAX], again[INFO_LEN_MAX];

/* Something to keep, and what was asked. */
struct asked {
	bool (*holds)(const uint8_t *at, size_t len);
	size_t calls;
	size_t shortest;
};

static bool ask(void *context, const uint8_t *at, size_t len)
{
	struct asked *const asked = context;

	asked->calls++;
	if (!asked->holds(at, len))
		return false;
	/* No step makes a buffer longer. */
	assert_true(len <= asked->shortest);
	asked->shortest = len;
	return true;
}

static bool anything(const uint8_t *at, size_t len)
{
	(void)at;
	(void)len;
	return true;
}

static bool at_least_33(const uint8_t *at, size_t len)
{
	(void)at;
	return len >= 33;
}

static bool has_42(const uint8_t *at, size_t len)
{
	return len && memchr(at, 0x42, len);
}

static bool only_itself(const uint8_t *at, size_t len)
{
	return len == 48 && memcmp(at, again, len) == 0;
}

static bool odd_sum(const uint8_t *at, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += at[i];
	return sum % 2 == 1;
}

static bool argsz_past_len(const uint8_t *at, size_t len)
{
	return len >= 4 && layout_load(at, 4) > len + 5;
}

/* A buffer to start from: a region reply of three capabilities with a gap, and noise in it. */
static size_t start(void)
{
	static const char text[] =
		"kind: region\nlen: 200\ninfo: {argsz: 200, flags: 15, index: 2}\n"
		"caps:\n"
		"  - {id: TYPE, type: 7, subtype: 66}\n"
		"  - {at: 96, id: SPARSE_MMAP, areas: [{offset: 1, size: 2}, "
		"{offset: 3, size: 4}]}\n"
		"  - {id: MSIX_MAPPABLE}\n"
		"raw: [{at: 180, hex: \"4203\"}]\n";
	char error[TEXT_ERROR_SIZE];
	struct chain chain;

	if (text_load("start", text, sizeof(text) - 1, &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, bytes);
	chain_free(&chain);
	return 200;
}

static size_t shrunk(bool (*holds)(const uint8_t *at, size_t len), size_t len, size_t calls_max,
		     struct shrink_result *ret_result)
{
	struct asked asked = {.holds = holds, .shortest = len};

	assert_int_equal(shrink(bytes, &len, INFO_REGION, ask, &asked, calls_max, ret_result), 0);
	assert_int_equal(asked.calls, ret_result->calls);
	assert_true(ret_result->calls <= calls_max);
	assert_true(holds(bytes, len));
	return len;
}

static void test_made_up(void **state)
{
	struct shrink_result result;
	size_t len;

	(void)state;
	assert_int_equal(shrunk(anything, start(), SHRINK_CALLS_MAX, &result), 0);
	assert_true(result.minimal);
	len = shrunk(has_42, start(), SHRINK_CALLS_MAX, &result);
	assert_int_equal(len, 1);
	assert_int_equal(bytes[0], 0x42);
	len = shrunk(odd_sum, start(), SHRINK_CALLS_MAX, &result);
	assert_true(len == 1 && bytes[0] == 1);
	/* The lowest argsz that will do, by powers of two. */
	len = start();
	layout_store(bytes, 4, 0x7fffff00);
	len = shrunk(argsz_past_len, len, SHRINK_CALLS_MAX, &result);
	assert_int_equal(len, 4);
	assert_int_equal(layout_load(bytes, 4), 10);
}

/* What cannot be missed stays, everything else becomes plain: argsz is len, the rest 0. */
static void test_plain(void **state)
{
	struct shrink_result result;

	(void)state;
	assert_int_equal(shrunk(at_least_33, start(), SHRINK_CALLS_MAX, &result), 33);
	assert_int_equal(layout_load(bytes, 4), 33);
	for (size_t i = 4; i < 33; i++)
		assert_int_equal(bytes[i], 0);
	/* Also where that is the higher value. */
	layout_store(bytes, 4, 7);
	assert_int_equal(shrunk(at_least_33, 33, SHRINK_CALLS_MAX, &result), 33);
	assert_int_equal(layout_load(bytes, 4), 33);
}

static void test_nothing_to_do(void **state)
{
	struct shrink_result result;

	(void)state;
	start();
	memcpy(again, bytes, 48);
	assert_int_equal(shrunk(only_itself, 48, SHRINK_CALLS_MAX, &result), 48);
	assert_memory_equal(bytes, again, 48);
	assert_true(result.minimal);
	assert_int_equal(shrunk(anything, 0, SHRINK_CALLS_MAX, &result), 0);
	assert_true(result.minimal);
}

/* However few calls there are, what comes back keeps what is kept, and says that it stopped. */
static void test_bound(void **state)
{
	const size_t most[] = {0, 1, 2, 7, 20};
	struct shrink_result result;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(most); i++) {
		shrunk(has_42, start(), most[i], &result);
		assert_false(result.minimal);
		assert_int_equal(result.calls, most[i]);
	}
}

static void test_longest(void **state)
{
	struct shrink_result result;

	(void)state;
	memset(bytes, 0x42, sizeof(bytes));
	assert_int_equal(shrunk(has_42, sizeof(bytes), SHRINK_CALLS_MAX, &result), 1);
	assert_true(result.minimal);
}

static struct judge *open_judge(void)
{
	char error[256];
	struct judge *const judge =
		judge_new(info_parsers, info_parser_count, error, sizeof(error));

	if (!judge)
		fail_msg("%s", error);
	sandbox_take_signals();
	return judge;
}

/* A real bucket and the fewest bytes that show it, worked out by hand. */
static const struct known {
	const char *text;
	const char *bucket;
	size_t len;
} knowns[] = {
	/* A header that links to itself, right behind the fixed fields. */
	{"kind: region\ncaps: [{id: TYPE}, {id: MSIX_MAPPABLE}, {id: SPARSE_MMAP, next: 48, areas: "
	 "[{offset: 0, size: 4096}]}]\n",
	 "naive:runaway:fault:loop", 40},
	{"kind: device\ncaps: [{id: ZPCI_BASE}, {id: ZPCI_GROUP, version: 2, next: 24}]\n",
	 "naive:runaway:fault:loop", 28},
	{"kind: iommu\ncaps: [{id: DMA_AVAIL}, {id: MIGRATION, next: 24}]\n",
	 "kernel:runaway:fault:loop", 28},
	/* The flags alone are past the end. */
	{"kind: region\nlen: 5\n", "naive:oob:fault:short-buffer", 0},
	/* The count as the lowest that wraps: 16 * 0xfffffd + 48 is 2^32. */
	{"kind: region\ncaps: [{id: TYPE}, {id: SPARSE_MMAP, nr_areas: 0xffffffff}]\n",
	 "naive:oob:fault:count-overflow", 44},
	{"kind: region\ncaps: [{id: TYPE}, {id: MSIX_MAPPABLE, next: 4096}]\n",
	 "naive:oob:fault:next-oob", 40},
	{"kind: region\ninfo: {cap_offset: 77777}\ncaps: [{id: TYPE}]\n",
	 "naive:oob:fault:offset-oob", 32},
	{"kind: region\ninfo: {cap_offset: 4}\ncaps: [{id: TYPE}, {id: MSIX_MAPPABLE}]\n",
	 "naive:ok:accepts-malformed:into-header", 32},
};

static size_t load_known(const struct known *known, enum info_kind *ret_kind)
{
	char error[TEXT_ERROR_SIZE];
	struct chain chain;
	size_t len;

	if (text_load("known", known->text, strlen(known->text), &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, bytes);
	len = chain.len;
	*ret_kind = chain.kind;
	chain_free(&chain);
	return len;
}

/* Holds @len bytes, which a shrink to @goal gave, to what must be true of every result. */
static void assert_minimal(struct shrink_goal *goal, size_t len)
{
	struct shrink_result result;
	size_t same = len;

	memcpy(again, bytes, len);
	assert_true(shrink_goal_keeps(goal, again, len));
	for (size_t i = 0; i < len; i++) {
		memmove(again + i, bytes + i + 1, len - i - 1);
		assert_false(shrink_goal_keeps(goal, again, len - 1));
		memcpy(again, bytes, len);
	}
	assert_int_equal(shrink(again, &same, goal->kind, shrink_goal_keeps, goal, SHRINK_CALLS_MAX,
				&result),
			 0);
	assert_int_equal(same, len);
	assert_memory_equal(again, bytes, len);
}

static void test_known(void **state)
{
	struct judge *const judge = open_judge();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(knowns); i++) {
		struct shrink_result result;
		struct shrink_goal goal;
		enum info_kind kind;
		size_t len = load_known(&knowns[i], &kind);

		judge_read(judge, bytes, len, kind);
		if (shrink_goal_open(&goal, GOAL_BUCKET, knowns[i].bucket, judge))
			fail_msg("case %zu has no bucket %s", i, knowns[i].bucket);
		assert_int_equal(shrink(bytes, &len, kind, shrink_goal_keeps, &goal,
					SHRINK_CALLS_MAX, &result),
				 0);
		if (len != knowns[i].len)
			fail_msg("%s: %zu bytes, want %zu", knowns[i].bucket, len, knowns[i].len);
		assert_true(result.minimal);
		assert_minimal(&goal, len);
		shrink_goal_close(&goal);
	}
	judge_free(judge);
}

/*
 * The leading bucket leads in the result too; a set of verdicts stays whole; what is not there is
 * said.
 */
static void test_goals(void **state)
{
	struct judge *const judge = open_judge();
	char leading[BUCKET_MAX], found[BUCKET_MAX];
	struct shrink_result result;
	struct shrink_goal goal;
	enum info_kind kind;
	uint64_t signature;
	size_t len = load_known(&knowns[0], &kind);

	(void)state;
	judge_read(judge, bytes, len, kind);
	signature = judge_signature(judge);
	judged_bucket(shrink_leading(judge), leading);
	assert_int_equal(shrink_goal_open(&goal, GOAL_BUCKET, "naive:ok::ok", judge), -ENOENT);
	assert_int_equal(shrink_goal_open(&goal, GOAL_BUCKET, "", judge), -ENOENT);
	assert_int_equal(shrink_goal_open(&goal, GOAL_LEADING, NULL, judge), 0);
	assert_int_equal(
		shrink(bytes, &len, kind, shrink_goal_keeps, &goal, SHRINK_CALLS_MAX, &result), 0);
	judge_read(judge, bytes, len, kind);
	judged_bucket(shrink_leading(judge), found);
	assert_string_equal(found, leading);
	shrink_goal_close(&goal);

	len = load_known(&knowns[0], &kind);
	judge_read(judge, bytes, len, kind);
	assert_int_equal(shrink_goal_open(&goal, GOAL_VERDICTS, NULL, judge), 0);
	assert_int_equal(
		shrink(bytes, &len, kind, shrink_goal_keeps, &goal, SHRINK_CALLS_MAX, &result), 0);
	judge_read(judge, bytes, len, kind);
	assert_int_equal(judge_signature(judge), signature);
	assert_minimal(&goal, len);
	shrink_goal_close(&goal);

	/* A plain buffer has nothing that leads. */
	memset(bytes, 0, 32);
	bytes[0] = 32;
	judge_read(judge, bytes, 32, INFO_REGION);
	assert_null(shrink_leading(judge));
	assert_int_equal(shrink_goal_open(&goal, GOAL_LEADING, NULL, judge), -ENOENT);
	judge_free(judge);
}

static struct info_answer refuse_short(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	(void)walk;
	(void)info;
	(void)kind;
	return len < 40 ? answer_reject("no") : answer(VERDICT_ABSENT);
}

static struct info_answer refuse_all(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	(void)walk;
	(void)info;
	(void)len;
	(void)kind;
	return answer_reject("no");
}

/*
 * On the way to the smallest buffer of a bucket another parser may come to disagree and to lead.
 * Where the leading one is kept, that is not taken, or a second shrink would keep something else.
 */
static void test_leading_stays(void **state)
{
	static const struct info_parser a = {
		.name = "a",
		.reads = {[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, 0}},
		.read = refuse_short};
	static const struct info_parser b = {
		.name = "b",
		.reads = {[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, 0}},
		.read = refuse_all};
	static const struct info_parser *const both[] = {&a, &b};
	static const size_t want[] = {[GOAL_BUCKET] = 32, [GOAL_LEADING] = 40};
	char error[256];
	struct judge *const judge = judge_new(both, 2, error, sizeof(error));

	(void)state;
	if (!judge)
		fail_msg("%s", error);
	sandbox_take_signals();
	for (enum shrink_goal_kind kind = GOAL_BUCKET; kind <= GOAL_LEADING; kind++) {
		struct shrink_result result;
		struct shrink_goal goal;
		size_t len = 48;

		memset(bytes, 0, len);
		bytes[0] = (uint8_t)len;
		judge_read(judge, bytes, len, INFO_REGION);
		assert_int_equal(
			shrink_goal_open(&goal, kind, "b:reject:rejects-valid:absent", judge), 0);
		assert_string_equal(goal.bucket, "b:reject:rejects-valid:absent");
		assert_int_equal(shrink(bytes, &len, INFO_REGION, shrink_goal_keeps, &goal,
					SHRINK_CALLS_MAX, &result),
				 0);
		assert_int_equal(len, want[kind]);
		shrink_goal_close(&goal);
	}
	judge_free(judge);
}

/* A fixed row of numbers: the same noise on every run and machine. */
static uint32_t noise(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static size_t noise_buffer(enum info_kind kind)
{
	static const uint8_t values[] = {0, 0, 0, 0, 1, 2, 3, 8, 16, 24, 32, 40, 48, 64, 96, 255};
	const size_t len = 24 + noise() % (NOISE_MAX - 24);

	for (size_t i = 0; i < len; i++)
		bytes[i] = i % 4 ? 0 : values[noise() % COUNT_OF(values)];
	bytes[4] |= (uint8_t)layout_infos[kind].caps_flag;
	bytes[layout_infos[kind].first.at] = (uint8_t)layout_infos[kind].full;
	return len;
}

/* Whatever the buffer and the bucket: loops, wild links, lies. Thousands of faults, one process. */
static void test_noise(void **state)
{
	struct judge *const judge = open_judge();
	size_t shrinks = 0;

	(void)state;
	for (size_t i = 0; i < NOISES; i++) {
		const enum info_kind kind = (enum info_kind)(i % INFO_KINDS);
		struct shrink_result result;
		struct shrink_goal goal;
		size_t len = noise_buffer(kind);

		judge_read(judge, bytes, len, kind);
		if (shrink_goal_open(&goal, i % 2 ? GOAL_LEADING : GOAL_VERDICTS, NULL, judge))
			continue;
		assert_int_equal(shrink(bytes, &len, kind, shrink_goal_keeps, &goal,
					SHRINK_CALLS_MAX, &result),
				 0);
		assert_true(result.minimal);
		assert_minimal(&goal, len);
		shrink_goal_close(&goal);
		shrinks++;
	}
	assert_true(shrinks > NOISES / 2);
	judge_free(judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_up),	      cmocka_unit_test(test_plain),
		cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_bound),
		cmocka_unit_test(test_longest),	      cmocka_unit_test(test_known),
		cmocka_unit_test(test_goals),	      cmocka_unit_test(test_noise),
		cmocka_unit_test(test_leading_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
