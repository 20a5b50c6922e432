/* SPDX-License-Identifier: MIT */
/* What the models share; see answers.h. No store here passes the caller's argsz. */
#include "answers.h"

#include <string.h>

static void fixed_device(const struct producer_state *state, uint8_t *fixed)
{
	layout_store(fixed + INFO_AT_DEVICE_num_regions, 4, state->num_regions);
	layout_store(fixed + INFO_AT_DEVICE_num_irqs, 4, state->num_irqs);
}

static void fixed_region(const struct producer_state *state, uint8_t *fixed)
{
	layout_store(fixed + INFO_AT_REGION_size, 8, state->region_size);
	layout_store(fixed + INFO_AT_REGION_offset, 8, state->region_offset);
}

static void fixed_iommu(const struct producer_state *state, uint8_t *fixed)
{
	layout_store(fixed + INFO_AT_IOMMU_iova_pgsizes, 8, state->iova_pgsizes);
}

void producer_fixed(const struct producer *producer, const struct producer_state *state,
		    const struct producer_head *head, const uint8_t *buffer, uint32_t argsz,
		    uint8_t ret_fixed[FIXED_MAX])
{
	static void (*const fields[INFO_IOCTL_KINDS])(const struct producer_state *, uint8_t *) = {
		[INFO_DEVICE] = fixed_device,
		[INFO_REGION] = fixed_region,
		[INFO_IOMMU] = fixed_iommu,
	};
	const struct layout_info *const info = &layout_infos[producer->kind];

	memset(ret_fixed, 0, FIXED_MAX);
	/* argsz and flags are the first two fields of every INFO struct. */
	layout_store(ret_fixed + INFO_AT_DEVICE_argsz, 4, head->argsz);
	layout_store(ret_fixed + INFO_AT_DEVICE_flags, 4, head->flags);
	layout_store(ret_fixed + info->first.at, 4, head->cap_offset);
	fields[producer->kind](state, ret_fixed);
	/* The index is inside the buffer: 8 + 4 <= argsz. */
	if (producer->kind == INFO_REGION && argsz >= INFO_AT_REGION_index + 4)
		memcpy(ret_fixed + INFO_AT_REGION_index, buffer + INFO_AT_REGION_index, 4);
}

uint32_t producer_callers_cap_offset(const struct producer *producer, const uint8_t *buffer)
{
	return (uint32_t)layout_load(buffer + layout_infos[producer->kind].first.at, 4);
}

void producer_put(uint8_t *buffer, uint32_t argsz, uint32_t at, const void *bytes, uint32_t size)
{
	/* What is written ends at argsz: at + min(size, argsz - at) <= argsz. */
	if (at < argsz && size > 0)
		memcpy(buffer + at, bytes, size < argsz - at ? size : argsz - at);
}

void producer_put_fill(uint8_t *buffer, uint32_t argsz, uint32_t at, uint8_t byte, uint32_t size)
{
	/* What is written ends at argsz: at + min(size, argsz - at) <= argsz. */
	if (at < argsz)
		memset(buffer + at, byte, size < argsz - at ? size : argsz - at);
}

void producer_put_chain(const struct producer *producer, const struct producer_state *state,
			uint8_t *buffer, uint32_t argsz)
{
	uint32_t at = producer->base;

	for (size_t i = 0; i < producer_ncaps(producer, state); i++) {
		const struct producer_cap *const cap = &state->caps[i];
		const uint32_t end = at + CAP_HEADER_SIZE + cap->size;
		uint8_t header[CAP_HEADER_SIZE];

		layout_store(header + CAP_HEADER_id, 2, cap->id);
		layout_store(header + CAP_HEADER_version, 2, cap->version);
		layout_store(header + CAP_HEADER_next, 4, i + 1 < state->ncaps ? end : 0);
		producer_put(buffer, argsz, at, header, sizeof(header));
		producer_put(buffer, argsz, at + CAP_HEADER_SIZE, cap->payload, cap->size);
		at = end;
	}
}
