/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer's way to the mutator; MUTATE_KIND is the kind. CAPCHAIN_MUTATOR=default leaves
 * everything to libFuzzer's own mutators, for comparison; they then want -len_control=100, which
 * libFuzzer itself turns off where a program has a mutator of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "../sandbox/sandbox.h"
#include "mutate_death.h"

/* Not every engine that takes a libFuzzer target has it. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
				 size_t two_size, uint8_t *out, size_t max, unsigned int seed);

/* Of short buffers, in so many mutations libFuzzer's own have a turn: they know the dictionary. */
#define THEIRS_ONE_IN 2
#define THEIRS_MAX    128
/* libFuzzer wants a crossover every other time; so many are one. */
#define SPLICE_ONE_IN 8

static bool is_default(void)
{
	static enum { UNKNOWN, DEFAULT, OURS } chosen;

	if (chosen == UNKNOWN) {
		const char *const name = getenv("CAPCHAIN_MUTATOR");

		chosen = name && strcmp(name, "default") == 0 ? DEFAULT : OURS;
	}
	return chosen == DEFAULT;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	if (LLVMFuzzerMutate && (is_default() || (size <= THEIRS_MAX && seed % THEIRS_ONE_IN == 0)))
		return LLVMFuzzerMutate(data, size, max);
	sandbox_last_words = mutate_last_words;
	return mutate_noted(data, size, NULL, 0, max, seed, data, NULL);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
				 size_t two_size, uint8_t *out, size_t max, unsigned int seed)
{
	/* 0: libFuzzer takes its other mutator, which is LLVMFuzzerCustomMutator(). */
	if (is_default() || seed % SPLICE_ONE_IN)
		return 0;
	sandbox_last_words = mutate_last_words;
	return mutate_noted(one, one_size, two, two_size, max, seed, out, NULL);
}
