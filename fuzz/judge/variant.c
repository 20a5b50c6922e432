/* SPDX-License-Identifier: MIT */
/*
 * Makes the changed copies; see variant.h. What each one may assume stands above it. When the
 * reference itself breaks a relation, an assumption here is too weak, or a rule in spec.c is wrong:
 * decide from RULES.md, section 6, never from what the two programs do.
 */
#include "variant.h"

#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"

/* How many times the reference's reading used each byte of the buffer; 2 stands for more. */
static uint8_t uses[INFO_LEN_MAX];
static uint8_t copy[INFO_LEN_MAX];
static uint32_t moved[INFO_LEN_MAX];
static uint32_t by_place[INFO_LEN_MAX];

/* What is put where there was nothing: looks like a capability, the last of its chain. */
static const uint8_t filler[24] = {1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0};

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)layout_load(at, 4);
}

static void set_argsz(const struct variant_base *base, uint64_t argsz)
{
	layout_set(&layout_infos[base->kind].argsz, copy, argsz);
}

static bool has_chain(const struct variant_base *base)
{
	const struct layout_info *const layout = &layout_infos[base->kind];

	return base->spec->bound >= layout->minsz &&
	       base->spec->bound >= layout->first.at + layout->first.width &&
	       !(base->spec->notes & NOTE_BIT(NOTE_NO_DEVICE)) &&
	       (layout_get(&layout->flags, base->info) & layout->caps_flag);
}

/* A link, and where the struct or header that holds it begins: 0 is that to the first. */
struct link {
	const struct layout_bits *bits;
	uint32_t base;
};

static struct link link_after(const struct variant_base *base, size_t i)
{
	const struct layout_info *const layout = &layout_infos[base->kind];
	const struct link first = {layout_first(layout, base->info), 0};
	const struct link next = {&layout->next, i ? base->spec->caps[i - 1].cap.offset : 0};

	return i ? next : first;
}

static uint32_t target_of(const struct variant_base *base, size_t i)
{
	const struct link link = link_after(base, i);

	return layout_get(link.bits, base->info + link.base);
}

/* A link can say @to: no bit is lost. */
static bool can_say(const struct link *link, uint64_t to)
{
	return to <= link->bits->mask && (to & link->bits->mask) == to;
}

/* The bytes that a delivered capability has, as far as anybody knows. */
static uint32_t span(enum info_kind kind, const struct info_cap *cap)
{
	const struct layout_cap *const layout = cap->decoded ? layout_cap(kind, cap->id) : NULL;

	if (!layout)
		return layout_infos[kind].header;
	return layout_fixed(layout, cap->version) + cap->count * (uint32_t)layout->elements;
}

static void use(uint32_t at, uint32_t size)
{
	for (uint32_t i = at; i < at + size; i++)
		uses[i] = uses[i] ? 2 : 1;
}

/*
 * A delivered capability: header, fields that carry something, elements; no reserved or pad field.
 */
static void use_cap(const struct variant_base *base, const struct info_cap *cap)
{
	const struct layout_cap *const layout =
		cap->decoded ? layout_cap(base->kind, cap->id) : NULL;

	use(cap->offset, layout_infos[base->kind].header);
	for (size_t i = 0; layout && i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];

		if (field->role != ROLE_SPACE && field->version <= cap->version)
			use(cap->offset + field->at, field->width);
	}
	if (layout && layout->elements != ELEMENTS_NONE)
		use(cap->offset + layout_fixed(layout, cap->version),
		    cap->count * (uint32_t)layout->elements);
}

/* The header, and the count, of the capability at which the reading ended. */
static void use_last(const struct variant_base *base)
{
	const struct spec *const spec = base->spec;
	const struct layout_info *const form = &layout_infos[base->kind];
	const uint32_t at = target_of(base, spec->ncaps);
	const struct layout_cap *layout;

	if ((spec->verdict == VERDICT_OK && !(spec->notes & NOTE_BIT(NOTE_ZERO_HEADER))) ||
	    spec->rule == RULE_LOOP || at < form->end || (uint64_t)at + form->header > spec->bound)
		return;
	use(at, form->header);
	layout = layout_cap(base->kind, (uint16_t)layout_get(&form->id, base->info + at));
	if (layout && layout_get(&form->version, base->info + at) &&
	    layout->elements != ELEMENTS_NONE && (uint64_t)at + CAP_COUNT_AT + 4 <= spec->bound)
		use(at + CAP_COUNT_AT, 4);
}

