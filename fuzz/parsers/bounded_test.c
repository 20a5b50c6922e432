/* SPDX-License-Identifier: MIT */
/*
 * Tests of parsers/include/bounded.h against the reference, fuzz/judge/spec.c, and against parsers/layout.h, part
 * of which it restates because other programs take it alone.
 *
 * Usage: bounded_test [CORPUS], else $CORPUS, else ./corpus. bounded_hold.h says what is compared
 * and what to do when a test fails, bounded_inputs.h which buffers there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bounded_corpus.h"
#include "../within.h"
#include "bounded_hold.h"
#include "bounded_inputs.h"

#define NOISE_BUFFERS 600000u

/* Of a buffer longer than this, only the cuts near either end are read. */
#define CUT_ALL 2048u

static void test_names(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VERDICT_REJECT; i++)
		assert_string_equal(vb_name(status_of_verdict[i]), verdict_name((enum verdict)i));
	/* Those of the ioctls' kinds. */
	for (uint32_t i = RULE_NONE + 1; i < RULE_ALL_ONES; i++) {
		assert_string_equal(vb_name(status_of_rule[i]), rule_name((enum rule)i));
		assert_true(status_of_rule[i] >= VB_SHORT_BUFFER);
	}
	assert_string_equal(vb_name((enum vb_status)(VB_PAYLOAD_OOB + 1)), "unknown");
	assert_string_equal(vb_name((enum vb_status) - 1), "unknown");
}

