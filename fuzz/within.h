/* SPDX-License-Identifier: MIT */
/* assert_within(value, least, most), in numbers without sign: cmocka 2 deprecates assert_in_range. */
#ifndef FUZZ_WITHIN_H
#define FUZZ_WITHIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_within(value, least, most)                                                          \
	within((uintmax_t)(value), (uintmax_t)(least), (uintmax_t)(most), #value, __FILE__,        \
	       __LINE__)

static inline void within(uintmax_t value, uintmax_t least, uintmax_t most, const char *what,
			  const char *file, int line)
{
	if (value >= least && value <= most)
		return;
	print_error("%s is %ju, not from %ju to %ju\n", what, value, least, most);
	_fail(file, line);
}

#endif
