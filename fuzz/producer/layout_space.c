/* SPDX-License-Identifier: MIT */
/* How lists of configuration space are laid out; see layout_space.h. Of Linux 7.3.4 and QEMU 10.0 to 11.1. */
#include "layout_space.h"

enum { STATUS = 0x06, FIRST = 0x34, EXTENDED = 0x100 };

static uint32_t load32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store32(uint8_t *at, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t next_of(uint32_t header)
{
	return header >> 20 & 0xffc;
}

void space_add(uint8_t *space, uint8_t id, uint8_t at)
{
	space[at] = id;
	space[at + 1] = space[FIRST];
	space[FIRST] = at;
	space[STATUS] |= 0x10;
}

bool space_add_extended(uint8_t *space, uint16_t id, uint8_t version, uint16_t at)
{
	const uint32_t header = id | (uint32_t)version << 16;
	uint32_t last = EXTENDED;

	if (load32(space + EXTENDED) == 0) {
		if (at != EXTENDED)
			return false;
		store32(space + at, header);
		return true;
	}
	while (next_of(load32(space + last)))
		last = next_of(load32(space + last));
	store32(space + last, load32(space + last) | (uint32_t)at << 20);
	store32(space + at, header);
	return true;
}

/* Ids of the conventional list whose length vfio-pci knows, and is not 0. */
static bool is_shown(uint8_t id)
{
	static const bool shown[] = {[0x01] = true, [0x02] = true, [0x03] = true, [0x05] = true,
				     [0x07] = true, [0x08] = true, [0x09] = true, [0x10] = true,
				     [0x11] = true, [0x12] = true, [0x13] = true};

	return id < sizeof(shown) && shown[id];
}

/* The same of the extended list. */
static bool is_shown_extended(uint16_t id)
{
	static const bool shown[] = {
		[0x01] = true, [0x02] = true, [0x03] = true, [0x04] = true, [0x06] = true,
		[0x08] = true, [0x09] = true, [0x0b] = true, [0x0d] = true, [0x0e] = true,
		[0x0f] = true, [0x10] = true, [0x12] = true, [0x13] = true, [0x15] = true,
		[0x16] = true, [0x17] = true, [0x18] = true, [0x23] = true};

	return id < sizeof(shown) && shown[id];
}

static void hide_conventional(uint8_t *space)
{
	uint8_t *link = space + FIRST;

	if (!(space[STATUS] & 0x10))
		return;
	for (uint8_t at = *link; at; at = space[at + 1]) {
		if (is_shown(space[at]))
			link = space + at + 1;
		else
			*link = space[at + 1];
	}
	if (!space[FIRST])
		space[STATUS] &= (uint8_t)~0x10;
}

static void hide_extended(uint8_t *space)
{
	uint32_t last = 0, left = 0;

	for (uint32_t at = EXTENDED; at >= EXTENDED; at = next_of(load32(space + at))) {
		const uint32_t header = load32(space + at);

		if (is_shown_extended((uint16_t)header)) {
			left++;
			last = at;
		} else if (at == EXTENDED) {
			store32(space + at, header & 0xfff00000);
			last = at;
		} else {
			store32(space + last,
				(load32(space + last) & 0x000fffff) | (header & 0xfff00000));
		}
	}
	if (!left)
		store32(space + EXTENDED, 0);
}

void space_hide(uint8_t *space, uint32_t len)
{
	bool express = false;

	for (uint8_t at = space[STATUS] & 0x10 ? space[FIRST] : 0; at; at = space[at + 1])
		express |= space[at] == 0x10 || space[at] == 0x07;
	hide_conventional(space);
	if (express && len > EXTENDED && load32(space + EXTENDED))
		hide_extended(space);
}
