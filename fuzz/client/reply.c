/* SPDX-License-Identifier: MIT */
/* Replies by the rules of each producer. A reply that is wrong on purpose is cut like any other. */
#include "reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "reply_model.h"

size_t reply_list_of(enum info_kind kind, uint32_t index)
{
	return kind == INFO_DEVICE ? LIST_DEVICE : kind == INFO_IOMMU ? LIST_IOMMU : index;
}

static enum info_kind kind_of(size_t list)
{
	return list == LIST_DEVICE ? INFO_DEVICE : list == LIST_IOMMU ? INFO_IOMMU : INFO_REGION;
}

/* Stores a field where @len bytes have room for all of it. */
static void put(uint8_t *bytes, size_t len, uint32_t at, unsigned int width, uint64_t value)
{
	if (at + width <= len)
		layout_store(bytes + at, width, value);
}

/* At 4 in all three structs. */
enum { FLAGS_AT = INFO_AT_DEVICE_flags };
_Static_assert(INFO_AT_REGION_flags == (int)FLAGS_AT && INFO_AT_IOMMU_flags == (int)FLAGS_AT,
	       "flags");

static void add_flags(uint8_t *bytes, size_t len, uint32_t flags)
{
	if (FLAGS_AT + 4 <= len)
		layout_store(bytes + FLAGS_AT, 4, layout_load(bytes + FLAGS_AT, 4) | flags);
}

static void complete(uint8_t *bytes, size_t len, size_t list)
{
	switch (kind_of(list)) {
	case INFO_DEVICE:
		add_flags(bytes, len, FLAG_DEVICE_PCI | FLAG_DEVICE_RESET);
		put(bytes, len, INFO_AT_DEVICE_num_regions, 4, FAKE_REGIONS);
		put(bytes, len, INFO_AT_DEVICE_num_irqs, 4, FAKE_IRQS);
		return;
	case INFO_REGION:
		add_flags(bytes, len, fake_region_flags((uint32_t)list));
		put(bytes, len, INFO_AT_REGION_index, 4, list);
		put(bytes, len, INFO_AT_REGION_size, 8, fake_region_size((uint32_t)list));
		put(bytes, len, INFO_AT_REGION_offset, 8, (uint64_t)list << FAKE_REGION_SHIFT);
		return;
	default:
		add_flags(bytes, len, FLAG_IOMMU_PGSIZES);
		/* 4 KiB, 2 MiB and 1 GiB. */
		put(bytes, len, INFO_AT_IOMMU_iova_pgsizes, 8, 0x40201000);
	}
}

int reply_add(struct replies *replies, size_t list, enum reply_rule rule, const uint8_t *bytes,
	      size_t len, bool completes, struct reply **ret_reply)
{
	struct reply_list *const to = &replies->lists[list];
	struct reply *const longer = realloc(to->replies, (to->count + 1) * sizeof(*longer));
	uint8_t *const copy = malloc(len + 1);

	if (longer)
		to->replies = longer;
	if (!longer || !copy) {
		free(copy);
		return -ENOMEM;
	}
	if (len)
		memcpy(copy, bytes, len);
	if (completes)
		complete(copy, len, list);
	/* What is no container is vfio-pci's. */
	if (rule == REPLY_IOMMUFD && list != LIST_IOMMU)
		rule = REPLY_KERNEL;
	longer[to->count] = (struct reply){
		.rule = rule,
		.len = len,
		.bytes = copy,
		.model = reply_model_of(rule, kind_of(list), copy, len),
	};
	*ret_reply = &longer[to->count++];
	return 0;
}

void replies_rewind(struct replies *replies)
{
	for (size_t i = 0; i < LISTS; i++)
		replies->lists[i].next = 0;
}

void replies_free(struct replies *replies)
{
	for (size_t i = 0; i < LISTS; i++) {
		for (size_t j = 0; j < replies->lists[i].count; j++) {
			free(replies->lists[i].replies[j].bytes);
			free(replies->lists[i].replies[j].model);
		}
		free(replies->lists[i].replies);
	}
	memset(replies, 0, sizeof(*replies));
}

/* What one rule writes: up to min(argsz, INFO_LEN_MAX) bytes; how many. */
static size_t cut(const struct reply *reply, enum info_kind kind, uint32_t argsz, uint8_t *ret)
{
	const struct layout_info *const info = &layout_infos[kind];
	const size_t room = argsz < INFO_LEN_MAX ? argsz : INFO_LEN_MAX;
	const bool is_short = argsz < reply->len;
	size_t len = reply->len < room ? reply->len : room;

	memcpy(ret, reply->bytes, len);
	switch (reply->rule) {
	case REPLY_KERNEL:
		if (is_short && len > info->full)
			len = info->full;
		/* An argsz that is not the file's length is a claim of the file's own. */
		if (is_short)
			put(ret, len, 0, 4, reply->len);
		else if (len >= 4 && layout_load(ret, 4) == reply->len)
			put(ret, len, 0, 4, argsz);
		break;
	case REPLY_IOMMUFD:
		put(ret, len, 0, 4, reply->len);
		break;
	case REPLY_VFIO_USER:
		put(ret, len, 0, 4, reply->len);
		if (!is_short)
			break;
		if (FLAGS_AT + 4 <= len)
			layout_store(ret + FLAGS_AT, 4,
				     layout_load(ret + FLAGS_AT, 4) & ~(uint64_t)info->caps_flag);
		if (len > info->full)
			memset(ret + info->full, 0, len - info->full);
		break;
	case REPLY_RUST_VMM:
		put(ret, len, 0, 4, reply->len);
		return is_short && len > info->full ? info->full : len;
	default:
		return len;
	}
	if (is_short)
		put(ret, len, info->first.at, 4, 0);
	return len;
}

