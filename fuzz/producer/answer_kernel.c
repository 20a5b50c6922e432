/* SPDX-License-Identifier: MIT */
/*
 * What kernel drivers answer: those that use the chain helpers, which is nearly all, and the mbochs
 * sample, which did not. Measured on Linux 6.1 and 6.12, read in 6.1 for other releases. Where a
 * model here differs from a captured reply, the reply is right.
 */
#include <errno.h>
#include <string.h>

#include "answers.h"
#include "caps.h"

/* sizeof the struct in which mbochs makes every reply: vfio_region_info and one TYPE. */
#define MBOCHS_MAX 48

/* How much of the fixed part a caller with @argsz bytes gets. */
static uint32_t fixed_written(const struct producer *producer, uint32_t argsz)
{
	if (argsz >= producer->fixed)
		return producer->fixed;
	return producer->wholly ? producer->minsz : argsz;
}

/* Puts the chain together where it will stand; the caller has argsz >= need. */
static void put_helpers_chain(const struct producer *producer, const struct producer_state *state,
			      uint8_t *buffer, uint32_t need)
{
	struct producer_chain chain = {
		.bytes = buffer + producer->base,
		.room = need - producer->base,
		.align = producer->align,
	};

	for (size_t i = 0; i < producer_ncaps(producer, state); i++) {
		const struct producer_cap *const cap = &state->caps[i];
		uint8_t *const added = producer_chain_add(&chain, cap->id, cap->version,
							  CAP_HEADER_SIZE + cap->size);

		/* The room is what producer_need() counted, so there always is some. */
		if (cap->size > 0)
			memcpy(added + CAP_HEADER_SIZE, cap->payload, cap->size);
	}
	producer_chain_shift(&chain, producer->base);
}

int producer_answer_helpers(const struct producer *producer, const struct producer_state *state,
			    uint8_t *buffer, uint32_t argsz)
{
	const uint32_t need = producer_need(producer, state);
	struct producer_head head = {.argsz = argsz, .flags = state->flags};
	uint8_t fixed[FIXED_MAX];

	if (producer_ncaps(producer, state) > 0) {
		head.flags |= layout_infos[producer->kind].caps_flag;
		if (argsz < need) {
			head.argsz = need;
		} else {
			put_helpers_chain(producer, state, buffer, need);
			head.cap_offset = producer->base;
		}
	} else if (producer->kind == INFO_REGION) {
		/* The field is copied in with the index, and nobody clears it. */
		head.cap_offset = producer_callers_cap_offset(producer, buffer);
	}
	producer_fixed(producer, state, &head, buffer, argsz, fixed);
	producer_put(buffer, argsz, 0, fixed, fixed_written(producer, argsz));
	return 0;
}

static void put_stack(const struct producer_state *state, uint8_t *buffer, uint32_t argsz,
		      uint32_t at)
{
	for (; at < argsz; at += sizeof(state->stack))
		producer_put(buffer, argsz, at, &state->stack, sizeof(state->stack));
}

int producer_answer_mbochs(const struct producer *producer, const struct producer_state *state,
			   uint8_t *buffer, uint32_t argsz)
{
	const bool caps = producer_ncaps(producer, state) > 0;
	const uint32_t most = caps ? producer_need(producer, state) : MBOCHS_MAX;
	struct producer_head head = {.argsz = argsz, .flags = state->flags};
	uint8_t fixed[FIXED_MAX];

	if (argsz > most)
		return -EINVAL;
	if (caps) {
		head.argsz = most;
		head.flags |= FLAG_REGION_CAPS;
		head.cap_offset = producer->base;
	} else {
		head.cap_offset = producer_callers_cap_offset(producer, buffer);
	}
	producer_fixed(producer, state, &head, buffer, argsz, fixed);
	producer_put(buffer, argsz, 0, fixed, producer->fixed);
	/* It copies out argsz bytes of its struct, written or not. */
	if (caps)
		producer_put_chain(producer, state, buffer, argsz);
	else
		put_stack(state, buffer, argsz, producer->base);
	return 0;
}
