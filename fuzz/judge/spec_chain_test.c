/* SPDX-License-Identifier: MIT */
/*
 * Tests of spec.c on what no table says: the longest chains, readings after and beside each other,
 * and noise. spec_test.c says what to do when one fails.
 */
#include "spec_build.h"

/* Headers of unknown capabilities, @stride apart, each but the last linked to the one after it. */
static uint32_t build_run(uint32_t len, uint32_t stride, uint32_t last_next)
{
	const struct image bare = {INFO_IOMMU, len, len, 24, false, {}};
	uint32_t at = 24;

	build(&bare);
	for (; at + stride + 8 <= len; at += stride) {
		put(at, 4, 0xffff);
		put(at + 4, 4, at + stride);
	}
	put(at, 4, 0xffff);
	put(at + 4, 4, last_next);
	return at;
}

static void test_longest_chain(void **state)
{
	const uint32_t len = INFO_LEN_MAX;
	const uint32_t last = build_run(len, 8, 0);

	(void)state;
	assert_int_equal(last, len - 8);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->ncaps, 8189);
	assert_int_equal(spec->visited, 8189 * 8);
	assert_int_equal(spec->notes, N(UNKNOWN_ID));
	assert_int_equal(spec->class, CLASS_PLAIN);

	/* The same with its last capability linked to every place that matters. */
	put(last + 4, 4, last);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_LOOP, last, last);
	put(last + 4, 4, 24);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_LOOP, 24, last);
	put(last + 4, 4, len - 7);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_HEADER_STRADDLE, len - 7, last);
	put(last + 4, 4, len);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_NEXT_OOB, len, last);
	assert_int_equal(spec->ncaps, 8189);
}

/* Each next is the id and version of the capability it points to: headers every 4 bytes. */
static void test_densest_chain(void **state)
{
	const struct image bare = {INFO_IOMMU, INFO_LEN_MAX, INFO_LEN_MAX, 24, false, {}};

	(void)state;
	build(&bare);
	for (uint32_t at = 24; at < INFO_LEN_MAX - 4; at += 4)
		put(at, 4, at);
	put(INFO_LEN_MAX - 4, 4, 0);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_IOMMU, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->ncaps, (INFO_LEN_MAX - 8 - 24) / 4 + 1);
	assert_int_equal(spec->notes, N(UNKNOWN_ID) | N(ALIGN4) | N(OVERLAP));
	assert_int_equal(spec->caps[0].notes, N(UNKNOWN_ID));
	assert_int_equal(spec->caps[1].notes, N(UNKNOWN_ID) | N(ALIGN4) | N(OVERLAP));
}

/* A payload up to the last byte of the longest buffer, and one byte more. */
static void test_longest_payload(void **state)
{
	const struct image image = {INFO_DEVICE,  INFO_LEN_MAX,
				    INFO_LEN_MAX, 24,
				    false,	  {COUNTED(24, 3, 1, 0, INFO_LEN_MAX - 36)}};

	(void)state;
	build(&image);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_DEVICE, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->visited, INFO_LEN_MAX - 24);
	put(32, 4, INFO_LEN_MAX - 35);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_DEVICE, spec);
	assert_reject(RULE_PAYLOAD_OOB, 24, 0);
}

/* What a reading remembers of offsets and bytes must not reach the next one, of any size. */
static void test_readings_start_afresh(void **state)
{
	(void)state;
	for (uint32_t len = 32; len <= 4096; len += 8) {
		for (int twice = 0; twice < 2; twice++) {
			build_run(len, 8, 0);
			spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
			assert_int_equal(spec->verdict, VERDICT_OK);
			assert_int_equal(spec->notes, N(UNKNOWN_ID));
			assert_int_equal(spec->ncaps, (len - 24) / 8);
		}
	}
	build_run(INFO_LEN_MAX, 8, 0);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_IOMMU, spec);
	build_run(64, 8, 0);
	spec_read(at_guard(built, 64), 64, INFO_IOMMU, spec);
	build_run(INFO_LEN_MAX, 8, 0);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_IOMMU, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->notes, N(UNKNOWN_ID));
}

