/* SPDX-License-Identifier: MIT */
/*
 * Replies by each producer's rule, and which mappings a reply contains. No process is started here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "../../parsers/layout.h"
#include "mapping.h"

/* A region's reply of 64 bytes: MSIX_MAPPABLE, then SPARSE_MMAP at 40 without areas. */
static void chain(uint8_t bytes[64], uint32_t argsz)
{
	memset(bytes, 0, 64);
	layout_store(bytes, 4, argsz);
	layout_store(bytes + INFO_AT_REGION_flags, 4, FLAG_REGION_CAPS);
	layout_store(bytes + INFO_AT_REGION_cap_offset, 4, 32);
	layout_store(bytes + 32, 8, CAP_ID_MSIX_MAPPABLE | 1 << 16 | (uint64_t)40 << 32);
	layout_store(bytes + 40, 8, CAP_ID_SPARSE_MMAP | 1 << 16);
	memset(bytes + 56, 0xee, 8);
}

/* What one call is told: how many bytes, and three of its fields. */
struct want {
	enum reply_rule rule;
	uint32_t asked;
	int len;
	uint32_t argsz, cap_offset;
	bool flag;
};

static const struct want wants[] = {
	{REPLY_KERNEL, 31, -EINVAL, 0, 0, false}, {REPLY_KERNEL, 32, 32, 64, 0, true},
	{REPLY_KERNEL, 63, 32, 64, 0, true},	  {REPLY_KERNEL, 64, 64, 64, 32, true},
	{REPLY_KERNEL, 200, 64, 200, 32, true},	  {REPLY_IOMMUFD, 48, 32, 64, 0, true},
	{REPLY_IOMMUFD, 200, 64, 200, 32, true},  {REPLY_VFIO_USER, 32, 32, 64, 0, false},
	{REPLY_VFIO_USER, 48, 48, 64, 0, false},  {REPLY_VFIO_USER, 64, 64, 64, 32, true},
	{REPLY_RUST_VMM, 48, 32, 64, 32, true},	  {REPLY_RUST_VMM, 64, 64, 64, 32, true},
	{REPLY_RAW, 64, 64, 64, 32, true},	  {REPLY_RAW, 32, 32, 64, 32, true},
};

static void rules_cut_as_their_producers_do(void **state)
{
	static uint8_t got[INFO_LEN_MAX];
	uint8_t bytes[64];

	(void)state;
	chain(bytes, 64);
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct replies replies = {0};
		struct reply *reply;
		int len;

		assert_int_equal(reply_add(&replies, 2, wants[i].rule, bytes, 64, false, &reply),
				 0);
		len = reply_next(&replies, 2, wants[i].asked, got);
		print_message("row %zu\n", i);
		assert_int_equal(len, wants[i].len);
		if (len > 0) {
			assert_int_equal(layout_load(got, 4), wants[i].argsz);
			assert_int_equal(layout_load(got + 12, 4), wants[i].cap_offset);
			assert_int_equal(!!(layout_load(got + 4, 4) & FLAG_REGION_CAPS),
					 wants[i].flag);
		}
		/* A capability that is not announced is not there. */
		if (wants[i].rule == REPLY_VFIO_USER && len == 48)
			assert_int_equal(layout_load(got + 32, 8), 0);
		replies_free(&replies);
	}
}

static void a_files_own_argsz_stays(void **state)
{
	static uint8_t got[INFO_LEN_MAX];
	struct replies replies = {0};
	struct reply *reply;
	uint8_t bytes[64];

	(void)state;
	chain(bytes, 0xffffffff);
	reply_add(&replies, 0, REPLY_KERNEL, bytes, 64, true, &reply);
	assert_int_equal(reply_next(&replies, 0, 64, got), 64);
	assert_int_equal(layout_load(got, 4), 0xffffffff);
	/* And the rest of the fixed fields are the device's. */
	assert_int_equal(layout_load(got + INFO_AT_REGION_size, 8), 0x20000);
	assert_int_equal(layout_load(got + INFO_AT_REGION_flags, 4), 15);
	replies_free(&replies);
}

static void lists_go_on_and_over(void **state)
{
	static uint8_t got[INFO_LEN_MAX];
	struct replies replies = {0};
	struct reply *reply;
	uint8_t bytes[64];

	(void)state;
	chain(bytes, 64);
	reply_add(&replies, 0, REPLY_RAW, bytes, 64, false, &reply);
	reply->how = ARGSZ_IS;
	reply->argsz = 88;
	reply_add(&replies, 0, REPLY_RAW, bytes, 64, false, &reply);
	reply->how = ARGSZ_GROWS;
	reply->argsz = 8;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(reply_next(&replies, 0, 100 + i, got), 64);
		assert_int_equal(layout_load(got, 4), i ? 108 + i : 88);
	}
	replies.lists[0].again = true;
	reply_next(&replies, 0, 100, got);
	reply_next(&replies, 0, 100, got);
	assert_int_equal(layout_load(got, 4), 88);
	replies_rewind(&replies);
	reply_next(&replies, 0, 100, got);
	assert_int_equal(layout_load(got, 4), 88);
	replies_free(&replies);
}

