/* SPDX-License-Identifier: MIT */
/*
 * Tests of parsers/models/: each row is one quirk of one program, on one small buffer.
 *
 *   quirks   what a model says of a buffer, and what it took
 *   telling  for every model, an input of the corpus that it reads otherwise than `naive` does
 *   peers    models that read from a peer never show a fault that is not public
 *
 * When a row of quirks (quirks_FAMILY.h) fails, the model is wrong or the program's facts changed: its header comment
 * says which program and version, and which lines were measured.
 *
 * Usage: models_test CORPUS
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "../judge/judge.h"
#include "../text/text.h"
#include "quirks_drivers.h"
#include "quirks_pci.h"
#include "quirks_qemu.h"
#include "quirks_selftests.h"
#include "quirks_vmm.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *corpus;
static struct judge *judge;

static const struct {
	const struct row *rows;
	size_t count;
} families[] = {
	{qemu_rows, COUNT_OF(qemu_rows)},	{vmm_rows, COUNT_OF(vmm_rows)},
	{drivers_rows, COUNT_OF(drivers_rows)}, {selftests_rows, COUNT_OF(selftests_rows)},
	{pci_rows, COUNT_OF(pci_rows)},
};

static const struct judged *judged_of(const char *parser)
{
	for (size_t i = 0; i < judge->count; i++)
		if (strcmp(judge->judged[i].parser->name, parser) == 0)
			return &judge->judged[i];
	fail_msg("no parser %s", parser);
	return NULL;
}

static void took(const struct judged *judged, char *ret_words, size_t size)
{
	size_t used = 0;

	ret_words[0] = '\0';
	for (size_t i = 0; i < judged->walk.ncaps && used < size; i++) {
		const struct info_cap *const cap = &judged->walk.caps[i];
		const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);

		used += (size_t)snprintf(ret_words + used, size - used, "%s%u", i ? " " : "",
					 cap->offset);
		if (cap->decoded && layout && layout->elements && used < size)
			used += (size_t)snprintf(ret_words + used, size - used, "#%u", cap->count);
	}
}

/* The judge keeps a pointer to the bytes. */
static void judge_text(const char *name, const char *text, size_t size)
{
	static uint8_t info[INFO_LEN_MAX];
	char error[TEXT_ERROR_SIZE];
	struct chain chain;

	if (text_load(name, text, size, &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, info);
	judge_read(judge, info, chain.len, chain.kind);
	chain_free(&chain);
}

/* Whether the model does as the row says. */
static bool holds(const struct row *row)
{
	const struct judged *judged;
	char words[1024];

	judge_text(row->quirk, row->text, strlen(row->text));
	judged = judged_of(row->parser);
	took(judged, words, sizeof(words));
	if (judged->walk.verdict == row->verdict &&
	    strcmp(judged_reason(judged), row->reason) == 0 &&
	    (!row->took || strcmp(words, row->took) == 0))
		return true;
	fprintf(stderr, "%s: %s: says %s %s, took %s\n", row->parser, row->quirk,
		verdict_name(judged->walk.verdict), judged_reason(judged), words);
	return false;
}

static void test_quirks(void **state)
{
	size_t failed = 0;

	(void)state;
	sandbox_take_signals();
	for (size_t i = 0; i < COUNT_OF(families); i++)
		for (size_t n = 0; n < families[i].count; n++)
			failed += !holds(&families[i].rows[n]);
	assert_int_equal(failed, 0);
}

/* One input a model; naive is what it is told from. */
static const struct {
	const char *parser;
	const char *input;
} telling[] = {
	{"cloud-hypervisor", "region-msix-before-sparse"},
	{"cloud-hypervisor-pci", "pcie-express-without-pm"},
	{"crosvm-pci", "pci-status-clear"},
	{"crosvm-iommu", "iommu-version-65535-range"},
	{"crosvm-region", "region-duplicate-type"},
	{"dpdk", "region-argsz-8"},
	{"dpdk-pci", "pci-all-ones-next"},
	{"hwloc", "pci-null-between"},
	{"libpci", "pcie-pcix"},
	{"libvirt", "pci-next-into-header"},
	{"linux-pci", "pci-next-into-header"},
	{"lshw", "pci-null-between"},
	{"lspci", "pci-cardbus"},
	{"qemu-pci", "pcie-sriov-between"},
	{"seabios", "pci-null-between"},
	{"spdk-pci", "pci-status-clear"},
	{"vfio-pci", "pcie-hidden"},
	{"xen", "pci-all-ones-next"},
	{"dpdk-new", "region-payload-oob-type"},
	{"dragonball", "region-cxl-component-bar-msix-before-areas"},
	{"find-cap", "iommu-version-65535-range"},
	{"firecracker", "region-malformed-behind-areas"},
	{"fpga-sio", "region-next-31"},
	{"i10e", "iommu-ranges-26"},
	{"ksft-cxl", "region-flag-clear-migration"},
	{"ksft-iommufd", "iommu-unknown-id-is-fatal"},
	{"ksft-vfio", "iommu-loop-unknown-ids"},
	{"libblkio", "iommu-optional-absent"},
	{"libvfio-user", "region-unknown-id-first"},
	{"libvfn", "iommu-flag-without-chain"},
	{"libvhost", "iommu-flag-clear-chain-there"},
	{"monotonic", "region-backward"},
	{"mvisor", "iommu-migration-no-small-pages"},
	{"odp", "region-three-caps"},
	{"opae", "region-msix-before-sparse"},
	{"open-sparse-mmap", "region-flag-without-chain"},
	{"openvmm", "region-payload-oob-sparse-area"},
	{"qatlib", "iommu-flag-without-chain"},
	{"qemu", "device-util-short-string"},
	{"qemu-10", "iommu-range-reversed"},
	{"qemu-11", "region-areas-overlap-same-offset"},
	{"qemu-s390", "device-util-short-string"},
	{"qemu-util", "iommu-flag-clear-chain-there"},
	{"qemu-vfio-user", "region-cap-offset-31"},
	{"qemu-vfio-user-11", "region-areas-overlap-same-offset"},
	{"raven", "region-back-behind-areas"},
	{"rdma-core", "iommu-range-reversed"},
	{"spdk", "region-count-exact-plus-1"},
	{"stratovirt", "region-chain-at-40-areas-at-32"},
	{"uml", "iommu-loop-unknown-ids"},
	{"vfio-ioctls", "region-next-31"},
	{"vfio-user", "region-flag-clear-migration"},
	{"vpp", "region-flag-without-chain"},
};

static void judge_input(const char *input)
{
	static char text[1 << 16];
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/regressions/%s.yaml", corpus, input);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s cannot be read", path);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	judge_text(path, text, size);
}

