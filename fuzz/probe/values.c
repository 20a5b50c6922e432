/* SPDX-License-Identifier: MIT */
/* The rules of values, a function each; see values.h. */
#include "values.h"

#include <inttypes.h>
#include <stdio.h>

#include "../../parsers/layout.h"

#define CONFIG_STATUS	 0x06
#define CONFIG_CAPS	 0x34
#define CONFIG_END	 256u
#define STATUS_CAPS	 0x10
#define PCI_MSIX	 0x11
#define MSIX_ENTRY	 16u
#define MSIX_REGION_BITS 7u

/* Where what is said of a rule goes. */
struct words {
	char *text;
	size_t size;
};

#define BREAKS(words, ...) (snprintf((words)->text, (words)->size, __VA_ARGS__), VALUE_BREAKS)

static uint64_t fixed(const struct probe_values *values, uint32_t at, unsigned int width)
{
	return layout_load(values->spec->info + at, width);
}

static const struct info_cap *find(const struct probe_values *values, uint16_t id)
{
	for (size_t i = 0; i < values->spec->ncaps; i++)
		if (values->spec->caps[i].cap.id == id)
			return &values->spec->caps[i].cap;
	return NULL;
}

static const struct info_cap *decoded(const struct probe_values *values, enum info_kind kind,
				      uint16_t id)
{
	const struct info_cap *const cap = values->spec->kind == kind ? find(values, id) : NULL;

	return cap && cap->decoded ? cap : NULL;
}

static uint64_t half(const struct probe_values *values, const struct info_cap *cap, uint32_t i,
		     unsigned int second)
{
	return fixed(values, cap->offset + 16 + 16 * i + 8 * second, 8);
}

/*
 * <linux/vfio.h>: an area is `mmap'able area within region`. So it lies inside, and its offset is one that
 * mmap() takes. Areas that share bytes are odd, which is for the rule `reference`.
 */
static enum probe_value sparse_areas(const struct probe_values *values, const struct words *words)
{
	const struct info_cap *const cap = decoded(values, INFO_REGION, CAP_ID_SPARSE_MMAP);
	const bool mapped = fixed(values, INFO_AT_REGION_flags, 4) & FLAG_REGION_MMAP;
	const uint64_t room = fixed(values, INFO_AT_REGION_size, 8);

	for (uint32_t i = 0; cap && i < cap->count; i++) {
		const uint64_t offset = half(values, cap, i, 0), size = half(values, cap, i, 1);

		/* Linux 4.6 to 4.15 write one without bytes where the table fills the BAR. */
		if (size == 0)
			continue;
		if (offset > room || size > room - offset)
			return BREAKS(words,
				      "area %u is 0x%" PRIx64 " bytes at 0x%" PRIx64
				      ", the region has 0x%" PRIx64,
				      i, size, offset, room);
		if (mapped && offset % values->page)
			return BREAKS(words,
				      "area %u begins at 0x%" PRIx64 ", which is no page's begin",
				      i, offset);
	}
	return cap ? VALUE_HOLDS : VALUE_NOTHING;
}

/*
 * vfio-pci of Linux 4.6 to 4.15, msix_sparse_mmap_cap(): the areas are what is left of the BAR without the table's pages. Since 4.16 MSIX_MAPPABLE says that they may be mapped.
 */
static enum probe_value msix_table(const struct probe_values *values, const struct words *words)
{
	const struct info_cap *const cap = decoded(values, INFO_REGION, CAP_ID_SPARSE_MMAP);
	const struct probe_table *const table = &values->table;

	if (!cap || !table->size || table->index != values->index ||
	    find(values, CAP_ID_MSIX_MAPPABLE))
		return VALUE_NOTHING;
	for (uint32_t i = 0; i < cap->count; i++) {
		const uint64_t offset = half(values, cap, i, 0), size = half(values, cap, i, 1);
		const bool below = offset < table->offset && size <= table->offset - offset;

		if (size && !below && offset < table->offset + table->size)
			return BREAKS(words,
				      "area %u, 0x%" PRIx64 " bytes at 0x%" PRIx64
				      ", has the MSI-X table at 0x%" PRIx64,
				      i, size, offset, table->offset);
	}
	return VALUE_HOLDS;
}

/*
 * vfio-pci, i915 gvt and nvgrace-gpu write SPARSE_MMAP, and vfio-pci MSIX_MAPPABLE, of a region only that
 * mmap() takes (vfio_pci_ioctl_get_region_info()); zPCI's and PCI_ATOMIC_COMP are of a PCI function, which
 * has VFIO_DEVICE_FLAGS_PCI (vfio_pci_ioctl_get_info()); type1 says its page sizes beside MIGRATION.
 */
