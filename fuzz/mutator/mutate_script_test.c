/* SPDX-License-Identifier: MIT */
/*
 * What must hold of the mutator of scripts: it never writes past its limit, is the same for
 * the same seed, takes any bytes, reaches every operator, changes what it is given, splices, and
 * makes both plain scripts and others; and of the model that it edits: bytes to struct to
 * bytes are the same bytes. When "never reached" fails, an operator was added that nothing can use;
 * when the share of plain scripts fails, so much is broken by a mutation that right ones
 * starve.
 *
 * Usage: mutate_script_test CORPUS
 */
#include <inttypes.h>
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
#include "mutate.h"
#include "../within.h"
#include "digests.h"

#define SEEDS_PER_INPUT 192
#define JUDGED_ONE_IN	8
#define STEADY_MIN	0.15
#define GUARD		0xb7

typedef void script_test(const uint8_t *bytes, size_t size);

static struct judge *judge;
static uint64_t digest, drawn[256], mutations, unchanged, judged, made[BUFFER_CLASSES], produced;

static void count(const struct mutated *how)
{
	for (size_t i = 0; i < how->nsteps; i++)
		drawn[how->steps[i]]++;
}

/* Room for a result that ends where the limit is; behind it stand guards. */
static size_t hold_limit(const uint8_t *bytes, size_t size, size_t max, uint64_t seed,
			 uint8_t out[INFO_LEN_MAX + 64])
{
	static uint8_t again[INFO_LEN_MAX + 64];
	struct mutated how, same;
	size_t len;

	memset(out + max, GUARD, 64);
	len = mutate_script(bytes, size, max, seed, out, &how);
	if (len > max)
		fail_msg("%zu bytes of at most %zu, seed %" PRIu64, len, max, seed);
	for (size_t i = 0; i < 64; i++)
		if (out[max + i] != GUARD)
			fail_msg("wrote past %zu bytes, seed %" PRIu64, max, seed);
	assert_int_equal(mutate_script(bytes, size, max, seed, again, &same), len);
	if (len && memcmp(out, again, len) != 0)
		fail_msg("not the same twice, seed %" PRIu64, seed);
	assert_memory_equal(how.steps, same.steps, how.nsteps);
	/* In place, as libFuzzer has it. */
	memcpy(again, bytes, size);
	assert_int_equal(mutate_script(again, size, max, seed, again, NULL), len);
	if (len && memcmp(out, again, len) != 0)
		fail_msg("not the same in place, seed %" PRIu64, seed);
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ out[i]) * UINT64_C(0x100000001b3);
	mutations++;
	unchanged += len == size && (!len || memcmp(out, bytes, len) == 0);
	count(&how);
	return len;
}

