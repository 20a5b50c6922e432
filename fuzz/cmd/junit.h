/* SPDX-License-Identifier: MIT */
/* A JUnit report, as CI services read it: one testcase a line. */
#ifndef FUZZ_CMD_JUNIT_H
#define FUZZ_CMD_JUNIT_H

#include <stddef.h>

struct junit;

/* An empty report; NULL without memory. junit_free(NULL) is a no-op. */
struct junit *junit_new(void);
void junit_free(struct junit *junit);

/*
 * Adds one testcase. @name may be any bytes; what stands before its last slash groups it. @why is
 * NULL where it passed, and otherwise lines that say what is wrong.
 */
void junit_add(struct junit *junit, const char *name, const char *why);

/*
 * The whole report as text of *@ret_size bytes, to be freed by the caller; NULL without memory. A
 * report without a testcase has one that failed: nothing that ran is no success.
 */
char *junit_text(struct junit *junit, size_t *ret_size);

#endif
