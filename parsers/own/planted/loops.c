/* SPDX-License-Identifier: MIT */
/*
 * A fetch loop of all kinds that is right, and planted ones with one fault each: -DFAULT=NAME, and
 * -DTRUST=INFO_HARDENED and its like for what they promise. The reader beside it is right.
 * scripts/fuzz/own_loop_test.py has what each tool says of each.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "capchain/fetch_loop.h"
#include "../../bounded_take.h"

enum fault {
	RIGHT,
	NEVER_GROWN,   /* takes what fits of the first reply for all of it */
	ARGSZ_TRUSTED, /* asks with the argsz that came, and with the buffer that it has */
	ANY_SIZE,      /* takes memory of whatever size a reply names */
	KEPT_OFFSET,   /* goes on with the first reply's flags and cap_offset */
	KEPT_REPLY,    /* hands over the first reply, though it asked again */
	CACHED,	       /* answers from what a conversation before this one left */
	FOR_EVER,      /* asks for as long as a reply wants more */
	SPINS,	       /* asks once, and waits for argsz to change */
	LEAKS,	       /* does not free where a later call fails */
	FREED,	       /* asks with memory that it gave back */
	ARGSZ_0,       /* asks without saying how much there is */
	ARGSZ_OTHER,   /* with the size of another struct */
	UNWRITTEN,     /* reads what nobody wrote, where a reply is short */
	EXITS,	       /* ends its process where a call fails */
	NOTHING,       /* says ok, and hands over nothing */
};

#ifndef FAULT
#define FAULT RIGHT
#endif
#ifndef TRUST
#define TRUST INFO_HARDENED
#endif

enum { LIMIT = 65536, TRIES = 8, FIXED = 32 };

/* Any INFO struct, as far as the loop looks. */
struct info {
	uint32_t argsz, flags, index, cap_offset;
};

static const unsigned long requests[INFO_IOCTL_KINDS] = {
	[INFO_DEVICE] = VFIO_DEVICE_GET_INFO,
	[INFO_REGION] = VFIO_DEVICE_GET_REGION_INFO,
	[INFO_IOMMU] = VFIO_IOMMU_GET_INFO,
};
static const uint32_t least[INFO_IOCTL_KINDS] = {16, 32, 16};

static struct info_answer refuse(struct info *info)
{
	free(info);
	return answer_reject("refused");
}

static struct info_answer ask_for(struct fetch *fetch, enum info_kind kind)
{
	static uint8_t cache[FIXED];
	static volatile bool cached;
	uint32_t argsz = FAULT == ARGSZ_OTHER ? 12 : FIXED, kept_flags = 0, kept_offset = 0;
	struct info *info = NULL, *first = NULL;

	if (FAULT == CACHED && cached)
		return fetch_hand(fetch, cache);
	for (int i = 0; FAULT == FOR_EVER || i < TRIES; i++) {
		const uint32_t asked = argsz;

		if (FAULT == ARGSZ_TRUSTED && info) {
			;
		} else if (FAULT == KEPT_REPLY && i == 1) {
			first = info;
			info = calloc(1, asked);
		} else {
			free(info);
			info = FAULT == UNWRITTEN ? malloc(asked) : calloc(1, asked);
		}
		if (!info)
			return answer_reject("enomem");
		info->argsz = FAULT == ARGSZ_0 ? 0 : asked;
		if (kind == INFO_REGION && asked >= FIXED)
			info->index = 2;
		if (FAULT == FREED && i == 1)
			free(info);
		if (ioctl(-1, requests[kind], info)) {
			if (FAULT == EXITS)
				exit(0);
			if (FAULT == LEAKS && i)
				return answer_reject("refused");
			free(first);
			return refuse(info);
		}
		while (FAULT == SPINS && *(volatile uint32_t *)&info->argsz != asked)
			;
		argsz = info->argsz;
		if (FAULT == KEPT_OFFSET && i == 0)
			kept_flags = info->flags, kept_offset = info->cap_offset;
		if (FAULT != UNWRITTEN && argsz < least[kind])
			break;
		if (argsz <= asked || FAULT == NEVER_GROWN)
			goto take;
		if (FAULT != ANY_SIZE && argsz > LIMIT)
			break;
	}
	free(first);
	return refuse(info);
take:
	if (FAULT == KEPT_OFFSET && argsz > FIXED) {
		info->flags = kept_flags;
		info->cap_offset = kept_offset;
	}
	if (FAULT == NOTHING) {
		free(info);
		return answer(VERDICT_OK);
	}
	if (FAULT == CACHED) {
		memcpy(cache, info, sizeof(cache));
		cached = true;
	}
	if (first) {
		free(info);
		info = first;
	}
	return fetch_hand(fetch, (uint8_t *)info);
}

static struct info_answer ask(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	(void)first;
	return ask_for(fetch, kind);
}

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	struct vb_chain chain;
	struct vb_cap cap;

	if (vb_begin(&chain, info, len, take_kinds[kind]) == VB_OK)
		while (vb_next(&chain, &cap))
			take_cap(walk, &chain, &cap, kind);
	return take_answer(chain.status, chain.argsz);
}

#define READS INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser capchain_parser = {
	.name = "mine",
	.summary = "a planted loop, and a reader that is right",
	.trust = TRUST,
	.reads = {READS, READS, READS},
	.read = read_info,
};

const struct fetch_loop capchain_loop = {.kinds = 7, .run = ask};
