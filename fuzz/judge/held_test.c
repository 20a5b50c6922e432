/* SPDX-License-Identifier: MIT */
/* Tests when a model and its program's own reader are the same: every way in which they may not be is seen. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "held.h"

static struct info_cap two[] = {{.offset = 24, .id = 1}, {.offset = 40, .id = 2}};
static struct info_cap moved[] = {{.offset = 24, .id = 1}, {.offset = 48, .id = 2}};
static struct info_cap other[] = {{.offset = 24, .id = 1}, {.offset = 40, .id = 3}};

#define OK_(caps_, n) .verdict = VERDICT_OK, .caps = caps_, .ncaps = n

static const struct {
	const char *what;
	struct walk_result reader, model;
	bool same;
} rows[] = {
	{"one answer", {OK_(two, 2)}, {OK_(two, 2)}, true},
	{"one less", {OK_(two, 2)}, {OK_(two, 1)}, false},
	{"another place", {OK_(two, 2)}, {OK_(moved, 2)}, false},
	{"another id", {OK_(two, 2)}, {OK_(other, 2)}, false},
	{"ok and absent", {OK_(two, 0)}, {.verdict = VERDICT_ABSENT}, false},
	{"another need",
	 {.verdict = VERDICT_TRUNCATED, .need = 64},
	 {.verdict = VERDICT_TRUNCATED, .need = 65},
	 false},
	{"refusals in other words",
	 {.verdict = VERDICT_REJECT, .reason = "refused"},
	 {.verdict = VERDICT_REJECT, .reason = "einval"},
	 true},
	{"a refusal for lack of memory",
	 {.verdict = VERDICT_REJECT, .reason = "enomem"},
	 {.verdict = VERDICT_REJECT, .reason = "einval"},
	 false},
	{"an abort and a refusal",
	 {.verdict = VERDICT_CRASH, .signal = SIGABRT},
	 {.verdict = VERDICT_REJECT, .reason = "empty-range"},
	 true},
	{"an abort and lack of memory",
	 {.verdict = VERDICT_CRASH, .signal = SIGABRT},
	 {.verdict = VERDICT_REJECT, .reason = "enomem"},
	 false},
	{"another signal and a refusal",
	 {.verdict = VERDICT_CRASH, .signal = SIGSEGV},
	 {.verdict = VERDICT_REJECT},
	 false},
	{"a refusal of the program and a crash of the model",
	 {.verdict = VERDICT_REJECT},
	 {.verdict = VERDICT_CRASH, .signal = SIGABRT},
	 false},
	{"oob and runaway", {.verdict = VERDICT_OOB}, {.verdict = VERDICT_RUNAWAY}, false},
	{"what was taken before a fault",
	 {.verdict = VERDICT_OOB, .caps = two, .ncaps = 2},
	 {.verdict = VERDICT_OOB},
	 true},
	{"nothing to hold", {.verdict = VERDICT_ABSTAIN}, {.verdict = VERDICT_OOB}, true},
};

static void test_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (held_same(&rows[i].reader, &rows[i].model) != rows[i].same)
			fail_msg("%s", rows[i].what);
}

/* No build but that of `make real` has any. */
static void test_none(void **state)
{
	(void)state;
	assert_int_equal(held_count, 0);
	for (size_t i = 0; i < info_parser_count; i++)
		assert_null(held_of(info_parsers[i]));
}

static void test_budget(void **state)
{
	(void)state;
	/* A hundred sorted ranges are put into a list, each behind the one before it. */
	assert_true(held_budget(64 + 1640, 1640) > 100 * 100);
	assert_true(held_budget(64, 0) > 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
