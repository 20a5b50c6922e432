/* SPDX-License-Identifier: MIT */
/*
 * A leak is reported where LeakSanitizer can look, and where ptrace is refused the program ends as if
 * there were no such sanitizer. The program runs itself, since leaks are looked for at the end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "leaks.h"
#include "refuse.h"

#if defined(__has_feature)
#define HAS_LSAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_LSAN 1
#else
#define HAS_LSAN 0
#endif

#define NO_FILTER 77

static const struct refused_call no_ptrace = {SYS_ptrace, EPERM};

/* In the program that was run again: leaks, and ends with 0 for its own part. */
static int leak(const char *how)
{
	static void *volatile kept;

	if (!strcmp(how, "refused") && refuse(&no_ptrace, 1))
		return NO_FILTER;
	kept = malloc(40);
	kept = NULL;
	return kept != NULL;
}

static int status_of(const char *how)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr) ||
		    setenv("ASAN_OPTIONS", "detect_leaks=1", 1) || unsetenv("LSAN_OPTIONS"))
			_exit(98);
		execl(program_invocation_name, "leaks_test", how, (char *)NULL);
		_exit(97);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_seen(void **state)
{
	(void)state;
	if (leaks_unseen()) {
		printf("skipped: LeakSanitizer cannot look here: %s\n", leaks_unseen());
		skip();
	}
	assert_int_equal(status_of("leaks") != 0, HAS_LSAN);
}

static void test_refused(void **state)
{
	const int status = status_of("refused");

	(void)state;
	if (status == NO_FILTER) {
		puts("skipped: ptrace cannot be refused here: no seccomp filter");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seen),
					   cmocka_unit_test(test_refused)};

	if (argc == 2)
		return leak(argv[1]);
	return cmocka_run_group_tests_name("leaks", tests, NULL, NULL);
}
