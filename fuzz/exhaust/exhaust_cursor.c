/* SPDX-License-Identifier: MIT */
/* Goes through a space, past the buffers that nobody tells apart; see exhaust_cursor.h. */
#include "exhaust_cursor.h"

#include <string.h>

#include "exhaust_space.h"

uint64_t exhaust_units(const struct exhaust_space *space)
{
	uint64_t units = 0;

	for (size_t i = 0; i < space->nframes; i++)
		units += space->frames[i].places[0].count;
	return units;
}

static const uint8_t *picture_of(const struct place_of_choice *place, uint64_t choice)
{
	return place->pictures + choice * place->size;
}

/* Writes what was chosen for place @i, and notes which bytes are others now. */
static void show(struct exhaust_cursor *cursor, unsigned int i)
{
	const struct place_of_choice *const place = &cursor->frame->places[i];
	const uint8_t *const picture = picture_of(place, cursor->choices[i]);

	for (uint32_t n = 0; n < place->size; n++) {
		if (cursor->info[place->at + n] == picture[n])
			continue;
		sandbox_touch(&cursor->changed, place->at + n, 1);
		cursor->info[place->at + n] = picture[n];
	}
}

void exhaust_seek(const struct exhaust_space *space, uint64_t unit,
		  struct exhaust_cursor *ret_cursor)
{
	const struct frame *frame = space->frames;

	for (; unit >= frame->places[0].count; frame++)
		unit -= frame->places[0].count;
	*ret_cursor = (struct exhaust_cursor){
		.frame = frame, .len = frame->len, .first = true, .choices = {unit}};
	for (unsigned int i = 0; i < frame->nplaces; i++)
		show(ret_cursor, i);
}

uint64_t exhaust_index(const struct exhaust_cursor *cursor)
{
	uint64_t index = 0;

	for (unsigned int i = cursor->frame->nplaces; i-- > 0;)
		index = index * cursor->frame->places[i].count + cursor->choices[i];
	return cursor->frame->first + index;
}

static bool was_read(const struct place_of_choice *place, const struct sandbox_touched *touched)
{
	struct sandbox_touched bytes = {0};

	sandbox_touch(&bytes, place->at, place->size);
	return sandbox_touch_meets(&bytes, touched);
}

static bool is_held(const struct exhaust_cursor *cursor, unsigned int place)
{
	for (unsigned int i = 0; i < cursor->nheld; i++)
		if (cursor->held[i] == place)
			return true;
	return false;
}

uint64_t exhaust_hold(struct exhaust_cursor *cursor, const struct sandbox_touched *touched)
{
	uint64_t same = 1;

	for (unsigned int i = 1; i < cursor->frame->nplaces; i++) {
		if (is_held(cursor, i))
			continue;
		if (was_read(&cursor->frame->places[i], touched))
			cursor->held[cursor->nheld++] = i;
		else
			same *= cursor->frame->places[i].count;
	}
	return same;
}

bool exhaust_step(struct exhaust_cursor *cursor)
{
	cursor->first = false;
	cursor->changed = (struct sandbox_touched){0};
	while (cursor->nheld) {
		const unsigned int last = cursor->held[cursor->nheld - 1];
		const bool more = ++cursor->choices[last] < cursor->frame->places[last].count;

		if (!more) {
			cursor->choices[last] = 0;
			cursor->nheld--;
		}
		show(cursor, last);
		if (more)
			return true;
	}
	return false;
}

bool exhaust_peek(const struct exhaust_cursor *cursor, uint64_t steps, uint8_t *ret_info)
{
	const struct place_of_choice *place;
	uint64_t choice;

	if (!cursor->nheld)
		return false;
	place = &cursor->frame->places[cursor->held[cursor->nheld - 1]];
	choice = cursor->choices[cursor->held[cursor->nheld - 1]] + steps;
	if (choice >= place->count)
		return false;
	memcpy(ret_info, cursor->info, cursor->len);
	memcpy(ret_info + place->at, picture_of(place, choice), place->size);
	return true;
}
