/* SPDX-License-Identifier: MIT */
/*
 * The reference reading, rule by rule. What spec.h and rules R1 to R14 and C1 to C6 of RULES.md promise, this
 * file keeps: the same bytes always give the same answer, every range is checked before its first
 * byte is loaded, nothing past the caller's length is touched, and each offset is read once, so
 * that every chain ends.
 *
 * It is plain on purpose. A visited bitmap finds loops and a map of bytes finds overlaps, where a
 * program would use neither; all arithmetic on offsets is 64-bit. It takes byte positions from
 * parsers/layout.h and nothing from any parser.
 *
 * When spec_test.c fails, read the rule that the failing row names in RULES.md and mend this
 * file. When the judge says that `bounded` disagrees with it, one of the two misreads a rule: find
 * out which from that page, never by comparing the code, and add a row to spec_test.c.
 */
#include "spec.h"

#include <string.h>

#include "../../parsers/layout.h"
#include "../sandbox/pages.h"
#include "meaning.h"
#include "spaces.h"

#define COUNT_WIDTH 4u

/* A spec and the room behind its @caps. Offsets are delivered once, so an offset each is enough. */
struct spec_memory {
	struct spec spec;
	struct spec_cap caps[INFO_LEN_MAX];
};

/* One reading while it runs. @ids has a bit for each entry of layout_caps delivered so far. */
struct reading {
	struct spec *spec;
	const uint8_t *info;
	size_t len;
	enum info_kind kind;
	uint64_t ids;
};

/* An offset and the header that holds it, 0 where that is cap_offset. */
struct link {
	uint32_t at;
	uint32_t from;
};

/*
 * What is known of a capability while it is read. @layout is NULL for an unknown id. @read is how
 * many of its bytes were read so far; once it is delivered, that is its span.
 */
struct shape {
	uint16_t id;
	uint16_t version;
	const struct layout_cap *layout;
	bool decoded;
	uint32_t count;
	uint32_t read;
};

/* Offsets already visited, and bytes that delivered capabilities span. Valid below the bound. */
static uint8_t visited[INFO_LEN_MAX / 8];
static uint8_t spanned[INFO_LEN_MAX];

/* C5: bytes that they have by their specification. */
static uint8_t lengthened[INFO_LEN_MAX];

/* What the lists of the chain that is read name. */
static struct meaning meaning;

struct spec *spec_new(void)
{
	struct spec_memory *const memory = pages_new(sizeof(*memory));

	if (!memory)
		return NULL;
	memory->spec.caps = memory->caps;
	return &memory->spec;
}

void spec_free(struct spec *spec)
{
	pages_free(spec, sizeof(struct spec_memory));
}

static uint32_t load32(const struct reading *reading, uint32_t at)
{
	return (uint32_t)layout_load(reading->info + at, 4);
}

/* The three ways in which a reading stops; each returns false: there is no more to read. */

static bool stop_absent(struct spec *spec, uint32_t notes)
{
	spec->verdict = VERDICT_ABSENT;
	spec->notes |= notes;
	return false;
}

static bool stop_truncated(struct spec *spec)
{
	spec->verdict = VERDICT_TRUNCATED;
	spec->need = spec->argsz;
	return false;
}

static bool stop_reject(struct spec *spec, enum rule rule, struct link link)
{
	spec->verdict = VERDICT_REJECT;
	spec->rule = rule;
	spec->at = link.at;
	spec->from = link.from;
	return false;
}

/* The ladder of R5 for a range that ends at @end; @rule is what it breaks when out of bounds. */
static bool range_fits(struct spec *spec, uint64_t end, enum rule rule, struct link link)
{
	/* R5: every byte was both delivered by the reply and given room by the caller. */
	if (end <= spec->bound)
		return true;
	/* R5: every byte is part of the full reply, which this buffer is too short for. */
	if (end <= spec->argsz)
		return stop_truncated(spec);
	return stop_reject(spec, rule, link);
}

