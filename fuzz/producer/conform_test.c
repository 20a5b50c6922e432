/* SPDX-License-Identifier: MIT */
/*
 * Tests of conformance, which has to fail: one byte wrong anywhere in a model, a field of a model's
 * row wrong, a reply that nobody claims or that two claim, a series without a full reply, no reply
 * at all. When "blind" fails, captured replies show more than they did: make the row one that is
 * caught.
 *
 * Usage: conform_test CORPUS
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conform.h"
#include "reply_state.h"
#include "set_aside.h"
#include "../within.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *corpus = "corpus";
static struct captured *replies;
static size_t reply_count;
static struct producer *models;
static struct conform came;

/* The model that is wrong, the one it was, and where its answers have a bit turned over. */
static struct {
	const struct producer *was;
	uint32_t at;
} planted;

static int answer_wrong(const struct producer *producer, const struct producer_state *state,
			uint8_t *buffer, uint32_t argsz)
{
	const int status = planted.was->answer(producer, state, buffer, argsz);

	if (planted.at < argsz)
		buffer[planted.at] ^= 1;
	return status;
}

static int answer_cleared(const struct producer *producer, const struct producer_state *state,
			  uint8_t *buffer, uint32_t argsz)
{
	const int status = planted.was->answer(producer, state, buffer, argsz);

	if (!state->ncaps)
		memset(buffer + INFO_AT_REGION_cap_offset, 0, 4);
	return status;
}

static bool holds(const struct captured *some, size_t count)
{
	FILE *const nowhere = fopen("/dev/null", "w");
	bool fine;

	assert_non_null(nowhere);
	fine = conform(models, producer_count, some, count, nowhere, &came);
	fclose(nowhere);
	return fine;
}

/* The models as they are. */
static void reset(void)
{
	memcpy(models, producers, producer_count * sizeof(models[0]));
}

static size_t captured_of(size_t model)
{
	return came.figures[model].captured[0] + came.figures[model].captured[1];
}

static size_t reproduced_of(size_t model)
{
	return came.figures[model].reproduced[0] + came.figures[model].reproduced[1];
}

static void test_all_reproduced(void **state)
{
	(void)state;
	reset();
	assert_true(holds(replies, reply_count));
	assert_int_equal(came.unclaimed, 0);
	/* More are tried than are learned from, or nothing was shown. */
	assert_true(came.learned_from < reply_count / 2);
}

/* One bit wrong in one byte, at every offset that any reply of the producer has. */
static void test_one_byte_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < producer_count; i++) {
		size_t caught = SIZE_MAX;

		reset();
		models[i].answer = answer_wrong;
		planted.was = &producers[i];
		for (planted.at = 0; caught > 0; planted.at++) {
			const bool fine = holds(replies, reply_count);

			caught = captured_of(i) - reproduced_of(i);
			assert_true(fine == (caught == 0));
			if (planted.at == 0)
				assert_int_equal(caught, captured_of(i));
			for (size_t other = 0; other < producer_count; other++)
				if (other != i)
					assert_int_equal(captured_of(other), reproduced_of(other));
		}
		if (captured_of(i) > 0)
			assert_within(planted.at, 25, INFO_LEN_MAX);
	}
}

static void no_align(struct producer *model)
{
	model->align = model->align == 1 ? 8 : 1;
}

static void base_20(struct producer *model)
{
	model->base = 20;
}

static void fixed_20(struct producer *model)
{
	model->fixed = 20;
}

static void fixed_24(struct producer *model)
{
	model->fixed = 24;
}

static void in_part(struct producer *model)
{
	model->wholly = !model->wholly;
}

static void minsz_20(struct producer *model)
{
	model->minsz = 20;
}

static void shrinks(struct producer *model)
{
	model->answer = producer_named("iommufd-6.6")->answer;
}

static void clears(struct producer *model)
{
	model->answer = answer_cleared;
}

static void claims_unfit(struct producer *model)
{
	model->answer = producer_named("rust-vmm-region")->answer;
}

