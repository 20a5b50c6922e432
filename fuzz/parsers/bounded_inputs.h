/* SPDX-License-Identifier: MIT */
/*
 * Buffers on which two readings of a chain might part, each handed to a function of the test's:
 *
 *   each_ladder    one header, every len to 64 with every argsz to 80
 *   each_small     one or two headers from small alphabets, every len to 64
 *   each_payload   every known capability, version and a few counts, cut at every len
 *   each_noise     pseudo-random chains: small offsets, so that loops, joins and overlaps abound
 *   each_rho       every shape of a loop: a tail of 0 to 40 capabilities into a loop of 1 to 40
 *   each_long      the longest chains there are, with a loop and without
 *
 * All are the same on every run. A test takes what it wants, so everything here is inline.
 */
#ifndef FUZZ_PARSERS_BOUNDED_INPUTS_H
#define FUZZ_PARSERS_BOUNDED_INPUTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../parsers/layout.h"

typedef void buffer_test(const uint8_t *info, size_t len, enum info_kind kind);

#define NOISE_LEN_MAX  300u
#define NOISE_CAPS_MAX 16u
#define RHO_TAIL_MAX   40u
#define RHO_LOOP_MAX   40u

#define ALPHABET(...)                                                                              \
	(const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

/* Stores where all of it lies inside @size; a field cut off would be another buffer. */
static inline void put(uint8_t *bytes, size_t size, uint32_t at, unsigned int width, uint64_t value)
{
	if (at <= size && size - at >= width)
		layout_store(bytes + at, width, value);
}

static inline void put_header(uint8_t *bytes, size_t size, uint32_t at, uint32_t id,
			      uint32_t version, uint32_t next)
{
	put(bytes, size, at + CAP_HEADER_id, 2, id);
	put(bytes, size, at + CAP_HEADER_version, 2, version);
	put(bytes, size, at + CAP_HEADER_next, 4, next);
}

static inline void put_info(uint8_t *bytes, size_t size, enum info_kind kind, uint32_t argsz,
			    uint32_t flags, uint32_t cap_offset)
{
	put(bytes, size, INFO_AT_DEVICE_argsz, 4, argsz);
	put(bytes, size, INFO_AT_DEVICE_flags, 4, flags);
	put(bytes, size, layout_infos[kind].first.at, 4, cap_offset);
}

static inline void each_ladder(buffer_test *see)
{
	for (uint32_t kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
		const struct layout_info *const info = &layout_infos[kind];
		const uint32_t firsts[] = {0, info->end - 1, info->end, 48, 56, UINT32_MAX - 7};

		for (uint32_t len = 0; len <= 64; len++)
			for (uint32_t argsz = 0; argsz <= 80; argsz++)
				for (uint32_t i = 0; i < 2 * sizeof(firsts) / 4; i++) {
					const uint32_t first = firsts[i / 2];
					uint8_t bytes[80] = {0};

					put_info(bytes, len, kind, argsz,
						 i % 2 ? info->caps_flag : ~info->caps_flag, first);
					put_header(bytes, len, first, 2, 1, 0);
					see(bytes, len, (enum info_kind)kind);
				}
	}
}

/* What makes up a buffer of each_small(), the fastest first. */
enum { SMALL_BACK, SMALL_COUNT, SMALL_NEXT, SMALL_VERSION, SMALL_ID, SMALL_FIRST, SMALL_PARTS };

struct small {
	enum info_kind kind;
	uint32_t len;
	uint32_t argsz;
	uint32_t part[SMALL_PARTS];
};

/* Value @i of part @part, or false past the last. */
static inline bool small_value(const struct small *small, int part, size_t i, uint32_t *ret_value)
{
	const uint32_t end = layout_infos[small->kind].end;
	const uint32_t len = small->len;
	const uint32_t first = small->part[SMALL_FIRST];
	/* As many elements of one byte, or of 16, as end at 2^32. */
	const uint32_t bytes = UINT32_MAX - 11 - first;
	const uint32_t pairs = UINT32_MAX / 16 - first / 16;
	const struct {
		const uint32_t *values;
		size_t count;
	} alphabets[SMALL_PARTS] = {
		[SMALL_BACK] = {ALPHABET(0, first)},
		[SMALL_COUNT] = {ALPHABET(1, 0, 2, pairs, pairs - 1, bytes, bytes - 1, UINT32_MAX)},
		[SMALL_NEXT] = {ALPHABET(0, end - 1, first, end + 8, first + 12, len - 8, len - 7)},
		[SMALL_VERSION] = {ALPHABET(1, 0, 2, 3)},
		[SMALL_ID] = {ALPHABET(1, 2, 3, 4, 5, 6)},
		[SMALL_FIRST] = {ALPHABET(0, end - 1, end, end + 8, len - 8, len - 7, len)},
	};

	if (i >= alphabets[part].count)
		return false;
	*ret_value = alphabets[part].values[i];
	return true;
}

static inline void see_small(const struct small *small, buffer_test *see)
{
	const uint32_t *const part = small->part;
	const uint32_t first = part[SMALL_FIRST];
	const uint32_t next = part[SMALL_NEXT];
	uint8_t bytes[64] = {0};

	/* The second header lies over the first one's payload where they meet. */
	put(bytes, small->len, first + CAP_COUNT_AT, 4, part[SMALL_COUNT]);
	if (next >= layout_infos[small->kind].end && next != first)
		put_header(bytes, small->len, next, 2, 1, part[SMALL_BACK]);
	put_header(bytes, small->len, first, part[SMALL_ID], part[SMALL_VERSION], next);
	put_info(bytes, small->len, small->kind, small->argsz, layout_infos[small->kind].caps_flag,
		 first);
	see(bytes, small->len, small->kind);
}

/* Whether @part makes a difference, with those above it as they are. */
static inline bool small_matters(const struct small *small, int part)
{
	const struct layout_cap *const layout =
		layout_cap(small->kind, (uint16_t)small->part[SMALL_ID]);
	const uint32_t first = small->part[SMALL_FIRST];
	const uint32_t next = small->part[SMALL_NEXT];
	const uint32_t end = layout_infos[small->kind].end;

	if (part == SMALL_FIRST)
		return true;
	if (first < end || first > small->len || small->len - first < CAP_HEADER_SIZE)
		return false;
	if (part == SMALL_BACK)
		return next >= end && next != first;
	return part != SMALL_COUNT || (layout && layout->elements);
}

static inline void each_small_part(struct small *small, int part, buffer_test *see)
{
	if (part < 0) {
		see_small(small, see);
		return;
	}
	for (size_t i = 0; small_value(small, part, i, &small->part[part]); i++) {
		each_small_part(small, part - 1, see);
		if (!small_matters(small, part))
			return;
	}
}

static inline void each_small(buffer_test *see)
{
	for (uint32_t kind = 0; kind < INFO_IOCTL_KINDS; kind++)
		for (uint32_t len = 0; len <= 64; len++) {
			const uint32_t argszs[] = {len - 1, len, len + 1, len + 16, UINT32_MAX};

			for (size_t i = 0; i < sizeof(argszs) / 4; i++) {
				struct small small = {.kind = (enum info_kind)kind,
						      .len = len,
						      .argsz = argszs[i]};

				each_small_part(&small, SMALL_PARTS - 1, see);
			}
		}
}

/* @count and what stands in the buffer agree, but for what the cut takes; no two bytes do. */
static inline void see_payload(const struct layout_cap *cap, uint32_t version, uint32_t count,
			       uint32_t at, buffer_test *see)
{
	const uint32_t full =
		at + layout_fixed(cap, (uint16_t)version) + count * (uint32_t)cap->elements;
	uint8_t bytes[256];

	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 59 + 0x81);
	put_header(bytes, sizeof(bytes), at, cap->id, version, 0);
	if (cap->elements)
		put(bytes, sizeof(bytes), at + CAP_COUNT_AT, 4, count);
	for (uint32_t len = 0; len <= full + 1; len++)
		for (uint32_t argsz = full - 1; argsz <= full + 1; argsz++) {
			put_info(bytes, sizeof(bytes), cap->kind, argsz,
				 layout_infos[cap->kind].caps_flag, at);
			see(bytes, len, cap->kind);
		}
}

