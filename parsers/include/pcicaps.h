/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright (c) 2026 the capchain authors */
/*
 * pcicaps.h - read PCI and PCI Express capability lists without trusting a byte of them.
 *
 * Configuration space holds a list of capabilities, and that of an Express function a second one,
 * the extended list, from 0x100 on. This one file reads both: copy it into your tree and include
 * it. It needs no other header, no libc, no allocation, no recursion and no alignment; it loads
 * nothing outside len, ends on every input, takes each offset once, and costs one pass for
 * pc_begin() and one for the walk.
 *
 *	struct pc_list list;
 *	struct pc_cap cap;
 *	struct pc_msix msix;
 *
 *	switch (pc_begin(&list, space, len, PC_CONVENTIONAL)) {
 *	case PC_OK:		break;				(a whole, valid list)
 *	case PC_ABSENT:		return no_capabilities();
 *	case PC_TRUNCATED:	return read_more(list.size);	(len has not all that the list needs)
 *	default:		return bad_space(pc_name(list.status), list.at, list.from);
 *	}
 *	while (pc_next(&list, &cap))
 *		if (cap.id == PC_MSIX && pc_get_msix(&list, &cap, &msix))
 *			map_vectors(msix.bar, msix.table, msix.vectors);
 *
 * Links are masked: their low two bits are reserved. A function that answers nothing (all ones) has
 * no list. An id of 0 is an entry, the Null capability, and not an end. A header of 0 ends an
 * extended list; one of all ones is what a failed read gives, PC_ALL_ONES, or where it is the first
 * of an extended list no list. Whether a function has the second 3840 bytes at all, no byte of them
 * says: pc_is_express() looks for what opens them, and a space of 256 bytes has none.
 *
 * The bytes must be the reader's own, and stay as they are from pc_begin() to the last call: read
 * the registers of a device into a buffer first. Multi-byte fields are little-endian in every space,
 * and are given in host order, on any machine.
 *
 * Version: PC_VERSION is 0xMMmmpp. Within one major number these stay as they are: names, the struct
 * members described here, and the verdict for every space of known capabilities. A minor number may
 * add names and known ids: a capability that is known has to fit its space.
 *
 *	1.0	the first
 */
#ifndef PCI_CAPS_H
#define PCI_CAPS_H

#define PC_VERSION 0x010000

typedef __UINT8_TYPE__ pc_u8;
typedef __UINT16_TYPE__ pc_u16;
typedef __UINT32_TYPE__ pc_u32;
typedef __UINT64_TYPE__ pc_u64;

/* Which list: that of the first 256 bytes, or that of the rest of 4096. */
enum pc_kind { PC_CONVENTIONAL, PC_EXTENDED };

/* What pc_begin() says. From PC_SHORT_BUFFER on the space breaks a rule. */
enum pc_status {
	PC_OK,		 /* the list is whole and valid, and has at least one capability */
	PC_ABSENT,	 /* there is no list */
	PC_TRUNCATED,	 /* it goes on past len: read list.size bytes */
	PC_SHORT_BUFFER, /* len is below the 64 bytes of a header */
	PC_INTO_HEADER,	 /* a link points below the place where capabilities begin */
	PC_LOOP,	 /* a next comes back to a capability of this list */
	PC_PAYLOAD_OOB,	 /* a known capability ends past the space */
	PC_ALL_ONES,	 /* a header is what a read that failed gives */
};

/* Ids of the conventional list that are known. */
enum {
	PC_PM = 0x01,
	PC_VPD = 0x03,
	PC_SLOTID = 0x04,
	PC_MSI = 0x05,
	PC_PCIX = 0x07,
	PC_HT = 0x08,
	PC_VENDOR = 0x09,
	PC_SHPC = 0x0c,
	PC_SSVID = 0x0d,
	PC_EXPRESS = 0x10,
	PC_MSIX = 0x11,
	PC_SATA = 0x12,
	PC_AF = 0x13,
	PC_EA = 0x14,
};