/* The corpus' scripts as bytes; returns how many. */
static size_t each_script(const char *folder, script_test *test)
{
	static char text[CORPUS_FILE_MAX];
	static uint8_t bytes[INFO_LEN_MAX];
	char path[CORPUS_PATH_MAX], error[TEXT_ERROR_SIZE];
	struct dirent **entries;
	size_t size, len, found = 0;
	int n;

	snprintf(path, sizeof(path), "%s/%s", corpus_dir, folder);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (strncmp(entries[i]->d_name, "fetch-", 6) == 0) {
			snprintf(path, sizeof(path), "%s/%s/%s", corpus_dir, folder,
				 entries[i]->d_name);
			size = corpus_file(path, text);
			if (fetch_text_load(path, text, size, false, bytes, &len, error))
				fail_msg("%s", error);
			test(bytes, len);
			found++;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

static void hold_model(const uint8_t *bytes, size_t size)
{
	static struct script_model model;
	static uint8_t out[INFO_LEN_MAX + 1];

	script_model_read(bytes, size, &model);
	out[size] = GUARD;
	assert_int_equal(script_model_write(&model, size, out), size);
	if (size && memcmp(out, bytes, size) != 0)
		fail_msg("%zu bytes do not come back", size);
	assert_int_equal(out[size], GUARD);
	for (size_t max = 0; max < size; max += 1 + size / 16) {
		out[max] = GUARD;
		assert_int_equal(script_model_write(&model, max, out), max);
		assert_int_equal(out[max], GUARD);
	}
}

static void hold(const uint8_t *bytes, size_t size)
{
	static uint8_t out[INFO_LEN_MAX + 64];

	hold_model(bytes, size);
	for (uint64_t seed = 0; seed < SEEDS_PER_INPUT; seed++) {
		const size_t len =
			hold_limit(bytes, size, 4096 > size ? 4096 : size, seed * size + seed, out);

		hold_model(out, len);
		produced += len >= 3 && out[0] & SCRIPT_PRODUCED;
		if (seed % JUDGED_ONE_IN)
			continue;
		fetch_judge_read(judge, out, len);
		if (judge_broken(judge))
			fail_msg("a mutation breaks a promise, seed %" PRIu64, seed);
		made[judge->spec->class]++;
		judged++;
	}
}

static double share(enum buffer_class class)
{
	return (double)made[class] / (double)judged;
}

static void test_corpus(void **state)
{
	static const char *const folders[] = {"seeds", "regressions"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		memset(made, 0, sizeof(made));
		mutations = judged = produced = 0;
		assert_within(each_script(folders[i], hold), 10, SIZE_MAX);
		print_message(
			"%s: %.1f %% plain, %.1f %% odd, %.1f %% truncated, %.1f %% malformed; "
			"%.1f %% of a producer, of %" PRIu64 " mutations\n",
			folders[i], 100 * share(CLASS_PLAIN), 100 * share(CLASS_ODD),
			100 * share(CLASS_TRUNCATED), 100 * share(CLASS_MALFORMED),
			100.0 * (double)produced / (double)mutations, mutations);
		/* Plain are a steady producer's alone: the seeds, which are such. */
		if (i == 0 && share(CLASS_PLAIN) < STEADY_MIN)
			fail_msg("%s: too few plain scripts", folders[i]);
		assert_within(made[CLASS_MALFORMED], judged / 50, judged);
	}
}

/*
 * Any limit, any bytes, any length; and the same results in every build, which is what digests.h says.
 */
static void test_limits(void **state)
{
	static uint8_t bytes[512], out[INFO_LEN_MAX + 64];
	uint64_t random = 1;

	(void)state;
	digest = 0;
	for (unsigned int round = 0; round < 20000; round++) {
		const size_t size = round % 3 ? round % 97 : round % 512;

		for (size_t i = 0; i < size; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = random >> 62 ? (uint8_t)(random >> 40 & 0x3f) : 0;
		}
		hold_model(bytes, size);
		hold_limit(bytes, size, round % 5 ? size + round % 64 : round % 40, random, out);
	}
	if (digest != DIGEST_OF_CONVERSATIONS)
		fail_msg("not the results of other builds: DIGEST_OF_CONVERSATIONS is 0x%016" PRIx64
			 " here",
			 digest);
}

static void test_longest(void **state)
{
	static uint8_t bytes[INFO_LEN_MAX + 100], out[INFO_LEN_MAX + 100];

	(void)state;
	for (uint64_t seed = 0; seed < 256; seed++) {
		/* One reply of all that 16 bits say, or replies of nothing. */
		bytes[0] = (uint8_t)(seed & 0xf);
		bytes[5] = bytes[6] = seed & 0x10 ? 0xff : 0;
		assert_within(mutate_script(bytes, sizeof(bytes), SIZE_MAX, seed, out, NULL), 0,
			      INFO_LEN_MAX);
	}
}

static size_t spliced, splices;

static void splice_both(const uint8_t *bytes, size_t size)
{
	static uint8_t before[INFO_LEN_MAX], out[INFO_LEN_MAX + 1], again[INFO_LEN_MAX + 1];
	static size_t before_size;
	struct mutated how;
	char text[256];

	for (uint64_t seed = 0; seed < 8; seed++) {
		const size_t max = 64 + 200 * seed;
		size_t len;

		out[max] = GUARD;
		len = mutate_script_splice(bytes, size, before, before_size, max, seed, out, &how);
		assert_within(len, 0, max);
		assert_int_equal(out[max], GUARD);
		assert_int_equal(mutate_script_splice(bytes, size, before, before_size, max, seed,
						      again, NULL),
				 len);
		if (len && memcmp(out, again, len) != 0)
			fail_msg("not the same splice twice, seed %" PRIu64, seed);
		mutate_script_describe(&how, text, sizeof(text));
		spliced += strstr(text, "script-splice") != NULL;
		splices++;
		count(&how);
	}
	memcpy(before, bytes, size);
	before_size = size;
}

static void test_splices(void **state)
{
	(void)state;
	each_script("regressions", splice_both);
	each_script("seeds", splice_both);
	print_message("%zu of %zu crossovers joined two scripts\n", spliced, splices);
	assert_within(spliced, splices / 4, SIZE_MAX);
}

static void trim_all(const uint8_t *bytes, size_t size)
{
	static uint8_t out[INFO_LEN_MAX];
	const size_t trims = mutate_script_trims(bytes, size);
	size_t shorter = 0;

	for (size_t step = 0; step < trims + 2; step++) {
		const size_t len = mutate_script_trim(bytes, size, step, out);

		assert_within(len, 0, size);
		shorter += len < size;
		if (len == size && size && memcmp(out, bytes, size) != 0)
			fail_msg("trim %zu changes %zu bytes without making less of them", step,
				 size);
	}
	/* Where there is a reply, one less is shorter. */
	if (size > 8)
		assert_within(shorter, trims > 1, trims);
}

static void test_trims(void **state)
{
	(void)state;
	assert_within(each_script("regressions", trim_all), 10, SIZE_MAX);
	assert_within(each_script("seeds", trim_all), 10, SIZE_MAX);
}

/*
 * After the others, which count. Those of mutate() are mutate_test.c's to hold, and are reached
 * here.
 */
static void test_every_operator(void **state)
{
	uint64_t least = UINT64_MAX;

	(void)state;
	assert_within(mutate_script_names(), mutate_names() + 30, 256);
	for (size_t i = 0; i < mutate_script_names(); i++) {
		print_message("%8" PRIu64 " %s\n", drawn[i], mutate_script_name(i));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(mutate_script_name(i), mutate_script_name(j));
		/* Scripts have no replies that are spaces. */
		if (!drawn[i] && strcmp(mutate_script_name(i), "splice") != 0 &&
		    strncmp(mutate_script_name(i), "space-", 6) != 0)
			fail_msg("%s: never reached", mutate_script_name(i));
		if (drawn[i] < least && i >= mutate_names())
			least = drawn[i];
	}
	assert_within(least, 10, UINT64_MAX);
}

static void test_it_changes(void **state)
{
	(void)state;
	print_message("%" PRIu64 " mutations changed nothing\n", unchanged);
	assert_within(unchanged, 0, 1500);
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
		cmocka_unit_test(test_limits),	   cmocka_unit_test(test_longest),
		cmocka_unit_test(test_corpus),	   cmocka_unit_test(test_splices),
		cmocka_unit_test(test_trims),	   cmocka_unit_test(test_every_operator),
		cmocka_unit_test(test_it_changes),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, open_judge, close_judge);
}
