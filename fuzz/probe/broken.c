/* SPDX-License-Identifier: MIT */
/* A device that is none, sound or with one fault; see probe.h. */
#include <errno.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "probe.h"

#define FAKE_MAX (PROBE_NEED_MAX + 256)

/* Where the MSI-X table is. */
#define TABLE_REGION 3
#define TABLE_AT     0x2000u

static enum probe_rule fault;
static uint32_t calls;

/* A whole reply: its fixed fields and its chain. */
struct reply {
	uint8_t bytes[256];
	uint32_t need;
	uint32_t last; /* the header of the last capability, 0 without one */
};

static void put(struct reply *reply, uint32_t at, unsigned int width, uint64_t value)
{
	layout_store(reply->bytes + at, width, value);
}

/* Appends a capability of @size bytes, rounded up to 8, and links it. Returns its offset. */
static uint32_t add(struct reply *reply, uint16_t id, uint32_t size)
{
	const uint32_t at = reply->need + (reply->last && fault == PROBE_ORDER ? 8 : 0);

	if (reply->last)
		put(reply, reply->last + CAP_HEADER_next, 4, at);
	put(reply, at + CAP_HEADER_id, 2, id);
	put(reply, at + CAP_HEADER_version, 2, fault == PROBE_VERSION ? 2 : 1);
	reply->last = at;
	reply->need = at + (size + 7) / 8 * 8;
	return at;
}

static void make_iommu(struct reply *reply, uint32_t argsz)
{
	uint32_t at;

	put(reply, 4, 4, fault == PROBE_FIXED ? 0 : FLAG_IOMMU_PGSIZES);
	put(reply, 8, 8, 0x40201000);
	at = add(reply, CAP_ID_MIGRATION, 32);
	put(reply, at + 16, 8, fault == PROBE_IOMMU ? 0x200000 : 0x1000);
	put(reply, at + 24, 8, 0x10000000);
	at = add(reply, CAP_ID_DMA_AVAIL, 12);
	put(reply, at + 8, 4, 65535 - (fault == PROBE_DIFFERS ? argsz % 2 : 0));
	at = add(reply, CAP_ID_IOVA_RANGE, 48);
	put(reply, at + 8, 4, 2);
	put(reply, at + 24, 8, 0xfedfffff);
	put(reply, at + 32, 8, fault == PROBE_RANGES ? 0xfedfffff : 0xfef00000);
	put(reply, at + 40, 8, 0x7fffffffff);
}

/* The pages beside the MSI-X table, as Linux 4.6 to 4.15 told them. */
static void make_areas(struct reply *reply)
{
	const uint32_t at = add(reply, CAP_ID_SPARSE_MMAP, 48);

	put(reply, at + 8, 4, 2);
	put(reply, at + 24, 8, fault == PROBE_TABLE ? TABLE_AT + 16 : TABLE_AT);
	put(reply, at + 32, 8, TABLE_AT + 0x1000);
	put(reply, at + 40, 8, fault == PROBE_AREAS ? 0x1001 : 0x1000);
}

static void make_region(struct reply *reply, uint32_t index)
{
	uint32_t at;

	put(reply, 4, 4, FLAG_REGION_READ | FLAG_REGION_WRITE | FLAG_REGION_MMAP);
	put(reply, 8, 4, index);
	put(reply, 16, 8, 0x4000);
	put(reply, 24, 8, (uint64_t)index << 40);
	if (index == 0)
		add(reply, CAP_ID_MSIX_MAPPABLE, 8);
	if (index == 2) {
		at = add(reply, CAP_ID_TYPE, 16);
		put(reply, at + 8, 8, 0x0000000180008086);
	}
	if (index == TABLE_REGION)
		make_areas(reply);
}

