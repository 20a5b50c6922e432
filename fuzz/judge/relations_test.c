/* SPDX-License-Identifier: MIT */
/*
 * Tests of relations.c and variant.c. For each relation there is a parser that breaks it and
 * nothing else: on the buffer itself it answers as the reference does, so the judge alone would let
 * it pass. Then what holds no one: claims that are not made, buffers that a trusting parser
 * promises nothing on, copies that would not mean the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "judge.h"
#include "relations.h"
#include "../text/text.h"
#include "variant.h"
#include "../within.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define PLAIN	 "{kind: region, caps: [{id: TYPE, type: 7}, {id: MSIX_MAPPABLE}]}"
#define RANGES	 "{kind: iommu, caps: [{id: IOVA_RANGE, iova_ranges: [{start: 0, end: 9}]}]}"
#define ODD	 "{kind: region, caps: [{id: TYPE, version: 2, type: 7}, {id: MSIX_MAPPABLE}]}"
#define LOOP	 "{kind: region, caps: [{id: TYPE, next: 48}, {id: MSIX_MAPPABLE, next: 32}]}"
#define NO_CHAIN "{kind: region}"

static struct spec *reference;
static struct judge *judge;
/* The length of PLAIN, beyond which some take a buffer for too long. */
static uint32_t longest;
/* What the planted `remembers` keeps from one walk to the next. */
static uint8_t first_seen[INFO_LEN_MAX];
static size_t first_len;

static struct info_answer say_reference(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	for (size_t i = 0; i < reference->ncaps; i++)
		walk_deliver(walk, &reference->caps[i].cap);
	return (struct info_answer){reference->verdict, reference->need,
				    rule_name(reference->rule)};
}

/* Refuses a reply that does not end with its chain. */
static struct info_answer hates_slack(struct walk *walk, const void *info, uint32_t len,
				      enum info_kind kind)
{
	return len > longest ? answer_reject("too-long") : say_reference(walk, info, len, kind);
}

/* Takes no chain that begins further on than today's kernels put it. */
static struct info_answer knows_its_place(struct walk *walk, const void *info, uint32_t len,
					  enum info_kind kind)
{
	const uint64_t at =
		len < 32 ? 0 : layout_load((const uint8_t *)info + INFO_AT_REGION_cap_offset, 4);

	return at > 32 ? answer_reject("too-far") : say_reference(walk, info, len, kind);
}

/* Goes forward only. */
static struct info_answer goes_forward(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	return reference->notes & NOTE_BIT(NOTE_BACKWARD) ? answer_reject("backward")
							  : say_reference(walk, info, len, kind);
}

/* Takes a reply that it cannot read whole for one without capabilities. */
static struct info_answer calls_absent(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	return reference->verdict == VERDICT_OK ? say_reference(walk, info, len, kind)
						: answer(VERDICT_ABSENT);
}

