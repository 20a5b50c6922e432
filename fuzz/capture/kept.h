/* SPDX-License-Identifier: MIT */
/*
 * Replies that are to be written, each once: they are kept in memory, and written when there is time. It knows
 * nothing of files.
 */
#ifndef FUZZ_CAPTURE_KEPT_H
#define FUZZ_CAPTURE_KEPT_H

#include "capture.h"

struct capture_kept;

/* NULL without memory. */
struct capture_kept *capture_kept_new(void);
void capture_kept_free(struct capture_kept *kept);

/*
 * Keeps @reply by @name, under which others may be: the second that differs is @name-2. Returns 1 where it is new,
 * 0 where it is there already, -ENOMEM.
 */
int capture_keep(struct capture_kept *kept, const char *name, const struct capture_reply *reply);

/* Hands over up to @most of those that were not yet, in order, by their names. Whether more are left. */
bool capture_write_some(struct capture_kept *kept, size_t most,
			void (*write)(void *with, const char *name,
				      const struct capture_reply *reply),
			void *with);

#endif
