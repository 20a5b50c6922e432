/* SPDX-License-Identifier: MIT */
/*
 * Tests of compare.c: every cell of RULES.md's table of classes, and every answer that an odd
 * note allows, each beside the nearest one that it does not.
 *
 *   buffers  what the tests work on, as text, each first held to the class it stands for
 *   cells    reference by verdict, for a parser that reads everything
 *   rows     one parser's answer on one buffer each
 *
 * A row says what its parser took as capabilities of the reference, by index in chain order, a
 * letter after one that is changed: see twist(). When a row fails, find the sentence of RULES.md
 * that it stands for before you touch compare.c or the row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compare.h"
#include "../text/text.h"
#include "../within.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* No row takes more. */
#define TAKEN_MAX 8

enum buffer_name {
	CHAIN,
	STRANGERS,
	NO_CHAIN,
	FLAG_ALONE,
	CUT,
	LOOP,
	LOOP_DUP,
	LOOP_STRANGER,
	DUP,
	NEWER,
	ZERO,
	MISALIGNED,
	OVERLAP,
	AREAS_OVERLAP,
	DUP_NEWER,
	DUP_ZERO,
	DUP_BOTH,
	ALL_NEWER,
	NEWER_MISALIGNED,
	DUP_MISALIGNED,
	STRANGERS_ODD,
	GROUP,
	STRANGERS_IOMMU,
	BUFFERS
};

struct buffer {
	const char *text;
	enum buffer_class class;
	uint32_t odd;
	size_t ncaps;
};

#define N(note)	      NOTE_BIT(NOTE_##note)
#define REGION(caps_) "{kind: region, caps: [" caps_ "]}"

static const struct buffer buffers[BUFFERS] = {
	[CHAIN] = {REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 4096}]},"
			  "{id: TYPE, type: 1, subtype: 2}, {id: MSIX_MAPPABLE}"),
		   CLASS_PLAIN, 0, 3},
	[STRANGERS] = {REGION("{id: 60}, {id: TYPE, type: 1}, {id: 60}"), CLASS_PLAIN, 0, 3},
	[NO_CHAIN] = {"{kind: region}", CLASS_PLAIN, 0, 0},
	[FLAG_ALONE] = {"{kind: region, info: {flags: CAPS}}", CLASS_ODD, N(FLAG_WITHOUT_CHAIN), 0},
	[CUT] = {"{kind: region, len: 64, info: {argsz: 128},"
		 " caps: [{id: TYPE, type: 1}, {at: 96, id: MSIX_MAPPABLE}]}",
		 CLASS_TRUNCATED, 0, 1},
	[LOOP] = {REGION("{id: TYPE, type: 1}, {id: MSIX_MAPPABLE, next: 32}"), CLASS_MALFORMED, 0,
		  2},
	[LOOP_DUP] = {REGION("{id: TYPE, type: 1}, {id: TYPE, type: 2, next: 32}"), CLASS_MALFORMED,
		      N(DUPLICATE_ID), 2},
	[LOOP_STRANGER] = {REGION("{id: 60}, {id: TYPE, next: 32}"), CLASS_MALFORMED, 0, 2},
	[DUP] = {REGION("{id: TYPE, type: 1}, {id: MSIX_MAPPABLE}, {id: TYPE, type: 2},"
			"{id: TYPE, type: 3}"),
		 CLASS_ODD, N(DUPLICATE_ID), 4},
	[NEWER] = {REGION("{id: TYPE, version: 2, type: 1}, {id: MSIX_MAPPABLE}"), CLASS_ODD,
		   N(NEWER_VERSION), 2},
	[ZERO] = {REGION("{id: TYPE, version: 0}, {id: MSIX_MAPPABLE}"), CLASS_ODD, N(VERSION_ZERO),
		  2},
	[MISALIGNED] = {REGION("{at: 34, id: TYPE, type: 1}, {id: MSIX_MAPPABLE}"), CLASS_ODD,
			N(MISALIGNED), 2},
	[AREAS_OVERLAP] = {REGION("{id: SPARSE_MMAP, areas: [{offset: 0, size: 4096},"
				  "{offset: 0, size: 4096}]}, {id: TYPE}"),
			   CLASS_ODD, N(AREAS_OVERLAP), 2},
	[OVERLAP] = {REGION("{id: TYPE}, {at: 40, id: MSIX_MAPPABLE}"), CLASS_ODD, N(OVERLAP), 2},
	[DUP_NEWER] = {REGION("{id: TYPE, type: 1}, {id: TYPE, version: 2, type: 2},"
			      "{id: TYPE, type: 3}"),
		       CLASS_ODD, N(DUPLICATE_ID) | N(NEWER_VERSION), 3},
	[DUP_ZERO] = {REGION("{id: TYPE, version: 0}, {id: TYPE, type: 1}, {id: TYPE, type: 2}"),
		      CLASS_ODD, N(DUPLICATE_ID) | N(VERSION_ZERO), 3},
	[DUP_BOTH] = {REGION("{id: TYPE, version: 0}, {id: TYPE, version: 2}, {id: TYPE, type: 1},"
			     "{id: TYPE, type: 2}"),
		      CLASS_ODD, N(DUPLICATE_ID) | N(VERSION_ZERO) | N(NEWER_VERSION), 4},
	[ALL_NEWER] = {REGION("{id: TYPE, version: 2}, {id: TYPE, version: 2},"
			      "{id: TYPE, version: 3}"),
		       CLASS_ODD, N(DUPLICATE_ID) | N(NEWER_VERSION), 3},
	[NEWER_MISALIGNED] = {REGION("{at: 34, id: TYPE, version: 2, type: 1}"), CLASS_ODD,
			      N(MISALIGNED) | N(NEWER_VERSION), 1},
	[DUP_MISALIGNED] = {REGION("{id: TYPE, type: 1}, {at: 49, id: TYPE, type: 2}"), CLASS_ODD,
			    N(DUPLICATE_ID) | N(MISALIGNED), 2},
	[STRANGERS_ODD] = {REGION("{id: 0}, {id: 0}, {at: 49, id: TYPE}"), CLASS_ODD, N(MISALIGNED),
			   3},
	[GROUP] = {"{kind: device, caps: [{id: ZPCI_GROUP, version: 2, dasm: 1, imaxstbl: 5}]}",
		   CLASS_PLAIN, 0, 1},
	[STRANGERS_IOMMU] = {"{kind: iommu, caps: [{id: 4}, {id: 4}, {at: 49, id: DMA_AVAIL}]}",
			     CLASS_ODD, N(MISALIGNED), 3},
};

