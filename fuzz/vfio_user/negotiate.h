/* SPDX-License-Identifier: MIT */
/* The JSON of a version message: what either side says that it can. */
#ifndef FUZZ_VFIO_USER_NEGOTIATE_H
#define FUZZ_VFIO_USER_NEGOTIATE_H

#include <stddef.h>
#include <stdint.h>

#define VU_MAJOR 0u
#define VU_MINOR 0u

/* What a side says; what it leaves out is 1 descriptor and 1 MiB, as the specification has it. */
struct vu_version {
	uint16_t major;
	uint16_t minor;
	uint32_t max_fds;
	uint64_t max_data;
};

/*
 * Reads the @len bytes behind the header of a version message. Returns NULL, or what is wrong with it as
 * words. @len is at most 4 + VU_JSON_MAX.
 */
const char *vu_version_read(const uint8_t *bytes, size_t len, struct vu_version *ret_version);

/* What we say, with its header's rest: at most @size bytes. Returns how many. */
size_t vu_version_write(uint8_t *ret_bytes, size_t size);

#endif
