/* SPDX-License-Identifier: MIT */
/*
 * What a signal's context tells of the access that faulted: the stack pointer, the instruction, and
 * whether it was a store or a load.
 *
 * x86 says which in the page fault's error code, powerpc64 in DSISR, arm64 in a record of the
 * syndrome register that not every kernel or emulator adds. s390x does not say, and tells the page
 * alone: there a store is known where nothing but a store can fault, and the rest is left to the
 * hooks.
 */
#ifndef FUZZ_SANDBOX_CONTEXT_H
#define FUZZ_SANDBOX_CONTEXT_H

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

enum access { ACCESS_UNTOLD, ACCESS_LOAD, ACCESS_STORE };

#if defined(__x86_64__) || defined(__i386__)
#if defined(__x86_64__)
#define CONTEXT_SP REG_RSP
#define CONTEXT_PC REG_RIP
#else
#define CONTEXT_SP REG_ESP
#define CONTEXT_PC REG_EIP
#endif
static inline uintptr_t context_pc(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[CONTEXT_PC];
}

static inline uintptr_t context_sp(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[CONTEXT_SP];
}

static inline enum access context_access(const ucontext_t *context)
{
	return context->uc_mcontext.gregs[REG_ERR] & 2 ? ACCESS_STORE : ACCESS_LOAD;
}
#elif defined(__aarch64__)
static inline uintptr_t context_sp(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.sp;
}

static inline uintptr_t context_pc(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.pc;
}

/* Records follow each other until one of no size. Bit 6 of a data abort's syndrome is a store. */
static inline enum access context_access(const ucontext_t *context)
{
	const uint8_t *at = context->uc_mcontext.__reserved;
	const uint8_t *const end = at + sizeof(context->uc_mcontext.__reserved);
	struct esr_context record;

	/* The whole record lies inside the context. */
	while ((size_t)(end - at) >= sizeof(record)) {
		memcpy(&record, at, sizeof(record));
		if (record.head.magic == ESR_MAGIC)
			return record.esr & 1u << 6 ? ACCESS_STORE : ACCESS_LOAD;
		if (record.head.size == 0 || record.head.size > (size_t)(end - at))
			break;
		at += record.head.size;
	}
	return ACCESS_UNTOLD;
}
#elif defined(__s390x__)
static inline uintptr_t context_sp(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[15];
}

static inline uintptr_t context_pc(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.psw.addr;
}

static inline enum access context_access(const ucontext_t *context)
{
	(void)context;
	return ACCESS_UNTOLD;
}
#elif defined(__powerpc64__)
static inline uintptr_t context_sp(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gp_regs[PT_R1];
}

static inline uintptr_t context_pc(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gp_regs[PT_NIP];
}

/* Bit 25 of a data storage interrupt's DSISR is a store. */
static inline enum access context_access(const ucontext_t *context)
{
	return context->uc_mcontext.gp_regs[PT_DSISR] & 1u << 25 ? ACCESS_STORE : ACCESS_LOAD;
}
#else
#error "say here what this machine's signal context tells"
#endif

#endif
