/* SPDX-License-Identifier: MIT */
/*
 * Every verdict that only the sandbox can give, planted and seen, each by the part that should see
 * it. When a row fails: an oracle is blind, and every clean fuzz run since is worth nothing. Look
 * at whether the parsers' object files still call the hooks before anything else.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "faulty_rows.h"
#include "../within.h"

#define LEN FAULTY_LEN

static void place(size_t len)
{
	uint8_t info[INFO_LEN_MAX] = {0};

	/* cmocka puts handlers of its own around each test. */
	sandbox_take_signals();
	sandbox_place(info, len);
}

static void test_every_fault(void **state)
{
	(void)state;
	place(LEN);
	for (size_t i = 0; i < FAULTY_ROWS; i++) {
		/* Twice: the first must leave no trace for the second. */
		for (int round = 0; round < 2; round++) {
			const struct walk_result result =
				walk(faulty_rows[i].read, INFO_TRUSTING, LEN);

			if (!faulty_seen(i, &result))
				fail_msg("%s: verdict %d seen by %d signal %d", faulty_rows[i].name,
					 result.verdict, result.seen_by, result.signal);
			assert_int_equal(walk(faulty_good, INFO_TRUSTING, LEN).verdict, VERDICT_OK);
		}
	}
}

/* Whether a fault at @offset is one of @size bytes at @at; s390x tells no more than the page. */
static bool is_near(uint64_t offset, uint64_t at, uint64_t size)
{
	const uint64_t page = sandbox_tells_stores() ? 1 : (uint64_t)sysconf(_SC_PAGESIZE);

	/* The first byte that faults lies in the range, or in a page that the range touches. */
	return offset + page > at && offset < at + size;
}

static void test_where(void **state)
{
	struct walk_result result;

	(void)state;
	place(LEN);
	result = walk(faulty_load_past, INFO_TRUSTING, LEN);
	assert_int_equal(result.offset, LEN);
	assert_int_equal(result.size, 1);
	assert_false(result.scratch);
	result = walk(faulty_memcpy_wild, INFO_TRUSTING, LEN);
	assert_true(is_near(result.offset, 0x7ffffff0u, 32));
	result = walk(faulty_scratch_load_past, INFO_TRUSTING, LEN);
	assert_true(result.scratch);
	assert_int_equal(result.offset, 20);
	/* The first byte outside, not where the store begins: a canary would tell no other. */
	assert_int_equal(walk(faulty_scratch_straddling, INFO_TRUSTING, LEN).offset, 19);
	result = walk(faulty_scratch_over_by_one, INFO_TRUSTING, LEN);
	assert_true(result.scratch);
	assert_int_equal(result.offset, 20);
	/* What a copying reader does is told from its copy. */
	result = walk(faulty_copy_load_wild, INFO_TRUSTING, LEN);
	assert_true(result.scratch);
	assert_int_equal(result.offset, 0x7ffffff0u);
	result = walk(faulty_copy_memcpy_wild, INFO_TRUSTING, LEN);
	assert_true(result.scratch);
	assert_true(is_near(result.offset, UINT64_C(0xfffffff0), 32));
	result = walk(faulty_load_wild_below, INFO_TRUSTING, LEN);
	assert_false(result.scratch);
	assert_int_equal(result.offset, -UINT64_C(0x80000000));
	result = walk(faulty_copy_in_past, INFO_TRUSTING, LEN);
	assert_string_equal(result.reason, "efault");
}

/* Bytes past the bound: a fault of a hardened parser, a remark on any other. */
static void test_stale(void **state)
{
	struct walk_result result;

	(void)state;
	place(LEN);
	result = walk(faulty_reads_stale, INFO_TRUSTING, LEN - 1);
	assert_int_equal(result.verdict, VERDICT_OK);
	assert_true(result.stale);
	assert_int_equal(result.stale_at, LEN - 1);
	result = walk(faulty_reads_stale, INFO_HARDENED, LEN - 1);
	assert_int_equal(result.verdict, VERDICT_STALE);
	result = walk(faulty_reads_stale, INFO_HARDENED, LEN);
	assert_int_equal(result.verdict, VERDICT_OK);
	assert_false(result.stale);
	/* argsz is read before anyone knows the bound. */
	result = walk(faulty_good, INFO_HARDENED, 0);
	assert_int_equal(result.verdict, VERDICT_OK);
}

/* Of whoever abstains nothing is known; a hardened one's fault is. */
static void test_abstains(void **state)
{
	static struct sandbox_trace trace;
	const struct info_parser parser = {.name = "faulty", .read = faulty_abstains_late};
	const struct walk_limits limits = {.bound = LEN - 1, .budget = 1000, .trace = &trace};
	struct info_cap caps[1];
	struct walk_result result = {.caps = caps};

	(void)state;
	place(LEN);
	sandbox_walk(&parser, INFO_DEVICE, &limits, &result);
	assert_int_equal(result.verdict, VERDICT_ABSTAIN);
	assert_int_equal(result.ncaps, 0);
	assert_false(result.stale);
	assert_int_equal(trace.count, 0);
	result = walk(faulty_abstains_late, INFO_HARDENED, LEN - 1);
	assert_int_equal(result.verdict, VERDICT_STALE);
}

static struct info_answer no_answer;

static struct info_answer says(struct walk *parser, const void *info, uint32_t len,
			       enum info_kind kind)
{
	(void)parser, (void)info, (void)len, (void)kind;
	return no_answer;
}

