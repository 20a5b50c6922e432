/* SPDX-License-Identifier: MIT */
/*
 * Tests of what spec.c reads of payloads: fields, counts and hashes, at every offset modulo 8.
 * spec_test.c says what to do when one fails.
 */
#include "spec_build.h"

/* The exact bytes of one capability's payload and what is read from them. */
struct store {
	uint8_t at;
	uint8_t width;
	uint64_t value;
};

struct decode_row {
	const char *name;
	enum info_kind kind;
	uint16_t id;
	uint16_t version;
	struct store stores[10];
	bool decoded;
	uint32_t count;
	uint64_t hash;
	uint64_t field[INFO_FIELDS];
};

#define HAS(kind_, id_, version_, ...)                                                             \
	.kind = INFO_##kind_, .id = (id_), .version = (version_), .stores = {__VA_ARGS__}
#define FIELDS(...)		.decoded = true, .field = {__VA_ARGS__}
#define ELEMENTS(count_, hash_) .decoded = true, .count = (count_), .hash = (hash_)
#define UNDECODED		.decoded = false

#define STORE(at_, width_, value_) INFO_ROW(at_, width_, value_)
#define BASE(last)                                                                                 \
	STORE(8, 8, 1), STORE(16, 8, 2), STORE(24, 2, 3), STORE(26, 2, 4), STORE(28, 2, 5),        \
		STORE(30, 1, 6), STORE(31, 1, 7), STORE(32, 4, last)
#define GROUP                                                                                      \
	STORE(8, 8, 1), STORE(16, 8, 2), STORE(24, 8, 3), STORE(32, 2, 4), STORE(34, 2, 5),        \
		STORE(36, 2, 6), STORE(38, 1, 7), STORE(39, 1, 99), STORE(40, 2, 8)