/* Good replies have to be plain to the reference, or every outcome would be blamed on them. */
static void good_replies_are_plain(void **state)
{
	static uint8_t got[INFO_LEN_MAX];
	struct spec *const spec = spec_new();
	struct replies replies = {0};
	unsigned int chains = 0;

	(void)state;
	assert_int_equal(replies_fill(&replies, REPLY_KERNEL), 0);
	for (size_t list = 0; list < LISTS; list++) {
		const enum info_kind kind = list == LIST_DEVICE	 ? INFO_DEVICE
					    : list == LIST_IOMMU ? INFO_IOMMU
								 : INFO_REGION;
		const int len = reply_next(&replies, list, 4096, got);

		assert_true(len > 0);
		spec_read(got, 4096, kind, spec);
		assert_int_equal(spec->class, CLASS_PLAIN);
		chains += spec->verdict == VERDICT_OK;
	}
	assert_int_equal(chains, 3);
	replies_free(&replies);
	spec_free(spec);
}

static void mappings_are_held_to_the_reply(void **state)
{
	static const struct {
		uint64_t offset, length;
		enum mapped mapped;
	} rows[] = {
		{0, 0x1000, MAPPED_INSIDE},
		{0, 0x2000, MAPPED_OUTSIDE},
		{0x1000, 0x1000, MAPPED_OUTSIDE},
		{0x3000, 0x1d000, MAPPED_INSIDE},
		{0x4000, 0x1000, MAPPED_INSIDE},
		/* Past the region's size, whatever the areas say. */
		{0x3000, 0x1e000, MAPPED_PAST},
		{UINT64_C(9) << 40, 0x1000, MAPPED_NOWHERE},
		{UINT64_MAX - 0xfff, 0x2000, MAPPED_NOWHERE},
		{UINT64_C(1) << 40, 0x1000, MAPPED_NOWHERE},
		{0, UINT64_MAX, MAPPED_PAST},
	};
	static uint8_t got[INFO_LEN_MAX];
	struct spec *const spec = spec_new();
	struct replies replies = {0};
	struct vfio vfio = {0};

	(void)state;
	replies_fill(&replies, REPLY_KERNEL);
	vfio.calls[0].bytes = got;
	vfio.calls[0].len = (size_t)reply_next(&replies, 0, 88, got);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mapped_of(&vfio, NULL, 0, rows[i].offset, rows[i].length, spec),
				 rows[i].mapped);
	/* One that does not say how far it goes contains nothing. */
	layout_store(got + 40 + CAP_COUNT_AT, 4, 3);
	assert_int_equal(mapped_of(&vfio, NULL, 0, 0, 0x1000, spec), MAPPED_UNREADABLE);
	/* Without areas it is the whole region, and no more. */
	layout_store(got + INFO_AT_REGION_flags, 4, 7);
	assert_int_equal(mapped_of(&vfio, NULL, 0, 0, 0x20000, spec), MAPPED_INSIDE);
	assert_int_equal(mapped_of(&vfio, NULL, 0, 0, 0x21000, spec), MAPPED_PAST);
	replies_free(&replies);
	spec_free(spec);
}

/* Two areas, 0 to 0x2fff and 0x2000 to 0x3fff: their third page is of both. */
static void what_two_areas_share(void **state)
{
	static const struct {
		uint64_t before, before_length, offset, length;
		enum mapped mapped;
	} rows[] = {
		{0, 0, 0, 0x3000, MAPPED_INSIDE},
		{0, 0x3000, 0x2000, 0x2000, MAPPED_TWICE},
		{0x2000, 0x2000, 0, 0x3000, MAPPED_TWICE},
		{0x2000, 0x1000, 0x2000, 0x1000, MAPPED_TWICE},
		/* Neither in one alone nor one behind the other. */
		{0, 0x2000, 0, 0x2000, MAPPED_INSIDE},
		{0, 0x2000, 0x2000, 0x2000, MAPPED_INSIDE},
		{UINT64_C(1) << 40 | 0x2000, 0x1000, 0x2000, 0x1000, MAPPED_INSIDE},
		{0, 0x3000, 0x3000, 0x2000, MAPPED_OUTSIDE},
	};
	uint8_t reply[80] = {0};
	struct spec *const spec = spec_new();
	struct vfio vfio = {0};

	(void)state;
	layout_store(reply, 4, sizeof(reply));
	layout_store(reply + 4, 4, FLAG_REGION_MMAP | FLAG_REGION_CAPS);
	layout_store(reply + 12, 4, 32);
	layout_store(reply + 16, 8, 0x10000);
	layout_store(reply + 32, 2, CAP_ID_SPARSE_MMAP);
	layout_store(reply + 34, 2, 1);
	layout_store(reply + 40, 4, 2);
	layout_store(reply + 56, 8, 0x3000);
	layout_store(reply + 64, 8, 0x2000);
	layout_store(reply + 72, 8, 0x2000);
	vfio.calls[0].bytes = reply;
	vfio.calls[0].len = sizeof(reply);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mapping before = {rows[i].before, rows[i].before_length,
					       MAPPED_INSIDE};

		assert_int_equal(mapped_of(&vfio, &before, 1, rows[i].offset, rows[i].length, spec),
				 rows[i].mapped);
	}
	spec_free(spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_cut_as_their_producers_do),
		cmocka_unit_test(a_files_own_argsz_stays),
		cmocka_unit_test(lists_go_on_and_over),
		cmocka_unit_test(good_replies_are_plain),
		cmocka_unit_test(mappings_are_held_to_the_reply),
		cmocka_unit_test(what_two_areas_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
