/* SPDX-License-Identifier: MIT */
/*
 * LeakSanitizer stops the threads of its process by ptrace, and finds them in /proc. Where a
 * container refuses that, or a debugger is there first, it ends the program with an error of its
 * own, which engines take for a finding. So the same is tried before, and leaks are left alone
 * where that fails.
 */
#include "leaks.h"

#include <stddef.h>

#if defined(__has_feature)
#define HAS_LSAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_LSAN 1
#else
#define HAS_LSAN 0
#endif

#if HAS_LSAN
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its tracer is a child too. Yama lets none trace its parent unless that says so. */
static int trace_by_child(void)
{
	int status = 0;
	pid_t pid;

	if (access("/proc/self/task", R_OK | X_OK))
		return errno;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	/* Asked by LeakSanitizer, it holds the lock that its own fork() waits for, in clang 21's. */
	pid = _Fork();
	if (pid == 0)
		_exit(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) ? errno : 0);
	if (pid > 0)
		waitpid(pid, &status, 0);
	prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	return pid > 0 ? WEXITSTATUS(status) : errno;
}

const char *leaks_unseen(void)
{
	static char why[128];
	static bool tried;

	if (!tried) {
		const int error = trace_by_child();

		tried = true;
		if (error)
			snprintf(why, sizeof(why), "%s: %s",
				 error == ENOENT ? "/proc/self/task" : "ptrace", strerror(error));
	}
	return why[0] ? why : NULL;
}

/* Asked for by LeakSanitizer before it looks. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return leaks_unseen() != NULL;
}
#else
const char *leaks_unseen(void)
{
	return NULL;
}
#endif
