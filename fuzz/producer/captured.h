/* SPDX-License-Identifier: MIT */
/*
 * Captured replies: a folder of files KIND-linuxA.B-DEVICE-lenN.bin, each the N bytes of the caller's
 * buffer after the ioctl, for a region KIND-linuxA.B-DEVICE-idxI-lenN.bin. What comes before `-len`
 * names a series: one device or region, asked with many argsz. Letters behind A.B may say which machine
 * it was; ENDIAN_BIG_NAME at the end, that it was big-endian.
 */
#ifndef FUZZ_PRODUCER_CAPTURED_H
#define FUZZ_PRODUCER_CAPTURED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"

#define CAPTURED_ERROR_SIZE 512

/**
 * struct captured - one reply
 * @name: of its file
 * @series: bytes of the name that name the series
 * @set_aside: models were not written from it; see set_aside.h
 * @kind, @index: what was asked for; the index of a region
 * @release: the Linux that answered, as PRODUCER_LINUX()
 * @device: what stands behind it in @name, to its end
 * @bytes, @argsz: the caller's whole buffer, its fields in this machine's order
 */
struct captured {
	char *name;
	size_t series;
	bool set_aside;
	enum info_kind kind;
	uint32_t index;
	uint32_t release;
	const char *device;
	uint8_t *bytes;
	uint32_t argsz;
};

/*
 * Reads every file of @folder that does not start with a dot, sorted by name. Returns how many; 0
 * with one line in @ret_error where there is none, or one that cannot be read or is not named so.
 */
size_t captured_read(const char *folder, struct captured **ret_replies,
		     char ret_error[CAPTURED_ERROR_SIZE]);
void captured_free(struct captured *replies, size_t count);

bool captured_same_series(const struct captured *a, const struct captured *b);

/*
 * The buffer as its caller filled it before the ioctl: 0xa5, and argsz and index in it. The program
 * that asked Linux 6.12 had cleared the INFO struct: the cap_offset that comes back from regions
 * without capabilities shows it.
 */
void captured_caller(const struct captured *reply, uint8_t *ret_buffer);

#endif
