/* SPDX-License-Identifier: MIT */
/*
 * Tests of judge.c with parsers of its own that answer from a script: which reference each is held
 * to, what its bucket says, which set of verdicts a buffer has, and who broke a promise. How an
 * answer is classed is compare_test.c's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge.h"
#include "ledger.h"
#include "../sandbox/faulty.h"
#include "../text/text.h"
#include "../within.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* How many scripted parsers there are, and how much of a buffer each remembers. */
#define SCRIPTS	 4
#define SEEN_MAX 128

typedef struct info_answer read_function(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind);

/*
 * What a parser does: @instead where there is one, else it says @says where it lies, else what the
 * reference says. Then what it saw.
 */
struct script {
	read_function *instead;
	bool lies;
	struct info_answer says;
	unsigned int runs;
	uint32_t len;
	uint8_t seen[SEEN_MAX];
};

static struct script scripts[SCRIPTS];
static struct spec *reference;

static struct info_answer say_reference(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	for (size_t i = 0; i < reference->ncaps; i++)
		walk_deliver(walk, &reference->caps[i].cap);
	return (struct info_answer){reference->verdict, reference->need,
				    rule_name(reference->rule)};
}

static struct info_answer play(size_t i, struct walk *walk, const void *info, uint32_t len,
			       enum info_kind kind)
{
	struct script *const script = &scripts[i];

	script->runs++;
	script->len = len;
	memcpy(script->seen, info, len < SEEN_MAX ? len : SEEN_MAX);
	if (script->instead)
		return script->instead(walk, info, len, kind);
	return script->lies ? script->says : say_reference(walk, info, len, kind);
}

#define SCRIPTED(i)                                                                                \
	static struct info_answer read_##i(struct walk *walk, const void *info, uint32_t len,      \
					   enum info_kind kind)                                    \
	{                                                                                          \
		return play(i, walk, info, len, kind);                                             \
	}
SCRIPTED(0)
SCRIPTED(1)
SCRIPTED(2)
SCRIPTED(3)

#define LIST_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

static const struct info_parser templates[SCRIPTS] = {
	{.name = "adam", .reads = {LIST_ALL, LIST_ALL, LIST_ALL}, .read = read_0},
	{.name = "bert", .reads = {LIST_ALL, LIST_ALL, LIST_ALL}, .read = read_1},
	{.name = "carl", .reads = {LIST_ALL, LIST_ALL, LIST_ALL}, .read = read_2},
	{.name = "dora", .reads = {LIST_ALL, LIST_ALL, LIST_ALL}, .read = read_3},
};

/* The parsers of one test, which it may edit before new_judge(). */
static struct info_parser parsers[SCRIPTS];
static struct judge *judge;

/* Opens the judge of one test anew, over the first @count of them; end() frees it. */
static void new_judge(size_t count)
{
	const struct info_parser *table[SCRIPTS];
	char error[512] = "";

	for (size_t i = 0; i < count; i++)
		table[i] = &parsers[i];
	judge_free(judge);
	judge = judge_new(table, count, error, sizeof(error));
	if (!judge)
		fail_msg("%s", error);
	/* This file is built without hooks; its parsers end by themselves all the same. */
	memset(judge->hooked, 1, count);
	/* cmocka puts handlers of its own around each test. */
	sandbox_take_signals();
}

