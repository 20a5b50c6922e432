/* SPDX-License-Identifier: MIT */
/*
 * The faults of faulty.h, what each has to come out as, and which part of the sandbox has to see
 * it: for sandbox_test.c, and for no_arena.c where there is no arena.
 */
#ifndef FUZZ_SANDBOX_FAULTY_ROWS_H
#define FUZZ_SANDBOX_FAULTY_ROWS_H

#include <signal.h>

#include "faulty.h"
#include "sandbox.h"

/* The buffer that faults are planted in, bytes. */
#define FAULTY_LEN 40

typedef struct info_answer (*faulty_read)(struct walk *, const void *, uint32_t, enum info_kind);

struct faulty_row {
	const char *name;
	faulty_read read;
	enum verdict verdict;
	unsigned int seen_by; /* a set: 1 << enum seen_by */
	int signal;
	bool needs_arena; /* without one it may reach other memory, or come out otherwise */
};

#define BY(part) (1u << SEEN_BY_##part)

/* arm64 divides by zero, and gives zero; its trap is a signal of its own. */
#if defined(__aarch64__)
#define DIVIDED VERDICT_OK, BY(PARSER), 0
#define TRAPPED SIGTRAP
#else
#define DIVIDED VERDICT_CRASH, BY(FAULT), SIGFPE
#define TRAPPED SIGILL
#endif

static const struct faulty_row faulty_rows[] = {
	{"good", faulty_good, VERDICT_OK, BY(PARSER), 0, false},
	{"loop_in_buffer", faulty_loop_in_buffer, VERDICT_RUNAWAY, BY(HOOK), 0, false},
	{"loop_in_copy", faulty_loop_in_copy, VERDICT_RUNAWAY, BY(HOOK), 0, false},
	{"loop_in_global", faulty_loop_in_global, VERDICT_RUNAWAY, BY(HOOK), 0, false},
	{"loop_of_copies", faulty_loop_of_copies, VERDICT_RUNAWAY, BY(CALL), 0, false},
	{"deliver_forever", faulty_deliver_forever, VERDICT_RUNAWAY, BY(CALL), 0, false},
	{"load_past", faulty_load_past, VERDICT_OOB, BY(HOOK), 0, false},
	{"load_straddling", faulty_load_straddling, VERDICT_OOB, BY(HOOK), 0, false},
	{"load_before", faulty_load_before, VERDICT_OOB, BY(HOOK), 0, false},
	{"load_wild", faulty_load_wild, VERDICT_OOB, BY(HOOK), 0, false},
	{"memcpy_past", faulty_memcpy_past, VERDICT_OOB, BY(FAULT), 0, false},
	{"memcpy_wild", faulty_memcpy_wild, VERDICT_OOB, BY(FAULT), 0, true},
	{"store_inside", faulty_store_inside, VERDICT_WROTE, BY(HOOK), 0, false},
	{"store_past", faulty_store_past, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_over_by_one", faulty_scratch_over_by_one, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_straddling", faulty_scratch_straddling, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_over_page", faulty_scratch_over_page, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_far_over", faulty_scratch_far_over, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_far_under", faulty_scratch_far_under, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_into_unused", faulty_scratch_into_unused, VERDICT_WROTE, BY(HOOK), 0, false},
	{"memset_inside", faulty_memset_inside, VERDICT_WROTE, BY(FAULT), 0, false},
	{"memset_scratch", faulty_memset_scratch, VERDICT_WROTE, BY(CANARY), 0, false},
	{"scratch_under", faulty_scratch_under, VERDICT_WROTE, BY(HOOK), 0, false},
	{"scratch_load_past", faulty_scratch_load_past, VERDICT_OOB, BY(HOOK), 0, false},
	{"scratch_absurd", faulty_scratch_absurd, VERDICT_REJECT, BY(PARSER), 0, false},
	{"scratch_exhausted", faulty_scratch_exhausted, VERDICT_RUNAWAY, BY(CALL), 0, false},
	{"copy_in_past", faulty_copy_in_past, VERDICT_REJECT, BY(PARSER), 0, false},
	{"null_pointer", faulty_null_pointer, VERDICT_CRASH, BY(FAULT), SIGSEGV, true},
	{"divides_by_zero", faulty_divides_by_zero, DIVIDED, false},
	{"illegal", faulty_illegal, VERDICT_CRASH, BY(FAULT), TRAPPED, false},
	{"names_its_crash", faulty_names_its_crash, VERDICT_CRASH, BY(CALL), SIGSEGV, false},
	{"says_oob", faulty_says_oob, VERDICT_ABSTAIN, BY(PARSER), 0, false},
	{"aborts", faulty_aborts, VERDICT_CRASH, BY(FAULT), SIGABRT, false},
	{"load_wild_below", faulty_load_wild_below, VERDICT_OOB, BY(HOOK), 0, true},
	{"copy_load_wild", faulty_copy_load_wild, VERDICT_OOB, BY(HOOK), 0, true},
	{"copy_memcpy_wild", faulty_copy_memcpy_wild, VERDICT_OOB, BY(FAULT), 0, true},
	{"copy_reaches_buffer", faulty_copy_reaches_buffer, VERDICT_OOB, BY(HOOK), 0, true},
	{"copy_reaches_copy", faulty_copy_reaches_copy, VERDICT_OOB, BY(HOOK), 0, true},
	{"buffer_reaches_copy", faulty_buffer_reaches_copy, VERDICT_OOB, BY(HOOK), 0, true},
	{"copy_far_over", faulty_copy_far_over, VERDICT_WROTE, BY(FAULT), 0, true},
	{"recurses", faulty_recurses, VERDICT_CRASH, BY(FAULT), SIGSEGV, false},
};

#define FAULTY_ROWS (sizeof(faulty_rows) / sizeof(faulty_rows[0]))

/* Walks the placed buffer with @read under a budget that no fault-free parser of faulty.h needs. */
static inline struct walk_result walk(faulty_read read, enum info_trust trust, uint32_t bound)
{
	static struct info_cap caps[INFO_LEN_MAX];
	const struct info_parser parser = {.name = "faulty", .trust = trust, .read = read};
	const struct walk_limits limits = {.bound = bound, .budget = 1000};
	struct walk_result result = {.caps = caps};

	sandbox_walk(&parser, INFO_DEVICE, &limits, &result);
	return result;
}

/*
 * Whether @result is what row @i has to come out as. A store into nothing that no hook hears is a
 * load where a fault does not tell the two apart.
 */
static inline bool faulty_seen(size_t i, const struct walk_result *result)
{
	const bool untold = faulty_rows[i].read == faulty_copy_far_over && !sandbox_tells_stores();

	return result->verdict == (untold ? VERDICT_OOB : faulty_rows[i].verdict) &&
	       faulty_rows[i].seen_by & 1u << result->seen_by &&
	       result->signal == faulty_rows[i].signal;
}

#endif
