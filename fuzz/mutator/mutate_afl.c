/* SPDX-License-Identifier: MIT */
/*
 * AFL++'s way to the mutator: a shared object for AFL_CUSTOM_MUTATOR_LIBRARY, of one kind
 * (MUTATE_KIND). It stands alone: what AFL++ hands over is opaque, and every buffer is its own, so
 * no header of AFL++ is needed and any version from 4.04c on takes it. AFL++'s own havoc stays on
 * beside it; AFL_CUSTOM_MUTATOR_ONLY=1 turns that off, leaving the variable out turns this off.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "mutate_death.h"

/* One mutation in so many is a splice with the other input that AFL++ offers. */
#define SPLICE_ONE_IN 8
/* Per cent of the steps of a havoc that are ours. */
#define HAVOC_SHARE   30

/**
 * struct afl_mutator - what lives from init to deinit
 * @seed: of the next mutation
 * @out: the last result
 * @how: what it was made by
 * @name: the same, for the name of a file
 * @trimmed, @trimmed_size: the input while it is trimmed
 * @step, @steps: the way that is tried, and how many there are
 */
struct afl_mutator {
	uint64_t seed;
	uint8_t out[INFO_LEN_MAX];
	struct mutated how;
	char name[256];
	uint8_t trimmed[INFO_LEN_MAX], tried[INFO_LEN_MAX];
	size_t trimmed_size, tried_size, step, steps;
};

#pragma GCC visibility push(default)
void *afl_custom_init(void *afl, unsigned int seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t size, uint8_t **ret_bytes, uint8_t *add,
		       size_t add_size, size_t max);
const char *afl_custom_describe(void *data, size_t max);
size_t afl_custom_havoc_mutation(void *data, uint8_t *bytes, size_t size, uint8_t **ret_bytes,
				 size_t max);
uint8_t afl_custom_havoc_mutation_probability(void *data);
int32_t afl_custom_init_trim(void *data, uint8_t *bytes, size_t size);
size_t afl_custom_trim(void *data, uint8_t **ret_bytes);
int32_t afl_custom_post_trim(void *data, uint8_t success);
#pragma GCC visibility pop

/* AFL++ would only say that it died; it goes on to, by the same signal. */
static void on_death(int number)
{
	mutate_last_words();
	signal(number, SIG_DFL);
	raise(number);
}

void *afl_custom_init(void *afl, unsigned int seed)
{
	static const int deaths[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct afl_mutator *const mutator = calloc(1, sizeof(*mutator));

	(void)afl;
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
		signal(deaths[i], on_death);
	if (mutator)
		mutator->seed = seed;
	return mutator;
}

void afl_custom_deinit(void *data)
{
	free(data);
}

size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t size, uint8_t **ret_bytes, uint8_t *add,
		       size_t add_size, size_t max)
{
	struct afl_mutator *const mutator = data;
	const uint64_t seed = mutator->seed++;

	*ret_bytes = mutator->out;
	/* A multiplier spreads the seeds, so that it is not always the same ones which splice. */
	if (add && add_size &&
	    seed * UINT64_C(0x9e3779b97f4a7c15) >> 32 < UINT32_MAX / SPLICE_ONE_IN)
		return mutate_noted(bytes, size, add, add_size, max, seed, mutator->out,
				    &mutator->how);
	return mutate_noted(bytes, size, NULL, 0, max, seed, mutator->out, &mutator->how);
}

const char *afl_custom_describe(void *data, size_t max)
{
	struct afl_mutator *const mutator = data;

	kind_describe(&mutator->how, mutator->name,
		      max < sizeof(mutator->name) ? max : sizeof(mutator->name));
	return mutator->name;
}

/* A step of AFL++'s havoc: one mutation, of whatever the steps before it made. */
size_t afl_custom_havoc_mutation(void *data, uint8_t *bytes, size_t size, uint8_t **ret_bytes,
				 size_t max)
{
	struct afl_mutator *const mutator = data;

	*ret_bytes = mutator->out;
	return mutate_noted(bytes, size, NULL, 0, max, mutator->seed++, mutator->out,
			    &mutator->how);
}

uint8_t afl_custom_havoc_mutation_probability(void *data)
{
	(void)data;
	return HAVOC_SHARE;
}

int32_t afl_custom_init_trim(void *data, uint8_t *bytes, size_t size)
{
	struct afl_mutator *const mutator = data;

	mutator->step = 0;
	mutator->steps = 0;
	if (size > INFO_LEN_MAX)
		return 0;
	memcpy(mutator->trimmed, bytes, size);
	mutator->trimmed_size = size;
	mutator->steps = kind_trims(bytes, size);
	return (int32_t)mutator->steps;
}

size_t afl_custom_trim(void *data, uint8_t **ret_bytes)
{
	struct afl_mutator *const mutator = data;

	mutator->tried_size =
		kind_trim(mutator->trimmed, mutator->trimmed_size, mutator->step, mutator->tried);
	*ret_bytes = mutator->tried;
	return mutator->tried_size;
}

int32_t afl_custom_post_trim(void *data, uint8_t success)
{
	struct afl_mutator *const mutator = data;

	/* What took its place is tried again; that ends, since it is smaller each time. */
	if (success && mutator->tried_size < mutator->trimmed_size) {
		memcpy(mutator->trimmed, mutator->tried, mutator->tried_size);
		mutator->trimmed_size = mutator->tried_size;
	} else {
		mutator->step++;
	}
	return (int32_t)mutator->step;
}
