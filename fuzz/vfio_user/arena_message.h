/* SPDX-License-Identifier: MIT */
/* For targets of this folder: a message whose last byte is the last of its memory; 4 GiB of nothing is behind it. */
#ifndef FUZZ_VFIO_USER_ARENA_MESSAGE_H
#define FUZZ_VFIO_USER_ARENA_MESSAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/parser.h"
#include "../sandbox/arena.h"

/* @bytes again, where nothing may write; one message at a time, and at most INFO_LEN_MAX bytes. */
static inline const uint8_t *arena_message(const uint8_t *bytes, size_t size)
{
	if (!the_arena.shadow) {
		enum sandbox_part part;
		uintptr_t room;

		arena_pages(0);
		if (arena_open(0, &room, &part)) {
			fputs("no address space for the arena\n", stderr);
			_Exit(4);
		}
	}
	if (size > INFO_LEN_MAX)
		abort();
	memcpy(the_arena.shadow + INFO_LEN_MAX - size, bytes, size);
	return (const uint8_t *)the_arena.window_end - size;
}

#endif
