/* SPDX-License-Identifier: MIT */
/* Runs the steps to the point where none helps. */
#include "shrink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shrink_steps.h"

static struct shrinking *begin(const uint8_t *bytes, size_t len, enum info_kind kind,
			       size_t calls_max)
{
	struct shrinking *const s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->kind = kind;
	s->calls_max = calls_max;
	/* Never more than half full. */
	s->refused_size = 2 * calls_max + 1;
	s->refused = calloc(s->refused_size, sizeof(*s->refused));
	s->now.fields = calloc(SHRINK_FIELDS_MAX, sizeof(*s->now.fields));
	s->next.fields = calloc(SHRINK_FIELDS_MAX, sizeof(*s->next.fields));
	memcpy(s->now.bytes, bytes, len);
	s->now.len = len;
	if (!s->refused || !s->now.fields || !s->next.fields || shrink_measure(&s->now, kind))
		s->error = -ENOMEM;
	return s;
}

static void finish(struct shrinking *s)
{
	chain_free(&s->now.chain);
	chain_free(&s->next.chain);
	free(s->now.fields);
	free(s->next.fields);
	free(s->refused);
	free(s);
}

int shrink(uint8_t *bytes, size_t *len, enum info_kind kind, shrink_keeps *keeps, void *context,
	   size_t calls_max, struct shrink_result *ret_result)
{
	struct shrinking *const s = begin(bytes, *len, kind, calls_max);
	int error;

	if (!s)
		return -ENOMEM;
	s->keeps = keeps;
	s->context = context;
	while (!s->error && !s->spent && shrink_all_steps(s))
		;
	memcpy(bytes, s->now.bytes, s->now.len);
	*len = s->now.len;
	*ret_result = (struct shrink_result){.calls = s->calls, .minimal = !s->spent};
	error = s->error;
	finish(s);
	return error;
}
