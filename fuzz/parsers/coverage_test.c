/* SPDX-License-Identifier: MIT */
/*
 * The lines of bounded.h and spec.c that no buffer reaches: a caller that names no kind, and a
 * machine without memory. `make coverage` says which lines are left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../parsers/include/bounded.h"
#include "../../parsers/parser.h"
#include "../judge/spec.h"

#if defined(__has_feature)
#define ALLOCATOR_GIVES_UP (__has_feature(address_sanitizer) || __has_feature(memory_sanitizer))
#elif defined(__SANITIZE_ADDRESS__)
#define ALLOCATOR_GIVES_UP 1
#else
#define ALLOCATOR_GIVES_UP 0
#endif

/* A kind that is none is read as the first, inside the tables. */
static void test_no_kind(void **state)
{
	/* argsz 40, the CAPS flag of device, cap_offset 24; a ZPCI_UTIL of 4 bytes. */
	const vb_u32 info[10] = {40, 1u << 7, 0, 0, 24, 0, 3 | 1 << 16, 0, 4, 0};
	struct vb_chain chain;
	struct vb_cap cap;

	(void)state;
	assert_int_equal(vb_begin(&chain, info, sizeof(info), (enum vb_kind)77), VB_OK);
	assert_int_equal(vb_next(&chain, &cap), 1);
	assert_int_equal(cap.id, VB_ZPCI_UTIL);
	assert_int_equal(cap.count, 4);
	assert_int_equal(vb_next(&chain, &cap), 0);
}

/* Without memory there is no spec, and the judge says so; nothing is left half made. */
static void test_no_memory(void **state)
{
	struct rlimit before, none;
	struct spec *spec;

	(void)state;
	if (ALLOCATOR_GIVES_UP) {
		print_message("the sanitizer's allocator ends the program instead\n");
		skip();
	}
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	none = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	spec = spec_new();
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_null(spec);
	spec = spec_new();
	assert_non_null(spec);
	spec_free(spec);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_kind),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
