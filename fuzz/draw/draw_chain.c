/* SPDX-License-Identifier: MIT */
/* A buffer as boxes by owner with an arrow for each link; see draw.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "draw.h"

/* All in units of a picture; a line of text is 12 high, and a character of ours 6 wide. */
#define BOX_LEFT   38
#define BOX_RIGHT  330
#define BYTE_WIDTH 18
#define PER_LINE   16
#define LANE_WIDTH 5
#define LANES	   6
_Static_assert(BOX_RIGHT + (LANES + 1) * LANE_WIDTH <= DRAW_WIDTH, "links have room");
#define TITLE_CHARS 47
#define BOXES_MAX   64
#define LINES_SHOWN 4 /* of the bytes of one box: what is more is counted */
#define LINKS_MAX   (BOXES_MAX + 2)
#define CAP_COLOURS 6
#define TITLES_MAX  4

/* Whose a byte is. */
enum { OWNER_NOBODY, OWNER_STRUCT, OWNER_PAST, OWNER_REFUSED, OWNER_CAPS };

/* Bytes [start, end) of one owner, and where they are drawn. */
struct box {
	size_t start;
	size_t end;
	unsigned int owner;
	unsigned int top;
	unsigned int height;
	size_t ntitles;
	char titles[TITLES_MAX][TITLE_CHARS + 1];
};

/* A link from the header, or cap_offset, at @from to @to. */
struct link {
	uint32_t from;
	uint32_t to;
	bool bad;
};

struct drawing {
	const struct judge *judge;
	struct box boxes[BOXES_MAX + 1];
	size_t nboxes;
	struct link links[LINKS_MAX];
	size_t nlinks;
	bool cut; /* there are more boxes than are shown */
	unsigned int height;
};

/* A line of @box's title, and further ones where it is too long; what is past the last is cut. */
__attribute__((format(printf, 2, 3))) static void title(struct box *box, const char *format, ...)
{
	char words[256], *at = words;
	va_list list;

	va_start(list, format);
	vsnprintf(words, sizeof(words), format, list);
	va_end(list);
	while (*at && box->ntitles < TITLES_MAX) {
		size_t len = strlen(at);

		if (len > TITLE_CHARS) {
			len = TITLE_CHARS;
			while (len > 1 && at[len] != ' ')
				len--;
			len = len > 1 ? len : TITLE_CHARS;
		}
		memcpy(box->titles[box->ntitles], at, len);
		box->titles[box->ntitles++][len] = '\0';
		at += len;
		at += strspn(at, " ");
	}
}

/* ---- whose bytes ---- */

/* Where the capability stands that the reference could not take whole; 0 where its header is not all there. */
static uint32_t unread_at(const struct judge *judge)
{
	const struct layout_info *const form = &layout_infos[judge->kind];
	const struct spec *const spec = judge->spec;
	uint32_t at = 0;

	if (spec->rule == RULE_PAYLOAD_OOB || spec->rule == RULE_COUNT_OVERFLOW)
		at = spec->at;
	else if (spec->verdict == VERDICT_TRUNCATED && spec->ncaps)
		at = layout_get(&form->next, judge->info + spec->caps[spec->ncaps - 1].cap.offset);
	else if (spec->verdict == VERDICT_TRUNCATED &&
		 form->first.at + form->first.width <= spec->bound &&
		 layout_get(&form->flags, judge->info) & form->caps_flag)
		at = layout_get(&form->first, judge->info);
	return at && (uint64_t)at + form->header <= spec->bound ? at : 0;
}

const char *draw_unread(const struct judge *judge)
{
	const uint32_t at = judge->converses ? 0 : unread_at(judge);
	const struct layout_cap *cap = NULL;

	if (at)
		cap = layout_cap(judge->kind, (uint16_t)layout_get(&layout_infos[judge->kind].id,
								   judge->info + at));
	return cap ? cap->name : NULL;
}

