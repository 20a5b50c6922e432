/* SPDX-License-Identifier: MIT */
/* Reads and writes of the fake device's regions, with what a device lets be written of its config space. */
#ifndef FUZZ_VFIO_USER_REGISTERS_H
#define FUZZ_VFIO_USER_REGISTERS_H

#include <stdint.h>

/*
 * @count bytes at @offset of region @index of the file @device, which fake_fill() made. 0; -EINVAL where they
 * are not all the region's; -EIO.
 */
int registers_read(int device, uint32_t index, uint64_t offset, uint32_t count, uint8_t *ret_bytes);
int registers_write(int device, uint32_t index, uint64_t offset, uint32_t count,
		    const uint8_t *bytes);

#endif
