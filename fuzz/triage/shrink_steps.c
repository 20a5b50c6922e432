/* SPDX-License-Identifier: MIT */
/*
 * The steps of a shrink that take bytes or capabilities away. Steps on structure know what the
 * model knows: where bytes go, every link is moved with what it points at. Steps on bytes know
 * nothing. Where len changes, argsz is tried as the new len, lowered by as much, and left alone.
 */
#include "shrink_steps.h"

#include <string.h>

static const struct layout_info *form_of(const struct shrinking *s)
{
	return &layout_infos[s->kind];
}

/* Whether the bytes of @bits are inside @next, behind @base. */
static bool is_there(const struct shrinking *s, const struct layout_bits *bits, uint32_t base)
{
	return bits->width && (size_t)base + bits->at + bits->width <= s->next.len;
}

/* What argsz says; of a kind without one, and of a buffer that is too short, 0. */
static uint64_t argsz_of(const struct shrinking *s)
{
	const struct layout_bits *const argsz = &form_of(s)->argsz;

	return is_there(s, argsz, 0) ? layout_get(argsz, s->next.bytes) : 0;
}

/* Link @i of the chain: that to the first, then each next; and where what holds it begins. */
static const struct layout_bits *link_of(const struct shrinking *s, size_t i, uint32_t *ret_base)
{
	*ret_base = i ? s->now.chain.caps[i - 1].at : 0;
	return i ? &form_of(s)->next : &form_of(s)->first;
}

static void set_link(struct shrinking *s, size_t i, uint64_t target)
{
	uint32_t base;
	const struct layout_bits *const link = link_of(s, i, &base);

	if (is_there(s, link, base))
		layout_set(link, s->next.bytes + base, target);
}

/*
 * Tries @next with each argsz that may go with its len; @before and @lost: argsz, and bytes gone.
 */
static bool try_argsz(struct shrinking *s, uint64_t before, uint64_t lost)
{
	const uint64_t values[] = {s->next.len, before >= lost ? before - lost : before, before};

	const struct layout_bits *const argsz = &form_of(s)->argsz;

	/* Of a shorter buffer argsz is not whole. */
	if (!is_there(s, argsz, 0))
		return shrink_try(s);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		layout_set(argsz, s->next.bytes, values[i]);
		if (shrink_try(s))
			return true;
	}
	return false;
}

/*
 * Takes the marked bytes out of @next, moves the links of the chain where @links says so, and tries
 * it. Unmarks them.
 */
static bool squeeze(struct shrinking *s, bool links)
{
	static uint32_t moved[INFO_LEN_MAX + 1];
	const uint32_t len = (uint32_t)s->now.len;
	const uint64_t argsz = argsz_of(s);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < len; i++) {
		moved[i] = kept;
		kept += !s->gone[i];
	}
	moved[len] = kept;
	for (size_t i = 0; links && i <= s->now.chain.ncaps; i++) {
		uint32_t base;
		const struct layout_bits *const link = link_of(s, i, &base);
		const uint64_t value =
			is_there(s, link, base) ? layout_get(link, s->next.bytes + base) : 0;

		/*
		 * What points into the buffer or to its end points there still; past it, as far
		 * past.
		 */
		if (value <= len)
			set_link(s, i, moved[value]);
		else if (value <= argsz)
			set_link(s, i, value - (len - kept));
	}
	kept = 0;
	for (uint32_t i = 0; i < len; i++)
		if (!s->gone[i])
			s->next.bytes[kept++] = s->next.bytes[i];
	memset(s->gone, 0, len);
	s->next.len = kept;
	return kept < len && try_argsz(s, argsz, len - kept);
}

