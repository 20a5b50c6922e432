/* SPDX-License-Identifier: MIT */
/*
 * Round trips of the text form: text_trip_test [DIRECTORY...]
 *
 *   trips  bytes -> chain -> text -> chain -> bytes, exact: pathological buffers, 20000 noisy ones,
 *          and every file in the directories given (names start with a kind and a dash)
 *   noise  damaged texts: each gives a chain or one clean error line
 *
 * When a trip fails, its buffer is printed as hex; `raw: [{at: 0, hex: "..."}]` is that buffer.
 */
#include <dirent.h>

#include "text_trip.h"
#include "../within.h"

/* Noisy buffers are shorter than this, and there are that many; damaged texts too. */
#define NOISE_LEN   300u
#define NOISE_COUNT 20000u
#define DAMAGED	    5000u

static char **directories;

static void trip_kinds(const char *what, const uint8_t *bytes, size_t len)
{
	for (int kind = 0; kind < INFO_KINDS; kind++)
		trip(what, bytes, len, (enum info_kind)kind);
}

static void test_trip_constant(void **state)
{
	static const size_t lens[] = {41, 64, 255, 4096, INFO_LEN_MAX - 1, INFO_LEN_MAX};
	static const int values[] = {0x00, 0xff, 0xa5, 0x20, 0x01};
	uint8_t *const bytes = malloc(INFO_LEN_MAX);

	(void)state;
	assert_non_null(bytes);
	for (size_t v = 0; v < COUNT_OF(values); v++) {
		memset(bytes, values[v], INFO_LEN_MAX);
		for (size_t len = 0; len <= 40; len++)
			trip_kinds("constant", bytes, len);
		for (size_t i = 0; i < COUNT_OF(lens); i++)
			trip_kinds("constant", bytes, lens[i]);
	}
	free(bytes);
}

/* A chain of headers of @id every @step bytes, each linked to the next, the last to itself. */
static void trip_comb(uint16_t id, uint32_t step, size_t len)
{
	uint8_t *const bytes = calloc(1, len);

	assert_non_null(bytes);
	for (size_t at = 32; at + 8 <= len; at += step) {
		layout_store(bytes + at, 2, id);
		layout_store(bytes + at + 2, 2, 1);
		layout_store(bytes + at + 4, 4, at + step + 8 <= len ? at + step : at);
	}
	layout_store(bytes + 12, 4, 32);
	trip("comb", bytes, len, INFO_REGION);
	layout_store(bytes + 16, 4, 32);
	trip("comb", bytes, len, INFO_DEVICE);
	trip("comb", bytes, len, INFO_IOMMU);
	free(bytes);
}

static void test_trip_comb(void **state)
{
	(void)state;
	for (uint16_t id = 0; id < 7; id++)
		for (uint32_t step = 1; step < 50; step++)
			trip_comb(id, step, 300 + step);
	trip_comb(3, 8, INFO_LEN_MAX);
	trip_comb(99, 9, INFO_LEN_MAX);
}

/* cap_offset at every value near the edges, with a capability that links to itself there. */
static void test_trip_self(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 56; at++) {
		for (uint16_t id = 0; id < 6; id++) {
			uint8_t bytes[64] = {0};

			layout_store(bytes + at, 2, id);
			layout_store(bytes + at + 2, 2, 1);
			layout_store(bytes + at + 4, 4, at);
			layout_store(bytes + 12, 4, at);
			trip("self", bytes, sizeof(bytes), INFO_REGION);
			layout_store(bytes + 16, 4, at);
			trip("self", bytes, sizeof(bytes), INFO_DEVICE);
			trip("self", bytes, sizeof(bytes), INFO_IOMMU);
		}
	}
}

/* One string that fills the longest buffer, and every byte different from its neighbours. */
static void test_trip_long(void **state)
{
	uint8_t *const bytes = malloc(INFO_LEN_MAX);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < INFO_LEN_MAX; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	trip_kinds("long", bytes, INFO_LEN_MAX);
	layout_store(bytes + 16, 4, 24);
	layout_store(bytes + 24, 2, CAP_ID_ZPCI_UTIL);
	layout_store(bytes + 26, 2, 1);
	layout_store(bytes + 28, 4, 0);
	layout_store(bytes + 32, 4, 0xffffffff);
	trip("long", bytes, INFO_LEN_MAX, INFO_DEVICE);
	/* As many overlays as there can be. */
	memset(bytes, 0, INFO_LEN_MAX);
	for (size_t i = 32; i < INFO_LEN_MAX; i += 9)
		bytes[i] = 1;
	trip_kinds("long", bytes, INFO_LEN_MAX);
	free(bytes);
}

