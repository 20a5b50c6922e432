/* SPDX-License-Identifier: MIT */
/*
 * What must hold of planted bugs: the walker without one agrees with the reference everywhere, each
 * bug is the only one of its parser, and the judge blames it in every kind it reads. When "more
 * than one bug" fails, the planted line does something that its mark does not count, or walker.h is
 * wrong; when "not detected" fails, an oracle is blind or the corpus lost the input that shows it.
 *
 * Usage: planted_test CORPUS
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../parsers/bounded_corpus.h"
#include "../parsers/bounded_inputs.h"
#include "../exhaust/exhaust.h"
#include "../judge/judge.h"
#include "bugs.h"
#include "../within.h"

/* A canary is another one each night, so there have to be some. */
#define BUGS_MIN 16
#define NOISE	 20000

extern const struct info_parser planted_sound_parser, planted_sound_space_parser;

/* The parser under test, and what came of it so far. */
static struct judge *judge;
static size_t detected[INFO_KINDS];
static size_t buffers;

static struct judge *judge_of(const struct info_parser *const *parser)
{
	struct judge *const made = judge_new(parser, 1, (char[512]){0}, 512);

	if (!made)
		fail_msg("no judge");
	sandbox_take_signals();
	return made;
}

static void hold(const uint8_t *info, size_t len, enum info_kind kind)
{
	const struct judged *const judged = &judge->judged[0];
	char bucket[BUCKET_MAX];

	*planted_marks = (struct planted_marks){0};
	judge_read(judge, info, len, kind);
	buffers++;
	if (judged_breaks(judged) && !planted_marks->triggered) {
		judged_bucket(judged, bucket);
		fail_msg("%s: %s with its bug not triggered: more than one bug",
			 judged->parser->name, bucket);
	}
	if (planted_marks->triggered && !planted_marks->reached)
		fail_msg("%s: triggered, and not reached", judged->parser->name);
	if (judged_breaks(judged))
		detected[kind]++;
}

static void hold_rho(const struct rho *rho)
{
	hold(rho->bytes, rho->len, rho->kind);
}

/* Every small list of both kinds, and each with one byte of its space turned over or its end cut off. */
static void see_spaces(void)
{
	static uint8_t info[EXHAUST_LEN_MAX];

	for (enum info_kind kind = INFO_IOCTL_KINDS; kind < INFO_KINDS; kind++) {
		struct exhaust_space *const space = exhaust_space_new(kind, 2);
		const uint64_t count = exhaust_space_count(space);

		/* A prime, so that all places vary. */
		for (uint64_t i = 0; i < count; i += 13) {
			const size_t len = exhaust_buffer(space, i, info);
			uint8_t *const turned = &info[i % len];

			hold(info, len, kind);
			hold(info, (size_t)(i % len), kind);
			*turned ^= (uint8_t)(i | 1);
			hold(info, len, kind);
		}
		exhaust_space_free(space);
	}
	each_space(hold);
}

static bool reads_ioctls(const struct info_parser *parser)
{
	return parser->reads[INFO_DEVICE].ids || parser->reads[INFO_REGION].ids ||
	       parser->reads[INFO_IOMMU].ids;
}

/* Enough to show any bug. */
static void see_some(void)
{
	if (!reads_ioctls(judge->judged[0].parser)) {
		see_spaces();
		return;
	}
	each_ladder(hold);
	each_noise(NOISE, hold);
	each_rho(hold_rho);
	each_corpus(hold);
}

/* Every input there is. */
static void see_all(void)
{
	see_some();
	each_small(hold);
	each_payload(hold);
	each_long(hold_rho);
}

static void test_sound_walker(void **state)
{
	const struct info_parser *const sound = &planted_sound_parser;

	(void)state;
	judge = judge_of(&sound);
	see_all();
	judge_free(judge);
	assert_within(buffers, 100000, SIZE_MAX);
}

static void test_sound_space_walker(void **state)
{
	const struct info_parser *const sound = &planted_sound_space_parser;

	(void)state;
	buffers = 0;
	judge = judge_of(&sound);
	see_spaces();
	judge_free(judge);
	assert_within(buffers, 50000, SIZE_MAX);
}

