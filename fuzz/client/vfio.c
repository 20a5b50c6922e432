/* SPDX-License-Identifier: MIT */
/* One table of ioctls by the file they are made on, and the three that carry chains. */
#include "vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"

struct ioctl_call {
	struct vfio *vfio;
	const struct caller *caller;
	uint64_t arg;
	enum fake_kind *gives;
	size_t *info;
};

void vfio_told(struct vfio *vfio, size_t list, uint32_t asked, const uint8_t *bytes, size_t len)
{
	struct info_calls *const calls = &vfio->calls[list];

	calls->asked = asked;
	if (len >= 4)
		calls->argsz = (uint32_t)layout_load(bytes, 4);
	if (!calls->bytes)
		calls->bytes = malloc(INFO_LEN_MAX);
	if (!calls->bytes)
		return;
	calls->len = len < INFO_LEN_MAX ? len : INFO_LEN_MAX;
	memcpy(calls->bytes, bytes, calls->len);
}

static int64_t answer_info(const struct ioctl_call *c, enum info_kind kind, uint32_t index,
			   uint32_t asked)
{
	static uint8_t bytes[INFO_LEN_MAX];
	const size_t list = reply_list_of(kind, index);
	const size_t room = asked < INFO_LEN_MAX ? asked : INFO_LEN_MAX;
	int len;

	c->vfio->calls[list].calls++;
	c->vfio->calls[list].asked = asked;
	/* Where it ends before asked, so does what can be written. */
	remote_read(c->caller, c->arg, bytes, room);
	len = reply_next(c->vfio->replies, list, asked, bytes);
	if (len < 0)
		return len;
	if (remote_write(c->caller, c->arg, bytes, (size_t)len) != (size_t)len)
		return -EFAULT;
	vfio_told(c->vfio, list, asked, bytes, remote_read(c->caller, c->arg, bytes, room));
	*c->info = list;
	return 0;
}

static int64_t device_info(const struct ioctl_call *c)
{
	uint32_t argsz;

	if (remote_read(c->caller, c->arg, &argsz, sizeof(argsz)) != sizeof(argsz))
		return -EFAULT;
	return answer_info(c, INFO_DEVICE, 0, argsz);
}

static int64_t iommu_info(const struct ioctl_call *c)
{
	uint32_t argsz;

	if (remote_read(c->caller, c->arg, &argsz, sizeof(argsz)) != sizeof(argsz))
		return -EFAULT;
	return answer_info(c, INFO_IOMMU, 0, argsz);
}

static int64_t region_info(const struct ioctl_call *c)
{
	uint32_t fixed[3];

	if (remote_read(c->caller, c->arg, fixed, sizeof(fixed)) != sizeof(fixed))
		return -EFAULT;
	if (fixed[2] >= FAKE_REGIONS) {
		c->vfio->calls[CALLS_NO_REGION].calls++;
		return -EINVAL;
	}
	return answer_info(c, INFO_REGION, fixed[2], fixed[0]);
}

bool vfio_irq_info(struct vfio_irq_info *irq)
{
	if (irq->argsz < sizeof(*irq) || irq->index >= FAKE_IRQS)
		return false;
	irq->flags = VFIO_IRQ_INFO_EVENTFD;
	irq->count = irq->index == VFIO_PCI_INTX_IRQ_INDEX   ? 1
		     : irq->index == VFIO_PCI_MSIX_IRQ_INDEX ? FAKE_IRQS
							     : 0;
	if (irq->index == VFIO_PCI_INTX_IRQ_INDEX)
		irq->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	if (irq->index == VFIO_PCI_MSIX_IRQ_INDEX)
		irq->flags |= VFIO_IRQ_INFO_NORESIZE;
	return true;
}

static int64_t irq_info(const struct ioctl_call *c)
{
	struct vfio_irq_info irq;

	if (remote_read(c->caller, c->arg, &irq, sizeof(irq)) != sizeof(irq))
		return -EFAULT;
	if (!vfio_irq_info(&irq))
		return -EINVAL;
	return remote_write(c->caller, c->arg, &irq, sizeof(irq)) == sizeof(irq) ? 0 : -EFAULT;
}