/* Judges the buffer that @text describes; its bytes stay until the next one. */
static void judge_text(const char *text)
{
	static uint8_t bytes[INFO_LEN_MAX];
	char error[TEXT_ERROR_SIZE];
	struct chain chain;

	if (text_load("buffer", text, strlen(text), &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, bytes);
	judge_read(judge, bytes, chain.len, chain.kind);
	chain_free(&chain);
}

static int start_afresh(void **state)
{
	(void)state;
	memset(scripts, 0, sizeof(scripts));
	memcpy(parsers, templates, sizeof(parsers));
	reference = spec_new();
	return reference ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	spec_free(reference);
	judge_free(judge);
	judge = NULL;
	return 0;
}

#define PLAIN	    "{kind: region, caps: [{id: TYPE}, {id: MSIX_MAPPABLE}]}"
#define PLAIN_LATER "{kind: region, caps: [{at: 64, id: TYPE, type: 7}, {id: MSIX_MAPPABLE}]}"
#define NO_CHAIN    "{kind: region}"
#define NO_CHAIN_24 "{kind: region, len: 64, info: {argsz: 40}}"
#define TWO_ODD	    "{kind: region, caps: [{id: TYPE, version: 2}, {id: TYPE}]}"
#define THREE_ODD   "{kind: region, caps: [{id: TYPE, version: 2}, {id: TYPE}, {at: 65, id: 77}]}"
#define FLAG_ALONE  "{kind: region, info: {flags: CAPS}}"
#define CUT	    "{kind: region, len: 48, info: {argsz: 96}, caps: [{id: TYPE, next: 64}]}"
#define CUT_ODD                                                                                    \
	"{kind: region, len: 48, info: {argsz: 96}, caps: [{id: TYPE, version: 0, next: 64}]}"
#define BAD	"{kind: region, caps: [{id: TYPE, next: 0x1000}]}"
#define BAD_ODD "{kind: region, caps: [{id: TYPE, version: 2, next: 0x1000}]}"

#define SAYS(verdict_) NULL, VERDICT_##verdict_
#define DOES(fault)    faulty_##fault, VERDICT_ABSTAIN

/* One answer, its bucket, and whose promise it breaks. */
static const struct row {
	const char *text;
	read_function *does;
	enum verdict says;
	const char *bucket;
	bool breaks_trusting;
	bool breaks_hardened;
} rows[] = {
	{PLAIN, SAYS(ABSENT), "adam:absent:wrong-caps:ok", true, true},
	{PLAIN, SAYS(REJECT), "adam:reject:rejects-valid:ok", true, true},
	{PLAIN, SAYS(TRUNCATED), "adam:truncated:rejects-valid:ok", true, true},
	{PLAIN, SAYS(ABSTAIN), "adam:abstain::ok", false, false},
	{NO_CHAIN, SAYS(ABSENT), "adam:absent::absent", false, false},
	{NO_CHAIN, SAYS(OK), "adam:ok::absent", false, false},
	{NO_CHAIN, SAYS(REJECT), "adam:reject:rejects-valid:absent", true, true},
	/* Odd: nothing binds a trusting parser; a hardened one has the choice that the notes leave.
	 */
	{TWO_ODD, SAYS(ABSENT), "adam:absent:wrong-caps:newer-version", false, true},
	{TWO_ODD, SAYS(REJECT), "adam:reject:rejects-valid:newer-version", false, true},
	{THREE_ODD, SAYS(TRUNCATED), "adam:truncated:rejects-valid:misaligned", false, true},
	{THREE_ODD, SAYS(REJECT), "adam:reject::misaligned", false, false},
	{FLAG_ALONE, SAYS(REJECT), "adam:reject:rejects-valid:flag-without-chain", false, true},
	{FLAG_ALONE, SAYS(TRUNCATED), "adam:truncated::flag-without-chain", false, false},
	/* Truncated and malformed: the rule comes before a note, a note before the verdict. */
	{CUT, SAYS(OK), "adam:ok:accepts-malformed:truncated", false, true},
	{CUT, SAYS(ABSENT), "adam:absent:absent-for-unreadable:truncated", false, true},
	{CUT, SAYS(TRUNCATED), "adam:truncated::truncated", false, false},
	{CUT_ODD, SAYS(OK), "adam:ok:accepts-malformed:version-zero", false, true},
	{BAD, SAYS(OK), "adam:ok:accepts-malformed:next-oob", false, true},
	{BAD, SAYS(REJECT), "adam:reject::next-oob", false, false},
	{BAD_ODD, SAYS(ABSENT), "adam:absent:absent-for-unreadable:next-oob", false, true},
	/* Faults; a hardened parser may not even look past argsz. */
	{NO_CHAIN, DOES(aborts), "adam:crash:fault:absent", true, true},
	{NO_CHAIN, DOES(load_past), "adam:oob:fault:absent", true, true},
	{NO_CHAIN, DOES(store_inside), "adam:wrote:fault:absent", true, true},
	{NO_CHAIN, DOES(loop_of_copies), "adam:runaway:fault:absent", true, true},
	{BAD, DOES(aborts), "adam:crash:fault:next-oob", false, true},
	{CUT, DOES(load_past), "adam:oob:fault:truncated", false, true},
	{THREE_ODD, DOES(store_inside), "adam:wrote:fault:misaligned", false, true},
};

static void test_row(void **state)
{
	const struct row *const row = *state;

	for (enum info_trust trust = INFO_TRUSTING; trust <= INFO_HARDENED; trust++) {
		const bool breaks = trust ? row->breaks_hardened : row->breaks_trusting;
		char bucket[BUCKET_MAX];

		parsers[0].trust = trust;
		new_judge(1);
		scripts[0].instead = row->does;
		scripts[0].lies = true;
		judge_text(row->text);
		/* A right truncated says the right argsz. */
		scripts[0].says = (struct info_answer){row->says, judge->spec->need, "because"};
		judge_text(row->text);
		judged_bucket(&judge->judged[0], bucket);
		assert_string_equal(bucket, row->bucket);
		assert_int_equal(judged_breaks(&judge->judged[0]), breaks);
		assert_ptr_equal(judge_broken(judge), breaks ? &judge->judged[0] : NULL);
		assert_string_equal(judged_reason(&judge->judged[0]),
				    row->says == VERDICT_REJECT ? "because" : "");
		scripts[0].instead = NULL;
	}
}

/* Who says what the reference says keeps every promise. */
static void test_honest(void **state)
{
	(void)state;
	parsers[0].trust = INFO_HARDENED;
	new_judge(2);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		judge_text(rows[i].text);
		assert_int_equal(judge->judged[0].disagreement, AGREES);
		assert_int_equal(judge->judged[1].disagreement, AGREES);
		assert_null(judge_broken(judge));
	}
}