static void make(const struct probe_subject *subject, uint32_t argsz, struct reply *ret_reply)
{
	*ret_reply = (struct reply){.need = layout_infos[subject->kind].full};
	if (fault == PROBE_PLACE)
		ret_reply->need += 8;
	if (subject->kind == INFO_IOMMU)
		make_iommu(ret_reply, argsz);
	else if (subject->kind == INFO_REGION)
		make_region(ret_reply, subject->index);
	else
		put(ret_reply, 4, 4, FLAG_DEVICE_PCI), put(ret_reply, 8, 4, PROBE_FAKE_REGIONS),
			put(ret_reply, 12, 4, 5);
	if (ret_reply->last && fault == PROBE_REFERENCE)
		put(ret_reply, ret_reply->last + CAP_HEADER_next, 4, ret_reply->last);
	if (ret_reply->last && fault == PROBE_END)
		ret_reply->need += 16;
	if (!ret_reply->last)
		ret_reply->need = 0;
}

/* The fixed fields as the caller gets them, and what that says of the chain. */
static void answer_fixed(const struct layout_info *info, struct reply *reply, uint32_t argsz)
{
	const bool whole = argsz >= reply->need;
	uint32_t needed = reply->need;

	if (fault == PROBE_NEED)
		needed += argsz % 2 * 8;
	if (fault == PROBE_ABSURD)
		needed = 1u << 20;
	if (fault == PROBE_ARGSZ && argsz >= needed + 16)
		argsz = needed + 8;
	put(reply, 0, 4, whole ? argsz : needed);
	if (!reply->last)
		return;
	if (fault != (whole ? PROBE_WHOLE_FLAG : PROBE_SHORT_FLAG))
		put(reply, 4, 4, layout_load(reply->bytes + 4, 4) | info->caps_flag);
	if (whole || fault == PROBE_SHORT_OFFSET)
		put(reply, info->first.at, 4, info->full + (fault == PROBE_PLACE ? 8 : 0));
}

static int refuse(uint8_t *bytes)
{
	if (fault == PROBE_TOUCHED)
		bytes[4] = 0;
	return -EINVAL;
}

static int fake_ask(struct probe_device *device, const struct probe_subject *subject,
		    uint8_t *bytes)
{
	const struct layout_info *const info = &layout_infos[subject->kind];
	const uint32_t argsz = (uint32_t)layout_load(bytes, 4);
	struct reply reply;
	uint32_t fixed = argsz < info->full ? argsz : info->full;

	(void)device;
	if (argsz < info->minsz && fault != PROBE_SHORT_ACCEPTED)
		return refuse(bytes);
	make(subject, argsz, &reply);
	if (fault == PROBE_REFUSES && reply.last && argsz > reply.need)
		return refuse(bytes);
	answer_fixed(info, &reply, argsz);
	memcpy(bytes, reply.bytes, fixed);
	if (argsz >= reply.need && reply.last)
		memcpy(bytes + info->full, reply.bytes + info->full, reply.need - info->full);
	if (fault == PROBE_SHORT_WRITES && argsz < reply.need && argsz > info->full)
		bytes[info->full] = 1;
	if (fault == PROBE_UNSTABLE && argsz >= info->minsz)
		bytes[info->minsz - 1] = (uint8_t)calls++;
	if (fault == PROBE_NOBODYS && argsz > info->full && argsz > reply.need)
		bytes[argsz - 1] = 0;
	if (fault == PROBE_PAST_ARGSZ)
		bytes[argsz + 1] = 0;
	return 0;
}

/* A function whose one capability is MSI-X, with two vectors. */
static bool fake_config(struct probe_device *device, uint8_t *ret_config, uint64_t *made)
{
	(void)made;
	(void)device;
	memset(ret_config, 0, 256);
	ret_config[0x06] = 0x10;
	ret_config[0x34] = 0x40;
	ret_config[0x40] = 0x11;
	ret_config[0x42] = 1;
	ret_config[0x44] = TABLE_REGION;
	ret_config[0x45] = TABLE_AT >> 8;
	return true;
}

struct probe_device *probe_fake(enum probe_rule new_fault)
{
	static struct probe_device device = {.ask = fake_ask, .config = fake_config};

	fault = new_fault;
	calls = 0;
	return &device;
}
