/* SPDX-License-Identifier: MIT */
/*
 * One fault for each sanitizer, which no other part of a target would notice. A build that says it
 * has a sanitizer and survives its fault has it in name only. Volatile keeps each fault from being
 * optimised away.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bugs.h"

static volatile int sink;

static void read_past_heap(void)
{
	char *volatile bytes = malloc(16);

	if (bytes)
		sink = bytes[16];
	free(bytes);
}

static void overflow_int(void)
{
	volatile int most = INT_MAX;

	sink = most + 1;
}

static void branch_on_unset(void)
{
	char *volatile bytes = malloc(16);

	if (bytes && bytes[3])
		sink = 1;
	free(bytes);
}

int planted_fault(const char *name)
{
	static const struct {
		const char *name;
		void (*commit)(void);
	} faults[] = {
		{"asan", read_past_heap},
		{"ubsan", overflow_int},
		{"msan", branch_on_unset},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, name) == 0) {
			faults[i].commit();
			return 0;
		}
	return -1;
}
