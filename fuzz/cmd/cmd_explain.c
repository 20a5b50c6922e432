/* SPDX-License-Identifier: MIT */
/*
 * capchain explain: one buffer as a person reads it. Draws the chain, paints the hex dump by
 * capability, and shows for each parser what it delivered, where it left the buffer and which bytes
 * it read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../fetch/fetch_judge.h"
#include "../judge/meaning.h"
#include "../judge/own.h"
#include "cmd.h"

struct explain_options {
	const enum info_kind *kind;
	enum info_kind kind_value;
	enum endian endian;
	const char *color;
	struct own_options own;
	bool all;
	bool svg;
	int nfiles;
	char **files;
};

static const struct argp_option options[] = {
	KIND_OPTION,
	ENDIAN_OPTION,
	{"color", 'c', "WHEN", 0, "paint capabilities: auto (on a terminal), always or never", 0},
	OWN_OPTIONS,
	{"svg", 's', NULL, 0, "the drawing of one FILE alone, as SVG", 0},
	{"all", 'a', NULL, 0, "with --parser, show all other parsers too, not `bounded` alone", 0},
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explain_options *const o = state->input;

	switch (key) {
	case KIND_KEY:
		kind_option(state, arg, &o->kind_value, &o->kind);
		return 0;
	case ENDIAN_KEY:
		endian_option(state, arg, &o->endian);
		return 0;
	case 'c':
		if (strcmp(arg, "auto") && strcmp(arg, "always") && strcmp(arg, "never"))
			argp_error(state, "no colour `%s`: auto, always or never", arg);
		o->color = arg;
		return 0;
	case 's':
		o->svg = true;
		return 0;
	case 'a':
		o->all = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->nfiles = state->argc - state->next;
		o->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE?");
		return 0;
	default:
		return own_parse(key, arg, state, &o->own);
	}
}

static const struct argp argp = {
	options,
	parse,
	"FILE...",
	"Draws the chain of each buffer, its bytes by owner, the reference's reading, and each parser's "
	"way through it with the place where it parts from the reference.\v"
	"In the dump a letter under a byte names the capability that it belongs to, `.` the fixed "
	"struct, `~` a byte past argsz, which this reply did not deliver. A conversation is drawn "
	"as a ladder of each loop's calls: questions to the right, replies to the left. The last "
	"line names the oracles of this build.\n\n"
	"With --svg the drawing is a picture, on standard output: the bytes in boxes by owner, an arrow for each "
	"link, red where the reference refuses it; then for each reader the bytes that it loaded, from left to "
	"right by offset and downwards in order, and in red where it left. A dashed line is argsz, another one the "
	"end of the buffer.\n\n"
	"Exit status: 0; 2 an unusable FILE; 3 a compiler that --parser wants is "
	"missing; 4 no memory for the sandbox; 5 the output could "
	"not be written.",
	NULL,
	NULL,
	NULL};

#define OWNERS 26
static const char *const paints[] = {"\033[30;46m", "\033[30;43m", "\033[30;42m",
				     "\033[30;45m", "\033[37;44m", "\033[30;47m"};
#define PAINTS (sizeof(paints) / sizeof(paints[0]))

static uint64_t field(const struct judge *judge, const struct layout_field *f, uint32_t at)
{
	return layout_load(judge->info + at + f->at, f->width);
}

static void print_flags(const struct judge *judge, uint32_t flags)
{
	for (size_t i = 0; i < layout_flag_count; i++)
		if (layout_flags[i].kind == judge->kind && flags & layout_flags[i].bit)
			printf(" %s", layout_flags[i].name);
}

static bool is_space(const struct judge *judge)
{
	return judge->kind >= INFO_IOCTL_KINDS;
}

/* A place, as who reads its kind has it. */
static void print_at(const struct judge *judge, uint32_t at)
{
	printf(is_space(judge) ? "%#x" : "%u", at);
}

/* What holds the first link. */
static const char *first_words(const struct judge *judge)
{
	if (judge->kind == INFO_PCIE)
		return "0x100, where the extended list begins";
	return is_space(judge) ? "the pointer of the header" : "cap_offset";
}

/* Why a configuration space has no list. */
static const char *no_list_words(const struct spec *spec)
{
	if (spec->notes & NOTE_BIT(NOTE_NO_DEVICE))
		return "nothing answers, all is ones";
	if (spec->kind == INFO_PCI)
		return spec->notes & NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN)
			       ? "bit 4 of the status is set and the pointer is 0"
			       : "bit 4 of the status is clear";
	return spec->argsz == layout_infos[spec->kind].end ? "the space ends before it"
							   : "its first header is 0, or all ones";
}

