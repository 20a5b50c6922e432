/* SPDX-License-Identifier: MIT */
/*
 * Parsers that each do one thing wrong, built like any parser; faulty_rows.h says what each comes out
 * as.
 */
#ifndef FUZZ_SANDBOX_FAULTY_H
#define FUZZ_SANDBOX_FAULTY_H

#include "../../parsers/parser.h"

/* FAULTY(name): one function of the shape of info_parser.read. */
#define FAULTY(FAULT)                                                                              \
	FAULT(good)                                                                                \
	FAULT(loop_in_buffer)                                                                      \
	FAULT(loop_in_copy)                                                                        \
	FAULT(loop_in_global)                                                                      \
	FAULT(loop_of_copies)                                                                      \
	FAULT(deliver_forever)                                                                     \
	FAULT(load_past)                                                                           \
	FAULT(load_straddling)                                                                     \
	FAULT(load_before)                                                                         \
	FAULT(load_wild)                                                                           \
	FAULT(memcpy_past)                                                                         \
	FAULT(memcpy_wild)                                                                         \
	FAULT(store_inside)                                                                        \
	FAULT(store_past)                                                                          \
	FAULT(scratch_over_by_one)                                                                 \
	FAULT(scratch_straddling)                                                                  \
	FAULT(scratch_over_page)                                                                   \
	FAULT(memset_inside)                                                                       \
	FAULT(memset_scratch)                                                                      \
	FAULT(scratch_far_over)                                                                    \
	FAULT(scratch_far_under)                                                                   \
	FAULT(scratch_into_unused)                                                                 \
	FAULT(scratch_under)                                                                       \
	FAULT(scratch_load_past)                                                                   \
	FAULT(scratch_absurd)                                                                      \
	FAULT(scratch_exhausted)                                                                   \
	FAULT(copy_in_past)                                                                        \
	FAULT(null_pointer)                                                                        \
	FAULT(divides_by_zero)                                                                     \
	FAULT(illegal)                                                                             \
	FAULT(aborts)                                                                              \
	FAULT(names_its_crash)                                                                     \
	FAULT(says_oob)                                                                            \
	FAULT(recurses)                                                                            \
	FAULT(reads_stale)                                                                         \
	FAULT(abstains_late)                                                                       \
	FAULT(own_stack_overflow)                                                                  \
	FAULT(sees_below)                                                                          \
	FAULT(load_wild_below)                                                                     \
	FAULT(copy_load_wild)                                                                      \
	FAULT(copy_memcpy_wild)                                                                    \
	FAULT(copy_reaches_buffer)                                                                 \
	FAULT(copy_reaches_copy)                                                                   \
	FAULT(buffer_reaches_copy)                                                                 \
	FAULT(copy_far_over)                                                                       \
	FAULT(load_elsewhere)                                                                      \
	FAULT(store_elsewhere)

/* Where load_elsewhere loads, and store_elsewhere stores. */
extern const volatile uint8_t *faulty_elsewhere;

#define FAULT(name)                                                                                \
	struct info_answer faulty_##name(struct walk *walk, const void *info, uint32_t len,        \
					 enum info_kind kind);
FAULTY(FAULT)
#undef FAULT

#endif
