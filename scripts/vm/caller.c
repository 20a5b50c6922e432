/* SPDX-License-Identifier: MIT */
/*
 * A client for the guest, on x86 a 32-bit program: asks a device and its container for INFO at
 * some argsz each, and leaves what it got in files, named as `capchain capture` names them. Then it
 * makes calls of the number of VFIO_IOMMU_GET_INFO that are something else: on the device, on its
 * group, on a file that is not VFIO's, and on a container that is not of type1, as on pseries.
 *
 * Usage: caller ADDRESS DIR. Its last line is how many calls of either sort it made.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILL	    0xa5
#define LONGEST	    256u
#define REGIONS_MAX 16u

_Static_assert(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO == VFIO_IOMMU_GET_INFO, "they are told apart");

static const char *device_name, *folder;
static unsigned int calls;

static _Noreturn void fails(const char *what)
{
	fprintf(stderr, "caller: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int opened(const char *path)
{
	const int fd = open(path, O_RDWR);

	if (fd < 0)
		fails(path);
	return fd;
}

static int group_number(void)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", device_name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		fails(path);
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static void keep(const char *name, const uint8_t *reply, uint32_t len)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-len%u.bin", folder, name, len);
	for (char *at = path + strlen(folder) + 1; (at = strchr(at, ':'));)
		*at = '_';
	file = fopen(path, "wb");
	if (!file || fwrite(reply, 1, len, file) != len || fclose(file))
		fails(path);
}

/* One call. Returns the argsz that came back, and keeps the reply; 0 where the call failed. */
static uint32_t ask(int fd, unsigned long cmd, const char *name, uint32_t index, uint32_t argsz)
{
	uint8_t reply[LONGEST];
	uint32_t need;

	memset(reply, FILL, sizeof(reply));
	memcpy(reply, &argsz, sizeof(argsz));
	if (cmd == VFIO_DEVICE_GET_REGION_INFO)
		memcpy(reply + offsetof(struct vfio_region_info, index), &index, sizeof(index));
	calls++;
	if (ioctl(fd, cmd, reply))
		return 0;
	keep(name, reply, argsz);
	memcpy(&need, reply, sizeof(need));
	return need;
}

/* From @least on, around the need, and with room to spare. */
static void ask_all(int fd, unsigned long cmd, const char *name, uint32_t index, uint32_t least)
{
	const uint32_t need = ask(fd, cmd, name, index, least);

	/* A region that the device has not. */
	if (!need)
		return;
	for (uint32_t argsz = least + 1; argsz <= least + 8; argsz++)
		ask(fd, cmd, name, index, argsz);
	for (uint32_t argsz = need - 1; need > least + 9 && argsz <= need + 1; argsz++)
		ask(fd, cmd, name, index, argsz);
	ask(fd, cmd, name, index, LONGEST);
}

static void ask_device(int device)
{
	char name[64];

	snprintf(name, sizeof(name), "device-%s", device_name);
	ask_all(device, VFIO_DEVICE_GET_INFO, name, 0, 16);
	for (uint32_t index = 0; index < REGIONS_MAX; index++) {
		snprintf(name, sizeof(name), "region-%s-idx%u", device_name, index);
		ask_all(device, VFIO_DEVICE_GET_REGION_INFO, name, index, 32);
	}
}

/*
 * The same number elsewhere; the first of them succeeds, or where there is @container that alone: on pseries no
 * device of QEMU's can be reset by itself. Returns how many.
 */
static unsigned int ask_others(int device, int group, int container)
{
	const int others[] = {device, group, eventfd(0, 0), container};
	const unsigned int count = container < 0 ? 3 : 4;
	uint8_t reply[LONGEST];
	const uint32_t argsz = sizeof(reply);

	for (unsigned int i = 0; i < count; i++) {
		memset(reply, FILL, sizeof(reply));
		memcpy(reply, &argsz, sizeof(argsz));
		memset(reply + 4, 0, 8);
		if ((ioctl(others[i], VFIO_IOMMU_GET_INFO, reply) == 0) !=
		    (i == (container < 0 ? 0 : 3)))
			fails("another ioctl of the same number");
	}
	return count;
}

int main(int argc, char **argv)
{
	char path[64];
	int group, container, device;
	unsigned int others;
	bool type1;

	if (argc != 3)
		return 2;
	device_name = argv[1];
	folder = argv[2];
	if (mkdir(folder, 0777))
		fails(folder);
	snprintf(path, sizeof(path), "/dev/vfio/%d", group_number());
	group = opened(path);
	container = opened("/dev/vfio/vfio");
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		fails("container");
	type1 = !ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
	if (!type1 && ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) &&
	    ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_IOMMU))
		fails("container");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device_name);
	if (device < 0)
		fails("device");
	ask_device(device);
	if (type1)
		ask_all(container, VFIO_IOMMU_GET_INFO, "iommu-container", 0, 16);
	others = ask_others(device, group, type1 ? -1 : container);
	printf("%zu-bit: %u calls, %u others\n", 8 * sizeof(void *), calls, others);
	return 0;
}