static inline void each_payload(buffer_test *see)
{
	for (size_t i = 0; i < layout_cap_count; i++) {
		const struct layout_cap *const cap = &layout_caps[i];
		const uint32_t end = layout_infos[cap->kind].end;
		const uint32_t counts = cap->elements ? 3 : 0;

		if (cap->kind >= INFO_IOCTL_KINDS)
			continue;

		for (uint32_t version = 0; version <= cap->newest + 1u; version++)
			for (uint32_t count = 0; count <= counts; count++)
				for (uint32_t at = end; at <= end + 5; at++)
					see_payload(cap, version, count, at, see);
	}
}

/*
 * xorshift64* of a state that is not 0. No two draws stand in one expression: compilers differ in
 * which they take first, and a failure of one has to fail under the other.
 */
static inline uint32_t noise_below(uint64_t *state, uint32_t end)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545f4914f6cdd1d) >> 32) % end;
}

static inline uint32_t noise_pick(uint64_t *state, const uint32_t *values, size_t count)
{
	return values[noise_below(state, (uint32_t)count)];
}

/* Headers and where they stand, on one grid: the places are what links go to as a rule. */
struct noise {
	uint64_t *state;
	enum info_kind kind;
	uint32_t len;
	uint32_t count;
	uint32_t place[NOISE_CAPS_MAX];
};