/* Bytes past argsz: only a hardened parser must not read them. */
static void test_stale(void **state)
{
	(void)state;
	parsers[0].trust = INFO_HARDENED;
	new_judge(2);
	scripts[0].instead = scripts[1].instead = faulty_reads_stale;
	judge_text(NO_CHAIN_24);
	assert_int_equal(judge->judged[0].walk.verdict, VERDICT_STALE);
	assert_ptr_equal(judge_broken(judge), &judge->judged[0]);
	assert_int_equal(judge->judged[1].walk.verdict, VERDICT_OK);
	assert_true(judge->judged[1].walk.stale);
	assert_int_equal(judge->judged[1].disagreement, AGREES);
}

/* The ledger excuses the kernel selftest's refusal of a valid chain, and nothing beside it. */
static void test_ledger(void **state)
{
	static const char text[] = "{kind: iommu, caps: [{at: 20, id: DMA_AVAIL}]}";
	static const char back[] =
		"{kind: iommu, info: {cap_offset: 40}, caps: [{at: 40, id: DMA_AVAIL, "
		"next: 24}, {at: 24, id: 99, next: 0}]}";
	const uint32_t backward = NOTE_BIT(NOTE_BACKWARD), other = NOTE_BIT(NOTE_ALIGN4);

	(void)state;
	assert_non_null(ledger_find("ksft-vfio:reject:rejects-valid:ok", INFO_IOMMU, 0));
	assert_non_null(ledger_find("monotonic:reject:rejects-valid:ok", INFO_REGION, backward));
	assert_non_null(
		ledger_find("monotonic:reject:rejects-valid:ok", INFO_REGION, backward | other));
	/* Its note has to hold. */
	assert_null(ledger_find("monotonic:reject:rejects-valid:ok", INFO_REGION, other));
	assert_null(ledger_find("monotonic:reject:rejects-valid:ok", INFO_REGION, 0));
	assert_null(ledger_find("ksft-vfio:reject:wrong-caps:ok", INFO_IOMMU, 0));
	assert_null(ledger_find("ksft-vfio:ok:wrong-caps:ok", INFO_IOMMU, 0));
	assert_null(ledger_find("", INFO_REGION, backward));
	/* What is said of one kind excuses no other. */
	assert_non_null(ledger_find("qemu:oob:fault:ok", INFO_DEVICE, 0));
	assert_null(ledger_find("qemu:oob:fault:ok", INFO_REGION, 0));
	assert_null(ledger_find("qemu:oob:fault:ok", INFO_IOMMU, 0));
	parsers[0].name = "ksft-vfio";
	parsers[1].name = "monotonic";
	new_judge(2);
	scripts[0].lies = scripts[1].lies = true;
	scripts[0].says = scripts[1].says = answer_reject("into-header");
	judge_text(text);
	assert_true(judged_breaks(&judge->judged[0]));
	/* Excused, so the next one is the first. */
	assert_ptr_equal(judge_broken(judge), &judge->judged[1]);
	scripts[1].lies = false;
	judge_text(text);
	assert_null(judge_broken(judge));
	/* Only what is in the ledger is excused. */
	scripts[0].says = answer(VERDICT_ABSENT);
	judge_text(text);
	assert_ptr_equal(judge_broken(judge), &judge->judged[0]);
	/* Nor is the same bucket on a buffer without the note. */
	scripts[0].lies = false;
	scripts[1].lies = true;
	judge_text(back);
	assert_null(judge_broken(judge));
	judge_text(text);
	assert_ptr_equal(judge_broken(judge), &judge->judged[1]);
	assert_null(judged_excuse(&judge->judged[1]));
}

