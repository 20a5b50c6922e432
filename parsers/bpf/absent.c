/* SPDX-License-Identifier: MIT */
/* The kernel of a build without libbpf: there is none; see kernel.h. */
#include "bpf_kernel.h"

#include <errno.h>

const char *bpf_kernel_open(struct bpf_memory *ret_memory)
{
	(void)ret_memory;
	return "this build has no libbpf in it";
}

bool bpf_kernel_at_fault(void)
{
	return false;
}

int bpf_kernel_run(void)
{
	return -ENOSYS;
}
