/* SPDX-License-Identifier: MIT */
/*
 * Tests of the probe: a sound device breaks no rule, and each rule is broken by the device that is
 * made to break it; no captured reply of a real kernel breaks a rule of values. When a row fails, either
 * its fault is no longer seen, or broken.c no longer has it.
 *
 * With the folder of the corpus as argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "../producer/captured.h"
#include "probe.h"
#include "values.h"

extern const struct info_parser bounded_parser;

static const struct probe_subject subjects[] = {
	{INFO_DEVICE, 0}, {INFO_REGION, 0}, {INFO_REGION, 1},
	{INFO_REGION, 2}, {INFO_REGION, 3}, {INFO_IOMMU, 0},
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static struct judge *judge_over(const struct info_parser *parser)
{
	static const struct info_parser *one[1];
	char error[512];
	struct judge *judge;

	one[0] = parser;
	judge = judge_new(one, 1, error, sizeof(error));
	assert_non_null(judge);
	return judge;
}

/* How many subjects of a device with @fault break @rule. */
static uint32_t breaks(struct judge *judge, enum probe_rule fault, enum probe_rule rule,
		       size_t *ret_broken)
{
	struct probe_device *const device = probe_fake(fault);
	uint32_t count = 0;

	*ret_broken = 0;
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct probe_result result;

		assert_int_equal(probe_sweep(device, &subjects[i], judge, &result), 0);
		assert_int_equal(result.answered, 0);
		assert_true(result.calls > 4 * 16);
		*ret_broken += probe_broken(&result);
		if (rule < PROBE_RULE_COUNT && result.violations[rule].count) {
			assert_non_null(result.violations[rule].info);
			assert_true(result.violations[rule].words[0]);
			count++;
		}
		probe_free(&result);
	}
	return count;
}

static void test_sound(void **state)
{
	struct judge *const judge = judge_over(&bounded_parser);
	size_t broken;

	(void)state;
	breaks(judge, PROBE_RULE_COUNT, PROBE_RULE_COUNT, &broken);
	assert_int_equal(broken, 0);
	judge_free(judge);
}

static void test_needs(void **state)
{
	static const struct {
		uint32_t need;
		size_t ncaps;
	} wanted[SUBJECTS] = {{16, 0}, {40, 1}, {32, 0}, {48, 1}, {80, 1}, {120, 3}};
	struct judge *const judge = judge_over(&bounded_parser);

	(void)state;
	for (size_t i = 0; i < SUBJECTS; i++) {
		struct probe_result result;

		probe_sweep(probe_fake(PROBE_RULE_COUNT), &subjects[i], judge, &result);
		assert_int_equal(result.need, wanted[i].need);
		assert_int_equal(result.ncaps, wanted[i].ncaps);
		assert_null(probe_reply(&result, 15));
		assert_non_null(probe_reply(&result, result.need + PROBE_PAST));
		assert_null(probe_reply(&result, result.need + PROBE_PAST + 1));
		probe_free(&result);
	}
	judge_free(judge);
}

static void test_each_rule(void **state)
{
	struct judge *const judge = judge_over(&bounded_parser);
	size_t broken;

	(void)state;
	for (unsigned int rule = 0; rule < PROBE_RULE_COUNT; rule++) {
		if (rule == PROBE_BOUNDED)
			continue;
		if (!breaks(judge, (enum probe_rule)rule, (enum probe_rule)rule, &broken))
			fail_msg("%s is not seen", probe_rule_name((enum probe_rule)rule));
	}
	judge_free(judge);
}

static struct info_answer read_nothing(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	(void)walk;
	(void)info;
	(void)len;
	(void)kind;
	return answer(VERDICT_ABSENT);
}