/* What parsers of the tests read: of region, 1 is SPARSE_MMAP, 2 TYPE, 3 MSIX_MAPPABLE. */
#define READS(style_, ids_, decodes_) INFO_ROW(INFO_##style_, ids_, decodes_)

#define LIST_ALL       READS(LIST, INFO_ALL_IDS, INFO_ALL_IDS)
#define LIST_BARE      READS(LIST, INFO_ALL_IDS, 0)
#define LIST_1_2       READS(LIST, INFO_ID(1) | INFO_ID(2), INFO_ID(1))
#define FIND(id)       READS(LOOKUP, INFO_ID(id), INFO_ID(id))
#define FIND_TWO(a, b) READS(LOOKUP, INFO_ID(a) | INFO_ID(b), INFO_ID(a) | INFO_ID(b))

/* How a row's answer was found right, where it was. */
enum how { OWN, POLICY, AFTER_MATCH };

struct row {
	const char *name;
	enum buffer_name buffer;
	struct info_reads reads;
	enum verdict verdict;
	const char *took;
	enum disagreement disagreement;
	enum how how;
};

#define SAID(verdict_, took_) VERDICT_##verdict_, took_

#define FINE	    AGREES, OWN
#define CHOICE	    AGREES, POLICY
#define AFTER	    AGREES, AFTER_MATCH
#define BAD_CAPS    WRONG_CAPS, OWN
#define BAD_PAYLOAD WRONG_PAYLOAD, OWN
#define REFUSES	    REJECTS_VALID, OWN
#define ACCEPTS	    ACCEPTS_MALFORMED, OWN
#define MISSES	    ABSENT_FOR_UNREADABLE, OWN