/* What a new divergence prints; ledger_test.py pastes it. */
/* As many parsers as there may be are all asked, and one more is refused. */
static void test_most_parsers(void **state)
{
	static struct info_parser many[INFO_PARSERS_MAX + 1];
	const struct info_parser *table[INFO_PARSERS_MAX + 1];
	char error[512] = "";

	(void)state;
	for (size_t i = 0; i <= INFO_PARSERS_MAX; i++) {
		many[i] = templates[0];
		table[i] = &many[i];
	}
	judge_free(judge);
	judge = judge_new(table, INFO_PARSERS_MAX + 1, error, sizeof(error));
	assert_null(judge);
	assert_string_equal(error, "more than 128 parsers");
	judge = judge_new(table, INFO_PARSERS_MAX, error, sizeof(error));
	assert_non_null(judge);
	memset(judge->hooked, 1, INFO_PARSERS_MAX);
	sandbox_take_signals();
	judge_text("{kind: region, caps: [{id: TYPE}]}");
	for (size_t i = 0; i < INFO_PARSERS_MAX; i++) {
		assert_int_equal(judge->judged[i].walk.verdict, VERDICT_OK);
		assert_int_equal(judge->judged[i].walk.ncaps, 1);
	}
	assert_true(scripts[0].runs >= INFO_PARSERS_MAX);
}

static void test_suggestion(void **state)
{
	const uint32_t notes = NOTE_BIT(NOTE_ALIGN4) | NOTE_BIT(NOTE_BACKWARD);
	char text[LEDGER_TEXT_MAX], longest[BUCKET_MAX];

	(void)state;
	ledger_suggest("naive:ok:wrong-caps:ok", INFO_REGION, 0, "regressions/x.yaml", text);
	assert_string_equal(text, "- bucket: naive:ok:wrong-caps:ok\n"
				  "  kind: region\n"
				  "  reason: \"\"    # why the parser may do this\n"
				  "  source: \"\"    # the file that shows it\n"
				  "  versions: \"\"  # of the program, that it holds for\n"
				  "  upstream: none  # or where it was reported\n"
				  "  review: \"\"    # the day by which to look again, YYYY-MM-DD\n"
				  "  witness: regressions/x.yaml\n");
	ledger_suggest("naive:ok:wrong-caps:ok", INFO_REGION, notes, "regressions/x.yaml", text);
	assert_non_null(strstr(text, "\n  notes: [align4, backward]    # "));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ledger_suggest(longest, INFO_REGION, UINT32_MAX, "regressions/x.yaml", text);
	assert_non_null(strstr(text, "  witness: regressions/x.yaml\n"));
}

