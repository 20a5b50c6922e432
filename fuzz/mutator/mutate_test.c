/* SPDX-License-Identifier: MIT */
/*
 * What must hold of the mutator: it never writes past its limit, is the same for the same seed,
 * takes any bytes, reaches every operator, changes what it is given, and makes enough plain
 * buffers. When "never reached" fails, an operator was added that nothing can use, or its weight is
 * past the wheel; when the share of plain buffers fails, so much is broken by a mutation that valid
 * readings starve.
 *
 * Usage: mutate_test CORPUS
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../parsers/bounded_corpus.h"
#include "mutate.h"
#include "../judge/spec.h"
#include "../within.h"
#include "digests.h"

#define SEEDS_PER_BUFFER 24
#define PLAIN_MIN	 0.25
#define GUARD		 0xb7

static struct spec *spec;
static uint64_t digest, drawn[256], made[BUFFER_CLASSES], mutations, unchanged;

/* Room for a result that ends where the limit is; behind it stand guards. */
static size_t hold_limit(const uint8_t *bytes, size_t size, enum info_kind kind, size_t max,
			 uint64_t seed, struct mutated *ret_how)
{
	static uint8_t out[INFO_LEN_MAX + 64], again[INFO_LEN_MAX + 64];
	struct mutated how;
	size_t len;

	memset(out + max, GUARD, 64);
	len = mutate(bytes, size, kind, max, seed, out, ret_how);
	if (len > max)
		fail_msg("%zu bytes of at most %zu, seed %" PRIu64, len, max, seed);
	for (size_t i = 0; i < 64; i++)
		if (out[max + i] != GUARD)
			fail_msg("wrote past %zu bytes, seed %" PRIu64, max, seed);
	assert_int_equal(mutate(bytes, size, kind, max, seed, again, &how), len);
	if (len && memcmp(out, again, len) != 0)
		fail_msg("not the same twice, seed %" PRIu64, seed);
	assert_int_equal(how.nsteps, ret_how->nsteps);
	/* In place, as libFuzzer has it. */
	memcpy(again, bytes, size);
	assert_int_equal(mutate(again, size, kind, max, seed, again, NULL), len);
	if (len && memcmp(out, again, len) != 0)
		fail_msg("not the same in place, seed %" PRIu64, seed);
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ out[i]) * UINT64_C(0x100000001b3);
	mutations++;
	unchanged += len == size && (!len || memcmp(out, bytes, len) == 0);
	spec_read(out, len, kind, spec);
	made[spec->class]++;
	return len;
}

static void hold(const uint8_t *bytes, size_t size, enum info_kind kind)
{
	struct mutated how;

	for (uint64_t seed = 0; seed < SEEDS_PER_BUFFER; seed++) {
		hold_limit(bytes, size, kind, 4096 > size ? 4096 : size, seed * size + seed, &how);
		for (size_t i = 0; i < how.nsteps; i++)
			drawn[how.steps[i]]++;
	}
}

static double share(enum buffer_class class)
{
	return (double)made[class] / (double)mutations;
}

/* Each buffer as every kind: the harder case, since two of three readings are of another struct. */
static void test_corpus(void **state)
{
	static const char *const folders[] = {"seeds", "captured", "regressions"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memset(made, 0, sizeof(made));
		mutations = 0;
		assert_within(corpus_folder(folders[i], hold), 10, SIZE_MAX);
		print_message(
			"%s: %.1f %% plain, %.1f %% odd, %.1f %% truncated, %.1f %% malformed "
			"of %" PRIu64 " mutations\n",
			folders[i], 100 * share(CLASS_PLAIN), 100 * share(CLASS_ODD),
			100 * share(CLASS_TRUNCATED), 100 * share(CLASS_MALFORMED), mutations);
		if (share(CLASS_PLAIN) < PLAIN_MIN)
			fail_msg("%s: too few plain buffers", folders[i]);
	}
}

/*
 * Any limit, any bytes, any length; and the same results in every build, which is what digests.h says.
 */
static void test_limits(void **state)
{
	static uint8_t bytes[512];
	struct mutated how;
	uint64_t random = 1;

	(void)state;
	digest = 0;
	for (unsigned int round = 0; round < 20000; round++) {
		const size_t size = round % 3 ? round % 97 : round % 512;
		const enum info_kind kind = round % INFO_KINDS;

		for (size_t i = 0; i < size; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = random >> 62 ? (uint8_t)(random >> 40 & 0x3f) : 0;
		}
		hold_limit(bytes, size, kind, round % 5 ? size + round % 64 : round % 40, random,
			   &how);
	}
	if (digest != DIGEST_OF_BUFFERS)
		fail_msg("not the results of other builds: DIGEST_OF_BUFFERS is 0x%016" PRIx64
			 " here",
			 digest);
}

