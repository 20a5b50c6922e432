/* SPDX-License-Identifier: MIT */
/*
 * The model behind chain.h. Reading ends with a comparison against what writing would give, so the
 * round trip is exact by construction and everything before it may be as lenient as it likes.
 */
#include "chain.h"
#include "endian.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ONE(...) +1
#define CAP(kind, id, name, ...)                                                                   \
	_Static_assert(0 LAYOUT_##name(ONE) <= CHAIN_CAP_FIELDS, #name " has too many fields");
#define INFO(kind, ...)                                                                            \
	_Static_assert(0 LAYOUT_##kind(ONE) <= CHAIN_INFO_FIELDS, #kind " has too many fields");
LAYOUT_ALL_CAPS(CAP)
LAYOUT_KINDS(INFO)
#undef INFO
#undef CAP
#undef ONE

/*
 * Equal bytes between two differences that one overlay bridges: an overlay of its own costs more
 * text than they do.
 */
#define RAW_GAP 8

void chain_init(struct chain *ret_chain, enum info_kind kind)
{
	*ret_chain = (struct chain){.kind = kind};
}

void chain_free(struct chain *chain)
{
	for (size_t i = 0; i < chain->ncaps; i++)
		free(chain->caps[i].elements);
	for (size_t i = 0; i < chain->nraws; i++)
		free(chain->raws[i].bytes);
	free(chain->caps);
	free(chain->raws);
	chain_init(chain, chain->kind);
}

/* Room that a list begins with: a power of two. */
#define ROOM_MIN 4

/*
 * @items with room for one more than @count, or NULL. Room is doubled whenever the count is a power
 * of two from ROOM_MIN on, so nobody has to keep it.
 */
static void *with_room(void *items, size_t count, size_t size)
{
	if (items && (count < ROOM_MIN || count & (count - 1)))
		return items;
	return reallocarray(items, count < ROOM_MIN ? ROOM_MIN : 2 * count, size);
}

struct chain_cap *chain_add_cap(struct chain *chain)
{
	struct chain_cap *const caps = with_room(chain->caps, chain->ncaps, sizeof(*caps));

	if (!caps)
		return NULL;
	chain->caps = caps;
	caps[chain->ncaps] = (struct chain_cap){0};
	return &caps[chain->ncaps++];
}

struct chain_raw *chain_add_raw(struct chain *chain, uint32_t at, uint32_t size)
{
	struct chain_raw *const raws = with_room(chain->raws, chain->nraws, sizeof(*raws));
	uint8_t *bytes;

	if (!raws)
		return NULL;
	chain->raws = raws;
	/* calloc() of nothing may give NULL, which is no failure. */
	bytes = calloc(size ? size : 1, 1);
	if (!bytes)
		return NULL;
	raws[chain->nraws] = (struct chain_raw){.at = at, .size = size, .bytes = bytes};
	return &raws[chain->nraws++];
}

int chain_resize_elements(struct chain_cap *cap, uint32_t size)
{
	uint8_t *const elements = realloc(cap->elements, size ? size : 1);

	if (!elements)
		return -ENOMEM;
	if (size > cap->elements_size)
		memset(elements + cap->elements_size, 0, size - cap->elements_size);
	cap->elements = elements;
	cap->elements_size = size;
	return 0;
}

const struct layout_cap *chain_cap_layout(const struct chain *chain, const struct chain_cap *cap)
{
	return cap->version ? layout_cap(chain->kind, cap->id) : NULL;
}

uint32_t chain_cap_fixed(const struct chain *chain, const struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);

	return layout ? layout_fixed(layout, cap->version) : layout_infos[chain->kind].header;
}

uint64_t chain_cap_end(const struct chain *chain, const struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);
	const uint64_t end = (uint64_t)cap->at + chain_cap_fixed(chain, cap);

	return layout && layout->elements ? end + cap->elements_size : end;
}

/*
 * A buffer being written. @marks, where it is not NULL, gets a 1 for each byte that is described.
 */
