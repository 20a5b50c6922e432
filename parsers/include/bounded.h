/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright (c) 2026 the capchain authors */
/*
 * bounded.h - read a VFIO INFO capability chain without trusting a byte of it.
 *
 * The INFO ioctls answer with a fixed struct and a chain of vfio_info_cap_header. This one file
 * reads such a reply: copy it into your tree and include it. It needs no other header, no libc, no
 * allocation, no recursion and no alignment; it loads nothing outside min(len, argsz), ends on
 * every input, and takes time linear in that bound where capabilities do not overlap.
 *
 *	struct vb_chain chain;
 *	struct vb_cap cap;
 *
 *	switch (vb_begin(&chain, info, len, VB_REGION)) {
 *	case VB_OK:		break;				(a whole, valid chain)
 *	case VB_ABSENT:		return no_capabilities();
 *	case VB_TRUNCATED:	return ask_again(chain.argsz);	(a larger buffer is needed)
 *	default:		return bad_reply(vb_name(chain.status), chain.at, chain.from);
 *	}
 *	while (vb_next(&chain, &cap))
 *		if (cap.id == VB_SPARSE_MMAP)
 *			for (i = 0; i < cap.count && vb_get_area(&chain, &cap, i, &area); i++)
 *				if (!vb_area_inside(&area, region_size))
 *					return bad_reply("area", cap.offset, i);
 *
 * What is read is what the reply says. That its areas lie inside the region, whose size stands in the
 * fixed struct, no rule of chains holds: call vb_area_inside() before mapping one.
 *
 * The buffer must be private to the reader and stay as it is from vb_begin() to the last call: a
 * reply in memory that someone else may write has to be copied first. VB_TRUNCATED is never the
 * same as VB_ABSENT: a reader that takes an unreadable SPARSE_MMAP for an absent one maps the whole
 * region. Before asking again, hold chain.argsz to a limit of your own: it is up to 4 GiB of
 * somebody else's choosing.
 *
 * Integers in a reply are in host order, so a reply of another machine has to be converted first.
 *
 * Version: VB_VERSION is 0xMMmmpp. Within one major number these stay as they are: names, the
 * struct members described here, and the verdict for every buffer of known capabilities in known
 * versions. A minor number may add names, capabilities, and newer versions of known ones. An id
 * that was delivered undecoded is then decoded; a version that was read as the newest known is then
 * read as itself, its fields and its cap.layout those of that version. In both cases the reply has
 * to hold what is decoded, so a chain that was VB_OK may come out as VB_TRUNCATED, VB_PAYLOAD_OOB
 * or VB_COUNT_OVERFLOW. What was decoded before keeps its place and meaning: versions only append.
 *
 *	1.2	vb_area_inside(); vb_name() is "unknown" of a value that is no status
 *	1.1	ZPCI_BASE version 3 (Linux 7.3): ccdf_err_length
 *	1.0	the first
 *
 * The core, vb_step(), is one bounded step of a state machine, so that a BPF program can drive it
 * with bpf_loop(VB_STEPS(bound), ...) after vb_start(). All loads go through VB_LOAD(chain, offset,
 * size), size 1, 2, 4 or 8: define it before the include to read from somewhere else.
 */
#ifndef VFIO_BOUNDED_H
#define VFIO_BOUNDED_H

#define VB_VERSION 0x010200

typedef __UINT8_TYPE__ vb_u8;
typedef __UINT16_TYPE__ vb_u16;
typedef __UINT32_TYPE__ vb_u32;
typedef __UINT64_TYPE__ vb_u64;

/* Which INFO struct the reply starts with. */
enum vb_kind { VB_DEVICE, VB_REGION, VB_IOMMU };

/* What vb_begin() says. From VB_SHORT_BUFFER on the reply breaks a rule. */
enum vb_status {
	VB_OK,		    /* the chain is whole and valid, and has at least one capability */
	VB_ABSENT,	    /* this reply has no chain */
	VB_TRUNCATED,	    /* there is more: ask again with a buffer of chain.argsz bytes */
	VB_SHORT_BUFFER,    /* len is below what the kernel always fills */
	VB_SHORT_ARGSZ,	    /* argsz is, or does not reach cap_offset though the flag is set */
	VB_INTO_HEADER,	    /* an offset points into the fixed struct */
	VB_OFFSET_OOB,	    /* cap_offset points past the reply */
	VB_NEXT_OOB,	    /* a next does */
	VB_HEADER_STRADDLE, /* a header begins inside the reply and ends outside */
	VB_LOOP,	    /* a next comes back to a capability of this chain */
	VB_COUNT_OVERFLOW,  /* a count times its element size passes 2^32 */
	VB_PAYLOAD_OOB,	    /* a capability ends past the reply */
};