static void test_longest(void **state)
{
	static uint8_t bytes[INFO_LEN_MAX + 100];
	static uint8_t out[INFO_LEN_MAX + 100];

	(void)state;
	for (uint64_t seed = 0; seed < 64; seed++) {
		const size_t len =
			mutate(bytes, sizeof(bytes), seed % INFO_KINDS, SIZE_MAX, seed, out, NULL);

		assert_within(len, 0, INFO_LEN_MAX);
	}
}

/*
 * Elements stay where a capability gets another id, of which they may be less than one. It takes
 * three operators in their order, one mutation in two million: AddressSanitizer's builds see a read.
 */
static void test_few_elements(void **state)
{
	/* The util string of a z/PCI function, seven bytes. */
	static const uint8_t bytes[] = {43, 0,	0, 0, 0x82, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0,
					0,  24, 0, 0, 0,    0, 0, 0, 0, 3, 0, 1, 0, 0, 0,
					0,  0,	7, 0, 0,    0, 1, 2, 3, 4, 5, 6, 7};
	static uint8_t out[4096];

	(void)state;
	for (uint64_t seed = 0; seed < 3000000; seed++)
		mutate(bytes, sizeof(bytes), INFO_DEVICE, sizeof(out), seed, out, NULL);
}

static size_t spliced, splices;

static void splice_both(const uint8_t *bytes, size_t size, enum info_kind kind)
{
	static uint8_t before[INFO_LEN_MAX], out[INFO_LEN_MAX + 1];
	static size_t before_size;
	struct mutated how;
	char text[256];

	for (uint64_t seed = 0; seed < 4; seed++) {
		const size_t max = 64 + 200 * seed;

		out[max] = GUARD;
		assert_within(
			mutate_splice(bytes, size, before, before_size, kind, max, seed, out, &how),
			0, max);
		assert_int_equal(out[max], GUARD);
		mutate_describe(&how, text, sizeof(text));
		spliced += strstr(text, "splice") != NULL;
		splices++;
		for (size_t i = 0; i < how.nsteps; i++)
			drawn[how.steps[i]]++;
	}
	memcpy(before, bytes, size);
	before_size = size;
}

static void test_splices(void **state)
{
	(void)state;
	corpus_folder("regressions", splice_both);
	print_message("%zu of %zu crossovers joined two chains\n", spliced, splices);
	assert_within(spliced, splices / 4, SIZE_MAX);
}

static void trim_all(const uint8_t *bytes, size_t size, enum info_kind kind)
{
	static uint8_t out[INFO_LEN_MAX];
	const size_t trims = mutate_trims(bytes, size, kind);

	for (size_t step = 0; step < trims + 2; step++) {
		const size_t len = mutate_trim(bytes, size, kind, step, out);

		assert_within(len, 0, size);
		if (len == size && size && memcmp(out, bytes, size) != 0)
			fail_msg("trim %zu changes %zu bytes without making less of them", step,
				 size);
	}
}

/* What the operators on spaces make, which no other kind draws. */
static void test_spaces(void **state)
{
	(void)state;
	each_space(hold);
}

static void test_trims(void **state)
{
	(void)state;
	assert_within(corpus_folder("regressions", trim_all), 10, SIZE_MAX);
}

/* After the others, which count. */
static void test_every_operator(void **state)
{
	uint64_t least = UINT64_MAX;

	(void)state;
	for (size_t i = 0; i < mutate_names(); i++) {
		print_message("%8" PRIu64 " %s\n", drawn[i], mutate_name(i));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(mutate_name(i), mutate_name(j));
		if (!drawn[i])
			fail_msg("%s: never reached", mutate_name(i));
		if (drawn[i] < least)
			least = drawn[i];
	}
	assert_within(least, 10, UINT64_MAX);
}

static void test_describe(void **state)
{
	struct mutated how = {.nsteps = 0};
	char text[64], cut[6];

	(void)state;
	mutate_describe(&how, text, sizeof(text));
	assert_string_equal(text, "none");
	how = (struct mutated){.steps = {0, 1}, .nsteps = 2};
	mutate_describe(&how, text, sizeof(text));
	assert_string_equal(text, "next-zero+next-self");
	mutate_describe(&how, cut, sizeof(cut));
	assert_string_equal(cut, "next-");
}

static void test_it_changes(void **state)
{
	(void)state;
	print_message("%" PRIu64 " mutations changed nothing\n", unchanged);
	assert_within(unchanged, 0, 40000);
}

static int open_spec(void **state)
{
	(void)state;
	spec = spec_new();
	return spec ? 0 : -1;
}

static int close_spec(void **state)
{
	(void)state;
	spec_free(spec);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_longest),
		cmocka_unit_test(test_few_elements), cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_splices),	     cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_trims),	     cmocka_unit_test(test_every_operator),
		cmocka_unit_test(test_describe),     cmocka_unit_test(test_it_changes),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, open_spec, close_spec);
}
