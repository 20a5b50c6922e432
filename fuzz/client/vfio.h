/* SPDX-License-Identifier: MIT */
/*
 * What VFIO's ioctls answer on the fake container, group and device, and a record of every INFO
 * ioctl: how often it was called for what, and what the caller then held.
 *
 * The answers keep no state of their own: a client that forks, or opens everything twice, gets the
 * same.
 */
#ifndef FUZZ_CLIENT_VFIO_H
#define FUZZ_CLIENT_VFIO_H

#include <linux/vfio.h>

#include "remote.h"
#include "reply.h"

/*
 * Calls of one INFO ioctl. @asked and @argsz: the caller's argsz, and the one it was answered, in
 * the last of them. @bytes, @len: what the caller's buffer then held, cut to INFO_LEN_MAX; NULL
 * before.
 */
struct info_calls {
	uint64_t calls;
	uint32_t asked;
	uint32_t argsz;
	size_t len;
	uint8_t *bytes;
};

/* Calls for regions that the device does not have are counted together. */
#define CALLS_NO_REGION LISTS
#define CALLS		(LISTS + 1)

struct vfio {
	const struct fake *fake;
	struct replies *replies;
	struct info_calls calls[CALLS];
};

/*
 * Answers ioctl @cmd with @arg that @caller made on a file of @kind. Returns its result or
 * -errno. *@ret_gives is the kind of file to return a descriptor of, FAKE_NONE else; *@ret_info the
 * index in `calls` where it was an INFO ioctl that wrote a reply, CALLS else.
 */
int64_t vfio_ioctl(struct vfio *vfio, const struct caller *caller, enum fake_kind kind,
		   uint32_t cmd, uint64_t arg, enum fake_kind *ret_gives, size_t *ret_info);

/*
 * Keeps that INFO @list was asked for with @asked and answered with @len bytes at @bytes, cut to INFO_LEN_MAX:
 * what the caller then held.
 */
void vfio_told(struct vfio *vfio, size_t list, uint32_t asked, const uint8_t *bytes, size_t len);

/* What there is to say of interrupt @irq->index; false where the device has no such. */
bool vfio_irq_info(struct vfio_irq_info *irq);

/* "region 0", "iommu", "a region that is not there". */
void vfio_calls_name(size_t calls, char *ret_name, size_t size);

void vfio_forget(struct vfio *vfio);

#endif
