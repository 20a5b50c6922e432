/* SPDX-License-Identifier: MIT */
/* Where buffers are cut, and which share of them. When a row fails, read truncations.h. */
#include "truncations.h"
#include "../within.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_lengths(void **state)
{
	static const struct {
		enum info_kind kind;
		size_t len;
		size_t count;
		size_t lens[TRUNCATIONS_MAX];
	} rows[] = {
		{INFO_DEVICE, 0, 0, {0}},
		{INFO_DEVICE, 1, 2, {0, 0}},
		{INFO_DEVICE, 28, 2, {27, 14}},
		{INFO_DEVICE, 56, 3, {55, 28, 28}},
		{INFO_REGION, 36, 2, {35, 18}},
		{INFO_REGION, 80, 3, {79, 40, 36}},
		{INFO_IOMMU, 112, 3, {111, 56, 28}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t lens[TRUNCATIONS_MAX];

		assert_int_equal(truncations(rows[i].kind, rows[i].len, lens), rows[i].count);
		assert_memory_equal(lens, rows[i].lens, rows[i].count * sizeof(lens[0]));
	}
}

/*
 * Buffers that differ in one word only: about one in TRUNCATIONS_SHARE, and always the same ones.
 */
static void test_share(void **state)
{
	enum { BUFFERS = 4096, SHARE = BUFFERS / TRUNCATIONS_SHARE };
	uint8_t info[56] = {0};
	unsigned int chosen = 0;

	(void)state;
	for (uint32_t i = 0; i < BUFFERS; i++) {
		memcpy(info + 16, &i, sizeof(i));
		chosen += truncations_chosen(info, sizeof(info));
		assert_int_equal(truncations_chosen(info, sizeof(info)),
				 truncations_chosen(info, sizeof(info)));
	}
	assert_within(chosen, SHARE * 3 / 4, SHARE * 5 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
