/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * bounded.h in the kernel: its step function, driven by bpf_loop(). That the verifier loads this is
 * its proof that a reading ends, and that no load or store leaves this program's memory, whatever
 * the bytes are. That it keeps to min(len, argsz) and says the right thing is not for the verifier
 * to see: bpf_test.c holds it to `bounded`, buffer by buffer.
 *
 * Built twice more for that test, each time with what the proof rests on taken out: -DWITHOUT_CLAMP
 * leaves offsets as they are, -DWITHOUT_END lets steps go on until the reading says that it ended.
 * The verifier has to refuse both. When it refuses this one: what changed is in bounded.h, or the
 * kernel is older than 5.17 (no bpf_loop).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "shared.h"

struct vb_chain;
static __always_inline __u64 load_reply(const struct vb_chain *chain, __u32 offset, __u32 size);
#define VB_LOAD(chain, offset, size) load_reply(chain, offset, size)
#include "../include/bounded.h"

/* Which replies to read. */
unsigned int first_reply;
unsigned int replies_count;
struct bpf_reply replies[2 * BPF_SLOTS];
struct bpf_cap caps[BPF_BYTES];
/* The last load may begin at the last byte. */
unsigned char bytes[BPF_BYTES + 8];

/*
 * The reading that goes on, and where its reply stands. On the stack the verifier would follow
 * every value that its members can have from one step to the next, for seconds; of memory like this
 * it takes any, and is done in a few hundred instructions.
 */
static struct {
	struct vb_chain chain;
	__u32 base;
	__u64 touched[BPF_TOUCHED / 256];
} reading;

#ifdef WITHOUT_CLAMP
#define CLAMP(index) (index)
#else
/* The index is inside the memory, whatever it was. */
#define CLAMP(index) ((index) & (BPF_BYTES - 1))
#endif

/* Past BPF_TOUCHED it marks bytes that were not read: one too many is no harm. */
static __always_inline void touch(__u32 offset)
{
	reading.touched[offset / 256 % 2] |= 1ULL << (offset / 4 % 64);
}

static __always_inline __u64 load_reply(const struct vb_chain *chain, __u32 offset, __u32 size)
{
	const unsigned char *const at = bytes + CLAMP(reading.base + offset);

	touch(offset);
	touch(offset + size - 1);

	switch (size) {
	case 8:
		return *(const __u64 *)at;
	case 4:
		return *(const __u32 *)at;
	case 2:
		return *(const __u16 *)at;
	default:
		return *at;
	}
}

/*
 * A function of its own even where it is called in a plain loop, so that a round is always the
 * same.
 */
static __noinline long take_step(__u32 i, void *context)
{
	return vb_step(&reading.chain);
}

static long take_cap(__u32 i, void *context)
{
	struct bpf_cap *const to = &caps[CLAMP(reading.base + i)];
	struct vb_cap cap;

	if (!vb_next(&reading.chain, &cap))
		return 1;
	to->offset = cap.offset;
	to->count = cap.count;
	to->id = cap.id;
	to->version = cap.version;
	to->layout = cap.layout;
	return 0;
}

static __always_inline void take_steps(void)
{
#ifdef WITHOUT_END
	while (!take_step(0, (void *)0))
		;
#else
	bpf_loop(VB_STEPS(BPF_LONGEST), take_step, (void *)0, 0);
#endif
}

static long take_reply(__u32 i, void *context)
{
	struct bpf_reply *const reply = &replies[(first_reply + i) & (2 * BPF_SLOTS - 1)];

	reading.base = reply->base;
	reading.touched[0] = reading.touched[1] = 0;
	if (!vb_start(&reading.chain, (const void *)0, reply->len, (enum vb_kind)reply->kind))
		take_steps();
	reply->status = reading.chain.status;
	reply->argsz = reading.chain.argsz;
	reply->bound = reading.chain.bound;
	reply->count = reading.chain.count;
	reply->touched[0] = reading.touched[0];
	reply->touched[1] = reading.touched[1];
	bpf_loop(BPF_LONGEST, take_cap, (void *)0, 0);
	return 0;
}

SEC("syscall")
int read_replies(void *context)
{
	bpf_loop(replies_count, take_reply, (void *)0, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
