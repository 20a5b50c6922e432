/* SPDX-License-Identifier: MIT */
/*
 * The parser `bpf`: bounded.h as the kernel's verifier has proved it, run in the kernel on a copy
 * of the reply. Verdict and capabilities are the BPF program's; payloads are taken from the same
 * copy by the same functions as `bounded` takes them. Where BPF may not be used it abstains, and
 * says why.
 */
#include <string.h>

#include "../bounded_take.h"
#include "../layout.h"
#include "../parser.h"
#include "bpf_kernel.h"

_Static_assert(BPF_LONGEST == INFO_LEN_MAX, "the memory holds the longest reply");

static struct bpf_memory memory;

/* The replies that were read ahead: how many, and which is expected next. */
static unsigned int ahead_count;
static unsigned int ahead_next;

static const char *bpf_open(void)
{
	ahead_count = ahead_next = 0;
	return bpf_kernel_open(&memory);
}

/* min(len, argsz), and argsz itself: what there is to read. */
static uint32_t bound_of(const uint8_t *info, uint32_t len)
{
	uint64_t bound;

	if (len < 4)
		return len;
	bound = layout_load(info, 4);
	if (bound < 4)
		bound = 4;
	return bound < len ? (uint32_t)bound : len;
}

static void ask(unsigned int slot, uint32_t base, enum info_kind kind, uint32_t len)
{
	memory.replies[slot] = (struct bpf_reply){
		.base = base, .len = len, .kind = (unsigned int)take_kinds[kind]};
}

static int run(unsigned int first, unsigned int count)
{
	*memory.first = first;
	*memory.count = count;
	return bpf_kernel_run();
}

static void bpf_ahead(enum info_kind kind, size_t count, const uint8_t *const infos[],
		      const uint32_t lens[])
{
	unsigned int n = 0;

	if (!count) {
		ahead_next++;
		return;
	}
	/* What is longer than a slot is left out, and read alone when it comes. */
	for (size_t i = 0; i < count && n < BPF_SLOTS; i++) {
		if (lens[i] > BPF_SLOT)
			continue;
		memcpy(memory.bytes + n * BPF_SLOT, infos[i], lens[i]);
		ask(n, n * BPF_SLOT, kind, lens[i]);
		n++;
	}
	ahead_count = n && !run(0, n) ? n : 0;
	ahead_next = 0;
}

/* Whether the reply that is expected next is this one, byte for byte. */
static bool was_read(const uint8_t *info, uint32_t bound, uint32_t len, enum info_kind kind)
{
	const struct bpf_reply *const reply = &memory.replies[ahead_next];

	return ahead_next < ahead_count && reply->len == len &&
	       reply->kind == (unsigned int)take_kinds[kind] &&
	       !memcmp(memory.bytes + reply->base, info, bound);
}

/* What the program read, by four bytes, and of a payload all that its layout has. */
static void tell_loads(struct walk *walk, const struct bpf_reply *reply, enum info_kind kind)
{
	for (uint32_t i = 0; i < BPF_TOUCHED / 4; i += 64)
		for (uint64_t left = reply->touched[i / 64]; left; left &= left - 1)
			walk_tell_load(walk, 4 * (i + (uint32_t)__builtin_ctzll(left)), 4);
	for (unsigned int i = 0; i < reply->count; i++) {
		const struct bpf_cap *const cap = &memory.caps[reply->base + i];
		const struct layout_cap *const layout = layout_cap(kind, cap->id);

		if (layout)
			walk_tell_load(walk, cap->offset,
				       layout_fixed(layout, cap->version) +
					       cap->count * layout->elements);
	}
}

static struct info_answer deliver(struct walk *walk, unsigned int slot, enum info_kind kind)
{
	const struct bpf_reply *const reply = &memory.replies[slot];
	const struct vb_chain chain = {.info = memory.bytes + reply->base,
				       .kind = take_kinds[kind]};

	tell_loads(walk, reply, kind);
	for (unsigned int i = 0; i < reply->count; i++) {
		const struct bpf_cap *const from = &memory.caps[reply->base + i];
		const struct vb_cap cap = {.offset = from->offset,
					   .count = from->count,
					   .id = from->id,
					   .version = from->version,
					   .layout = from->layout};

		take_cap(walk, &chain, &cap, kind);
	}
	return take_answer((enum vb_status)reply->status, reply->argsz);
}

static struct info_answer bpf_read(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	const uint32_t bound = bound_of(info, len);

	if (was_read(info, bound, len, kind))
		return deliver(walk, ahead_next++, kind);
	if (walk_copy_in(walk, memory.bytes + BPF_ALONE_BASE, 0, bound))
		return answer_reject("efault");
	ask(BPF_ALONE, BPF_ALONE_BASE, kind, len);
	if (run(BPF_ALONE, 1))
		return answer_reject("kernel-would-not-run-it");
	return deliver(walk, BPF_ALONE, kind);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser bpf_parser = {
	.name = "bpf",
	.summary =
		"bounded.h as a BPF program that the kernel's verifier has proved, in the kernel",
	.trust = INFO_HARDENED,
	.source = INFO_FROM_KERNEL,
	.reads = {READS_ALL, READS_ALL, READS_ALL},
	.read = bpf_read,
	.open = bpf_open,
	.ahead = bpf_ahead,
};