static void test_area_inside(void **state)
{
	static const struct {
		struct vb_area area;
		vb_u64 size;
		int inside;
	} rows[] = {
		{{0, 0}, 0, 1},
		{{0, 1}, 0, 0},
		{{1, 0}, 0, 0},
		{{0, 4096}, 4096, 1},
		{{0, 4097}, 4096, 0},
		{{4096, 4096}, 8192, 1},
		{{4097, 4096}, 8192, 0},
		{{8192, 0}, 8192, 1},
		{{8193, 0}, 8192, 0},
		{{UINT64_MAX - 4095, 4096}, 8192, 0},
		{{4096, UINT64_MAX}, 8192, 0},
		{{4096, UINT64_MAX - 4095}, UINT64_MAX, 0},
		{{4096, UINT64_MAX - 4096}, UINT64_MAX, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(vb_area_inside(&rows[i].area, rows[i].size), rows[i].inside);
}

static void test_fixed_structs(void **state)
{
	(void)state;
	for (uint32_t kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
		const struct layout_info *const info = &layout_infos[kind];
		const struct vb_fixed *const fixed = vb_fixed_of(vb_kinds[kind]);

		assert_int_equal(fixed->minsz, info->minsz);
		assert_int_equal(fixed->end, info->end);
		assert_int_equal(fixed->cap_offset, info->first.at);
		assert_int_equal(fixed->caps_flag, info->caps_flag);
	}
}

static void assert_layout(enum info_kind kind, uint16_t id)
{
	static const struct vb_layout unknown;
	const struct layout_cap *const cap = layout_cap(kind, id);
	const struct vb_layout *const layout = vb_layout_of(vb_kinds[kind], id);

	if (!cap) {
		assert_memory_equal(layout, &unknown, sizeof(unknown));
		return;
	}
	assert_int_equal(layout->newest, cap->newest);
	assert_int_equal(layout->element, cap->elements);
	assert_within(cap->newest, 1, VB_VERSIONS_MAX);
	for (uint16_t version = 1; version <= cap->newest; version++)
		assert_int_equal(layout->bytes[version - 1], layout_fixed(cap, version));
}

static void test_layouts(void **state)
{
	(void)state;
	for (uint32_t kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
		for (uint16_t id = 0; id < 256; id++)
			assert_layout((enum info_kind)kind, id);
		assert_layout((enum info_kind)kind, UINT16_MAX);
	}
}

static void test_ids(void **state)
{
	(void)state;
#define ID(kind, id, name, ...) assert_int_equal(VB_##name, CAP_ID_##name);
	LAYOUT_CAPS(ID)
#undef ID
}

static void test_no_buffer(void **state)
{
	struct vb_chain chain;
	struct vb_cap cap;

	(void)state;
	/* What its comment promises of a short buffer, whatever was there. */
	memset(&chain, 0xa5, sizeof(chain));
	assert_int_equal(vb_begin(&chain, NULL, 0, VB_DEVICE), VB_SHORT_BUFFER);
	assert_int_equal(chain.argsz, 0);
	assert_int_equal(chain.bound, 0);
	assert_int_equal(chain.count, 0);
	assert_int_equal(chain.at, 0);
	assert_int_equal(chain.from, 0);
	assert_int_equal(chain.first, 0);
	assert_int_equal(vb_next(&chain, &cap), 0);
	assert_int_equal(vb_find(&chain, VB_ZPCI_BASE, &cap), 0);
}

/* A kind that is none has the tables of one that is, a layout that is none has no bytes. */
static void test_no_kind(void **state)
{
	const struct vb_chain chain = {.kind = VB_REGION};
	const struct vb_cap cap = {.id = VB_TYPE, .layout = 0};

	(void)state;
	assert_int_equal(vb_bytes(&chain, &cap), 0);
	for (int kind = 3; kind < 6; kind++) {
		assert_ptr_equal(vb_fixed_of((enum vb_kind)kind), vb_fixed_of(VB_DEVICE));
		assert_ptr_equal(vb_layout_of((enum vb_kind)kind, 1), vb_layout_of(VB_DEVICE, 1));
	}
}

/* A length past 32 bits is not cut to one that says less: argsz alone is the bound then. */
static void test_long_len(void **state)
{
	uint8_t bytes[64] = {0};
	struct vb_chain chain;

	(void)state;
	if (SIZE_MAX == UINT32_MAX)
		skip();
	put_info(bytes, sizeof(bytes), INFO_REGION, sizeof(bytes), FLAG_REGION_CAPS, 56);
	put_header(bytes, sizeof(bytes), 56, VB_MSIX_MAPPABLE, 1, 0);
	assert_int_equal(vb_begin(&chain, bytes, (size_t)((uint64_t)1 << 32), VB_REGION), VB_OK);
	assert_int_equal(chain.bound, sizeof(bytes));
	assert_int_equal(chain.count, 1);
}

static void test_ladder(void **state)
{
	(void)state;
	each_ladder(hold);
}

static void test_small(void **state)
{
	(void)state;
	each_small(hold);
}

static void test_payloads(void **state)
{
	(void)state;
	each_payload(hold);
}

static uint16_t first_id(const struct vb_chain *chain)
{
	const uint64_t end = (uint64_t)chain->first + CAP_HEADER_SIZE;

	return end <= chain->bound ? vb_load16(chain, chain->first) : 1;
}

/* Stopped after any number of steps a reading delivers nothing, and it comes to the same end. */
static void hold_half_way(const uint8_t *info, size_t len, enum info_kind kind)
{
	struct vb_chain whole, chain;
	uint64_t steps = 0;
	struct vb_cap cap;

	memset(&chain, 0xa5, sizeof(chain));
	memset(&whole, 0xa5, sizeof(whole));
	if (vb_start(&chain, info, len, vb_kinds[kind]))
		return;
	do {
		assert_true(steps++ < VB_STEPS(chain.bound));
		assert_int_equal(chain.status, VB_LOOP);
		assert_int_equal(vb_next(&chain, &cap), 0);
		vb_rewind(&chain);
		assert_int_equal(vb_next(&chain, &cap), 0);
		/* What the first header says it is; any id will do where there is none. */
		assert_int_equal(vb_find(&chain, first_id(&chain), &cap), 0);
	} while (!vb_step(&chain));
	vb_begin(&whole, info, len, vb_kinds[kind]);
	assert_memory_equal(&chain, &whole, sizeof(chain));
	assert_int_equal(vb_find(&chain, first_id(&chain), &cap), chain.count > 0);
}

static void hold_rho_half_way(const struct rho *rho)
{
	hold_half_way(rho->bytes, rho->len, rho->kind);
}

static void test_half_way(void **state)
{
	(void)state;
	each_rho(hold_rho_half_way);
	each_corpus(hold_half_way);
}

static size_t statuses[VB_PAYLOAD_OOB + 1];

static void hold_and_count(const uint8_t *info, size_t len, enum info_kind kind)
{
	const struct spec *const spec = subject.spec;

	hold(info, len, kind);
	if (spec->verdict == VERDICT_REJECT)
		statuses[status_of_rule[spec->rule]]++;
	else
		statuses[status_of_verdict[spec->verdict]]++;
}

static void test_noise(void **state)
{
	(void)state;
	memset(statuses, 0, sizeof(statuses));
	each_noise(NOISE_BUFFERS, hold_and_count);
	/* Noise that only ever ended in a few ways would prove little. */
	for (size_t i = 0; i < COUNT_OF(statuses); i++)
		assert_true(statuses[i] > NOISE_BUFFERS / 500);
}

static void hold_rho(const struct rho *rho)
{
	const struct spec *const spec = subject.spec;

	hold(rho->bytes, rho->len, rho->kind);
	assert_int_equal(spec->verdict, rho->loop ? VERDICT_REJECT : VERDICT_OK);
	assert_int_equal(spec->rule, rho->loop ? RULE_LOOP : RULE_NONE);
	assert_int_equal(spec->at, rho->at);
	assert_int_equal(spec->from, rho->loop ? rho->from : 0);
	assert_int_equal(spec->ncaps, rho->tail + rho->loop);
}

static void test_loops(void **state)
{
	(void)state;
	each_rho(hold_rho);
}

static void test_long_chains(void **state)
{
	(void)state;
	each_long(hold_rho);
}

static void test_corpus(void **state)
{
	(void)state;
	each_corpus(hold);
}

/* As a reply that a shorter buffer got: argsz as it was, what fits, and one byte more than fits. */
static void hold_cut(const uint8_t *info, size_t len, enum info_kind kind)
{
	static uint8_t cut[INFO_LEN_MAX];

	hold(info, len, kind);
	memcpy(cut, info, len);
	for (uint32_t more = 0; more < 2; more++) {
		put(cut, len, INFO_AT_DEVICE_argsz, 4, len + more);
		hold(cut, len, kind);
	}
}

static void hold_cuts(const uint8_t *info, size_t len, enum info_kind kind)
{
	for (size_t cut = 0; cut <= len; cut++)
		if (cut < CUT_ALL / 2 || len - cut < CUT_ALL / 2)
			hold_cut(info, cut, kind);
}

static void test_corpus_cuts(void **state)
{
	(void)state;
	each_corpus(hold_cuts);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	      cmocka_unit_test(test_area_inside),
		cmocka_unit_test(test_fixed_structs), cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_ids),	      cmocka_unit_test(test_no_buffer),
		cmocka_unit_test(test_no_kind),	      cmocka_unit_test(test_long_len),
		cmocka_unit_test(test_ladder),	      cmocka_unit_test(test_small),
		cmocka_unit_test(test_payloads),      cmocka_unit_test(test_noise),
		cmocka_unit_test(test_half_way),      cmocka_unit_test(test_loops),
		cmocka_unit_test(test_long_chains),   cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_corpus_cuts),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, hold_open, hold_close);
}
