/* SPDX-License-Identifier: MIT */
/* Measures buffers, and says which of two is smaller. */
#include "shrink_try.h"

#include <errno.h>
#include <string.h>

static void add_field(struct shrink_buffer *b, uint32_t at, unsigned int width, bool has_plain,
		      uint64_t plain)
{
	/* The whole field lies inside len. */
	if (at > b->len || width > b->len - at)
		return;
	b->fields[b->nfields] = (struct shrink_field){at, (uint8_t)width, has_plain, plain};
	b->unplain += !has_plain || layout_load(b->bytes + at, width) != plain;
	b->nfields++;
}

static bool is_covered(const struct chain *chain, const struct layout_field *field)
{
	for (size_t i = 0; i < chain->ncaps; i++)
		if (chain->caps[i].at < (uint32_t)field->at + field->width)
			return true;
	return false;
}

static bool is_of(const struct layout_bits *bits, const struct layout_field *field)
{
	return bits->width && field->at == bits->at;
}

static void add_info_fields(struct shrink_buffer *b)
{
	const struct layout_info *const info = &layout_infos[b->chain.kind];
	const bool caps = b->chain.ncaps != 0;

	for (size_t i = 0; i < info->nfields; i++) {
		const struct layout_field *const field = &info->fields[i];
		uint64_t plain = 0;

		/* Where the pad was, a capability may begin. */
		if (field->at >= info->end && is_covered(&b->chain, field))
			continue;
		if (is_of(&info->argsz, field))
			plain = b->len;
		else if (is_of(&info->flags, field))
			plain = caps ? info->caps_flag : 0;
		else if (is_of(&info->first, field))
			plain = caps ? info->full : 0;
		add_field(b, field->at, field->width, true, plain);
	}
}

static void add_cap_fields(struct shrink_buffer *b, size_t i)
{
	const struct layout_info *const info = &layout_infos[b->chain.kind];
	const struct chain_cap *const cap = &b->chain.caps[i];
	const struct layout_cap *const layout = chain_cap_layout(&b->chain, cap);
	const bool known = layout_cap(b->chain.kind, cap->id) != NULL;

	/* Which known id it is, is what it is; an unknown one is never plain. */
	add_field(b, cap->at + info->id.at, info->id.width, known, cap->id);
	if (info->version.width)
		add_field(b, cap->at + info->version.at, info->version.width, true, 1);
	add_field(b, cap->at + info->next.at, info->next.width, true,
		  i + 1 < b->chain.ncaps ? cap[1].at : 0);
	for (size_t n = 0; layout && n < layout->nfields; n++) {
		const struct layout_field *const field = &layout->fields[n];

		if (field->version <= cap->version)
			add_field(b, cap->at + field->at, field->width, true,
				  field->role == ROLE_COUNT ? cap->elements_size / layout->elements
							    : 0);
	}
}

/* Capabilities that do not stand where a kernel would have put them. */
static size_t misplaced(const struct chain *chain)
{
	uint64_t plain = layout_infos[chain->kind].full;
	size_t count = 0;

	for (size_t i = 0; i < chain->ncaps; i++) {
		count += chain->caps[i].at != plain;
		plain = (chain_cap_end(chain, &chain->caps[i]) + 7) & ~UINT64_C(7);
	}
	return count;
}

int shrink_measure(struct shrink_buffer *b, enum info_kind kind)
{
	chain_free(&b->chain);
	if (chain_read(b->bytes, b->len, kind, &b->chain)) {
		chain_init(&b->chain, kind);
		return -ENOMEM;
	}
	b->nfields = b->unplain = 0;
	add_info_fields(b);
	for (size_t i = 0; i < b->chain.ncaps; i++)
		add_cap_fields(b, i);
	b->unplain += misplaced(&b->chain);
	return 0;
}

/* Below 0 where the fields of @a have the lower values, by the first that differs. */
static int compare_values(const struct shrink_buffer *a, const struct shrink_buffer *b)
{
	for (size_t i = 0; i < a->nfields && i < b->nfields; i++) {
		const uint64_t x = layout_load(a->bytes + a->fields[i].at, a->fields[i].width);
		const uint64_t y = layout_load(b->bytes + b->fields[i].at, b->fields[i].width);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a->nfields > b->nfields) - (a->nfields < b->nfields);
}

static size_t nonzero(const struct shrink_buffer *b)
{
	size_t count = 0;

	for (size_t i = 0; i < b->len; i++)
		count += b->bytes[i] != 0;
	return count;
}

/* Whether @a is smaller than @b, by the order that shrink.h states. */
static bool is_smaller(const struct shrink_buffer *a, const struct shrink_buffer *b)
{
	int order;

	if (a->len != b->len)
		return a->len < b->len;
	if (a->chain.ncaps != b->chain.ncaps)
		return a->chain.ncaps < b->chain.ncaps;
	if (a->unplain != b->unplain)
		return a->unplain < b->unplain;
	order = compare_values(a, b);
	if (order)
		return order < 0;
	if (nonzero(a) != nonzero(b))
		return nonzero(a) < nonzero(b);
	return memcmp(a->bytes, b->bytes, a->len) < 0;
}

/*
 * The place of @next in the table of what was refused: refused once is refused for good, since what
 * is smallest only gets smaller. Its hash, 0 standing for an empty place, goes to @ret_hash.
 */
static uint64_t *refusal(struct shrinking *s, uint64_t *ret_hash)
{
	const size_t len = s->next.len;
	uint64_t hash = info_hash(INFO_HASH_START, len), word;
	size_t at = 0;

	for (; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, s->next.bytes + at, sizeof(word));
		hash = info_hash(hash, word);
	}
	for (; at < len; at++)
		hash = info_hash(hash, s->next.bytes[at]);
	hash += !hash;
	at = (size_t)hash % s->refused_size;
	while (s->refused[at] && s->refused[at] != hash)
		at = (at + 1) % s->refused_size;
	*ret_hash = hash;
	return &s->refused[at];
}

void shrink_start(struct shrinking *s)
{
	memcpy(s->next.bytes, s->now.bytes, s->now.len);
	s->next.len = s->now.len;
}

static bool accept(struct shrinking *s)
{
	memcpy(s->now.bytes, s->next.bytes, s->next.len);
	s->now.len = s->next.len;
	s->error = shrink_measure(&s->now, s->kind);
	return s->error == 0;
}

bool shrink_try(struct shrinking *s)
{
	uint64_t hash, *place;

	if (s->error || s->spent || s->next.len > s->now.len)
		return false;
	place = refusal(s, &hash);
	if (*place == hash)
		return false;
	/* Fewer bytes are always smaller; only of as many does it matter what they are. */
	if (s->next.len == s->now.len) {
		s->error = shrink_measure(&s->next, s->kind);
		if (s->error || !is_smaller(&s->next, &s->now))
			return false;
	}
	if (s->calls == s->calls_max) {
		s->spent = true;
		return false;
	}
	s->calls++;
	if (s->keeps(s->context, s->next.bytes, s->next.len))
		return accept(s);
	*place = hash;
	return false;
}

void shrink_mark(struct shrinking *s, uint64_t start, uint64_t end)
{
	if (end > s->now.len)
		end = s->now.len;
	while (start < end)
		s->gone[start++] = true;
}

size_t shrink_top_bit(size_t n)
{
	size_t bit = n != 0;

	while (bit && bit <= n / 2)
		bit *= 2;
	return bit;
}