/* C2: reserved bits of the link at @base. */
static uint32_t link_notes(const struct layout_bits *link, const uint8_t *base)
{
	return layout_reserved(link, base) ? NOTE_BIT(NOTE_RESERVED_BITS) : 0;
}

/* R1 to R4: from the fixed fields to a first offset that is not 0. */
static bool find_chain(const struct reading *reading, uint32_t *ret_offset)
{
	const struct layout_info *const layout = &layout_infos[reading->kind];
	struct spec *const spec = reading->spec;
	/* A space that was not read to its end says all the same whether there is a list. */
	const bool cut = layout->argsz.width && spec->argsz > reading->len;
	const struct link nowhere = {0, 0};
	uint32_t offset;

	/* R1: the caller owns the smallest INFO struct of this kind. */
	if (reading->len < layout->minsz)
		return stop_reject(spec, RULE_SHORT_BUFFER, nowhere);
	/* R1: the reply fills the smallest INFO struct of this kind. */
	if (spec->argsz < layout->minsz)
		return stop_reject(spec, RULE_SHORT_ARGSZ, nowhere);
	spec->notes |= space_notes(reading->kind, reading->info, reading->len);
	/* C1: bytes of no device say nothing. */
	if (spec->notes & NOTE_BIT(NOTE_NO_DEVICE))
		return stop_absent(spec, 0);
	/* R2: the flag is set, so cap_offset means something. */
	if (!(layout_get(&layout->flags, reading->info) & layout->caps_flag))
		return cut ? stop_truncated(spec) : stop_absent(spec, 0);
	/* R3: cap_offset is wholly inside the bound; a cut reply may have it though argsz hides it.
	 */
	if (layout->first.at + layout->first.width > spec->bound)
		return cut ? stop_truncated(spec) : stop_reject(spec, RULE_SHORT_ARGSZ, nowhere);
	/* C3: a space that ends where the list would begin has none. */
	if (!layout->first.width && spec->argsz <= layout->first.mask)
		return stop_absent(spec, 0);
	offset = layout_get(layout_first(layout, reading->info), reading->info);
	/* R4: there is a chain, and it is in this reply. */
	if (offset == 0)
		return cut ? stop_truncated(spec)
			   : stop_absent(spec, NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN));
	spec->notes |= link_notes(layout_first(layout, reading->info), reading->info);
	*ret_offset = offset;
	return true;
}

/* R6, R7, R9: a capability header may be read at @link. Marks the offset as visited. */
static bool target_is_sound(const struct reading *reading, struct link link)
{
	struct spec *const spec = reading->spec;
	const uint8_t mask = (uint8_t)(1u << (link.at % 8));
	const enum rule outside = link.from ? RULE_NEXT_OOB : RULE_OFFSET_OOB;

	/* R6: the offset is past the fixed fields. */
	if (link.at < layout_infos[reading->kind].end)
		return stop_reject(spec, RULE_INTO_HEADER, link);
	/* R7: the header is readable; one that starts inside the bound and leaves it straddles. */
	if (!range_fits(spec, (uint64_t)link.at + layout_infos[reading->kind].header,
			link.at < spec->bound ? RULE_HEADER_STRADDLE : outside, link))
		return false;
	/* R9: the chain was not here before. */
	if (visited[link.at / 8] & mask)
		return stop_reject(spec, RULE_LOOP, link);
	visited[link.at / 8] |= mask;
	return true;
}

static struct shape read_header(const struct reading *reading, uint32_t at)
{
	const struct layout_info *const form = &layout_infos[reading->kind];
	const uint16_t id = (uint16_t)layout_get(&form->id, reading->info + at);
	const uint16_t version = (uint16_t)layout_get(&form->version, reading->info + at);
	const struct layout_cap *const layout = layout_cap(reading->kind, id);
	const struct shape shape = {
		.id = id,
		.version = version,
		.layout = layout,
		/* R11: nobody can say what an unknown id or a version 0 looks like. */
		.decoded = layout && version > 0,
		.read = form->header,
	};