static void test_telling(void **state)
{
	const struct judged *naive, *judged;
	char theirs[1024], ours[1024];

	(void)state;
	sandbox_take_signals();
	for (size_t i = 0; i < COUNT_OF(telling); i++) {
		judge_input(telling[i].input);
		naive = judged_of(judge->kind < INFO_IOCTL_KINDS ? "naive" : "naive-pci");
		judged = judged_of(telling[i].parser);
		assert_true(judged->parser->reads[judge->kind].ids);
		took(naive, theirs, sizeof(theirs));
		took(judged, ours, sizeof(ours));
		if (naive->walk.verdict == judged->walk.verdict &&
		    strcmp(judged_reason(naive), judged_reason(judged)) == 0 &&
		    strcmp(theirs, ours) == 0)
			fail_msg("%s no longer tells %s from naive", telling[i].input,
				 telling[i].parser);
	}
}

/* What is no model of a program that reads INFO replies needs no row. */
static bool is_no_model(const struct info_parser *parser)
{
	const char *const name = parser->name;
	bool reads = false;

	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		reads |= parser->reads[kind].ids != 0;
	return !reads || strcmp(name, "naive") == 0 || strcmp(name, "naive-pci") == 0 ||
	       strcmp(name, "kernel-pci") == 0 || strcmp(name, "pcicaps") == 0 ||
	       strcmp(name, "kernel") == 0 || strcmp(name, "bounded") == 0 ||
	       strcmp(name, "bpf") == 0;
}

