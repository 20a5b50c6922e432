/* SPDX-License-Identifier: MIT */
/*
 * The messages of the vfio-user protocol, version 0.0: one table of commands with the sizes of what follows
 * the header, and the header itself. Bytes only; stream.c sends and receives them.
 *
 * Source: QEMU's docs/interop/vfio-user.rst, and what QEMU 11.1.3 was seen to say. Numbers are those of a
 * little-endian machine, the only kind that either side was run on.
 */
#ifndef FUZZ_VFIO_USER_PROTOCOL_H
#define FUZZ_VFIO_USER_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VU_HEADER      16u
/* Bytes of data in one read or write of a region, and of a version's JSON. */
#define VU_DATA_MAX    1048576u
#define VU_JSON_MAX    65536u
/* Of a whole message: a write of a region is the longest. */
#define VU_MESSAGE_MAX (VU_HEADER + 16 + VU_DATA_MAX)
/* Descriptors beside one message: as many as QEMU says that it sends. */
#define VU_FDS_MAX     16u

enum {
	VU_TYPE = 0xf, /* 0 a command, 1 a reply */
	VU_REPLY = 1,
	VU_NO_REPLY = 0x10,
	VU_ERROR = 0x20,
};

/*
 * ROW(symbol, number, name, least and most bytes of a command behind the header, least of its reply,
 * descriptors that a command may bring). A command of most 0 has as many bytes as its argsz says, or its least.
 */
#define VU_COMMANDS(ROW)                                                                           \
	ROW(VERSION, 1, "version", 4, 4 + VU_JSON_MAX, 4, 0)                                       \
	ROW(DMA_MAP, 2, "dma-map", 32, 32, 0, 1)                                                   \
	ROW(DMA_UNMAP, 3, "dma-unmap", 24, 24, 24, 0)                                              \
	ROW(DEVICE_INFO, 4, "device-get-info", 16, 0, 16, 0)                                       \
	ROW(REGION_INFO, 5, "device-get-region-info", 32, 0, 32, 0)                                \
	ROW(REGION_IO_FDS, 6, "device-get-region-io-fds", 16, 0, 16, 0)                            \
	ROW(IRQ_INFO, 7, "device-get-irq-info", 16, 16, 16, 0)                                     \
	ROW(SET_IRQS, 8, "device-set-irqs", 20, 20 + VU_JSON_MAX, 0, VU_FDS_MAX)                   \
	ROW(REGION_READ, 9, "region-read", 16, 16, 16, 0)                                          \
	ROW(REGION_WRITE, 10, "region-write", 16, 16 + VU_DATA_MAX, 16, 0)                         \
	ROW(RESET, 13, "device-reset", 0, 0, 0, 0)

enum vu_command {
#define ROW(symbol, ...) VU_##symbol,
	VU_COMMANDS(ROW)
#undef ROW
		VU_COMMAND_COUNT
};

struct vu_command_row {
	uint16_t number;
	const char *name;
	uint32_t least;
	uint32_t most;
	uint32_t reply;
	uint32_t fds;
};

extern const struct vu_command_row vu_commands[VU_COMMAND_COUNT];

/* Which command has @number; VU_COMMAND_COUNT: none of these. */
enum vu_command vu_command_of(uint16_t number);

/* "region-read"; of a number that is none of the table's, "another command". */
const char *vu_command_name(enum vu_command command);

/* @size: of the whole message, header included. @error: an errno, with VU_ERROR. */
struct vu_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;
	uint32_t flags;
	uint32_t error;
};

struct vu_header vu_header_read(const uint8_t bytes[VU_HEADER]);
void vu_header_write(const struct vu_header *header, uint8_t ret_bytes[VU_HEADER]);

/*
 * NULL, or in words why there can be no such message: its size is below a header's or above VU_MESSAGE_MAX, so that
 * nobody knows where the next one begins.
 */
const char *vu_header_wrong(const struct vu_header *header);

/* Where fields stand behind the header. Those of INFO structs are the kernel's. */
enum {
	VU_AT_ARGSZ = 0,
	VU_AT_FLAGS = 4,
	VU_AT_INDEX = 8,
	VU_AT_IRQ_COUNT = 12,
	VU_AT_SET_START = 12,
	VU_AT_SET_COUNT = 16,
	VU_AT_SET_DATA = 20,
	VU_AT_IO_COUNT = 12,
	VU_AT_IO_REGIONS = 16,
	VU_IO_REGION = 40,   /* bytes of each */
	VU_AT_IO_INDEX = 16, /* in one */
	VU_AT_RW_OFFSET = 0,
	VU_AT_RW_REGION = 8,
	VU_AT_RW_COUNT = 12,
	VU_AT_RW_DATA = 16,
	VU_AT_MAP_ADDRESS = 16,
	VU_AT_MAP_SIZE = 24,
	VU_AT_UNMAP_ADDRESS = 8,
	VU_AT_UNMAP_SIZE = 16,
	VU_AT_JSON = 4,
};

#endif
