/* SPDX-License-Identifier: MIT */
/*
 * What must hold of the corpus, whatever its expected verdicts say: real replies deliver the
 * capabilities that the kernel put there, every rule and note has an input, and every entry of the
 * ledger still shows what it excuses. When a row fails after an edit of the corpus, the corpus lost
 * something; after an edit of the code, the code did.
 *
 * Usage: corpus_test CORPUS
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "../chain/endian.h"
#include "../judge/judge.h"
#include "../judge/ledger.h"
#include "../text/text.h"

static const char *corpus;
static struct judge *judge;

/* Which capabilities the kernel of a captured reply chained, by the start of its name. */
static const struct {
	const char *name;
	size_t count;
	uint16_t ids[3];
} chained[] = {
	{"iommu-linux6.1-ahci.probe", 3, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	{"iommu-linux6.12-ahci.probe", 3, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	{"iommu-linux6.12-iommufd.probe", 2, {CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	/* A container that has mdevs alone has no ranges. */
	{"iommu-linux6.1-mbochs.probe", 2, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL}},
	{"iommu-linux6.12-mbochs.probe", 2, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL}},
	{"iommu-linux6.12s390x-nvme.probe",
	 3,
	 {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	{"iommu-linux7", 3, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	{"device-linux6.12s390x", 3, {CAP_ID_ZPCI_BASE, CAP_ID_ZPCI_GROUP, CAP_ID_ZPCI_PFIP}},
	{"device-linux7.3s390x", 3, {CAP_ID_ZPCI_BASE, CAP_ID_ZPCI_GROUP, CAP_ID_ZPCI_PFIP}},
	{"region-linux7", 1, {CAP_ID_MSIX_MAPPABLE}},
	{"iommu-linux6.1-virtio-rng", 3, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	{"iommu-linux6.12-type1", 3, {CAP_ID_MIGRATION, CAP_ID_DMA_AVAIL, CAP_ID_IOVA_RANGE}},
	{"region-linux6.1-e1000e-idx3", 1, {CAP_ID_MSIX_MAPPABLE}},
	{"region-linux6.1-mbochs.probe-idx9", 1, {CAP_ID_TYPE}},
	{"region-linux6.12-mbochs.probe-idx9", 1, {CAP_ID_TYPE}},
	{"region-linux6.1-nvme-idx0", 1, {CAP_ID_MSIX_MAPPABLE}},
	{"region-linux6.1-virtio-rng-idx1", 1, {CAP_ID_MSIX_MAPPABLE}},
	{"region-linux6.12-e1000e-idx3", 1, {CAP_ID_MSIX_MAPPABLE}},
	{"region-linux6.12-nvme-idx0", 1, {CAP_ID_MSIX_MAPPABLE}},
	{"region-linux6.12-virtio-rng-idx1", 1, {CAP_ID_MSIX_MAPPABLE}},
};
#define CHAINED (sizeof(chained) / sizeof(chained[0]))

static size_t read_bytes(const char *path, uint8_t *ret_bytes, size_t max)
{
	FILE *const file = fopen(path, "rb");
	size_t size;

	if (!file)
		fail_msg("%s cannot be read", path);
	size = fread(ret_bytes, 1, max, file);
	fclose(file);
	return size;
}

static enum info_kind kind_of(const char *name)
{
	const size_t len = strcspn(name, "-");
	enum info_kind kind = INFO_DEVICE;

	while (kind + 1 < INFO_KINDS &&
	       (strncmp(name, info_kind_name(kind), len) != 0 || info_kind_name(kind)[len] != '\0'))
		kind++;
	return kind;
}

/* Judges one file of the corpus. The judge keeps a pointer to the bytes. */
static void judge_file(const char *folder, const char *name)
{
	static uint8_t info[INFO_LEN_MAX];
	static char text[1 << 20];
	char path[4096], error[TEXT_ERROR_SIZE];
	struct chain chain;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s/%s", corpus, folder, name);
	if (!strstr(name, ".yaml")) {
		uint32_t shared;

		size = read_bytes(path, info, sizeof(info));
		if (endian_of_name(name, ENDIAN_HOST) != ENDIAN_HOST)
			assert_true(endian_turn(info, size, kind_of(name), ENDIAN_OTHER, &shared));
		judge_read(judge, info, size, kind_of(name));
		return;
	}
	size = read_bytes(path, (uint8_t *)text, sizeof(text));
	if (text_load(path, text, size, &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, info);
	judge_read(judge, info, chain.len, chain.kind);
	chain_free(&chain);
}

/* Scripts are for fetch/fetch_test.c. */
static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strncmp(entry->d_name, "fetch-", 6) != 0;
}

/* Calls @each after judging every file of a folder; returns how many. */
static int for_each(const char *folder, void (*each)(const char *name))
{
	struct dirent **entries;
	char path[4096];
	int count;

	snprintf(path, sizeof(path), "%s/%s", corpus, folder);
	count = scandir(path, &entries, is_input, alphasort);
	for (int i = 0; i < count; i++) {
		judge_file(folder, entries[i]->d_name);
		each(entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count;
}

/* A reply whose chain the kernel could write whole, by the fixed fields alone. */
static bool is_complete(void)
{
	const struct layout_info *const info = &layout_infos[judge->kind];

	return judge->len >= info->full && judge->spec->argsz <= judge->len &&
	       (layout_load(judge->info + 4, 4) & info->caps_flag) &&
	       layout_load(judge->info + info->first.at, 4) != 0;
}

static size_t complete[CHAINED];

static void holds_ids(const struct judged *judged, const char *name, size_t row)
{
	const struct info_reads *const reads = &judged->parser->reads[judge->kind];
	const struct walk_result *const walk = &judged->walk;
	size_t n = 0;

	/* A list that refuses what it does not know, as a test suite's may, has an entry of the ledger. */
	if (reads->style == INFO_LOOKUP || walk->verdict == VERDICT_ABSTAIN ||
	    judged_excuse(judged))
		return;
	for (size_t i = 0; i < chained[row].count; i++) {
		if (!info_has_id(reads->ids, chained[row].ids[i]))
			continue;
		if (n == walk->ncaps || walk->caps[n].id != chained[row].ids[i])
			fail_msg("%s: %s does not deliver id %u", name, judged->parser->name,
				 chained[row].ids[i]);
		n++;
	}
	if (walk->verdict != (n ? VERDICT_OK : VERDICT_ABSENT) || walk->ncaps != n)
		fail_msg("%s: %s delivers %zu capabilities, not %zu", name, judged->parser->name,
			 walk->ncaps, n);
}

static void check_captured(const char *name)
{
	size_t row = 0;

	assert_true(judge->spec->class == CLASS_PLAIN || judge->spec->class == CLASS_TRUNCATED);
	assert_null(judge_broken(judge));
	if (!is_complete())
		return;
	while (row < CHAINED && strncmp(name, chained[row].name, strlen(chained[row].name)) != 0)
		row++;
	if (row == CHAINED)
		fail_msg("%s has a chain: say in this file which ids", name);
	for (size_t i = 0; i < judge->count; i++)
		if (judge->judged[i].parser->reads[judge->kind].ids)
			holds_ids(&judge->judged[i], name, row);
	complete[row]++;
}

static void test_captured(void **state)
{
	(void)state;
	sandbox_take_signals();
	assert_true(for_each("captured", check_captured) > 0);
	for (size_t row = 0; row < CHAINED; row++)
		if (!complete[row])
			fail_msg("no complete reply left of %s", chained[row].name);
}

/* Models whose program prints the whole list: those of lspci, and the header that others copy. */
static bool lists_all(const struct info_parser *parser)
{
	return strcmp(parser->name, "lspci") == 0 || strcmp(parser->name, "pcicaps") == 0;
}

static size_t spaces[INFO_KINDS], listed;

/* What a device of QEMU shows is plain, and both say the same of it, offset by offset. */
static void check_space(const char *name)
{
	spaces[judge->kind] += judge->spec->ncaps != 0;
	if (judge->spec->class != CLASS_PLAIN)
		fail_msg("%s is not plain", name);
	if (judge_broken(judge))
		fail_msg("%s: %s breaks a promise", name, judge_broken(judge)->parser->name);
	for (size_t i = 0; i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		if (!lists_all(judged->parser))
			continue;
		if (judged->disagreement != AGREES || judged->walk.ncaps != judge->spec->ncaps)
			fail_msg("%s: %s lists other capabilities", name, judged->parser->name);
		for (size_t n = 0; n < judged->walk.ncaps; n++)
			assert_int_equal(judged->walk.caps[n].offset,
					 judge->spec->caps[n].cap.offset);
		listed += judged->walk.ncaps;
	}
}

static void test_spaces(void **state)
{
	(void)state;
	sandbox_take_signals();
	assert_true(for_each("spaces", check_space) > 0);
	assert_true(spaces[INFO_PCI] > 0 && spaces[INFO_PCIE] > 0 && listed > 0);
}

static size_t rules[RULE_COUNT], notes[NOTE_COUNT], classes[BUFFER_CLASSES];
static size_t verdicts[VERDICTS], disagreements[DISAGREEMENTS];

static void count(const char *name)
{
	(void)name;
	rules[judge->spec->rule]++;
	classes[judge->spec->class]++;
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		notes[note] += (judge->spec->notes & NOTE_BIT(note)) != 0;
	for (size_t i = 0; i < judge->count; i++) {
		verdicts[judge->judged[i].walk.verdict]++;
		disagreements[judge->judged[i].disagreement]++;
	}
}

/*
 * Every rule, note, class and what parsers as they are can do. What they cannot (stale and
 * wrong-refusal) is planted in sandbox_test.c and compare_test.c.
 */
static void test_nothing_is_missing(void **state)
{
	static const enum verdict reached[] = {VERDICT_OK,	VERDICT_ABSENT,	 VERDICT_TRUNCATED,
					       VERDICT_REJECT,	VERDICT_ABSTAIN, VERDICT_OOB,
					       VERDICT_RUNAWAY, VERDICT_WROTE,	 VERDICT_CRASH};
	static const enum disagreement differs[] = {
		AGREES,	       WRONG_CAPS,	  WRONG_PAYLOAD,
		REJECTS_VALID, ACCEPTS_MALFORMED, ABSENT_FOR_UNREADABLE,
		FAULT};

	(void)state;
	sandbox_take_signals();
	assert_true(for_each("seeds", count) > 0);
	assert_true(for_each("regressions", count) > 0);
	for (unsigned int rule = 0; rule < RULE_COUNT; rule++)
		if (!rules[rule])
			fail_msg("no input for rule %s", rule_name((enum rule)rule));
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (!notes[note])
			fail_msg("no input for note %s", note_name((enum note)note));
	for (unsigned int each = 0; each < BUFFER_CLASSES; each++)
		assert_true(classes[each] > 0);
	for (size_t i = 0; i < sizeof(reached) / sizeof(reached[0]); i++)
		if (!verdicts[reached[i]])
			fail_msg("no input for verdict %s", verdict_name(reached[i]));
	for (size_t i = 0; i < sizeof(differs) / sizeof(differs[0]); i++)
		if (!disagreements[differs[i]])
			fail_msg("no input for %s", disagreement_name(differs[i]));
}

/* What one capability is in a plain buffer, by its place in layout_caps and its version. */
static size_t shown[64][16];

static void show(const char *name)
{
	(void)name;
	for (size_t i = 0; judge->spec->class == CLASS_PLAIN && i < judge->spec->ncaps; i++) {
		const struct info_cap *const cap = &judge->spec->caps[i].cap;
		const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);

		if (layout && cap->decoded)
			shown[layout - layout_caps][cap->version]++;
	}
}

/* A capability or version that layout.h has got has a plain seed. */
static void test_each_version(void **state)
{
	(void)state;
	sandbox_take_signals();
	assert_true(layout_cap_count <= sizeof(shown) / sizeof(shown[0]));
	assert_true(for_each("seeds", show) > 0);
	for (size_t i = 0; i < layout_cap_count; i++)
		for (uint16_t version = 1; version <= layout_caps[i].newest; version++)
			if (!shown[i][version])
				fail_msg("seeds/ has no plain buffer with %s version %u",
					 layout_caps[i].name, version);
}

/* No kernel gives an id or a version from here on soon: ids go one by one, as versions do. */
#define FAR 16

static void is_far(const char *name)
{
	for (size_t i = 0; i < judge->spec->ncaps; i++) {
		const struct info_cap *const cap = &judge->spec->caps[i].cap;
		const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);

		/* Ids of configuration spaces are given out at once, by many. */
		if (judge->kind >= INFO_IOCTL_KINDS)
			continue;
		if (!layout && cap->id && cap->id < FAR)
			fail_msg("%s: id %u is unknown today: show it with 65535", name, cap->id);
		if (layout && cap->version > layout->newest && cap->version < FAR)
			fail_msg("%s: %s has no version %u today: show it with 65535", name,
				 layout->name, cap->version);
	}
}

/* Who adds an id or a version does not change what witnesses of unknown ones show. */
static void test_unknown_stays_unknown(void **state)
{
	(void)state;
	sandbox_take_signals();
	assert_true(for_each("regressions", is_far) > 0);
}

/* Whether @entry excuses something here, and no entry before it does so first. */
static bool shows(const struct ledger_entry *entry)
{
	for (size_t i = 0; i < judge->count; i++)
		if (judged_breaks(&judge->judged[i]) && judged_excuse(&judge->judged[i]) == entry)
			return true;
	return false;
}

static void test_ledger_witnesses(void **state)
{
	(void)state;
	sandbox_take_signals();
	for (size_t i = 0; i < ledger_count; i++) {
		judge_file("", ledger_entries[i].witness);
		if (!shows(&ledger_entries[i]))
			fail_msg(
				"%s no longer shows %s, or an earlier entry says so already: drop the "
				"entry",
				ledger_entries[i].witness, ledger_entries[i].bucket);
	}
}

static void keeps_relations(const char *name)
{
	if (judge->reference.relation)
		fail_msg("%s: the reference breaks %s", name,
			 relation_name(judge->reference.relation));
	for (size_t i = 0; i < judge->count; i++)
		if (judge->judged[i].relation && !judged_excuse(&judge->judged[i]))
			fail_msg("%s: %s breaks %s", name, judge->judged[i].parser->name,
				 relation_name(judge->judged[i].relation));
}

/* Every relation has buffers to be held on, and nobody breaks one there. */
static void test_relations(void **state)
{
	(void)state;
	sandbox_take_signals();
	judge->relate = RELATE_ALL;
	memset(judge->related, 0, sizeof(judge->related));
	assert_true(for_each("captured", keeps_relations) > 0);
	assert_true(for_each("spaces", keeps_relations) > 0);
	assert_true(for_each("seeds", keeps_relations) > 0);
	assert_true(for_each("regressions", keeps_relations) > 0);
	judge->relate = RELATE_NEVER;
	for (unsigned int relation = RELATION_NONE + 1; relation < RELATIONS; relation++)
		if (judge->related[relation] < 10)
			fail_msg("only %u buffers for relation %s",
				 (unsigned int)judge->related[relation],
				 relation_name((enum relation)relation));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_nothing_is_missing),
		cmocka_unit_test(test_each_version),
		cmocka_unit_test(test_unknown_stays_unknown),
		cmocka_unit_test(test_ledger_witnesses),
		cmocka_unit_test(test_relations),
	};
	char error[512];

	corpus = argc > 1 ? argv[1] : "corpus";
	judge = judge_new(info_parsers, info_parser_count, error, sizeof(error));
	if (!judge) {
		fprintf(stderr, "corpus_test: %s\n", error);
		return EXIT_ARENA;
	}
	return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
