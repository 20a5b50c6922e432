/* SPDX-License-Identifier: MIT */
/*
 * Tests of the producer models on replies that nobody captured: what facts say of them, byte for
 * byte, and the text seeds in corpus/seeds/, which were written by hand and apart from the models.
 * When a row fails, the model or the seed is wrong; the seed's first comment and the model's head
 * say what each was made from.
 *
 * Usage: producer_test CORPUS
 */
#include <errno.h>

#include "../parsers/bounded_corpus.h"
#include "reply_state.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t le32[][4] = {{1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}};

/* The helpers, step by step: links count from the chain's start, then from the reply's. */
static void test_chain_helpers(void **state)
{
	static const struct {
		uint32_t align;
		uint32_t at[3];
		uint32_t size;
	} eras[] = {{1, {0, 12, 25}, 33}, {8, {0, 16, 32}, 40}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(eras); i++) {
		uint8_t bytes[41];
		struct producer_chain chain = {bytes, 41, 0, eras[i].align};

		memset(bytes, 0xff, sizeof(bytes));
		producer_chain_shift(&chain, 24);
		assert_null(producer_chain_add(&chain, 1, 1, CAP_HEADER_SIZE - 1));
		assert_ptr_equal(producer_chain_add(&chain, 3, 1, 12), bytes + eras[i].at[0]);
		producer_chain_shift(&chain, 24);
		assert_int_equal(layout_load(bytes + CAP_HEADER_next, 4), 0);
		assert_ptr_equal(producer_chain_add(&chain, 2, 7, 13), bytes + eras[i].at[1]);
		assert_ptr_equal(producer_chain_add(&chain, 1, 1, 8), bytes + eras[i].at[2]);
		assert_int_equal(chain.size, eras[i].size);
		assert_null(producer_chain_add(&chain, 1, 1, 42 - eras[i].size));
		assert_null(producer_chain_add(&chain, 1, 1, UINT32_MAX));
		assert_int_equal(chain.size, eras[i].size);
		assert_int_equal(layout_load(bytes + 4, 4), eras[i].at[1]);
		assert_int_equal(layout_load(bytes + eras[i].at[1] + 4, 4), eras[i].at[2]);
		producer_chain_shift(&chain, 24);
		assert_int_equal(layout_load(bytes + 4, 4), eras[i].at[1] + 24);
		assert_int_equal(layout_load(bytes + eras[i].at[1] + 4, 4), eras[i].at[2] + 24);
		assert_int_equal(layout_load(bytes + eras[i].at[1] + 2, 2), 7);
		assert_int_equal(layout_load(bytes + eras[i].at[2] + 4, 4), 0);
		for (uint32_t at = eras[i].at[1] + 8; at < eras[i].at[2]; at++)
			assert_int_equal(bytes[at], 0);
		for (uint32_t at = chain.size; at < sizeof(bytes); at++)
			assert_int_equal(bytes[at], 0xff);
	}
}

/* Whether a producer has to tell layout_caps[@i]: those answer ioctls. */
static bool is_told(size_t i)
{
	return layout_caps[i].kind < INFO_IOCTL_KINDS;
}