/* Capability ids, one namespace a kind. */
enum { VB_ZPCI_BASE = 1, VB_ZPCI_GROUP, VB_ZPCI_UTIL, VB_ZPCI_PFIP, VB_PCI_ATOMIC_COMP };
enum { VB_SPARSE_MMAP = 1, VB_TYPE, VB_MSIX_MAPPABLE, VB_NVLINK2_SSATGT, VB_NVLINK2_LNKSPD };
enum { VB_IOVA_RANGE = 1, VB_MIGRATION, VB_DMA_AVAIL };

/**
 * struct vb_chain - one reading of one reply
 * @info: the reply
 * @argsz: its argsz field; the size to ask for where @status is VB_TRUNCATED; 0 in a short buffer
 * @bound: min(len, argsz), the bytes that may be used; 0 in a short buffer
 * @count: capabilities before the point where the reading ended
 * @at: where @status is not VB_OK or VB_ABSENT: the offset that could not be read; 0 where the
 *	reading ended before cap_offset was known
 * @from: the capability whose next is @at, 0 where that is cap_offset
 * @status: the verdict
 * @kind: as given to vb_begin()
 *
 * Members not described here belong to this file.
 */
struct vb_chain {
	const void *info;
	vb_u32 argsz;
	vb_u32 bound;
	vb_u32 count;
	vb_u32 at;
	vb_u32 from;
	enum vb_status status;
	enum vb_kind kind;
	vb_u32 phase;
	vb_u32 first;
	vb_u32 slow;
	vb_u32 lap;
	vb_u32 laps;
	vb_u32 cursor;
	vb_u32 left;
};

/**
 * struct vb_cap - one capability
 * @offset: of its header, from the start of the reply
 * @count: areas, ranges or bytes that follow its fixed part; 0 where it has none
 * @id: capability id, known or not
 * @version: as the reply says
 * @layout: the version whose layout it is read by; 0: not decoded (unknown id, or version 0)
 */
struct vb_cap {
	vb_u32 offset;
	vb_u32 count;
	vb_u16 id;
	vb_u16 version;
	vb_u16 layout;
};

/* An upper bound of the vb_step() calls for a reply of @bound bytes. */
#define VB_STEPS(bound) (5 * (vb_u64)(bound) + 8)

#ifndef VB_LOAD
static inline vb_u64 vb_load(const struct vb_chain *chain, vb_u32 offset, vb_u32 size)
{
	const vb_u8 *const at = (const vb_u8 *)chain->info + offset;
	vb_u64 wide;
	vb_u32 word;
	vb_u16 half;

	switch (size) {
	case 8:
		__builtin_memcpy(&wide, at, 8);
		return wide;
	case 4:
		__builtin_memcpy(&word, at, 4);
		return word;
	case 2:
		__builtin_memcpy(&half, at, 2);
		return half;
	default:
		return *at;
	}
}
#define VB_LOAD(chain, offset, size) vb_load(chain, offset, size)
#endif

static inline vb_u32 vb_load32(const struct vb_chain *chain, vb_u32 offset)
{
	return (vb_u32)VB_LOAD(chain, offset, 4);
}

static inline vb_u16 vb_load16(const struct vb_chain *chain, vb_u32 offset)
{
	return (vb_u16)VB_LOAD(chain, offset, 2);
}

/* The INFO structs: bytes the kernel always fills, where fixed fields end, cap_offset, CAPS. */
struct vb_fixed {
	vb_u32 minsz;
	vb_u32 end;
	vb_u32 cap_offset;
	vb_u32 caps_flag;
};

