/* SPDX-License-Identifier: MIT */
/*
 * Turns buffers over; see endian.h. One walk along the links, as the reference's until it stops and
 * as the most trusting reader's from there on, notes where every field lies. Then each is turned.
 */
#include "endian.h"

#include <string.h>

#include "../../parsers/layout.h"

/* In the map of a buffer: a byte that is no field's, and one of a field that began before it. */
enum { NOBODYS = 0, INSIDE = 0xff };

/*
 * A buffer being turned. @map has the width of each field at its first byte. @reached holds as long
 * as the reference is where the walk is. The walk is done twice: reserved and pad fields come with
 * @spaces, once every other field has its bytes, since they are in nobody's way.
 */
struct turning {
	uint8_t *bytes;
	uint32_t len;
	enum endian from;
	uint8_t *map;
	bool spaces;
	bool reached;
	bool shared;
	uint32_t shared_at;
};

static uint8_t map[INFO_LEN_MAX], visited[INFO_LEN_MAX];

const char *endian_name(enum endian endian)
{
	return endian == ENDIAN_BIG ? "big" : "little";
}

enum endian endian_of_name(const char *path, enum endian otherwise)
{
	const size_t end = strlen(ENDIAN_BIG_NAME), len = strlen(path);

	return len > end && strcmp(path + len - end, ENDIAN_BIG_NAME) == 0 ? ENDIAN_BIG : otherwise;
}

static void reverse(uint8_t *bytes, unsigned int width)
{
	for (unsigned int i = 0; i < width / 2; i++) {
		const uint8_t byte = bytes[i];

		bytes[i] = bytes[width - 1 - i];
		bytes[width - 1 - i] = byte;
	}
}

/* The number at @at, which lies inside len, in the order of the buffer. */
static uint32_t load(const struct turning *t, uint64_t at, unsigned int width)
{
	uint8_t bytes[8];

	memcpy(bytes, t->bytes + at, width);
	if (t->from != ENDIAN_HOST)
		reverse(bytes, width);
	return (uint32_t)layout_load(bytes, width);
}

/* Notes a field, where it lies inside len and no byte of it is another's. */
static void take(struct turning *t, uint64_t at, unsigned int width)
{
	if (at + width > t->len)
		return;
	for (unsigned int i = 0; i < width; i++)
		if (t->map[at + i] != NOBODYS)
			return;
	t->map[at] = (uint8_t)width;
	memset(t->map + at + 1, INSIDE, width - 1);
}

/* A reserved or pad field: nobody reads it. */
static void claim_space(struct turning *t, uint64_t at, unsigned int width)
{
	if (t->spaces)
		take(t, at, width);
}

/*
 * A field that is read, and whether its bytes are its own: those of the same field, wholly inside
 * len. Only then has it a value that a second turn finds too.
 */
static bool claim(struct turning *t, uint64_t at, unsigned int width)
{
	if (at + width > t->len)
		return false;
	if (!t->spaces)
		take(t, at, width);
	if (t->map[at] == width)
		return true;
	if (t->reached && !t->shared) {
		t->shared = true;
		t->shared_at = (uint32_t)at;
	}
	return false;
}

/* Elements as far as len goes, whatever the count says. */
static void claim_elements(struct turning *t, uint64_t at, uint64_t count,
			   enum layout_elements elements)
{
	for (; count && at + elements <= t->len; count--, at += elements) {
		claim(t, at, elements == ELEMENTS_PAIRS ? 8 : 1);
		if (elements == ELEMENTS_PAIRS)
			claim(t, at + 8, 8);
	}
}

/* The fields of a known payload whose capability is at @at; the reference goes as far as @bound. */
static void claim_payload(struct turning *t, uint64_t at, const struct layout_cap *layout,
			  uint16_t version, uint32_t bound)
{
	/* A reader that decodes version 0 takes it for the first; a newer one is the newest. */
	const uint16_t as = version ? version : 1;
	const uint64_t end = at + layout_fixed(layout, as);
	uint64_t count = 0;

	/* R10 and R11: the reference reads its count first, and of version 0 nothing. */
	if (!version || (layout->elements && at + CAP_COUNT_AT + 4 > bound))
		t->reached = false;
	if (layout->elements && claim(t, at + CAP_COUNT_AT, 4))
		count = load(t, at + CAP_COUNT_AT, 4);
	/* R10: then all of it, or it stops. */
	if (end + count * layout->elements > bound)
		t->reached = false;
	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];

		if (field->version <= as && field->role == ROLE_VALUE)
			claim(t, at + field->at, field->width);
		else if (field->version <= as && field->role == ROLE_SPACE)
			claim_space(t, at + field->at, field->width);
	}
	if (layout->elements)
		claim_elements(t, end, count, layout->elements);
}