static bool has_quirk(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(families); i++)
		for (size_t n = 0; n < families[i].count; n++)
			if (strcmp(families[i].rows[n].parser, name) == 0)
				return true;
	return false;
}

static bool has_telling(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(telling); i++)
		if (strcmp(telling[i].parser, name) == 0)
			return true;
	return false;
}

/* A summary is `PROGRAM VERSIONS: what`: the page of policies takes its versions from there. */
static bool says_version(const char *summary)
{
	const char *const end = strstr(summary, ": ");

	return end && strcspn(summary, "0123456789") < (size_t)(end - summary);
}

static void test_every_model(void **state)
{
	(void)state;
	for (size_t i = 0; i < info_parser_count; i++) {
		const char *const name = info_parsers[i]->name;

		if (is_no_model(info_parsers[i]))
			continue;
		if (!has_quirk(name) || !has_telling(name))
			fail_msg(
				"%s needs rows here: a quirk, and an input that tells it from naive",
				name);
		if (strcmp(name, "monotonic") && !says_version(info_parsers[i]->summary))
			fail_msg("%s: its summary does not say versions before a colon", name);
	}
}

/* Small, so that every byte of a header is hit soon: xorshift, the same on every run. */
static uint32_t random_number(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

/*
 * A buffer that is mostly a chain: words that mean something to a walk, anywhere behind the fields.
 */
static size_t random_region(uint8_t *ret_info)
{
	static const uint32_t words[] = {
		0,  1,	2,	    3,		0x10001,    0x10002,	0x10003,   8,
		9,  24, 31,	    32,		36,	    40,		48,	   56,
		64, 72, 0x0fffffff, 0x10000000, 0x7fffff00, 0xfffffff8, 0xffffffff};
	const size_t len = 8 + random_number() % 120;

	for (size_t at = 0; at + 4 <= len; at += 4)
		layout_store(ret_info + at, 4, words[random_number() % COUNT_OF(words)]);
	for (size_t at = len & ~(size_t)3; at < len; at++)
		ret_info[at] = (uint8_t)random_number();
	layout_store(ret_info, 4, random_number() % 4 ? len : random_number() % 160);
	layout_store(ret_info + 4, 4, random_number() % 8 ? FLAG_REGION_CAPS : 0);
	if (len >= 16)
		layout_store(ret_info + 12, 4,
			     random_number() % 4 ? 32 + random_number() % 4 * 8
						 : words[random_number() % COUNT_OF(words)]);
	return len;
}

/* Whether the fault that vfio-user shows is one that its pull request 172 names. */
static bool is_public(const struct judged *judged)
{
	const uint8_t *const info = judge->info;
	uint64_t at = layout_load(info + INFO_AT_REGION_cap_offset, 4);
	const bool runaway = judged->walk.verdict == VERDICT_RUNAWAY;

	/* A cap_offset that wraps below the copy. */
	if (at >= 24 && at < 32)
		return !runaway;
	for (size_t steps = 0; at >= 32 && at + 8 <= judge->spec->argsz && steps < judge->len;
	     steps++) {
		const uint64_t next = layout_load(info + at + 4, 4);

		/* A count whose product wraps. */
		if (layout_load(info + at, 2) == CAP_ID_SPARSE_MMAP &&
		    at + 12 <= judge->spec->argsz && layout_load(info + at + 8, 4) >= 1u << 28)
			return !runaway;
		/* A next that points at itself. */
		if (next == at)
			return runaway;
		at = next;
	}
	return false;
}

/* Words that mean something to a walk of configuration space, in places that one comes to. */
static size_t random_space(enum info_kind kind, uint8_t *ret_info)
{
	static const uint8_t bytes[] = {0,    1,    5,	  9,	0x10, 0x11, 0x20, 0x40,
					0x42, 0x44, 0x48, 0x4c, 0x50, 0xfc, 0xff, 0x77};
	const size_t len = kind == INFO_PCI ? 256 : 320;
	const uint32_t from = kind == INFO_PCI ? 0x40 : 0x100;

	memset(ret_info, 0, len);
	ret_info[6] = random_number() % 8 ? 0x10 : 0;
	ret_info[14] = random_number() % 8 ? 0 : (uint8_t)(random_number() % 4);
	ret_info[0x34] = random_number() % 2 ? 0x40 : bytes[random_number() % COUNT_OF(bytes)];
	for (uint32_t at = 0x40; at < 0x54; at += 2) {
		ret_info[at] = bytes[random_number() % COUNT_OF(bytes)];
		ret_info[at + 1] = bytes[random_number() % COUNT_OF(bytes)];
	}
	for (uint32_t at = from; kind == INFO_PCIE && at < from + 24; at += 4)
		layout_store(ret_info + at, 4,
			     (random_number() % 20) | 0x10000 |
				     (0x100 + random_number() % 7 * 4) << 20);
	return random_number() % 8 ? len : 64 + random_number() % (len - 64);
}

/*
 * No fault of a reader of configuration space is public that a walk can show: what a device, a peer or a file
 * has chosen brings an answer, or none is given.
 */
static void test_chosen_bytes(void **state)
{
	size_t abstained = 0, read = 0;
	static uint8_t info[512];

	(void)state;
	sandbox_take_signals();
	for (int i = 0; i < 20000; i++) {
		const enum info_kind kind = i % 2 ? INFO_PCI : INFO_PCIE;
		const size_t len = random_space(kind, info);

		judge_read(judge, info, len, kind);
		for (size_t n = 0; n < judge->count; n++) {
			const struct judged *const judged = &judge->judged[n];

			if (judged->parser->source == INFO_FROM_KERNEL ||
			    !judged->parser->reads[kind].ids)
				continue;
			abstained += judged->walk.verdict == VERDICT_ABSTAIN;
			read += judged->walk.verdict == VERDICT_OK;
			if (judged->walk.verdict > VERDICT_ABSTAIN)
				fail_msg("%s shows a fault: %s, on %s space %d of %zu bytes",
					 judged->parser->name, verdict_name(judged->walk.verdict),
					 info_kind_name(kind), i, len);
		}
	}
	assert_true(abstained && read);
}

static void test_peers(void **state)
{
	size_t abstained = 0, public = 0, read = 0;
	static uint8_t info[256];

	(void)state;
	sandbox_take_signals();
	for (int i = 0; i < 30000; i++) {
		const size_t len = random_region(info);

		judge_read(judge, info, len, INFO_REGION);
		for (size_t n = 0; n < judge->count; n++) {
			const struct judged *const judged = &judge->judged[n];

			if (judged->parser->source != INFO_FROM_PEER)
				continue;
			abstained += judged->walk.verdict == VERDICT_ABSTAIN;
			read += judged->walk.verdict == VERDICT_OK;
			if (judged->walk.verdict <= VERDICT_ABSTAIN)
				continue;
			if (strcmp(judged->parser->name, "vfio-user") || !is_public(judged))
				fail_msg("%s shows a fault: %s, on input %d of %zu bytes",
					 judged->parser->name, verdict_name(judged->walk.verdict),
					 i, len);
			public++;
		}
	}
	assert_true(abstained && public && read);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quirks),	     cmocka_unit_test(test_telling),
		cmocka_unit_test(test_every_model),  cmocka_unit_test(test_peers),
		cmocka_unit_test(test_chosen_bytes),
	};
	char error[512];

	corpus = argc > 1 ? argv[1] : "corpus";
	judge = judge_new(info_parsers, info_parser_count, error, sizeof(error));
	if (!judge) {
		fprintf(stderr, "models_test: %s\n", error);
		return EXIT_ARENA;
	}
	return cmocka_run_group_tests_name("models", tests, NULL, NULL);
}
