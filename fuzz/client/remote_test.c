/* SPDX-License-Identifier: MIT */
/* The client's memory and CPU time, read from outside: here of this process, by the same calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../sandbox/refuse.h"
#include "remote.h"

#define PAGE 4096u

static struct caller self = {.listener = -1};

/* A page with another behind it that nobody may touch. */
static uint8_t *edge(void)
{
	uint8_t *const pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void memory_ends_where_it_ends(void **state)
{
	uint8_t *const pages = edge();
	uint8_t got[16];

	(void)state;
	memset(pages, 7, PAGE);
	assert_int_equal(remote_read(&self, (uintptr_t)pages + PAGE - 16, got, 16), 16);
	assert_int_equal(got[15], 7);
	assert_int_equal(remote_read(&self, (uintptr_t)pages + PAGE - 8, got, 16), 8);
	assert_int_equal(remote_read(&self, (uintptr_t)pages + PAGE, got, 1), 0);
	assert_int_equal(remote_read(&self, 0, got, 1), 0);
	assert_int_equal(remote_read(&self, UINT64_MAX, got, 16), 0);
	assert_int_equal(remote_write(&self, (uintptr_t)pages + PAGE - 8, got, 16), 8);
	assert_int_equal(mprotect(pages, PAGE, PROT_READ), 0);
	assert_int_equal(remote_write(&self, (uintptr_t)pages, got, 1), 0);
	munmap(pages, 2 * PAGE);
}

/* Another thread may have the id of one that was killed. */
static void nothing_of_one_that_waits_no_more(void **state)
{
	const struct caller gone = {.tid = getpid(), .listener = open("/dev/null", O_RDONLY)};
	char there[] = "there", got[8] = "";

	(void)state;
	assert_true(gone.listener >= 0);
	assert_false(caller_waits(&gone));
	assert_int_equal(remote_read(&gone, (uintptr_t)there, got, sizeof(there)), 0);
	assert_int_equal(remote_write(&gone, (uintptr_t)there, "other", sizeof(there)), 0);
	assert_string_equal(there, "there");
	assert_false(remote_string(&gone, (uintptr_t)there, got, sizeof(got)));
	close(gone.listener);
}

static void strings_have_an_end(void **state)
{
	uint8_t *const pages = edge();
	char got[64];

	(void)state;
	memcpy(pages + PAGE - 4, "abc", 4);
	assert_true(remote_string(&self, (uintptr_t)pages + PAGE - 4, got, sizeof(got)));
	assert_string_equal(got, "abc");
	pages[PAGE - 1] = 'd';
	assert_false(remote_string(&self, (uintptr_t)pages + PAGE - 4, got, sizeof(got)));
	memset(pages, 'x', 64);
	assert_false(remote_string(&self, (uintptr_t)pages, got, sizeof(got)));
	munmap(pages, 2 * PAGE);
}

static void cpu_time_is_this_threads(void **state)
{
	uint64_t before[2], after[2];
	struct timespec now;
	const clock_t end = clock() + CLOCKS_PER_SEC / 5;

	(void)state;
	assert_true(remote_cpu(getpid(), &before[0]));
	assert_true(remote_cpu_ticks(getpid(), &before[1]));
	while (clock() < end)
		clock_gettime(CLOCK_MONOTONIC, &now);
	assert_true(remote_cpu(getpid(), &after[0]));
	assert_true(remote_cpu_ticks(getpid(), &after[1]));
	/* A fifth of a second, give or take a few ticks of either clock. */
	for (int i = 0; i < 2; i++) {
		assert_true(after[i] - before[i] >= 150000000);
		assert_true(after[i] - before[i] <= 300000000);
	}
	assert_false(remote_cpu(0x3fffffff, &before[0]));
}

/* The same by /proc, as where a container refuses the calls. */
static void without_the_calls(void **state)
{
	const struct refused_call calls[] = {{SYS_process_vm_readv, EPERM},
					     {SYS_process_vm_writev, EPERM}};

	if (refuse(calls, 2))
		skip();
	memory_ends_where_it_ends(state);
	strings_have_an_end(state);
}

int main(void)
{
	self.tid = getpid();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_ends_where_it_ends),
		cmocka_unit_test(nothing_of_one_that_waits_no_more),
		cmocka_unit_test(strings_have_an_end),
		cmocka_unit_test(cpu_time_is_this_threads),
		/* The last, since it is for good. */
		cmocka_unit_test(without_the_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
