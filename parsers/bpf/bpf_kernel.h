/* SPDX-License-Identifier: MIT */
/*
 * The BPF program of walk.bpf.c, loaded, and its memory: what a build with libbpf has (load.c), and
 * what one without says (absent.c).
 */
#ifndef PARSERS_BPF_BPF_KERNEL_H
#define PARSERS_BPF_BPF_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared.h"

/* The program's own memory, mapped here. See shared.h. */
struct bpf_memory {
	unsigned int *first; /* the replies to read */
	unsigned int *count;
	struct bpf_reply *replies;
	const struct bpf_cap *caps;
	uint8_t *bytes;
};

/*
 * Loads the program; again is a no-op, and a forked process gets a program and memory of its own.
 * Returns NULL, or a static line that says why BPF may not be used here.
 */
const char *bpf_kernel_open(struct bpf_memory *ret_memory);

/* Whether that line is of a program which the kernel refuses: a fault of ours. */
bool bpf_kernel_at_fault(void);

/*
 * Has the kernel read *count replies from *first on. Returns 0, or -errno where it would not run
 * the program.
 */
int bpf_kernel_run(void);

#endif