/* Delivers what it makes up where the reply is cut: more than there was. */
static struct info_answer makes_up(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	const struct info_cap cap = {.offset = 32, .id = 2, .version = 1, .decoded = true};

	spec_read(info, len, kind, reference);
	if (reference->verdict == VERDICT_OK)
		return say_reference(walk, info, len, kind);
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

/* Looks at a field of the fixed struct that has nothing to do with the chain. */
static struct info_answer looks_aside(struct walk *walk, const void *info, uint32_t len,
				      enum info_kind kind)
{
	const uint64_t index =
		len < 32 ? 0 : layout_load((const uint8_t *)info + INFO_AT_REGION_index, 4);

	return index > 8 ? answer_reject("index") : say_reference(walk, info, len, kind);
}

/* Keeps what it once read, and answers from that. */
static struct info_answer remembers(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	if (first_len == len && memcmp(first_seen, info, len) == 0)
		return answer_reject("again");
	if (first_len == 0) {
		first_len = len;
		memcpy(first_seen, info, len);
	}
	return say_reference(walk, info, len, kind);
}

/* Reads past a reply that is a little longer. */
static struct info_answer faults_on_slack(struct walk *walk, const void *info, uint32_t len,
					  enum info_kind kind)
{
	if (len > longest)
		__builtin_trap();
	return say_reference(walk, info, len, kind);
}

/* Counts elements anew, by the length it was given. */
static struct info_answer wrong_payload(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	for (size_t i = 0; i < reference->ncaps; i++) {
		struct info_cap cap = reference->caps[i].cap;

		cap.field[0] += len > longest;
		walk_deliver(walk, &cap);
	}
	return (struct info_answer){reference->verdict, reference->need,
				    rule_name(reference->rule)};
}

typedef struct info_answer read_function(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind);

/* Bytes that the tests may change before they judge them, and the parser that is held. */
static uint8_t bytes[INFO_LEN_MAX];
static size_t length;
static enum info_kind kind_of_bytes;
static struct info_parser planted;

static const struct info_parser template = {
	.name = "planted",
	.trust = INFO_HARDENED,
	.reads = {{INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS},
		  {INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS},
		  {INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS}},
};

static void load(const char *text)
{
	char error[TEXT_ERROR_SIZE];
	struct chain chain;

	if (text_load("buffer", text, strlen(text), &chain, error))
		fail_msg("%s", error);
	memset(bytes, 0, sizeof(bytes));
	chain_write(&chain, bytes);
	length = chain.len;
	kind_of_bytes = chain.kind;
	chain_free(&chain);
}

/* Judges the buffer with @read alone. */
static const struct judged *hold(read_function *read, enum relating relate)
{
	const struct info_parser *const table[] = {&planted};
	char error[512] = "";

	planted.read = read;
	first_len = 0;
	judge_free(judge);
	judge = judge_new(table, 1, error, sizeof(error));
	if (!judge)
		fail_msg("%s", error);
	/* Running it to look for hooks is no walk of a buffer. */
	judge->hooked[0] = 1;
	first_len = 0;
	judge->relate = relate;
	sandbox_take_signals();
	judge_read(judge, bytes, length, kind_of_bytes);
	return &judge->judged[0];
}

static int start_afresh(void **state)
{
	(void)state;
	planted = template;
	longest = 56;
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

static const struct plant {
	const char *text;
	read_function *read;
	enum relation relation;
	enum verdict became;
	const char *bucket;
} plants[] = {
	{PLAIN, hates_slack, RELATION_SLACK, VERDICT_REJECT, "planted:ok:unstable:slack"},
	{PLAIN, faults_on_slack, RELATION_SLACK, VERDICT_CRASH, "planted:ok:unstable:slack"},
	{PLAIN, wrong_payload, RELATION_SLACK, VERDICT_OK, "planted:ok:unstable:slack"},
	{PLAIN, knows_its_place, RELATION_SHIFT, VERDICT_REJECT, "planted:ok:unstable:shift"},
	{PLAIN, goes_forward, RELATION_ORDER, VERDICT_REJECT, "planted:ok:unstable:order"},
	{PLAIN, calls_absent, RELATION_CUT, VERDICT_ABSENT, "planted:ok:unstable:cut"},
	{PLAIN, makes_up, RELATION_CUT, VERDICT_OK, "planted:ok:unstable:cut"},
	{PLAIN, looks_aside, RELATION_UNREAD, VERDICT_REJECT, "planted:ok:unstable:unread"},
	{PLAIN, remembers, RELATION_AGAIN, VERDICT_REJECT, "planted:ok:unstable:again"},
	/* Also where the reference says something else than ok. */
	{LOOP, hates_slack, RELATION_SLACK, VERDICT_REJECT, "planted:reject:unstable:slack"},
	{NO_CHAIN, looks_aside, RELATION_UNREAD, VERDICT_REJECT, "planted:absent:unstable:unread"},
	/* A right parser keeps all. */
	{PLAIN, say_reference, RELATION_NONE, VERDICT_OK, NULL},
	{RANGES, say_reference, RELATION_NONE, VERDICT_OK, NULL},
	{ODD, say_reference, RELATION_NONE, VERDICT_OK, NULL},
	{LOOP, say_reference, RELATION_NONE, VERDICT_OK, NULL},
	{NO_CHAIN, say_reference, RELATION_NONE, VERDICT_OK, NULL},
};

static void test_plants(void **state)
{
	char bucket[BUCKET_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plants); i++) {
		const struct plant *const plant = &plants[i];
		const struct judged *judged;

		load(plant->text);
		/* The judge alone sees nothing, so what is found is the relation's. */
		judged = hold(plant->read, RELATE_NEVER);
		assert_int_equal(judged->disagreement, AGREES);
		assert_null(judge_broken(judge));
		judged = hold(plant->read, RELATE_ALL);
		assert_int_equal(judged->disagreement, AGREES);
		if (judged->relation != plant->relation)
			fail_msg("row %zu broke `%s`, not `%s`", i, relation_name(judged->relation),
				 relation_name(plant->relation));
		assert_int_equal(judge->reference.relation, RELATION_NONE);
		if (plant->relation == RELATION_NONE) {
			assert_null(judge_broken(judge));
			continue;
		}
		assert_int_equal(judged->became, plant->became);
		assert_true(judged_breaks(judged) && judged_differs(judged));
		assert_ptr_equal(judge_broken(judge), judged);
		judged_bucket(judged, bucket);
		assert_string_equal(bucket, plant->bucket);
		assert_string_equal(judged_class(judged), "unstable");
		/* The witness is the buffer, and its own verdict stays. */
		assert_ptr_equal(judge->info, bytes);
		assert_int_equal(judged->walk.verdict, judge->spec->verdict);
	}
}

/* What was found of one buffer says nothing of the next. */
static void test_next_buffer(void **state)
{
	const struct judged *judged;

	(void)state;
	load(PLAIN);
	judged = hold(hates_slack, RELATE_ALL);
	assert_int_equal(judged->relation, RELATION_SLACK);
	judge->relate = RELATE_NEVER;
	judge_read(judge, bytes, length, kind_of_bytes);
	assert_int_equal(judged->relation, RELATION_NONE);
	assert_null(judge_broken(judge));
}

/* Nor of one of a kind that its parser does not read, which is not walked at all. */
static void test_next_kind(void **state)
{
	const struct judged *judged;

	(void)state;
	load(PLAIN);
	planted.reads[INFO_IOMMU].ids = 0;
	judged = hold(hates_slack, RELATE_ALL);
	assert_int_equal(judged->relation, RELATION_SLACK);
	load(RANGES);
	judge_read(judge, bytes, length, kind_of_bytes);
	assert_int_equal(judged->relation, RELATION_NONE);
	assert_int_equal(judged->walk.verdict, VERDICT_ABSTAIN);
	assert_false(judged_differs(judged));
	assert_null(judge_broken(judge));
}

/*
 * A hardened parser claims all unless it says which; a trusting one what it says, on plain buffers.
 */
static void test_claims(void **state)
{
	(void)state;
	load(PLAIN);
	planted.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_SLACK;
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_SHIFT);
	planted.claims = INFO_CLAIM_AGAIN;
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_NONE);
	planted.claims = 0;
	planted.trust = INFO_TRUSTING;
	assert_int_equal(relations_claimed(&planted), 0);
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_NONE);
	planted.claims = INFO_CLAIM_SLACK;
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_SLACK);
	assert_non_null(judge_broken(judge));
	load(ODD);
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_NONE);
	planted.trust = INFO_HARDENED;
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_SLACK);
}