/* The capabilities from @at on: until the links end, leave the buffer or come back. */
static void claim_caps(struct turning *t, enum info_kind kind, uint32_t at, uint32_t bound)
{
	memset(visited, 0, t->len);
	while (at) {
		const uint64_t end = (uint64_t)at + CAP_HEADER_SIZE;
		const struct layout_cap *layout;
		const bool reached = t->reached;
		uint16_t version;
		bool is_whole;

		/* R6, R7: the reference reads headers past the fixed fields and inside the bound. */
		if (at < layout_infos[kind].end || end > bound)
			t->reached = false;
		is_whole = claim(t, (uint64_t)at + CAP_HEADER_id, 2);
		is_whole &= claim(t, (uint64_t)at + CAP_HEADER_version, 2);
		is_whole &= claim(t, (uint64_t)at + CAP_HEADER_next, 4);
		/* One that is another's in part has no meaning to follow. */
		if (!is_whole || visited[at])
			return;
		visited[at] = 1;
		version = (uint16_t)load(t, at + CAP_HEADER_version, 2);
		layout = layout_cap(kind, (uint16_t)load(t, at + CAP_HEADER_id, 2));
		if (layout)
			claim_payload(t, at, layout, version, bound);
		/* R11: what is delivered undecoded does not stop it. */
		if (!version)
			t->reached = reached && end <= bound && at >= layout_infos[kind].end;
		at = load(t, at + CAP_HEADER_next, 4);
	}
}

static void claim_all(struct turning *t, enum info_kind kind)
{
	const struct layout_info *const info = &layout_infos[kind];
	const uint32_t argsz = t->len >= 4 ? load(t, INFO_AT_DEVICE_argsz, 4) : 0;
	const uint32_t bound = argsz < t->len ? argsz : t->len;

	t->reached = true;
	for (size_t i = 0; i < info->nfields; i++) {
		if (info->fields[i].at < info->end)
			claim(t, info->fields[i].at, info->fields[i].width);
		else
			claim_space(t, info->fields[i].at, info->fields[i].width);
	}
	/* cap_offset lies inside len, or there is no chain that anybody could follow. */
	if (info->first.at + 4 > t->len)
		return;
	/* R1 to R3: the reference follows it where the flag is set and the bound has it. */
	t->reached = bound >= info->minsz && bound >= info->first.at + 4 &&
		     load(t, INFO_AT_DEVICE_flags, 4) & info->caps_flag;
	claim_caps(t, kind, load(t, info->first.at, 4), bound);
}

static void turn_fields(const struct turning *t)
{
	for (uint32_t at = 0; at < t->len; at++)
		if (t->map[at] != NOBODYS && t->map[at] != INSIDE)
			reverse(t->bytes + at, t->map[at]);
}

bool endian_turn(uint8_t *bytes, size_t len, enum info_kind kind, enum endian from,
		 uint32_t *ret_shared)
{
	struct turning t = {.bytes = bytes, .len = (uint32_t)len, .from = from, .map = map};

	/* A list that no ioctl answers has one order on every machine. */
	if (kind >= INFO_IOCTL_KINDS)
		return true;
	memset(map, 0, sizeof(map));
	claim_all(&t, kind);
	t.spaces = true;
	claim_all(&t, kind);
	if (t.shared)
		*ret_shared = t.shared_at;
	else
		turn_fields(&t);
	return !t.shared;
}

void endian_turn_payload(uint8_t *bytes, uint32_t size, enum info_kind kind, uint16_t id,
			 uint16_t version, enum endian from)
{
	const struct layout_cap *const layout = layout_cap(kind, id);
	struct turning t = {.bytes = bytes, .len = size, .from = from, .map = map};

	if (!layout)
		return;
	memset(map, 0, size);
	/* The header would lie before the first byte; sums wrap to what follows it. */
	claim_payload(&t, -(uint64_t)CAP_HEADER_SIZE, layout, version, size);
	t.spaces = true;
	claim_payload(&t, -(uint64_t)CAP_HEADER_SIZE, layout, version, size);
	turn_fields(&t);
}
