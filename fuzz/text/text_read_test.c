/* SPDX-License-Identifier: MIT */
/* Tests of chain.c: chains that chain_read() takes from buffers, where it stops, and edits. */
#include "text_trip.h"

/* A buffer, given as text, and what chain_read() makes of it, as text. */
static const struct said readings[] = {
	{"reading: the fill is the commonest undescribed byte, far differences are two overlays",
	 "{kind: region, len: 64, raw: [{at: 0, hex: \"40\"}, {at: 32, hex: \"a5a500000000000000"
	 "0000a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a501\"}]}",
	 REGION("64", "0xa5", "0", "0",
		"raw:\n"
		"  - {at: 34, hex: \"000000000000000000\"}\n  - {at: 63, hex: \"01\"}\n")},
	{"reading: near differences are one overlay",
	 "{kind: region, len: 64, raw: [{at: 40, hex: \"01\"}, {at: 48, hex: \"02\"}]}",
	 REGION("64", "0", "0", "0",
		"raw:\n"
		"  - {at: 40, hex: \"010000000000000002\"}\n")},
	{"reading: links are followed without the flag, and a loop ends",
	 "{kind: region, len: 48, info: {flags: 0, cap_offset: 40}, "
	 "caps: [{id: 3, at: 32, next: 40}, {id: 3, next: 32}]}",
	 REGION("48", "0", "0", "40",
		"caps:\n"
		"  - at: 40\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 32\n"
		"  - at: 32\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 40\n")},
	{"reading: no capability among the fixed fields",
	 "{kind: region, info: {flags: 0, cap_offset: 31}, len: 40}",
	 REGION("40", "0", "0", "31", "")},
	{"reading: a capability may stand on the pad, which is then no field",
	 "{kind: device, info: {argsz: 28}, len: 28, caps: [{at: 20, id: 9, next: 7}]}",
	 DEVICE("28", "0", "[CAPS]", "20",
		"caps:\n"
		"  - at: 20\n    id: 9\n    version: 1\n    next: 7\n")},
	{"reading: a header that crosses len is none", "{kind: region, len: 39, caps: [{id: 3}]}",
	 REGION("39", "0", "[CAPS]", "32",
		"raw:\n"
		"  - {at: 32, hex: \"030001\"}\n")},
	{"reading: a payload that crosses len is raw",
	 "{kind: region, len: 47, caps: [{id: TYPE, type: 5}]}",
	 REGION("47", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: TYPE\n    version: 1\n    next: 0\n"
		"raw:\n  - {at: 40, hex: \"05\"}\n")},
	{"reading: the chain ends at a capability that shares a byte",
	 "{kind: region, len: 64, caps: [{id: TYPE, next: 47}, {at: 47, id: 3, next: 56},"
	 " {at: 56, id: 3}]}",
	 REGION("64", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: TYPE\n    version: 1\n    next: 47\n    type: 0\n"
		"    subtype: 0x3000000\n"
		"raw:\n  - {at: 49, hex: \"01003800000000030001\"}\n")},
	{"reading: a fixed part that reaches into a capability already taken is not",
	 "{kind: region, len: 64, info: {cap_offset: 44}, caps: [{id: TYPE}, {id: 3, at: 44, next: 32}]}",
	 REGION("64", "0", "[CAPS]", "44",
		"caps:\n"
		"  - at: 44\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 32\n"
		"raw:\n  - {at: 32, hex: \"020001002c\"}\n")},
	{"reading: a count that lies takes no other capability's bytes",
	 "{kind: region, caps: [{id: SPARSE_MMAP, nr_areas: 0xffffffff, "
	 "areas: [{offset: 1, size: 2}]}, {id: 3}]}",
	 REGION("72", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: SPARSE_MMAP\n    version: 1\n    next: 64\n"
		"    nr_areas: 0xffffffff\n    reserved: 0\n    areas:\n"
		"      - {offset: 0x1, size: 0x2}\n"
		"  - at: 64\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 0\n")},
	{"reading: elements end with len",
	 "{kind: device, len: 38, caps: [{id: ZPCI_PFIP, size: 3, pfip: \"010203\"}]}",
	 DEVICE("38", "0", "[CAPS]", "24",
		"caps:\n"
		"  - at: 24\n    id: ZPCI_PFIP\n    version: 1\n    next: 0\n"
		"    size: 3\n    pfip: \"0102\"\n")},
	{"reading: version 0 is a header only",
	 "{kind: region, len: 48, caps: [{id: TYPE, version: 0}], raw: [{at: 40, hex: \"01\"}]}",
	 REGION("48", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: TYPE\n    version: 0\n    next: 0\n"
		"raw:\n  - {at: 40, hex: \"01\"}\n")},
	{"reading: a fixed field that crosses len keeps its bytes",
	 "{kind: iommu, len: 17, info: {cap_offset: 0x118}}",
	 "kind: iommu\nlen: 17\nfill: 0\n"
	 "info:\n  argsz: 17\n  flags: 0\n  iova_pgsizes: 0\n  cap_offset: 24  # past len\n"
	 "  pad: 0  # past len\n"},
};

