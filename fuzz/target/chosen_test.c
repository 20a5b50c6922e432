/* SPDX-License-Identifier: MIT */
/* Which parsers a list of names stands for. When a row fails, read chosen.h. */
#include "chosen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_all(void **state)
{
	const struct info_parser *const *parsers = NULL;
	char error[256] = "";

	(void)state;
	assert_int_equal(chosen_parsers(NULL, &parsers, error, sizeof(error)), info_parser_count);
	assert_ptr_equal(parsers, info_parsers);
}

/* Whatever the order of the names, the parsers come in the registry's. */
static void test_some(void **state)
{
	static const char *const lists[] = {"bounded,naive", "naive,bounded"};
	const struct info_parser *const *parsers = NULL;
	char error[256] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(chosen_parsers(lists[i], &parsers, error, sizeof(error)), 2);
		assert_string_equal(parsers[0]->name, "bounded");
		assert_string_equal(parsers[1]->name, "naive");
	}
	assert_int_equal(chosen_parsers("qemu", &parsers, error, sizeof(error)), 1);
	assert_string_equal(parsers[0]->name, "qemu");
}

static void test_refused(void **state)
{
	static const char *const lists[] = {"",	      ",",	     "nobody",	      "naive,",
					    ",naive", "naive,naive", "naive bounded", "naiv",
					    "NAIVE",  "naive,nobody"};
	const struct info_parser *const *parsers = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char error[256] = "";

		assert_int_equal(chosen_parsers(lists[i], &parsers, error, sizeof(error)), 0);
		assert_non_null(strstr(error, "capchain list"));
		assert_null(parsers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_some),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