/* A bounded.h that never finds a chain. */
static void test_bounded(void **state)
{
	static struct info_parser wrong;
	struct judge *judge;
	size_t broken;

	(void)state;
	wrong = bounded_parser;
	wrong.name = "wrong";
	wrong.read = read_nothing;
	judge = judge_over(&wrong);
	assert_true(breaks(judge, PROBE_RULE_COUNT, PROBE_BOUNDED, &broken) > 0);
	judge_free(judge);
}

static const char *corpus;

/* Rules by how many captured replies bear on each, and how many series those are of. */
struct borne {
	size_t replies;
	size_t series;
	const struct captured *last;
};

static void count(struct borne *borne, const struct captured *reply)
{
	borne->series += !borne->last || !captured_same_series(borne->last, reply);
	borne->last = reply;
	borne->replies++;
}

/* What each reply of @series says at the need that the short ones of it name. */
static void hold_whole(const struct captured *replies, size_t total, const struct captured *cut,
		       struct spec *spec, struct borne *borne)
{
	const uint32_t need = spec->need;

	for (size_t i = 0; i < total; i++) {
		const struct captured *const reply = &replies[i];

		if (!captured_same_series(reply, cut) || reply->argsz < need)
			continue;
		spec_read(reply->bytes, reply->argsz, reply->kind, spec);
		if (spec->verdict != VERDICT_OK)
			fail_msg("%s: %s, though it takes %u bytes", reply->name,
				 verdict_name(spec->verdict), need);
		count(borne, reply);
	}
}

/*
 * Replies of the other byte order are nothing that the reference reads. The table of a device whose region
 * has areas is not known here.
 */
static void test_captured(void **state)
{
	struct borne borne[PROBE_RULE_COUNT] = {0};
	char folder[4096], words[160];
	char error[CAPTURED_ERROR_SIZE];
	struct spec *const spec = spec_new();
	struct captured *replies;
	size_t total;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/captured", corpus);
	total = captured_read(folder, &replies, error);
	if (!total)
		fail_msg("%s", error);
	for (size_t i = 0; i < total; i++) {
		const struct captured *const reply = &replies[i];
		const struct probe_values values = {
			.spec = spec, .index = reply->index, .page = 4096};

		spec_read(reply->bytes, reply->argsz, reply->kind, spec);
		if (spec->verdict == VERDICT_TRUNCATED && spec->need <= PROBE_NEED_MAX)
			hold_whole(replies, total, reply, spec, &borne[PROBE_WHOLE_FLAG]);
		else if (spec->verdict == VERDICT_OK)
			for (enum probe_rule rule = PROBE_AREAS; rule <= PROBE_RANGES; rule++) {
				const enum probe_value value =
					probe_value(rule, &values, words, sizeof(words));

				if (value == VALUE_BREAKS)
					fail_msg("%s: %s: %s", reply->name, probe_rule_name(rule),
						 words);
				if (value == VALUE_HOLDS)
					count(&borne[rule], reply);
			}
	}
	for (unsigned int rule = 0; rule < PROBE_RULE_COUNT; rule++)
		if (borne[rule].replies)
			print_message("%-14s %4zu replies of %zu devices and IOMMUs\n",
				      probe_rule_name((enum probe_rule)rule), borne[rule].replies,
				      borne[rule].series);
	/* No machine at hand has a kernel that writes areas. */
	assert_true(borne[PROBE_WHOLE_FLAG].replies && borne[PROBE_FIXED].replies &&
		    borne[PROBE_IOMMU].replies && borne[PROBE_RANGES].replies);
	captured_free(replies, total);
	spec_free(spec);
}