/* sizeof of the kernel's structs on 64 bits. */
static void test_sizes(void **state)
{
	static const struct {
		enum info_kind kind;
		uint16_t id, version;
		uint32_t count, size;
	} rows[] = {
		{INFO_DEVICE, CAP_ID_ZPCI_BASE, 1, 0, 32},
		{INFO_DEVICE, CAP_ID_ZPCI_BASE, 2, 0, 40},
		{INFO_DEVICE, CAP_ID_ZPCI_BASE, 3, 0, 40},
		{INFO_DEVICE, CAP_ID_ZPCI_GROUP, 1, 0, 40},
		{INFO_DEVICE, CAP_ID_ZPCI_GROUP, 2, 0, 48},
		{INFO_DEVICE, CAP_ID_ZPCI_UTIL, 1, 64, 76},
		{INFO_DEVICE, CAP_ID_ZPCI_PFIP, 1, 4, 16},
		{INFO_DEVICE, CAP_ID_PCI_ATOMIC_COMP, 1, 0, 16},
		{INFO_REGION, CAP_ID_SPARSE_MMAP, 1, 0, 16},
		{INFO_REGION, CAP_ID_SPARSE_MMAP, 1, 3, 64},
		{INFO_REGION, CAP_ID_TYPE, 1, 0, 16},
		{INFO_REGION, CAP_ID_MSIX_MAPPABLE, 1, 0, 8},
		{INFO_REGION, CAP_ID_NVLINK2_SSATGT, 1, 0, 16},
		{INFO_REGION, CAP_ID_NVLINK2_LNKSPD, 1, 0, 16},
		{INFO_IOMMU, CAP_ID_IOVA_RANGE, 1, 2, 48},
		{INFO_IOMMU, CAP_ID_MIGRATION, 1, 0, 32},
		{INFO_IOMMU, CAP_ID_DMA_AVAIL, 1, 0, 12},
		{INFO_IOMMU, CAP_ID_IOVA_RANGE, 1, 0x10000000, 0},
	};

	bool sized[64][16] = {{false}};

	(void)state;
	assert_true(layout_cap_count <= COUNT_OF(sized));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct layout_cap *const cap = layout_cap(rows[i].kind, rows[i].id);

		assert_int_equal(producer_cap_size(cap, rows[i].version, rows[i].count),
				 rows[i].size);
		sized[cap - layout_caps][rows[i].version] = true;
	}
	for (size_t i = 0; i < layout_cap_count; i++)
		for (uint16_t version = 1; is_told(i) && version <= layout_caps[i].newest;
		     version++)
			if (!sized[i][version])
				fail_msg("no row says the size of %s version %u",
					 layout_caps[i].name, version);
}

/* Since 6.6 every capability is rounded up to 8 bytes, by the kernel alone. */
static uint32_t rounds_up(const char *name)
{
	return corpus_ends(name, "-6.6") ? 8 : 1;
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < producer_count; i++) {
		const struct producer *const producer = &producers[i];

		assert_ptr_equal(producer_named(producer->name), producer);
		assert_true(producer->summary[0] && producer->captured && producer->answer);
		assert_true(producer->least <= producer->most);
		assert_true(!producer->most == !producer->ids);
		assert_true(producer->minsz <= producer->fixed &&
			    producer->fixed <= producer->base);
		assert_int_equal(producer->align, producer->most ? rounds_up(producer->name) : 0);
		if (!producer->most)
			assert_int_equal(producer->base, producer->fixed);
		if (i > 0)
			assert_true(producer[-1].kind < producer->kind ||
				    (producer[-1].kind == producer->kind &&
				     strcmp(producer[-1].name, producer->name) < 0));
	}
	assert_null(producer_named("no-such-producer"));
}

/* More bytes than an argsz can say are refused, and nothing is written. */
static void test_too_much_to_say(void **state)
{
	const struct producer_cap caps[] = {
		{CAP_ID_TYPE, 1, UINT32_MAX - 40, NULL},
		{CAP_ID_TYPE, 1, 8, le32[0]},
	};
	const struct producer_state facts = {.caps = caps, .ncaps = 2};

	(void)state;
	for (size_t i = 0; i < producer_count; i++) {
		uint8_t buffer[64], before[64];

		if (producers[i].most == 0)
			continue;
		memset(buffer, 0xa5, sizeof(buffer));
		memset(before, 0xa5, sizeof(before));
		assert_int_equal(producer_need(&producers[i], &facts), 0);
		assert_int_equal(producer_answer(&producers[i], &facts, buffer, 48), -ENOMEM);
		assert_memory_equal(buffer, before, sizeof(buffer));
	}
}

/*
 * What mbochs of Linux 6.1 wrote, measured: its header alone, cut in the capability, and refused;
 * and a region that has none copies out the rest of its struct.
 */
