/* SPDX-License-Identifier: MIT */
/*
 * Tests of parsers/include/pcicaps.h.
 *
 *   noise   200,000 spaces of both kinds, whole and cut: it says what the reference says, of the verdict, the
 *           link and every capability, once more after pc_again(), and pc_find() finds the first of each id
 *   blind   the same comparison sees each byte of a header that is not as the reference had it
 *   typed   what pc_get_*() gives of a space by hand, and what they refuse, byte by byte cut
 *
 * Each space ends where an unreadable page begins: one load past it is a SIGSEGV. Where it differs from the
 * reference find out from RULES.md, sections 2 and 9, which of the two misreads a rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../parsers/include/pcicaps.h"
#include "../../parsers/layout.h"
#include "../judge/spec.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t *end_of_page;
static struct spec *spec;

/* xorshift: the same on every run. */
static uint32_t random_below(uint32_t below)
{
	static uint32_t state = 88172645;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

/* @len bytes at @bytes, right before the page that cannot be read. */
static const uint8_t *placed(const uint8_t *bytes, size_t len)
{
	memcpy(end_of_page - len, bytes, len);
	return end_of_page - len;
}

static bool same_verdict(const struct pc_list *list)
{
	switch (spec->verdict) {
	case VERDICT_OK:
		return list->status == PC_OK;
	case VERDICT_ABSENT:
		return list->status == PC_ABSENT;
	case VERDICT_TRUNCATED:
		return list->status == PC_TRUNCATED && list->size == spec->need;
	default:
		return strcmp(pc_name(list->status), rule_name(spec->rule)) == 0 &&
		       list->at == spec->at && list->from == spec->from;
	}
}

static bool same_list(struct pc_list *list)
{
	size_t n = 0;
	struct pc_cap cap = {0};

	pc_again(list);
	for (; pc_next(list, &cap); n++)
		if (n == spec->ncaps || spec->caps[n].cap.offset != cap.offset ||
		    spec->caps[n].cap.id != cap.id || spec->caps[n].cap.version != cap.version)
			return false;
	return spec->verdict != VERDICT_OK || n == spec->ncaps;
}

static bool finds_first(struct pc_list *list)
{
	for (size_t i = 0; spec->verdict == VERDICT_OK && i < spec->ncaps; i++) {
		struct pc_cap cap;
		size_t first = 0;

		while (spec->caps[first].cap.id != spec->caps[i].cap.id)
			first++;
		if (!pc_find(list, spec->caps[i].cap.id, &cap) ||
		    cap.offset != spec->caps[first].cap.offset)
			return false;
	}
	return true;
}

/* Whether the header says of @len bytes at @bytes what the reference has said. */
static bool says_same(const uint8_t *bytes, size_t len, enum info_kind kind)
{
	struct pc_list list = {0};

	pc_begin(&list, placed(bytes, len), (pc_u32)len,
		 kind == INFO_PCI ? PC_CONVENTIONAL : PC_EXTENDED);
	return same_verdict(&list) && same_list(&list) && same_list(&list) && finds_first(&list);
}

/* A space whose places for capabilities hold what means something there. */
static size_t make_noise(enum info_kind kind, uint8_t *ret_bytes)
{
	static const uint8_t ids[] = {0, 1, 5, 9, 0x10, 0x11, 0x13, 0x14, 0x77, 0xff};
	static const size_t lens[] = {0,   1,	63,  64,  65,	128,  255, 256,
				      257, 259, 260, 300, 4095, 4096, 4100};

	memset(ret_bytes, random_below(50) ? 0 : 0xff, 4100);
	if (random_below(50)) {
		ret_bytes[6] = random_below(10) ? 0x10 : 0;
		ret_bytes[14] = random_below(10) ? 0 : (uint8_t)random_below(256);
	}
	ret_bytes[0x14] = (uint8_t)random_below(256);
	ret_bytes[0x34] = (uint8_t)(random_below(4) ? 0x40 : random_below(256));
	for (uint32_t at = 0x40; at < 0x60; at += 4) {
		ret_bytes[at] = ids[random_below(COUNT_OF(ids))];
		ret_bytes[at + 1] =
			(uint8_t)(random_below(8) ? 0x40 + random_below(9) * 4 : random_below(256));
		ret_bytes[at + 2] = (uint8_t)random_below(256);
	}
	ret_bytes[0xfc] = ids[random_below(COUNT_OF(ids))];
	for (uint32_t at = 0x100; at < 0x140; at += 4)
		layout_store(ret_bytes + at, 4,
			     random_below(30) ? random_below(0x30) | random_below(3) << 16 |
							(0x100 + random_below(17) * 4) << 20
					      : random_below(2) * UINT32_MAX);
	layout_store(ret_bytes + 0xff8, 4, random_below(0x30) | 0x10000);
	if (!random_below(8))
		layout_store(ret_bytes + 0x100, 4, 0xff810001);
	return random_below(2) ? kind == INFO_PCI ? 256 : 4096 : lens[random_below(COUNT_OF(lens))];
}

static void test_noise(void **state)
{
	static uint8_t bytes[4100];
	size_t verdicts[VERDICTS] = {0}, rules[RULE_COUNT] = {0};

	(void)state;
	for (int i = 0; i < 200000; i++) {
		const enum info_kind kind = i % 2 ? INFO_PCI : INFO_PCIE;
		const size_t len = make_noise(kind, bytes);

		spec_read(bytes, len, kind, spec);
		verdicts[spec->verdict]++;
		rules[spec->rule]++;
		if (!says_same(bytes, len, kind))
			fail_msg("%s space %d of %zu bytes: the reference says %d, %s at %u",
				 info_kind_name(kind), i, len, (int)spec->verdict,
				 rule_name(spec->rule), spec->at);
	}
	/* It was about something. */
	for (enum verdict verdict = VERDICT_OK; verdict <= VERDICT_REJECT; verdict++)
		assert_true(verdicts[verdict] > 1000);
	assert_true(rules[RULE_LOOP] && rules[RULE_INTO_HEADER] && rules[RULE_PAYLOAD_OOB] &&
		    rules[RULE_ALL_ONES] && rules[RULE_SHORT_BUFFER]);
}

/* MSI at 40, with vectors that the function masks; Express at 60; vendor-specific at 80; MSI-X at 90. */
static const uint8_t conventional[256] = {
	[0x06] = 0x10,
	[0x34] = 0x40,
	[0x40] = 0x05,
	0x60,
	0x86,
	0x01,
	0x00,
	0x10,
	0xe0,
	0xfe,
	0x02,
	0,
	0,
	0,
	0x41,
	0x40,
	0,
	0,
	0x0f,
	0,
	0,
	0,
	0x03,
	[0x60] = 0x10,
	0x80,
	0x02,
	0x00,
	0x21,
	0x80,
	0,
	0,
	0x30,
	0x28,
	0x09,
	0,
	0x43,
	0x5c,
	0x41,
	0,
	0x40,
	0,
	0x11,
	0x10,
	[0x80] = 0x09,
	0x90,
	0x10,
	0x01,
	[0x90] = 0x11,
	0x00,
	0x04,
	0x80,
	0x03,
	0x20,
	0,
	0,
	0x04,
	0x30,
	0,
	0,
};

static void begin(struct pc_list *list, const uint8_t *bytes, size_t len, enum pc_kind kind)
{
	assert_int_equal(pc_begin(list, placed(bytes, len), (pc_u32)len, kind), PC_OK);
}

static void test_conventional(void **state)
{
	struct pc_list list = {0};
	struct pc_cap cap = {0};
	struct pc_msi msi = {0};
	struct pc_msix msix = {0};
	struct pc_express express = {0};
	struct pc_vendor vendor = {0};
	struct pc_sriov sriov = {0};

	(void)state;
	begin(&list, conventional, sizeof(conventional), PC_CONVENTIONAL);
	assert_true(pc_find(&list, PC_MSI, &cap) && pc_get_msi(&list, &cap, &msi));
	assert_true(msi.size == 24 && msi.vectors == 8 && msi.is_64 && msi.masks);
	assert_true(msi.address == 0x2fee01000 && msi.data == 0x4041 && msi.mask == 0xf &&
		    msi.pending == 3);
	assert_false(pc_get_msix(&list, &cap, &msix) || pc_get_express(&list, &cap, &express) ||
		     pc_get_vendor(&list, &cap, &vendor) || pc_get_sriov(&list, &cap, &sriov));
	assert_true(pc_find(&list, PC_EXPRESS, &cap) && pc_get_express(&list, &cap, &express));
	assert_true(express.version == 2 && express.type == 0 && express.abilities == 0x8021);
	assert_true(express.has_link && express.link_abilities == 0x415c43 &&
		    express.link_control == 0x40 && express.link_status == 0x1011);
	assert_true(pc_find(&list, PC_VENDOR, &cap) && pc_get_vendor(&list, &cap, &vendor));
	assert_true(vendor.at == 3 && vendor.size == 13);
	assert_true(pc_find(&list, PC_MSIX, &cap) && pc_get_msix(&list, &cap, &msix));
	assert_true(msix.vectors == 5 && msix.bar == 3 && msix.table == 0x2000 &&
		    msix.pending_bar == 4 && msix.pending == 0x3000);
	assert_false(pc_find(&list, PC_PM, &cap));
	assert_true(pc_is_express(conventional, sizeof(conventional)));
	assert_false(pc_is_express(conventional, 63));
}

/* A byte each that makes one of them refuse. */
static void test_refused(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t at;
		uint8_t byte;
	} rows[] = {
		{PC_MSI, 0x42, 0x8c},				  /* 64 vectors */
		{PC_MSIX, 0x94, 0x06},				  /* a BAR that there is not */
		{PC_MSIX, 0x98, 0x07},	 {PC_VENDOR, 0x82, 0x02}, /* shorter than its own header */
		{PC_VENDOR, 0x82, 0x81},			  /* past the space */
	};
	uint8_t bytes[256];
	struct pc_list list = {0};
	struct pc_cap cap = {0};
	struct pc_msi msi = {0};
	struct pc_msix msix = {0};
	struct pc_vendor vendor = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		memcpy(bytes, conventional, sizeof(bytes));
		bytes[rows[i].at] = rows[i].byte;
		begin(&list, bytes, sizeof(bytes), PC_CONVENTIONAL);
		assert_true(pc_find(&list, rows[i].id, &cap));
		assert_false(pc_get_msi(&list, &cap, &msi) || pc_get_msix(&list, &cap, &msix) ||
			     pc_get_vendor(&list, &cap, &vendor));
	}
	/* Room for the register of MSI, and for no address. */
	memset(bytes, 0, sizeof(bytes));
	bytes[0x06] = 0x10;
	bytes[0x34] = 0xfc;
	bytes[0xfc] = PC_MSI;
	begin(&list, bytes, sizeof(bytes), PC_CONVENTIONAL);
	assert_true(pc_next(&list, &cap));
	assert_false(pc_get_msi(&list, &cap, &msi));
	assert_false(pc_next(&list, &cap));
}