static inline const struct vb_fixed *vb_fixed_of(enum vb_kind kind)
{
	static const struct vb_fixed fixed[3] = {
		{16, 20, 16, 1u << 7}, /* VFIO_DEVICE_GET_INFO */
		{32, 32, 12, 1u << 3}, /* VFIO_DEVICE_GET_REGION_INFO */
		{16, 20, 16, 1u << 1}, /* VFIO_IOMMU_GET_INFO */
	};

	/* Whatever a caller says, the index is inside; a BPF program is refused without. */
	return &fixed[(unsigned int)kind < 3 ? kind : 0];
}

/*
 * Room for the versions of one capability and for the ids of a kind, powers of two: an index is inside
 * by a mask, which the BPF verifier sees. That of Linux 6.1 does not see a compare everywhere.
 */
#define VB_VERSIONS_MAX 4
#define VB_IDS_MAX	8

/*
 * A capability's layout: its newest version, the size of an element, and the bytes of each version
 * to the end of its last declared field, those of version 1 first. newest 0: not known.
 */
struct vb_layout {
	vb_u8 newest;
	vb_u8 element;
	vb_u8 bytes[VB_VERSIONS_MAX];
};

static inline const struct vb_layout *vb_layout_of(enum vb_kind kind, vb_u16 id)
{
	static const struct vb_layout layouts[3][VB_IDS_MAX] = {
		{{0, 0, {0}},
		 {3, 0, {32, 36, 40}}, /* ZPCI_BASE */
		 {2, 0, {39, 42}},     /* ZPCI_GROUP */
		 {1, 1, {12}},	       /* ZPCI_UTIL */
		 {1, 1, {12}},	       /* ZPCI_PFIP */
		 {1, 0, {16}}},	       /* PCI_ATOMIC_COMP */
		{{0, 0, {0}},
		 {1, 16, {16}}, /* SPARSE_MMAP */
		 {1, 0, {16}},	/* TYPE */
		 {1, 0, {8}},	/* MSIX_MAPPABLE */
		 {1, 0, {16}},	/* NVLINK2_SSATGT */
		 {1, 0, {16}}}, /* NVLINK2_LNKSPD */
		{{0, 0, {0}},
		 {1, 16, {16}}, /* IOVA_RANGE */
		 {1, 0, {32}},	/* MIGRATION */
		 {1, 0, {12}}}, /* DMA_AVAIL */
	};

	const struct vb_layout *const of_kind = layouts[(unsigned int)kind < 3 ? kind : 0];
	const struct vb_layout *const layout = &of_kind[id & (VB_IDS_MAX - 1)];

	/* Ids past the table are as unknown as 0. */
	return id < VB_IDS_MAX ? layout : of_kind;
}

/* Whether [.., end) is in the reply: VB_OK, VB_TRUNCATED (past len, inside argsz) or @otherwise. */
static inline enum vb_status vb_reach(const struct vb_chain *chain, vb_u64 end,
				      enum vb_status otherwise)
{
	if (end <= chain->bound)
		return VB_OK;
	return end <= chain->argsz ? VB_TRUNCATED : otherwise;
}

/* Fills @ret_cap from the 8 bytes at @offset, which are in the reply. */
static inline void vb_header(const struct vb_chain *chain, vb_u32 offset, struct vb_cap *ret_cap)
{
	const struct vb_layout *layout;

	ret_cap->offset = offset;
	ret_cap->count = 0;
	ret_cap->id = vb_load16(chain, offset);
	ret_cap->version = vb_load16(chain, offset + 2);
	layout = vb_layout_of(chain->kind, ret_cap->id);
	ret_cap->layout = ret_cap->version < layout->newest ? ret_cap->version : layout->newest;
}

/* The bytes of the fixed part of a decoded capability. */
static inline vb_u32 vb_bytes(const struct vb_chain *chain, const struct vb_cap *cap)
{
	const struct vb_layout *const layout = vb_layout_of(chain->kind, cap->id);

	/* Whatever a caller says, the index is inside. */
	return layout->bytes[(cap->layout - 1u) & (VB_VERSIONS_MAX - 1)];
}

