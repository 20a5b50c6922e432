/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright (c) 2026 the capchain authors */
/*
 * fetch.h - ask for a VFIO INFO reply until it fits, and never for ever.
 *
 * An INFO ioctl that gets too small a buffer says so in argsz, without an error, and the caller
 * asks again. This one file holds that conversation: copy it into your tree and include it. It
 * needs no other header and no libc; memory and the ioctl itself are the caller's:
 *
 *	static int ask(void *fd, void *info)
 *	{
 *		return ioctl(*(int *)fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
 *	}
 *	static void *grant(void *fd, vf_u32 size) { return malloc(size); }
 *	static void release(void *fd, void *info) { free(info); }
 *
 *	const struct vf_caller caller = {&fd, ask, grant, release};
 *	struct vf_reply reply;
 *
 *	if (vf_fetch(&reply, &caller, VF_REGION, index, 0, 0) != VF_OK)
 *		return failed(vf_name(reply.status), reply.error, reply.argsz);
 *	read_chain(reply.info, reply.len);	(vb_begin() of bounded.h, for one)
 *	free(reply.info);
 *
 * What it promises, whatever the replies say:
 *
 *	- It calls ask() at most VF_ATTEMPTS times.
 *	- It allocates nothing above the limit (VF_LIMIT, or the caller's own), one buffer at
 *	  a time, and a failure leaves none behind.
 *	- It takes nothing from an earlier reply but the size to ask with. Each reply is
 *	  written into new memory. Of what no reply wrote the fixed struct reads as zero and
 *	  the rest as 0xff: a chain that is claimed and was not written begins with a header
 *	  that points out of every buffer.
 *	- The buffer is never smaller than the fixed struct, whatever argsz says.
 *	- VF_OK means that argsz of the last reply is inside the buffer that it was written
 *	  to, and at least the kind's minimum. Anything else is a status of its own and no
 *	  buffer.
 *
 * It reads argsz alone. What stands in the reply is for a reader that bounds itself by min(len,
 * argsz): a reply may still have shrunk below its own chain, or claim capabilities that it did not
 * write.
 *
 * Version: VF_VERSION is 0xMMmmpp. Within one major number these stay as they are: names,
 * arguments, the struct members described here, what is promised above, and the status for every
 * conversation. A minor number may add names, and statuses for what is VF_REFUSED today.
 */
#ifndef VFIO_FETCH_H
#define VFIO_FETCH_H

#define VF_VERSION 0x010000

typedef __UINT8_TYPE__ vf_u8;
typedef __UINT32_TYPE__ vf_u32;

/*
 * Calls of ask(), the first included: a chain that grows while it is asked for is asked for again.
 */
#define VF_ATTEMPTS 8u

/* Bytes of the largest buffer, where the caller names no limit: 4000 IOVA ranges and more. */
#define VF_LIMIT 65536u

/* Which INFO struct is asked for. */
enum vf_kind { VF_DEVICE, VF_REGION, VF_IOMMU };

enum vf_status {
	VF_OK,
	VF_REFUSED,   /* ask() failed: its value is in error */
	VF_SHORT,     /* argsz is below what the kernel always fills */
	VF_TOO_LARGE, /* argsz is above the limit */
	VF_UNSTEADY,  /* VF_ATTEMPTS replies, and each wanted more than it got */
	VF_NO_MEMORY, /* grant() gave none */
};

/**
 * struct vf_caller - what the caller does for vf_fetch()
 * @context: handed to all three
 * @ask: the ioctl, or a request to a peer: answers into @info, of which the first word says how
 *	many bytes it has. 0, or any other value to end with VF_REFUSED
 * @grant: @size bytes, of any content, 4-byte aligned, or a null pointer
 * @release: takes back what @grant gave
 */
struct vf_caller {
	void *context;
	int (*ask)(void *context, void *info);
	void *(*grant)(void *context, vf_u32 size);
	void (*release)(void *context, void *info);
};

/**
 * struct vf_reply - how it ended
 * @info, @len: with VF_OK the reply and the bytes it has room for, the caller's to release; else a
 *	null pointer and 0
 * @argsz: of the last reply, 0 where there was none
 * @attempts: how often ask() was called
 * @error: with VF_REFUSED, what ask() returned; else 0
 * @status: also returned
 */
