/* SPDX-License-Identifier: MIT */
/*
 * What iommufd answers in the place of a VFIO container: code of its own, which uses none of the
 * chain helpers. It says what argsz is needed whatever the caller gave, so that argsz shrinks too,
 * and writes each capability that fits, even where the reply as a whole does not and cap_offset is
 * 0. Read in Linux 6.12; before 6.6 nothing is rounded up, and its own stack stands in the pad.
 */
#include "answers.h"

/* IOVA_RANGE is written range by range, if its payload is one. */
static bool is_ranges(const struct producer_cap *cap)
{
	return cap->id == CAP_ID_IOVA_RANGE &&
	       cap->size % ELEMENTS_PAIRS == CAP_AT_IOVA_RANGE_reserved + 4 - CAP_HEADER_SIZE;
}

/* Of a capability, the first @size bytes of its struct, its link 0. */
static void put_cap(const struct producer_cap *cap, uint8_t *buffer, uint32_t argsz, uint32_t at,
		    uint32_t size)
{
	uint8_t header[CAP_HEADER_SIZE] = {0};

	layout_store(header + CAP_HEADER_id, 2, cap->id);
	layout_store(header + CAP_HEADER_version, 2, cap->version);
	producer_put(buffer, argsz, at, header, sizeof(header));
	producer_put(buffer, argsz, at + CAP_HEADER_SIZE, cap->payload, size - CAP_HEADER_SIZE);
}

/*
 * Writes the capability where @avail bytes of the caller's are left for it: each range that fits,
 * and header and count only if all do; anything else wholly or not at all.
 */
static void fill_cap(const struct producer_cap *cap, uint8_t *buffer, uint32_t argsz, uint32_t at)
{
	const uint32_t avail = argsz > at ? argsz - at : 0;
	const uint32_t size = CAP_HEADER_SIZE + cap->size;
	const uint32_t fixed = CAP_AT_IOVA_RANGE_reserved + 4;

	if (!is_ranges(cap)) {
		if (avail >= size)
			put_cap(cap, buffer, argsz, at, size);
		return;
	}
	/* Each range that ends inside the buffer. */
	for (uint32_t end = fixed + ELEMENTS_PAIRS; end <= size && end <= avail;
	     end += ELEMENTS_PAIRS)
		producer_put(buffer, argsz, at + end - ELEMENTS_PAIRS,
			     cap->payload + end - ELEMENTS_PAIRS - CAP_HEADER_SIZE, ELEMENTS_PAIRS);
	if (avail >= size)
		put_cap(cap, buffer, argsz, at, fixed);
}

int producer_answer_iommufd(const struct producer *producer, const struct producer_state *state,
			    uint8_t *buffer, uint32_t argsz)
{
	struct producer_head head = {.flags = state->flags | FLAG_IOMMU_CAPS};
	uint32_t at = producer->base;
	uint32_t last = 0;
	uint8_t fixed[FIXED_MAX];

	for (size_t i = 0; i < state->ncaps; i++) {
		uint8_t link[4];

		fill_cap(&state->caps[i], buffer, argsz, at);
		layout_store(link, 4, at);
		/* The one before is linked to where this one starts, even if no byte of it fits. */
		if (last != 0 && argsz >= at)
			producer_put(buffer, argsz, last + CAP_HEADER_next, link, sizeof(link));
		last = at;
		at += (uint32_t)producer_cap_bytes(producer, &state->caps[i]);
	}
	head.argsz = at;
	head.cap_offset = argsz >= at ? producer->base : 0;
	producer_fixed(producer, state, &head, buffer, argsz, fixed);
	/* Before 6.6 the struct ends in a pad that nobody wrote. */
	if (producer->align == 1)
		layout_store(fixed + INFO_AT_IOMMU_pad, 4, state->stack);
	producer_put(buffer, argsz, 0, fixed, producer->fixed);
	return 0;
}
