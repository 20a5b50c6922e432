/* SPDX-License-Identifier: MIT */
/* Real devices: how one is found and opened; see probe.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probe.h"

/* Linux 6.6 has it, Debian 12's header has not. */
#define BIND_IOMMUFD _IO(';', 100 + 18)
struct bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t devid;
};

static struct {
	struct probe_device device;
	int container; /* or what a cdev is bound to */
	int group;
	int fd;
} opened = {.container = -1, .group = -1, .fd = -1};

static int vfio_ask(struct probe_device *device, const struct probe_subject *subject, uint8_t *info)
{
	static const unsigned long numbers[INFO_IOCTL_KINDS] = {
		[INFO_DEVICE] = VFIO_DEVICE_GET_INFO,
		[INFO_REGION] = VFIO_DEVICE_GET_REGION_INFO,
		[INFO_IOMMU] = VFIO_IOMMU_GET_INFO,
	};
	const int fd = subject->kind == INFO_IOMMU ? opened.container : opened.fd;

	(void)device;
	return ioctl(fd, numbers[subject->kind], info) < 0 ? -errno : 0;
}

/* Of a PCI function: its configuration space is a region. */
static bool vfio_config(struct probe_device *device, uint8_t *ret_config, uint64_t *calls)
{
	struct vfio_device_info info = {.argsz = 16};
	struct vfio_region_info region = {.argsz = sizeof(region),
					  .index = VFIO_PCI_CONFIG_REGION_INDEX};

	(void)device;
	++*calls;
	if (ioctl(opened.fd, VFIO_DEVICE_GET_INFO, &info) || !(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return false;
	++*calls;
	return ioctl(opened.fd, VFIO_DEVICE_GET_REGION_INFO, &region) == 0 && region.size >= 256 &&
	       pread(opened.fd, ret_config, 256, (off_t)region.offset) == 256;
}

__attribute__((format(printf, 3, 4))) static struct probe_device *fails(char *ret_error,
									size_t size,
									const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error, size, format, args);
	va_end(args);
	return NULL;
}

/* The IOMMU group of device @name, on whichever bus it is; -1 where it is on none, or has none. */
static int group_of(const char *name)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	int group = -1;
	DIR *const buses = opendir("/sys/bus");

	while (buses && group < 0 && (entry = readdir(buses))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/iommu_group", entry->d_name,
			 name);
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		group = atoi(strrchr(target, '/') + 1);
	}
	if (buses)
		closedir(buses);
	return group;
}

static struct probe_device *open_cdev(const char *path, char *ret_error, size_t size)
{
	struct bind_iommufd bind = {.argsz = sizeof(bind)};

	opened.fd = open(path, O_RDWR);
	opened.container = opened.fd < 0 ? -1 : open("/dev/iommu", O_RDWR);
	bind.iommufd = opened.container;
	if (bind.iommufd < 0)
		return fails(ret_error, size, "%s: %s", opened.fd < 0 ? path : "/dev/iommu",
			     strerror(errno));
	if (ioctl(opened.fd, BIND_IOMMUFD, &bind))
		return fails(ret_error, size, "%s: cannot be bound to /dev/iommu: %s", path,
			     strerror(errno));
	return &opened.device;
}

/*
 * Gives a container its IOMMU. Another one than type1 answers VFIO_IOMMU_GET_INFO's number with another struct,
 * which is no subject here: *@ret_iommu is false then.
 */
static bool set_iommu(int container, bool *ret_iommu)
{
	*ret_iommu = !ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
	return *ret_iommu || !ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) ||
	       !ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_IOMMU);
}

static struct probe_device *open_group(int number, const char *name, const char *container,
				       bool *ret_iommu, char *ret_error, size_t size)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	opened.group = open(path, O_RDWR);
	if (opened.group < 0)
		return fails(
			ret_error, size,
			"%s: %s (is every device of group %d bound to a VFIO driver, and are you "
			"allowed to use it?)",
			path, strerror(errno), number);
	if (ioctl(opened.group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return fails(
			ret_error, size,
			"group %d is not viable: bind all its devices to vfio-pci, or leave them "
			"without a driver",
			number);
	opened.container = open(container, O_RDWR);
	if (opened.container < 0)
		return fails(ret_error, size, "%s: %s", container, strerror(errno));
	if (ioctl(opened.group, VFIO_GROUP_SET_CONTAINER, &opened.container) ||
	    !set_iommu(opened.container, ret_iommu))
		return fails(ret_error, size,
			     "group %d takes no container of %s with a type1 or spapr IOMMU: %s",
			     number, container, strerror(errno));
	opened.fd = ioctl(opened.group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (opened.fd < 0)
		return fails(ret_error, size, "%s: group %d gives no device: %s", name, number,
			     strerror(errno));
	return &opened.device;
}

/* Of the device before. The group last: a container that loses it forgets its IOMMU. */
static void close_all(void)
{
	int *const fds[] = {&opened.fd, &opened.group, &opened.container};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

struct probe_device *probe_vfio_open(const char *name, bool iommufd, bool *ret_iommu,
				     char *ret_error, size_t error_size)
{
	int group;

	close_all();
	opened.device.ask = vfio_ask;
	opened.device.config = vfio_config;
	*ret_iommu = strncmp(name, "/dev/", 5) != 0;
	if (!*ret_iommu)
		return open_cdev(name, ret_error, error_size);
	group = group_of(name);
	if (group < 0)
		return fails(
			ret_error, error_size,
			"%s: no device of that name in an IOMMU group; /sys/bus/*/devices has the "
			"names, and without an IOMMU (intel_iommu=on, amd_iommu=on) there are no "
			"groups",
			name);
	return open_group(group, name, iommufd ? "/dev/iommu" : "/dev/vfio/vfio", ret_iommu,
			  ret_error, error_size);
}

size_t probe_group(unsigned int number, struct probe_name *ret_names, size_t max)
{
	struct dirent *entry;
	size_t count = 0;
	char path[64];
	DIR *devices;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", number);
	devices = opendir(path);
	while (devices && count < max && (entry = readdir(devices)))
		if (entry->d_name[0] != '.')
			snprintf(ret_names[count++].text, sizeof(ret_names->text), "%.63s",
				 entry->d_name);
	if (devices)
		closedir(devices);
	return count;
}
