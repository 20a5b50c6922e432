/* SPDX-License-Identifier: MIT */
/*
 * The model of a reply is found by trying each: what a model writes does not depend on what was
 * there before.
 */
#include "reply_model.h"

#include <stdlib.h>
#include <string.h>

#define PRODUCERS_MAX 2

/* Whose replies each rule is about, newest release first. iommufd is a container, and no device. */
static const char *const names[REPLY_RULES][INFO_IOCTL_KINDS][PRODUCERS_MAX] = {
	[REPLY_KERNEL] = {[INFO_DEVICE] = {"vfio-pci-device-6.6", "vfio-pci-device-5.10"},
			  [INFO_REGION] = {"vfio-pci-region-6.6", "vfio-pci-region-4.6"},
			  [INFO_IOMMU] = {"type1-6.6", "type1-5.4"}},
	[REPLY_IOMMUFD] = {[INFO_DEVICE] = {"vfio-pci-device-6.6", "vfio-pci-device-5.10"},
			   [INFO_REGION] = {"vfio-pci-region-6.6", "vfio-pci-region-4.6"},
			   [INFO_IOMMU] = {"iommufd-6.6", "iommufd-6.2"}},
	[REPLY_VFIO_USER] = {[INFO_DEVICE] = {"libvfio-user-device"},
			     [INFO_REGION] = {"libvfio-user-region"},
			     [INFO_IOMMU] = {NULL}},
	[REPLY_RUST_VMM] = {[INFO_DEVICE] = {"rust-vmm-device"},
			    [INFO_REGION] = {"rust-vmm-region"},
			    [INFO_IOMMU] = {NULL}},
};

/*
 * Lets the model answer twice, into @buffer and into a copy of it with every other byte turned
 * over: where both end up the same, it wrote. Returns the model's status.
 */
static int answer_twice(const struct reply_model *model, uint8_t *buffer, uint32_t argsz,
			uint8_t ret_other[INFO_LEN_MAX])
{
	const uint32_t index_end = INFO_AT_REGION_index + 4;

	for (uint32_t at = 0; at < argsz; at++)
		ret_other[at] = (uint8_t)~buffer[at];
	/* A region's index is the caller's. */
	if (model->producer->kind == INFO_REGION && argsz >= index_end)
		memcpy(ret_other + INFO_AT_REGION_index, buffer + INFO_AT_REGION_index, 4);
	producer_answer(model->producer, &model->read.state, ret_other, argsz);
	return producer_answer(model->producer, &model->read.state, buffer, argsz);
}

/* Whether the model's full reply is these bytes, wherever it writes any. */
static bool writes(const struct reply_model *model, const uint8_t *bytes, uint32_t len)
{
	static uint8_t made[INFO_LEN_MAX], other[INFO_LEN_MAX];

	if (producer_need(model->producer, &model->read.state) != len)
		return false;
	memset(made, 0, len);
	if (model->producer->kind == INFO_REGION && len >= INFO_AT_REGION_index + 4)
		memcpy(made + INFO_AT_REGION_index, bytes + INFO_AT_REGION_index, 4);
	if (answer_twice(model, made, len, other))
		return false;
	for (uint32_t at = 0; at < len; at++)
		if (made[at] == other[at] && made[at] != bytes[at])
			return false;
	return true;
}

struct reply_model *reply_model_of(enum reply_rule rule, enum info_kind kind, const uint8_t *bytes,
				   size_t len)
{
	struct reply_model *const model = malloc(sizeof(*model));

	if (!model || len > INFO_LEN_MAX ||
	    reply_state_read(kind, bytes, (uint32_t)len, &model->read)) {
		free(model);
		return NULL;
	}
	for (size_t i = 0; i < PRODUCERS_MAX && names[rule][kind][i]; i++) {
		model->producer = producer_named(names[rule][kind][i]);
		if (writes(model, bytes, (uint32_t)len))
			return model;
	}
	free(model);
	return NULL;
}

int reply_model_answer(const struct reply_model *model, uint8_t *buffer, uint32_t argsz)
{
	static uint8_t other[INFO_LEN_MAX];
	const int status = answer_twice(model, buffer, argsz, other);
	int len = 0;

	for (uint32_t at = 0; at < argsz; at++)
		if (buffer[at] == other[at])
			len = (int)at + 1;
	return status ? status : len;
}
