/* SPDX-License-Identifier: MIT */
/*
 * Records live INFO replies: what capture_load.c hears of the BPF programs of capture.bpf.c, as replies
 * that the corpus can hold. It knows nothing of files. capture_absent.c stands for capture_load.c in a build
 * without libbpf.
 */
#ifndef FUZZ_CAPTURE_CAPTURE_H
#define FUZZ_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "record.h"

/* Where the programs are put: into vfio.ko, or at every system call's entry and exit. */
enum capture_hooks { CAPTURE_ANY, CAPTURE_IN_MODULE, CAPTURE_AT_SYSCALLS };

/**
 * struct capture_reply - one reply, as the corpus has it
 * @record: of the call
 * @kind, @index: which INFO it is; @index of a region
 * @len: bytes at @bytes: the argsz that was passed in, up to CAPTURE_MAX
 * @bytes: the caller's buffer, 0xa5 where nothing says that the kernel wrote; see capture_corpus_bytes()
 */
struct capture_reply {
	const struct capture_record *record;
	enum info_kind kind;
	uint32_t index;
	uint32_t len;
	uint8_t bytes[CAPTURE_MAX];
};

struct capture_options {
	enum capture_hooks hooks;
	uint32_t
		ring; /* bytes that records wait in, 0 for CAPTURE_RING; rounded up to a power of two */
	bool by_process;   /* capture_unwanted() will be called */
	uint32_t stand_in; /* 0, or an ioctl's number that stands for IOMMU_GET_INFO, of any file */
	void (*take)(void *with, const struct capture_reply *reply);
	void *with;
};

#define CAPTURE_RING (32u << 20)

/*
 * Why it cannot start: what the caller's right to it would mend is told from what is a fault of
 * ours.
 */
enum capture_start { CAPTURE_STARTED, CAPTURE_NOT_ALLOWED, CAPTURE_BROKEN };

/* Loads and attaches. @ret_error gets one line where that fails, @ret_hooks which set it was. */
enum capture_start capture_open(const struct capture_options *options,
				enum capture_hooks *ret_hooks, char *ret_error, size_t error_size);

/* No more is heard of the process that @record is of, until it runs another program. */
void capture_unwanted(const struct capture_record *record);

/* Hands over what has come, waiting up to @milliseconds for the first. 0 or -errno. */
int capture_poll(int milliseconds);
void capture_counts(struct capture_counts *ret_counts);

/* Detaches, and hands over what is left. */
void capture_close(void);

/*
 * Makes the corpus' reply of a call: @before and @after are the caller's @len bytes around it, at
 * most CAPTURE_MAX. A byte that changed was written. One that did not may have been: it is kept
 * where the reply rests on it (the fixed fields, a cap_offset that counts, the chain), and is 0xa5
 * elsewhere.
 * @chain_end: where the kernel said that its chain ends, so that all of it is the kernel's; or 0,
 * then the chain is the capabilities that the reference reads, without what pads them.
 */
void capture_corpus_bytes(enum info_kind kind, const uint8_t *before, const uint8_t *after,
			  uint32_t len, uint32_t chain_end, uint8_t *ret_bytes);

#endif