/* Ids of the extended list that are known. */
enum {
	PC_AER = 0x01,
	PC_DSN = 0x03,
	PC_VSEC = 0x0b,
	PC_ACS = 0x0d,
	PC_ARI = 0x0e,
	PC_ATS = 0x0f,
	PC_SRIOV = 0x10,
	PC_REBAR = 0x15,
	PC_LTR = 0x18,
	PC_PASID = 0x1b,
	PC_DVSEC = 0x23,
	PC_DOE = 0x2e,
};

/* Bytes of a space, of its header, and of what conventional PCI has. */
enum { PC_SIZE = 4096, PC_CONVENTIONAL_SIZE = 256, PC_HEADER_SIZE = 64 };

/**
 * struct pc_list - one reading of one list
 * @space: the bytes
 * @size: how many the space has: 256 or 4096; 0 in a short buffer
 * @bound: the lower of that and len: the bytes that may be used
 * @at: where @status is not PC_OK or PC_ABSENT: the offset that could not be read
 * @from: the capability whose next is @at, 0 where it is the first
 * @status: the verdict
 * @kind: as given to pc_begin()
 *
 * Members not described here belong to this file.
 */
struct pc_list {
	const void *space;
	pc_u32 size;
	pc_u32 bound;
	pc_u32 at;
	pc_u32 from;
	enum pc_status status;
	enum pc_kind kind;
	pc_u32 first;
	pc_u32 cursor;
	pc_u64 seen[PC_SIZE / 4 / 64];
};

/**
 * struct pc_cap - one capability
 * @offset: of its header, from the start of the space
 * @next: the offset of the one behind it, masked; 0: the last
 * @id: known or not
 * @version: of an extended one what its header says; else 1
 */
struct pc_cap {
	pc_u32 offset;
	pc_u32 next;
	pc_u16 id;
	pc_u16 version;
};

/*
 * @size (1, 2, 4) bytes at @offset, which lie inside the bound, least first. Define PC_LOAD(list, offset, size)
 * before the include to read from somewhere else.
 */
#ifndef PC_LOAD
#define PC_LOAD pc_load
static inline pc_u32 pc_load(const struct pc_list *list, pc_u32 offset, pc_u32 size)
{
	const volatile pc_u8 *const at = (const volatile pc_u8 *)list->space + offset;
	pc_u32 value = 0, i;

	for (i = 0; i < size; i++)
		value |= (pc_u32)at[i] << 8 * i;
	return value;
}
#endif

/* The name of a status, as messages have it. */
static inline const char *pc_name(enum pc_status status)
{
	switch (status) {
	case PC_OK:
		return "ok";
	case PC_ABSENT:
		return "absent";
	case PC_TRUNCATED:
		return "truncated";
	case PC_SHORT_BUFFER:
		return "short-buffer";
	case PC_INTO_HEADER:
		return "into-header";
	case PC_LOOP:
		return "loop";
	case PC_PAYLOAD_OOB:
		return "payload-oob";
	case PC_ALL_ONES:
		return "all-ones";
	}
	return "unknown";
}

/* Bytes that every version of a known capability has, header included; 0 of one that is not known. */
static inline pc_u32 pc_least(enum pc_kind kind, pc_u32 id)
{
	if (kind == PC_CONVENTIONAL) {
		switch (id) {
		case PC_VENDOR:
		case PC_SHPC:
		case PC_EA:
			return 3;
		case PC_SLOTID:
		case PC_MSI:
		case PC_HT:
			return 4;
		case PC_AF:
			return 6;
		case PC_PM:
		case PC_VPD:
		case PC_PCIX:
		case PC_SSVID:
		case PC_SATA:
			return 8;
		case PC_EXPRESS:
		case PC_MSIX:
			return 12;
		}
		return 0;
	}
	switch (id) {
	case PC_VSEC:
	case PC_ACS:
	case PC_ARI:
	case PC_ATS:
	case PC_LTR:
	case PC_PASID:
	case PC_DOE:
		return 8;
	case PC_DVSEC:
		return 10;
	case PC_DSN:
	case PC_REBAR:
		return 12;
	case PC_AER:
		return 0x2c;
	case PC_SRIOV:
		return 0x40;
	}
	return 0;
}