/* Bytes that no store names are 0xa5; hashes were computed apart, from the text of parser.h. */
static const struct decode_row decode_rows[] = {
	{"ZPCI_BASE version 0", HAS(DEVICE, 1, 0, BASE(8)), UNDECODED},
	{"ZPCI_BASE version 1", HAS(DEVICE, 1, 1, BASE(8)), FIELDS(1, 2, 3, 4, 5, 6, 7)},
	{"ZPCI_BASE version 2", HAS(DEVICE, 1, 2, BASE(0xdeadbeef)),
	 FIELDS(1, 2, 3, 4, 5, 6, 7, 0xdeadbeef)},
	{"ZPCI_BASE, all ones",
	 HAS(DEVICE, 1, 1, {8, 8, UINT64_MAX}, {16, 8, UINT64_MAX}, {24, 8, UINT64_MAX}),
	 FIELDS(UINT64_MAX, UINT64_MAX, 0xffff, 0xffff, 0xffff, 0xff, 0xff)},
	{"ZPCI_GROUP version 1", HAS(DEVICE, 2, 1, GROUP), FIELDS(1, 2, 3, 4, 5, 6, 7)},
	{"ZPCI_GROUP version 2", HAS(DEVICE, 2, 2, GROUP), FIELDS(1, 2, 3, 4, 5, 6, 7, 8)},
	{"ZPCI_GROUP version 99", HAS(DEVICE, 2, 99, GROUP), FIELDS(1, 2, 3, 4, 5, 6, 7, 8)},
	{"ZPCI_UTIL", HAS(DEVICE, 3, 1, {8, 4, 3}, {12, 1, 0xc1}, {13, 1, 0xc2}, {14, 1, 0xff}),
	 ELEMENTS(3, 0x83bba9dd45283e55)},
	{"ZPCI_UTIL, empty", HAS(DEVICE, 3, 1, {8, 4, 0}), ELEMENTS(0, 0xcbf29ce484222325)},
	{"ZPCI_PFIP", HAS(DEVICE, 4, 1, {8, 4, 1}, {12, 1, 0}), ELEMENTS(1, 0xf8bb92c91b3f5cc0)},
	{"ZPCI_PFIP version 9", HAS(DEVICE, 4, 9, {8, 4, 1}, {12, 1, 0}),
	 ELEMENTS(1, 0xf8bb92c91b3f5cc0)},
	{"PCI_ATOMIC_COMP", HAS(DEVICE, 5, 1, {8, 4, 7}, {12, 4, 1}), FIELDS(7)},
	{"SPARSE_MMAP", HAS(REGION, 1, 1, {8, 4, 1}, {12, 4, 77}, {16, 8, 0x1000}, {24, 8, 0x2000}),
	 ELEMENTS(1, 0x711086bcd545d1bf)},
	{"SPARSE_MMAP, two areas",
	 HAS(REGION, 1, 1, {8, 4, 2}, {16, 8, 1}, {24, 8, 2}, {32, 8, 3}, {40, 8, 4}),
	 ELEMENTS(2, 0x7ce31d6363cb5993)},
	{"SPARSE_MMAP, one empty area", HAS(REGION, 1, 1, {8, 4, 1}, {16, 8, 0}, {24, 8, 0}),
	 ELEMENTS(1, 0x860389c57a9c1205)},
	{"SPARSE_MMAP, no area", HAS(REGION, 1, 1, {8, 4, 0}), ELEMENTS(0, 0xcbf29ce484222325)},
	{"SPARSE_MMAP version 0", HAS(REGION, 1, 0, {8, 4, 1}), UNDECODED},
	{"TYPE", HAS(REGION, 2, 1, {8, 4, 0x80008086}, {12, 4, 3}), FIELDS(0x80008086, 3)},
	{"MSIX_MAPPABLE", HAS(REGION, 3, 1, {8, 4, 1}), FIELDS(0)},
	{"NVLINK2_SSATGT", HAS(REGION, 4, 1, {8, 8, 0xfedcba9876543210}),
	 FIELDS(0xfedcba9876543210)},
	{"NVLINK2_LNKSPD", HAS(REGION, 5, 1, {8, 4, 0x80000000}, {12, 4, 5}), FIELDS(0x80000000)},
	{"IOVA_RANGE",
	 HAS(IOMMU, 1, 1, {8, 4, 2}, {16, 8, 0}, {24, 8, 0xfedfffff}, {32, 8, 0xfef00000},
	     {40, 8, 0x7fffffffff}),
	 ELEMENTS(2, 0x99d22b9ed2ccc988)},
	{"MIGRATION",
	 HAS(IOMMU, 2, 1, {8, 4, 1}, {12, 4, 99}, {16, 8, 0x1000}, {24, 8, 0x10000000000}),
	 FIELDS(1, 0x1000, 0x10000000000)},
	{"DMA_AVAIL", HAS(IOMMU, 3, 1, {8, 4, 65535}, {12, 4, 9}), FIELDS(65535)},
	{"unknown id", HAS(IOMMU, 9, 1, {8, 4, 65535}), UNDECODED},
};

static void test_decode(void **state)
{
	const struct decode_row *const row = *state;

	/* Every offset modulo 8 that a capability can have, and every alignment in memory. */
	for (uint32_t at = 32; at < 40; at++) {
		const uint32_t len = at + 64;
		const struct image image = {row->kind, len,   len,
					    at,	       false, {{at, row->id, row->version, 0, 0}}};
		const struct info_cap *cap;

		build(&image);
		memset(built + at + 8, 0xa5, 56);
		for (size_t i = 0; i < COUNT_OF(row->stores) && row->stores[i].at; i++)
			put(at + row->stores[i].at, row->stores[i].width, row->stores[i].value);
		spec_read(at_guard(built, len), len, row->kind, spec);
		assert_int_equal(spec->verdict, VERDICT_OK);
		assert_delivered(spec, image.caps, 1);
		cap = &spec->caps[0].cap;
		assert_int_equal(cap->decoded, row->decoded);
		assert_int_equal(cap->count, row->count);
		assert_true(cap->hash == row->hash);
		for (size_t i = 0; i < INFO_FIELDS; i++)
			assert_true(cap->field[i] == row->field[i]);
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(decode_rows)];

	for (size_t i = 0; i < COUNT_OF(decode_rows); i++)
		tests[i] = row_test(decode_rows[i].name, test_decode, &decode_rows[i]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
