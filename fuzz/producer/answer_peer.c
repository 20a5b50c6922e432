/* SPDX-License-Identifier: MIT */
/*
 * What servers of the vfio-user protocol answer. A reply is a message of a length of its own; what
 * stands here is the client's buffer after it took in the message as far as its argsz goes. Read in
 * libvfio-user (2026-06) and in rust-vmm's vfio-user crate (2026).
 */
#include "answers.h"

/* CAPS only if the capabilities fit; the rest of the message is zero where they do not. */
int producer_answer_libvfio_user(const struct producer *producer,
				 const struct producer_state *state, uint8_t *buffer,
				 uint32_t argsz)
{
	const uint32_t need = producer_need(producer, state);
	struct producer_head head = {.argsz = need, .flags = state->flags};
	uint8_t fixed[FIXED_MAX];

	if (producer_ncaps(producer, state) > 0 && argsz >= need) {
		head.flags |= layout_infos[producer->kind].caps_flag;
		head.cap_offset = producer->base;
		producer_put_chain(producer, state, buffer, argsz);
	} else {
		producer_put_fill(buffer, argsz, producer->base, 0, need - producer->base);
	}
	producer_fixed(producer, state, &head, buffer, argsz, fixed);
	producer_put(buffer, argsz, 0, fixed, producer->fixed);
	return 0;
}

/* It claims the capabilities whether it sends them or not, and refuses no argsz. */
int producer_answer_rust_vmm(const struct producer *producer, const struct producer_state *state,
			     uint8_t *buffer, uint32_t argsz)
{
	const uint32_t need = producer_need(producer, state);
	struct producer_head head = {.argsz = need, .flags = state->flags};
	uint8_t fixed[FIXED_MAX];

	if (producer_ncaps(producer, state) > 0) {
		head.flags |= layout_infos[producer->kind].caps_flag;
		head.cap_offset = producer->base;
		if (argsz >= need)
			producer_put_chain(producer, state, buffer, argsz);
	}
	producer_fixed(producer, state, &head, buffer, argsz, fixed);
	producer_put(buffer, argsz, 0, fixed, producer->fixed);
	return 0;
}