static void test_reading(void **state)
{
	const struct said *const row = *state;
	struct chain chain;
	struct chain read;
	uint8_t *bytes;
	char *text;

	load(row->text, &chain);
	bytes = bytes_of(&chain);
	assert_int_equal(chain_read(bytes, chain.len, chain.kind, &read), 0);
	text = dump(&read);
	assert_string_equal(text, row->full);
	trip(row->name, bytes, chain.len, chain.kind);
	free(text);
	free(bytes);
	chain_free(&chain);
	chain_free(&read);
}

static void test_reading_too_long(void **state)
{
	static const uint8_t bytes[INFO_LEN_MAX + 1];
	struct chain chain;

	(void)state;
	assert_int_equal(chain_read(bytes, sizeof(bytes), INFO_DEVICE, &chain), -EINVAL);
}

static void test_editing(void **state)
{
	struct chain chain;
	struct chain_raw *raw;

	(void)state;
	chain_init(&chain, INFO_REGION);
	for (uint16_t id = 0; id < 20; id++) {
		struct chain_cap *const cap = chain_add_cap(&chain);

		assert_non_null(cap);
		cap->id = id;
		assert_int_equal(chain_resize_elements(cap, 16), 0);
		memset(cap->elements, id, 16);
		raw = chain_add_raw(&chain, id, id);
		assert_non_null(raw);
		memset(raw->bytes, id, id);
	}
	assert_int_equal(chain.ncaps, 20);
	assert_int_equal(chain.nraws, 20);
	for (uint16_t i = 0; i < 20; i++) {
		assert_int_equal(chain.caps[i].id, i);
		assert_int_equal(chain.caps[i].elements[15], i);
		assert_int_equal(chain.raws[i].size, i);
	}
	assert_non_null(chain_add_cap(&chain));
	assert_int_equal(chain.caps[20].id, 0);
	assert_null(chain.caps[20].elements);
	assert_int_equal(chain_resize_elements(&chain.caps[0], 32), 0);
	assert_int_equal(chain.caps[0].elements[15], 0);
	assert_int_equal(chain.caps[0].elements[31], 0);
	assert_int_equal(chain_resize_elements(&chain.caps[0], 0), 0);
	assert_int_equal(chain.caps[0].elements_size, 0);
	chain_free(&chain);
	assert_int_equal(chain.ncaps + chain.nraws, 0);
	assert_int_equal(chain.kind, INFO_REGION);
}

/* value[0] is the count, wherever there are elements; chain.h promises it. */
static void test_count_is_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < layout_cap_count; i++) {
		const struct layout_cap *const cap = &layout_caps[i];

		for (size_t f = 0; f < cap->nfields; f++)
			assert_int_equal(cap->fields[f].role == ROLE_COUNT,
					 cap->elements != ELEMENTS_NONE && f == 0);
	}
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(test_reading_too_long),
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_count_is_first),
	};
	static struct CMUnitTest tests[COUNT_OF(readings) + COUNT_OF(single)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(readings); i++)
		tests[n++] = row_test(readings[i].name, test_reading, &readings[i]);
	memcpy(tests + n, single, sizeof(single));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