static const struct row rows[] = {
	/* Lists and their order. */
	{"all in chain order", CHAIN, LIST_ALL, SAID(OK, "012"), FINE},
	{"one left out", CHAIN, LIST_ALL, SAID(OK, "02"), BAD_CAPS},
	{"the last left out", CHAIN, LIST_ALL, SAID(OK, "01"), BAD_CAPS},
	{"nothing taken", CHAIN, LIST_ALL, SAID(OK, ""), BAD_CAPS},
	{"another order", CHAIN, LIST_ALL, SAID(OK, "021"), BAD_CAPS},
	{"one twice", CHAIN, LIST_ALL, SAID(OK, "0012"), BAD_CAPS},
	{"one again at the end", CHAIN, LIST_ALL, SAID(OK, "0120"), BAD_CAPS},
	{"one that is not there", CHAIN, LIST_ALL, SAID(OK, "0122o"), BAD_CAPS},
	{"another offset", CHAIN, LIST_ALL, SAID(OK, "01o2"), BAD_CAPS},
	{"another id", CHAIN, LIST_ALL, SAID(OK, "01i2"), BAD_CAPS},
	{"another version", CHAIN, LIST_ALL, SAID(OK, "01v2"), BAD_CAPS},
	{"absent, and yet all delivered", CHAIN, LIST_ALL, SAID(ABSENT, "012"), BAD_CAPS},
	{"any from no chain", NO_CHAIN, LIST_ALL, SAID(OK, "x"), BAD_CAPS},

	/* Payloads, as far as they are decoded. */
	{"another count", CHAIN, LIST_ALL, SAID(OK, "0c12"), BAD_PAYLOAD},
	{"another hash", CHAIN, LIST_ALL, SAID(OK, "0h12"), BAD_PAYLOAD},
	{"another field", CHAIN, LIST_ALL, SAID(OK, "01f2"), BAD_PAYLOAD},
	{"a field past the known ones", CHAIN, LIST_ALL, SAID(OK, "012l"), BAD_PAYLOAD},
	{"not decoded", CHAIN, LIST_ALL, SAID(OK, "01u2"), BAD_PAYLOAD},
	{"not decoded, where nothing is to decode", CHAIN, LIST_ALL, SAID(OK, "012u"), BAD_PAYLOAD},
	{"payloads worse than lists", CHAIN, LIST_ALL, SAID(OK, "0h2"), BAD_CAPS},
	{"an unknown id decoded", STRANGERS, LIST_ALL, SAID(OK, "01 2d"), BAD_PAYLOAD},
	{"decodes none", CHAIN, LIST_BARE, SAID(OK, "0u1u2u"), FINE},
	{"what is not declared as decoded", CHAIN, LIST_BARE, SAID(OK, "0h1f2d"), FINE},
	{"decodes one, not the other", CHAIN, LIST_1_2, SAID(OK, "01u"), FINE},
	{"decodes one wrongly", CHAIN, LIST_1_2, SAID(OK, "0c1u"), BAD_PAYLOAD},

	/* Ids that a parser declares. */
	{"fewer ids", CHAIN, LIST_1_2, SAID(OK, "01"), FINE},
	{"an id not declared", CHAIN, LIST_1_2, SAID(OK, "012"), BAD_CAPS},
	{"a declared id left out", CHAIN, LIST_1_2, SAID(OK, "1"), BAD_CAPS},
	{"declared ids that are not there", CHAIN, READS(LIST, INFO_ID(5), INFO_ID(5)),
	 SAID(ABSENT, ""), FINE},
	{"the same, said as ok", CHAIN, READS(LIST, INFO_ID(5), INFO_ID(5)), SAID(OK, ""), FINE},
	{"unknown ids", STRANGERS, LIST_ALL, SAID(OK, "012"), FINE},
	{"one of two unknown ids", STRANGERS, LIST_ALL, SAID(OK, "01"), BAD_CAPS},
	{"unknown ids are no duplicates, id 0", STRANGERS_ODD, LIST_ALL, SAID(OK, "12"), BAD_CAPS},
	{"unknown ids are no duplicates, id 4 of iommu", STRANGERS_IOMMU, LIST_ALL, SAID(OK, "02"),
	 BAD_CAPS},

	/* Lookups. */
	{"lookup", CHAIN, FIND(2), SAID(OK, "1"), FINE},
	{"lookup of what is not there", CHAIN, FIND(5), SAID(ABSENT, ""), FINE},
	{"lookup misses", CHAIN, FIND(2), SAID(ABSENT, ""), BAD_CAPS},
	{"lookup finds another", CHAIN, FIND(2), SAID(OK, "0"), BAD_CAPS},
	{"lookups in any order", CHAIN, FIND_TWO(1, 3), SAID(OK, "20"), FINE},
	{"lookups, one missing", CHAIN, FIND_TWO(1, 3), SAID(OK, "2"), BAD_CAPS},
	{"lookups, one not there", CHAIN, FIND_TWO(1, 5), SAID(OK, "0"), FINE},
	{"lookup takes one twice", CHAIN, FIND(2), SAID(OK, "11"), BAD_CAPS},
	{"lookup of an unknown id", STRANGERS, FIND(60), SAID(OK, "0"), FINE},

	/* Lookups in a chain that is bad after the match. */
	{"match before the loop", LOOP, FIND(2), SAID(OK, "0"), AFTER},
	{"match before the cut", CUT, FIND(2), SAID(OK, "0"), AFTER},
	{"two matches before the loop", LOOP, FIND_TWO(2, 3), SAID(OK, "10"), AFTER},
	{"unknown id before the loop", LOOP_STRANGER, FIND(60), SAID(OK, "0"), AFTER},
	{"first before the loop", LOOP_DUP, FIND(2), SAID(OK, "0"), AFTER},
	{"a lookup may refuse the loop", LOOP, FIND(2), SAID(REJECT, ""), FINE},
	{"a lookup may refuse the cut", CUT, FIND(2), SAID(TRUNCATED, ""), FINE},
	{"match before the loop missed", LOOP, FIND(2), SAID(ABSENT, ""), BAD_CAPS},
	{"match before the loop, wrong payload", LOOP, FIND(2), SAID(OK, "0f"), BAD_PAYLOAD},
	{"one of two before the loop", LOOP, FIND_TWO(2, 3), SAID(OK, "0"), BAD_CAPS},
	{"no match before the loop, ok", LOOP, FIND(1), SAID(OK, ""), ACCEPTS},
	{"no match before the loop, absent", LOOP, FIND(1), SAID(ABSENT, ""), MISSES},
	{"no match before the cut, absent", CUT, FIND(3), SAID(ABSENT, ""), MISSES},
	{"one of two is not before the loop", LOOP, FIND_TWO(1, 2), SAID(OK, "0"), ACCEPTS},
	{"a list has no match", LOOP, READS(LIST, INFO_ID(2), INFO_ID(2)), SAID(OK, "0"), ACCEPTS},

	/* duplicate-id: first, last or all. */
	{"dup: all", DUP, LIST_ALL, SAID(OK, "0123"), FINE},
	{"dup: first", DUP, LIST_ALL, SAID(OK, "01"), CHOICE},
	{"dup: last", DUP, LIST_ALL, SAID(OK, "13"), CHOICE},
	{"dup: middle", DUP, LIST_ALL, SAID(OK, "12"), BAD_CAPS},
	{"dup: none", DUP, LIST_ALL, SAID(OK, "1"), BAD_CAPS},
	{"dup: two of three", DUP, LIST_ALL, SAID(OK, "012"), BAD_CAPS},
	{"dup: another order", DUP, LIST_ALL, SAID(OK, "0132"), BAD_CAPS},
	{"dup: the other one is left out", DUP, LIST_ALL, SAID(OK, "023"), BAD_CAPS},
	{"dup: payload of the first", DUP, LIST_ALL, SAID(OK, "0f1"), BAD_PAYLOAD},
	{"dup: rejected", DUP, LIST_ALL, SAID(REJECT, ""), REFUSES},
	{"dup: lookup takes the first", DUP, FIND_TWO(2, 3), SAID(OK, "01"), FINE},
	{"dup: lookup takes the last", DUP, FIND_TWO(2, 3), SAID(OK, "31"), CHOICE},
	{"dup: lookup takes all", DUP, FIND_TWO(2, 3), SAID(OK, "0231"), CHOICE},
	{"dup: lookup takes the middle", DUP, FIND_TWO(2, 3), SAID(OK, "21"), BAD_CAPS},

	/* newer-version and version-zero: decoded, undecoded or left out. */
	{"newer: decoded", NEWER, LIST_ALL, SAID(OK, "01"), FINE},
	{"newer: undecoded", NEWER, LIST_ALL, SAID(OK, "0u1"), CHOICE},
	{"newer: undecoded by all means", NEWER, LIST_BARE, SAID(OK, "0u1"), FINE},
	{"newer: left out", NEWER, LIST_ALL, SAID(OK, "1"), CHOICE},
	{"newer: left out by a lookup", NEWER, FIND(2), SAID(ABSENT, ""), CHOICE},
	{"newer: decoded wrongly", NEWER, LIST_ALL, SAID(OK, "0f1"), BAD_PAYLOAD},
	{"newer: the other one is left out", NEWER, LIST_ALL, SAID(OK, "0"), BAD_CAPS},
	{"newer: as an old one", NEWER, LIST_ALL, SAID(OK, "0v1"), BAD_CAPS},
	{"newer: rejected", NEWER, LIST_ALL, SAID(REJECT, ""), REFUSES},
	{"newer: truncated", NEWER, LIST_ALL, SAID(TRUNCATED, ""), REFUSES},
	{"zero: undecoded", ZERO, LIST_ALL, SAID(OK, "01"), FINE},
	{"zero: decoded", ZERO, LIST_ALL, SAID(OK, "0d1"), CHOICE},
	{"zero: left out", ZERO, LIST_ALL, SAID(OK, "1"), CHOICE},
	{"zero: left out by a lookup", ZERO, FIND(2), SAID(ABSENT, ""), CHOICE},
	{"zero: the other one is left out", ZERO, LIST_ALL, SAID(OK, "0"), BAD_CAPS},
	{"zero: rejected", ZERO, LIST_ALL, SAID(REJECT, ""), REFUSES},

	/* misaligned, overlap: delivered or rejected. flag-without-chain: absent or truncated. */
	{"misaligned: delivered", MISALIGNED, LIST_ALL, SAID(OK, "01"), FINE},
	{"misaligned: rejected", MISALIGNED, LIST_ALL, SAID(REJECT, ""), CHOICE},
	{"misaligned: truncated", MISALIGNED, LIST_ALL, SAID(TRUNCATED, ""), REFUSES},
	{"misaligned: left out", MISALIGNED, LIST_ALL, SAID(OK, "1"), BAD_CAPS},
	{"misaligned: absent", MISALIGNED, LIST_ALL, SAID(ABSENT, ""), BAD_CAPS},
	{"overlap: delivered", OVERLAP, LIST_ALL, SAID(OK, "01"), FINE},
	{"overlap: rejected", OVERLAP, LIST_ALL, SAID(REJECT, ""), CHOICE},
	{"overlap: truncated", OVERLAP, LIST_ALL, SAID(TRUNCATED, ""), REFUSES},
	{"overlap: left out", OVERLAP, LIST_ALL, SAID(OK, "0"), BAD_CAPS},
	{"areas: delivered", AREAS_OVERLAP, LIST_ALL, SAID(OK, "01"), FINE},
	{"areas: rejected", AREAS_OVERLAP, LIST_ALL, SAID(REJECT, ""), CHOICE},
	{"areas: rejected by a lookup", AREAS_OVERLAP, FIND(1), SAID(REJECT, ""), CHOICE},
	{"areas: truncated", AREAS_OVERLAP, LIST_ALL, SAID(TRUNCATED, ""), REFUSES},
	{"areas: absent", AREAS_OVERLAP, LIST_ALL, SAID(ABSENT, ""), BAD_CAPS},
	{"areas: left out", AREAS_OVERLAP, LIST_ALL, SAID(OK, "1"), BAD_CAPS},
	{"areas: one of them", AREAS_OVERLAP, LIST_ALL, SAID(OK, "0c1"), BAD_PAYLOAD},
	{"flag: absent", FLAG_ALONE, LIST_ALL, SAID(ABSENT, ""), FINE},
	{"flag: ok with nothing", FLAG_ALONE, LIST_ALL, SAID(OK, ""), FINE},
	{"flag: truncated", FLAG_ALONE, LIST_ALL, SAID(TRUNCATED, ""), CHOICE},
	{"flag: rejected", FLAG_ALONE, LIST_ALL, SAID(REJECT, ""), REFUSES},
	{"flag: any delivered", FLAG_ALONE, LIST_ALL, SAID(OK, "x"), BAD_CAPS},

	/* Several notes: each choice with each other, and what no choice gives. */
	{"dup, newer: all", DUP_NEWER, LIST_ALL, SAID(OK, "012"), FINE},
	{"dup, newer: undecoded", DUP_NEWER, LIST_ALL, SAID(OK, "01u2"), CHOICE},
	{"dup, newer: newer left out", DUP_NEWER, LIST_ALL, SAID(OK, "02"), CHOICE},
	{"dup, newer: first", DUP_NEWER, LIST_ALL, SAID(OK, "0"), CHOICE},
	{"dup, newer: last", DUP_NEWER, LIST_ALL, SAID(OK, "2"), CHOICE},
	{"dup, newer: middle", DUP_NEWER, LIST_ALL, SAID(OK, "1"), BAD_CAPS},
	{"dup, newer: two of three", DUP_NEWER, LIST_ALL, SAID(OK, "01"), BAD_CAPS},
	{"dup, newer: none", DUP_NEWER, LIST_ALL, SAID(OK, ""), BAD_CAPS},
	{"dup, zero: lookup takes it", DUP_ZERO, FIND(2), SAID(OK, "0"), FINE},
	{"dup, zero: lookup passes it", DUP_ZERO, FIND(2), SAID(OK, "1"), CHOICE},
	{"dup, zero: zero left out", DUP_ZERO, LIST_ALL, SAID(OK, "12"), CHOICE},
	{"dup, zero: two of three", DUP_ZERO, LIST_ALL, SAID(OK, "01"), BAD_CAPS},
	{"dup, both: zero left out", DUP_BOTH, LIST_ALL, SAID(OK, "123"), CHOICE},
	{"dup, both: newer left out", DUP_BOTH, LIST_ALL, SAID(OK, "023"), CHOICE},
	{"dup, both: both left out", DUP_BOTH, LIST_ALL, SAID(OK, "23"), CHOICE},
	{"dup, both: first of what is left", DUP_BOTH, LIST_ALL, SAID(OK, "2"), CHOICE},
	{"dup, both: neither first nor last", DUP_BOTH, LIST_ALL, SAID(OK, "13"), BAD_CAPS},
	{"dup, both: lookup takes all", DUP_BOTH, FIND(2), SAID(OK, "0123"), CHOICE},
	{"all newer: left out", ALL_NEWER, LIST_ALL, SAID(OK, ""), CHOICE},
	{"all newer: last", ALL_NEWER, LIST_ALL, SAID(OK, "2"), CHOICE},
	{"all newer: middle", ALL_NEWER, LIST_ALL, SAID(OK, "1"), BAD_CAPS},
	{"newer, misaligned: left out", NEWER_MISALIGNED, LIST_ALL, SAID(OK, ""), CHOICE},
	{"newer, misaligned: rejected", NEWER_MISALIGNED, LIST_ALL, SAID(REJECT, ""), CHOICE},
	{"newer, misaligned: truncated", NEWER_MISALIGNED, LIST_ALL, SAID(TRUNCATED, ""), REFUSES},
	{"newer, misaligned: decoded wrongly", NEWER_MISALIGNED, LIST_ALL, SAID(OK, "0f"),
	 BAD_PAYLOAD},
	{"dup, misaligned: last", DUP_MISALIGNED, LIST_ALL, SAID(OK, "1"), CHOICE},
	{"dup, misaligned: none", DUP_MISALIGNED, LIST_ALL, SAID(OK, ""), BAD_CAPS},
};

