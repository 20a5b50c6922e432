/* SPDX-License-Identifier: MIT */
/*
 * Short replies are those of the model that wrote the full one, at every argsz, into the caller's
 * own bytes; and a reply that is not wholly a producer's has no model. scripts/test/run_test.py holds
 * the same to what real kernels wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "reply.h"
#include "reply_model.h"

#define ROOM 512

static const uint8_t ranges[] = {1, 0, 0, 0, 0,	   0,	 0, 0, 0, 0, 0, 0,
				 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0};
static const uint8_t areas[] = {1, 0, 0, 0, 0, 0,    0, 0, 0, 0x10, 0, 0,
				0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0,    0, 0};
static const uint8_t avail[4] = {0xff, 0xff}, pair[8] = {2}, base[24] = {9};
static const uint8_t migration[24] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};

static const struct producer_cap iommufd_caps[] = {
	{CAP_ID_DMA_AVAIL, 1, sizeof(avail), avail},
	{CAP_ID_IOVA_RANGE, 1, sizeof(ranges), ranges},
};
static const struct producer_cap type1_caps[] = {
	{CAP_ID_MIGRATION, 1, sizeof(migration), migration},
	{CAP_ID_DMA_AVAIL, 1, sizeof(avail), avail},
	{CAP_ID_IOVA_RANGE, 1, sizeof(ranges), ranges},
};
static const struct producer_cap region_caps[] = {
	{CAP_ID_TYPE, 1, sizeof(pair), pair},
	{CAP_ID_SPARSE_MMAP, 1, sizeof(areas), areas},
};
static const struct producer_cap device_caps[] = {
	{CAP_ID_ZPCI_BASE, 1, sizeof(base), base},
	{CAP_ID_PCI_ATOMIC_COMP, 1, sizeof(pair), pair},
};

static const struct row {
	enum reply_rule rule;
	const char *producer;
	const struct producer_cap *caps;
	size_t ncaps;
} rows[] = {
	{REPLY_KERNEL, "vfio-pci-device-6.6", device_caps, 2},
	{REPLY_KERNEL, "vfio-pci-device-6.6", NULL, 0},
	{REPLY_KERNEL, "vfio-pci-device-5.10", device_caps, 2},
	{REPLY_KERNEL, "vfio-pci-region-6.6", region_caps, 2},
	{REPLY_KERNEL, "type1-6.6", type1_caps, 3},
	{REPLY_KERNEL, "type1-5.4", type1_caps, 3},
	{REPLY_IOMMUFD, "iommufd-6.6", iommufd_caps, 2},
	{REPLY_IOMMUFD, "iommufd-6.2", iommufd_caps, 2},
	{REPLY_IOMMUFD, "vfio-pci-region-6.6", region_caps, 2},
	{REPLY_VFIO_USER, "libvfio-user-region", region_caps + 1, 1},
	{REPLY_RUST_VMM, "rust-vmm-region", region_caps + 1, 1},
};

static size_t list_of(const struct producer *producer)
{
	return reply_list_of(producer->kind, 0);
}

/* The caller's bytes before the call: nothing that any model writes everywhere. */
static void caller(uint8_t *buffer, uint32_t argsz)
{
	memset(buffer, 0xa5, ROOM);
	layout_store(buffer, 4, argsz);
	layout_store(buffer + INFO_AT_REGION_index, 4, 0);
}

/* The full reply of a row, its length returned. */
static uint32_t full(const struct row *row, uint8_t *ret)
{
	const struct producer *const producer = producer_named(row->producer);
	const struct producer_state state = {
		.flags = 1, .caps = row->caps, .ncaps = row->ncaps, .iova_pgsizes = 0x1000};
	const uint32_t need = producer_need(producer, &state);

	memset(ret, 0, ROOM);
	assert_int_equal(producer_answer(producer, &state, ret, need), 0);
	return need;
}

static void short_ones_are_the_models(void **unused)
{
	static uint8_t got[INFO_LEN_MAX];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct producer *const producer = producer_named(rows[i].producer);
		const struct producer_state state = {.flags = 1,
						     .caps = rows[i].caps,
						     .ncaps = rows[i].ncaps,
						     .iova_pgsizes = 0x1000};
		uint8_t bytes[ROOM], want[ROOM];
		const uint32_t need = full(&rows[i], bytes);
		struct replies replies = {0};
		struct reply *reply;

		print_message("%s: %u bytes\n", producer->name, need);
		assert_int_equal(reply_add(&replies, list_of(producer), rows[i].rule, bytes, need,
					   false, &reply),
				 0);
		assert_non_null(reply->model);
		for (uint32_t argsz = 0; argsz < need; argsz++) {
			int wrote, len;

			caller(want, argsz);
			caller(got, argsz);
			wrote = producer_answer(producer, &state, want, argsz);
			len = reply_next(&replies, list_of(producer), argsz, got);
			assert_int_equal(len < 0 ? len : 0, wrote);
			/*
			 * Nothing is written past argsz, and past what it returns nothing is changed.
			 */
			assert_true(len <= (int)argsz);
			assert_memory_equal(got, want, ROOM);
		}
		replies_free(&replies);
	}
}

/* One bit off anywhere that is written, or another length, and no producer has written it. */
static void what_none_writes_has_no_model(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct producer *const producer = producer_named(rows[i].producer);
		const enum info_kind kind = producer->kind;
		const struct layout_info *const info = &layout_infos[kind];
		uint8_t bytes[ROOM];
		const uint32_t need = full(&rows[i], bytes);
		const uint32_t links[] = {0, info->first.at,
					  rows[i].ncaps ? producer->base + CAP_HEADER_next : 0};
		struct reply_model *model;

		for (size_t at = 0; at < sizeof(links) / sizeof(links[0]); at++) {
			bytes[links[at]] ^= 1;
			model = reply_model_of(rows[i].rule, kind, bytes, need);
			assert_null(model);
			bytes[links[at]] ^= 1;
		}
		assert_null(reply_model_of(rows[i].rule, kind, bytes, need + 1));
		assert_null(reply_model_of(REPLY_RAW, kind, bytes, need));
		model = reply_model_of(rows[i].rule, kind, bytes, need);
		assert_non_null(model);
		assert_string_equal(model->producer->name, producer->name);
		free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_ones_are_the_models),
		cmocka_unit_test(what_none_writes_has_no_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
