/* SPDX-License-Identifier: MIT */
/* Tests of capture_corpus_bytes(): what of a caller's bytes is the kernel's. Each row is one reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "capture.h"

#define LEN 64

static uint8_t before[LEN], after[LEN], bytes[LEN];

/* A region's reply to a caller whose buffer was full of @fill; @whole: with a chain of 8 bytes. */
static void region(uint8_t fill, uint32_t flags, bool whole)
{
	memset(before, fill, LEN);
	layout_store(before, 4, LEN);
	layout_store(before + 8, 4, 0);
	memcpy(after, before, LEN);
	layout_store(after + 4, 4, flags);
	memset(after + 16, 0, 16);
	if (!whole)
		return;
	layout_store(after + 12, 4, 32);
	layout_store(after + 32, 8, 0);
	layout_store(after + 32, 2, CAP_ID_MSIX_MAPPABLE);
	layout_store(after + 34, 2, 1);
}

static void assert_all(uint32_t start, uint32_t end, uint8_t value)
{
	for (; start < end; start++)
		assert_int_equal(bytes[start], value);
}

/* Whatever the caller's fill, the reply is the same. */
static void test_any_fill(void **state)
{
	static const uint8_t fills[] = {0xa5, 0x5a, 0x00, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(fills); i++) {
		region(fills[i], FLAG_REGION_CAPS, true);
		capture_corpus_bytes(INFO_REGION, before, after, LEN, 0, bytes);
		assert_memory_equal(bytes, after, 40);
		assert_all(40, LEN, 0xa5);
	}
}

/* Without the flag, cap_offset is what the caller left there. */
static void test_echoed_offset(void **state)
{
	(void)state;
	region(0x5a, FLAG_REGION_READ, false);
	capture_corpus_bytes(INFO_REGION, before, after, LEN, 0, bytes);
	assert_all(12, 16, 0xa5);
	assert_all(32, LEN, 0xa5);
}

/* A cap_offset of 0 that was 0 before is one all the same: it says that the chain is not there. */
static void test_short_of_zeros(void **state)
{
	(void)state;
	region(0, FLAG_REGION_CAPS, false);
	layout_store(after, 4, LEN + 16);
	capture_corpus_bytes(INFO_REGION, before, after, LEN, 0, bytes);
	assert_all(12, 16, 0);
	assert_all(32, LEN, 0xa5);
}

/* Where the kernel said where its chain ends, that counts, whatever the bytes look like. */
static void test_kernels_end(void **state)
{
	(void)state;
	region(0, FLAG_REGION_CAPS, true);
	capture_corpus_bytes(INFO_REGION, before, after, LEN, 48, bytes);
	assert_all(36, 48, 0);
	assert_all(48, LEN, 0xa5);
}

/*
 * What pads a capability was not written where it did not change: iommufd leaves what the caller
 * had.
 */
static void test_padding(void **state)
{
	(void)state;
	memset(before, 0x5a, LEN);
	memset(after, 0x5a, LEN);
	layout_store(before, 4, LEN);
	layout_store(after, 4, LEN);
	layout_store(after + 4, 4, FLAG_IOMMU_CAPS);
	layout_store(after + 16, 4, 24);
	layout_store(after + 24, 8, 0);
	layout_store(after + 24, 2, CAP_ID_DMA_AVAIL);
	layout_store(after + 26, 2, 1);
	layout_store(after + 28, 4, 40);
	layout_store(after + 40, 8, 0);
	layout_store(after + 40, 2, 99);
	capture_corpus_bytes(INFO_IOMMU, before, after, LEN, 0, bytes);
	assert_memory_equal(bytes + 24, after + 24, 12);
	assert_all(36, 40, 0xa5);
	assert_memory_equal(bytes + 40, after + 40, 8);
	assert_all(48, LEN, 0xa5);
	/* Unless the kernel said that its chain goes on there. */
	capture_corpus_bytes(INFO_IOMMU, before, after, LEN, 48, bytes);
	assert_all(36, 40, 0x5a);
}

/* Of a cap_offset that argsz cuts there is none; a byte of it that changed was written. */
static void test_cut_offset(void **state)
{
	(void)state;
	memset(before, 0x5a, LEN);
	memcpy(after, before, LEN);
	memset(after + 4, 0, 12);
	layout_store(after, 4, 112);
	layout_store(after + 4, 4, FLAG_IOMMU_CAPS);
	after[16] = 0;
	capture_corpus_bytes(INFO_IOMMU, before, after, 18, 0, bytes);
	assert_int_equal(bytes[16], 0);
	assert_int_equal(bytes[17], 0xa5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_fill),       cmocka_unit_test(test_echoed_offset),
		cmocka_unit_test(test_short_of_zeros), cmocka_unit_test(test_kernels_end),
		cmocka_unit_test(test_cut_offset),     cmocka_unit_test(test_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