static struct spec *spec;

/* Reads buffer @name into @spec. */
static enum info_kind read_buffer(enum buffer_name name)
{
	static uint8_t bytes[INFO_LEN_MAX];
	char error[TEXT_ERROR_SIZE];
	struct chain chain;
	enum info_kind kind;

	if (text_load("buffer", buffers[name].text, strlen(buffers[name].text), &chain, error))
		fail_msg("%s", error);
	kind = chain.kind;
	chain_write(&chain, bytes);
	spec_read(bytes, chain.len, kind, spec);
	chain_free(&chain);
	return kind;
}

/*
 * Changes a capability: u undecoded, d decoded to nonsense, n without what version 2 of ZPCI_GROUP
 * added, the others one member each.
 */
static void twist(struct info_cap *cap, char letter)
{
	const struct info_cap undecoded = {
		.offset = cap->offset, .id = cap->id, .version = cap->version};

	assert_non_null(strchr("udflchoivn", letter));
	if (letter == 'u' || letter == 'd')
		*cap = undecoded;
	cap->decoded |= letter == 'd';
	cap->field[0] += letter == 'd' || letter == 'f';
	cap->field[INFO_FIELDS - 1] += letter == 'l';
	cap->field[7] *= letter != 'n';
	cap->count += letter == 'c';
	cap->hash ^= letter == 'h';
	cap->offset += letter == 'o' ? 4 : 0;
	cap->id = (uint16_t)(cap->id + (letter == 'i'));
	cap->version = (uint16_t)(cap->version - (letter == 'v'));
}

