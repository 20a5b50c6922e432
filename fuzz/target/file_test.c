/* SPDX-License-Identifier: MIT */
/* Tests of file.c: nothing is waited for, and a path is shown as a shell takes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* A test that waits is ended by this. */
#define SECONDS 60

static void refused(const char *path, int error)
{
	errno = 0;
	assert_null(file_open(path));
	assert_int_equal(errno, error);
}

static void test_open(void **state)
{
	char dir[] = "/tmp/file_test.XXXXXX", path[64];
	FILE *file;

	(void)state;
	alarm(SECONDS);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	refused(path, ENOENT);
	file = fopen(path, "wb");
	assert_non_null(file);
	fputs("abc", file);
	fclose(file);
	file = file_open(path);
	assert_non_null(file);
	assert_int_equal(fgetc(file), 'a');
	fclose(file);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, ESPIPE);
	unlink(path);
	refused(dir, EISDIR);
	refused("/dev/null", ESPIPE);
	assert_non_null(strstr(file_why(ESPIPE), "copy its bytes to a file"));
	assert_non_null(strstr(file_why(EISDIR), "name a file in it"));
	assert_string_equal(file_why(ENOENT), strerror(ENOENT));
	rmdir(dir);
	alarm(0);
}

static void test_word(void **state)
{
	static const char *const words[][2] = {
		{"findings/sets/region-0a_+,:@=%.", "findings/sets/region-0a_+,:@=%."},
		{"", "''"},
		{"a b", "'a b'"},
		{"it's $5", "'it'\\''s $5'"},
		{"a\\b", "'a\\b'"},
		{"a\nb", "$'a\\012b'"},
		{"\x1b[m'\\", "$'\\033[m\\'\\134'"},
		{"\xc3\xbc", "$'\\303\\274'"},
		{"\x7f", "$'\\177'"},
	};
	static char longest[2 * PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_string_equal(file_word(words[i][0]), words[i][1]);
	memset(longest, '\n', sizeof(longest) - 1);
	assert_int_equal(strlen(file_word(longest)), 4 * PATH_MAX + strlen("$''"));
	memset(longest, '\'', sizeof(longest) - 1);
	assert_int_equal(strlen(file_word(longest)), 4 * PATH_MAX + strlen("''"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
