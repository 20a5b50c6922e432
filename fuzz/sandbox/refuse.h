/* SPDX-License-Identifier: MIT */
/*
 * Refuses system calls to this process and its children from now on, with an errno each, as a
 * container's seccomp profile does. Only tests use it; see client/self/refuse.c.
 */
#ifndef FUZZ_SANDBOX_REFUSE_H
#define FUZZ_SANDBOX_REFUSE_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#define REFUSE_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define REFUSE_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define REFUSE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define REFUSE_ARCH AUDIT_ARCH_S390X
#else
#define REFUSE_ARCH 0
#endif

#define REFUSE_MAX 32

struct refused_call {
	long number;
	int error;
};

/* Returns 0, or -errno where no filter can be had: none of a machine not named above, nor under qemu-user. */
static inline int refuse(const struct refused_call *calls, size_t count)
{
	struct sock_filter f[5 + 2 * REFUSE_MAX];
	struct sock_fprog program = {0, f};

	if (!REFUSE_ARCH || count > REFUSE_MAX)
		return -ENOSYS;
	f[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							offsetof(struct seccomp_data, arch));
	f[program.len++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSE_ARCH, 1, 0);
	f[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	f[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		f[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								(uint32_t)calls[i].number, 0, 1);
		f[program.len++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)calls[i].error);
	}
	f[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}

#endif
