/* SPDX-License-Identifier: MIT */
/*
 * bounded.h as a BPF program has it: no loop of its own, every step from bpf_loop(). WITH_LOAD reads
 * from a map's value, with an offset that the verifier can see is inside it.
 */
#define REPLY_MAX 4096

#ifdef WITH_LOAD
struct vb_chain;
static __UINT64_TYPE__ load_reply(const struct vb_chain *chain, __UINT32_TYPE__ offset,
				  __UINT32_TYPE__ size);
#define VB_LOAD(chain, offset, size) load_reply(chain, offset, size)
#endif

#include "../../parsers/include/bounded.h"

struct reply {
	vb_u8 bytes[REPLY_MAX + 8];
	vb_u32 len;
	vb_u32 status;
	vb_u32 count;
};

struct reply reply;

#ifdef WITH_LOAD
static vb_u64 load_reply(const struct vb_chain *chain, vb_u32 offset, vb_u32 size)
{
	vb_u64 value = 0;

	(void)chain;
	__builtin_memcpy(&value, reply.bytes + (offset & (REPLY_MAX - 1)), 8);
	return size < 8 ? value & ((1ull << 8 * size) - 1) : value;
}
#endif

static long (*const bpf_loop)(vb_u32 times, long (*call)(vb_u32 i, void *context), void *context,
			      vb_u64 flags) = (long (*)(vb_u32, long (*)(vb_u32, void *), void *,
							vb_u64))181;

static long take_step(vb_u32 i, void *context)
{
	(void)i;
	return vb_step((struct vb_chain *)context);
}

__attribute__((section("socket"), used)) int read_reply(void *context)
{
	struct vb_chain chain;

	(void)context;
	if (reply.len > REPLY_MAX)
		return 0;
	if (!vb_start(&chain, reply.bytes, reply.len, VB_IOMMU))
		bpf_loop(VB_STEPS(REPLY_MAX), take_step, &chain, 0);
	reply.status = chain.status;
	reply.count = chain.count;
	return 0;
}