/* The model that is held, and a reader that answers as it does once, then finds nothing. */
static const struct info_parser *model;

static struct info_answer forgets(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	if (first_len)
		return answer(VERDICT_ABSENT);
	first_len = len;
	return model->read(walk, info, len, kind);
}

/* Buffers of each kind: every model which reads the kind is right on one of them. */
#define MODELLED 3
static const char *const modelled[INFO_KINDS][MODELLED] = {
	{"{kind: device, caps: [{id: ZPCI_BASE}, {id: ZPCI_GROUP}, {id: PCI_ATOMIC_COMP}]}"},
	{"{kind: region, caps: [{id: SPARSE_MMAP, areas: [{offset: 0, size: 0x1000}]}, "
	 "{id: MSIX_MAPPABLE}, {id: TYPE, type: 7}]}",
	 /* Of two that answer one question some take the first, or refuse. */
	 "{kind: region, caps: [{id: SPARSE_MMAP, areas: [{offset: 0, size: 0x1000}]}, "
	 "{id: TYPE, type: 7}]}",
	 "{kind: region, caps: [{id: SPARSE_MMAP, areas: [{offset: 0, size: 0x1000}]}]}"},
	{"{kind: iommu, info: {flags: [PGSIZES, CAPS], iova_pgsizes: 0x1000}, caps: ["
	 "{id: IOVA_RANGE, iova_ranges: [{start: 0, end: 0xfff}, {start: 0x2000, end: 0x2fff}]}, "
	 "{id: DMA_AVAIL, avail: 7}, {id: MIGRATION, pgsize_bitmap: 0x1000}]}",
	 /* One range, and nothing that another may follow: so the selftest of iommufd wants it. */
	 "{kind: iommu, info: {flags: [PGSIZES, CAPS], iova_pgsizes: 0x1000}, caps: ["
	 "{id: IOVA_RANGE, iova_ranges: [{start: 0, end: 0xfff}]}]}"},
	{"{kind: pci, len: 256, caps: [{id: PM, at: 0x60}, {id: MSIX, at: 0x80}]}"},
	{"{kind: pcie, len: 4096, caps: [{id: AER}, {id: DSN}]}"},
};

