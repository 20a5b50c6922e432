/* SPDX-License-Identifier: MIT */
/*
 * What the sandbox of a 32-bit build has to see, where no arena stands behind the buffer: every
 * planted fault that does not need one, and loads of memory that is nobody's in a 64-bit build: what
 * is neither the walk's stack nor a global is `oob`. Without cmocka, of which Debian has no 32-bit
 * build beside the 64-bit one; prints TAP. Exit status: 0; 1 where a fault was not seen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "planted.h"

static unsigned int done, failed;

static void say(bool seen, const char *what, const char *name, const struct walk_result *result)
{
	failed += !seen;
	printf("%sok %u - %s%s\n", seen ? "" : "not ", ++done, what, name);
	if (!seen)
		printf("# verdict %d seen by %d signal %d\n", result->verdict, result->seen_by,
		       result->signal);
}

static void see_planted(size_t i)
{
	/* Twice: the first must leave no trace for the second. */
	for (int round = 0; round < 2; round++) {
		struct walk_result result = walk(planted[i].read, INFO_TRUSTING, PLANTED_LEN);

		say(planted_seen(i, &result), round ? "again " : "", planted[i].name, &result);
		result = walk(faulty_good, INFO_TRUSTING, PLANTED_LEN);
		if (result.verdict != VERDICT_OK)
			say(false, "a good walk after ", planted[i].name, &result);
	}
}

static void see(const char *name, planted_read read, enum verdict verdict)
{
	const struct walk_result result = walk(read, INFO_TRUSTING, PLANTED_LEN);

	say(result.verdict == verdict &&
		    result.seen_by == (verdict == VERDICT_OK ? SEEN_BY_PARSER : SEEN_BY_HOOK),
	    "without an arena: ", name, &result);
}

static void see_load_of(const char *name, const volatile uint8_t *where, enum verdict verdict)
{
	faulty_elsewhere = where;
	see(name, faulty_load_elsewhere, verdict);
}

int main(void)
{
	static volatile uint8_t global;
	const uint8_t info[PLANTED_LEN] = {0};
	volatile uint8_t below = 0;
	uint8_t *const heap = calloc(1, 1);
	char error[512];

	if (!heap || sandbox_open(error, sizeof(error)) || sandbox_has_arena()) {
		puts("Bail out! this is for builds without an arena");
		return 1;
	}
	sandbox_place(info, sizeof(info));
	for (size_t i = 0; i < PLANTED; i++)
		if (!planted[i].needs_arena)
			see_planted(i);
	see_load_of("a load of a global", &global, VERDICT_OK);
	see_load_of("a load of the heap", heap, VERDICT_OOB);
	see_load_of("a load of the stack of whoever called the walk", &below, VERDICT_OOB);
	see_load_of("a load of libc's data", (const volatile uint8_t *)stdout, VERDICT_OOB);
	/* Nobody's memory, so it is not left to the page fault. */
	see("a store through a null pointer", faulty_null_pointer, VERDICT_WROTE);
	free(heap);
	printf("1..%u\n", done);
	return failed != 0;
}