/* A shorter buffer is filled up with zeros, a longer one cut with argsz left; each is read anew. */
static void test_fixed_size(void **state)
{
	static const uint8_t zeros[SEEN_MAX];

	(void)state;
	parsers[0].fixed_size = parsers[2].fixed_size = 64;
	parsers[1].fixed_size = 80;
	new_judge(4);
	judge_text("{kind: region, len: 40, fill: 0xa5, caps: [{id: MSIX_MAPPABLE}]}");
	assert_int_equal(scripts[0].len, 64);
	assert_memory_equal(scripts[0].seen, judge->info, 40);
	assert_memory_equal(scripts[0].seen + 40, zeros, 24);
	assert_int_equal(scripts[1].len, 80);
	assert_memory_equal(scripts[1].seen + 40, zeros, 40);
	assert_int_equal(scripts[3].len, 40);
	assert_int_equal(judge->judged[0].spec->bound, 40);
	assert_null(judge_broken(judge));

	judge_text("{kind: region, len: 128, fill: 0xa5, caps: [{id: TYPE, next: 96},"
		   "{at: 96, id: MSIX_MAPPABLE}]}");
	assert_memory_equal(scripts[0].seen, judge->info, 64);
	assert_int_equal(scripts[0].len, 64);
	assert_int_equal(scripts[3].len, 128);
	assert_int_equal(judge->judged[0].spec->argsz, 128);
	assert_int_equal(judge->judged[0].spec->verdict, VERDICT_TRUNCATED);
	assert_int_equal(judge->judged[0].walk.need, 128);
	assert_int_equal(judge->judged[3].spec->verdict, VERDICT_OK);
	assert_null(judge_broken(judge));

	judge_read(judge, NULL, 0, INFO_REGION);
	assert_int_equal(scripts[0].len, 64);
	assert_memory_equal(scripts[0].seen, zeros, 64);
	assert_int_equal(judge->judged[0].spec->rule, RULE_SHORT_ARGSZ);
	assert_int_equal(judge->spec->rule, RULE_SHORT_BUFFER);
}

/* Its promise is about what it holds: a plain whole that is cut binds no trusting parser. */
static void test_fixed_size_promise(void **state)
{
	char bucket[BUCKET_MAX];

	(void)state;
	parsers[0].fixed_size = 64;
	new_judge(1);
	scripts[0].lies = true;
	scripts[0].says = answer(VERDICT_ABSENT);
	judge_text("{kind: region, caps: [{id: TYPE, next: 96}, {at: 96, id: TYPE}]}");
	judged_bucket(&judge->judged[0], bucket);
	assert_string_equal(bucket, "adam:absent:absent-for-unreadable:truncated");
	assert_null(judge_broken(judge));
	/* The other way round: a header of zeros is there, where the caller's buffer ended. */
	judge_text("{kind: region, len: 48, info: {argsz: 64, flags: CAPS, cap_offset: 48}}");
	assert_int_equal(judge->spec->verdict, VERDICT_TRUNCATED);
	judged_bucket(&judge->judged[0], bucket);
	assert_string_equal(bucket, "adam:absent:wrong-caps:ok");
	assert_ptr_equal(judge_broken(judge), &judge->judged[0]);
}

static uint64_t signature(const char *text)
{
	judge_text(text);
	return judge_signature(judge);
}