/* Each relation that the model claims on @kind: kept by it, seen where it is broken; how many. */
static unsigned int hold_model(enum info_kind kind)
{
	unsigned int broken = 0, which = 0;

	planted = *model;
	do {
		if (which == MODELLED || !modelled[kind][which])
			fail_msg("%s is right on no %s", model->name, info_kind_name(kind));
		load(modelled[kind][which++]);
	} while (hold(model->read, RELATE_ALL)->disagreement != AGREES);
	assert_int_equal(judge->judged[0].relation, RELATION_NONE);
	for (unsigned int relation = 1; relation < RELATIONS; relation++) {
		const uint32_t claim = UINT32_C(1) << (relation - 1);

		if (!(model->claims & claim))
			continue;
		/* An extended list begins where it does: no copy is made. */
		if (kind == INFO_PCIE && (relation == RELATION_SHIFT || relation == RELATION_ORDER))
			continue;
		planted.claims = claim;
		/* Of a fixed size nothing is longer, shorter or further on. */
		if (hold(forgets, RELATE_ALL)->relation != relation && !model->fixed_size)
			fail_msg("%s: nobody saw it break `%s` on %s", model->name,
				 relation_name((enum relation)relation), info_kind_name(kind));
		broken += judge->judged[0].relation == relation;
		planted.claims = INFO_CLAIM_ALL & ~claim;
		assert_int_not_equal(hold(forgets, RELATE_ALL)->relation, relation);
	}
	return broken;
}

/* What a model claims it is held to, and a model that claims nothing is the exception. */
static void test_models(void **state)
{
	size_t claiming = 0;

	(void)state;
	for (size_t i = 0; i < info_parser_count; i++) {
		unsigned int broken = 0;

		model = info_parsers[i];
		if (model->trust == INFO_HARDENED || !model->claims)
			continue;
		for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
			if (model->reads[kind].ids)
				broken += hold_model(kind);
		/* Who claims a second reading alone is held to that. */
		if (broken < (model->claims == INFO_CLAIM_AGAIN ? 1 : 2))
			fail_msg("%s is held to %u relations", model->name, broken);
		claiming++;
	}
	assert_true(claiming >= 17);
}

/* A trusting parser that faults where a reply is cut is what it always was. */
static void test_cut_of_trusting(void **state)
{
	(void)state;
	load(PLAIN);
	planted.trust = INFO_TRUSTING;
	planted.claims = INFO_CLAIM_CUT;
	assert_int_equal(hold(calls_absent, RELATE_ALL)->relation, RELATION_CUT);
	assert_int_equal(hold(say_reference, RELATE_ALL)->relation, RELATION_NONE);
}

/* Of a buffer whose size is its reader's own, only the bytes can change. */
static void test_fixed_size(void **state)
{
	(void)state;
	load(PLAIN);
	longest = planted.fixed_size = 64;
	assert_int_equal(hold(hates_slack, RELATE_ALL)->relation, RELATION_NONE);
	assert_int_equal(hold(knows_its_place, RELATE_ALL)->relation, RELATION_NONE);
	assert_int_equal(hold(looks_aside, RELATE_ALL)->relation, RELATION_UNREAD);
	assert_int_equal(hold(remembers, RELATE_ALL)->relation, RELATION_AGAIN);
	/* One that is cut to fit is held to what its copy says. */
	planted.fixed_size = 128;
	assert_int_equal(hold(looks_aside, RELATE_ALL)->relation, RELATION_UNREAD);
}