/* The capabilities that @took names; `x` is one that no buffer has. */
static size_t take(const char *took, struct info_cap caps[TAKEN_MAX])
{
	size_t n = 0;

	for (; *took; took++) {
		if (*took == ' ')
			continue;
		assert_within(n, 0, TAKEN_MAX - 1);
		if (*took == 'x') {
			caps[n++] = (struct info_cap){.offset = 32, .id = 3, .version = 1};
			continue;
		}
		assert_within(*took, '0', '0' + (int)spec->ncaps - 1);
		caps[n++] = spec->caps[*took - '0'].cap;
		if (took[1] >= 'a' && took[1] < 'x')
			twist(&caps[n - 1], *++took);
	}
	return n;
}

/* The newest version that the reader of ask() knows. */
static uint32_t newest;

/* What compare() makes of an answer on the buffer in @spec. */
static struct comparison ask(enum info_kind kind, const struct info_reads *reads,
			     enum verdict verdict, const char *took)
{
	struct info_parser parser = {.name = "one", .newest = newest};
	struct info_cap caps[TAKEN_MAX];
	const struct walk_result walk = {
		.verdict = verdict, .caps = caps, .ncaps = take(took, caps)};

	parser.reads[kind] = *reads;
	return compare(&parser, spec, &walk);
}

