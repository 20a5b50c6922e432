/* SPDX-License-Identifier: MIT */
/* The parsers that prove this build's hooks; see heard.c. */
#ifndef FUZZ_SANDBOX_HEARD_H
#define FUZZ_SANDBOX_HEARD_H

#include <stdbool.h>

#include "../../parsers/parser.h"

/*
 * Parsers of one load of the buffer, and of one store past their memory; and whether this
 * build has parsers that were compiled for hooks to hear them.
 */
extern const bool loads_meant, stores_meant;
struct info_answer heard_load(struct walk *walk, const void *info, uint32_t len,
			      enum info_kind kind);
struct info_answer heard_store(struct walk *walk, const void *info, uint32_t len,
			       enum info_kind kind);

#endif