/* Checks the payload of @cap and fills its count. */
static inline enum vb_status vb_payload(const struct vb_chain *chain, struct vb_cap *cap)
{
	const vb_u32 element = vb_layout_of(chain->kind, cap->id)->element;
	const vb_u64 start = cap->offset;
	enum vb_status status;
	vb_u64 end;

	if (cap->layout == 0)
		return VB_OK;
	if (element) {
		/* The count field is in the reply before it is read. */
		status = vb_reach(chain, start + 12, VB_PAYLOAD_OOB);
		if (status != VB_OK)
			return status;
		cap->count = vb_load32(chain, cap->offset + 8);
	}
	/* The fixed part and every element are in the reply; 64 bits hold any count. */
	end = start + vb_bytes(chain, cap) + (vb_u64)cap->count * element;
	return vb_reach(chain, end, end >> 32 ? VB_COUNT_OVERFLOW : VB_PAYLOAD_OOB);
}

/* Checks the capability that @from (0: cap_offset) says is at @offset. */
static inline enum vb_status vb_check(const struct vb_chain *chain, vb_u32 offset, vb_u32 from)
{
	enum vb_status status = from ? VB_NEXT_OOB : VB_OFFSET_OOB;
	struct vb_cap cap;

	/* No capability starts inside the fixed struct. */
	if (offset < vb_fixed_of(chain->kind)->end)
		return VB_INTO_HEADER;
	if (offset < chain->bound)
		status = VB_HEADER_STRADDLE;
	/* The 8 header bytes are in the reply before they are read. */
	status = vb_reach(chain, (vb_u64)offset + 8, status);
	if (status != VB_OK)
		return status;
	vb_header(chain, offset, &cap);
	return vb_payload(chain, &cap);
}

enum { VB_PHASE_CHECK, VB_PHASE_LEAD, VB_PHASE_MEET, VB_PHASE_DONE };

static inline int vb_stop(struct vb_chain *chain, enum vb_status status)
{
	chain->status = status;
	chain->phase = VB_PHASE_DONE;
	chain->cursor = chain->first;
	chain->left = chain->count;
	return 1;
}

/*
 * One step of the reading; 1 when it has ended, 0 to be called again. Loops are found without
 * memory (R. P. Brent, 1980): @at runs ahead, @slow jumps to it every power of two steps, and
 * meeting it again gives the loop's length. Two pointers that far apart then meet where the loop
 * closes, which is the first offset to come up twice: the same point that a set of visited offsets
 * would name.
 *
 * A reading that is stopped half-way has found no valid chain: until this has returned 1, status is
 * VB_LOOP, vb_next() and vb_find() deliver nothing, vb_rewind() changes nothing, and count, at and
 * from say nothing. It may be taken up again at any time.
 */
static inline int vb_step(struct vb_chain *chain)
{
	enum vb_status status;

	switch (chain->phase) {
	case VB_PHASE_CHECK:
		if (chain->at == 0)
			return vb_stop(chain, VB_OK);
		if (chain->at == chain->slow) {
			chain->phase = VB_PHASE_LEAD;
			chain->count = chain->lap;
			chain->at = chain->slow = chain->first;
			return 0;
		}
		status = vb_check(chain, chain->at, chain->from);
		if (status != VB_OK)
			return vb_stop(chain, status);
		chain->count++;
		if (chain->lap == chain->laps) {
			chain->slow = chain->at;
			chain->laps *= 2;
			chain->lap = 0;
		}
		chain->lap++;
		break;
	case VB_PHASE_LEAD:
		if (chain->lap-- == 0) {
			chain->phase = VB_PHASE_MEET;
			return 0;
		}
		break;
	case VB_PHASE_MEET:
		if (chain->at == chain->slow)
			return vb_stop(chain, VB_LOOP);
		chain->slow = vb_load32(chain, chain->slow + 4);
		chain->count++;
		break;
	default:
		return 1;
	}
	chain->from = chain->at;
	chain->at = vb_load32(chain, chain->at + 4);
	return 0;
}

/*
 * Reads the fixed struct: 1 when that already gave the verdict, 0 when vb_step() has to. Most
 * callers want vb_begin().
 */
static inline int vb_start(struct vb_chain *chain, const void *info, __SIZE_TYPE__ len,
			   enum vb_kind kind)
{
	const struct vb_fixed *const fixed = vb_fixed_of(kind);
	enum vb_status missing = VB_ABSENT;