/* The capability at @offset, whose header lies inside the bound. */
static inline struct pc_cap pc_header(const struct pc_list *list, pc_u32 offset)
{
	struct pc_cap cap;
	pc_u32 word;

	cap.offset = offset;
	if (list->kind == PC_CONVENTIONAL) {
		word = PC_LOAD(list, offset, 2);
		cap.id = (pc_u16)(word & 0xff);
		cap.version = 1;
		cap.next = word >> 8 & 0xfc;
		return cap;
	}
	word = PC_LOAD(list, offset, 4);
	cap.id = (pc_u16)(word & 0xffff);
	cap.version = (pc_u16)(word >> 16 & 0xf);
	cap.next = word >> 20 & 0xffc;
	return cap;
}

static inline enum pc_status pc_stop(struct pc_list *list, enum pc_status status, pc_u32 at,
				     pc_u32 from)
{
	list->status = status;
	list->at = at;
	list->from = from;
	return status;
}

/* Whether the header that @cap was made of is one of 0, or of all ones. */
static inline int pc_is_zero(const struct pc_list *list, const struct pc_cap *cap)
{
	return list->kind == PC_EXTENDED && !cap->id && !PC_LOAD(list, cap->offset, 4);
}

static inline int pc_is_ones(const struct pc_list *list, const struct pc_cap *cap)
{
	if (list->kind == PC_CONVENTIONAL)
		return cap->id == 0xff;
	return cap->id == 0xffff && PC_LOAD(list, cap->offset, 4) == 0xffffffff;
}

/* The first offset; 0 where there is no list. The header's 64 bytes lie inside the bound. */
static inline pc_u32 pc_first(const struct pc_list *list)
{
	/* Nothing answers: a virtual function's vendor alone reads so too. */
	if (PC_LOAD(list, 0, 4) == 0xffffffff && PC_LOAD(list, 6, 2) == 0xffff &&
	    PC_LOAD(list, 14, 1) == 0xff)
		return 0;
	if (list->kind == PC_EXTENDED)
		return list->size == PC_SIZE ? PC_CONVENTIONAL_SIZE : 0;
	/* Bit 4 of the status. */
	if (!(PC_LOAD(list, 6, 2) & 0x10))
		return 0;
	/* The header of a CardBus bridge has it elsewhere. */
	return PC_LOAD(list, (PC_LOAD(list, 14, 1) & 0x7f) == 2 ? 0x14 : 0x34, 1) & 0xfc;
}

/* Follows the list to its end, so that what pc_next() gives is of a whole one. */
static inline enum pc_status pc_check(struct pc_list *list)
{
	const pc_u32 least = list->kind == PC_CONVENTIONAL ? PC_HEADER_SIZE : PC_CONVENTIONAL_SIZE;
	const pc_u32 header = list->kind == PC_CONVENTIONAL ? 2 : 4;
	pc_u32 at = list->first, from = 0, size;
	struct pc_cap cap;

	while (at) {
		/* Nothing stands in the header, nor an extended one in the first 256 bytes. */
		if (at < least)
			return pc_stop(list, PC_INTO_HEADER, at, from);
		/* Links are below the space's size and multiples of 4, so only len can end it. */
		if (at + header > list->bound)
			return pc_stop(list, PC_TRUNCATED, at, from);
		/* Each offset once. */
		if (list->seen[at / 256] >> at / 4 % 64 & 1)
			return pc_stop(list, PC_LOOP, at, from);
		list->seen[at / 256] |= (pc_u64)1 << at / 4 % 64;
		cap = pc_header(list, at);
		if (pc_is_zero(list, &cap))
			break;
		if (pc_is_ones(list, &cap)) {
			if (!from && list->kind == PC_EXTENDED)
				break;
			return pc_stop(list, PC_ALL_ONES, at, from);
		}
		size = cap.version ? pc_least(list->kind, cap.id) : 0;
		/* What every version has is inside the space, and of it inside len. */
		if (at + size > list->bound)
			return pc_stop(list, at + size > list->size ? PC_PAYLOAD_OOB : PC_TRUNCATED,
				       at, from);
		from = at;
		at = cap.next;
	}
	return pc_stop(list, from ? PC_OK : PC_ABSENT, 0, 0);
}