	return shape;
}

/* Bytes before the elements. R11: a version above the newest known is read as the newest known. */
static uint32_t fixed_bytes(const struct shape *shape)
{
	return layout_fixed(shape->layout, shape->version);
}

/* R10: the payload of a capability to decode is readable. Fills in its count and its span. */
static bool payload_fits(const struct reading *reading, struct link link, struct shape *shape)
{
	const uint64_t count_end = (uint64_t)link.at + CAP_COUNT_AT + COUNT_WIDTH;
	struct spec *const spec = reading->spec;
	uint64_t end = (uint64_t)link.at + fixed_bytes(shape);

	if (shape->layout->elements != ELEMENTS_NONE) {
		/* R10: the count itself is readable. */
		if (!range_fits(spec, count_end, RULE_PAYLOAD_OOB, link))
			return false;
		shape->count = load32(reading, link.at + CAP_COUNT_AT);
		shape->read = CAP_COUNT_AT + COUNT_WIDTH;
		/* Stays below 2^37: at < 2^16, fixed < 2^16, and an element has 16 bytes at most.
		 */
		end += (uint64_t)shape->count * shape->layout->elements;
	}
	/* R10: so are the fixed part and all elements; an end past 2^32 no u32 could even hold. */
	if (!range_fits(spec, end, end > UINT32_MAX ? RULE_COUNT_OVERFLOW : RULE_PAYLOAD_OOB, link))
		return false;
	shape->read = (uint32_t)(end - link.at);
	return true;
}

static uint64_t hash_elements(const uint8_t *at, uint32_t count, enum layout_elements elements)
{
	const uint32_t width = elements == ELEMENTS_BYTES ? 1 : 8;
	const uint8_t *const end = at + (size_t)count * elements;
	uint64_t hash = INFO_HASH_START;

	for (; at < end; at += width)
		hash = info_hash(hash, layout_load(at, width));
	return hash;
}

/* Fills in what a decoded capability carries; its payload was found to fit. */
static void decode(const struct reading *reading, const struct shape *shape, struct info_cap *cap)
{
	const struct layout_cap *const layout = shape->layout;
	const uint8_t *const start = reading->info + cap->offset;
	size_t slot = 0;

	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];

		if (field->role != ROLE_VALUE)
			continue;
		/* R11: fields that came with a later version keep their slot, and are 0 in it. */
		if (field->version <= shape->version)
			cap->field[slot] = layout_load(start + field->at, field->width);
		slot++;
	}
	if (layout->elements == ELEMENTS_NONE)
		return;
	cap->count = shape->count;
	cap->hash = hash_elements(start + fixed_bytes(shape), shape->count, layout->elements);
}

/* R8, R9: notes on where a capability stands. */
static uint32_t place_notes(struct link link)
{
	uint32_t notes = 0;

	if (link.at % 4 != 0)
		notes |= NOTE_BIT(NOTE_MISALIGNED);
	else if (link.at % 8 != 0)
		notes |= NOTE_BIT(NOTE_ALIGN4);
	if (link.from > link.at)
		notes |= NOTE_BIT(NOTE_BACKWARD);
	return notes;
}

/* R11, R12: notes on its id and version. */
static uint32_t id_notes(struct reading *reading, const struct shape *shape)
{
	uint32_t notes = 0;
	uint64_t bit;

	if (!shape->layout)
		return shape->id || reading->kind < INFO_IOCTL_KINDS ? NOTE_BIT(NOTE_UNKNOWN_ID)
								     : NOTE_BIT(NOTE_NULL_CAP);
	bit = UINT64_C(1) << (shape->layout - layout_caps);
	if (shape->version == 0)
		notes |= NOTE_BIT(NOTE_VERSION_ZERO);
	/* C6: those of a configuration space stand for nothing that a reader looks at. */
	if (shape->version > shape->layout->newest && reading->kind < INFO_IOCTL_KINDS)
		notes |= NOTE_BIT(NOTE_NEWER_VERSION);
	if (reading->ids & bit)
		notes |= NOTE_BIT(reading->kind < INFO_IOCTL_KINDS ? NOTE_DUPLICATE_ID
								   : NOTE_REPEATED_ID);
	reading->ids |= bit;
	return notes;
}

