/* SPDX-License-Identifier: MIT */
/*
 * The smallest script that still shows something, as shrink.h has it of a buffer.
 *
 * What is smaller: fewer bytes; of as many, fewer fields that are not plain (the first argsz is the
 * struct's size, replies end with the script, none fails, each says its own argsz, a producer is
 * named by its own key and tells no flags, a capability is of version 1); then lower values, field
 * by field; then each reply's own bytes by the order that shrink.h states, and a capability's by
 * fewer bytes that are not 0, then lower ones. Every step that is taken makes it smaller, so it
 * ends, and the result gives itself. No clock takes part.
 */
#ifndef FUZZ_TRIAGE_SHRINK_SCRIPT_H
#define FUZZ_TRIAGE_SHRINK_SCRIPT_H

#include "shrink.h"

/*
 * Shrinks the script of *@len bytes (0 to INFO_LEN_MAX) at @bytes, in place. The rest is as
 * for shrink(): @keeps has to hold, and holds of what is there afterwards, whatever is returned.
 */
int shrink_script(uint8_t *bytes, size_t *len, shrink_keeps *keeps, void *context, size_t calls_max,
		  struct shrink_result *ret_result);

#endif
