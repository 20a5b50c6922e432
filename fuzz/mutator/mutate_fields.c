/* SPDX-License-Identifier: MIT */
/* Operators on fields: of the fixed struct, of headers, of payloads; and on the length. */
#include <string.h>

#include "mutate_ops.h"

uint64_t mutate_odd_value(struct mutation *m)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		7,
		8,
		9,
		16,
		32,
		0x7f,
		0xff,
		0x100,
		0x101,
		0xfff,
		0x1000,
		0x1001,
		0x7fff,
		0xffff,
		0x10000,
		0x10001,
		0x0fffffff,
		0x10000000,
		0x10000001,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xfffffffffffff000,
		0xffffffffffffffff,
	};

	return values[random_of(m, sizeof(values) / sizeof(values[0]))];
}

static struct chain_cap *some_cap(struct mutation *m)
{
	return m->chain.ncaps ? &m->chain.caps[random_of(m, m->chain.ncaps)] : NULL;
}

/* A capability that has elements; NULL where there is none. */
static struct chain_cap *some_array(struct mutation *m, const struct layout_cap **ret_layout)
{
	const size_t start = random_of(m, m->chain.ncaps + 1);

	for (size_t i = 0; i < m->chain.ncaps; i++) {
		struct chain_cap *const cap = &m->chain.caps[(start + i) % m->chain.ncaps];
		const struct layout_cap *const layout = chain_cap_layout(&m->chain, cap);

		if (layout && layout->elements) {
			*ret_layout = layout;
			return cap;
		}
	}
	return NULL;
}

/* @value with the width of a field, which has to change. */
static bool set_field(uint64_t *field, unsigned int width, uint64_t value)
{
	const uint64_t before = *field;

	*field = width == 8 ? value : value & ((UINT64_C(1) << 8 * width) - 1);
	return *field != before;
}

/* Above or below what the elements are, and where counts wrap. */
static bool count(struct mutation *m)
{
	static const uint32_t odd[] = {0,   1,	 2,	  8,	      9,	 255,
				       256, 257, 0x10001, 0x7fffffff, 0xffffffff};
	static const uint32_t wraps[] = {0x100, 0x10000, 0x10000000, 0x20000000, 0x80000000};
	const struct layout_cap *layout;
	struct chain_cap *const cap = some_array(m, &layout);
	uint32_t have;

	if (!cap)
		return false;
	have = cap->elements_size / (uint32_t)layout->elements;
	switch (random_of(m, 4)) {
	case 0:
		return set_field(&cap->value[0], 4, odd[random_of(m, 11)]);
	case 1:
		return set_field(&cap->value[0], 4, have + wraps[random_of(m, 5)]);
	case 2:
		return set_field(&cap->value[0], 4, have + random_of(m, 3));
	default:
		/* One more than fits between it and the end, or just as many. */
		return set_field(&cap->value[0], 4,
				 (m->chain.len - cap->at) / layout->elements - random_of(m, 3));
	}
}

/* Elements more or less; the count keeps to its word or follows. */
static bool elements(struct mutation *m)
{
	const struct layout_cap *layout;
	struct chain_cap *const cap = some_array(m, &layout);
	uint32_t size, end;

	if (!cap)
		return false;
	size = cap->elements_size + (random_of(m, 5) - 2u) * (uint32_t)layout->elements;
	/* A size below none wraps to a huge one. */
	if (size == cap->elements_size || size / layout->elements > MUTATE_ELEMENTS_MAX ||
	    !mutate_has_room(m, size) || chain_resize_elements(cap, size))
		return false;
	if (random_one_in(m, 2))
		cap->value[0] = size / (uint32_t)layout->elements;
	end = (uint32_t)chain_cap_end(&m->chain, cap);
	if (end > m->chain.len && random_one_in(m, 2))
		mutate_set_len(m, end);
	return true;
}

static bool element_value(struct mutation *m)
{
	const struct layout_cap *layout;
	struct chain_cap *const cap = some_array(m, &layout);
	const unsigned int width = cap && layout->elements == ELEMENTS_PAIRS ? 8 : 1;
	uint8_t *at;
	uint64_t value;

	/* A capability keeps its elements under a new id, of which they may be less than one. */
	if (!cap || cap->elements_size < width)
		return false;
	at = cap->elements + width * random_of(m, cap->elements_size / width);
	value = layout_load(at, width);
	if (!set_field(&value, width,
		       random_one_in(m, 2) ? mutate_odd_value(m) : value + (random_of(m, 5) - 2u)))
		return false;
	layout_store(at, width, value);
	return true;
}

static bool payload_value(struct mutation *m)
{
	const struct chain_cap *const cap = some_cap(m);
	const struct layout_cap *const layout = cap ? chain_cap_layout(&m->chain, cap) : NULL;
	size_t field;

	if (!layout || !layout->nfields)
		return false;
	field = random_of(m, layout->nfields);
	return set_field(&m->chain.caps[cap - m->chain.caps].value[field],
			 layout->fields[field].width, mutate_odd_value(m));
}

static bool version(struct mutation *m)
{
	static const uint16_t versions[] = {0, 1, 2, 3, 0xffff};
	struct chain_cap *const cap = some_cap(m);
	const uint16_t before = cap ? cap->version : 0;

	if (!cap)
		return false;
	cap->version = versions[random_of(m, 5)];
	return cap->version != before;
}

/* Unknown, another known one, or that of another capability. */
static bool id(struct mutation *m)
{
	static const uint16_t ids[] = {0, 1, 2, 3, 4, 5, 6, 0x4d, 0x101, 0xffff};
	struct chain_cap *const cap = some_cap(m), *const other = some_cap(m);
	const uint16_t before = cap ? cap->id : 0;

	if (!cap)
		return false;
	cap->id = random_one_in(m, 3) ? other->id : ids[random_of(m, 10)];
	return cap->id != before;
}