static inline uint32_t noise_argsz(const struct noise *noise)
{
	const uint32_t len = noise->len;
	const uint32_t near = len - 20 + noise_below(noise->state, 60);
	const uint32_t any = noise_below(noise->state, NOISE_LEN_MAX);

	return noise_pick(noise->state, ALPHABET(len, len, len, len, near, near, any, UINT32_MAX));
}

/* Where header @i links to: most often the one after it, so that chains grow long. */
static inline uint32_t noise_next(const struct noise *noise, uint32_t i)
{
	const uint32_t known = noise->place[noise_below(noise->state, noise->count)];
	const uint32_t on = i + 1 < noise->count ? noise->place[i + 1] : 0;
	const uint32_t edge = noise->len - noise_below(noise->state, 24);
	const uint32_t any = noise_below(noise->state, NOISE_LEN_MAX);

	if (noise_below(noise->state, 8))
		return noise_pick(noise->state, ALPHABET(on, on, on, on, on, known));
	return noise_pick(noise->state, ALPHABET(0, edge, any, layout_infos[noise->kind].end - 1));
}

static inline void put_noise_header(const struct noise *noise, uint32_t i, uint8_t *bytes)
{
	static const uint32_t versions[] = {1, 1, 1, 2, 2, 0, 3, UINT16_MAX};
	static const uint32_t counts[] = {0, 0, 0, 0, 1, 1, 2, 3, 0x0fffffff, UINT32_MAX};
	const uint32_t at = noise->place[i];
	const uint32_t id = noise_below(noise->state, 8);
	const uint32_t version = noise_pick(noise->state, versions, sizeof(versions) / 4);
	const uint32_t count = noise_pick(noise->state, counts, sizeof(counts) / 4);

	put(bytes, noise->len, at + CAP_COUNT_AT, 4, count);
	put_header(bytes, noise->len, at, id, version, noise_next(noise, i));
}

/* A chain on a grid of 8, 4 or 1 bytes, then up to 3 bytes of anything. */
static inline void see_noise(uint64_t *state, buffer_test *see)
{
	const uint32_t kind = noise_below(state, INFO_IOCTL_KINDS);
	const struct layout_info *const info = &layout_infos[kind];
	const uint32_t len = noise_below(state, 8) ? 80 + noise_below(state, NOISE_LEN_MAX - 79)
						   : noise_below(state, NOISE_LEN_MAX + 1);
	const uint32_t grid = noise_pick(state, ALPHABET(8, 8, 4, 1));
	const uint32_t room = len < info->end + CAP_HEADER_SIZE ? 1 : len - info->end - 7;
	const uint32_t any = noise_below(state, NOISE_LEN_MAX);
	const uint32_t flags = noise_below(state, 32) ? info->caps_flag : 0;
	const bool at_any = noise_below(state, 16) == 0;
	struct noise noise = {.state = state, .kind = (enum info_kind)kind, .len = len};
	uint8_t bytes[NOISE_LEN_MAX];

	memset(bytes, (int)noise_pick(state, ALPHABET(0, 0xa5, 1)), sizeof(bytes));
	noise.count = 1 + noise_below(state, NOISE_CAPS_MAX);
	for (uint32_t i = 0; i < noise.count; i++)
		noise.place[i] = info->end + grid * noise_below(state, (room + grid - 1) / grid);
	for (uint32_t i = 0; i < noise.count; i++)
		put_noise_header(&noise, i, bytes);
	put_info(bytes, len, noise.kind, noise_argsz(&noise), flags, at_any ? any : noise.place[0]);
	for (uint32_t i = noise_below(state, 4); i > 0 && len > 0; i--) {
		const uint8_t byte = (uint8_t)noise_below(state, 256);

		bytes[noise_below(state, len)] = byte;
	}
	see(bytes, len, noise.kind);
}

