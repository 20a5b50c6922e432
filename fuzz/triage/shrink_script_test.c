/* SPDX-License-Identifier: MIT */
/*
 * What must hold of a shrunk conversation: it keeps its bucket, is never larger, is the same twice,
 * gives itself when it is shrunk again, and is as small as is known to do. When "is not the
 * smallest" fails, a step is missing or an order is wrong in shrink_script.c; when "keeps" fails,
 * shrink_goal.c.
 *
 * Usage: shrink_script_test CORPUS
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../parsers/bounded_corpus.h"
#include "../fetch/fetch_judge.h"
#include "../fetch/script_model.h"
#include "../text/text_fetch.h"
#include "shrink_goal.h"
#include "shrink_script.h"
#include "../within.h"

#define CALLS_MAX 20000

static struct judge *judge;
static size_t shrunk, buckets, before_all, after_all;

static bool has(const uint8_t *bytes, size_t len, const char *bucket)
{
	char found[BUCKET_MAX];

	fetch_judge_read(judge, bytes, len);
	for (size_t i = 0; i < judge->count; i++) {
		if (!judged_differs(&judge->judged[i]))
			continue;
		judged_bucket(&judge->judged[i], found);
		if (strcmp(found, bucket) == 0)
			return true;
	}
	return false;
}

/* Shrinks a copy to @ret_bytes, for @bucket or, where that is NULL, the verdicts. */
static size_t shrink_to(const uint8_t *bytes, size_t len, const char *bucket,
			uint8_t ret_bytes[INFO_LEN_MAX])
{
	struct shrink_result result;
	struct shrink_goal goal;

	memmove(ret_bytes, bytes, len);
	fetch_judge_read(judge, bytes, len);
	assert_int_equal(
		shrink_goal_open(&goal, bucket ? GOAL_BUCKET : GOAL_VERDICTS, bucket, judge), 0);
	assert_int_equal(
		shrink_script(ret_bytes, &len, shrink_goal_keeps, &goal, CALLS_MAX, &result), 0);
	shrink_goal_close(&goal);
	assert_true(result.minimal);
	return len;
}

static size_t hold_one(const char *name, const uint8_t *bytes, size_t len, const char *bucket)
{
	static uint8_t small[INFO_LEN_MAX], again[INFO_LEN_MAX];
	const size_t size = shrink_to(bytes, len, bucket, small);

	if (size > len)
		fail_msg("%s: larger", name);
	if (bucket && !has(small, size, bucket))
		fail_msg("%s: does not keep %s", name, bucket);
	if (shrink_to(bytes, len, bucket, again) != size || memcmp(small, again, size) != 0)
		fail_msg("%s: not the same twice", name);
	if (shrink_to(small, size, bucket, again) != size || memcmp(small, again, size) != 0)
		fail_msg("%s: does not give itself again, for %s", name,
			 bucket ? bucket : "its verdicts");
	before_all += len;
	after_all += size;
	shrunk++;
	return size;
}

/* Every bucket of it, and its set of verdicts. */
static void hold(const char *name, const uint8_t *bytes, size_t len)
{
	char names[64][BUCKET_MAX];
	size_t count = 0;

	fetch_judge_read(judge, bytes, len);
	for (size_t i = 0; i < judge->count && count < 64; i++)
		if (judged_differs(&judge->judged[i]))
			judged_bucket(&judge->judged[i], names[count++]);
	for (size_t i = 0; i < count; i++)
		hold_one(name, bytes, len, names[i]);
	buckets += count;
	hold_one(name, bytes, len, NULL);
}

static size_t load(const char *path, uint8_t ret_bytes[INFO_LEN_MAX])
{
	static char text[CORPUS_FILE_MAX];
	char error[TEXT_ERROR_SIZE];
	const size_t size = corpus_file(path, text);
	size_t len = 0;

	if (fetch_text_load(path, text, size, false, ret_bytes, &len, error))
		fail_msg("%s", error);
	return len;
}