struct writing {
	uint8_t *bytes;
	uint8_t *marks;
	uint32_t len;
	bool swapped;
};

static void put(const struct writing *to, uint64_t at, const uint8_t *bytes, uint32_t size)
{
	uint32_t fits;

	/* Nothing lands past len: what starts there is dropped, what crosses it is cut. */
	if (at >= to->len || !size)
		return;
	fits = size < to->len - at ? size : to->len - (uint32_t)at;
	memcpy(to->bytes + at, bytes, fits);
	if (to->marks)
		memset(to->marks + at, 1, fits);
}

static void put_value(const struct writing *to, uint64_t at, unsigned int width, uint64_t value)
{
	uint8_t bytes[8];

	if (to->swapped)
		value = endian_swap(value, width);
	/* The whole field lies inside len: mostly. */
	if (!to->marks && at + width <= to->len) {
		layout_store(to->bytes + at, width, value);
		return;
	}
	layout_store(bytes, width, value);
	put(to, at, bytes, width);
}

/* The number that @bits are of, with what stands beside them in @bytes. */
static void put_bits(const struct writing *to, const struct layout_bits *bits, uint8_t *bytes,
		     uint64_t value)
{
	uint8_t *const at = bytes + bits->at;

	layout_set(bits, bytes, value);
	if (to->swapped && bits->width)
		layout_store(at, bits->width,
			     endian_swap(layout_load(at, bits->width), bits->width));
}

/* Reserved bits of it are 0: others are for an overlay to say. */
static void put_header(const struct writing *to, const struct layout_info *info,
		       const struct chain_cap *cap)
{
	uint8_t bytes[CHAIN_HEADER_MAX] = {0};

	put_bits(to, &info->id, bytes, cap->id);
	put_bits(to, &info->version, bytes, cap->version);
	put_bits(to, &info->next, bytes, cap->next);
	put(to, cap->at, bytes, info->header);
}

static void put_elements(const struct writing *to, uint64_t at, const struct chain_cap *cap,
			 enum layout_elements elements)
{
	if (!to->swapped || elements == ELEMENTS_BYTES) {
		put(to, at, cap->elements, cap->elements_size);
		return;
	}
	for (uint32_t i = 0; i < cap->elements_size; i += 8)
		put_value(to, at + i, 8, layout_load(cap->elements + i, 8));
}

static void put_cap(const struct writing *to, const struct chain *chain,
		    const struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);
	const uint64_t at = cap->at;

	put_header(to, &layout_infos[chain->kind], cap);
	if (!layout)
		return;
	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];

		if (field->version <= cap->version)
			put_value(to, at + field->at, field->width, cap->value[i]);
	}
	if (layout->elements)
		put_elements(to, at + chain_cap_fixed(chain, cap), cap, layout->elements);
}

/* All but fill and overlays. */
static void put_all(const struct writing *to, const struct chain *chain)
{
	const struct layout_info *const info = &layout_infos[chain->kind];

	for (size_t i = 0; i < info->nfields; i++)
		put_value(to, info->fields[i].at, info->fields[i].width, chain->info[i]);
	for (size_t i = 0; i < chain->ncaps; i++)
		put_cap(to, chain, &chain->caps[i]);
}

void chain_write(const struct chain *chain, uint8_t *ret_bytes)
{
	const struct writing to = {
		.bytes = ret_bytes, .len = chain->len, .swapped = chain->swapped};

	if (chain->len)
		memset(ret_bytes, chain->fill, chain->len);
	put_all(&to, chain);
	for (size_t i = 0; i < chain->nraws; i++)
		put(&to, chain->raws[i].at, chain->raws[i].bytes, chain->raws[i].size);
}

/* A buffer being read. @taken marks its bytes that capabilities describe; @again is room for it. */
struct reading {
	const uint8_t *bytes;
	uint32_t len;
	bool swapped;
	uint8_t *taken;
	uint8_t *again;
};