/* Of a configuration space: what tells a device and its header, and what opens an extended list. */
static void use_space(const struct variant_base *base)
{
	const struct layout_info *const layout = &layout_infos[base->kind];

	if (layout->argsz.width)
		return;
	for (size_t i = 0; i < layout->nfields; i++)
		/* Not the links: of them one is followed, where there is a list. */
		if (layout->fields[i].at < layout->minsz &&
		    layout->fields[i].at != layout->first.at &&
		    layout->fields[i].at != layout->turned_first.at)
			use(layout->fields[i].at, layout->fields[i].width);
	if (base->kind == INFO_PCIE)
		use(0, layout->end < base->len ? layout->end : (uint32_t)base->len);
	else
		use(INFO_AT_PCI_device, 2);
}

/* Fills uses[]: every byte on which the reference's answer rests, and no other. */
static void mark_uses(const struct variant_base *base)
{
	const struct layout_info *const layout = &layout_infos[base->kind];
	const struct spec *const spec = base->spec;

	memset(uses, 0, base->len);
	if (base->len >= layout->argsz.at + layout->argsz.width)
		use(layout->argsz.at, layout->argsz.width);
	if (base->len < layout->minsz || spec->argsz < layout->minsz)
		return;
	use(layout->flags.at, layout->flags.width);
	use_space(base);
	if (!has_chain(base))
		return;
	use(layout_first(layout, base->info)->at, layout->first.width);
	for (size_t i = 0; i < spec->ncaps; i++)
		use_cap(base, &spec->caps[i].cap);
	use_last(base);
}

static bool fits(const struct variant_base *base, uint64_t more)
{
	return base->len + more <= INFO_LEN_MAX && base->spec->argsz + more <= UINT32_MAX;
}

static void append(const struct variant_base *base, size_t more, struct variant *ret_variant)
{
	memcpy(copy, base->info, base->len);
	for (size_t i = 0; i < more; i++)
		copy[base->len + i] = filler[i % sizeof(filler)];
	ret_variant->len = base->len + more;
}

/*
 * Slack. A reply that is read to its end may be longer, argsz and all. One that is refused may only
 * have a longer buffer behind it, and that only where argsz is the bound: a byte more in the bound,
 * and an offset that was outside it may be inside. A short buffer is short because of its length.
 */
static bool make_slack(const struct variant_base *base, struct variant *ret_variant)
{
	const struct layout_info *const layout = &layout_infos[base->kind];
	const struct spec *const spec = base->spec;
	const bool read = spec->verdict == VERDICT_OK || spec->verdict == VERDICT_ABSENT;
	const bool bounded = layout->argsz.width && spec->argsz <= base->len;

	if (base->len < layout->minsz || (!read && !bounded) || !fits(base, sizeof(filler)))
		return false;
	/* A space that ends before its list is whole, a byte more and it is not. */
	if (!layout->first.width && base->len == layout->end)
		return false;
	append(base, sizeof(filler), ret_variant);
	if (read)
		set_argsz(base, (uint64_t)spec->argsz + sizeof(filler));
	return true;
}

/*
 * Whether the payload that was out of bounds at @at is on the same side of 2^32 @shift further on.
 */
static bool same_side(const struct variant_base *base, uint32_t at, uint32_t shift)
{
	const struct layout_info *const form = &layout_infos[base->kind];
	const struct spec *const spec = base->spec;
	const struct layout_cap *layout;
	uint64_t end;

	if (spec->rule != RULE_PAYLOAD_OOB)
		return true;
	layout = layout_cap(base->kind, (uint16_t)layout_get(&form->id, base->info + at));
	end = at + layout_fixed(layout, (uint16_t)layout_get(&form->version, base->info + at));
	if (layout->elements != ELEMENTS_NONE) {
		if ((uint64_t)at + CAP_COUNT_AT + 4 > spec->bound)
			return true;
		end += (uint64_t)load32(base->info + at + CAP_COUNT_AT) * layout->elements;
	}
	return end + shift <= UINT32_MAX;
}