	chain->info = info;
	chain->argsz = chain->bound = chain->count = 0;
	chain->at = chain->from = chain->first = chain->slow = 0;
	/* Of a reading that is stopped half-way; see vb_step(). */
	chain->status = VB_LOOP;
	chain->cursor = chain->left = 0;
	chain->kind = kind;
	chain->phase = VB_PHASE_CHECK;
	chain->lap = chain->laps = 1;
	/* What the kernel always fills is there before it is read. */
	if (len < fixed->minsz)
		return vb_stop(chain, VB_SHORT_BUFFER);
	chain->argsz = vb_load32(chain, 0);
	chain->bound = chain->argsz < len ? chain->argsz : (vb_u32)len;
	if (chain->argsz < fixed->minsz)
		return vb_stop(chain, VB_SHORT_ARGSZ);
	/* A reply that did not fit may not say where its chain is, and yet have one. */
	if (chain->argsz > len)
		missing = VB_TRUNCATED;
	/* Without the flag, cap_offset is whatever the caller left there. */
	if (!(vb_load32(chain, 4) & fixed->caps_flag))
		return vb_stop(chain, missing);
	/* cap_offset is in the reply before it is read. */
	if (chain->bound < fixed->cap_offset + 4)
		return vb_stop(chain, missing == VB_TRUNCATED ? missing : VB_SHORT_ARGSZ);
	chain->at = chain->first = vb_load32(chain, fixed->cap_offset);
	if (chain->first == 0)
		return vb_stop(chain, missing);
	return 0;
}

/**
 * vb_begin - read a whole reply and say what it is
 * @chain: filled in
 * @info: the reply, private to the caller until the last call on @chain
 * @len: bytes the caller owns at @info, as it passed them in argsz
 * @kind: which ioctl answered
 *
 * Returns the verdict, also kept in chain->status. On every verdict vb_next() delivers the
 * capabilities that stand before the point where the reading ended.
 */
static inline enum vb_status vb_begin(struct vb_chain *chain, const void *info, __SIZE_TYPE__ len,
				      enum vb_kind kind)
{
	int ended = vb_start(chain, info, len, kind);

	while (!ended)
		ended = vb_step(chain);
	return chain->status;
}

/* Makes vb_next() start over. */
static inline void vb_rewind(struct vb_chain *chain)
{
	/* The reading has ended: until then count may pass what a chain has, or lag behind. */
	if (chain->phase != VB_PHASE_DONE)
		return;
	chain->cursor = chain->first;
	chain->left = chain->count;
}

/* Delivers the next capability in chain order, each once: 1 and @ret_cap, or 0 after the last. */
static inline int vb_next(struct vb_chain *chain, struct vb_cap *ret_cap)
{
	if (chain->left == 0)
		return 0;
	chain->left--;
	vb_header(chain, chain->cursor, ret_cap);
	if (ret_cap->layout && vb_layout_of(chain->kind, ret_cap->id)->element)
		ret_cap->count = vb_load32(chain, chain->cursor + 8);
	chain->cursor = vb_load32(chain, chain->cursor + 4);
	return 1;
}

/*
 * Looks up the first capability with @id: 1 and @ret_cap, or 0 with @ret_cap untouched. Leaves
 * vb_next() where it was. Says nothing about the chain: 0 means absent only where chain->status is
 * VB_OK or VB_ABSENT.
 */
static inline int vb_find(const struct vb_chain *chain, vb_u16 id, struct vb_cap *ret_cap)
{
	struct vb_chain own = *chain;
	struct vb_cap cap;

	vb_rewind(&own);
	while (vb_next(&own, &cap))
		if (cap.id == id) {
			*ret_cap = cap;
			return 1;
		}
	return 0;
}

/*
 * Payloads. @cap comes from vb_next() or vb_find() on the same @chain. Each call returns 1 and
 * fills its result, or 0 where @cap is another capability, is not decoded, or has no such element;
 * the result is then untouched.
 */
static inline int vb_is(const struct vb_chain *chain, const struct vb_cap *cap, enum vb_kind kind,
			vb_u16 id)
{
	return (chain->kind == kind) & (cap->id == id) & (cap->layout != 0);
}