static void test_corpus(void **state)
{
	static uint8_t bytes[INFO_LEN_MAX];
	char path[CORPUS_PATH_MAX];
	struct dirent **entries;
	int n;

	(void)state;
	snprintf(path, sizeof(path), "%s/regressions", corpus_dir);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (strncmp(entries[i]->d_name, "fetch-", 6) == 0) {
			snprintf(path, sizeof(path), "%s/regressions/%s", corpus_dir,
				 entries[i]->d_name);
			hold(entries[i]->d_name, bytes, load(path, bytes));
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	print_message("%zu shrinks, of %zu buckets: %zu bytes to %zu\n", shrunk, buckets,
		      before_all, after_all);
	assert_within(buckets, 100, SIZE_MAX);
	assert_within(after_all, 1, before_all / 2);
}

/* A producer's scripts: the verdicts of one that is as it should be. */
static void test_producers(void **state)
{
	static uint8_t bytes[INFO_LEN_MAX];
	char path[CORPUS_PATH_MAX];
	size_t len;

	(void)state;
	snprintf(path, sizeof(path), "%s/seeds/fetch-type1-6-6.yaml", corpus_dir);
	len = load(path, bytes);
	assert_within(hold_one("type1-6.6", bytes, len, NULL), 9, len - 1);
	snprintf(path, sizeof(path), "%s/seeds/fetch-libvfio-user-region.yaml", corpus_dir);
	len = load(path, bytes);
	hold_one("libvfio-user-region", bytes, len, NULL);
}

/* What is known to do: nothing smaller shows it, or the test has to learn of it. */
static void test_smallest(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[64];
		size_t len;
		const char *bucket;
		uint8_t small[16];
		size_t small_len;
	} rows[] = {
		/* Wants 8 more each time. Four bytes of a reply would do; a delta needs none. */
		{"endless",
		 {0xf1, 7, 0, 0xfe, 8, 5, 0, 1, 2, 3, 4, 5, 0xfd, 9},
		 14,
		 "qemu:runaway:conversation:unbounded",
		 {0x01, 32, 0, 0x02, 1, 0, 0},
		 7},
	};
	static uint8_t small[INFO_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t size = shrink_to(rows[i].bytes, rows[i].len, rows[i].bucket, small);

		for (size_t at = 0; at < size; at++)
			print_message("%02x ", small[at]);
		print_message("%s\n", rows[i].what);
		if (size != rows[i].small_len || memcmp(small, rows[i].small, size) != 0)
			fail_msg("%s: is not the smallest", rows[i].what);
	}
}

static bool keeps_all(void *context, const uint8_t *bytes, size_t len)
{
	(void)context;
	(void)bytes;
	(void)len;
	return true;
}

/* Where everything is kept nothing is left; and nothing is asked more often than it may be. */
static void test_bounds(void **state)
{
	static uint8_t bytes[INFO_LEN_MAX];
	struct shrink_result result;

	(void)state;
	for (size_t size = 0; size < INFO_LEN_MAX; size = 3 * size + 1) {
		size_t len = size;

		memset(bytes, (int)size, size);
		assert_int_equal(shrink_script(bytes, &len, keeps_all, NULL, CALLS_MAX, &result),
				 0);
		assert_int_equal(len, 0);
		len = size;
		memset(bytes, 0x5a, size);
		assert_int_equal(shrink_script(bytes, &len, keeps_all, NULL, 0, &result), 0);
		assert_int_equal(len, size);
		assert_int_equal(result.calls, 0);
		assert_int_equal(result.minimal, size == 0);
	}
}

static int open_judge(void **state)
{
	char error[512];

	(void)state;
	judge = fetch_judge_new(fetch_loops, fetch_loop_count, error, sizeof(error));
	if (!judge)
		print_error("%s\n", error);
	else
		sandbox_take_signals();
	return judge ? 0 : -1;
}

static int close_judge(void **state)
{
	(void)state;
	judge_free(judge);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smallest),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_producers),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, open_judge, close_judge);
}