/* A reading that is not what the bytes say breaks every relation but the cut, each by itself. */
static void test_reference(void **state)
{
	char bucket[BUCKET_MAX];

	(void)state;
	load(PLAIN);
	hold(say_reference, RELATE_NEVER);
	relations_hold(judge);
	assert_null(judge_broken(judge));
	judge->spec->caps[0].cap.field[0]++;
	relations_hold(judge);
	assert_int_equal(judge->reference.relation, RELATION_SLACK);
	assert_ptr_equal(judge_broken(judge), &judge->reference);
	judged_bucket(&judge->reference, bucket);
	assert_string_equal(bucket, "reference:ok:unstable:slack");
	/* What stands before a refusal counts too, and so do notes. */
	load(LOOP);
	hold(say_reference, RELATE_NEVER);
	judge->spec->caps[1].cap.version++;
	relations_hold(judge);
	assert_int_equal(judge->reference.relation, RELATION_SLACK);
	load(PLAIN);
	hold(say_reference, RELATE_NEVER);
	judge->spec->notes |= NOTE_BIT(NOTE_MISALIGNED);
	relations_hold(judge);
	assert_int_equal(judge->reference.relation, RELATION_SLACK);
	/* Fewer capabilities than a cut copy still has. */
	load("{kind: region, len: 4096, caps: [{id: TYPE}]}");
	hold(say_reference, RELATE_NEVER);
	judge->spec->argsz = 64;
	judge->spec->ncaps = 0;
	judge->spec->verdict = VERDICT_REJECT;
	judge->spec->rule = RULE_SHORT_BUFFER;
	relations_hold(judge);
	assert_int_not_equal(judge->reference.relation, RELATION_NONE);
}

#define BIT(relation) (1u << RELATION_##relation)
#define EVERY	      (BIT(SLACK) | BIT(SHIFT) | BIT(ORDER) | BIT(CUT) | BIT(UNREAD) | BIT(AGAIN))

/* Which copies a buffer has. */
static const struct has {
	const char *text;
	unsigned int copies;
} has[] = {
	{PLAIN, EVERY},
	/* One capability has one order; nothing here is unread but what the fixed struct has. */
	{RANGES, EVERY & ~BIT(ORDER)},
	{LOOP, EVERY & ~BIT(ORDER)},
	{NO_CHAIN, EVERY & ~BIT(ORDER)},
	/* Truncated: a longer buffer would have more of it. */
	{"{kind: region, len: 48, info: {argsz: 96}, caps: [{id: TYPE, next: 64}]}",
	 EVERY & ~BIT(ORDER) & ~BIT(SLACK)},
	/* Refused, and argsz says that there is more. */
	{"{kind: region, len: 48, info: {argsz: 96}, caps: [{id: TYPE, next: 32}]}",
	 EVERY & ~BIT(ORDER) & ~BIT(SLACK)},
	/* A link inside a payload that is read: raising it would change the payload. */
	{"{kind: region, caps: [{id: TYPE, type: 0x10002}, {at: 40, id: 2, next: 0}]}",
	 EVERY & ~BIT(ORDER)},
	{"{kind: region, len: 80, info: {flags: CAPS, cap_offset: 32}, raw: [{at: 32, hex: "
	 "\"0200010024000000380000000000000000000000\"}]}",
	 EVERY & ~BIT(ORDER) & ~BIT(SHIFT)},
	/* How long version 0 is, nobody knows. */
	{"{kind: region, caps: [{id: TYPE, version: 0}, {id: MSIX_MAPPABLE}]}",
	 EVERY & ~BIT(ORDER) & ~BIT(UNREAD)},
	/* No room in 32 bits, or behind argsz. */
	{"{kind: region, info: {argsz: 0xffffffff}, caps: [{id: TYPE}, {id: MSIX_MAPPABLE}]}",
	 EVERY & ~BIT(SLACK) & ~BIT(SHIFT)},
	{"{kind: region, caps: [{id: TYPE, next: 0xffffffff}]}", EVERY & ~BIT(ORDER) & ~BIT(SHIFT)},
	{"{kind: region, len: 65536, caps: [{id: TYPE}, {id: MSIX_MAPPABLE}]}",
	 EVERY & ~BIT(SLACK) & ~BIT(SHIFT)},
	/* A count that ends just below 2^32 would end past it. */
	{"{kind: device, caps: [{id: ZPCI_UTIL, size: 0xffffffd8}]}",
	 EVERY & ~BIT(ORDER) & ~BIT(SHIFT)},
	{"{kind: device, caps: [{id: ZPCI_UTIL, size: 0xfffffff8}]}", EVERY & ~BIT(ORDER)},
	/* Too short to say anything; and nothing at all. */
	{"{kind: region, len: 31}", BIT(CUT) | BIT(UNREAD) | BIT(AGAIN)},
	{"{kind: region, len: 0}", BIT(AGAIN)},
	{"{kind: device, len: 16, info: {flags: 0}}",
	 BIT(SLACK) | BIT(CUT) | BIT(UNREAD) | BIT(AGAIN)},
};