static void find_owners(const struct judge *judge, uint16_t *owners)
{
	const struct spec *const spec = judge->spec;
	const size_t bound = spec->bound < judge->len ? spec->bound : judge->len;
	const uint32_t refused = spec->rule == RULE_HEADER_STRADDLE ? spec->at : unread_at(judge);

	for (size_t i = 0; i < judge->len; i++)
		owners[i] = i < layout_infos[judge->kind].end ? OWNER_STRUCT
			    : i >= spec->bound		      ? OWNER_PAST
							      : OWNER_NOBODY;
	if (refused)
		for (size_t i = refused; i < bound; i++)
			owners[i] = OWNER_REFUSED;
	for (size_t i = 0; i < spec->ncaps; i++) {
		const struct info_cap *const cap = &spec->caps[i].cap;
		const uint32_t span = layout_span(judge->kind, cap);

		for (size_t at = cap->offset; at < cap->offset + (size_t)span && at < judge->len;
		     at++)
			owners[at] = (uint16_t)(OWNER_CAPS + i);
	}
}

static void struct_titles(const struct judge *judge, struct box *box)
{
	const struct layout_info *const info = &layout_infos[judge->kind];
	char words[256] = "";
	size_t used = 0;

	title(box, "struct %s", info->uapi);
	for (size_t i = 0; i < layout_flag_count && judge->len >= info->flags.at + 4; i++)
		if (layout_flags[i].kind == judge->kind &&
		    layout_get(&info->flags, judge->info) & layout_flags[i].bit)
			used += (size_t)snprintf(words + used, sizeof(words) - used, " %s",
						 layout_flags[i].name);
	if (judge->len >= info->first.at + info->first.width)
		title(box, "argsz %" PRIu32 ", flags%s, cap_offset %" PRIu32, judge->spec->argsz,
		      used ? words : " none", layout_get(&info->first, judge->info));
	else
		title(box, "argsz %" PRIu32 ", flags%s", judge->spec->argsz,
		      used ? words : " none");
}

static void cap_titles(const struct judge *judge, size_t i, struct box *box)
{
	const struct spec_cap *const step = &judge->spec->caps[i];
	const struct layout_cap *const layout = layout_cap(judge->kind, step->cap.id);
	const char letter = (char)('A' + i % 26);

	if (box->start != step->cap.offset) {
		title(box, "%c, the rest of %u", letter, step->cap.offset);
		return;
	}
	if (!layout)
		title(box, "%c  id %u version %u", letter, step->cap.id, step->cap.version);
	else if (step->cap.decoded && layout->elements)
		title(box, "%c  %s version %u, %" PRIu32 " %s", letter, layout->name,
		      step->cap.version, step->cap.count, layout->array);
	else
		title(box, "%c  %s version %u", letter, layout->name, step->cap.version);
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (step->notes & NOTE_BIT(note))
			title(box, "%s", note_name((enum note)note));
}

static void refused_titles(const struct judge *judge, struct box *box)
{
	const struct layout_info *const form = &layout_infos[judge->kind];
	const struct spec *const spec = judge->spec;
	const char *const why =
		spec->verdict == VERDICT_TRUNCATED ? "truncated" : rule_name(spec->rule);
	const char *const name = draw_unread(judge);
	const uint32_t at = unread_at(judge);
	const struct layout_cap *cap;

	if (box->start != at || !name) {
		title(box, "!  %s", why);
		return;
	}
	cap = layout_cap(judge->kind, (uint16_t)layout_get(&form->id, judge->info + at));
	if (cap->elements && at + CAP_COUNT_AT + 4 <= spec->bound)
		title(box, "!  %s version %" PRIu32 ", %" PRIu64 " %s", name,
		      layout_get(&form->version, judge->info + at),
		      layout_load(judge->info + at + CAP_COUNT_AT, 4), cap->array);
	else
		title(box, "!  %s version %" PRIu32, name,
		      layout_get(&form->version, judge->info + at));
	title(box, "%s: %u bytes of the reply from here", why, spec->bound - at);
}

static void box_titles(const struct judge *judge, struct box *box)
{
	switch (box->owner) {
	case OWNER_NOBODY:
		title(box, "nobody's");
		return;
	case OWNER_STRUCT:
		if (box->start == 0)
			struct_titles(judge, box);
		return;
	case OWNER_PAST:
		title(box, "past argsz: not of this reply");
		return;
	case OWNER_REFUSED:
		refused_titles(judge, box);
		return;
	default:
		cap_titles(judge, box->owner - OWNER_CAPS, box);
	}
}

static size_t lines_of(const struct box *box)
{
	const size_t lines = (box->end - box->start + PER_LINE - 1) / PER_LINE;

	return lines > LINES_SHOWN ? LINES_SHOWN : lines;
}

