/* SPDX-License-Identifier: MIT */
/*
 * Tests of the probe: a sound device breaks no rule, and each rule is broken by the device that is
 * made to break it. When a row fails, either its fault is no longer seen, or broken.c no longer has
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "probe.h"

extern const struct info_parser bounded_parser;

static const struct probe_subject subjects[] = {
	{INFO_DEVICE, 0}, {INFO_REGION, 0}, {INFO_REGION, 1}, {INFO_REGION, 2}, {INFO_IOMMU, 0},
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static struct judge *judge_over(const struct info_parser *parser)
{
	static const struct info_parser *one[1];
	char error[512];
	struct judge *judge;

	one[0] = parser;
	judge = judge_new(one, 1, error, sizeof(error));
	assert_non_null(judge);
	return judge;
}

/* How many subjects of a device with @fault break @rule. */
static uint32_t breaks(struct judge *judge, enum probe_rule fault, enum probe_rule rule,
		       size_t *ret_broken)
{
	struct probe_device *const device = probe_fake(fault);
	uint32_t count = 0;

	*ret_broken = 0;
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct probe_result result;

		assert_int_equal(probe_sweep(device, &subjects[i], judge, &result), 0);
		assert_int_equal(result.answered, 0);
		assert_true(result.calls > 4 * 16);
		*ret_broken += probe_broken(&result);
		if (rule < PROBE_RULE_COUNT && result.violations[rule].count) {
			assert_non_null(result.violations[rule].info);
			assert_true(result.violations[rule].words[0]);
			count++;
		}
		probe_free(&result);
	}
	return count;
}

static void test_sound(void **state)
{
	struct judge *const judge = judge_over(&bounded_parser);
	size_t broken;

	(void)state;
	breaks(judge, PROBE_RULE_COUNT, PROBE_RULE_COUNT, &broken);
	assert_int_equal(broken, 0);
	judge_free(judge);
}

static void test_needs(void **state)
{
	static const struct {
		uint32_t need;
		size_t ncaps;
	} wanted[SUBJECTS] = {{16, 0}, {40, 1}, {32, 0}, {48, 1}, {120, 3}};
	struct judge *const judge = judge_over(&bounded_parser);

	(void)state;
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct probe_result result;

		probe_sweep(probe_fake(PROBE_RULE_COUNT), &subjects[i], judge, &result);
		assert_int_equal(result.need, wanted[i].need);
		assert_int_equal(result.ncaps, wanted[i].ncaps);
		assert_null(probe_reply(&result, 15));
		assert_non_null(probe_reply(&result, result.need + PROBE_PAST));
		assert_null(probe_reply(&result, result.need + PROBE_PAST + 1));
		probe_free(&result);
	}
	judge_free(judge);
}

static void test_each_rule(void **state)
{
	struct judge *const judge = judge_over(&bounded_parser);
	size_t broken;

	(void)state;
	for (unsigned int rule = 0; rule < PROBE_RULE_COUNT; rule++) {
		if (rule == PROBE_BOUNDED)
			continue;
		if (!breaks(judge, (enum probe_rule)rule, (enum probe_rule)rule, &broken))
			fail_msg("%s is not seen", probe_rule_name((enum probe_rule)rule));
	}
	judge_free(judge);
}

static struct info_answer read_nothing(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	(void)walk;
	(void)info;
	(void)len;
	(void)kind;
	return answer(VERDICT_ABSENT);
}

/* A bounded.h that never finds a chain. */
static void test_bounded(void **state)
{
	static struct info_parser wrong;
	struct judge *judge;
	size_t broken;

	(void)state;
	wrong = bounded_parser;
	wrong.name = "wrong";
	wrong.read = read_nothing;
	judge = judge_over(&wrong);
	assert_true(breaks(judge, PROBE_RULE_COUNT, PROBE_BOUNDED, &broken) > 0);
	judge_free(judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_each_rule),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