static void test_mbochs(void **state)
{
	static const uint8_t whole[48] = {48, 0, 0,    0, 0x0b, 0, 0, 0, 9, 0, 0, 0, 32, 0, 0, 0,
					  0,  0, 0x10, 0, 0,	0, 0, 0, 0, 0, 0, 0, 0,	 0, 0, 0,
					  2,  0, 1,    0, 0,	0, 0, 0, 1, 0, 0, 0, 1,	 0, 0, 0};
	const struct producer *const mbochs = producer_named("mbochs-4.18");
	const struct producer_cap type = {CAP_ID_TYPE, 1, 8, whole + 40};
	struct producer_state facts = {.flags = 3,
				       .region_size = 0x100000,
				       .caps = &type,
				       .ncaps = 1,
				       .stack = 0x77777777};
	uint8_t buffer[64];

	(void)state;
	for (uint32_t argsz = 0; argsz <= sizeof(buffer); argsz++) {
		const bool answers = argsz >= 32 && argsz <= 48;

		memset(buffer, 0xa5, sizeof(buffer));
		layout_store(buffer + INFO_AT_REGION_index, 4, 9);
		assert_int_equal(producer_answer(mbochs, &facts, buffer, argsz),
				 answers ? 0 : -EINVAL);
		if (answers)
			assert_memory_equal(buffer, whole, argsz);
		for (uint32_t at = answers ? argsz : 12; at < sizeof(buffer); at++)
			assert_int_equal(buffer[at], 0xa5);
	}
	facts.ncaps = 0;
	memset(buffer, 0xa5, sizeof(buffer));
	assert_int_equal(producer_answer(mbochs, &facts, buffer, 48), 0);
	assert_int_equal(layout_load(buffer + INFO_AT_REGION_argsz, 4), 48);
	assert_int_equal(layout_load(buffer + INFO_AT_REGION_flags, 4), 3);
	assert_int_equal(layout_load(buffer + INFO_AT_REGION_cap_offset, 4), 0xa5a5a5a5);
	for (uint32_t at = 32; at < sizeof(buffer); at++)
		assert_int_equal(buffer[at], at < 48 ? 0x77 : 0xa5);
	assert_int_equal(producer_answer(mbochs, &facts, buffer, 49), -EINVAL);
}

/*
 * How many bytes of the fixed part a caller with too small a buffer gets, measured on 6.1 for
 * type1, else read: before 6.6 the field cap_offset wholly or not at all, since then what has room.
 */
static void test_fixed_parts(void **state)
{
	static const uint32_t argszs[] = {15, 16, 17, 18, 19, 20, 21, 23, 24, 31};
	static const struct {
		const char *name;
		int32_t written[COUNT_OF(argszs)];
	} parts[] = {
		{"device-16-bytes", {-1, 16, 16, 16, 16, 16, 16, 16, 16, 16}},
		{"vfio-pci-device-5.10", {-1, 16, 16, 16, 16, 20, 20, 20, 20, 20}},
		{"vfio-pci-device-6.6", {-1, 16, 17, 18, 19, 20, 21, 23, 24, 24}},
		{"iommu-16-bytes", {-1, 16, 16, 16, 16, 16, 16, 16, 16, 16}},
		{"iommufd-6.2", {-1, 16, 17, 18, 19, 20, 21, 23, 24, 24}},
		{"iommufd-6.6", {-1, 16, 17, 18, 19, 20, 21, 23, 24, 24}},
		{"type1-5.4", {-1, 16, 16, 16, 16, 20, 20, 20, 20, 20}},
		{"type1-6.6", {-1, 16, 17, 18, 19, 20, 21, 23, 24, 24}},
	};
	const struct producer_cap cap = {1, 1, 24, (const uint8_t[24]){0}};
	const struct producer_state facts = {.caps = &cap, .ncaps = 1};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		for (size_t j = 0; j < COUNT_OF(argszs); j++) {
			uint8_t buffer[32];
			int32_t written = 0;

			memset(buffer, 0xa5, sizeof(buffer));
			if (producer_answer(producer_named(parts[i].name), &facts, buffer,
					    argszs[j]))
				written = -1;
			for (; written >= 0 && written < 32 && buffer[written] != 0xa5; written++)
				;
			assert_int_equal(written, parts[i].written[j]);
		}
}

