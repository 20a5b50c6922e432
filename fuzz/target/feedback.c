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
 * SETS: sets of verdicts that can be told apart, and ANSWERS: of a reader to a cause; both by a
 * hash. libFuzzer clears and looks at its counters at every exec: 15 instructions for each 8 bytes,
 * of some 8000, and 120 for a counter that is not 0. So they are few, and mostly 0. All are powers
 * of two.
 */
#define SETS	  1024
#define ANSWERS	  512
#define PER_PLACE 8
/* Readers of a kind that are told apart; further ones share. */
#define READERS	  32

#if FEEDBACK_GUARDS
/* AFL++ counts what every run of an input does, the same each time. */
#define ONLY_SHORTER false

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

/* One for each outcome, as if each were an edge; AFL++ numbers them. */
static uint32_t guards[SETS + ANSWERS];

static __attribute__((constructor)) void number_guards(void)
{
	__sanitizer_cov_trace_pc_guard_init(guards, guards + sizeof(guards) / sizeof(guards[0]));
}

static bool tell(size_t outcome)
{
	__sanitizer_cov_trace_pc_guard(&guards[outcome]);
	return true;
}
#else
/* libFuzzer keeps an input for what is new, or for being shorter than the one that it has. */
#define ONLY_SHORTER true

/*
 * Of each byte libFuzzer tells eight ranges of its value apart, so eight outcomes share one: of two
 * at once the second is not told, and is news again. Volatile, since libFuzzer clears and reads it.
 */
static volatile uint8_t counters[(SETS + ANSWERS) / PER_PLACE]
	__attribute__((section("__libfuzzer_extra_counters"), used));

static bool tell(size_t outcome)
{
	static const uint8_t values[PER_PLACE] = {1, 2, 3, 4, 8, 16, 32, 128};

	if (counters[outcome / PER_PLACE])
		return false;
	counters[outcome / PER_PLACE] = values[outcome % PER_PLACE];
	return true;
}
#endif

/* What is told of, in bits. */
enum { OF_SETS = 1, OF_ANSWERS = 2, OF_ALL = OF_SETS | OF_ANSWERS };

/* CAPCHAIN_FEEDBACK has one half or nothing told of, for comparison and for the test of each. */
static unsigned int told_of(void)
{
	static const struct {
		const char *said;
		unsigned int of;
	} choices[] = {{"0", 0}, {"sets", OF_SETS}, {"answers", OF_ANSWERS}};
	static unsigned int of = ~0u;

	if (of == ~0u) {
		const char *const said = getenv("CAPCHAIN_FEEDBACK");

		of = OF_ALL;
		for (size_t i = 0; said && i < sizeof(choices) / sizeof(choices[0]); i++)
			if (strcmp(said, choices[i].said) == 0)
				of = choices[i].of;
	}
	return of;
}

/*
 * Tells of an outcome of a buffer of @len bytes where that is news; *@known is one more than the
 * shortest that was told, 0 at first.
 */
static void tell_news(uint32_t *known, size_t len, size_t outcome)
{
	if (ONLY_SHORTER && *known && *known <= len + 1)
		return;
	if (tell(outcome))
		*known = (uint32_t)len + 1;
}

void feedback_give(const struct judge *judge, uint64_t signature)
{
	static uint32_t sets[SETS], answers[READERS][VERDICTS][JUDGED_CAUSES];
	const size_t cause = judged_cause(&judge->reference);
	const unsigned int of = told_of();

	/* libFuzzer tries the empty input before it listens, and never again. */
	if (!judge->len)
		return;
	if (of & OF_SETS)
		tell_news(&sets[signature % SETS], judge->len, signature % SETS);
	if (!(of & OF_ANSWERS))
		return;
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];
		const size_t own = judged->spec == judge->spec ? cause : judged_cause(judged);
		uint32_t *const known = &answers[r % READERS][judged->walk.verdict][own];
		const uint64_t number = (uint64_t)(known - answers[0][0]);

		tell_news(known, judge->len,
			  SETS + (number * UINT64_C(0x9e3779b97f4a7c15) >> 32) % ANSWERS);
	}
}