static void draw_info(const struct judge *judge)
{
	const struct layout_info *const info = &layout_infos[judge->kind];

	if (is_space(judge) && judge->len >= info->minsz)
		printf("configuration space, a header of type %u\n", judge->info[0x0e] & 0x7f);
	else if (is_space(judge))
		puts("configuration space, shorter than its header");
	else
		printf("struct %s\n", info->uapi);
	for (size_t i = 0; i < info->nfields; i++) {
		const struct layout_field *const f = &info->fields[i];

		printf(is_space(judge) ? "  %#4x  %-13s " : "  %4u  %-12s ", f->at, f->name);
		if (f->at + f->width > judge->len) {
			puts("(past the end of the buffer)");
			continue;
		}
		printf("%s%" PRIx64, "0x", field(judge, f, 0));
		if (f->width == 4 && strcmp(f->name, "flags") != 0)
			printf(" (%" PRIu64 ")", field(judge, f, 0));
		if (strcmp(f->name, "flags") == 0)
			print_flags(judge, (uint32_t)field(judge, f, 0));
		if (f->at + f->width > judge->spec->bound)
			fputs("  past argsz: not of this reply", stdout);
		putchar('\n');
	}
}

static void draw_payload(const struct judge *judge, const struct info_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);
	size_t value = 0;

	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const f = &layout->fields[i];

		if (f->role == ROLE_VALUE && f->version <= cap->version)
			printf(" %s 0x%" PRIx64, f->name, cap->field[value]);
		value += f->role == ROLE_VALUE;
	}
	if (layout->elements)
		printf(" %u %s", cap->count, layout->array);
}

/* As many as one looks at. */
#define ELEMENTS_SHOWN 16

static void draw_notes(uint32_t notes)
{
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (notes & NOTE_BIT(note))
			printf("  (%s)", note_name((enum note)note));
	putchar('\n');
}

/* Areas or ranges, a line each, with what is noted of it; those past ELEMENTS_SHOWN only where that is. */
static void draw_elements(const struct judge *judge, size_t i)
{
	static struct meaning meaning;
	const struct info_cap *const cap = &judge->spec->caps[i].cap;
	const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);
	const uint8_t *at = judge->info + cap->offset;
	uint32_t shown = 0;

	if (i == 0)
		meaning_start(&meaning, judge->info, judge->kind);
	if (!cap->decoded || layout->elements != ELEMENTS_PAIRS)
		return;
	meaning_list(&meaning);
	at += layout_fixed(layout, cap->version);
	for (uint32_t n = 0; n < cap->count; n++, at += ELEMENTS_PAIRS) {
		const uint32_t notes = meaning_notes(&meaning, at);

		if (n >= ELEMENTS_SHOWN && (!notes || shown >= 2 * ELEMENTS_SHOWN))
			continue;
		shown++;
		printf("   |    %s 0x%" PRIx64 " %s 0x%" PRIx64, layout->pair[0],
		       layout_load(at, 8), layout->pair[1], layout_load(at + 8, 8));
		draw_notes(notes);
	}
	if (shown < cap->count)
		printf("   |    and %u more\n", cap->count - shown);
}

static void draw_cap(const struct judge *judge, size_t i, char letter)
{
	const struct spec_cap *const step = &judge->spec->caps[i];
	const struct layout_cap *const layout = layout_cap(judge->kind, step->cap.id);

	printf("   |\n   v  %s\n[%c] at ", i ? "next" : first_words(judge), letter);
	print_at(judge, step->cap.offset);
	fputs(": ", stdout);
	if (layout)
		printf("%s version %u", layout->name, step->cap.version);
	else
		printf("unknown id %u version %u", step->cap.id, step->cap.version);
	if (step->cap.decoded)
		draw_payload(judge, &step->cap);
	draw_notes(step->notes);
	draw_elements(judge, i);
}

static char letter_of(size_t i)
{
	return (char)('A' + i % OWNERS);
}

