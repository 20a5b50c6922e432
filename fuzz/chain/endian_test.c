/* SPDX-License-Identifier: MIT */
/*
 * Buffers of the other byte order: replies of a big-endian kernel mean what it said, a second turn
 * gives the bytes back, text says both orders exactly, and two fields that share bytes are refused.
 * What verdicts come of it cli_test.py looks at, over the whole corpus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "chain.h"
#include "endian.h"
#include "../fetch/script.h"
#include "../fetch/script_endian.h"
#include "../judge/spec.h"

#define ROUNDS 20000
#define LEN    160

/* Replies of Linux on s390x, of its zPCI device and its IOMMU. */
static const uint8_t device_of_s390x[] = {
	0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x83, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00,
	0x05, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x03, 0x00, 0x00,
	0x00, 0x40, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x3f,
	0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x80, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x20, 0x00, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00, 0x70, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x0f, 0xa0, 0x00, 0x80, 0x00, 0x80, 0x00, 0x00, 0x00,
	0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00,
};
static const uint8_t iommu_of_s390x[] = {
	0x00, 0x00, 0x00, 0x68, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
	0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00,
	0x00, 0x38, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x01,
	0x00, 0x00, 0x00, 0x48, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x3f, 0xff, 0xff, 0xff,
};

static uint32_t random_below(uint32_t limit)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % limit;
}

/* To the host's order, from that of s390x. */
static void turn_here(uint8_t *bytes, size_t len, enum info_kind kind)
{
	uint32_t shared;

	if (ENDIAN_HOST != ENDIAN_BIG)
		assert_true(endian_turn(bytes, len, kind, ENDIAN_BIG, &shared));
}

static void test_s390x(void **state)
{
	struct spec *const spec = spec_new();
	uint8_t bytes[LEN];

	(void)state;
	memcpy(bytes, device_of_s390x, sizeof(device_of_s390x));
	turn_here(bytes, sizeof(device_of_s390x), INFO_DEVICE);
	spec_read(bytes, sizeof(device_of_s390x), INFO_DEVICE, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->ncaps, 3);
	assert_int_equal(spec->caps[0].cap.id, CAP_ID_ZPCI_BASE);
	assert_int_equal(spec->caps[0].cap.version, 3);
	assert_int_equal(spec->caps[0].cap.field[0], UINT64_C(0x100000000));
	assert_int_equal(spec->caps[0].cap.field[1], UINT64_C(0x13fffffff));
	assert_int_equal(spec->caps[1].cap.id, CAP_ID_ZPCI_GROUP);
	assert_int_equal(spec->caps[1].cap.offset, 64);
	assert_int_equal(spec->caps[2].cap.id, CAP_ID_ZPCI_PFIP);
	assert_int_equal(spec->caps[2].cap.count, 4);
	memcpy(bytes, iommu_of_s390x, sizeof(iommu_of_s390x));
	turn_here(bytes, sizeof(iommu_of_s390x), INFO_IOMMU);
	spec_read(bytes, sizeof(iommu_of_s390x), INFO_IOMMU, spec);
	assert_int_equal(spec->class, CLASS_PLAIN);
	assert_int_equal(spec->ncaps, 3);
	assert_int_equal(spec->caps[2].cap.id, CAP_ID_IOVA_RANGE);
	assert_int_equal(spec->caps[2].cap.count, 1);
	assert_int_equal(layout_load(bytes + 88, 8), UINT64_C(0x100000000));
	assert_int_equal(layout_load(bytes + 96, 8), UINT64_C(0x13fffffff));
	spec_free(spec);
}

/* A chain of a few capabilities that may overlap and end anywhere. */
static void make_chain(struct chain *ret_chain)
{
	const struct layout_cap *layout;
	struct chain_cap *cap;
	uint32_t at;

	chain_init(ret_chain, (enum info_kind)random_below(INFO_IOCTL_KINDS));
	at = layout_infos[ret_chain->kind].full;
	ret_chain->fill = random_below(2) ? 0 : 0xa5;
	for (uint32_t i = random_below(4); i > 0; i--) {
		cap = chain_add_cap(ret_chain);
		cap->at = at;
		cap->id = (uint16_t)(1 + random_below(5));
		cap->version = (uint16_t)random_below(4);
		for (size_t f = 0; f < CHAIN_CAP_FIELDS; f++)
			cap->value[f] = random_below(4);
		layout = chain_cap_layout(ret_chain, cap);
		if (layout && layout->elements)
			assert_int_equal(chain_resize_elements(cap, (uint32_t)cap->value[0] *
									    layout->elements),
					 0);
		at += 8 + random_below(48);
		cap->next = i > 1 ? at : 0;
	}
	ret_chain->len = random_below(8) ? at + 48 : random_below(LEN);
	if (ret_chain->len > LEN)
		ret_chain->len = LEN;
	for (size_t f = 0; f < CHAIN_INFO_FIELDS; f++)
		ret_chain->info[f] = 0;
	ret_chain->info[0] = ret_chain->len;
	ret_chain->info[1] = layout_infos[ret_chain->kind].caps_flag;
	if (ret_chain->ncaps)
		ret_chain->info[ret_chain->kind == INFO_DEVICE ? 4 : 3] = ret_chain->caps[0].at;
}