/* Whether all bytes of a link serve as a link and as nothing else. */
static bool is_only_link(const struct link *link)
{
	for (uint32_t i = 0; i < link->bits->width; i++)
		if (uses[link->base + link->bits->at + i] != 1)
			return false;
	return true;
}

/*
 * Whether a space, which has its size whatever moves in it, still has all that was read of it @more
 * bytes further on.
 */
static bool keeps_size(const struct variant_base *base, uint64_t more)
{
	const struct spec *const spec = base->spec;

	if (spec->verdict != VERDICT_OK && spec->verdict != VERDICT_ABSENT)
		return false;
	for (size_t i = 0; i < spec->ncaps; i++)
		if (spec->caps[i].cap.offset + spec->caps[i].span + more > spec->argsz)
			return false;
	return true;
}

/*
 * Shift. Bytes go in where the fixed fields end, so everything behind them moves, argsz and the
 * length grow as much, and every link that points behind them is raised. Every range then keeps its
 * distance to the bound and to argsz. A link may be raised where its bytes are only a link, and
 * where it can say where to; one into the fixed fields stays as it is, and stays wrong.
 */
static bool make_shift(const struct variant_base *base, struct variant *ret_variant)
{
	const struct layout_info *const layout = &layout_infos[base->kind];
	const uint32_t shift = 8 * (1 + (uint32_t)(base->hash >> 32) % 8);
	const struct spec *const spec = base->spec;

	if (spec->bound < layout->end || !fits(base, shift) ||
	    (!layout->argsz.width && !keeps_size(base, shift)))
		return false;
	memcpy(copy, base->info, layout->end);
	for (uint32_t i = 0; i < shift; i++)
		copy[layout->end + i] = filler[i % sizeof(filler)];
	memcpy(copy + layout->end + shift, base->info + layout->end, base->len - layout->end);
	set_argsz(base, (uint64_t)spec->argsz + shift);
	for (size_t i = 0; has_chain(base) && i <= spec->ncaps; i++) {
		const struct link link = link_after(base, i);
		const uint64_t target = target_of(base, i);

		if (target < layout->end)
			continue;
		if (!can_say(&link, target + shift) || !is_only_link(&link) ||
		    (i == spec->ncaps && !same_side(base, (uint32_t)target, shift)))
			return false;
		layout_set(link.bits, copy + link.base + (i ? shift : 0), target + shift);
	}
	ret_variant->len = base->len + shift;
	ret_variant->shift = shift;
	return true;
}

static const struct spec_cap *sorted;

static int compare_places(const void *a, const void *b)
{
	const uint32_t first = sorted[*(const uint32_t *)a].cap.offset;
	const uint32_t second = sorted[*(const uint32_t *)b].cap.offset;

	return first < second ? -1 : first > second;
}

/* Puts the capabilities down from @at on, the last in memory first; returns where that ends. */
static uint64_t put_reversed(const struct variant_base *base, uint64_t at)
{
	const struct spec *const spec = base->spec;

	for (size_t n = spec->ncaps; n--;) {
		const struct info_cap *const cap = &spec->caps[by_place[n]].cap;
		const uint32_t size = span(base->kind, cap);
		/* Each stands as it stood to 8 bytes: alignment is a note, and some refuse it. */
		const uint32_t gap = (cap->offset - (uint32_t)at) % 8;

		if (at + gap + size > INFO_LEN_MAX)
			return UINT64_MAX;
		memset(copy + at, 0, gap);
		at += gap;
		memcpy(copy + at, base->info + cap->offset, size);
		moved[by_place[n]] = (uint32_t)at;
		at += size;
	}
	return at;
}

