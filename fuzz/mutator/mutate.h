/* SPDX-License-Identifier: MIT */
/*
 * The mutator that knows chains: bytes, a limit and a seed in, bytes out.
 *
 * Pure: the same arguments give the same result, in every process, engine and build; nothing is
 * kept between calls. Any byte string is a buffer, also one that no kernel wrote. Half of all
 * results are repaired after they were changed, so that plain and nearly plain buffers are both
 * made. Engines reach it through mutate_libfuzzer.c and mutate_afl.c, which add nothing to what is
 * done. A script (fetch/script.h) has operators of its own on its replies, or on what its
 * producer tells, and one of its replies goes through mutate(); see mutate_script().
 *
 * To add an operator: write it beside its like in mutate_*.c and add a row to the table there;
 * mutate_test.c fails while it is never reached.
 */
#ifndef FUZZ_MUTATOR_MUTATE_H
#define FUZZ_MUTATOR_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"

/* Operators that one call applies at most. */
#define MUTATE_STEPS 8

/**
 * struct mutated - what was done, for reports
 * @steps, @nsteps: operators in order, numbers for mutate_name()
 */
struct mutated {
	uint8_t steps[MUTATE_STEPS];
	size_t nsteps;
};

/*
 * A mutation of @size bytes at @bytes as a buffer of @kind. Writes at most @max bytes to
 * @ret_bytes, which may be @bytes, and returns how many. What is longer than INFO_LEN_MAX is cut.
 * @ret_how may be NULL. Without memory the result is the buffer as it was, cut to @max.
 */
size_t mutate(const uint8_t *bytes, size_t size, enum info_kind kind, size_t max, uint64_t seed,
	      uint8_t *ret_bytes, struct mutated *ret_how);

/*
 * The same of two buffers: the chain of @other behind that of @bytes, one linked to the other.
 * Now and then it is mutated too.
 */
size_t mutate_splice(const uint8_t *bytes, size_t size, const uint8_t *other, size_t other_size,
		     enum info_kind kind, size_t max, uint64_t seed, uint8_t *ret_bytes,
		     struct mutated *ret_how);

/*
 * How many ways there are to make @size bytes smaller by what they mean, and way @step of them: a
 * capability less, elements less, the end cut. Returns the bytes written to @ret_bytes, room for
 * @size; @size where the step changes nothing.
 */
size_t mutate_trims(const uint8_t *bytes, size_t size, enum info_kind kind);
size_t mutate_trim(const uint8_t *bytes, size_t size, enum info_kind kind, size_t step,
		   uint8_t *ret_bytes);

/* Names of operators: "next-self". */
size_t mutate_names(void);
const char *mutate_name(size_t number);

/*
 * The names of @how with `+` between, cut to @size bytes with the NUL; "none" where it did nothing.
 */
void mutate_describe(const struct mutated *how, char *ret_text, size_t size);
void mutate_describe_by(const char *(*name)(size_t number), const struct mutated *how,
			char *ret_text, size_t size);

/*
 * All of that for scripts, with the same promises: any bytes are one, and half of the results
 * are repaired. Two are spliced reply to reply, or capability to capability. A step less is a reply
 * less, or half of one, or all of it but the fixed struct. The operators of mutate() have names
 * here too.
 */
size_t mutate_script(const uint8_t *bytes, size_t size, size_t max, uint64_t seed,
		     uint8_t *ret_bytes, struct mutated *ret_how);
size_t mutate_script_splice(const uint8_t *bytes, size_t size, const uint8_t *other,
			    size_t other_size, size_t max, uint64_t seed, uint8_t *ret_bytes,
			    struct mutated *ret_how);
size_t mutate_script_trims(const uint8_t *bytes, size_t size);
size_t mutate_script_trim(const uint8_t *bytes, size_t size, size_t step, uint8_t *ret_bytes);
size_t mutate_script_names(void);
const char *mutate_script_name(size_t number);
void mutate_script_describe(const struct mutated *how, char *ret_text, size_t size);

#endif