/*
 * Begins to read the list of @kind in @len bytes (0 and more) at @space: the whole of a
 * configuration space, or its first bytes. The verdict is list->status too.
 */
static inline enum pc_status pc_begin(struct pc_list *list, const void *space, pc_u32 len,
				      enum pc_kind kind)
{
	pc_u32 i;

	list->space = space;
	list->kind = kind;
	list->size = 0;
	list->bound = 0;
	list->first = 0;
	list->cursor = 0;
	for (i = 0; i < sizeof(list->seen) / sizeof(list->seen[0]); i++)
		list->seen[i] = 0;
	/* The header is there. */
	if (len < PC_HEADER_SIZE)
		return pc_stop(list, PC_SHORT_BUFFER, 0, 0);
	list->size = kind == PC_CONVENTIONAL || len == PC_CONVENTIONAL_SIZE ? PC_CONVENTIONAL_SIZE
									    : PC_SIZE;
	list->bound = len < list->size ? len : list->size;
	list->first = pc_first(list);
	if (pc_check(list) == PC_OK)
		list->cursor = list->first;
	return list->status;
}

/* The next capability of a list that is PC_OK; 0 at its end, and of every other list. */
static inline int pc_next(struct pc_list *list, struct pc_cap *cap)
{
	if (!list->cursor)
		return 0;
	*cap = pc_header(list, list->cursor);
	/* The list is PC_OK: a header of 0 is its end. */
	if (pc_is_zero(list, cap)) {
		list->cursor = 0;
		return 0;
	}
	list->cursor = cap->next;
	return 1;
}

/* Begins with the first again. */
static inline void pc_again(struct pc_list *list)
{
	list->cursor = list->status == PC_OK ? list->first : 0;
}

/* The first capability of @id, from the start of a list; 0 where there is none. Moves pc_next(). */
static inline int pc_find(struct pc_list *list, pc_u16 id, struct pc_cap *cap)
{
	pc_again(list);
	while (pc_next(list, cap))
		if (cap->id == id)
			return 1;
	return 0;
}

/* Whether an Express capability opens the extended list of @len bytes at @space. */
static inline int pc_is_express(const void *space, pc_u32 len)
{
	struct pc_list list;
	struct pc_cap cap;

	return pc_begin(&list, space, len, PC_CONVENTIONAL) == PC_OK &&
	       pc_find(&list, PC_EXPRESS, &cap);
}

/*
 * @size (1, 2 or 4) bytes @at bytes into a capability, in host order. Returns 0, and gives 0, where
 * they do not lie inside the bound.
 */
static inline int pc_read(const struct pc_list *list, const struct pc_cap *cap, pc_u32 at,
			  pc_u32 size, pc_u32 *value)
{
	*value = 0;
	/* Neither sum wraps: an offset is below 4096. */
	if (cap->offset >= list->bound || at > list->bound - cap->offset ||
	    size > list->bound - cap->offset - at)
		return 0;
	*value = PC_LOAD(list, cap->offset + at, size);
	return 1;
}

/* Whether @size bytes of a capability of @id, of a list of @kind, can be loaded. */
static inline int pc_holds(const struct pc_list *list, const struct pc_cap *cap, enum pc_kind kind,
			   pc_u16 id, pc_u32 size)
{
	return list->kind == kind && cap->id == id && cap->version && cap->offset < list->bound &&
	       size <= list->bound - cap->offset;
}

/**
 * struct pc_msi - message signalled interrupts
 * @control: the register
 * @size: bytes of the capability: 10, 14, 20 or 24
 * @vectors: how many the function asks for: a power of two, up to 32
 * @is_64, @masks: the address has 64 bits; the function masks each vector
 */
struct pc_msi {
	pc_u16 control;
	pc_u32 size;
	pc_u32 vectors;
	pc_u8 is_64;
	pc_u8 masks;
	pc_u64 address;
	pc_u16 data;
	pc_u32 mask;
	pc_u32 pending;
};

