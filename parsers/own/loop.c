/* SPDX-License-Identifier: MIT */
/*
 * An adapter that brings a fetch loop beside its reader: what asks, and asks again. Copy it anywhere, beside
 * your copy of template.c; in ask_region() stands your own function, as it is: its ioctl() is answered by
 * scripted producers, and its malloc() and free() are watched.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "template.c"
#include "capchain/fetch_loop.h"

/* More than that no reply is taken to need; how often a reply may want more. */
enum { LIMIT = 65536, TRIES = 4 };

/* In place of this stands your function: region @index of the device @fd, NULL with errno where it fails. */
static struct vfio_region_info *ask_region(int fd, uint32_t index)
{
	uint32_t argsz = sizeof(struct vfio_region_info);

	for (int i = 0; i < TRIES; i++) {
		struct vfio_region_info *const info = calloc(1, argsz);

		if (!info)
			return NULL;
		info->argsz = argsz;
		info->index = index;
		if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) == 0) {
			/* The reply lies inside: it may say less than was asked with, and not more. */
			if (info->argsz <= argsz && info->argsz >= sizeof(*info))
				return info;
			argsz = info->argsz;
		} else {
			argsz = 0;
		}
		free(info);
		if (argsz < sizeof(*info) || argsz > LIMIT)
			break;
	}
	errno = EIO;
	return NULL;
}

static struct info_answer ask(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	struct vfio_region_info *const info = ask_region(-1, 2);

	(void)kind, (void)first;
	/* The reader gets it from here, and frees nothing. */
	return info ? fetch_hand(fetch, (uint8_t *)info) : answer_reject("eio");
}

const struct fetch_loop capchain_loop = {.kinds = 1u << INFO_REGION, .run = ask};