struct vf_reply {
	void *info;
	vf_u32 len;
	vf_u32 argsz;
	vf_u32 attempts;
	int error;
	enum vf_status status;
};

/* "too-large"; "unknown" for a value that is no status. */
static inline const char *vf_name(enum vf_status status)
{
	static const char *const names[] = {"ok",	 "refused",  "short-argsz",
					    "too-large", "unsteady", "no-memory"};

	return (unsigned int)status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown";
}

/* Bytes that every kernel fills (source: minsz of each ioctl), and of the newest struct. */
static inline vf_u32 vf_minimum(enum vf_kind kind)
{
	return kind == VF_REGION ? 32 : 16;
}

static inline vf_u32 vf_fixed(enum vf_kind kind)
{
	return kind == VF_REGION ? 32 : 24;
}

/* A new buffer with the question in it, and nothing in the rest that could be a chain. */
static inline void *vf_question(const struct vf_caller *caller, enum vf_kind kind, vf_u32 index,
				vf_u32 size)
{
	void *const info = caller->grant(caller->context, size);
	/* Volatile, or a compiler would call the memset() that there may not be. */
	volatile vf_u32 *const words = (volatile vf_u32 *)info;
	volatile vf_u8 *const bytes = (volatile vf_u8 *)info;
	const vf_u32 fixed = vf_fixed(kind) / 4;
	vf_u32 i;

	if (!info)
		return info;
	for (i = 0; i < size / 4; i++)
		words[i] = i < fixed ? 0 : 0xffffffffu;
	for (i = size & ~3u; i < size; i++)
		bytes[i] = 0xff;
	/* Every kind has 16 bytes or more. */
	words[0] = size;
	if (kind == VF_REGION)
		words[2] = index;
	return info;
}

/**
 * vf_fetch - asks until the reply fits
 * @ret_reply: filled whatever comes of it; not part of the memory that @caller has
 * @caller: who asks
 * @kind: what for
 * @index: of the region; not looked at for another kind
 * @first: bytes of the first buffer, from the fixed struct's to the limit; 0, and what is below:
 *	the fixed struct's, which is right for every producer that is known
 * @limit: bytes of the largest buffer; 0: VF_LIMIT. One below the fixed struct is the fixed
 *	struct's
 *
 * Source of the protocol: the comment before struct vfio_info_cap_header in linux/vfio.h. Returns
 * VF_OK, or why there is no reply.
 */
static inline enum vf_status vf_fetch(struct vf_reply *ret_reply, const struct vf_caller *caller,
				      enum vf_kind kind, vf_u32 index, vf_u32 first, vf_u32 limit)
{
	const vf_u32 fixed = vf_fixed(kind);
	const vf_u32 most = !limit ? VF_LIMIT : limit < fixed ? fixed : limit;
	vf_u32 size = first < fixed ? fixed : first > most ? most : first;
	struct vf_reply *const reply = ret_reply;
	void *info;

	/* Member by member: a compiler may call memset() or memcpy() for a whole struct. */
	reply->info = 0;
	reply->len = reply->argsz = reply->attempts = 0;
	reply->error = 0;
	reply->status = VF_UNSTEADY;
	while (reply->status == VF_UNSTEADY && reply->attempts < VF_ATTEMPTS) {
		info = vf_question(caller, kind, index, size);
		if (!info) {
			reply->status = VF_NO_MEMORY;
			break;
		}
		reply->attempts++;
		reply->error = caller->ask(caller->context, info);
		reply->argsz = reply->error ? 0 : *(volatile vf_u32 *)info;
		if (reply->error)
			reply->status = VF_REFUSED;
		else if (reply->argsz < vf_minimum(kind))
			reply->status = VF_SHORT;
		else if (reply->argsz <= size)
			reply->status = VF_OK;
		else if (reply->argsz > most)
			reply->status = VF_TOO_LARGE;
		if (reply->status == VF_OK) {
			reply->info = info;
			reply->len = size;
		} else {
			caller->release(caller->context, info);
			size = reply->argsz;
		}
	}
	return reply->status;
}

#endif
