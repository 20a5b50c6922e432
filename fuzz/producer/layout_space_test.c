/* SPDX-License-Identifier: MIT */
/*
 * Tests of what lays configuration spaces out.
 *
 *   rebuilt  every captured space of a QEMU device, its lists taken apart and laid out anew, is the same bytes
 *   hidden   vfio-pci's list of such a space is what the model `vfio-pci` reads of it; of the device that was
 *            measured (Linux 7.3.4) four bytes differ, and the lists are those that its user saw
 *   blind    a layout that puts each capability last, or hides nothing, is seen
 *
 * Usage: layout_space_test CORPUS
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "../judge/judge.h"
#include "layout_space.h"

static const char *corpus;
static struct judge *judge;
static struct spec *spec;

typedef void space_test(const char *name, const uint8_t *space, uint32_t len, enum info_kind kind);

static size_t each_space(space_test *test)
{
	static uint8_t space[4096];
	const struct dirent *entry;
	char path[4096];
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/spaces", corpus);
	dir = opendir(path);
	if (!dir)
		skip();
	while ((entry = readdir(dir))) {
		const enum info_kind kind =
			strncmp(entry->d_name, "pcie-", 5) == 0 ? INFO_PCIE : INFO_PCI;
		FILE *file;

		if (!strstr(entry->d_name, ".bin"))
			continue;
		snprintf(path, sizeof(path), "%s/spaces/%s", corpus, entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		test(entry->d_name, space, (uint32_t)fread(space, 1, sizeof(space), file), kind);
		fclose(file);
		count++;
	}
	closedir(dir);
	return count;
}

/* Takes the list of @kind apart: no header, no link; its ids and places stay in spec. */
static void take_apart(uint8_t *space, enum info_kind kind)
{
	for (size_t i = 0; i < spec->ncaps; i++)
		memset(space + spec->caps[i].cap.offset, 0, layout_infos[kind].header);
	if (kind == INFO_PCI && spec->ncaps) {
		space[0x34] = 0;
		space[0x06] &= 0xef;
	}
}

static void lay_out(uint8_t *space, enum info_kind kind, bool backwards)
{
	for (size_t n = 0; n < spec->ncaps; n++) {
		const bool last_first = (kind == INFO_PCI) != backwards;
		const struct info_cap *const cap =
			&spec->caps[last_first ? spec->ncaps - 1 - n : n].cap;

		if (kind == INFO_PCI)
			space_add(space, (uint8_t)cap->id, (uint8_t)cap->offset);
		else if (!space_add_extended(space, cap->id, (uint8_t)cap->version,
					     (uint16_t)cap->offset))
			return;
	}
}

static size_t lists, blind;

static void rebuild(const char *name, const uint8_t *space, uint32_t len, enum info_kind kind)
{
	uint8_t again[4096];

	spec_read(space, len, kind, spec);
	memcpy(again, space, len);
	take_apart(again, kind);
	lay_out(again, kind, false);
	if (memcmp(again, space, len) != 0)
		fail_msg("%s is not what QEMU would lay out", name);
	lists += spec->ncaps > 1;
	take_apart(again, kind);
	lay_out(again, kind, true);
	blind += spec->ncaps > 1 && memcmp(again, space, len) == 0;
}

static void test_rebuilt(void **state)
{
	(void)state;
	assert_true(each_space(rebuild) > 100);
	assert_true(lists > 40);
	assert_int_equal(blind, 0);
}

static const struct walk_result *model_of(const char *name)
{
	for (size_t i = 0; i < judge->count; i++)
		if (strcmp(judge->judged[i].parser->name, name) == 0)
			return &judge->judged[i].walk;
	fail_msg("no model %s", name);
	return NULL;
}

static size_t hiding;