/* A second reading leaves the first one's answer as it was. */
static void test_two_readings(void **state)
{
	const uint32_t last = build_run(256, 8, 24);
	struct spec_cap kept[29];
	struct spec before;

	(void)state;
	spec_read(at_guard(built, 256), 256, INFO_IOMMU, spec);
	assert_int_equal(spec->ncaps, COUNT_OF(kept));
	memcpy(&before, spec, sizeof(before));
	memcpy(kept, spec->caps, sizeof(kept));

	build_run(512, 16, 0);
	spec_read(at_guard(built, 512), 512, INFO_IOMMU, other);
	assert_int_equal(other->verdict, VERDICT_OK);
	assert_ptr_not_equal(other->caps, spec->caps);
	assert_memory_equal(spec, &before, sizeof(before));
	assert_memory_equal(spec->caps, kept, sizeof(kept));
	assert_reject(RULE_LOOP, 24, last);
}

static void test_free_nothing(void **state)
{
	(void)state;
	spec_free(NULL);
}

static uint32_t random_state = 0x2545f491;

static uint32_t random_below(uint32_t end)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % end;
}

/* Mostly sound links, ids, versions and counts after a mostly sound start, and a few that are not.
 */
static void build_noise(enum info_kind kind, uint32_t len)
{
	const uint32_t argsz = random_below(2) ? len : len - 32 + random_below(96);
	const uint32_t first = layout_infos[kind].end + random_below(8);
	const uint32_t cap_offset = random_below(8) ? first : random_below(len + 4);
	const struct image bare = {kind, len, argsz, cap_offset, false, {}};
	uint32_t next;

	build(&bare);
	for (uint32_t at = first; at + 8 <= len; at = next) {
		next = at + 8 + 4 * random_below(12) + !random_below(8);
		put(at + 8, 4, random_below(4));
		put(at, 2, random_below(7));
		put(at + 2, 2, random_below(4));
		put(at + 4, 4, random_below(5) ? next : random_below(len + 16));
		if (!random_below(4))
			put(at + 4, 4, 0);
	}
}

static void assert_same(const struct spec *one, const struct spec *two)
{
	assert_int_equal(one->verdict, two->verdict);
	assert_int_equal(one->rule, two->rule);
	assert_int_equal(one->at, two->at);
	assert_int_equal(one->from, two->from);
	assert_int_equal(one->notes, two->notes);
	assert_int_equal(one->class, two->class);
	assert_int_equal(one->visited, two->visited);
	assert_int_equal(one->ncaps, two->ncaps);
	for (size_t i = 0; i < one->ncaps; i++) {
		assert_int_equal(one->caps[i].notes, two->caps[i].notes);
		assert_int_equal(one->caps[i].cap.count, two->caps[i].cap.count);
		assert_true(one->caps[i].cap.hash == two->caps[i].cap.hash);
		assert_memory_equal(one->caps[i].cap.field, two->caps[i].cap.field,
				    sizeof(one->caps[i].cap.field));
	}
}

/* Also: bytes at and past the bound are not this reply's, so they change nothing. */
static void test_noise(void **state)
{
	size_t verdicts[VERDICTS] = {0};

	(void)state;
	for (int i = 0; i < 60000; i++) {
		const enum info_kind kind = (enum info_kind)(i % INFO_IOCTL_KINDS);
		const uint32_t len = 32 + random_below(160);
		uint32_t argsz;

		build_noise(kind, len);
		argsz = (uint32_t)layout_load(built, 4);
		spec_read(at_guard(built, len), len, kind, spec);
		assert_sound(spec, len, argsz);
		verdicts[spec->verdict]++;
		if (argsz >= 32 && argsz < len)
			memset(built + argsz, 0x5a, len - argsz);
		spec_read(at_guard(built, len), len, kind, other);
		assert_sound(other, len, argsz);
		assert_same(spec, other);
		if (i % 16 == 0)
			read_all_truncations(kind, len);
	}
	/* Noise that only ever ended one way would prove little. */
	assert_true(verdicts[VERDICT_OK] > 3000);
	assert_true(verdicts[VERDICT_TRUNCATED] > 3000);
	assert_true(verdicts[VERDICT_REJECT] > 3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_chain),
		cmocka_unit_test(test_densest_chain),
		cmocka_unit_test(test_longest_payload),
		cmocka_unit_test(test_readings_start_afresh),
		cmocka_unit_test(test_two_readings),
		cmocka_unit_test(test_free_nothing),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