/* An area of a region that may be mapped, in bytes from the region's start. */
struct vb_area {
	vb_u64 offset;
	vb_u64 size;
};

static inline int vb_get_area(const struct vb_chain *chain, const struct vb_cap *cap, vb_u32 i,
			      struct vb_area *ret_area)
{
	if (!vb_is(chain, cap, VB_REGION, VB_SPARSE_MMAP) || i >= cap->count)
		return 0;
	ret_area->offset = VB_LOAD(chain, cap->offset + 16 + 16 * i, 8);
	ret_area->size = VB_LOAD(chain, cap->offset + 24 + 16 * i, 8);
	return 1;
}

/* Whether the whole area lies inside a region of @region_size bytes. */
static inline int vb_area_inside(const struct vb_area *area, vb_u64 region_size)
{
	return area->size <= region_size && area->offset <= region_size - area->size;
}

/* A range of usable IO virtual addresses; end is its last byte. */
struct vb_range {
	vb_u64 start;
	vb_u64 end;
};

static inline int vb_get_range(const struct vb_chain *chain, const struct vb_cap *cap, vb_u32 i,
			       struct vb_range *ret_range)
{
	if (!vb_is(chain, cap, VB_IOMMU, VB_IOVA_RANGE) || i >= cap->count)
		return 0;
	ret_range->start = VB_LOAD(chain, cap->offset + 16 + 16 * i, 8);
	ret_range->end = VB_LOAD(chain, cap->offset + 24 + 16 * i, 8);
	return 1;
}

/* What a device-specific region is. */
struct vb_type {
	vb_u32 type;
	vb_u32 subtype;
};

static inline int vb_get_type(const struct vb_chain *chain, const struct vb_cap *cap,
			      struct vb_type *ret_type)
{
	if (!vb_is(chain, cap, VB_REGION, VB_TYPE))
		return 0;
	ret_type->type = vb_load32(chain, cap->offset + 8);
	ret_type->subtype = vb_load32(chain, cap->offset + 12);
	return 1;
}

/* NVLINK2_SSATGT: the address of the target. */
static inline int vb_get_nvlink2_tgt(const struct vb_chain *chain, const struct vb_cap *cap,
				     vb_u64 *ret_tgt)
{
	if (!vb_is(chain, cap, VB_REGION, VB_NVLINK2_SSATGT))
		return 0;
	*ret_tgt = VB_LOAD(chain, cap->offset + 8, 8);
	return 1;
}

/* NVLINK2_LNKSPD: the link speed's encoding. */
static inline int vb_get_nvlink2_speed(const struct vb_chain *chain, const struct vb_cap *cap,
				       vb_u32 *ret_speed)
{
	if (!vb_is(chain, cap, VB_REGION, VB_NVLINK2_LNKSPD))
		return 0;
	*ret_speed = vb_load32(chain, cap->offset + 8);
	return 1;
}

/* Dirty page tracking of a container: page sizes as a bitmap, largest bitmap in bytes. */
struct vb_migration {
	vb_u32 flags;
	vb_u64 pgsize_bitmap;
	vb_u64 max_dirty_bitmap_size;
};

static inline int vb_get_migration(const struct vb_chain *chain, const struct vb_cap *cap,
				   struct vb_migration *ret_migration)
{
	if (!vb_is(chain, cap, VB_IOMMU, VB_MIGRATION))
		return 0;
	ret_migration->flags = vb_load32(chain, cap->offset + 8);
	ret_migration->pgsize_bitmap = VB_LOAD(chain, cap->offset + 16, 8);
	ret_migration->max_dirty_bitmap_size = VB_LOAD(chain, cap->offset + 24, 8);
	return 1;
}

/* How many more DMA mappings the container takes. */
static inline int vb_get_dma_avail(const struct vb_chain *chain, const struct vb_cap *cap,
				   vb_u32 *ret_avail)
{
	if (!vb_is(chain, cap, VB_IOMMU, VB_DMA_AVAIL))
		return 0;
	*ret_avail = vb_load32(chain, cap->offset + 8);
	return 1;
}

/* Atomic operations that the device's root port completes, as flags. */
static inline int vb_get_atomic(const struct vb_chain *chain, const struct vb_cap *cap,
				vb_u32 *ret_flags)
{
	if (!vb_is(chain, cap, VB_DEVICE, VB_PCI_ATOMIC_COMP))
		return 0;
	*ret_flags = vb_load32(chain, cap->offset + 8);
	return 1;
}

