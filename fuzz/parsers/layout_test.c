/* SPDX-License-Identifier: MIT */
/*
 * Tests of what parsers/layout.h says of headers: numbers among bytes, of the forms that are known. A
 * kind with another form rests on these alone until it is in the tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"

/* A number, the bytes that it stands among, and what they are once it is 0 and once it is all ones. */
static const struct {
	struct layout_bits bits;
	uint8_t bytes[8];
	uint32_t value;
	uint8_t zeroes[8];
	uint8_t ones[8];
} rows[] = {
	/* An INFO ioctl's: id, version, next. */
	{{0, 2, 0, UINT16_MAX}, {1, 2, 3, 4}, 0x0201, {0, 0, 3, 4}, {255, 255, 3, 4}},
	{{4, 4, 0, UINT32_MAX},
	 {9, 9, 9, 9, 1, 2, 3, 4},
	 0x04030201,
	 {9, 9, 9, 9},
	 {9, 9, 9, 9, 255, 255, 255, 255}},
	/* PCI's next: one byte, its low two bits reserved. */
	{{1, 1, 0, 0xfc}, {5, 0x43, 7}, 0x40, {5, 0x03, 7}, {5, 0xff, 7}},
	/* PCI Express: a version of 4 bits and a next of 12, of which two are reserved. */
	{{2, 2, 0, 0xf}, {0, 0, 0x25, 0x14}, 5, {0, 0, 0x20, 0x14}, {0, 0, 0x2f, 0x14}},
	{{2, 2, 4, 0xffc}, {0, 0, 0x25, 0x14}, 0x140, {0, 0, 0x25, 0}, {0, 0, 0xe5, 0xff}},
	/* No byte says it. */
	{{0, 0, 0, 1}, {7, 7}, 1, {7, 7}, {7, 7}},
};

static void test_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[8];

		memcpy(bytes, rows[i].bytes, sizeof(bytes));
		assert_int_equal(layout_get(&rows[i].bits, bytes), rows[i].value);
		layout_set(&rows[i].bits, bytes, rows[i].value);
		assert_memory_equal(bytes, rows[i].bytes, sizeof(bytes));
		layout_set(&rows[i].bits, bytes, 0);
		assert_memory_equal(bytes, rows[i].zeroes, sizeof(bytes));
		layout_set(&rows[i].bits, bytes, UINT64_MAX);
		assert_memory_equal(bytes, rows[i].ones, sizeof(bytes));
	}
}

/* Each link and number of a header lies inside it, each of the struct before its end. */
static void test_forms(void **state)
{
	(void)state;
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++) {
		const struct layout_info *const info = &layout_infos[kind];
		const struct layout_bits *const in_struct[] = {&info->argsz, &info->flags,
							       &info->first};
		const struct layout_bits *const in_header[] = {&info->id, &info->version,
							       &info->next};

		for (size_t i = 0; i < 3; i++) {
			assert_true(in_struct[i]->at + in_struct[i]->width <= info->end);
			assert_true(in_header[i]->at + in_header[i]->width <= info->header);
		}
		assert_true(info->minsz <= info->end && info->end <= info->full);
		assert_true(info->caps_flag & info->flags.mask);
	}
}

static void test_words(void **state)
{
	(void)state;
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		assert_non_null(strstr(LAYOUT_KIND_WORDS, info_kind_name(kind)));
}

/* What a reply says of its length, and a buffer too short to say it. */
static void test_argsz(void **state)
{
	uint8_t bytes[32] = {0};

	(void)state;
	layout_store(bytes, 4, 77);
	for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
		assert_int_equal(layout_argsz(kind, bytes, sizeof(bytes)), 77);
		assert_int_equal(layout_argsz(kind, bytes, 4), 77);
		assert_int_equal(layout_argsz(kind, bytes, 3), 0);
	}
}

/* How long versions are: what the fields of layout.h make of it, figures of the UAPI beside. */
static void test_fixed(void **state)
{
	static const uint32_t base[] = {8, 32, 36, 40};

	(void)state;
	for (uint16_t version = 0; version < 4; version++)
		assert_int_equal(layout_fixed(layout_cap(INFO_DEVICE, CAP_ID_ZPCI_BASE), version),
				 base[version]);
	for (size_t i = 0; i < layout_cap_count; i++)
		assert_int_equal(layout_fixed(&layout_caps[i], UINT16_MAX),
				 layout_fixed(&layout_caps[i], layout_caps[i].newest));
	assert_int_equal(layout_fixed(layout_cap(INFO_REGION, CAP_ID_MSIX_MAPPABLE), 1), 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),  cmocka_unit_test(test_forms),
		cmocka_unit_test(test_words), cmocka_unit_test(test_argsz),
		cmocka_unit_test(test_fixed),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
