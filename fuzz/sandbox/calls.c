/* SPDX-License-Identifier: MIT */
/*
 * What a parser calls while it walks: walk_deliver() and its like. Built without sanitizers,
 * like the hooks: this is where a walk spends its time, and AddressSanitizer's check of one
 * 100-byte copy costs as much as reading a capability.
 */
#include <string.h>

#include "scratch.h"
#include "walk.h"
#include "where.h"

/* What calls a function of this file. */
#define CALLER ((uintptr_t)__builtin_return_address(0) - 1)

/*
 * Member by member, as it was written: a wide load of what narrow stores have just left waits for
 * them to reach the cache, and that would be a tenth of a fuzz run.
 */
static void copy_cap(struct info_cap *ret_to, const volatile struct info_cap *from)
{
	ret_to->offset = from->offset;
	ret_to->id = from->id;
	ret_to->version = from->version;
	ret_to->decoded = from->decoded;
	if (!from->decoded)
		return;
	ret_to->count = from->count;
	ret_to->hash = from->hash;
	for (size_t i = 0; i < INFO_FIELDS; i++)
		ret_to->field[i] = from->field[i];
}

void walk_deliver(struct walk *walk, const struct info_cap *cap)
{
	struct walk_result *const result = walk->result;

	if (result->ncaps == INFO_LEN_MAX)
		walk_leave(VERDICT_RUNAWAY, SEEN_BY_CALL, 0, 0,
			   (uintptr_t)__builtin_frame_address(0));
	copy_cap(&result->caps[result->ncaps++], cap);
}

void walk_forget(struct walk *walk, uint16_t id)
{
	struct walk_result *const result = walk->result;
	size_t at = result->ncaps;

	while (at && result->caps[at - 1].id != id)
		at--;
	if (!at)
		return;
	result->ncaps--;
	for (at--; at < result->ncaps; at++)
		result->caps[at] = result->caps[at + 1];
}

/* A copy outside of scratch memory, or one too many, is read at once: nobody sees its loads. */
static void note_copy(struct walk *walk, uintptr_t dst, size_t offset, size_t size)
{
	if (scratch_find(dst) && walk->ncopied < WALK_COPIES_MAX)
		walk->copied[walk->ncopied++] = (struct walk_copy){dst, size, offset};
	else
		sandbox_touch(walk->touched, offset, size);
}

int walk_copy_in(struct walk *walk, void *dst, uint32_t offset, size_t size)
{
	/* A reader that only copies is counted too, or its loops would have no end. */
	walk->copies_left -= (int64_t)(1 + size / 8);
	if (walk->copies_left < 0)
		walk_leave(VERDICT_RUNAWAY, SEEN_BY_CALL, 0, 0,
			   (uintptr_t)__builtin_frame_address(0));
	/* The whole range lies inside the buffer. */
	if (offset > walk->len || size > walk->len - offset)
		return -1;
	if (size == 0)
		return 0;
	walk_saw(walk, offset, size, true, CALLER);
	if (walk->touched)
		note_copy(walk, (uintptr_t)dst, offset, size);
	memcpy(dst, (const void *)(walk->window + offset), size);
	return 0;
}

void walk_tell_load(struct walk *walk, uint32_t offset, uint32_t size)
{
	if (walk->touched)
		sandbox_touch(walk->touched, offset, size);
}

void walk_panicked(const char *text, size_t len)
{
	static char said[512];
	size_t used = 0;

	if (!the_walk.running)
		return;
	for (; used < len && used < sizeof(said) - 1; used++)
		said[used] = text[used] < ' ' ? ' ' : text[used];
	said[used] = '\0';
	the_walk.result->said = said;
	the_walk.result->code = where_called(true);
}

_Noreturn void walk_crash(struct walk *walk, int signal)
{
	walk->result->signal = signal;
	walk_leave(VERDICT_CRASH, SEEN_BY_CALL, 0, 0, (uintptr_t)__builtin_frame_address(0));
}