static void make_cap(struct chain *chain, uint32_t at)
{
	struct chain_cap *const cap = chain_add_cap(chain);
	const struct layout_cap *layout;

	assert_non_null(cap);
	cap->at = at;
	cap->id = (uint16_t)random_below(7);
	cap->version = (uint16_t)random_below(4);
	layout = chain_cap_layout(chain, cap);
	for (size_t i = 0; layout && i < layout->nfields; i++)
		if (layout->fields[i].version <= cap->version)
			for (uint32_t b = 0; b < layout->fields[i].width; b++)
				cap->value[i] |= (uint64_t)random_byte() << 8 * b;
	if (!layout || !layout->elements)
		return;
	cap->value[0] = random_below(4);
	assert_int_equal(chain_resize_elements(cap, (uint32_t)cap->value[0] * layout->elements), 0);
	for (uint32_t i = 0; i < cap->elements_size; i++)
		cap->elements[i] = random_byte();
}

/* A chain of a few capabilities, one after the other, with small gaps. */
static void make_chain(enum info_kind kind, struct chain *ret_chain)
{
	const struct layout_info *const info = &layout_infos[kind];
	uint64_t at = info->full + 4 * random_below(2);

	chain_init(ret_chain, kind);
	for (uint32_t left = 1 + random_below(4); left && at < NOISE_LEN - 100; left--) {
		make_cap(ret_chain, (uint32_t)at);
		at = chain_cap_end(ret_chain, &ret_chain->caps[ret_chain->ncaps - 1]);
		at += random_below(9);
	}
	for (size_t i = 0; i + 1 < ret_chain->ncaps; i++)
		ret_chain->caps[i].next = ret_chain->caps[i + 1].at;
	ret_chain->len = (uint32_t)at;
	ret_chain->fill = random_byte();
	ret_chain->info[0] = at;
	for (size_t i = 1; i < info->nfields; i++)
		ret_chain->info[i] = info->fields[i].at == info->first.at ? ret_chain->caps[0].at
									  : random_byte();
}

/* A well-formed chain is read back as it is: all of it by name, nothing raw. */
static void assert_understood(const struct chain *chain, const uint8_t *bytes)
{
	struct chain read;

	assert_int_equal(chain_read(bytes, chain->len, chain->kind, &read), 0);
	assert_int_equal(read.nraws, 0);
	assert_int_equal(read.ncaps, chain->ncaps);
	assert_memory_equal(read.info, chain->info, sizeof(read.info));
	for (size_t i = 0; i < read.ncaps; i++) {
		const struct chain_cap *const cap = &read.caps[i];
		const struct chain_cap *const want = &chain->caps[i];

		assert_memory_equal(cap->value, want->value, sizeof(cap->value));
		assert_int_equal(cap->elements_size, want->elements_size);
		if (cap->elements_size)
			assert_memory_equal(cap->elements, want->elements, cap->elements_size);
	}
	chain_free(&read);
}

/* Bytes set to anything, to edges or to offsets; and a new length. Returns the length. */
static size_t damage(uint8_t *bytes, size_t len)
{
	static const uint32_t edges[] = {0, 1, 0xff, 0x7fffffff, 0xfffffff8, 0xffffffff};

	for (uint32_t left = random_below(6); left; left--) {
		const uint32_t at = random_below((uint32_t)len);

		if (random_below(2) || at + 4 > len)
			bytes[at] = random_byte();
		else if (random_below(2))
			layout_store(bytes + at, 4, random_below(NOISE_LEN));
		else
			layout_store(bytes + at, 4, edges[random_below(COUNT_OF(edges))]);
	}
	return random_below(3) ? len : random_below((uint32_t)len + 1);
}