static bool is_free(const struct reading *from, uint64_t at, uint64_t end)
{
	/* Every byte looked at lies inside len. */
	if (end > from->len)
		return false;
	return at >= end || !memchr(from->taken + at, 1, (size_t)(end - at));
}

static void take(const struct reading *from, uint64_t at, uint64_t end)
{
	if (at < end)
		memset(from->taken + at, 1, (size_t)(end - at));
}

static uint64_t load(const struct reading *from, const uint8_t *at, unsigned int width)
{
	const uint64_t value = layout_load(at, width);

	return from->swapped ? endian_swap(value, width) : value;
}

/* A fixed field; its bytes past len and those that belong to a capability count as zero. */
static uint64_t load_field(const struct reading *from, uint32_t at, unsigned int width)
{
	uint8_t bytes[8] = {0};

	if (is_free(from, at, (uint64_t)at + width))
		return load(from, from->bytes + at, width);
	for (uint32_t i = 0; i < width; i++)
		if (is_free(from, at + i, at + i + 1))
			bytes[i] = from->bytes[at + i];
	return load(from, bytes, width);
}

static uint32_t load_bits(const struct reading *from, const struct layout_bits *bits,
			  const uint8_t *base)
{
	uint8_t turned[8];

	if (!from->swapped || !bits->width)
		return layout_get(bits, base);
	layout_store(turned, bits->width, load(from, base + bits->at, bits->width));
	return layout_get(&(struct layout_bits){0, bits->width, bits->shift, bits->mask}, turned);
}

/* The capability at @at, without elements; its header lies inside len. */
static struct chain_cap load_cap(const struct reading *from, const struct chain *chain, uint32_t at)
{
	const struct layout_info *const info = &layout_infos[chain->kind];
	const uint8_t *const bytes = from->bytes + at;
	struct chain_cap cap = {
		.at = at,
		.id = (uint16_t)load_bits(from, &info->id, bytes),
		.version = (uint16_t)load_bits(from, &info->version, bytes),
		.next = load_bits(from, &info->next, bytes),
	};
	const struct layout_cap *const layout = chain_cap_layout(chain, &cap);

	/* The fixed part, with every field of this version, lies inside len. */
	if (!layout || chain_cap_end(chain, &cap) > from->len)
		return cap;
	for (size_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].version <= cap.version)
			cap.value[i] =
				load(from, bytes + layout->fields[i].at, layout->fields[i].width);
	return cap;
}

static uint32_t first_link(const struct reading *from, const struct layout_info *info)
{
	const struct layout_bits *const first = &info->first;

	if (!first->width)
		return first->mask;
	return (uint32_t)(load_field(from, first->at, first->width) >> first->shift) & first->mask;
}

static int read_caps(const struct reading *from, struct chain *chain)
{
	const struct layout_info *const info = &layout_infos[chain->kind];
	uint32_t at = first_link(from, info);

	/* The header lies inside len, past the fixed fields, and was not visited before. */
	while (at >= info->end && is_free(from, at, (uint64_t)at + info->header)) {
		const struct chain_cap cap = load_cap(from, chain, at);
		const uint64_t end = chain_cap_end(chain, &cap);
		const uint64_t written = end < from->len ? end : from->len;
		struct chain_cap *added;

		/* What would be written of the capability is no other capability's. */
		if (!is_free(from, at, written))
			return 0;
		added = chain_add_cap(chain);
		if (!added)
			return -ENOMEM;
		*added = cap;
		take(from, at, written);
		at = cap.next;
	}
	return 0;
}

/* After read_caps(), so that a count that lies cannot swallow the capabilities that follow. */
static int read_elements(const struct reading *from, const struct chain *chain,
			 struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);
	const uint64_t at = (uint64_t)cap->at + chain_cap_fixed(chain, cap);
	uint64_t end = at;

	if (!layout || !layout->elements)
		return 0;
	/* Each element lies inside len; a count that was not read is zero. */
	for (uint64_t i = 0; i < cap->value[0]; i++) {
		if (!is_free(from, end, end + layout->elements))
			break;
		end += layout->elements;
	}
	if (end == at)
		return 0;
	if (chain_resize_elements(cap, (uint32_t)(end - at)))
		return -ENOMEM;
	memcpy(cap->elements, from->bytes + at, cap->elements_size);
	for (uint32_t i = 0; layout->elements == ELEMENTS_PAIRS && i < cap->elements_size; i += 8)
		layout_store(cap->elements + i, 8, load(from, cap->elements + i, 8));
	take(from, at, end);
	return 0;
}

