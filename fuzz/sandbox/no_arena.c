/* SPDX-License-Identifier: MIT */
/*
 * What the sandbox of a 32-bit build has to see, where no arena stands behind the buffer: every
 * planted fault that does not need one, and loads and stores of memory that is nobody's in a 64-bit
 * build: what is neither the walk's stack nor a global is `oob` or `wrote`. Without cmocka, of
 * which Debian has no 32-bit build beside the 64-bit one; prints TAP, each line with what has to
 * come out and who has to say so. Exit status: 0; 1 where a fault was not seen.
 *
 * no_arena_blind is the same objects, linked so that every address counts as a global: check.sh
 * holds that each line of an `oob` or `wrote` by the hooks then fails, and no other. When it does
 * not, a fault that is planted here is seen by something else than what it is here for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "faulty_rows.h"

static unsigned int done, failed;

/* Who has to see it, as TAP's lines say. */
static const char *seer(unsigned int seen_by)
{
	static const char *const names[] = {[SEEN_BY_PARSER] = "the parser",
					    [SEEN_BY_HOOK] = "a hook",
					    [SEEN_BY_FAULT] = "a fault",
					    [SEEN_BY_CANARY] = "a canary",
					    [SEEN_BY_CALL] = "a call"};

	return names[__builtin_ctz(seen_by)];
}

static void say(bool seen, const char *what, const char *name, enum verdict verdict,
		unsigned int seen_by, const struct walk_result *result)
{
	failed += !seen;
	printf("%sok %u - %s%s: %s by %s\n", seen ? "" : "not ", ++done, what, name,
	       verdict_name(verdict), seer(seen_by));
	if (!seen)
		printf("# verdict %d seen by %d signal %d\n", result->verdict, result->seen_by,
		       result->signal);
}

static void see_faulty(size_t i)
{
	/* Twice: the first must leave no trace for the second. */
	for (int round = 0; round < 2; round++) {
		struct walk_result result = walk(faulty_rows[i].read, INFO_TRUSTING, FAULTY_LEN);

		say(faulty_seen(i, &result), round ? "again " : "", faulty_rows[i].name,
		    faulty_rows[i].verdict, faulty_rows[i].seen_by, &result);
		result = walk(faulty_good, INFO_TRUSTING, FAULTY_LEN);
		if (result.verdict != VERDICT_OK)
			say(false, "a good walk after ", faulty_rows[i].name, VERDICT_OK,
			    BY(PARSER), &result);
	}
}

static void see(const char *name, faulty_read read, enum verdict verdict)
{
	const enum seen_by by = verdict == VERDICT_OK ? SEEN_BY_PARSER : SEEN_BY_HOOK;
	const struct walk_result result = walk(read, INFO_TRUSTING, FAULTY_LEN);

	say(result.verdict == verdict && result.seen_by == by, "without an arena: ", name, verdict,
	    1u << by, &result);
}

static void see_load_of(const char *name, const volatile uint8_t *where, enum verdict verdict)
{
	faulty_elsewhere = where;
	see(name, faulty_load_elsewhere, verdict);
}

static void see_store_to(const char *name, volatile uint8_t *where, enum verdict verdict)
{
	faulty_elsewhere = where;
	see(name, faulty_store_elsewhere, verdict);
}

/* Scratch memory that is nobody's any more when the next walk loads it. */
static struct info_answer leave_scratch(struct walk *running, const void *info, uint32_t len,
					enum info_kind kind)
{
	(void)info, (void)len, (void)kind;
	faulty_elsewhere = walk_alloc(running, 64);
	return answer(VERDICT_OK);
}

int main(void)
{
	/* A parser's own, for the two lines that load it and store to it; and one of ours. */
	static volatile uint8_t global __attribute__((section("parsers_own")));
	static volatile uint8_t ours;
	const uint8_t info[FAULTY_LEN] = {0};
	volatile uint8_t below = 0;
	uint8_t *const heap = calloc(1, 1);
	const uint8_t *shadow;
	char error[512];

	if (!heap || sandbox_open(error, sizeof(error)) || sandbox_has_arena()) {
		puts("Bail out! this is for builds without an arena");
		return 1;
	}
	shadow = sandbox_place_padded(info, sizeof(info), sizeof(info));
	for (size_t i = 0; i < FAULTY_ROWS; i++)
		if (!faulty_rows[i].needs_arena)
			see_faulty(i);
	see_load_of("a load of a global", &global, VERDICT_OK);
	see_load_of("a load of a global of ours", &ours, VERDICT_OOB);
	see_load_of("a load of the heap", heap, VERDICT_OOB);
	see_load_of("a load of the stack of whoever called the walk", &below, VERDICT_OOB);
	see_load_of("a load of libc's data", (const volatile uint8_t *)stdout, VERDICT_OOB);
	see_load_of("a load of what the window is an alias of", shadow, VERDICT_OOB);
	see("scratch memory for the next walk", leave_scratch, VERDICT_OK);
	see("a load of an earlier walk's scratch memory", faulty_load_elsewhere, VERDICT_OOB);
	see_store_to("a store to a global", &global, VERDICT_OK);
	see_store_to("a store to a global of ours", &ours, VERDICT_WROTE);
	see_store_to("a store to the heap", heap, VERDICT_WROTE);
	see_store_to("a store to the stack of whoever called the walk", &below, VERDICT_WROTE);
	/* Nobody's memory, so it is not left to the page fault. */
	see("a store through a null pointer", faulty_null_pointer, VERDICT_WROTE);
	free(heap);
	printf("1..%u\n", done);
	return failed != 0;
}
