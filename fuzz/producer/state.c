/* SPDX-License-Identifier: MIT */
#include "state.h"

#include "../../parsers/layout.h"

size_t producer_ncaps(const struct producer *producer, const struct producer_state *state)
{
	return producer->most ? state->ncaps : 0;
}

uint64_t producer_cap_bytes(const struct producer *producer, const struct producer_cap *cap)
{
	const uint64_t raw = CAP_HEADER_SIZE + (uint64_t)cap->size;

	return (raw + producer->align - 1) / producer->align * producer->align;
}

uint32_t producer_need(const struct producer *producer, const struct producer_state *state)
{
	uint64_t need = producer->base;

	for (size_t i = 0; i < producer_ncaps(producer, state); i++) {
		need += producer_cap_bytes(producer, &state->caps[i]);
		if (need > UINT32_MAX)
			return 0;
	}
	return (uint32_t)need;
}