static void test_each_is_one_bug_and_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < planted_bug_count; i++) {
		memset(detected, 0, sizeof(detected));
		judge = judge_of(&planted_bugs[i]);
		see_some();
		judge_free(judge);
		for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
			if (planted_bugs[i]->reads[kind].ids && !detected[kind])
				fail_msg("%s: not detected in any %s buffer", planted_bugs[i]->name,
					 info_kind_name(kind));
		print_message(
			"%s: detected on %zu device, %zu region, %zu iommu, %zu pci, %zu pcie "
			"buffers\n",
			planted_bugs[i]->name, detected[INFO_DEVICE], detected[INFO_REGION],
			detected[INFO_IOMMU], detected[INFO_PCI], detected[INFO_PCIE]);
	}
}

/* The corpus alone finds each: a parser that gets such a bug fails its replay. */
static void test_corpus_finds_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < planted_bug_count; i++) {
		memset(detected, 0, sizeof(detected));
		judge = judge_of(&planted_bugs[i]);
		if (reads_ioctls(planted_bugs[i]))
			each_corpus(hold);
		else
			each_space(hold);
		judge_free(judge);
		if (!(detected[INFO_DEVICE] + detected[INFO_REGION] + detected[INFO_IOMMU] +
		      detected[INFO_PCI] + detected[INFO_PCIE]))
			fail_msg("%s: no buffer of the corpus shows it", planted_bugs[i]->name);
	}
}

static void test_list(void **state)
{
	(void)state;
	assert_within(planted_bug_count, BUGS_MIN, SIZE_MAX);
	for (size_t i = 0; i < planted_bug_count; i++) {
		assert_true(strncmp(planted_bugs[i]->name, "planted-", 8) == 0);
		assert_int_equal(planted_bugs[i]->trust, INFO_HARDENED);
		if (i && strcmp(planted_bugs[i - 1]->name, planted_bugs[i]->name) >= 0)
			fail_msg("%s: not in the order of names", planted_bugs[i]->name);
		for (size_t j = 0; j < info_parser_count; j++)
			assert_string_not_equal(planted_bugs[i]->name, info_parsers[j]->name);
	}
}

static void refused(const char *name, const char *marks)
{
	const struct info_parser *const *parsers = NULL;
	char error[512] = "";
	size_t count = 7;

	setenv("CAPCHAIN_PLANTED", name, 1);
	setenv("CAPCHAIN_MARKS", marks, 1);
	assert_int_equal(planted_open(&parsers, &count, error, sizeof(error)), -1);
	assert_true(strlen(error) > 0 && !strchr(error, '\n'));
	assert_null(parsers);
	assert_int_equal(count, 7);
}

static void test_choice(void **state)
{
	const struct info_parser *const *parsers;
	char error[512], marks[] = "/tmp/planted-test-XXXXXX";
	const int fd = mkstemp(marks);
	size_t count, mine = 0;

	(void)state;
	assert_true(fd >= 0);
	refused("no-such-bug", marks);
	refused("", marks);
	refused(planted_bugs[0]->name, "/nonexistent/marks");
	setenv("CAPCHAIN_PLANTED", planted_bugs[0]->name, 1);
	setenv("CAPCHAIN_MARKS", marks, 1);
	assert_int_equal(planted_open(&parsers, &count, error, sizeof(error)), 0);
	assert_int_equal(count, info_parser_count + 1);
	for (size_t i = 0; i < count; i++) {
		mine += parsers[i] == planted_bugs[0];
		if (i)
			assert_true(strcmp(parsers[i - 1]->name, parsers[i]->name) < 0);
	}
	assert_int_equal(mine, 1);
	assert_int_equal(planted_choose(1, 2), 2);
	assert_int_equal(planted_choose(2, 2), 2);
	{
		struct planted_marks kept;

		assert_int_equal(pread(fd, &kept, sizeof(kept), 0), sizeof(kept));
		assert_int_equal(kept.reached, 2);
		assert_int_equal(kept.triggered, 1);
		assert_int_equal(kept.detected, 0);
	}
	close(fd);
	unlink(marks);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_walker),
		cmocka_unit_test(test_sound_space_walker),
		cmocka_unit_test(test_each_is_one_bug_and_found),
		cmocka_unit_test(test_corpus_finds_each),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_choice),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
