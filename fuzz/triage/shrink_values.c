/* SPDX-License-Identifier: MIT */
/*
 * The steps of a shrink that leave len as it is: fields to their plain values or lower ones, then
 * the bytes that are no field.
 */
#include <string.h>

#include "shrink_steps.h"

static bool try_field(struct shrinking *s, const struct shrink_field *field, uint64_t value)
{
	shrink_start(s);
	layout_store(s->next.bytes + field->at, field->width, value);
	return shrink_try(s);
}

/* A field to its plain value, else to 0, else lower by a power of two, the highest first. */
static bool lower_field(struct shrinking *s, size_t i)
{
	const struct shrink_field field = s->now.fields[i];
	const uint64_t value = layout_load(s->now.bytes + field.at, field.width);

	if (field.has_plain && value == field.plain)
		return false;
	if (field.has_plain && try_field(s, &field, field.plain))
		return true;
	if (value && try_field(s, &field, 0))
		return true;
	for (unsigned int bit = 64; bit-- > 0;)
		if (value >> bit && try_field(s, &field, value - (UINT64_C(1) << bit)))
			return true;
	return false;
}

bool shrink_fields(struct shrinking *s)
{
	bool any = false;

	for (size_t i = 0; i < s->now.nfields;)
		if (lower_field(s, i))
			any = true;
		else
			i++;
	return any;
}

/* Marks what is no field: only that is for the steps on bytes to change. */
static void mark_loose(struct shrinking *s)
{
	shrink_mark(s, 0, s->now.len);
	for (size_t i = 0; i < s->now.nfields; i++)
		memset(s->gone + s->now.fields[i].at, 0, s->now.fields[i].width);
}

/* Zeroes the loose bytes in a range; true where that was taken. */
static bool zero_range(struct shrinking *s, size_t at, size_t count)
{
	bool changed = false;
	size_t i = at;

	while (i < at + count && !s->now.bytes[i])
		i++;
	if (i == at + count)
		return false;
	shrink_start(s);
	mark_loose(s);
	for (; i < at + count; i++)
		if (s->gone[i] && s->next.bytes[i]) {
			s->next.bytes[i] = 0;
			changed = true;
		}
	memset(s->gone, 0, s->now.len);
	return changed && shrink_try(s);
}

bool shrink_zero_bytes(struct shrinking *s)
{
	bool any = false;

	for (size_t count = shrink_top_bit(s->now.len); count; count /= 2)
		for (size_t at = 0; at + count <= s->now.len; at += count)
			any |= zero_range(s, at, count);
	return any;
}

/* A loose byte that cannot be 0 lower by a power of two. */
static bool lower_byte(struct shrinking *s, size_t at)
{
	const uint8_t value = s->now.bytes[at];
	bool loose;

	if (!value)
		return false;
	mark_loose(s);
	loose = s->gone[at];
	memset(s->gone, 0, s->now.len);
	for (unsigned int bit = 8; loose && bit-- > 0;) {
		if (!(value >> bit))
			continue;
		shrink_start(s);
		s->next.bytes[at] = (uint8_t)(value - (1u << bit));
		if (shrink_try(s))
			return true;
	}
	return false;
}

bool shrink_lower_bytes(struct shrinking *s)
{
	bool any = false;

	for (size_t at = 0; at < s->now.len;)
		if (lower_byte(s, at))
			any = true;
		else
			at++;
	return any;
}
