/* SPDX-License-Identifier: MIT */
/* Chains as the kernel's helpers put them together. */
#ifndef FUZZ_PRODUCER_CAPS_H
#define FUZZ_PRODUCER_CAPS_H

#include <stdint.h>

#include "../../parsers/layout.h"

/*
 * A capability chain while it is put together, as the kernel's helpers do it: `next` counts from
 * the start of the chain until it is shifted to where the chain stands in the reply. @bytes has
 * @room bytes, of which @size are used.
 */
struct producer_chain {
	uint8_t *bytes;
	uint32_t room;
	uint32_t size;
	uint32_t align;
};

/*
 * Appends a capability of @size bytes, header included, rounded up to the chain's align, every byte
 * after the header zero, and links the last one before it to it. Returns where its header is, or
 * NULL where there is no room or @size has no header in it; then nothing changed. Source:
 * vfio_info_cap_add(), 4.6 and 6.6.
 */
uint8_t *producer_chain_add(struct producer_chain *chain, uint16_t id, uint16_t version,
			    uint32_t size);

/* Adds @offset to every link but the last, which stays 0. Source: vfio_info_cap_shift(). */
void producer_chain_shift(struct producer_chain *chain, uint32_t offset);

/*
 * sizeof the C struct with which a driver hands over capability @cap of version @version, 1 to the
 * newest, with @count elements: header and trailing padding included. 0 where it is 2^32 or more.
 */
uint32_t producer_cap_size(const struct layout_cap *cap, uint16_t version, uint32_t count);

#endif
