/* SPDX-License-Identifier: MIT */
/*
 * What the BPF program and the process that loads it share: the memory of one call. Fixed sizes, no
 * pointers, the same in both.
 */
#ifndef PARSERS_BPF_SHARED_H
#define PARSERS_BPF_SHARED_H

/*
 * Half of the memory is for BPF_SLOTS replies in slots of BPF_SLOT bytes, half for one that may
 * have all of it. A capability may begin at each byte.
 */
#define BPF_LONGEST 65536u
#define BPF_BYTES   (2 * BPF_LONGEST)
#define BPF_SLOTS   256u
#define BPF_SLOT    (BPF_LONGEST / BPF_SLOTS)

/* Which reply is the one alone, and where it stands. */
#define BPF_ALONE      BPF_SLOTS
#define BPF_ALONE_BASE BPF_LONGEST

/* One delivered capability, as struct vb_cap says it. */
struct bpf_cap {
	unsigned int offset;
	unsigned int count;
	unsigned short id;
	unsigned short version;
	unsigned short layout;
	unsigned short pad;
};

/*
 * One reply: where its @len bytes stand and of which kind they are (enum vb_kind); then what came
 * of it, as struct vb_chain says it. Its capabilities stand from @base on, as many as it has
 * @count. @touched has a bit for each four bytes that were read, of the first BPF_TOUCHED.
 */
#define BPF_TOUCHED 512u

struct bpf_reply {
	unsigned int base;
	unsigned int len;
	unsigned int kind;
	unsigned int status;
	unsigned int argsz;
	unsigned int bound;
	unsigned int count;
	unsigned int pad;
	unsigned long long touched[BPF_TOUCHED / 256];
};

#endif