static void test_extended(void **state)
{
	static uint8_t bytes[4096];
	uint32_t value;
	struct pc_list list = {0};
	struct pc_cap cap = {0};
	struct pc_vendor vendor = {0};
	struct pc_sriov sriov = {0};

	(void)state;
	layout_store(bytes + 0x100, 4, 0x14010023);
	layout_store(bytes + 0x104, 4, 0x03c31e98);
	layout_store(bytes + 0x108, 2, 8);
	layout_store(bytes + 0x140, 4, 0x1801000b);
	layout_store(bytes + 0x144, 4, 0x01021234);
	layout_store(bytes + 0x180, 4, 0x00010010);
	layout_store(bytes + 0x18e, 2, 7);
	layout_store(bytes + 0x190, 2, 7);
	layout_store(bytes + 0x194, 2, 0x80);
	layout_store(bytes + 0x196, 2, 2);
	layout_store(bytes + 0x19a, 2, 0x10ca);
	begin(&list, bytes, sizeof(bytes), PC_EXTENDED);
	assert_true(pc_next(&list, &cap) && pc_get_vendor(&list, &cap, &vendor));
	assert_true(vendor.vendor == 0x1e98 && vendor.vendor_id == 8 && vendor.revision == 3 &&
		    vendor.at == 10 && vendor.size == 0x32);
	assert_true(pc_next(&list, &cap) && pc_get_vendor(&list, &cap, &vendor));
	assert_true(vendor.vendor == 0 && vendor.vendor_id == 0x1234 && vendor.revision == 2 &&
		    vendor.at == 8 && vendor.size == 8);
	assert_true(pc_next(&list, &cap) && pc_get_sriov(&list, &cap, &sriov));
	assert_true(sriov.total_vfs == 7 && sriov.num_vfs == 7 && sriov.vf_offset == 0x80 &&
		    sriov.vf_stride == 2 && sriov.vf_device == 0x10ca);
	assert_true(pc_read(&list, &cap, 0x1a, 2, &value) && value == 0x10ca);
	assert_true(pc_read(&list, &cap, 0xe7c, 4, &value));
	assert_false(pc_read(&list, &cap, 0xe7d, 4, &value) ||
		     pc_read(&list, &cap, 0xe80, 1, &value) ||
		     pc_read(&list, &cap, UINT32_MAX, 1, &value) || value);
	assert_false(pc_next(&list, &cap));
	bytes[0x190] = 8;
	begin(&list, bytes, sizeof(bytes), PC_EXTENDED);
	assert_true(pc_find(&list, PC_SRIOV, &cap));
	assert_false(pc_get_sriov(&list, &cap, &sriov));
}