/* R14: notes on what its elements say. */
static uint32_t element_notes(const struct reading *reading, const struct shape *shape, uint32_t at)
{
	const uint8_t *element;
	uint32_t notes = 0;

	if (!shape->decoded || shape->layout->elements != ELEMENTS_PAIRS)
		return 0;
	element = reading->info + at + fixed_bytes(shape);
	meaning_list(&meaning);
	for (uint32_t i = 0; i < shape->count; i++, element += ELEMENTS_PAIRS)
		notes |= meaning_notes(&meaning, element);
	return notes;
}

/* R13: the note on its bytes, which are marked as spanned. */
static uint32_t span_notes(uint32_t at, uint32_t span)
{
	/* The function: glibc 2.43 has a macro over it, whose branches coverage counts as ours. */
	const bool shared = (memchr)(spanned + at, 1, span);

	memset(spanned + at, 1, span);
	return shared ? NOTE_BIT(NOTE_OVERLAP) : 0;
}

/* C5: the note on the bytes that a capability has, decoded or not. */
static uint32_t length_notes(const struct reading *reading, const struct shape *shape, uint32_t at)
{
	uint32_t length = 0, end;
	bool shared;

	if (reading->kind < INFO_IOCTL_KINDS)
		return 0;
	if (shape->decoded)
		length = space_cap_length(reading->kind, shape->id, reading->info + at);
	/* C5: the length may pass the bound; what was read does not. */
	end = at + (length > shape->read ? length : shape->read);
	if (end > reading->spec->bound)
		end = reading->spec->bound;
	shared = (memchr)(lengthened + at, 1, end - at);
	memset(lengthened + at, 1, end - at);
	return shared ? NOTE_BIT(NOTE_LENGTHS_OVERLAP) : 0;
}

static void deliver(struct reading *reading, struct link link, const struct shape *shape)
{
	struct spec *const spec = reading->spec;
	struct spec_cap *const delivered = &spec->caps[spec->ncaps++];

	*delivered = (struct spec_cap){
		.cap = {.offset = link.at,
			.id = shape->id,
			.version = shape->version,
			.decoded = shape->decoded},
		.from = link.from,
		.span = shape->read,
	};
	if (shape->decoded)
		decode(reading, shape, &delivered->cap);
	delivered->notes =
		place_notes(link) | id_notes(reading, shape) | span_notes(link.at, shape->read) |
		length_notes(reading, shape, link.at) | element_notes(reading, shape, link.at);
	spec->notes |= delivered->notes;
}

/* C4: the first header of 0 is no list, a later one the end of it. */
static void stop_at_zero(struct spec *spec, struct link link)
{
	spec->visited += 4;
	if (!link.from) {
		stop_absent(spec, 0);
		return;
	}
	spec->verdict = VERDICT_OK;
	spec->notes |= NOTE_BIT(NOTE_ZERO_HEADER);
}

/* C4: the first header of all ones is no list where it is the whole of it, else what is there is lost. */
static void stop_at_ones(const struct reading *reading, struct link link)
{
	struct spec *const spec = reading->spec;

	spec->visited += layout_infos[reading->kind].header;
	if (!link.from && !layout_infos[reading->kind].first.width)
		stop_absent(spec, 0);
	else
		stop_reject(spec, RULE_ALL_ONES, link);
}