/*
 * Good chains: as vfio-pci, type1 and zPCI write them, in 32-bit words from the header on. Region 0
 * leaves out the pages of the MSI-X table and its pending bits.
 */
static const uint32_t good_region0[] = {
	CAP_ID_MSIX_MAPPABLE | 1 << 16,
	40, /* at 32 */
	CAP_ID_SPARSE_MMAP | 1 << 16,
	0,
	2,
	0, /* at 40 */
	0,
	0,
	0x1000,
	0,
	0x3000,
	0,
	0x1d000,
	0,
};
static const uint32_t good_iommu[] = {
	CAP_ID_MIGRATION | 1 << 16,
	56,
	0,
	0,
	0x1000,
	0,
	0x10000000,
	0, /* at 24 */
	CAP_ID_DMA_AVAIL | 1 << 16,
	72,
	65535,
	0, /* at 56 */
	CAP_ID_IOVA_RANGE | 1 << 16,
	0,
	2,
	0, /* at 72 */
	0,
	0,
	0xfedfffff,
	0,
	0xfef00000,
	0,
	0xffffffff,
	0x7fff,
};
static const uint32_t good_device[] = {
	CAP_ID_ZPCI_BASE | 2 << 16,
	64,
	0,
	1,
	0xffffffff,
	2,
	0x100,
	1 << 24,
	0x26,
	0, /* at 24 */
	CAP_ID_ZPCI_GROUP | 2 << 16,
	112,
	0,
	0,
	0,
	0,
	0,
	0,
	0x00080400,
	0x80, /* at 64 */
	0x80,
	0,
	CAP_ID_ZPCI_UTIL | 1 << 16,
	192,
	64,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0, /* at 112 */
	0,
	0,
	0,
	0,
	CAP_ID_ZPCI_PFIP | 1 << 16,
	0,
	4,
	0, /* at 192 */
};

_Static_assert(sizeof(good_region0) == 88 - 32 && sizeof(good_iommu) == 120 - 24 &&
		       sizeof(good_device) == 208 - 24,
	       "where each chain ends");

/* What a good reply of @list has behind its fixed fields; returns how many bytes. */
static size_t good_chain(size_t list, bool is_peer, const void **ret_chain)
{
	*ret_chain = list == LIST_DEVICE  ? good_device
		     : list == LIST_IOMMU ? good_iommu
					  : good_region0;
	/* Such a server writes SPARSE_MMAP and nothing else. */
	if (is_peer) {
		*ret_chain = good_region0 + 2;
		return list == 0 ? sizeof(good_region0) - 8 : 0;
	}
	return list == LIST_DEVICE  ? sizeof(good_device)
	       : list == LIST_IOMMU ? sizeof(good_iommu)
	       : list == 0	    ? sizeof(good_region0)
				    : 0;
}

int replies_fill(struct replies *replies, enum reply_rule rule)
{
	static uint8_t bytes[sizeof(good_device) + 32];
	const bool is_peer = rule == REPLY_VFIO_USER;

	for (size_t list = 0; list < LISTS; list++) {
		const struct layout_info *const info = &layout_infos[kind_of(list)];
		/* Those servers know 16 bytes of a device. */
		const uint32_t fixed = is_peer && list == LIST_DEVICE ? info->minsz : info->full;
		const void *chain;
		const size_t size = good_chain(list, is_peer, &chain);
		struct reply *reply;

		if (replies->lists[list].count)
			continue;
		memset(bytes, 0, fixed);
		put(bytes, fixed, 0, 4, fixed + size);
		if (size) {
			add_flags(bytes, info->full, info->caps_flag);
			put(bytes, info->full, info->first.at, 4, info->full);
			memcpy(bytes + info->full, chain, size);
		}
		if (reply_add(replies, list, is_peer ? rule : REPLY_KERNEL, bytes, fixed + size,
			      true, &reply))
			return -ENOMEM;
	}
	return 0;
}

const struct reply *reply_peek(const struct replies *replies, size_t list)
{
	const struct reply_list *const from = &replies->lists[list];

	return &from->replies[from->next];
}

int reply_next(struct replies *replies, size_t list, uint32_t argsz, uint8_t bytes[INFO_LEN_MAX])
{
	struct reply_list *const from = &replies->lists[list];
	const enum info_kind kind = kind_of(list);
	const struct reply *reply;
	int len;

	reply = &from->replies[from->next];
	/* These two refuse no argsz. */
	if (!reply->fails && reply->rule != REPLY_RAW && reply->rule != REPLY_RUST_VMM &&
	    argsz < layout_infos[kind].minsz)
		return -EINVAL;
	if (from->next + 1 < from->count)
		from->next++;
	else if (from->again)
		from->next = 0;
	if (reply->fails)
		return -reply->fails;
	if (reply->model && argsz < reply->len)
		len = reply_model_answer(reply->model, bytes, argsz);
	else
		len = (int)cut(reply, kind, argsz, bytes);
	if (reply->how != ARGSZ_KEPT && len > 0)
		put(bytes, (size_t)len, 0, 4,
		    reply->argsz + (reply->how == ARGSZ_GROWS ? argsz : 0));
	return len;
}