static bool caps_flag(struct mutation *m)
{
	*mutate_flags(m) ^= layout_of(m)->caps_flag;
	return true;
}

/* The flag says that there is a chain, and cap_offset that there is none; or the reverse. */
static bool flag_against_offset(struct mutation *m)
{
	const uint32_t flag = layout_of(m)->caps_flag;

	if (random_one_in(m, 2)) {
		*mutate_flags(m) |= flag;
		mutate_set_link(m, 0, 0);
	} else {
		*mutate_flags(m) &= ~(uint64_t)flag;
		mutate_set_link(m, 0, layout_of(m)->full);
	}
	return true;
}

static bool fixed_field(struct mutation *m)
{
	const size_t field = random_of(m, layout_of(m)->nfields);

	return set_field(&m->chain.info[field], layout_of(m)->fields[field].width,
			 mutate_odd_value(m));
}

/* Where the chain as it stands ends. */
static uint64_t chain_end(const struct mutation *m)
{
	uint64_t end = layout_of(m)->full;

	for (size_t i = 0; i < m->chain.ncaps; i++)
		if (chain_cap_end(&m->chain, &m->chain.caps[i]) > end)
			end = chain_cap_end(&m->chain, &m->chain.caps[i]);
	return end;
}

static uint64_t some_argsz(struct mutation *m)
{
	switch (random_of(m, 7)) {
	case 0:
		return random_of(m, layout_of(m)->minsz + 1);
	case 1:
		return layout_of(m)->full;
	case 2:
		return chain_end(m) + random_of(m, 3) - 1;
	case 3:
		return m->chain.len + random_of(m, 17) - 8;
	case 4:
		return m->chain.len + 8 * (1 + random_of(m, 32));
	case 5:
		return random_of(m, m->chain.len + 1u);
	default:
		return mutate_odd_value(m);
	}
}

static bool argsz(struct mutation *m)
{
	return set_field(mutate_argsz(m), 4, some_argsz(m));
}

/* Bytes of one field in the reverse order, as a reader of the other endianness has them. */
static bool endian(struct mutation *m)
{
	struct chain_cap *const cap = some_cap(m);
	const size_t field = random_of(m, 3);

	if (!cap || random_one_in(m, 4)) {
		uint64_t *const fixed = random_of(m, 2) ? mutate_argsz(m) : mutate_first(m);

		return set_field(fixed, 4, __builtin_bswap32((uint32_t)*fixed));
	}
	if (field == 0)
		cap->next = __builtin_bswap32(cap->next);
	else if (field == 1)
		cap->id = __builtin_bswap16(cap->id);
	else
		return set_field(&cap->value[0], 4, __builtin_bswap32((uint32_t)cap->value[0]));
	return true;
}

/* The same chain behind another kind's struct: cap_offset and the flag are then elsewhere. */
static bool kind(struct mutation *m)
{
	const uint32_t first = mutate_link(m, 0);

	/* Of the kinds that have one form. */
	if (m->chain.kind >= INFO_IOCTL_KINDS)
		return false;
	m->chain.kind = (m->chain.kind + 1 + random_of(m, INFO_IOCTL_KINDS - 1)) % INFO_IOCTL_KINDS;
	for (size_t i = 0; i < m->chain.ncaps; i++) {
		struct chain_cap *const cap = &m->chain.caps[i];
		const struct layout_cap *const layout = layout_cap(m->chain.kind, cap->id);

		/* Elements are whole ones of the kind that they are written by. */
		if (layout && layout->elements)
			cap->elements_size -= cap->elements_size % (uint32_t)layout->elements;
	}
	mutate_set_link(m, 0, first);
	*mutate_flags(m) |= layout_of(m)->caps_flag;
	return true;
}

/* The tail is lost: anywhere, or a few bytes of a header or of the last payload. */
static bool truncate(struct mutation *m)
{
	const struct chain_cap *const cap = some_cap(m);
	uint64_t len = random_of(m, m->chain.len + 1u);

	if (cap && !random_one_in(m, 3))
		len = cap->at + random_of(m, (size_t)(chain_cap_end(&m->chain, cap) - cap->at) + 1);
	if (len >= m->chain.len)
		return false;
	/* Mostly argsz tells what the reply would have been. */
	if (random_one_in(m, 3))
		mutate_set_len(m, len);
	else
		m->chain.len = (uint32_t)len;
	return true;
}

static bool extend(struct mutation *m)
{
	const uint32_t by = 1 + random_of(m, random_one_in(m, 4) ? 256 : 24);

	if (!mutate_has_room(m, by))
		return false;
	mutate_set_len(m, (uint64_t)m->chain.len + by);
	return true;
}

static bool fill(struct mutation *m)
{
	static const uint8_t fills[] = {0, 1, 0xa5, 0xff};
	const uint8_t before = m->chain.fill;

	m->chain.fill = fills[random_of(m, 4)];
	return m->chain.fill != before;
}

const struct mutate_op mutate_field_ops[] = {
	{"count", count, 6},
	{"elements", elements, 4},
	{"element-value", element_value, 3},
	{"payload-value", payload_value, 2},
	{"version", version, 4},
	{"id", id, 4},
	{"flag", caps_flag, 2},
	{"flag-against-offset", flag_against_offset, 2},
	{"fixed-field", fixed_field, 1},
	{"argsz", argsz, 5},
	{"endian", endian, 1},
	{"kind", kind, 1},
	{"truncate", truncate, 5},
	{"extend", extend, 2},
	{"fill", fill, 1},
};
const size_t mutate_field_op_count = sizeof(mutate_field_ops) / sizeof(mutate_field_ops[0]);
