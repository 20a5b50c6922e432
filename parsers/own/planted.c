/* SPDX-License-Identifier: MIT */
/*
 * An adapter whose reader has four planted bugs, for scripts/fuzz/own_test.py to find in each way that a
 * parser can be given. It reads the region kind:
 *
 *	loop		it follows next for as long as that is not 0
 *	product		it multiplies nr_areas by 16 in 32 bits, and copies as many areas as there are
 *	over-read	it reads 8 bytes behind the header of MSIX_MAPPABLE, which has no payload
 *	own memory	of TYPE it copies two words, and reads three of the copy
 *
 * planted.rs is the same reader in Rust.
 */
#include "capchain/parser.h"

#include <stdlib.h>
#include <string.h>

struct header {
	uint16_t id, version;
	uint32_t next;
};

struct area {
	uint64_t offset, size;
};

#ifndef PROMISE
#define PROMISE INFO_TRUSTING
#endif

static volatile uint64_t sum;

static void read_areas(const char *cap)
{
	uint32_t count, bytes;
	struct area *areas;

	memcpy(&count, cap + 8, 4);
	bytes = count * (uint32_t)sizeof(*areas);
	if (!bytes)
		return;
	areas = malloc(bytes);
	if (!areas)
		return;
	for (uint32_t i = 0; i < count; i++)
		((volatile struct area *)areas)[i].offset =
			((const volatile struct area *)(const void *)(cap + 16))[i].offset;
	free(areas);
}

static void read_type(const char *cap)
{
	volatile uint32_t *const words = malloc(8);

	if (!words)
		return;
	for (int i = 0; i < 2; i++)
		words[i] = ((const volatile uint32_t *)(const void *)(cap + 8))[i];
	for (int i = 0; i < 3; i++)
		sum += words[i];
	free((void *)(uintptr_t)words);
}

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const char *const bytes = info;
	struct info_cap cap = {0};
	struct header header;
	uint32_t flags, next;

	(void)kind;
	if (len < 32)
		return answer_reject("short-buffer");
	memcpy(&flags, bytes + 4, 4);
	memcpy(&next, bytes + 12, 4);
	if (!(flags & 8))
		return answer(VERDICT_ABSENT);
	for (; next; next = header.next) {
		header = *(const struct header *)(const void *)(bytes + next);
		cap.offset = next;
		cap.id = header.id;
		cap.version = header.version;
		if (cap.id == 1)
			read_areas(bytes + next);
		else if (cap.id == 2)
			read_type(bytes + next);
		else if (cap.id == 3)
			sum += *(const volatile uint64_t *)(const void *)(bytes + next + 8);
		walk_deliver(walk, &cap);
	}
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "planted",
	.summary = "has four planted bugs",
	.trust = PROMISE,
	.reads = {[INFO_REGION] = {.style = INFO_LIST, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
