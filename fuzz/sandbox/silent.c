/* SPDX-License-Identifier: MIT */
/*
 * Hooks that do nothing, weakly defined, as the run-times of sanitizers have them from clang 19
 * on. Links that lost our hooks have these; `make check` holds that they are refused. No program
 * of the project links this file.
 */
#include <stddef.h>

#define SILENT __attribute__((weak))

/* What pulls hooks.c out of an archive. */
SILENT const char hooks_linked = 0;

#define ACCESS(name)                                                                               \
	void name(const void *address);                                                            \
	SILENT void name(const void *address)                                                      \
	{                                                                                          \
		(void)address;                                                                     \
	}
#define SIZES(prefix) ACCESS(prefix##2) ACCESS(prefix##4) ACCESS(prefix##8) ACCESS(prefix##16)

ACCESS(__sanitizer_cov_load1)
ACCESS(__sanitizer_cov_store1)
SIZES(__sanitizer_cov_load)
SIZES(__sanitizer_cov_store)
ACCESS(__tsan_read1)
ACCESS(__tsan_write1)
SIZES(__tsan_read)
SIZES(__tsan_write)
SIZES(__tsan_unaligned_read)
SIZES(__tsan_unaligned_write)
ACCESS(__tsan_func_entry)

#define RANGE(name)                                                                                \
	void name(const void *address, size_t size);                                               \
	SILENT void name(const void *address, size_t size)                                         \
	{                                                                                          \
		(void)address, (void)size;                                                         \
	}
RANGE(__tsan_read_range)
RANGE(__tsan_write_range)

#define NOTHING(name)                                                                              \
	void name(void);                                                                           \
	SILENT void name(void)                                                                     \
	{                                                                                          \
	}
NOTHING(__tsan_func_exit)
NOTHING(__tsan_init)