static void test_buffer(void **state)
{
	const struct buffer *const buffer = *state;

	read_buffer((enum buffer_name)(buffer - buffers));
	assert_int_equal(spec->class, buffer->class);
	assert_int_equal(spec->notes & NOTES_ODD, buffer->odd);
	assert_int_equal(spec->ncaps, buffer->ncaps);
}

static void test_row(void **state)
{
	const struct row *const row = *state;
	const struct comparison found =
		ask(read_buffer(row->buffer), &row->reads, row->verdict, row->took);

	assert_string_equal(disagreement_name(found.disagreement),
			    disagreement_name(row->disagreement));
	assert_int_equal(found.policy, row->how == POLICY);
	assert_int_equal(found.after_match, row->how == AFTER_MATCH);
}

/* The table of classes; @took is what a reader of everything has where the verdict is ok. */
static const struct {
	enum buffer_name buffer;
	const char *took;
	enum disagreement cell[VERDICT_OOB];
} cells[] = {
	{CHAIN, "012", {AGREES, WRONG_CAPS, REJECTS_VALID, REJECTS_VALID, AGREES}},
	{NO_CHAIN, "", {AGREES, AGREES, REJECTS_VALID, REJECTS_VALID, AGREES}},
	{CUT, "0", {ACCEPTS_MALFORMED, ABSENT_FOR_UNREADABLE, AGREES, AGREES, AGREES}},
	{LOOP, "01", {ACCEPTS_MALFORMED, ABSENT_FOR_UNREADABLE, AGREES, AGREES, AGREES}},
};