/*
 * vfio-user servers answer for a device with a message of 16 bytes that says so, whatever was
 * asked; libvfio-user refuses fewer, rust-vmm's server looks at nothing and its client gets what it
 * has room for. Of a region without areas both say 32 bytes.
 */
static void test_peers(void **state)
{
	static const uint8_t device[16] = {16, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0, 0};
	static const uint8_t region[32] = {32,	 0,    0,    0, 7, 0, 0, 0, 0xa5,
					   0xa5, 0xa5, 0xa5, 0, 0, 0, 0, 0, 0x40};
	static const struct {
		const char *name;
		const uint8_t *message;
		uint32_t length, least;
		struct producer_state facts;
	} peers[] = {
		{"libvfio-user-device", device, 16, 16, {3, .num_regions = 9, .num_irqs = 5}},
		{"rust-vmm-device", device, 16, 0, {3, .num_regions = 9, .num_irqs = 5}},
		{"libvfio-user-region", region, 32, 32, {7, .region_size = 0x4000}},
		{"rust-vmm-region", region, 32, 0, {7, .region_size = 0x4000}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		for (uint32_t argsz = 0; argsz <= 48; argsz++) {
			const struct producer *const peer = producer_named(peers[i].name);
			const bool answers = argsz >= peers[i].least;
			const uint32_t sent = argsz < peers[i].length ? argsz : peers[i].length;
			/* An index that is not wholly in the buffer is not the caller's. */
			const uint32_t known = sent > 8 && sent < 12 ? 8 : sent;
			uint8_t buffer[64];

			memset(buffer, 0xa5, sizeof(buffer));
			assert_int_equal(producer_answer(peer, &peers[i].facts, buffer, argsz),
					 answers ? 0 : -EINVAL);
			if (answers) {
				assert_int_equal(producer_sent(peer, &peers[i].facts, argsz), sent);
				assert_memory_equal(buffer, peers[i].message, known);
			}
			for (uint32_t at = answers ? sent : 0; at < sizeof(buffer); at++)
				assert_int_equal(buffer[at], 0xa5);
		}
}

/*
 * A seed and what writes it. Its capabilities are told by @full, a seed with all of them (NULL: by
 * itself), its fixed fields by itself. @fill is the caller's, @stack what the producer leaks.
 */
struct row {
	const char *producer;
	const char *seed;
	const char *full;
	uint8_t fill;
	uint32_t stack;
};

static const struct row rows[] = {
	{"device-16-bytes", "device-ccw-16-bytes", NULL, 0xa5, 0},
	{"device-16-bytes", "device-cdx-len16", NULL, 0xa5, 0},
	{"device-16-bytes", "device-fsl-mc-16-bytes", NULL, 0xa5, 0},
	{"device-16-bytes", "device-pci-linux5.9", NULL, 0xa5, 0},
	{"device-16-bytes", "device-platform-16-bytes", NULL, 0xa5, 0},
	{"vfio-pci-device-5.10", "device-atomic-linux6.5", NULL, 0xa5, 0},
	{"vfio-pci-device-5.10", "device-zpci-linux5.10", NULL, 0xa5, 0},
	{"vfio-pci-device-5.10", "device-zpci-linux6.1", NULL, 0xa5, 0},
	{"vfio-pci-device-5.10", "device-zpci-linux6.1-len16", "device-zpci-linux6.1", 0xa5, 0},
	{"vfio-pci-device-5.10", "device-zpci-linux6.1-len64", "device-zpci-linux6.1", 0xa5, 0},
	{"vfio-pci-device-6.6", "device-atomic-linux6.6", NULL, 0xa5, 0},
	{"vfio-pci-device-6.6", "device-atomic-linux6.6-len24", "device-atomic-linux6.6", 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux6.6", NULL, 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux6.6-atomic", NULL, 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux6.6-len18", "device-zpci-linux6.6", 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux6.6-len24", "device-zpci-linux6.6", 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux6.6-no-util", NULL, 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux6.6-oversize", NULL, 0xa5, 0},
	{"vfio-pci-device-6.6", "device-zpci-linux7.3", NULL, 0xa5, 0},
	{"libvfio-user-region", "region-libvfio-user", NULL, 0xa5, 0},
	{"libvfio-user-region", "region-libvfio-user-len32", "region-libvfio-user", 0xa5, 0},
	{"libvfio-user-region", "region-libvfio-user-len64", "region-libvfio-user", 0xa5, 0},
	{"libvfio-user-region", "region-libvfio-user-oversize", NULL, 0, 0},
	{"mbochs-4.18", "region-mbochs-edid", NULL, 0xa5, 0},
	{"mbochs-4.18", "region-mbochs-edid-len32", "region-mbochs-edid", 0xa5, 0},
	{"region-no-caps", "region-no-caps-echo", NULL, 0xa5, 0},
	{"rust-vmm-region", "region-libvfio-user", NULL, 0xa5, 0},
	{"rust-vmm-region", "region-rust-vmm-server-len32", "region-sparse-one", 0xa5, 0},
	{"vfio-pci-region-4.6", "region-nvlink2-atsd", NULL, 0xa5, 0},
	{"vfio-pci-region-4.6", "region-nvlink2-atsd-len64", "region-nvlink2-atsd", 0xa5, 0},
	{"vfio-pci-region-4.6", "region-nvlink2-gpu-ram", NULL, 0xa5, 0},
	{"vfio-pci-region-4.6", "region-kvmgt-type-sparse", NULL, 0xa5, 0},
	{"vfio-pci-region-4.6", "region-sparse-zero-length", NULL, 0xa5, 0},
	{"vfio-pci-region-6.6", "region-msix-mappable", NULL, 0xa5, 0},
	{"vfio-pci-region-6.6", "region-msix-mappable-len32", "region-msix-mappable", 0xa5, 0},
	{"vfio-pci-region-6.6", "region-nvgrace", NULL, 0xa5, 0},
	{"vfio-pci-region-6.6", "region-oversize", NULL, 0xa5, 0},
	{"iommu-16-bytes", "iommu-type1-linux5.3", NULL, 0xa5, 0},
	{"iommufd-6.2", "iommu-iommufd-linux6.2", NULL, 0xa5, 0xffff8881},
	{"iommufd-6.2", "iommu-iommufd-linux6.2-len36", "iommu-iommufd-linux6.2", 0xa5, 0},
	{"iommufd-6.6", "iommu-iommufd-linux6.6", NULL, 0xa5, 0},
	{"iommufd-6.6", "iommu-iommufd-linux6.6-len24", "iommu-iommufd-linux6.6", 0xa5, 0},
	{"iommufd-6.6", "iommu-iommufd-linux6.6-len36", "iommu-iommufd-linux6.6", 0xa5, 0},
	{"iommufd-6.6", "iommu-iommufd-linux6.6-len40", "iommu-iommufd-linux6.6", 0xa5, 0},
	{"iommufd-6.6", "iommu-iommufd-linux6.6-len72", "iommu-iommufd-linux6.6", 0xa5, 0},
	{"iommufd-6.6", "iommu-iommufd-linux6.6-oversize", NULL, 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux5.4", NULL, 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux5.8", NULL, 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux6.1", NULL, 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux6.1-len16", "iommu-type1-linux6.1", 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux6.1-len19", "iommu-type1-linux6.1", 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux6.1-len24", "iommu-type1-linux6.1", 0xa5, 0},
	{"type1-5.4", "iommu-type1-linux6.1-mdev-only", NULL, 0xa5, 0},
	{"type1-6.6", "iommu-type1-linux6.6", NULL, 0xa5, 0},
	{"type1-6.6", "iommu-type1-linux6.6-len18", "iommu-type1-linux6.6", 0xa5, 0},
	{"type1-6.6", "iommu-type1-linux6.6-len56", "iommu-type1-linux6.1", 0xa5, 0},
	{"type1-6.6", "iommu-type1-linux6.6-oversize", NULL, 0xa5, 0},
};

static size_t seed(const char *name, uint8_t ret_info[INFO_LEN_MAX])
{
	static char text[CORPUS_FILE_MAX];
	char path[CORPUS_PATH_MAX];

	snprintf(path, sizeof(path), "%s/seeds/%s.yaml", corpus_dir, name);
	return corpus_text(path, text, corpus_file(path, text), ret_info);
}

/* The seed as its producer writes it, from capabilities and fixed fields. */
static void answer_row(const struct row *row, const uint8_t *info, uint32_t len,
		       uint8_t ret_buffer[INFO_LEN_MAX])
{
	static uint8_t full[INFO_LEN_MAX];
	const struct producer *const producer = producer_named(row->producer);
	const size_t size = seed(row->full ? row->full : row->seed, full);
	struct reply_state facts, own;
	const char *const wrong = reply_state_read(producer->kind, full, (uint32_t)size, &facts);

	if (wrong)
		fail_msg("%s: %s", row->full ? row->full : row->seed, wrong);
	/* A short reply has its fixed fields too. */
	reply_state_read(producer->kind, info, len, &own);
	own.state.caps = facts.caps;
	own.state.ncaps = facts.state.ncaps;
	own.state.stack = row->stack;
	memset(ret_buffer, row->fill, len);
	if (producer->kind == INFO_REGION)
		memcpy(ret_buffer + INFO_AT_REGION_index, info + INFO_AT_REGION_index, 4);
	assert_int_equal(producer_answer(producer, &own.state, ret_buffer, len), 0);
}

/* Which versions of which capabilities producers were seen to write. */
static bool written[64][16];

static void see_written(const struct producer *producer, const uint8_t *info, uint32_t len)
{
	struct reply_state facts;

	if (reply_state_read(producer->kind, info, len, &facts))
		return;
	for (size_t i = 0; i < facts.state.ncaps; i++) {
		const struct layout_cap *const cap = layout_cap(producer->kind, facts.caps[i].id);

		if (!info_has_id(producer->ids, cap->id))
			fail_msg("%s does not say that it writes %s", producer->name, cap->name);
		written[cap - layout_caps][facts.caps[i].version] = true;
	}
}

static void test_seeds(void **state)
{
	static uint8_t info[INFO_LEN_MAX], buffer[INFO_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const uint32_t len = (uint32_t)seed(rows[i].seed, info);

		answer_row(&rows[i], info, len, buffer);
		see_written(producer_named(rows[i].producer), info, len);
		for (uint32_t at = 0; at < len; at++)
			if (buffer[at] != info[at]) {
				print_error("%s: byte %u is 0x%02x, %s writes 0x%02x\n",
					    rows[i].seed, at, info[at], rows[i].producer,
					    buffer[at]);
				fail();
			}
	}
	for (size_t i = 0; i < layout_cap_count; i++)
		for (uint16_t version = 1; is_told(i) && version <= layout_caps[i].newest;
		     version++)
			if (!written[i][version])
				fail_msg("no producer's seed has %s version %u",
					 layout_caps[i].name, version);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain_helpers), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_too_much_to_say),
		cmocka_unit_test(test_mbochs),	      cmocka_unit_test(test_peers),
		cmocka_unit_test(test_fixed_parts),   cmocka_unit_test(test_seeds),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