/* The capability that a payload rule refuses: what it is, and what it would take. */
static void draw_refused(const struct judge *judge)
{
	const struct layout_info *const form = &layout_infos[judge->kind];
	const struct spec *const spec = judge->spec;
	const struct layout_cap *cap;
	const uint8_t *header;

	/* With any other rule the header itself may not be there. */
	if (spec->rule != RULE_PAYLOAD_OOB && spec->rule != RULE_COUNT_OVERFLOW)
		return;
	header = judge->info + spec->at;
	cap = layout_cap(judge->kind, (uint16_t)layout_get(&form->id, header));
	printf("[!] at %u: %s version %" PRIu32, spec->at, cap->name,
	       layout_get(&form->version, header));
	if (cap->elements && spec->at + CAP_COUNT_AT + 4 <= spec->bound)
		printf(" %" PRIu64 " %s", layout_load(header + CAP_COUNT_AT, 4), cap->array);
	printf(", and %u bytes of the reply from there\n", spec->bound - spec->at);
}

static void draw_end(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;

	switch (spec->verdict) {
	case VERDICT_OK:
		printf("   |\n   =  next 0: the end of the %s", is_space(judge) ? "list" : "chain");
		draw_notes(spec->notes & NOTES_OF_BUFFER);
		return;
	case VERDICT_ABSENT:
		if (is_space(judge)) {
			printf("   =  no list: %s", no_list_words(spec));
			draw_notes(spec->notes & NOTES_OF_BUFFER);
			return;
		}
		printf("   =  no chain: the CAPS flag is %s",
		       spec->notes & NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN) ? "set and cap_offset is 0"
								       : "clear");
		draw_notes(spec->notes & NOTES_OF_BUFFER);
		return;
	case VERDICT_TRUNCATED:
		printf(is_space(judge) ? "   |\n   ~  truncated: the space has %u bytes\n"
				       : "   |\n   ~  truncated: ask again with argsz %u\n",
		       spec->need);
		return;
	default:
		printf("   |\n   X  %s", rule_name(spec->rule));
		if (spec->at) {
			fputs(": at ", stdout);
			print_at(judge, spec->at);
			printf(", linked from %s",
			       spec->from ? "the capability at " : first_words(judge));
		}
		if (spec->at && spec->from)
			print_at(judge, spec->from);
		putchar('\n');
		draw_refused(judge);
	}
}

static void draw_chain(const struct judge *judge)
{
	draw_info(judge);
	for (size_t i = 0; i < judge->spec->ncaps; i++)
		draw_cap(judge, i, letter_of(i));
	draw_end(judge);
}

/* Bytes of a delivered capability, as the reference reads it. */
static uint64_t span(const struct judge *judge, const struct info_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);

	if (!cap->decoded)
		return layout_infos[judge->kind].header;
	return layout_fixed(layout, cap->version) + (uint64_t)cap->count * layout->elements;
}

/* Who owns each byte: a capability's letter, '.', '~' or ' '. Later capabilities win. */
static void find_owners(const struct judge *judge, char *owners)
{
	memset(owners, ' ', judge->len);
	for (size_t i = 0; i < judge->len; i++) {
		if (i < layout_infos[judge->kind].end)
			owners[i] = '.';
		else if (i >= judge->spec->bound)
			owners[i] = '~';
	}
	for (size_t i = 0; i < judge->spec->ncaps; i++) {
		const struct info_cap *const cap = &judge->spec->caps[i].cap;

		memset(owners + cap->offset, letter_of(i), span(judge, cap));
	}
}

static void dump_line(const struct judge *judge, const char *owners, size_t at, bool painted)
{
	const size_t end = at + 16 < judge->len ? at + 16 : judge->len;

	printf(judge->kind < INFO_IOCTL_KINDS ? "%6zu " : "%#6zx ", at);
	for (size_t i = at; i < end; i++) {
		const bool cap = painted && owners[i] >= 'A' && owners[i] <= 'Z';

		printf("%s%s%02x%s", i % 8 ? " " : "  ",
		       cap ? paints[(size_t)(owners[i] - 'A') % PAINTS] : "", judge->info[i],
		       cap ? "\033[0m" : "");
	}
	printf("\n%6s ", "");
	for (size_t i = at; i < end; i++)
		printf("%s%c ", i % 8 ? " " : "  ", owners[i]);
	putchar('\n');
}

/*
 * Whether a line of a configuration space says what the one before does, and is not the last: most of one is
 * the same.
 */
static bool is_repeated(const struct judge *judge, const char *owners, size_t at)
{
	return is_space(judge) && at >= 16 && at + 16 < judge->len &&
	       memcmp(judge->info + at, judge->info + at - 16, 16) == 0 &&
	       memcmp(owners + at, owners + at - 16, 16) == 0;
}

