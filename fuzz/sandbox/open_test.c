/* SPDX-License-Identifier: MIT */
/*
 * What keeps the sandbox from opening. Each cause is made to happen, and the line that is said
 * then has its own errno and says what to do. A refused memfd_create() must not keep the sandbox
 * from opening.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "refuse.h"
#include "faulty_rows.h"

#if defined(__has_feature)
#define HAS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#else
#define HAS_ASAN 0
#endif

/* What the children end with. */
enum {
	AS_IT_SHOULD,
	NO_FILTER,
	OPENED,
	NOT_OPENED,
	SAID_ELSE,
	NO_FAULT_SEEN,
};

struct row {
	const char *name;
	struct refused_call calls[2];
	size_t count;
	const char *says[3]; /* none: it opens */
};

static const struct row rows[] = {
	{"memfd refused", {{SYS_memfd_create, EPERM}}, 1, {0}},
	{"memfd unknown", {{SYS_memfd_create, ENOSYS}}, 1, {0}},
	{"no descriptor left", {{SYS_memfd_create, EMFILE}}, 1, {0}},
	{"no memory twice",
	 {{SYS_memfd_create, EPERM}, {SYS_mremap, EACCES}},
	 2,
	 {"memfd_create", "Permission denied", "seccomp"}},
	{"no memory to write",
	 {{SYS_mprotect, ENOMEM}},
	 1,
	 {"own memory", "Cannot allocate memory", "vm.overcommit_memory"}},
#if !HAS_ASAN /* which asks for the signal stack at each _exit() */
	{"no signal stack",
	 {{SYS_sigaltstack, EPERM}},
	 1,
	 {"a stack for signals", "Operation not permitted", "seccomp"}},
#endif
};

static int open_under(const struct row *row)
{
	char error[512] = "";
	const int opened = refuse(row->calls, row->count) ? 1 : sandbox_open(error, sizeof(error));

	if (opened > 0)
		return NO_FILTER;
	if (opened == 0)
		return row->says[0] ? OPENED : AS_IT_SHOULD;
	if (!row->says[0])
		return NOT_OPENED;
	for (size_t i = 0; i < 3; i++)
		if (!strstr(error, row->says[i]))
			return SAID_ELSE;
	return strstr(error, "address space") || strchr(error, '\n') ? SAID_ELSE : AS_IT_SHOULD;
}

/* And that the window is one memory, which parsers cannot write: every planted fault is seen. */
static int see_faults(void)
{
	static const uint8_t info[FAULTY_LEN];

	sandbox_place(info, sizeof(info));
	for (size_t i = 0; i < FAULTY_ROWS; i++) {
		const struct walk_result result =
			walk(faulty_rows[i].read, INFO_TRUSTING, sizeof(info));

		if (!faulty_seen(i, &result))
			return NO_FAULT_SEEN;
	}
	return AS_IT_SHOULD;
}

static int in_child(const struct row *row)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		status = open_under(row);
		_exit(status || row->says[0] ? status : see_faults());
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int status = in_child(&rows[i]);

		if (status)
			fail_msg("%s: %d", rows[i].name, status);
	}
}

static void test_no_address_space(void **state)
{
	const struct rlimit limit = {1 << 30, 1 << 30};
	char error[512] = "";
	int status = -1;
	pid_t pid;

	(void)state;
	/* AddressSanitizer needs what this takes away; the builds without it show the same. */
	if (!sandbox_has_arena() || HAS_ASAN)
		return;
	pid = fork();
	if (pid == 0)
		_exit(setrlimit(RLIMIT_AS, &limit) || sandbox_open(error, sizeof(error)) == 0 ||
		      !strstr(error, "address space") || !strstr(error, "ulimit -v"));
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
					   cmocka_unit_test(test_no_address_space)};

	if (in_child(&(struct row){.name = "nothing refused"}) == NO_FILTER) {
		puts("no system call can be refused here: no seccomp filter on this machine");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