static void add_box(struct drawing *d, size_t start, size_t end, unsigned int owner)
{
	struct box *const box = &d->boxes[d->nboxes++];

	*box = (struct box){.start = start, .end = end, .owner = owner, .top = d->height};
	if (d->nboxes > BOXES_MAX) {
		d->cut = true;
		title(box, "and %zu more bytes", end - start);
		box->height = DRAW_LINE + 4;
	} else {
		box_titles(d->judge, box);
		box->height = (unsigned int)(box->ntitles + lines_of(box)) * DRAW_LINE + 4;
	}
	d->height += box->height + 3;
}

static void find_boxes(struct drawing *d)
{
	static uint16_t owners[INFO_LEN_MAX];
	const size_t len = d->judge->len;
	size_t end;

	find_owners(d->judge, owners);
	for (size_t at = 0; at < len; at = end) {
		for (end = at + 1; end < len && owners[end] == owners[at]; end++)
			;
		if (d->nboxes == BOXES_MAX)
			end = len;
		add_box(d, at, end, owners[at]);
	}
}

/* ---- links ---- */

static void add_link(struct drawing *d, uint32_t from, uint32_t to, bool bad)
{
	/* Those between boxes that are not drawn have no place. */
	if (d->nlinks == LINKS_MAX - 1 && !bad)
		return;
	if (d->nlinks < LINKS_MAX)
		d->links[d->nlinks++] = (struct link){from, to, bad};
}

/* The link that the reference could not follow to the end of what it leads to. */
static void find_last_link(struct drawing *d)
{
	const struct layout_info *const form = &layout_infos[d->judge->kind];
	const struct spec *const spec = d->judge->spec;
	const uint32_t at = unread_at(d->judge);
	uint32_t from;

	if (spec->verdict == VERDICT_REJECT && spec->at)
		add_link(d, spec->from, spec->at, true);
	if (spec->verdict != VERDICT_TRUNCATED || (!spec->ncaps && !at))
		return;
	from = spec->ncaps ? spec->caps[spec->ncaps - 1].cap.offset : 0;
	/* A capability that the reference took has its whole header inside the bound. */
	add_link(d, from, at ? at : layout_get(&form->next, d->judge->info + from), true);
}

static void find_links(struct drawing *d)
{
	const struct spec *const spec = d->judge->spec;

	for (size_t i = 0; i < spec->ncaps; i++)
		add_link(d, spec->caps[i].from, spec->caps[i].cap.offset, false);
	find_last_link(d);
}

/* The middle of the line that shows byte @at; where none does, of the place under all boxes. */
static unsigned int place_of(const struct drawing *d, uint32_t at)
{
	for (size_t i = 0; i < d->nboxes; i++) {
		const struct box *const box = &d->boxes[i];
		size_t line;

		if (at < box->start || at >= box->end)
			continue;
		if (at == box->start && box->ntitles)
			return box->top + DRAW_LINE / 2 + 2;
		line = (at - box->start) / PER_LINE;
		if (line >= lines_of(box))
			line = lines_of(box) - 1;
		if (d->cut && i == BOXES_MAX)
			line = 0;
		return box->top + (unsigned int)(box->ntitles + line) * DRAW_LINE + DRAW_LINE / 2 +
		       2;
	}
	return d->height + DRAW_LINE / 2 + 2;
}

/* ---- SVG ---- */

/* The width is said, so that any font comes out as wide as the box. */
static void put_bytes(FILE *out, const struct judge *judge, size_t at, size_t end, unsigned int y)
{
	const size_t count = end - at;

	fprintf(out, "<text x=\"2\" y=\"%u\" class=\"at\">%zu</text>", y, at);
	fprintf(out, "<text x=\"%u\" y=\"%u\" textLength=\"%zu\">", BOX_LEFT + 4, y,
		count * BYTE_WIDTH - 6);
	for (size_t i = at; i < end; i++)
		fprintf(out, "%s%02x", i == at ? "" : " ", judge->info[i]);
	fputs("</text>", out);
}