static void hides_unfit(struct producer *model)
{
	model->answer = producer_named("libvfio-user-region")->answer;
}

/*
 * A model that is wrong in one thing, and whether captured replies show it. They do not where no
 * device on 6.1 had a capability, where every one had a multiple of 8 bytes (ZPCI_UTIL has not), and of a
 * region from 6.6 on where the caller had cleared what is written.
 */
static const struct {
	const char *model;
	void (*break_it)(struct producer *model);
	bool caught;
} wrongs[] = {
	{"type1-5.4", no_align, true},
	{"type1-5.4", base_20, true},
	{"type1-5.4", fixed_24, true},
	{"type1-5.4", in_part, true},
	{"type1-5.4", minsz_20, true},
	{"type1-5.4", shrinks, true},
	{"type1-6.6", no_align, true},
	{"type1-6.6", base_20, true},
	{"type1-6.6", fixed_20, true},
	{"type1-6.6", in_part, true},
	{"type1-6.6", minsz_20, true},
	{"type1-6.6", shrinks, true},
	{"vfio-pci-device-5.10", fixed_24, true},
	{"vfio-pci-device-6.6", fixed_20, true},
	{"vfio-pci-device-6.6", base_20, true},
	{"vfio-pci-device-6.6", in_part, true},
	{"vfio-pci-device-6.6", minsz_20, true},
	{"device-16-bytes", fixed_20, true},
	{"iommufd-6.6", no_align, true},
	{"iommufd-6.6", minsz_20, true},
	{"mbochs-4.18", hides_unfit, true},
	{"vfio-pci-region-4.6", clears, true},
	{"vfio-pci-region-4.6", hides_unfit, true},
	{"vfio-pci-region-6.6", claims_unfit, true},
	{"vfio-pci-region-6.6", hides_unfit, true},
	/* blind */
	{"vfio-pci-device-5.10", no_align, false},
	{"vfio-pci-device-6.6", no_align, false},
	{"vfio-pci-region-6.6", no_align, false},
	{"vfio-pci-region-6.6", clears, false},
};

static void test_wrong_models(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
		planted.was = producer_named(wrongs[i].model);
		reset();
		wrongs[i].break_it(&models[planted.was - producers]);
		if (holds(replies, reply_count) == wrongs[i].caught)
			fail_msg("row %zu: %s wrong in one thing is %s", i, wrongs[i].model,
				 wrongs[i].caught ? "not caught" : "caught");
	}
}

static void test_claims(void **state)
{
	static const struct producer_claim nothing[] = {{0}}, all[] = {{"*", 0, 0}, {0}};

	(void)state;
	reset();
	models[producer_named("type1-6.6") - producers].captured = nothing;
	assert_false(holds(replies, reply_count));
	assert_int_equal(came.unclaimed, 36);
	models[producer_named("iommufd-6.6") - producers].captured = all;
	assert_false(holds(replies, reply_count));
	/* It claims those of type1-5.4 too, and of no other kind. */
	assert_int_equal(came.unclaimed, 15);
	reset();
	assert_false(holds(replies, 0));
}

/* A series of which only short replies were captured has nothing to be learned from. */
static void test_no_full_reply(void **state)
{
	size_t tried = 0;

	(void)state;
	reset();
	for (size_t i = 0; i < reply_count; i++)
		if (strcmp(replies[i].name, "iommu-linux6.1-virtio-rng-len16.bin") == 0) {
			assert_false(holds(&replies[i], 1));
			tried++;
		}
	assert_int_equal(tried, 1);
}

static const struct captured *reply_named(const char *name)
{
	for (size_t i = 0; i < reply_count; i++)
		if (strcmp(replies[i].name, name) == 0)
			return &replies[i];
	fail_msg("%s is not in the corpus", name);
	return NULL;
}