/*
 * Order. Capabilities that share no byte are put down in the reverse of their order in memory and
 * linked as they were. Only of a whole chain: what a refused one would have held is not known. Nor
 * is how long one of version 0 is, which a reader may decode all the same.
 */
static bool make_order(const struct variant_base *base, struct variant *ret_variant)
{
	const struct layout_info *const form = &layout_infos[base->kind];
	const struct spec *const spec = base->spec;
	uint64_t end, more;

	if (spec->verdict != VERDICT_OK || spec->ncaps < 2 ||
	    (spec->notes &
	     (NOTE_BIT(NOTE_OVERLAP) | NOTE_BIT(NOTE_VERSION_ZERO) | NOTE_BIT(NOTE_ZERO_HEADER))))
		return false;
	for (size_t i = 0; i < spec->ncaps; i++)
		by_place[i] = (uint32_t)i;
	sorted = spec->caps;
	qsort(by_place, spec->ncaps, sizeof(*by_place), compare_places);
	append(base, 0, ret_variant);
	end = put_reversed(base, spec->caps[by_place[0]].cap.offset);
	more = end > spec->bound ? end - spec->bound : 0;
	if (end == UINT64_MAX || !fits(base, more) || (!form->argsz.width && end > spec->argsz))
		return false;
	for (size_t i = 0; i < spec->ncaps; i++) {
		const struct link link = link_after(base, i);

		if (!can_say(&link, moved[i]))
			return false;
	}
	for (uint64_t at = base->len > end ? base->len : end; at < base->len + more; at++)
		copy[at] = 0;
	set_argsz(base, (uint64_t)spec->argsz + more);
	layout_set(layout_first(form, copy), copy, moved[0]);
	for (size_t i = 0; i < spec->ncaps; i++)
		layout_set(&form->next, copy + moved[i], i + 1 < spec->ncaps ? moved[i + 1] : 0);
	ret_variant->len = base->len + (size_t)more;
	ret_variant->moved = moved;
	return true;
}

/* Cut. Any length below the buffer's own. */
static bool make_cut(const struct variant_base *base, struct variant *ret_variant)
{
	if (base->len == 0)
		return false;
	append(base, 0, ret_variant);
	ret_variant->len = (size_t)(base->hash >> 8) % base->len;
	/* That would be a whole space, without a list. */
	return layout_infos[base->kind].first.width ||
	       ret_variant->len != layout_infos[base->kind].end;
}

/*
 * Unread. Every byte that the reference's answer does not rest on is turned over. Of version 0 a
 * reader may decode what the reference leaves alone.
 */
static bool make_unread(const struct variant_base *base, struct variant *ret_variant)
{
	const size_t len = base->len;
	uint8_t any = 0;

	if (base->spec->notes & NOTE_BIT(NOTE_VERSION_ZERO))
		return false;
	append(base, 0, ret_variant);
	/* Without a branch, so that the compiler turns many at once. */
	for (size_t i = 0; i < len; i++) {
		const uint8_t turned = uses[i] ? 0 : 0xff;

		copy[i] ^= turned;
		any |= turned;
	}
	return any;
}

static bool make_again(const struct variant_base *base, struct variant *ret_variant)
{
	append(base, 0, ret_variant);
	return true;
}

bool variant_make(enum relation relation, const struct variant_base *base, bool fixed,
		  struct variant *ret_variant)
{
	static bool (*const make[RELATIONS])(const struct variant_base *, struct variant *) = {
		[RELATION_SLACK] = make_slack,	 [RELATION_SHIFT] = make_shift,
		[RELATION_ORDER] = make_order,	 [RELATION_CUT] = make_cut,
		[RELATION_UNREAD] = make_unread, [RELATION_AGAIN] = make_again,
	};

	if (fixed && relation != RELATION_UNREAD && relation != RELATION_AGAIN)
		return false;
	*ret_variant = (struct variant){.info = copy};
	if (relation == RELATION_SHIFT || relation == RELATION_UNREAD)
		mark_uses(base);
	return make[relation](base, ret_variant);
}