/* The whole chain as a kernel would have laid it out, without anything that is not in it. */
static bool repack(struct shrinking *s)
{
	const struct layout_info *const info = &layout_infos[s->kind];
	const struct chain *const now = &s->now.chain;
	const uint64_t before = s->now.len;
	uint64_t at = info->full, end = info->full;
	struct chain chain;
	uint64_t argsz = 0;

	if (!now->ncaps || chain_read(s->now.bytes, s->now.len, s->kind, &chain))
		return false;
	for (size_t i = 0; i < chain.ncaps; i++) {
		chain.caps[i].at = (uint32_t)at;
		end = chain_cap_end(&chain, &chain.caps[i]);
		at = (end + 7) & ~UINT64_C(7);
	}
	for (size_t i = 0; i < info->nfields; i++) {
		if (info->argsz.width && info->fields[i].at == info->argsz.at)
			argsz = chain.info[i];
		if (info->first.width && info->fields[i].at == info->first.at)
			chain.info[i] = info->full;
	}
	for (size_t i = 0; i < chain.ncaps; i++)
		for (size_t n = 0; n < chain.ncaps; n++)
			if (now->caps[i].next == now->caps[n].at)
				chain.caps[i].next = chain.caps[n].at;
	chain.len = end < before ? (uint32_t)end : (uint32_t)before;
	chain.fill = 0;
	for (size_t i = 0; i < chain.nraws; i++)
		chain.raws[i].size = 0;
	chain_write(&chain, s->next.bytes);
	s->next.len = chain.len;
	chain_free(&chain);
	return try_argsz(s, argsz, before - s->next.len);
}

/* The offset that takes @target's place when capabilities @first to @first + @count are gone. */
static uint64_t past_dropped(const struct shrinking *s, uint64_t target, size_t first, size_t count,
			     uint64_t self)
{
	const struct chain_cap *const caps = s->now.chain.caps;

	for (size_t hops = 0; hops <= count; hops++) {
		size_t i = first;

		while (i < first + count && caps[i].at != target)
			i++;
		if (i == first + count)
			return target;
		target = caps[i].next;
	}
	/* They link to one another alone: the loop goes on where the link is. */
	return self;
}

static bool drop_caps(struct shrinking *s, size_t first, size_t count)
{
	const struct chain *const chain = &s->now.chain;

	shrink_start(s);
	for (size_t i = 0; i <= chain->ncaps; i++) {
		uint32_t base;
		const struct layout_bits *const link = link_of(s, i, &base);

		if ((i <= first || i > first + count) && is_there(s, link, base))
			set_link(s, i,
				 past_dropped(s, layout_get(link, s->next.bytes + base), first,
					      count, base));
	}
	for (size_t i = first; i < first + count; i++)
		shrink_mark(s, chain->caps[i].at, chain_cap_end(chain, &chain->caps[i]));
	return squeeze(s, true);
}

static bool drop(struct shrinking *s)
{
	bool any = false;

	for (size_t count = shrink_top_bit(s->now.chain.ncaps); count; count /= 2)
		for (size_t i = 0; i + count <= s->now.chain.ncaps;)
			if (drop_caps(s, i, count))
				any = true;
			else
				i += count;
	return any;
}

/* Leaves a capability's bytes where they are and takes it, or all from it on, out of the chain. */
static bool unlink_cap(struct shrinking *s, size_t i)
{
	shrink_start(s);
	set_link(s, i, 0);
	if (shrink_try(s))
		return true;
	set_link(s, i, s->now.chain.caps[i].next);
	return shrink_try(s);
}

static bool unlink_caps(struct shrinking *s)
{
	bool any = false;

	for (size_t i = 0; i < s->now.chain.ncaps;)
		if (unlink_cap(s, i))
			any = true;
		else
			i++;
	return any;
}

/* A known id of this kind that is a header alone, 0 (an unknown one) where there is none. */
static uint16_t bare_id(enum info_kind kind)
{
	for (size_t i = 0; i < layout_cap_count; i++)
		if (layout_caps[i].kind == kind &&
		    layout_fixed(&layout_caps[i], 1) == layout_infos[kind].header)
			return layout_caps[i].id;
	return 0;
}

