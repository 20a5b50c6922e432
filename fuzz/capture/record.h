/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs of capture send up for one INFO ioctl: this, then the caller's bytes as
 * they were before it and as they are after it, @sent bytes each.
 */
#ifndef FUZZ_CAPTURE_RECORD_H
#define FUZZ_CAPTURE_RECORD_H

/* linux/vfio.h's, which a BPF program has no use for; capture_load.c holds them to it. */
#define DEVICE_GET_INFO	       (NO_ARGUMENT | 0x3b6b)
#define DEVICE_GET_REGION_INFO (NO_ARGUMENT | 0x3b6c)
#define IOMMU_GET_INFO	       (NO_ARGUMENT | 0x3b70)
/* What _IO() sets: nothing but on powerpc. */
#if defined(__TARGET_ARCH_powerpc) || defined(__powerpc__)
#define NO_ARGUMENT 0x20000000u
#else
#define NO_ARGUMENT 0u
#endif

/* Of a longer buffer this much is kept. */
#define CAPTURE_MAX 4096u

enum capture_source { CAPTURE_MODULE, CAPTURE_SYSCALL };

/*
 * Which program a process runs: it has its own memory from exec on, and no other process began when it did.
 */
struct capture_process {
	unsigned long long started;
	unsigned long long memory;
};

/**
 * struct capture_record - one call that succeeded
 * @process: of the caller, also by @pid and @comm
 * @cmd: its number
 * @argsz: as the caller passed it in
 * @size: min(argsz, CAPTURE_MAX), or what could be read of it
 * @sent: bytes of those that follow, once as before and once as after the call: behind them nothing changed,
 *	and no part of the reply is there
 * @chain_end: where the kernel's own chain ends in the reply; 0 unknown
 * @chain_differs: that chain is not what the caller got
 * @cut: the caller's memory could not be read to its end: nobody had touched that page
 * @device_fd: the file is a device; else a container
 * @device: its address, "" unknown
 */
struct capture_record {
	struct capture_process process;
	unsigned int cmd;
	unsigned int argsz;
	unsigned int size;
	unsigned int sent;
	unsigned int chain_end;
	unsigned int chain_differs;
	unsigned int cut;
	unsigned int device_fd;
	unsigned int pid;
	unsigned int unused;
	char comm[16];
	char device[48];
};

/* How often what happened, of calls with an INFO ioctl's number. */
struct capture_counts {
	unsigned long long seen;
	unsigned long long failed; /* the ioctl failed: its buffer is no answer */
	unsigned long long sent;
	unsigned long long repeated;   /* the same as one that was sent */
	unsigned long long unwanted;   /* of a process that is not asked about */
	unsigned long long dropped;    /* no room in the ring */
	unsigned long long unreadable; /* not even argsz could be read */
	unsigned long long others; /* another ioctl of the same number: not VFIO's, or hot reset */
};

#endif