/* Each way that values can break a rule, and the nearest that does not. */
static void test_values(void **state)
{
	static const struct {
		enum probe_rule rule;
		uint32_t flags;
		uint64_t size, offset, bytes;
		enum probe_value value;
	} rows[] = {
		{PROBE_AREAS, FLAG_REGION_MMAP, 0x4000, 0, 0x4000, VALUE_HOLDS},
		{PROBE_AREAS, FLAG_REGION_MMAP, 0x4000, 0x4000, 0, VALUE_HOLDS},
		{PROBE_AREAS, FLAG_REGION_MMAP, 0x4000, 0, 0x4001, VALUE_BREAKS},
		{PROBE_AREAS, FLAG_REGION_MMAP, 0x4000, 0x4000, 1, VALUE_BREAKS},
		{PROBE_AREAS, FLAG_REGION_MMAP, 0x4000, 0xfffffffffffff000, 0x2000, VALUE_BREAKS},
		{PROBE_AREAS, FLAG_REGION_MMAP, 0x4000, 0x800, 0x1000, VALUE_BREAKS},
		{PROBE_AREAS, 0, 0x4000, 0x800, 0x1000, VALUE_HOLDS},
		{PROBE_FIXED, FLAG_REGION_MMAP, 0x4000, 0, 0x1000, VALUE_HOLDS},
		{PROBE_FIXED, FLAG_REGION_READ, 0x4000, 0, 0x1000, VALUE_BREAKS},
		{PROBE_TABLE, 0, 0x4000, 0, 0x2000, VALUE_HOLDS},
		{PROBE_TABLE, 0, 0x4000, 0x2020, 0x1000, VALUE_HOLDS},
		{PROBE_TABLE, 0, 0x4000, 0, 0x2001, VALUE_BREAKS},
		{PROBE_TABLE, 0, 0x4000, 0x201f, 1, VALUE_BREAKS},
		{PROBE_TABLE, 0, 0x4000, 0x2010, 0, VALUE_HOLDS},
		{PROBE_RANGES, 0, 0x4000, 0, 0x1000, VALUE_NOTHING},
		{PROBE_IOMMU, 0, 0x4000, 0, 0x1000, VALUE_NOTHING},
	};
	struct spec *const spec = spec_new();
	char words[160];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct probe_values values = {
			.spec = spec, .index = 3, .page = 4096, .table = {3, 0x2000, 0x20}};
		uint8_t info[64] = {0};

		layout_store(info, 4, sizeof(info));
		layout_store(info + 4, 4, rows[i].flags | FLAG_REGION_CAPS);
		layout_store(info + 12, 4, 32);
		layout_store(info + 16, 8, rows[i].size);
		layout_store(info + 32, 2, CAP_ID_SPARSE_MMAP);
		layout_store(info + 34, 2, 1);
		layout_store(info + 40, 4, 1);
		layout_store(info + 48, 8, rows[i].offset);
		layout_store(info + 56, 8, rows[i].bytes);
		spec_read(info, sizeof(info), INFO_REGION, spec);
		if (probe_value(rows[i].rule, &values, words, sizeof(words)) != rows[i].value)
			fail_msg("row %zu", i);
	}
	spec_free(spec);
}

/* MSI-X behind another capability, none, and a list that comes back. */
static void test_table(void **state)
{
	uint8_t config[256] = {0};
	struct probe_table table;

	(void)state;
	config[0x34] = 0x40;
	config[0x40] = 0x01;
	config[0x41] = 0x50;
	memcpy(config + 0x50, "\x11\x00\xff\x87\x04\x30\x01\x00", 8);
	assert_int_equal(probe_table_of(config).size, 0);
	config[6] = 0x10;
	table = probe_table_of(config);
	assert_int_equal(table.index, 4);
	assert_int_equal(table.offset, 0x13000);
	assert_int_equal(table.size, 16 * 0x800);
	config[0x50] = 0x10;
	config[0x51] = 0x40;
	assert_int_equal(probe_table_of(config).size, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),	  cmocka_unit_test(test_needs),
		cmocka_unit_test(test_each_rule), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_captured),  cmocka_unit_test(test_values),
		cmocka_unit_test(test_table),
	};

	corpus = argc > 1 ? argv[1] : "corpus";

	return cmocka_run_group_tests(tests, NULL, NULL);
}