/* R6 to R14: every capability from @first on, until the chain ends or stops the reading. */
static void read_chain(struct reading *reading, uint32_t first)
{
	struct spec *const spec = reading->spec;
	const struct layout_bits *const next = &layout_infos[reading->kind].next;
	struct link link = {.at = first, .from = 0};

	memset(lengthened, 0, reading->kind < INFO_IOCTL_KINDS ? 0 : spec->bound);
	memset(visited, 0, (spec->bound + 7) / 8);
	memset(spanned, 0, spec->bound);
	meaning_start(&meaning, reading->info, reading->kind);
	while (link.at != 0) {
		struct shape shape;
		bool fits;

		spec->last = link.at;
		if (!target_is_sound(reading, link))
			return;
		if (space_header_is_zero(reading->kind, reading->info, link.at)) {
			stop_at_zero(spec, link);
			return;
		}
		if (space_header_is_ones(reading->kind, reading->info, link.at)) {
			stop_at_ones(reading, link);
			return;
		}
		shape = read_header(reading, link.at);
		fits = !shape.decoded || payload_fits(reading, link, &shape);
		spec->visited += shape.read;
		if (!fits)
			return;
		deliver(reading, link, &shape);
		link.from = link.at;
		link.at = layout_get(next, reading->info + link.from);
		/* Those of a next are of the capability that holds it. */
		spec->caps[spec->ncaps - 1].notes |= link_notes(next, reading->info + link.from);
		spec->notes |= spec->caps[spec->ncaps - 1].notes;
		if (spec->ncaps > SPEC_MANY && reading->kind >= INFO_IOCTL_KINDS)
			spec->notes |= NOTE_BIT(NOTE_MANY_CAPS);
	}
	spec->verdict = VERDICT_OK;
}

/* R2: whether a whole chain with a known id stands at cap_offset, which means nothing. */
static bool chain_stands(struct reading *reading)
{
	const struct layout_bits *const first =
		layout_first(&layout_infos[reading->kind], reading->info);
	struct spec *const spec = reading->spec;
	const struct spec absent = *spec;
	bool known = false;

	if (!first->width || first->at + first->width > spec->bound ||
	    !layout_get(first, reading->info))
		return false;
	read_chain(reading, layout_get(first, reading->info));
	for (size_t i = 0; spec->verdict == VERDICT_OK && i < spec->ncaps; i++)
		known |= !(spec->caps[i].notes & NOTE_BIT(NOTE_UNKNOWN_ID));
	*spec = absent;
	return known;
}

static enum buffer_class class_of(const struct spec *spec)
{
	if (spec->verdict == VERDICT_REJECT)
		return CLASS_MALFORMED;
	if (spec->verdict == VERDICT_TRUNCATED)
		return CLASS_TRUNCATED;
	return (spec->notes & NOTES_ODD) ? CLASS_ODD : CLASS_PLAIN;
}

void spec_read(const uint8_t *info, size_t len, enum info_kind kind, struct spec *ret_spec)
{
	struct reading reading = {.spec = ret_spec, .info = info, .len = len, .kind = kind};
	uint32_t first;

	*ret_spec = (struct spec){.kind = kind, .info = info, .caps = ret_spec->caps};
	/* R1: a buffer too short for the argsz field has none; a kind without one is never cut. */
	ret_spec->argsz = layout_argsz(kind, info, len);
	/* R5: a reader may use what was both given and delivered. */
	ret_spec->bound = ret_spec->argsz < len ? ret_spec->argsz : (uint32_t)len;
	if (find_chain(&reading, &first))
		read_chain(&reading, first);
	else if (ret_spec->verdict == VERDICT_ABSENT &&
		 !(ret_spec->notes & NOTE_BIT(NOTE_NO_DEVICE)) && chain_stands(&reading))
		ret_spec->notes |= NOTE_BIT(NOTE_CHAIN_WITHOUT_FLAG);
	ret_spec->class = class_of(ret_spec);
}

uint64_t spec_budget(const struct spec *spec, uint64_t loads_per_byte)
{
	const bool cut = layout_infos[spec->kind].argsz.width != 0;

	return 64 + (cut ? spec->bound : spec->argsz) + loads_per_byte * spec->visited;
}