static int64_t group_status(const struct ioctl_call *c)
{
	struct vfio_group_status status;

	if (remote_read(c->caller, c->arg, &status, sizeof(status)) != sizeof(status))
		return -EFAULT;
	if (status.argsz < sizeof(status))
		return -EINVAL;
	status.flags = VFIO_GROUP_FLAGS_VIABLE;
	return remote_write(c->caller, c->arg, &status, sizeof(status)) == sizeof(status) ? 0
											  : -EFAULT;
}

static int64_t device_fd(const struct ioctl_call *c)
{
	char name[256];

	if (!remote_string(c->caller, c->arg, name, sizeof(name)))
		return -EFAULT;
	if (strcmp(name, FAKE_ADDRESS) != 0)
		return -ENODEV;
	*c->gives = FAKE_DEVICE;
	return 0;
}

static int64_t extension(const struct ioctl_call *c)
{
	return c->arg == VFIO_TYPE1_IOMMU || c->arg == VFIO_TYPE1v2_IOMMU ||
	       c->arg == VFIO_UNMAP_ALL;
}

static int64_t done(const struct ioctl_call *c)
{
	(void)c;
	return 0;
}

static int64_t no_device(const struct ioctl_call *c)
{
	(void)c;
	return -ENODEV;
}

/* The same number means IOMMU_GET_INFO on a container and HOT_RESET_INFO on a device. */
static const struct {
	enum fake_kind kind;
	uint32_t cmd;
	int64_t (*answer)(const struct ioctl_call *c);
} ioctls[] = {
	{FAKE_CONTAINER, VFIO_GET_API_VERSION, done},
	{FAKE_CONTAINER, VFIO_CHECK_EXTENSION, extension},
	{FAKE_CONTAINER, VFIO_SET_IOMMU, done},
	{FAKE_CONTAINER, VFIO_IOMMU_GET_INFO, iommu_info},
	{FAKE_CONTAINER, VFIO_IOMMU_MAP_DMA, done},
	{FAKE_CONTAINER, VFIO_IOMMU_UNMAP_DMA, done},
	{FAKE_GROUP, VFIO_GROUP_GET_STATUS, group_status},
	{FAKE_GROUP, VFIO_GROUP_SET_CONTAINER, done},
	{FAKE_GROUP, VFIO_GROUP_UNSET_CONTAINER, done},
	{FAKE_GROUP, VFIO_GROUP_GET_DEVICE_FD, device_fd},
	{FAKE_DEVICE, VFIO_DEVICE_GET_INFO, device_info},
	{FAKE_DEVICE, VFIO_DEVICE_GET_REGION_INFO, region_info},
	{FAKE_DEVICE, VFIO_DEVICE_GET_IRQ_INFO, irq_info},
	{FAKE_DEVICE, VFIO_DEVICE_SET_IRQS, done},
	/* No argument: what stands in its place is nobody's. */
	{FAKE_DEVICE, VFIO_DEVICE_RESET, done},
	{FAKE_DEVICE, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, no_device},
};

int64_t vfio_ioctl(struct vfio *vfio, const struct caller *caller, enum fake_kind kind,
		   uint32_t cmd, uint64_t arg, enum fake_kind *ret_gives, size_t *ret_info)
{
	const struct ioctl_call c = {vfio, caller, arg, ret_gives, ret_info};

	*ret_gives = FAKE_NONE;
	*ret_info = CALLS;
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		if (ioctls[i].kind == kind && ioctls[i].cmd == cmd)
			return ioctls[i].answer(&c);
	return -ENOTTY;
}

void vfio_calls_name(size_t calls, char *ret_name, size_t size)
{
	if (calls == LIST_DEVICE)
		snprintf(ret_name, size, "device");
	else if (calls == LIST_IOMMU)
		snprintf(ret_name, size, "iommu");
	else if (calls == CALLS_NO_REGION)
		snprintf(ret_name, size, "regions that are not there");
	else
		snprintf(ret_name, size, "region %zu", calls);
}

void vfio_forget(struct vfio *vfio)
{
	for (size_t i = 0; i < CALLS; i++) {
		free(vfio->calls[i].bytes);
		vfio->calls[i] = (struct info_calls){0};
	}
}
