/* SPDX-License-Identifier: MIT */
/*
 * What the models share, for fuzz/producer/ alone: the fixed part of a reply, and writing that ends
 * at the caller's argsz.
 */
#ifndef FUZZ_PRODUCER_ANSWERS_H
#define FUZZ_PRODUCER_ANSWERS_H

#include "../../parsers/layout.h"
#include "state.h"

/* The longest fixed part, in bytes: struct vfio_region_info. */
#define FIXED_MAX 32

/* The fields that the protocol is about: what a reply says of its own length and of its chain. */
struct producer_head {
	uint32_t argsz;
	uint32_t flags;
	uint32_t cap_offset;
};

/*
 * Fills @ret_fixed with the INFO struct of a reply: @head, the state's fields, pads zero. A
 * region's index stays as the caller's @buffer of @argsz bytes has it, 0 where it has none.
 */
void producer_fixed(const struct producer *producer, const struct producer_state *state,
		    const struct producer_head *head, const uint8_t *buffer, uint32_t argsz,
		    uint8_t ret_fixed[FIXED_MAX]);

/* What the caller has in the field cap_offset, which has to be inside the buffer. */
uint32_t producer_callers_cap_offset(const struct producer *producer, const uint8_t *buffer);

/* Writes @size bytes at offset @at of the caller's buffer, as far as its @argsz bytes go. */
void producer_put(uint8_t *buffer, uint32_t argsz, uint32_t at, const void *bytes, uint32_t size);

/* The same with one byte, @size times over. */
void producer_put_fill(uint8_t *buffer, uint32_t argsz, uint32_t at, uint8_t byte, uint32_t size);

/*
 * Writes the chain at the producer's base by hand, as far as argsz goes: links absolute, nothing
 * rounded up.
 */
void producer_put_chain(const struct producer *producer, const struct producer_state *state,
			uint8_t *buffer, uint32_t argsz);

/* answer_kernel.c: whatever uses the kernel's chain helpers, with or without capabilities. */
int producer_answer_helpers(const struct producer *producer, const struct producer_state *state,
			    uint8_t *buffer, uint32_t argsz);
/* answer_iommufd.c: /dev/iommu in the place of a VFIO container. */
int producer_answer_iommufd(const struct producer *producer, const struct producer_state *state,
			    uint8_t *buffer, uint32_t argsz);
/* answer_kernel.c: the mbochs sample, to 6.18. */
int producer_answer_mbochs(const struct producer *producer, const struct producer_state *state,
			   uint8_t *buffer, uint32_t argsz);
/* answer_peer.c: the servers of the vfio-user protocol. */
int producer_answer_libvfio_user(const struct producer *producer,
				 const struct producer_state *state, uint8_t *buffer,
				 uint32_t argsz);
int producer_answer_rust_vmm(const struct producer *producer, const struct producer_state *state,
			     uint8_t *buffer, uint32_t argsz);

#endif