/* A short reply alone is learned from another series that tells the same, and from no other. */
static void test_other_series(void **state)
{
	struct captured two[] = {*reply_named("region-linux7.3-mbochs.probe-idx9-len32.bin"),
				 *reply_named("region-linux6.12-mbochs.probe-idx9-len48.bin")};
	uint8_t other[48];

	(void)state;
	reset();
	assert_true(holds(two, 2));
	assert_int_equal(came.learned_from, 1);
	memcpy(other, two[1].bytes, sizeof(other));
	two[1].bytes = other;
	for (uint32_t at = INFO_AT_REGION_flags; at < 32; at++) {
		/* Its argsz and index are the caller's, its cap_offset is where the chain starts. */
		if (at >= INFO_AT_REGION_index && at < INFO_AT_REGION_size)
			continue;
		other[at] ^= 1;
		assert_false(holds(two, 2));
		assert_int_equal(came.learned_from, 1);
		other[at] ^= 1;
	}
	assert_true(holds(two, 2));
}

/* One reply of a big-endian machine in a folder of its own: it is one by its name alone. */
static void test_byte_order(void **state)
{
	static const char *const ends[] = {".be.bin", ".bin"};
	const char *const name = "device-linux7.3s390x-nvme.probe-len128";

	(void)state;
	reset();
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		char folder[] = "/tmp/conform-XXXXXX", from[4096], absolute[PATH_MAX], to[128],
		     error[CAPTURED_ERROR_SIZE];
		struct captured *some;

		assert_non_null(mkdtemp(folder));
		snprintf(from, sizeof(from), "%s/captured/%s.be.bin", corpus, name);
		assert_non_null(realpath(from, absolute));
		snprintf(to, sizeof(to), "%s/%s%s", folder, name, ends[i]);
		assert_int_equal(symlink(absolute, to), 0);
		assert_int_equal(captured_read(folder, &some, error), 1);
		unlink(to);
		rmdir(folder);
		assert_true(holds(some, 1) == (i == 0));
		captured_free(some, 1);
	}
}

/* The rule that set replies aside is not to change: some names of each half. */
static void test_split(void **state)
{
	size_t aside = 0;

	(void)state;
	assert_false(is_set_aside("iommu-linux6.1-virtio-rng-len116.bin"));
	assert_false(is_set_aside("device-linux6.12-ahci-len24.bin"));
	assert_false(is_set_aside("region-linux6.12-nvme-idx0-len40.bin"));
	assert_true(is_set_aside("device-linux6.1-virtio-rng-len24.bin"));
	assert_true(is_set_aside("iommu-linux6.12-type1-len56.bin"));
	assert_true(is_set_aside("region-linux6.1-virtio-rng-idx0-len32.bin"));
	for (size_t i = 0; i < reply_count; i++)
		aside += replies[i].set_aside;
	assert_within(aside, reply_count / 3, reply_count * 2 / 3);
}