static void test_cells(void **state)
{
	static const struct info_reads all = LIST_ALL;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cells); i++) {
		const enum info_kind kind = read_buffer(cells[i].buffer);

		for (enum verdict verdict = 0; verdict < VERDICTS; verdict++) {
			const char *const took = verdict == VERDICT_OK ? cells[i].took : "";
			const struct comparison found = ask(kind, &all, verdict, took);
			const enum disagreement want =
				verdict < VERDICT_OOB ? cells[i].cell[verdict] : FAULT;

			if (found.disagreement != want || found.policy || found.after_match)
				fail_msg("%s on %s is `%s`, not `%s`", verdict_name(verdict),
					 buffers[cells[i].buffer].text,
					 disagreement_name(found.disagreement),
					 disagreement_name(want));
		}
	}
}

/* Of a later version a reader has what it knows: fields that came since are 0, and no others. */
static void test_newest_version_that_is_known(void **state)
{
	static const struct {
		uint32_t newest;
		const char *took;
		enum disagreement disagreement;
		bool policy;
	} known[] = {
		{0, "0", AGREES, false},	 {0, "0n", WRONG_PAYLOAD, false},
		{1, "0n", AGREES, true},	 {1, "0", AGREES, false},
		{1, "0f", WRONG_PAYLOAD, false}, {2, "0n", WRONG_PAYLOAD, false},
	};
	static const struct info_reads all = LIST_ALL;
	const enum info_kind kind = read_buffer(GROUP);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct comparison found;

		newest = known[i].newest;
		found = ask(kind, &all, VERDICT_OK, known[i].took);
		assert_int_equal(found.disagreement, known[i].disagreement);
		assert_int_equal(found.policy, known[i].policy);
	}
	newest = 0;
}