static bool has_overlap(const struct spec *spec)
{
	return spec->notes & NOTE_BIT(NOTE_OVERLAP);
}

/*
 * What is written in the other order and turned over, the reference reads as what is written in the
 * host's. Turned over again it is what it was.
 */
static void test_meaning(void **state)
{
	struct spec *const here = spec_new(), *const there = spec_new();
	size_t whole = 0, refused = 0;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		uint8_t host[LEN], other[LEN], turned[LEN];
		struct chain chain;
		uint32_t shared = LEN;

		make_chain(&chain);
		chain_write(&chain, host);
		chain.swapped = true;
		chain_write(&chain, other);
		memcpy(turned, other, chain.len);
		if (!endian_turn(turned, chain.len, chain.kind, ENDIAN_OTHER, &shared)) {
			assert_true(shared < chain.len);
			assert_memory_equal(turned, other, chain.len);
			refused++;
			chain_free(&chain);
			continue;
		}
		spec_read(host, chain.len, chain.kind, here);
		spec_read(turned, chain.len, chain.kind, there);
		/* Of what shares bytes only the last is what was written. */
		if (here->verdict == VERDICT_OK && !has_overlap(here)) {
			assert_int_equal(there->verdict, here->verdict);
			assert_int_equal(there->rule, here->rule);
			assert_int_equal(there->notes, here->notes);
			assert_int_equal(there->ncaps, here->ncaps);
			for (size_t i = 0; i < here->ncaps; i++)
				assert_memory_equal(&there->caps[i].cap, &here->caps[i].cap,
						    sizeof(here->caps[i].cap));
			whole++;
		}
		assert_true(endian_turn(turned, chain.len, chain.kind, ENDIAN_HOST, &shared));
		assert_memory_equal(turned, other, chain.len);
		chain_free(&chain);
	}
	assert_true(whole > ROUNDS / 2);
	assert_true(refused > ROUNDS / 50);
	spec_free(here);
	spec_free(there);
}

/* Any bytes at all, in either order: the model gives them back, and so does a second turn. */
static void test_bytes(void **state)
{
	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		const size_t len = random_below(LEN);
		const enum info_kind kind = (enum info_kind)random_below(INFO_IOCTL_KINDS);
		uint8_t bytes[LEN], back[LEN];
		struct chain chain;
		uint32_t shared;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(random_below(3) ? 0 : random_below(64));
		assert_int_equal(chain_read_as(bytes, len, kind, true, &chain), 0);
		chain_write(&chain, back);
		assert_memory_equal(back, bytes, len);
		chain_free(&chain);
		if (!endian_turn(back, len, kind, ENDIAN_OTHER, &shared))
			continue;
		assert_true(endian_turn(back, len, kind, ENDIAN_HOST, &shared));
		assert_memory_equal(back, bytes, len);
	}
}

/* Two headers four bytes apart: what is one's link is the other's id and version. */
static void test_shared(void **state)
{
	uint8_t bytes[64] = {0}, before[64];
	uint32_t shared = 0;

	(void)state;
	layout_store(bytes, 4, sizeof(bytes));
	layout_store(bytes + 4, 4, layout_infos[INFO_REGION].caps_flag);
	layout_store(bytes + INFO_AT_REGION_cap_offset, 4, 32);
	layout_store(bytes + 32, 2, 77);
	layout_store(bytes + 36, 4, 36);
	memcpy(before, bytes, sizeof(bytes));
	assert_false(endian_turn(bytes, sizeof(bytes), INFO_REGION, ENDIAN_HOST, &shared));
	assert_int_equal(shared, 36);
	assert_memory_equal(bytes, before, sizeof(bytes));
	/* Where the reference does not come, nothing is refused. */
	layout_store(bytes + 4, 4, 0);
	assert_true(endian_turn(bytes, sizeof(bytes), INFO_REGION, ENDIAN_HOST, &shared));
}

/* A script's own numbers stay; its replies and what a producer is told are turned. */
static void test_script(void **state)
{
	static const uint8_t about_iommu = 2;
	uint8_t bytes[3 + 4 + sizeof(iommu_of_s390x)] = {about_iommu};
	uint8_t whole[sizeof(iommu_of_s390x)];
	uint32_t shared;

	(void)state;
	script_put(bytes + 1, 2, 24);
	script_put(bytes + 5, 2, sizeof(iommu_of_s390x));
	memcpy(bytes + 7, iommu_of_s390x, sizeof(iommu_of_s390x));
	memcpy(whole, iommu_of_s390x, sizeof(whole));
	if (ENDIAN_HOST == ENDIAN_BIG)
		return;
	turn_here(whole, sizeof(whole), INFO_IOMMU);
	assert_true(script_turn(bytes, sizeof(bytes), ENDIAN_BIG, &shared));
	assert_int_equal(bytes[1], 24);
	assert_memory_equal(bytes + 7, whole, sizeof(whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s390x),  cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_bytes),  cmocka_unit_test(test_shared),
		cmocka_unit_test(test_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