static enum probe_value fixed_fields(const struct probe_values *values, const struct words *words)
{
	static const struct {
		enum info_kind kind;
		uint16_t first, last;
		uint32_t flag;
		const char *name;
	} rows[] = {
		{INFO_REGION, CAP_ID_SPARSE_MMAP, CAP_ID_SPARSE_MMAP, FLAG_REGION_MMAP, "MMAP"},
		{INFO_REGION, CAP_ID_MSIX_MAPPABLE, CAP_ID_MSIX_MAPPABLE, FLAG_REGION_MMAP, "MMAP"},
		{INFO_DEVICE, CAP_ID_ZPCI_BASE, CAP_ID_PCI_ATOMIC_COMP, FLAG_DEVICE_PCI, "PCI"},
		{INFO_IOMMU, CAP_ID_MIGRATION, CAP_ID_MIGRATION, FLAG_IOMMU_PGSIZES, "PGSIZES"},
	};
	enum probe_value value = VALUE_NOTHING;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (size_t i = 0; i < values->spec->ncaps; i++) {
			const uint16_t id = values->spec->caps[i].cap.id;

			if (rows[row].kind != values->spec->kind || id < rows[row].first ||
			    id > rows[row].last)
				continue;
			/* Flags stand at the same place in each struct. */
			if (!(fixed(values, INFO_AT_REGION_flags, 4) & rows[row].flag))
				return BREAKS(words,
					      "there is a capability with id %u, and %s is clear",
					      id, rows[row].name);
			value = VALUE_HOLDS;
		}
	return value;
}

/*
 * Linux since 5.8, vfio_iommu_migration_build_caps(): the page size of dirty tracking is the smallest of
 * the IOMMU, the one that iova_pgsizes begins with. Since 5.10, vfio_iommu_dma_avail_build_caps(): as many
 * mappings as are left, and a container that nothing was mapped in has some.
 */
static enum probe_value iommu_values(const struct probe_values *values, const struct words *words)
{
	const struct info_cap *const pages = decoded(values, INFO_IOMMU, CAP_ID_MIGRATION);
	const struct info_cap *const avail = decoded(values, INFO_IOMMU, CAP_ID_DMA_AVAIL);

	if (pages) {
		const uint64_t all = fixed(values, INFO_AT_IOMMU_iova_pgsizes, 8);
		const uint64_t tracked =
			fixed(values, pages->offset + CAP_AT_MIGRATION_pgsize_bitmap, 8);

		if (tracked != (all & (~all + 1)))
			return BREAKS(words,
				      "MIGRATION has page sizes 0x%" PRIx64
				      ", iova_pgsizes 0x%" PRIx64,
				      tracked, all);
	}
	if (avail && !fixed(values, avail->offset + CAP_AT_DMA_AVAIL_avail, 4))
		return BREAKS(words, "DMA_AVAIL is 0, and nothing was mapped");
	return pages || avail ? VALUE_HOLDS : VALUE_NOTHING;
}

/* vfio_iommu_type1.c vfio_iommu_iova_build_caps(): a list that is kept sorted; its ends are included. */
static enum probe_value iova_ranges(const struct probe_values *values, const struct words *words)
{
	const struct info_cap *const cap = decoded(values, INFO_IOMMU, CAP_ID_IOVA_RANGE);
	uint64_t last = 0;

	for (uint32_t i = 0; cap && i < cap->count; i++) {
		const uint64_t start = half(values, cap, i, 0), end = half(values, cap, i, 1);

		if (end < start || (i && start <= last))
			return BREAKS(words,
				      "range %u is 0x%" PRIx64 " to 0x%" PRIx64
				      ", behind 0x%" PRIx64,
				      i, start, end, last);
		last = end;
	}
	return cap ? VALUE_HOLDS : VALUE_NOTHING;
}

enum probe_value probe_value(enum probe_rule rule, const struct probe_values *values,
			     char *ret_words, size_t size)
{
	static enum probe_value (*const rules[PROBE_RULE_COUNT])(const struct probe_values *,
								 const struct words *) = {
		[PROBE_AREAS] = sparse_areas, [PROBE_TABLE] = msix_table,
		[PROBE_FIXED] = fixed_fields, [PROBE_IOMMU] = iommu_values,
		[PROBE_RANGES] = iova_ranges,
	};
	const struct words words = {ret_words, size};

	return rules[rule](values, &words);
}

struct probe_table probe_table_of(const uint8_t *config)
{
	struct probe_table table = {0};
	uint32_t at = config[CONFIG_STATUS] & STATUS_CAPS ? config[CONFIG_CAPS] & ~3u : 0;

	/* As many as fit; a list that comes back ends here. */
	for (unsigned int i = 0; at >= 64 && at <= CONFIG_END - 8 && i < 48; i++) {
		if (config[at] == PCI_MSIX) {
			const uint32_t place = config[at + 4] | (uint32_t)config[at + 5] << 8 |
					       (uint32_t)config[at + 6] << 16 |
					       (uint32_t)config[at + 7] << 24;
			const uint32_t control = config[at + 2] | (uint32_t)config[at + 3] << 8;

			table.index = place & MSIX_REGION_BITS;
			table.offset = place & ~MSIX_REGION_BITS;
			table.size = MSIX_ENTRY * ((control & 0x7ffu) + 1);
			return table;
		}
		at = config[at + 1] & ~3u;
	}
	return table;
}