/*
 * Writes the chain to @again, what it does not describe with the byte value that is most frequent
 * there, the smallest of several. Uses up @taken.
 */
static void choose_fill(const struct reading *from, struct chain *chain)
{
	const struct writing to = {.bytes = from->again,
				   .marks = from->taken,
				   .len = from->len,
				   .swapped = from->swapped};
	uint32_t count[256];
	uint8_t best = 0;

	memset(from->taken, 0, from->len);
	put_all(&to, chain);
	if (!memchr(from->taken, 0, from->len))
		return;
	memset(count, 0, sizeof(count));
	for (uint32_t i = 0; i < from->len; i++) {
		const uint8_t value = from->bytes[i];

		if (from->taken[i])
			continue;
		count[value]++;
		if (count[value] > count[best] || (count[value] == count[best] && value < best))
			best = value;
	}
	for (uint32_t i = 0; i < from->len; i++)
		if (!from->taken[i])
			from->again[i] = best;
	chain->fill = best;
}

/* Lays over the chain, which was written to @again, whatever it would write differently. */
static int read_raws(const struct reading *from, struct chain *chain)
{
	const uint8_t *const bytes = from->bytes;
	const uint8_t *const again = from->again;
	uint32_t end;

	if (!from->len || memcmp(bytes, again, from->len) == 0)
		return 0;
	for (uint32_t at = 0; at < from->len; at = end) {
		struct chain_raw *raw;

		end = at + 1;
		if (bytes[at] == again[at])
			continue;
		for (uint32_t i = end; i < from->len && i - end < RAW_GAP; i++)
			if (bytes[i] != again[i])
				end = i + 1;
		raw = chain_add_raw(chain, at, end - at);
		if (!raw)
			return -ENOMEM;
		memcpy(raw->bytes, bytes + at, end - at);
	}
	return 0;
}

static int read_all(const struct reading *from, struct chain *chain)
{
	const struct layout_info *const info = &layout_infos[chain->kind];

	if (read_caps(from, chain))
		return -ENOMEM;
	for (size_t i = 0; i < info->nfields; i++)
		chain->info[i] = load_field(from, info->fields[i].at, info->fields[i].width);
	for (size_t i = 0; i < chain->ncaps; i++)
		if (read_elements(from, chain, &chain->caps[i]))
			return -ENOMEM;
	choose_fill(from, chain);
	return read_raws(from, chain);
}

int chain_read(const uint8_t *bytes, size_t len, enum info_kind kind, struct chain *ret_chain)
{
	return chain_read_as(bytes, len, kind, false, ret_chain);
}

int chain_read_as(const uint8_t *bytes, size_t len, enum info_kind kind, bool swapped,
		  struct chain *ret_chain)
{
	/* Kept: the mutator reads hundreds of thousands of buffers a second. */
	static uint8_t taken[INFO_LEN_MAX], again[INFO_LEN_MAX];
	const struct reading from = {.bytes = bytes,
				     .len = (uint32_t)len,
				     .swapped = swapped,
				     .taken = taken,
				     .again = again};
	struct chain chain;
	int error;

	/* Every offset into the buffer fits 32 bits. */
	if (len > INFO_LEN_MAX)
		return -EINVAL;
	chain_init(&chain, kind);
	chain.swapped = swapped;
	chain.len = from.len;
	memset(taken, 0, len);
	error = read_all(&from, &chain);
	if (error)
		chain_free(&chain);
	else
		*ret_chain = chain;
	return error;
}