static void dump(const struct judge *judge, bool painted)
{
	static char owners[INFO_LEN_MAX];
	bool folded = false;

	find_owners(judge, owners);
	for (size_t at = 0; at < judge->len; at += 16) {
		if (!is_repeated(judge, owners, at)) {
			dump_line(judge, owners, at, painted);
			folded = false;
		} else if (!folded) {
			puts("     *");
			folded = true;
		}
	}
	if (judge->len == 0)
		puts("  (empty)");
}

/* Where a parser joined, the question is of that one: beside it stands the one that is right. */
static bool is_asked_for(const struct info_parser *parser, const struct explain_options *o)
{
	return !own_parser || o->all || parser == own_parser ||
	       strcmp(parser->name, "bounded") == 0;
}

/* Those that read no chain of this kind, in one line. */
static void print_others(const struct judge *judge, const struct explain_options *o)
{
	size_t count = 0;

	for (size_t i = 0; i < judge->count; i++)
		if (is_asked_for(judge->judged[i].parser, o) &&
		    !judge->judged[i].parser->reads[judge->kind].ids)
			printf("%s%s", count++ ? ", " : "\ndo not read this kind: ",
			       judge->judged[i].parser->name);
	if (count)
		putchar('\n');
}

static void explain_buffer(struct judge *judge, const struct input *input, bool color,
			   const struct explain_options *o)
{
	static struct sandbox_trace trace;

	judge_read(judge, input->bytes, input->len, input->kind);
	printf("%s: %s, %zu bytes, argsz %u: %s\n\n", input->path, judge_kind_name(judge),
	       judge->len, judge->spec->argsz, buffer_class_name(judge->spec->class));
	draw_chain(judge);
	putchar('\n');
	printf("bytes%s: . fixed struct, A B ... capability, ~ past argsz, blank nobody's\n",
	       input->endian == ENDIAN_HOST ? "" : ", fields turned over to this machine's order");
	dump(judge, color);
	explain_reference(judge);
	for (size_t i = 0; i < judge->count; i++) {
		if (!is_asked_for(judge->judged[i].parser, o) ||
		    !judge->judged[i].parser->reads[judge->kind].ids)
			continue;
		if (judge->judged[i].closed) {
			printf("\n%s: abstains: %s\n", judge->judged[i].parser->name,
			       judge->judged[i].closed);
			continue;
		}
		judge_trace(judge, input->bytes, input->len, input->kind, i, &trace);
		putchar('\n');
		explain_parser(judge, i, &trace);
	}
	print_others(judge, o);
	print_oracles("\n", judge);
}

/* *@judge is made for the first buffer, for a conversation has a judge of its own. */
static int explain_file(struct judge **judge, const struct explain_options *o, const char *path)
{
	static struct input input;

	if (input_load_as(path, o->kind, o->endian, &input))
		return EXIT_UNUSABLE;
	if (input_hold(&input)) {
		input_free(&input);
		return EXIT_UNUSABLE;
	}
	if (o->svg) {
		if (!*judge && input.kind != KIND_FETCH)
			*judge = judge_or_exit();
		draw_document(judge_input(*judge, &input));
	} else if (input.kind == KIND_FETCH) {
		fetch_explain(&input, o->all);
	} else {
		if (!*judge)
			*judge = judge_or_exit();
		explain_buffer(
			*judge, &input,
			!strcmp(o->color, "always") || (!strcmp(o->color, "auto") && isatty(1)), o);
	}
	input_free(&input);
	return EXIT_FINE;
}

int cmd_explain(int argc, char **argv)
{
	struct explain_options o = {.color = "auto", .endian = ENDIAN_HOST};
	struct judge *judge = NULL;
	int worst;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!own_begin("explain", &o.own, argv, &worst))
		return worst;
	worst = EXIT_FINE;
	if (o.svg && o.nfiles > 1) {
		fprintf(stderr, "capchain explain: --svg draws one FILE at a time\n");
		return EXIT_UNUSABLE;
	}
	for (int i = 0; i < o.nfiles; i++) {
		if (i)
			putchar('\n');
		if (explain_file(&judge, &o, o.files[i]))
			worst = EXIT_UNUSABLE;
	}
	where_say_lacking();
	if (judge)
		judge_free(judge);
	return worst;
}
