/* SPDX-License-Identifier: MIT */
/* Some of the registered parsers, by name: for a run that asks about those alone. */
#ifndef FUZZ_TARGET_CHOSEN_H
#define FUZZ_TARGET_CHOSEN_H

#include <stddef.h>

#include "../../parsers/parser.h"

/*
 * Finds the parsers that @names lists, with commas between; NULL lists all. Returns how many, in
 * the order of the registry, and where they are in @ret_parsers (valid until the next call); or 0
 * with one line in @ret_error where a name is unknown, twice there or nothing is listed.
 */
size_t chosen_parsers(const char *names, const struct info_parser *const **ret_parsers,
		      char *ret_error, size_t error_size);

#endif
