/* SPDX-License-Identifier: MIT */
/* The way to a VFIO device that both of our clients go, as every client does. */
#ifndef FUZZ_CLIENT_SELF_OPEN_H
#define FUZZ_CLIENT_SELF_OPEN_H

#include <fcntl.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ADDRESS "0000:00:1e.0"

struct device {
	int container;
	int group;
	int device;
};

/* Opens all three, the group as sysfs names it, or ends with status 9. */
static inline struct device open_device(void)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	struct device d = {.container = open("/dev/vfio/vfio", O_RDWR)};
	char link[256], path[512];
	const ssize_t len =
		readlink("/sys/bus/pci/devices/" ADDRESS "/iommu_group", link, sizeof(link) - 1);

	if (len < 0 || d.container < 0)
		goto failed;
	link[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	d.group = open(path, O_RDWR);
	if (d.group < 0 || ioctl(d.container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(d.container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1 ||
	    ioctl(d.group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE) ||
	    ioctl(d.group, VFIO_GROUP_SET_CONTAINER, &d.container) ||
	    ioctl(d.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		goto failed;
	d.device = ioctl(d.group, VFIO_GROUP_GET_DEVICE_FD, ADDRESS);
	if (d.device >= 0)
		return d;
failed:
	perror("no VFIO device");
	exit(9);
}

#endif
