/* SPDX-License-Identifier: MIT */
/* What a reply says, as a producer's state; see reply_state.h. */
#include "reply_state.h"

#include <string.h>

static void read_device(const uint8_t *reply, struct producer_state *state)
{
	state->num_regions = (uint32_t)layout_load(reply + INFO_AT_DEVICE_num_regions, 4);
	state->num_irqs = (uint32_t)layout_load(reply + INFO_AT_DEVICE_num_irqs, 4);
}

static void read_region(const uint8_t *reply, struct producer_state *state)
{
	state->region_size = layout_load(reply + INFO_AT_REGION_size, 8);
	state->region_offset = layout_load(reply + INFO_AT_REGION_offset, 8);
}

static void read_iommu(const uint8_t *reply, struct producer_state *state)
{
	state->iova_pgsizes = layout_load(reply + INFO_AT_IOMMU_iova_pgsizes, 8);
}

/* One capability at @at; its bytes are as many as its driver's struct has. */
static const char *read_cap(enum info_kind kind, const uint8_t *reply, uint32_t end, uint32_t at,
			    struct producer_cap *ret_cap)
{
	const struct layout_cap *layout;
	uint32_t count = 0, size;

	/* The header ends inside the reply. */
	if (at < layout_infos[kind].end || at > end || end - at < CAP_HEADER_SIZE)
		return "a capability is outside of the reply";
	ret_cap->id = (uint16_t)layout_load(reply + at + CAP_HEADER_id, 2);
	ret_cap->version = (uint16_t)layout_load(reply + at + CAP_HEADER_version, 2);
	layout = layout_cap(kind, ret_cap->id);
	if (!layout || ret_cap->version < 1 || ret_cap->version > layout->newest)
		return "layout.h does not know one of its capabilities";
	/* The fixed part, and so the count in it, ends inside the reply. */
	if (end - at < layout_fixed(layout, ret_cap->version))
		return "a capability does not end in the reply";
	if (layout->elements != ELEMENTS_NONE)
		count = (uint32_t)layout_load(reply + at + CAP_COUNT_AT, 4);
	size = producer_cap_size(layout, ret_cap->version, count);
	/* So does all of it. */
	if (size == 0 || end - at < size)
		return "a capability does not end in the reply";
	ret_cap->size = size - CAP_HEADER_SIZE;
	ret_cap->payload = reply + at + CAP_HEADER_SIZE;
	return NULL;
}

static const char *read_chain(enum info_kind kind, const uint8_t *reply, uint32_t end,
			      struct reply_state *read)
{
	uint32_t at = (uint32_t)layout_load(reply + layout_infos[kind].first.at, 4);

	if (at == 0)
		return "not a full reply";
	while (at != 0) {
		const char *wrong;

		if (read->state.ncaps == REPLY_STATE_CAPS_MAX)
			return "too many capabilities, or a loop";
		wrong = read_cap(kind, reply, end, at, &read->caps[read->state.ncaps]);
		if (wrong)
			return wrong;
		read->state.ncaps++;
		at = (uint32_t)layout_load(reply + at + CAP_HEADER_next, 4);
	}
	return NULL;
}

const char *reply_state_read(enum info_kind kind, const uint8_t *reply, uint32_t len,
			     struct reply_state *ret_read)
{
	static void (*const fields[INFO_IOCTL_KINDS])(const uint8_t *, struct producer_state *) = {
		[INFO_DEVICE] = read_device,
		[INFO_REGION] = read_region,
		[INFO_IOMMU] = read_iommu,
	};
	const struct layout_info *const info = &layout_infos[kind];
	uint32_t argsz, flags;

	memset(ret_read, 0, sizeof(*ret_read));
	ret_read->state.caps = ret_read->caps;
	/* Every field of minsz is inside the reply. */
	if (len < info->minsz)
		return "shorter than its fixed part";
	argsz = (uint32_t)layout_load(reply + INFO_AT_DEVICE_argsz, 4);
	flags = (uint32_t)layout_load(reply + INFO_AT_DEVICE_flags, 4);
	ret_read->state.flags = flags & ~info->caps_flag;
	fields[kind](reply, &ret_read->state);
	if (argsz > len)
		return "not a full reply";
	if (!(flags & info->caps_flag))
		return NULL;
	/* The field cap_offset is too. */
	if (argsz < info->first.at + 4)
		return "not a full reply";
	return read_chain(kind, reply, argsz, ret_read);
}