/* What the model takes of the device's space is what stands in the list that its user sees. */
static void hide(const char *name, const uint8_t *space, uint32_t len, enum info_kind kind)
{
	const struct walk_result *const user = model_of("vfio-pci");
	uint8_t shown[4096];
	size_t n = 0;

	memcpy(shown, space, len);
	space_hide(shown, len);
	judge_read(judge, space, len, kind);
	spec_read(shown, len, kind, spec);
	for (size_t i = 0; i < spec->ncaps; i++) {
		/* What was first and hidden is an id of 0. */
		if (spec->caps[i].cap.id == 0)
			continue;
		if (n == user->ncaps || user->caps[n].offset != spec->caps[i].cap.offset ||
		    user->caps[n].id != spec->caps[i].cap.id)
			fail_msg("%s: the user's list has id %u at %#x", name, spec->caps[i].cap.id,
				 spec->caps[i].cap.offset);
		n++;
	}
	if (n != user->ncaps)
		fail_msg("%s: the model has %zu capabilities, the user's list %zu", name,
			 user->ncaps, n);
	hiding += memcmp(shown, space, len) != 0;
}

static void test_hidden(void **state)
{
	(void)state;
	sandbox_take_signals();
	assert_true(each_space(hide) > 100);
	assert_true(hiding > 3);
}

/* The device that was assigned to a guest, and what its user read of region 7. */
static void test_measured(void **state)
{
	static const uint8_t ids[] = {0x11, 0x10, 0x09, 0x01, 0x00, 0x77, 0x14};
	static const uint16_t extended[] = {0x03, 0x01, 0x1b, 0x15, 0x77, 0x0f, 0x23, 0x2e};
	static const uint16_t left[] = {0x03, 0x01, 0x15, 0x0f, 0x23};
	uint8_t space[4096] = {0}, shown[4096];
	size_t differ = 0;

	(void)state;
	for (size_t n = sizeof(ids); n--;)
		space_add(space, ids[n], (uint8_t)(0x40 + 0x14 * n));
	for (size_t n = 0; n < sizeof(extended) / sizeof(extended[0]); n++)
		assert_true(
			space_add_extended(space, extended[n], 1, (uint16_t)(0x100 + 0x30 * n)));
	assert_false(space_add_extended((uint8_t[4096]){0}, 1, 1, 0x140));
	memcpy(shown, space, sizeof(shown));
	space_hide(shown, sizeof(shown));
	spec_read(shown, sizeof(shown), INFO_PCI, spec);
	assert_int_equal(spec->ncaps, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(spec->caps[i].cap.id, ids[i]);
	spec_read(shown, sizeof(shown), INFO_PCIE, spec);
	assert_int_equal(spec->ncaps, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(spec->caps[i].cap.id, left[i]);
	/* One link of the conventional list, three of the other: of these the low byte has 4 bits of them. */
	for (size_t i = 0; i < sizeof(space); i++)
		differ += space[i] != shown[i];
	assert_true(differ >= 4 && differ <= 7);
}

/* The first one cannot be cut out, and of none that is left nothing. */
static void test_first(void **state)
{
	uint8_t space[4096] = {0};

	(void)state;
	space_add(space, 0x10, 0x40);
	assert_true(space_add_extended(space, 0x1b, 1, 0x100));
	assert_true(space_add_extended(space, 0x0e, 1, 0x150));
	space_hide(space, sizeof(space));
	assert_memory_equal(space + 0x100, "\x00\x00\x00\x15", 4);
	memset(space + 0x150, 0, 4);
	memcpy(space + 0x100, "\x1b\x00\x01\x00", 4);
	space_hide(space, sizeof(space));
	assert_memory_equal(space + 0x100, "\0\0\0\0", 4);
	memset(space, 0, 256);
	space_add(space, 0x0d, 0x40);
	space_hide(space, sizeof(space));
	assert_int_equal(space[6] & 0x10, 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rebuilt),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_measured),
		cmocka_unit_test(test_first),
	};
	char error[512];

	corpus = argc > 1 ? argv[1] : "corpus";
	spec = spec_new();
	judge = judge_new(info_parsers, info_parser_count, error, sizeof(error));
	if (!spec || !judge)
		return EXIT_ARENA;
	return cmocka_run_group_tests_name("layout_space", tests, NULL, NULL);
}