static void test_trip_noise(void **state)
{
	(void)state;
	random_state = 0x9e3779b97f4a7c15;
	for (uint32_t i = 0; i < NOISE_COUNT; i++) {
		const enum info_kind kind = (enum info_kind)(i / 2 % INFO_IOCTL_KINDS);
		uint8_t bytes[NOISE_LEN];
		size_t len = random_below(NOISE_LEN + 1);
		struct chain chain;

		if (i % 2) {
			make_chain(kind, &chain);
			assert_within(chain.len, 1, NOISE_LEN);
			chain_write(&chain, bytes);
			assert_understood(&chain, bytes);
			trip_chain("well-formed", &chain);
			len = damage(bytes, chain.len);
			chain_free(&chain);
		} else {
			/* Small values, so that some of the links lead somewhere. */
			const uint32_t limit = random_below(2) ? 256 : 64;

			for (size_t b = 0; b < len; b++)
				bytes[b] = random_below(2) ? (uint8_t)random_below(limit) : 0;
		}
		trip("noise", bytes, len, kind);
	}
}

static void assert_error_line(const char *error)
{
	unsigned long line;
	unsigned long column;
	char colon;

	assert_int_equal(sscanf(error, "t:%lu:%lu%c", &line, &column, &colon), 3);
	assert_true(line && column && colon == ':');
	assert_null(strpbrk(error, "\n\r\x1b"));
	assert_within(strlen(error), 10, TEXT_ERROR_SIZE - 1);
}

static void test_damaged_texts(void **state)
{
	static const char marks[] = "{}[]:,#&*!|>'\"%@`-? \n\t\\0x9a";
	size_t good = 0;

	(void)state;
	random_state = 0xd1b54a32d192ed03;
	for (uint32_t i = 0; i < DAMAGED; i++) {
		char error[TEXT_ERROR_SIZE];
		struct chain chain;
		struct chain again;
		char *text;
		size_t size;
		int result;

		make_chain((enum info_kind)(i % INFO_KINDS), &chain);
		text = dump(&chain);
		chain_free(&chain);
		size = strlen(text);
		for (uint32_t left = 1 + random_below(3); left; left--)
			text[random_below((uint32_t)size)] =
				random_below(8) ? marks[random_below(sizeof(marks) - 1)]
						: (char)random_byte();
		if (!random_below(4))
			size = random_below((uint32_t)size + 1);
		result = text_load("t", text, size, &again, error);
		free(text);
		if (result) {
			assert_int_equal(result, -EINVAL);
			assert_error_line(error);
			continue;
		}
		good++;
		trip_chain("damaged", &again);
		chain_free(&again);
	}
	assert_within(good, 1, DAMAGED - 1);
}

static void trip_file(const char *directory, const char *name)
{
	char path[4096];
	static uint8_t bytes[INFO_LEN_MAX + 1];
	FILE *file;
	size_t len;

	for (int kind = 0; kind < INFO_KINDS; kind++) {
		const char *const prefix = info_kind_name((enum info_kind)kind);

		if (strncmp(name, prefix, strlen(prefix)) || name[strlen(prefix)] != '-')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		file = fopen(path, "rb");
		assert_non_null(file);
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		assert_within(len, 0, INFO_LEN_MAX);
		trip(path, bytes, len, (enum info_kind)kind);
	}
}

static void test_trip_files(void **state)
{
	(void)state;
	if (!*directories)
		skip();
	for (char **directory = directories; *directory; directory++) {
		DIR *const dir = opendir(*directory);
		const struct dirent *entry;
		size_t files = 0;

		assert_non_null(dir);
		while ((entry = readdir(dir))) {
			if (!strstr(entry->d_name, ".bin"))
				continue;
			trip_file(*directory, entry->d_name);
			files++;
		}
		closedir(dir);
		print_message("%s: %zu files\n", *directory, files);
		assert_true(files);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(test_trip_constant), cmocka_unit_test(test_trip_comb),
		cmocka_unit_test(test_trip_self),     cmocka_unit_test(test_trip_long),
		cmocka_unit_test(test_trip_noise),    cmocka_unit_test(test_damaged_texts),
		cmocka_unit_test(test_trip_files),
	};

	(void)argc;
	directories = argv + 1;
	return cmocka_run_group_tests(single, NULL, NULL);
}