static void put_box(FILE *out, const struct drawing *d, const struct box *box)
{
	const size_t lines = lines_of(box);
	unsigned int y = box->top + DRAW_LINE - 1;

	fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"of-", BOX_LEFT,
		box->top, BOX_RIGHT - BOX_LEFT, box->height);
	if (box->owner >= OWNER_CAPS)
		fprintf(out, "%u", (box->owner - OWNER_CAPS) % CAP_COLOURS);
	else
		fputs(((const char *const[]){"nobody", "struct", "past", "refused"})[box->owner],
		      out);
	fputs("\"/>", out);
	for (size_t i = 0; i < box->ntitles; i++, y += DRAW_LINE)
		picture_line(out, BOX_LEFT + 4, y, i ? "note" : "title", box->titles[i]);
	if (box == &d->boxes[BOXES_MAX])
		return;
	for (size_t i = 0; i < lines; i++, y += DRAW_LINE) {
		const size_t at = box->start + i * PER_LINE;
		char words[64];

		if (i == LINES_SHOWN - 1 && box->end - at > PER_LINE) {
			snprintf(words, sizeof(words), "and %zu more bytes", box->end - at);
			picture_line(out, BOX_LEFT + 4, y, "note", words);
		} else {
			put_bytes(out, d->judge, at,
				  at + PER_LINE < box->end ? at + PER_LINE : box->end, y);
		}
	}
}

static void put_link(FILE *out, const struct drawing *d, size_t i)
{
	const struct link *const link = &d->links[i];
	const uint32_t first = layout_infos[d->judge->kind].first.at;
	const unsigned int from = place_of(d, link->from ? link->from : first);
	const unsigned int to = place_of(d, link->to),
			   lane = link->bad ? LANES : 1 + (unsigned int)i % (LANES - 1);
	const char *const bad = link->bad ? " bad" : "";

	fprintf(out, "<path class=\"link%s\" d=\"M%u %uh%uV%uH%u\"/>", bad, BOX_RIGHT, from + 2,
		lane * LANE_WIDTH, to - 2, BOX_RIGHT + 4);
	fprintf(out, "<path class=\"head%s\" d=\"M%u %ul7 -3v6z\"/>", bad, BOX_RIGHT, to - 2);
}

static void end_words(const struct spec *spec, char *words, size_t size)
{
	switch (spec->verdict) {
	case VERDICT_OK:
		snprintf(words, size, "=  next 0: the end of the chain");
		return;
	case VERDICT_ABSENT:
		snprintf(words, size, "=  no chain");
		return;
	case VERDICT_TRUNCATED:
		snprintf(words, size, "~  truncated: ask again with argsz %u", spec->need);
		return;
	default:
		snprintf(words, size, spec->at ? "X  %s at %u" : "X  %s", rule_name(spec->rule),
			 spec->at);
	}
}

/* Where a link leads that leaves the buffer. */
static void put_nowhere(FILE *out, struct drawing *d)
{
	for (size_t i = 0; i < d->nlinks; i++) {
		char words[64];

		if (d->links[i].to < d->judge->len)
			continue;
		snprintf(words, sizeof(words), "%u: past the %zu bytes", d->links[i].to,
			 d->judge->len);
		fprintf(out,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"nowhere\" "
			"stroke-dasharray=\"3 2\"/>",
			BOX_LEFT, d->height, BOX_RIGHT - BOX_LEFT, DRAW_LINE + 4);
		picture_line(out, BOX_LEFT + 4, d->height + DRAW_LINE - 1, "red", words);
		d->height += DRAW_LINE + 7;
		return;
	}
}

struct picture draw_buffer(const struct judge *judge)
{
	static struct drawing d;
	char *svg = NULL, *body = NULL, words[128];
	size_t size, body_size;
	FILE *out = picture_begin(&body, &body_size);

	d = (struct drawing){.judge = judge, .height = 2};
	find_boxes(&d);
	find_links(&d);
	for (size_t i = 0; i < d.nboxes; i++)
		put_box(out, &d, &d.boxes[i]);
	for (size_t i = 0; i < d.nlinks; i++)
		put_link(out, &d, i);
	put_nowhere(out, &d);
	end_words(judge->spec, words, sizeof(words));
	picture_line(out, BOX_LEFT + 4, d.height + DRAW_LINE,
		     judge->spec->verdict == VERDICT_REJECT ? "red" : "", words);
	d.height += DRAW_LINE + 6;
	picture_end(out, &body, 0, 0);
	out = picture_begin(&svg, &size);
	fprintf(out, DRAW_SVG "viewBox=\"0 0 %u %u\" role=\"img\"><title>", "chain", DRAW_WIDTH,
		d.height, DRAW_WIDTH, d.height);
	draw_text(out, words);
	fprintf(out, "</title>%s</svg>", body);
	free(body);
	return picture_end(out, &svg, DRAW_WIDTH, d.height);
}