static void test_copies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(has); i++) {
		unsigned int copies = 0;

		load(has[i].text);
		hold(say_reference, RELATE_ALL);
		for (unsigned int relation = 1; relation < RELATIONS; relation++)
			copies |= judge->related[relation] ? 1u << relation : 0;
		if (copies != has[i].copies)
			fail_msg("%s: copies %x, not %x", has[i].text, copies, has[i].copies);
		if (judge->reference.relation)
			fail_msg("%s: the reference breaks %s", has[i].text,
				 relation_name(judge->reference.relation));
		assert_null(judge_broken(judge));
	}
}

static void make(enum relation relation, struct variant *ret_variant)
{
	const struct variant_base base = {bytes, length, kind_of_bytes, reference, 0};

	spec_read(bytes, length, kind_of_bytes, reference);
	assert_true(variant_make(relation, &base, false, ret_variant));
}

static uint32_t word(const uint8_t *at)
{
	return (uint32_t)layout_load(at, 4);
}

/* Two copies byte by byte, so that each really is what its name says. */
static void test_bytes(void **state)
{
	struct variant variant;

	(void)state;
	load("{kind: region, info: {index: 1}, caps: [{id: TYPE, type: 7}, {at: 56, id: 77}]}");
	make(RELATION_SHIFT, &variant);
	assert_int_equal(variant.shift, 8);
	assert_int_equal(variant.len, length + 8);
	assert_int_equal(word(variant.info), length + 8);
	assert_int_equal(word(variant.info + 12), 40);
	assert_int_equal(word(variant.info + 44), 64);
	assert_int_equal(word(variant.info + 68), 0);
	assert_memory_equal(variant.info + 48, bytes + 40, 16);
	make(RELATION_ORDER, &variant);
	assert_int_equal(word(variant.info + 12), 40);
	assert_int_equal(word(variant.info + 44), 32);
	assert_int_equal(word(variant.info + 36), 0);
	assert_int_equal(word(variant.info + 48), 7);
	assert_int_equal(variant.moved[0], 40);
	assert_int_equal(variant.moved[1], 32);
	assert_int_equal(variant.len, length);
	make(RELATION_UNREAD, &variant);
	assert_int_equal(variant.len, length);
	for (size_t i = 0; i < length; i++) {
		const bool used = i < 8 || (i >= 12 && i < 16) || (i >= 32 && i < 48) || i >= 56;

		assert_int_equal(variant.info[i], used ? bytes[i] : bytes[i] ^ 0xff);
	}
	/* A reserved field is nobody's, the elements after it are read. */
	load("{kind: iommu, caps: [{id: IOVA_RANGE, iova_ranges: [{start: 0, end: 9}]}]}");
	make(RELATION_UNREAD, &variant);
	assert_int_equal(word(variant.info + 24 + 8), 1);
	assert_int_equal(word(variant.info + 24 + 12), 0xffffffff);
	assert_memory_equal(variant.info + 40, bytes + 40, 16);
}

/* The share is about one in RELATIONS_SHARE, and the same bytes are always in it, or never. */
static void test_share(void **state)
{
	unsigned int chosen = 0;

	(void)state;
	for (uint32_t i = 0; i < 64 * 64 * RELATIONS_SHARE; i++) {
		uint8_t info[40] = {0};
		bool in;

		layout_store(info + 32, 4, i);
		in = relations_chosen(info, sizeof(info));
		chosen += in;
		assert_int_equal(in, relations_chosen(info, sizeof(info)));
	}
	assert_within(chosen, 48 * 64, 80 * 64);
	/* The judge goes by it. */
	for (uint32_t i = 0; i < 1000; i++) {
		load(PLAIN);
		layout_store(bytes + INFO_AT_REGION_offset, 4, i);
		if (relations_chosen(bytes, length))
			break;
	}
	assert_int_equal(hold(hates_slack, RELATE_SHARE)->relation, RELATION_SLACK);
	do
		bytes[INFO_AT_REGION_offset + 4]++;
	while (relations_chosen(bytes, length));
	assert_int_equal(hold(hates_slack, RELATE_SHARE)->relation, RELATION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plants, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_next_buffer, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_next_kind, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_claims, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_models, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_cut_of_trusting, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_fixed_size, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_reference, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_copies, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_bytes, start_afresh, end),
		cmocka_unit_test_setup_teardown(test_share, start_afresh, end),
	};

	return cmocka_run_group_tests_name("relations", tests, NULL, NULL);
}