/* A comparison that sees nothing would pass every space: turn each bit of a list's links and ids. */
static void test_blind(void **state)
{
	static const uint8_t at[] = {0x34, 0x40, 0x41, 0x60, 0x61, 0x80, 0x81, 0x90};
	uint8_t bytes[256];
	size_t seen = 0;

	(void)state;
	spec_read(conventional, sizeof(conventional), INFO_PCI, spec);
	assert_true(says_same(conventional, sizeof(conventional), INFO_PCI));
	for (size_t i = 0; i < COUNT_OF(at); i++)
		for (uint8_t bit = 2; bit < 8; bit++) {
			memcpy(bytes, conventional, sizeof(bytes));
			bytes[at[i]] ^= (uint8_t)(1u << bit);
			seen += !says_same(bytes, sizeof(bytes), INFO_PCI);
		}
	assert_int_equal(seen, COUNT_OF(at) * 6);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(pc_name(PC_OK), "ok");
	assert_string_equal(pc_name(PC_ABSENT), "absent");
	assert_string_equal(pc_name(PC_TRUNCATED), "truncated");
	assert_string_equal(pc_name((enum pc_status)77), "unknown");
}

/* What the header takes a capability to have at least is what the layout says. */
static void test_least(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < 256; id++)
		for (enum info_kind kind = INFO_PCI; kind <= INFO_PCIE; kind++) {
			const struct layout_cap *const cap = layout_cap(kind, (uint16_t)id);

			assert_int_equal(
				pc_least(kind == INFO_PCI ? PC_CONVENTIONAL : PC_EXTENDED, id),
				cap ? layout_fixed(cap, 1) : 0);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise),	     cmocka_unit_test(test_blind),
		cmocka_unit_test(test_conventional), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_extended),     cmocka_unit_test(test_names),
		cmocka_unit_test(test_least),
	};
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (8192 / page + 1) * page;
	uint8_t *const pages =
		mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	spec = spec_new();
	if (pages == MAP_FAILED || !spec || mprotect(pages + room, page, PROT_NONE))
		return 3;
	end_of_page = pages + room;
	return cmocka_run_group_tests_name("pcicaps", tests, NULL, NULL);
}
