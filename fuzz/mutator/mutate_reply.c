/* SPDX-License-Identifier: MIT */
/* One reply through the mutator of buffers, and the notes of what was done. */
#include <string.h>

#include "mutate_script_ops.h"

void script_note(struct script_mutation *t, size_t number)
{
	if (t->how->nsteps < MUTATE_STEPS)
		t->how->steps[t->how->nsteps++] = (uint8_t)number;
}

bool script_mutate_reply(struct script_mutation *t, struct script_part *reply)
{
	static uint8_t made[INFO_LEN_MAX];
	struct mutated how;
	/* A reply says in 16 bits how long it is. */
	const size_t max = t->m.max < UINT16_MAX ? t->m.max : UINT16_MAX;
	const size_t size = mutate(reply->bytes, reply->size, script_model_kind(t->model), max,
				   random_next(&t->m), made, &how);

	if ((size == reply->size && (!size || memcmp(made, reply->bytes, size) == 0)) ||
	    !script_model_resize(t->model, reply, size))
		return false;
	if (size)
		memcpy(reply->bytes, made, size);
	for (size_t i = 0; i < how.nsteps; i++)
		script_note(t, how.steps[i]);
	return true;
}