static void test_signature(void **state)
{
	uint64_t plain, lied, refused;

	(void)state;
	new_judge(2);
	plain = signature(PLAIN);
	/* Bytes, offsets and loads take no part. */
	assert_int_equal(signature(PLAIN), plain);
	assert_int_equal(signature(PLAIN_LATER), plain);
	judge->judged[0].walk.loads += 1000;
	judge->judged[0].walk.offset = 77;
	judge->judged[1].walk.stale = true;
	assert_int_equal(judge_signature(judge), plain);
	/* A class: the same verdict, but wrong. */
	scripts[0].lies = true;
	lied = signature(PLAIN);
	assert_int_equal(judge->judged[0].walk.verdict, VERDICT_OK);
	assert_int_not_equal(lied, plain);
	/* A verdict and a reason. */
	scripts[0].says = answer_reject("loop");
	refused = signature(PLAIN);
	assert_int_not_equal(refused, lied);
	scripts[0].says = answer_reject("cycle");
	assert_int_not_equal(signature(PLAIN), refused);
	/* Who it was. */
	scripts[0].lies = false;
	scripts[1].lies = true;
	scripts[1].says = answer_reject("loop");
	assert_int_not_equal(signature(PLAIN), refused);
}

static void test_kind_not_read(void **state)
{
	unsigned int runs;

	(void)state;
	parsers[0].trust = INFO_HARDENED;
	parsers[0].reads[INFO_REGION].ids = 0;
	new_judge(1);
	runs = scripts[0].runs;
	judge_text(BAD);
	assert_int_equal(scripts[0].runs, runs);
	assert_int_equal(judge->judged[0].walk.verdict, VERDICT_ABSTAIN);
	assert_false(judge->judged[0].skipped);
	assert_null(judge_broken(judge));
	judge_text("{kind: device}");
	assert_int_equal(scripts[0].runs, runs + 1);
	assert_int_equal(judge->judged[0].walk.verdict, VERDICT_ABSENT);
}

/* Follows every next, as trusting programs do, until somebody would have to stop it. */
static struct info_answer follow(struct walk *walk, const void *info, uint32_t len,
				 enum info_kind kind)
{
	const uint8_t *const bytes = info;
	uint32_t at = (uint32_t)layout_load(bytes + layout_infos[kind].first.at, 4);

	(void)walk;
	for (unsigned int hops = 0; at && at + CAP_HEADER_SIZE <= len; hops++) {
		if (hops == INFO_LEN_MAX)
			return answer_reject("endless");
		at = (uint32_t)layout_load(bytes + at + CAP_HEADER_next, 4);
	}
	return answer(VERDICT_OK);
}

/* Nobody counts the loads of a parser without hooks: where it may loop, it is not run. */
static void test_skipped(void **state)
{
	/* Of all but the first, the reference stops before it comes back. */
	static const char *const endless[] = {
		"{kind: region, caps: [{id: TYPE, next: 32}]}",
		"{kind: region, info: {flags: CAPS, cap_offset: 16, size: 0x1000000000}}",
		"{kind: region, info: {argsz: 32}, caps: [{id: TYPE, next: 32}]}",
		"{kind: region, caps: [{id: SPARSE_MMAP, nr_areas: 0x10000000, next: 32}]}",
		"{kind: region, len: 44, info: {argsz: 64}, caps: [{id: TYPE, next: 32}]}",
		/* From 0, which some take for an offset: 0, 24, 24. */
		"{kind: region, info: {flags: 24, cap_offset: 0, offset: 0x1800000000}}",
	};

	(void)state;
	parsers[1].trust = INFO_HARDENED;
	new_judge(2);
	memset(judge->hooked, 0, 2);
	scripts[0].instead = follow;
	judge_text(PLAIN);
	assert_false(judge->judged[0].skipped);
	for (size_t i = 0; i < COUNT_OF(endless); i++) {
		judge_text(endless[i]);
		if (strcmp(judged_reason(&judge->judged[0]), "endless") == 0)
			fail_msg("would never end: %s", endless[i]);
		assert_true(judge->judged[0].skipped);
		assert_int_equal(judge->judged[0].walk.verdict, VERDICT_ABSTAIN);
		assert_int_equal(judge->judged[0].disagreement, AGREES);
		/* Who promises to end is run. */
		assert_false(judge->judged[1].skipped);
	}
}

static struct info_answer copy_argsz(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	uint32_t argsz;

	(void)info;
	(void)len;
	(void)kind;
	return answer(walk_copy_in(walk, &argsz, 0, 4) ? VERDICT_OK : VERDICT_ABSENT);
}