/* Fills @msi; 0 where @cap is none, or is not whole. */
static inline int pc_get_msi(const struct pc_list *list, const struct pc_cap *cap,
			     struct pc_msi *msi)
{
	const pc_u32 at = cap->offset;
	pc_u32 wide;

	if (!pc_holds(list, cap, PC_CONVENTIONAL, PC_MSI, 4))
		return 0;
	msi->control = (pc_u16)PC_LOAD(list, at + 2, 2);
	msi->is_64 = msi->control >> 7 & 1;
	msi->masks = msi->control >> 8 & 1;
	wide = msi->is_64 ? 4 : 0;
	msi->size = 10 + wide + (msi->masks ? 10 : 0);
	/* Codes above 5 are reserved. */
	if ((msi->control >> 1 & 7) > 5 || !pc_holds(list, cap, PC_CONVENTIONAL, PC_MSI, msi->size))
		return 0;
	msi->vectors = 1u << (msi->control >> 1 & 7);
	msi->address = PC_LOAD(list, at + 4, 4);
	if (wide)
		msi->address |= (pc_u64)PC_LOAD(list, at + 8, 4) << 32;
	msi->data = (pc_u16)PC_LOAD(list, at + 8 + wide, 2);
	msi->mask = msi->masks ? PC_LOAD(list, at + 12 + wide, 4) : 0;
	msi->pending = msi->masks ? PC_LOAD(list, at + 16 + wide, 4) : 0;
	return 1;
}

/**
 * struct pc_msix - the same by a table
 * @vectors: entries of the table, 1 to 2048
 * @bar, @table: where the table stands; @pending_bar, @pending: its pending bits
 *
 * Whether they lie inside their BARs the caller has to see.
 */
struct pc_msix {
	pc_u16 control;
	pc_u32 vectors;
	pc_u32 bar;
	pc_u32 table;
	pc_u32 pending_bar;
	pc_u32 pending;
};

/* Fills @msix; 0 where @cap is none, or names a BAR that no function has. */
static inline int pc_get_msix(const struct pc_list *list, const struct pc_cap *cap,
			      struct pc_msix *msix)
{
	pc_u32 table, pending;

	if (!pc_holds(list, cap, PC_CONVENTIONAL, PC_MSIX, 12))
		return 0;
	msix->control = (pc_u16)PC_LOAD(list, cap->offset + 2, 2);
	table = PC_LOAD(list, cap->offset + 4, 4);
	pending = PC_LOAD(list, cap->offset + 8, 4);
	msix->vectors = (msix->control & 0x7ffu) + 1;
	msix->bar = table & 7;
	msix->table = table & ~7u;
	msix->pending_bar = pending & 7;
	msix->pending = pending & ~7u;
	return msix->bar < 6 && msix->pending_bar < 6;
}

/**
 * struct pc_express - PCI Express
 * @version, @type: of the capability; the type of a port or an endpoint
 * @has_link: what stands from @link_abilities on is there
 */
struct pc_express {
	pc_u16 flags;
	pc_u32 version;
	pc_u32 type;
	pc_u32 abilities;
	pc_u16 control;
	pc_u16 status;
	pc_u8 has_link;
	pc_u32 link_abilities;
	pc_u16 link_control;
	pc_u16 link_status;
};

/* Fills @express; 0 where @cap is none. */
static inline int pc_get_express(const struct pc_list *list, const struct pc_cap *cap,
				 struct pc_express *express)
{
	const pc_u32 at = cap->offset;

	if (!pc_holds(list, cap, PC_CONVENTIONAL, PC_EXPRESS, 12))
		return 0;
	express->flags = (pc_u16)PC_LOAD(list, at + 2, 2);
	express->version = express->flags & 0xfu;
	express->type = express->flags >> 4 & 0xfu;
	express->abilities = PC_LOAD(list, at + 4, 4);
	express->control = (pc_u16)PC_LOAD(list, at + 8, 2);
	express->status = (pc_u16)PC_LOAD(list, at + 10, 2);
	/* An integrated endpoint (9) of version 1 ends before the link. */
	express->has_link = (express->version > 1 || express->type != 9) &&
			    pc_holds(list, cap, PC_CONVENTIONAL, PC_EXPRESS, 20);
	express->link_abilities = express->has_link ? PC_LOAD(list, at + 12, 4) : 0;
	express->link_control = express->has_link ? (pc_u16)PC_LOAD(list, at + 16, 2) : 0;
	express->link_status = express->has_link ? (pc_u16)PC_LOAD(list, at + 18, 2) : 0;
	return 1;
}