/* Folders that cannot be used: the file in them, and what is said. */
static void test_folders(void **state)
{
	static const struct {
		const char *name;
		const char *error;
	} files[] = {
		{NULL, "no captured replies"},
		{"region-linux6.1-x-len4.bin", "name it"},
		{"iommu-linux6.1-x-len4.bin.old", "name it"},
		{"iommu-linux6.1-x-len99999.bin", "name it"},
		{"iommu-linux6.1-x-len.bin", "name it"},
		{"fetch-linux6.1-x-len4.bin", "name it"},
		{"iommus-linux6.1-x-len4.bin", "name it"},
		{"iommu-linux6.1-x-len3.bin", "not as many bytes"},
		{"iommu-linux6.1-x-len5.bin", "not as many bytes"},
		{"iommu-linux6.1-x-len4.bin", NULL},
		{"iommu-linux6.1-x-len4.be.bin", NULL},
		{"iommu-linux6.1s390x-x-len4.bin", NULL},
		{"iommu-linux-x-len4.bin", "name it"},
		{"iommu-linux6.1-len4.bin", "name it"},
		{"iommu-x-len4.bin", "name it"},
		{"iommu-linux6.1-x-len4.le.bin", "name it"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char folder[] = "/tmp/conform-XXXXXX", path[128], error[CAPTURED_ERROR_SIZE] = "";
		struct captured *some;
		size_t count;

		assert_non_null(mkdtemp(folder));
		if (files[i].name) {
			FILE *file;

			snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
			file = fopen(path, "w");
			assert_non_null(file);
			assert_true(fputs("four", file) >= 0 && fclose(file) == 0);
		}
		count = captured_read(folder, &some, error);
		if (files[i].name)
			unlink(path);
		rmdir(folder);
		assert_int_equal(count, !files[i].error);
		if (count > 0)
			captured_free(some, count);
		else if (!strstr(error, files[i].error))
			fail_msg("row %zu: says `%s`, not `%s`", i, error, files[i].error);
	}
	assert_int_equal(captured_read("/no-such-folder", &replies, (char[CAPTURED_ERROR_SIZE]){0}),
			 0);
}

/* Replies that are not well-formed are refused, whatever producer they are of. */
static void test_learn_refuses(void **state)
{
	static const struct {
		uint32_t at, value;
		const char *wrong;
	} rows[] = {
		{INFO_AT_REGION_argsz, 80, NULL},
		{INFO_AT_REGION_argsz, 81, "not a full reply"},
		{INFO_AT_REGION_argsz, 15, "not a full reply"},
		{INFO_AT_REGION_cap_offset, 0, "not a full reply"},
		{INFO_AT_REGION_cap_offset, 31, "a capability is outside of the reply"},
		{INFO_AT_REGION_cap_offset, 73, "a capability is outside of the reply"},
		{INFO_AT_REGION_cap_offset, UINT32_MAX, "a capability is outside of the reply"},
		{32, 77 | 1 << 16, "layout.h does not know one of its capabilities"},
		{32, 1, "layout.h does not know one of its capabilities"},
		{32, 1 | 2 << 16, "layout.h does not know one of its capabilities"},
		{40, 3, "a capability does not end in the reply"},
		{40, 0x10000000, "a capability does not end in the reply"},
		{36, 32, "too many capabilities, or a loop"},
		{36, 72, "a capability does not end in the reply"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t reply[20] = {80, FLAG_REGION_CAPS, 0, 32, [8] = 1 | 1 << 16, [10] = 2};
		struct reply_state facts;
		const char *wrong;

		reply[18] = 2 | 1 << 16;
		memcpy((uint8_t *)reply + rows[i].at, &rows[i].value, 4);
		wrong = reply_state_read(INFO_REGION, (const uint8_t *)reply, sizeof(reply),
					 &facts);
		assert_true(!wrong == !rows[i].wrong);
		if (wrong)
			assert_string_equal(wrong, rows[i].wrong);
		else
			assert_int_equal(facts.caps[0].size, 40);
	}
	assert_string_equal(
		reply_state_read(INFO_REGION, (const uint8_t[31]){0}, 31, &(struct reply_state){0}),
		"shorter than its fixed part");
}

static int set_up(void **state)
{
	char folder[4096], error[CAPTURED_ERROR_SIZE];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/captured", corpus);
	reply_count = captured_read(folder, &replies, error);
	if (!reply_count)
		print_error("%s\n", error);
	models = calloc(producer_count, sizeof(models[0]));
	came.figures = calloc(producer_count, sizeof(came.figures[0]));
	return !reply_count || !models || !came.figures;
}

static int tear_down(void **state)
{
	(void)state;
	captured_free(replies, reply_count);
	free(models);
	free(came.figures);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_reproduced), cmocka_unit_test(test_one_byte_wrong),
		cmocka_unit_test(test_wrong_models),   cmocka_unit_test(test_claims),
		cmocka_unit_test(test_no_full_reply),  cmocka_unit_test(test_other_series),
		cmocka_unit_test(test_byte_order),     cmocka_unit_test(test_split),
		cmocka_unit_test(test_folders),	       cmocka_unit_test(test_learn_refuses),
	};

	if (argc > 1)
		corpus = argv[1];
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
