/* SPDX-License-Identifier: MIT */
/* Verdicts as coverage; see feedback.h. */
#include "feedback.h"

#include <stdlib.h>
#include <string.h>

#ifndef FEEDBACK_GUARDS
#ifdef __AFL_COMPILER
#define FEEDBACK_GUARDS 1
#else
#define FEEDBACK_GUARDS 0
#endif
#endif

/*
 * libFuzzer clears and looks at every byte of its counters at every exec, and takes each outcome that
 * is there through a table: 100 ns a KiB and 20 an outcome, of an exec of 1500. So there are few
 * bytes; readers are told of four together, whose outcome is new where that of any of them is; and
 * four that say what the reference says have none, since the set has.
 *
 * SETS: sets of verdicts that can be told apart. GROUPS: of readers of a kind with a place of their
 * own, further ones share. OUTCOMES: of a group, by a hash. All are powers of two.
 */
#define SETS	  2048
#define GROUP	  4
#define GROUPS	  4
#define OUTCOMES  256
#define PER_PLACE 8

#if FEEDBACK_GUARDS
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

/* One for each outcome, as if each were an edge; AFL++ numbers them. */
static uint32_t guards[SETS + GROUPS * OUTCOMES];

static __attribute__((constructor)) void number_guards(void)
{
	__sanitizer_cov_trace_pc_guard_init(guards, guards + sizeof(guards) / sizeof(guards[0]));
}

static void tell(size_t outcome)
{
	__sanitizer_cov_trace_pc_guard(&guards[outcome]);
}
#else
/*
 * Of each byte libFuzzer tells eight ranges of its value apart. One group has one outcome an exec, so
 * eight of its outcomes share a byte. Volatile, since nobody here reads it.
 */
static volatile uint8_t counters[(SETS + GROUPS * OUTCOMES) / PER_PLACE]
	__attribute__((section("__libfuzzer_extra_counters"), used));

static void tell(size_t outcome)
{
	static const uint8_t values[PER_PLACE] = {1, 2, 3, 4, 8, 16, 32, 128};

	counters[outcome / PER_PLACE] = values[outcome % PER_PLACE];
}
#endif

static bool is_off(void)
{
	static enum { UNKNOWN, ON, OFF } state;

	if (state == UNKNOWN) {
		const char *const said = getenv("CAPCHAIN_FEEDBACK");

		state = said && strcmp(said, "0") == 0 ? OFF : ON;
	}
	return state == OFF;
}

/* What up to four readers from @first on answer to @cause. */
static void tell_group(const struct judge *judge, size_t first, size_t cause)
{
	const size_t left = judge->nreaders - first, count = left < GROUP ? left : GROUP;
	uint64_t verdicts = cause;
	bool differs = false;

	for (size_t r = first; r < first + count; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];

		verdicts = verdicts * VERDICTS + judged->walk.verdict;
		differs |= judged->walk.verdict != judged->spec->verdict;
	}
	if (differs)
		tell(SETS + first / GROUP % GROUPS * OUTCOMES +
		     (verdicts * UINT64_C(0x9e3779b97f4a7c15) >> 32) % OUTCOMES);
}

void feedback_give(const struct judge *judge, uint64_t signature)
{
	const size_t groups = (judge->nreaders + GROUP - 1) / GROUP;

	if (is_off())
		return;
	tell(signature % SETS);
	if (groups)
		tell_group(judge, (signature >> 32) % groups * GROUP,
			   judged_cause(&judge->reference));
}