/* The loads of one parser and no other's. */
static void test_trace(void **state)
{
	static struct sandbox_trace trace;

	(void)state;
	parsers[2].reads[INFO_REGION].ids = 0;
	new_judge(3);
	scripts[0].instead = scripts[1].instead = copy_argsz;
	judge_text(NO_CHAIN);
	judge_trace(judge, judge->info, judge->len, INFO_REGION, 1, &trace);
	assert_int_equal(trace.count, 1);
	assert_int_equal(trace.loads[0].offset, 0);
	assert_int_equal(trace.loads[0].size, 4);
	judge_trace(judge, judge->info, judge->len, INFO_REGION, 2, &trace);
	assert_int_equal(trace.count, 0);
	judge_free(NULL);
}

/* Reports and signatures go by this order. */
static void test_registry_is_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < info_parser_count; i++)
		assert_true(strcmp(info_parsers[i - 1]->name, info_parsers[i]->name) < 0);
}

static const char *open_fine(void)
{
	return NULL;
}

static const char *open_refused(void)
{
	return "not today";
}

/* A parser that cannot be used here abstains, and is not run. */
static void test_closed(void **state)
{
	(void)state;
	parsers[1].open = open_refused;
	new_judge(2);
	assert_null(judge->judged[0].closed);
	assert_string_equal(judge->judged[1].closed, "not today");
	scripts[1].runs = 0;
	judge_text(PLAIN);
	assert_int_equal(scripts[1].runs, 0);
	assert_int_equal(judge->judged[1].walk.verdict, VERDICT_ABSTAIN);
	assert_int_equal(judge->nreaders, 1);
	assert_null(judge_broken(judge));
}

/*
 * A signature is the same with and without a parser that not every build has; its faults still
 * stop.
 */
static void test_not_everywhere(void **state)
{
	uint64_t without;

	(void)state;
	new_judge(1);
	without = signature(PLAIN);
	parsers[1].open = open_fine;
	parsers[1].trust = INFO_HARDENED;
	new_judge(2);
	assert_int_equal(signature(PLAIN), without);
	scripts[1].lies = true;
	scripts[1].says = answer_reject("loop");
	assert_int_equal(signature(PLAIN), without);
	assert_ptr_equal(judge_broken(judge), &judge->judged[1]);
}

/*
 * Where it runs on a share alone, that is about one buffer in SELDOM_SHARE, and the same ones
 * again.
 */
static void test_seldom(void **state)
{
	uint8_t info[64] = {0};
	unsigned int runs[2];

	(void)state;
	parsers[1].open = open_fine;
	new_judge(2);
	judge->seldom = true;
	for (unsigned int round = 0; round < 2; round++) {
		scripts[0].runs = scripts[1].runs = 0;
		for (uint32_t i = 0; i < 64 * SELDOM_SHARE; i++) {
			memcpy(info + 40, &i, sizeof(i));
			judge_read(judge, info, sizeof(info), INFO_REGION);
		}
		assert_int_equal(scripts[0].runs, 64 * SELDOM_SHARE);
		runs[round] = scripts[1].runs;
	}
	assert_within(runs[0], 32, 128);
	assert_int_equal(runs[0], runs[1]);
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test_setup_teardown(test_honest, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_stale, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_ledger, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_most_parsers, start_afresh, end),
		cmocka_unit_test(test_suggestion),
		cmocka_unit_test_setup_teardown(test_fixed_size, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_fixed_size_promise, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_signature, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_kind_not_read, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_skipped, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_trace, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_closed, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_not_everywhere, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_seldom, start_afresh, end),
		cmocka_unit_test(test_registry_is_sorted),
	};
	static struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(single)];

	/* cmocka's state is not const; the tests only read it. A set-up of a test would replace it.
	 */
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct CMUnitTest){.name = rows[i].bucket,
					       .test_func = test_row,
					       .initial_state = (void *)(uintptr_t)&rows[i],
					       .setup_func = start_afresh,
					       .teardown_func = end};
	memcpy(tests + COUNT_OF(rows), single, sizeof(single));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
