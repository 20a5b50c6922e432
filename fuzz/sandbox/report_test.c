/* SPDX-License-Identifier: MIT */
/*
 * A sanitizer's report inside a walk is a bug of ours and never a verdict: it ends the process,
 * with the sanitizer's own exit status (1), or by SIGABRT where abort_on_error is set, as engines
 * set it.
 *
 * The program runs itself, since sanitizers read their options at the start: with an argument it
 * walks one parser that does what a sanitizer of this build reports, and exits 0 when the walk
 * comes back. When a row fails: reports of our own bugs are taken for findings about parsers; look
 * at __asan_on_error() and __ubsan_on_report() in sandbox.c.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "faulty.h"
#include "sandbox.h"

#if defined(__has_feature)
#define HAS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#else
#define HAS_ASAN 0
#endif
#ifndef HAS_UBSAN
#define HAS_UBSAN 0
#endif

/* gcc cannot put hooks and AddressSanitizer into one object, so its parsers go without. */
#if defined(__clang__)
#define PARSERS_HAVE_ASAN HAS_ASAN
#else
#define PARSERS_HAVE_ASAN 0
#endif

#define LEN 40

static volatile int sink;

/* Unlike faulty.c this file is built as our own code is: with every sanitizer of the build. */
#define OWN_FAULT(name)                                                                            \
	static struct info_answer name(struct walk *walk __attribute__((unused)),                  \
				       const void *info __attribute__((unused)),                   \
				       uint32_t len __attribute__((unused)),                       \
				       enum info_kind kind __attribute__((unused)))

OWN_FAULT(overflows_stack)
{
	uint8_t own[16] = {0};
	/* Through a pointer: an array's own index is for UndefinedBehaviorSanitizer to report. */
	volatile uint8_t *volatile const at = own;

	at[sizeof(own)] = 1;
	sink = own[0];
	return answer(VERDICT_OK);
}

OWN_FAULT(overflows_int)
{
	volatile int most = INT_MAX;

	sink = most + (int)len;
	return answer(VERDICT_OK);
}

OWN_FAULT(reports_nothing)
{
	sink = (int)len;
	return answer(VERDICT_OK);
}

static const struct {
	const char *name;
	struct info_answer (*read)(struct walk *, const void *, uint32_t, enum info_kind);
	bool reported; /* by a sanitizer of this build */
} faults[] = {
	{"nothing", reports_nothing, false},
	{"stack", overflows_stack, HAS_ASAN},
	{"int", overflows_int, HAS_UBSAN},
	{"parser", faulty_own_stack_overflow, PARSERS_HAVE_ASAN},
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

/* In the program that was run again: the walk, and 0 where the process outlives it. */
static int walk_fault(const char *name)
{
	static struct info_cap caps[INFO_LEN_MAX];
	const struct walk_limits limits = {.bound = LEN, .budget = 1000};
	const uint8_t info[LEN] = {0};
	struct walk_result result = {.caps = caps};
	char error[512];

	if (sandbox_open(error, sizeof(error)))
		return EXIT_ARENA;
	for (size_t i = 0; i < FAULTS; i++) {
		const struct info_parser parser = {.name = "own", .read = faults[i].read};

		if (strcmp(faults[i].name, name))
			continue;
		sandbox_place(info, sizeof(info));
		sandbox_walk(&parser, INFO_DEVICE, &limits, &result);
		return 0;
	}
	return 99;
}

/* The wait status of this program on fault @name, its sanitizers under @options. */
static int status_of(const char *name, const char *options)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr) || setenv("ASAN_OPTIONS", options, 1) ||
		    setenv("UBSAN_OPTIONS", options, 1))
			_exit(98);
		execl(program_invocation_name, "report_test", name, (char *)NULL);
		_exit(97);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_report_is_no_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAULTS; i++) {
		int exits, aborts;

		/*
		 * The faults of a build without sanitizers are undefined, so they are left alone.
		 */
		if (!faults[i].reported && faults[i].read != reports_nothing) {
			print_message("%s: no sanitizer of this build reports it\n",
				      faults[i].name);
			continue;
		}
		exits = status_of(faults[i].name, "abort_on_error=0");
		aborts = status_of(faults[i].name, "abort_on_error=1");
		print_message("%s: wait status %#x, with abort_on_error %#x\n", faults[i].name,
			      exits, aborts);
		assert_true(WIFEXITED(exits));
		assert_int_equal(WEXITSTATUS(exits), faults[i].reported);
		if (faults[i].reported)
			assert_true(WIFSIGNALED(aborts) && WTERMSIG(aborts) == SIGABRT);
		else
			assert_int_equal(aborts, 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_report_is_no_verdict)};

	if (argc == 2)
		return walk_fault(argv[1]);
	return cmocka_run_group_tests_name("sanitizer reports", tests, NULL, NULL);
}