/* zPCI function; fh is 0 before version 2, ccdf_err_length before version 3. */
struct vb_zpci_base {
	vb_u64 start_dma;
	vb_u64 end_dma;
	vb_u16 pchid;
	vb_u16 vfn;
	vb_u16 fmb_length;
	vb_u8 pft;
	vb_u8 gid;
	vb_u32 fh;
	vb_u32 ccdf_err_length;
};

static inline int vb_get_zpci_base(const struct vb_chain *chain, const struct vb_cap *cap,
				   struct vb_zpci_base *ret_base)
{
	if (!vb_is(chain, cap, VB_DEVICE, VB_ZPCI_BASE))
		return 0;
	ret_base->start_dma = VB_LOAD(chain, cap->offset + 8, 8);
	ret_base->end_dma = VB_LOAD(chain, cap->offset + 16, 8);
	ret_base->pchid = vb_load16(chain, cap->offset + 24);
	ret_base->vfn = vb_load16(chain, cap->offset + 26);
	ret_base->fmb_length = vb_load16(chain, cap->offset + 28);
	ret_base->pft = (vb_u8)VB_LOAD(chain, cap->offset + 30, 1);
	ret_base->gid = (vb_u8)VB_LOAD(chain, cap->offset + 31, 1);
	ret_base->fh = cap->layout >= 2 ? vb_load32(chain, cap->offset + 32) : 0;
	ret_base->ccdf_err_length = cap->layout >= 3 ? vb_load32(chain, cap->offset + 36) : 0;
	return 1;
}

/* zPCI function group; imaxstbl is 0 before version 2. */
struct vb_zpci_group {
	vb_u64 dasm;
	vb_u64 msi_addr;
	vb_u64 flags;
	vb_u16 mui;
	vb_u16 noi;
	vb_u16 maxstbl;
	vb_u8 version;
	vb_u16 imaxstbl;
};

static inline int vb_get_zpci_group(const struct vb_chain *chain, const struct vb_cap *cap,
				    struct vb_zpci_group *ret_group)
{
	if (!vb_is(chain, cap, VB_DEVICE, VB_ZPCI_GROUP))
		return 0;
	ret_group->dasm = VB_LOAD(chain, cap->offset + 8, 8);
	ret_group->msi_addr = VB_LOAD(chain, cap->offset + 16, 8);
	ret_group->flags = VB_LOAD(chain, cap->offset + 24, 8);
	ret_group->mui = vb_load16(chain, cap->offset + 32);
	ret_group->noi = vb_load16(chain, cap->offset + 34);
	ret_group->maxstbl = vb_load16(chain, cap->offset + 36);
	ret_group->version = (vb_u8)VB_LOAD(chain, cap->offset + 38, 1);
	ret_group->imaxstbl = cap->layout >= 2 ? vb_load16(chain, cap->offset + 40) : 0;
	return 1;
}

/* Byte @i of a zPCI utility string (EBCDIC, no terminator) or function path. */
static inline int vb_get_zpci_byte(const struct vb_chain *chain, const struct vb_cap *cap, vb_u32 i,
				   vb_u8 *ret_byte)
{
	if (!vb_is(chain, cap, VB_DEVICE, VB_ZPCI_UTIL) &&
	    !vb_is(chain, cap, VB_DEVICE, VB_ZPCI_PFIP))
		return 0;
	if (i >= cap->count)
		return 0;
	*ret_byte = (vb_u8)VB_LOAD(chain, cap->offset + 12 + i, 1);
	return 1;
}

/* A status in the words of this project's reports: "ok", "loop", "payload-oob"; "unknown" where it is none. */
static inline const char *vb_name(enum vb_status status)
{
	static const char *const names[] = {
		"ok",		"absent",	  "truncated",
		"short-buffer", "short-argsz",	  "into-header",
		"offset-oob",	"next-oob",	  "header-straddle",
		"loop",		"count-overflow", "payload-oob",
	};

	return (unsigned int)status <= VB_PAYLOAD_OOB ? names[status] : "unknown";
}

#endif