/* Makes a capability a header alone. */
static bool bare_cap(struct shrinking *s, size_t i)
{
	const struct chain *const chain = &s->now.chain;
	const uint32_t at = chain->caps[i].at;

	shrink_start(s);
	layout_set(&form_of(s)->id, s->next.bytes + at, bare_id(s->kind));
	layout_set(&form_of(s)->version, s->next.bytes + at, 1);
	shrink_mark(s, (uint64_t)at + form_of(s)->header, chain_cap_end(chain, &chain->caps[i]));
	return squeeze(s, true);
}

static bool bare(struct shrinking *s)
{
	bool any = false;

	for (size_t i = 0; i < s->now.chain.ncaps; i++)
		any |= bare_cap(s, i);
	return any;
}

/* Takes @count elements off the end of a capability, and off its count where @counted. */
static bool drop_elements(struct shrinking *s, size_t i, size_t count, bool counted)
{
	const struct chain *const chain = &s->now.chain;
	const struct chain_cap *const cap = &chain->caps[i];
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);
	const uint64_t end = chain_cap_end(chain, cap);

	if (counted && cap->value[0] < count)
		return false;
	shrink_start(s);
	if (counted)
		layout_store(s->next.bytes + cap->at + CAP_COUNT_AT, 4, cap->value[0] - count);
	shrink_mark(s, end - count * layout->elements, end);
	return squeeze(s, true);
}

static size_t elements_of(const struct shrinking *s, size_t i)
{
	const struct chain *const chain = &s->now.chain;
	const struct layout_cap *const layout = chain_cap_layout(chain, &chain->caps[i]);

	return layout && layout->elements ? chain->caps[i].elements_size / layout->elements : 0;
}

static bool elements(struct shrinking *s)
{
	bool any = false;

	for (size_t i = 0; i < s->now.chain.ncaps; i++)
		for (size_t count = shrink_top_bit(elements_of(s, i)); count;) {
			/* The chain may have another shape after each that is taken. */
			if (i < s->now.chain.ncaps && count <= elements_of(s, i) &&
			    (drop_elements(s, i, count, true) || drop_elements(s, i, count, false)))
				any = true;
			else
				count /= 2;
		}
	return any;
}

/* Takes out every range of a power of two of bytes from @from on, the longest first. */
static bool cut(struct shrinking *s, size_t from, bool links)
{
	bool any = false;

	for (size_t count = shrink_top_bit(s->now.len); count; count /= 2)
		for (size_t at = from; at + count <= s->now.len;) {
			shrink_start(s);
			shrink_mark(s, at, at + count);
			if (squeeze(s, links))
				any = true;
			else
				at += count;
		}
	return any;
}

/* Bytes between and behind capabilities, and their payloads: the chain moves up. */
static bool cut_structure(struct shrinking *s)
{
	return cut(s, layout_infos[s->kind].end, true);
}

static bool cut_bytes(struct shrinking *s)
{
	return cut(s, 0, false);
}

/* Shortens the buffer at its end alone, and lets every link point where it does. */
static bool cut_tail(struct shrinking *s)
{
	bool any = false;

	for (size_t count = shrink_top_bit(s->now.len); count;) {
		shrink_start(s);
		shrink_mark(s, s->now.len - count, s->now.len);
		if (squeeze(s, false))
			any = true;
		else
			count /= 2;
		while (count > s->now.len)
			count /= 2;
	}
	return any;
}

bool shrink_all_steps(struct shrinking *s)
{
	static bool (*const steps[])(struct shrinking *) = {
		repack,
		drop,
		cut_tail,
		unlink_caps,
		bare,
		elements,
		cut_structure,
		shrink_fields,
		cut_bytes,
		shrink_zero_bytes,
		shrink_lower_bytes,
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		any |= steps[i](s);
	return any;
}