/**
 * struct pc_vendor - a vendor's own
 * @vendor, @vendor_id, @revision: of an extended one its id, and of PC_DVSEC whose; else 0
 * @at, @size: the bytes behind what is the same of all, from the start of the capability: for
 *	pc_read(), all inside the bound
 */
struct pc_vendor {
	pc_u32 vendor;
	pc_u32 vendor_id;
	pc_u32 revision;
	pc_u32 at;
	pc_u32 size;
};

/* Fills @vendor; 0 where @cap is none, is shorter than its own header or longer than the space. */
static inline int pc_get_vendor(const struct pc_list *list, const struct pc_cap *cap,
				struct pc_vendor *vendor)
{
	pc_u32 word, length;

	vendor->vendor = vendor->vendor_id = vendor->revision = 0;
	if (pc_holds(list, cap, PC_CONVENTIONAL, PC_VENDOR, 3)) {
		length = PC_LOAD(list, cap->offset + 2, 1);
		vendor->at = 3;
	} else if (pc_holds(list, cap, PC_EXTENDED, PC_VSEC, 8)) {
		word = PC_LOAD(list, cap->offset + 4, 4);
		vendor->vendor_id = word & 0xffff;
		vendor->revision = word >> 16 & 0xf;
		length = word >> 20;
		vendor->at = 8;
	} else if (pc_holds(list, cap, PC_EXTENDED, PC_DVSEC, 10)) {
		word = PC_LOAD(list, cap->offset + 4, 4);
		vendor->vendor = word & 0xffff;
		vendor->revision = word >> 16 & 0xf;
		vendor->vendor_id = PC_LOAD(list, cap->offset + 8, 2);
		length = word >> 20;
		vendor->at = 10;
	} else {
		return 0;
	}
	/* The length counts from the header, and ends inside the bound. */
	if (length < vendor->at || length > list->bound - cap->offset)
		return 0;
	vendor->size = length - vendor->at;
	return 1;
}

/* struct pc_sriov - virtual functions; the registers that tell which functions there are */
struct pc_sriov {
	pc_u32 abilities;
	pc_u16 control;
	pc_u16 initial_vfs;
	pc_u16 total_vfs;
	pc_u16 num_vfs;
	pc_u16 vf_offset;
	pc_u16 vf_stride;
	pc_u16 vf_device;
};

/* Fills @sriov; 0 where @cap is none, or has more functions than it says there can be. */
static inline int pc_get_sriov(const struct pc_list *list, const struct pc_cap *cap,
			       struct pc_sriov *sriov)
{
	const pc_u32 at = cap->offset;

	if (!pc_holds(list, cap, PC_EXTENDED, PC_SRIOV, 0x40))
		return 0;
	sriov->abilities = PC_LOAD(list, at + 0x04, 4);
	sriov->control = (pc_u16)PC_LOAD(list, at + 0x08, 2);
	sriov->initial_vfs = (pc_u16)PC_LOAD(list, at + 0x0c, 2);
	sriov->total_vfs = (pc_u16)PC_LOAD(list, at + 0x0e, 2);
	sriov->num_vfs = (pc_u16)PC_LOAD(list, at + 0x10, 2);
	sriov->vf_offset = (pc_u16)PC_LOAD(list, at + 0x14, 2);
	sriov->vf_stride = (pc_u16)PC_LOAD(list, at + 0x16, 2);
	sriov->vf_device = (pc_u16)PC_LOAD(list, at + 0x1a, 2);
	return sriov->num_vfs <= sriov->total_vfs;
}

#endif