/* What was delivered before a refusal or a fault is shown, and not compared. */
static void test_prefix_is_not_compared(void **state)
{
	static const enum verdict refusals[] = {VERDICT_TRUNCATED, VERDICT_REJECT};
	static const struct info_reads all = LIST_ALL;
	const enum info_kind kind = read_buffer(LOOP);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++)
		assert_int_equal(ask(kind, &all, refusals[i], "1x0f").disagreement, AGREES);
	assert_int_equal(ask(kind, &all, VERDICT_RUNAWAY, "01").disagreement, FAULT);
}

/*
 * RULES.md calls the first match right where the chain is bad after it, and a set of answers is
 * for odd buffers alone. A reader that got the second must not pass for one that got the first.
 */
static void test_last_match_before_a_loop(void **state)
{
	static const struct info_reads find = FIND(2);
	const struct comparison found = ask(read_buffer(LOOP_DUP), &find, VERDICT_OK, "1");

	(void)state;
	assert_true(found.disagreement != AGREES || found.policy);
}

/* How a hardened or trusting parser's refusal of the buffer at hand is classed. */
static enum disagreement refuse(enum info_trust trust, enum verdict verdict, const char *reason,
				uint32_t need)
{
	const struct info_parser parser = {
		.name = "one", .trust = trust, .reads = {LIST_ALL, LIST_ALL, LIST_ALL}};
	const struct walk_result walk = {.verdict = verdict, .reason = reason, .need = need};

	return compare(&parser, spec, &walk).disagreement;
}

/*
 * A hardened parser has to refuse as the reference does: verdict, need, and rule where it names
 * one.
 */
static void test_refusals_of_the_hardened(void **state)
{
	(void)state;
	read_buffer(LOOP);
	assert_int_equal(refuse(INFO_HARDENED, VERDICT_REJECT, "loop", 0), AGREES);
	assert_int_equal(refuse(INFO_HARDENED, VERDICT_REJECT, "of-its-own", 0), AGREES);
	assert_int_equal(refuse(INFO_HARDENED, VERDICT_REJECT, "next-oob", 0), WRONG_REFUSAL);
	assert_int_equal(refuse(INFO_HARDENED, VERDICT_TRUNCATED, NULL, 99), WRONG_REFUSAL);
	assert_int_equal(refuse(INFO_TRUSTING, VERDICT_TRUNCATED, NULL, 99), AGREES);
	assert_int_equal(refuse(INFO_TRUSTING, VERDICT_REJECT, "next-oob", 0), AGREES);
}

static int set_up(void **state)
{
	(void)state;
	spec = spec_new();
	return spec ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	spec_free(spec);
	return 0;
}

static struct CMUnitTest test_of(const char *name, CMUnitTestFunction test, const void *row)
{
	/* cmocka's state is not const; the tests only read it. */
	return (struct CMUnitTest){
		.name = name, .test_func = test, .initial_state = (void *)(uintptr_t)row};
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_newest_version_that_is_known),
		cmocka_unit_test(test_prefix_is_not_compared),
		cmocka_unit_test(test_last_match_before_a_loop),
		cmocka_unit_test(test_refusals_of_the_hardened),
	};
	static struct CMUnitTest tests[BUFFERS + COUNT_OF(rows) + COUNT_OF(single)];
	size_t n = 0;

	for (size_t i = 0; i < BUFFERS; i++)
		tests[n++] = test_of(buffers[i].text, test_buffer, &buffers[i]);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[n++] = test_of(rows[i].name, test_row, &rows[i]);
	memcpy(tests + n, single, sizeof(single));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