/* Of any parser, in any build: an answer out of range is none, and no answer leaves anything to the next. */
static void test_out_of_range(void **state)
{
	static char long_reason[INFO_REASON_MAX + 1];

	(void)state;
	place(LEN);
	memset(long_reason, 'a', INFO_REASON_MAX);
	const struct {
		struct info_answer answer;
		const char *lacks;
	} rows[] = {
		{answer((enum verdict)(VERDICT_ABSTAIN + 1)), "no-such-verdict"},
		{answer((enum verdict) - 1), "no-such-verdict"},
		{answer((enum verdict)1000), "no-such-verdict"},
		{answer_reject("Too Bad"), "no-such-reason"},
		{answer_reject("a\nline"), "no-such-reason"},
		{answer_reject(""), "no-such-reason"},
		{answer_reject(long_reason), "no-such-reason"},
		{answer_reject(long_reason + 1), NULL},
		{answer_reject(NULL), NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct walk_result result;

		no_answer = rows[i].answer;
		result = walk(says, INFO_HARDENED, LEN);
		assert_int_equal(result.verdict, rows[i].lacks ? VERDICT_ABSTAIN : VERDICT_REJECT);
		if (rows[i].lacks)
			assert_string_equal(result.no_answer, rows[i].lacks);
		else
			assert_null(result.no_answer);
		assert_null(walk(faulty_good, INFO_HARDENED, LEN).no_answer);
	}
	/* A reason that points nowhere is a fault of the walk. */
	no_answer = answer_reject((const char *)8);
	assert_int_equal(walk(says, INFO_HARDENED, LEN).verdict, VERDICT_CRASH);
}

/* Where hooks cannot see, a reader below the buffer gets the same byte whatever was there before.
 */
static void test_no_residue(void **state)
{
	uint8_t info[INFO_LEN_MAX];

	(void)state;
	sandbox_take_signals();
	memset(info, 0x11, sizeof(info));
	for (size_t len = 4096; len; len /= 2) {
		sandbox_place(info, len);
		sandbox_place(info, len / 2);
		assert_int_equal(walk(faulty_sees_below, INFO_TRUSTING, INFO_LEN_MAX).need, 0);
	}
}

/* The window is shared memory: what a process that is gone had placed is not there any more. */
static void test_no_residue_of_a_fork(void **state)
{
	static const uint8_t byte = 0x22;
	uint8_t info[4096];
	const uint8_t *placed;
	int status;
	pid_t pid;

	(void)state;
	memset(info, 0x11, sizeof(info));
	sandbox_place(info, 0);
	pid = fork();
	if (pid == 0) {
		sandbox_place(info, sizeof(info));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	placed = sandbox_place_padded(&byte, 1, sizeof(info));
	assert_int_equal(placed[0], byte);
	for (size_t i = 1; i < sizeof(info); i++)
		assert_int_equal(placed[i], 0);
}

/* Every length is placed with its end on the page's edge. */
static void test_lengths(void **state)
{
	(void)state;
	for (size_t len = 0; len <= INFO_LEN_MAX; len += len < 70 ? 1 : 4093) {
		place(len);
		assert_int_equal(walk(faulty_load_past, INFO_TRUSTING, INFO_LEN_MAX).offset, len);
		assert_int_equal(walk(faulty_store_past, INFO_TRUSTING, INFO_LEN_MAX).verdict,
				 VERDICT_WROTE);
	}
}

static void test_hooks_are_found(void **state)
{
	static const struct info_parser hooked = {.name = "hooked", .read = faulty_good};
	static struct info_cap caps[INFO_LEN_MAX];

	(void)state;
	assert_true(sandbox_has_hooks(&hooked, caps));
}

/* A reader without hooks is known as such; this file is built without them. */
static struct info_answer unhooked_read(struct walk *w, const void *info, uint32_t len,
					enum info_kind kind)
{
	(void)w;
	(void)kind;
	return answer_truncated(len ? *(const volatile uint8_t *)info : 0);
}

static void test_no_hooks_are_found(void **state)
{
	static const struct info_parser unhooked = {.name = "unhooked", .read = unhooked_read};
	static struct info_cap caps[INFO_LEN_MAX];

	(void)state;
	assert_false(sandbox_has_hooks(&unhooked, caps));
}

/* Runs @act in a child: its wait status. Its stderr goes nowhere. */
static int in_child(void (*act)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		/* Without cmocka's handlers below ours, which would go on with the next test. */
		signal(SIGABRT, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		sandbox_take_signals();
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void abort_outside_a_walk(void)
{
	abort();
}

static void fault_outside_a_walk(void)
{
	static volatile uintptr_t nowhere = 8;

	*(volatile int *)nowhere = 1;
}

static void test_signals_outside_walks(void **state)
{
	int status;

	(void)state;
	status = in_child(abort_outside_a_walk);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = in_child(fault_outside_a_walk);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static int open_sandbox(void **state)
{
	char error[512];

	(void)state;
	/* For scripts/test/arch.py: which emulator has the pages that it is asked for. */
	print_message("pages of %ld bytes\n", sysconf(_SC_PAGESIZE));
	return sandbox_open(error, sizeof(error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fault),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_abstains),
		cmocka_unit_test(test_out_of_range),
		cmocka_unit_test(test_no_residue),
		cmocka_unit_test(test_no_residue_of_a_fork),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_hooks_are_found),
		cmocka_unit_test(test_no_hooks_are_found),
		cmocka_unit_test(test_signals_outside_walks),
	};

	return cmocka_run_group_tests_name("sandbox", tests, open_sandbox, NULL);
}