static inline void each_noise(uint32_t buffers, buffer_test *see)
{
	uint64_t state = 0x9e3779b97f4a7c15;

	while (buffers-- > 0)
		see_noise(&state, see);
}

/*
 * A chain of @tail capabilities and then a loop of @loop, 0 for an end instead. The loop closes at
 * @at, from @from.
 */
struct rho {
	enum info_kind kind;
	uint32_t tail;
	uint32_t loop;
	uint32_t len;
	uint32_t at;
	uint32_t from;
	uint8_t bytes[INFO_LEN_MAX];
};

typedef void rho_test(const struct rho *rho);

/* Where capability @i of @count stands: in chain order, against it, or strewn about. */
enum rho_order { RHO_FORWARD, RHO_BACKWARD, RHO_STREWN, RHO_ORDERS };

static inline uint32_t rho_place(enum rho_order order, uint32_t i, uint32_t count)
{
	/* Above every count that is strewn, so that no two multiples are the same. */
	static const uint32_t prime = 83;

	_Static_assert(RHO_TAIL_MAX + RHO_LOOP_MAX < 83, "a larger prime is needed");

	if (order == RHO_FORWARD)
		return i;
	if (order == RHO_BACKWARD)
		return count - 1 - i;
	for (i = (i + 1) * 30 % prime; i > count; i = i * 30 % prime)
		;
	return i - 1;
}

/*
 * Capabilities @stride bytes apart: 8 is one after another, 4 makes one's next the id and version
 * of the one that follows in the buffer.
 */
static inline void see_rho(struct rho *rho, uint32_t stride, enum rho_order order, rho_test *see)
{
	static uint32_t at[INFO_LEN_MAX / 4];
	const uint32_t end = layout_infos[rho->kind].end;
	const uint32_t count = rho->tail + rho->loop;

	rho->len = end + stride * (count - 1) + CAP_HEADER_SIZE;
	for (uint32_t i = 0; i < count; i++)
		at[i] = end + stride * rho_place(order, i, count);
	rho->at = rho->loop ? at[rho->tail] : 0;
	rho->from = at[count - 1];
	memset(rho->bytes, 0, rho->len);
	if (stride == CAP_HEADER_SIZE)
		for (uint32_t i = 0; i < count; i++) {
			put(rho->bytes, rho->len, at[i] + CAP_HEADER_id, 2, 9);
			put(rho->bytes, rho->len, at[i] + CAP_HEADER_version, 2, 1);
		}
	for (uint32_t i = 0; i < count; i++)
		put(rho->bytes, rho->len, at[i] + CAP_HEADER_next, 4,
		    i + 1 < count ? at[i + 1] : rho->at);
	put_info(rho->bytes, rho->len, rho->kind, rho->len, layout_infos[rho->kind].caps_flag,
		 at[0]);
	see(rho);
}

static inline void each_rho(rho_test *see)
{
	static struct rho rho;

	for (uint32_t tail = 0; tail <= RHO_TAIL_MAX; tail++)
		for (uint32_t loop = 1; loop <= RHO_LOOP_MAX; loop++)
			for (uint32_t order = 0; order < RHO_ORDERS; order++) {
				rho.kind =
					(enum info_kind)((tail + loop + order) % INFO_IOCTL_KINDS);
				rho.tail = tail;
				rho.loop = loop;
				see_rho(&rho, 8, (enum rho_order)order, see);
				see_rho(&rho, 4, (enum rho_order)order, see);
			}
}

static inline void each_long(rho_test *see)
{
	/* As many as overlap in INFO_LEN_MAX bytes of region info, and the powers Brent jumps at.
	 */
	static const struct {
		uint32_t tail;
		uint32_t loop;
	} shapes[] = {{16375, 0}, {0, 16375}, {16374, 1}, {8192, 8183}, {8191, 8184},
		      {8193, 2},  {1, 8192},  {0, 8193},  {4096, 4097}, {2, 16373}};
	static struct rho rho = {.kind = INFO_REGION};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (uint32_t order = 0; order < RHO_STREWN; order++) {
			rho.tail = shapes[i].tail;
			rho.loop = shapes[i].loop;
			see_rho(&rho, 4, (enum rho_order)order, see);
		}
}

#endif
